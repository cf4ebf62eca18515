"""The command `mibench pairwise`: parses options, calls the library, prints.

Other modules are imported when the command runs, so that `mibench --help` is quick.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InputError
from .completion import columns as columns_of_file
from .completion import estimator_names, one_of
from .console import (
    DONE,
    FILE,
    SOME_FAILED,
    backend_option,
    chatter_aside,
    format_option,
    say,
    say_if_cold,
    say_if_large,
    scheduler_option,
    units_option,
)
from .progress import progress, telling
from .reading import Reading, reading_options
from .recommend import NATS_PER_UNIT
from .show import show_pairs, write_pairs
from .uncertainty import say_if_permutations_are_few

if TYPE_CHECKING:
    import pandas as pd

NOT_WRITTEN = "no file was written (with --store, the same command goes on)"


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--columns", metavar="COLS", multiple=True, shell_complete=columns_of_file,
    help="Columns to use.  [default: all]",
)  # fmt: skip
@click.option(
    "--discrete", metavar="COLS", multiple=True, shell_complete=columns_of_file,
    help="Columns that hold labels.",
)  # fmt: skip
@reading_options
@click.option(
    "--estimator",
    "-e",
    metavar="SPEC",
    default="knn",
    show_default=True,
    shell_complete=one_of(estimator_names),
    help="Estimator, such as knn:k=5.",
)
@click.option(
    "--jobs", type=int, default=1, show_default=True,
    help="Number of processes; -1 for one per core. knn uses all cores even with 1. The numbers do "
    "not depend on it.",
)  # fmt: skip
@backend_option
@scheduler_option
@click.option(
    "--device", type=click.Choice(["cpu", "cuda", "auto"]), default="cpu", show_default=True,
    help="Where uniform and adaptive count pairs: cpu; cuda (a GPU; needs torch); auto, a GPU if "
    "there is one. The numbers are the same.",
)  # fmt: skip
@click.option(
    "--permutations", type=int, metavar="N",
    help="Test independence of each pair by at most N estimates from random orders of the rows. "
    "Shows p-values, and q-values, which allow for the number of pairs; a single link needs 20 "
    "permutations for each pair to have a q-value of 0.05.",
)  # fmt: skip
@click.option(
    "--max-q", type=float, metavar="Q",
    help="Keep only pairs with a q-value of at most Q, such as 0.05. Needs --permutations.",
)  # fmt: skip
@click.option(
    "--threshold", type=float, metavar="MI",
    help="Keep only pairs with at least this MI, in --units.",
)  # fmt: skip
@click.option(
    "--strongest", type=int, metavar="K",
    help="Keep a pair only if it is among the K strongest ones of either column.",
)  # fmt: skip
@click.option(
    "--aracne", type=float, metavar="TOLERANCE",
    help="Drop a pair that is weaker, by more than this share, than both pairs of its columns with "
    "a third one (data-processing inequality).",
)  # fmt: skip
@click.option(
    "--store", type=FILE,
    help="Keep every pair in this file once it is estimated, and reuse the pairs that it holds: "
    "the same command goes on after an interruption.",
)  # fmt: skip
@click.option(
    "--edges", type=FILE,
    help="Write the pairs as edges of a network to a .csv or .graphml file.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=FILE, help="Write all pairs to a .csv, .json or .parquet file."
)
@click.option("--plot", type=FILE, help="Draw the matrix of MI to a .png, .pdf or .svg file.")
@units_option
@format_option
def pairwise(
    file: Path,
    columns: Sequence[str],
    discrete: Sequence[str],
    reading: Reading,
    estimator: str,
    jobs: int,
    backend: str,
    scheduler: str | None,
    device: str,
    permutations: int | None,
    max_q: float | None,
    threshold: float | None,
    strongest: int | None,
    aracne: float | None,
    store: Path | None,
    edges: Path | None,
    output: Path | None,
    plot: Path | None,
    units: str,
    form: str,
) -> int:
    """Estimate the MI of all pairs of columns of FILE, a table of any usual kind.

    The FILE - is standard input. COLS are column names, comma-separated; also positions (@3, @2:5)
    and patterns ('gene_*'). A name with a comma is written in double quotes: '"a,b",c'. The pair
    with the largest MI comes first.
    """
    from ..columns.column_table import read_columns
    from ..columns.kept_pairs import Kept
    from ..columns.rows import listed
    from ..output.edges import EDGES
    from ..output.files import PICTURES, TABLES, check_path

    if threshold is not None and not math.isfinite(threshold):
        raise InputError(f"--threshold is {threshold}: give a finite number of {units}")
    least_nats = None if threshold is None else threshold * NATS_PER_UNIT[units]
    kept = Kept(least_nats, strongest, aracne, max_q)
    if max_q is not None and permutations is None:
        raise InputError(f"--max-q {max_q} needs q-values: give --permutations too, such as 1000")
    written: list[Path | None] = [file, store]
    for path, endings, option in (
        (output, TABLES, "--output"), (plot, PICTURES, "--plot"), (edges, EDGES, "--edges"),
    ):  # fmt: skip
        if path is not None:
            check_path(path, endings, option, written)
            written.append(path)
    missing = reading.missing_rows or "pairwise"
    say_if_large(file)
    with telling(f"reading {file}"):
        data = read_columns(
            file, columns, discrete, exclude=reading.exclude, missing_rows=missing,
            told=reading.told,
        )  # fmt: skip
    for note in data.notes:
        say(note)
    # Imported after the file is read, since it takes seconds.
    import pandas as pd

    from ..columns import pairs
    from ..contract.resolve import resolve_estimators

    resolve_estimators([estimator])  # imports its kernels
    say_if_cold()
    try:
        with chatter_aside(), progress("pairs") as on_progress:
            result = pairs.pairwise_of_file(
                data,
                estimator,
                permutations=permutations,
                kept=kept,
                where=pairs.Where(jobs, backend, scheduler, device, store),
                on_progress=on_progress,
            )
    except pairs.InterruptedPairs as stop:
        if stop.done:
            held = f"{store} keeps them, and the same command goes on" if store else NOT_WRITTEN
            say(f"{stop}; {held}. The results so far:")
            some = pairs.Pairwise(pd.Index(data.titles), stop.table)
            show_pairs(some, f"{estimator}, {stop.done} pairs", units, form)
        raise
    used = result.table.loc[result.table["error"] == "", "rows"]
    rows = shown_range(used) if len(used) else str(data.rows)
    if data.holes:
        say(
            f"{rows} of {data.rows} rows used; left out pair by pair, as values are missing: "
            f"{listed(data.holes)}"
        )
    say_if_permutations_are_few(result.table, permutations)
    # Files first, since printing may fail (a closed pipe); but print even if a file fails.
    try:
        write_pairs(result, units, output, plot, edges)
    finally:
        show_pairs(result, f"{estimator}, {len(result.columns)} columns, {rows} rows", units, form)
    return SOME_FAILED if result.table["error"].any() else DONE


def shown_range(rows: "pd.Series[int]") -> str:
    """The numbers of rows of the pairs, such as 300, or 290 to 300."""
    low, high = int(rows.min()), int(rows.max())
    return str(low) if low == high else f"{low} to {high}"
