"""The command `mibench rank`: parses options, calls the library, prints.

Other modules are imported when the command runs, so that `mibench --help` is quick.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..digits import whole_number
from ..errors import InputError
from .completion import columns as columns_of_file
from .completion import estimator_names, one_of
from .console import (
    DONE,
    FILE,
    SOME_FAILED,
    chatter_aside,
    format_option,
    say,
    say_if_cold,
    say_if_large,
    units_option,
)
from .progress import progress, telling
from .reading import Reading, reading_options

ESTIMATOR, TEST = "knn:k=10", "auto"  # as of `columns.ranked_columns`


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--target", metavar="COL", required=True, shell_complete=columns_of_file,
    help="The column that the others are compared with.",
)  # fmt: skip
@click.option(
    "--columns", metavar="COLS", multiple=True, shell_complete=columns_of_file,
    help="Columns to rank.  [default: all]",
)  # fmt: skip
@click.option(
    "--given", metavar="COLS", multiple=True, shell_complete=columns_of_file,
    help="Columns of Z: rank by I(X;Y|Z), what a column tells of the target beyond Z.",
)  # fmt: skip
@click.option(
    "--discrete", metavar="COLS", multiple=True, shell_complete=columns_of_file,
    help="Columns that hold labels; the target and those given too, if they are class numbers.",
)  # fmt: skip
@reading_options
@click.option(
    "--estimator", "-e", metavar="SPEC", default=ESTIMATOR, show_default=True,
    shell_complete=one_of(estimator_names), help="Estimator, such as knn:k=5.",
)  # fmt: skip
@click.option(
    "--top", metavar="N", default="20", show_default=True,
    help="How many columns to show, and to compare with each other; or all.",
)  # fmt: skip
@click.option(
    "--permutations", metavar="N", default="auto", show_default=True,
    help="Test each column by at most N random orders of the target's rows. auto: 20 for each "
    "column, at least 999. none: no test.",
)  # fmt: skip
@click.option(
    "--test", metavar="SPEC", default=TEST, show_default=True,
    shell_complete=one_of(estimator_names),
    help="Estimator of the test, which is exact whatever it is. auto: correlations, squares and "
    "counts in six bins together, or with --given that of --estimator. Given numbers, the test is "
    "approximate.",
)  # fmt: skip
@click.option(
    "--jobs", type=int, default=1, show_default=True,
    help="Number of processes; -1 for one per core. knn uses all cores even with 1. The numbers do "
    "not depend on it.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=FILE, help="Write all columns to a .csv, .json or .parquet file."
)
@units_option
@format_option
def rank(
    file: Path,
    target: str,
    columns: Sequence[str],
    given: Sequence[str],
    discrete: Sequence[str],
    reading: Reading,
    estimator: str,
    top: str,
    permutations: str,
    test: str,
    jobs: int,
    output: Path | None,
    units: str,
    form: str,
) -> int:
    """Rank the columns of FILE by their MI with one of them, the target.

    Numbers and labels may be mixed. Each column has a p-value of independence of the target, and a
    q-value, which allows for the number of columns. Beside it stands the better-ranked column with
    which it shares most: a column that shares nearly all of its information adds little. With
    --given, all MI is that beyond the given columns.

    The FILE - is standard input. COLS are column names, comma-separated; also positions (@3, @2:5)
    and patterns ('gene_*').
    """
    from ..columns.column_table import read_columns
    from ..columns.rows import listed
    from ..output.files import TABLES, check_path, write_table
    from .show import in_one_unit, show_ranking

    shown = None if top == "all" else number_of("--top", top, "or all")
    orders: int | str | None = None if permutations == "none" else permutations
    if orders not in (None, "auto"):
        orders = number_of("--permutations", permutations, "auto or none")
    if output is not None:
        check_path(output, TABLES, "--output", [file])
    say_if_large(file)
    with telling(f"reading {file}"):
        data = read_columns(
            file, columns, discrete, exclude=reading.exclude, target=target, given=given,
            missing_rows=reading.missing_rows or "pairwise", told=reading.told,
        )  # fmt: skip
    for note in data.notes:
        say(note)
    # Imported after the file is read, since it takes seconds.
    from ..columns import ranked_columns
    from ..columns.ranking import rank_of_file
    from ..contract.resolve import resolve_estimators

    resolve_estimators([estimator])  # imports its kernels
    settings = ranked_columns.RankingSettings(estimator, test, orders, shown, 0, jobs)
    say_if_cold()
    beyond = f" given {', '.join(data.given)}" if data.given else ""
    title = f"Columns by their MI with {data.titles[-1]}{beyond}, {estimator}"
    try:
        with chatter_aside(), progress("steps", alike=False) as on_progress:
            ranking = rank_of_file(data, data.titles[-1], settings, on_progress, data.given)
    except ranked_columns.InterruptedRanking as stop:
        if len(stop.table):
            say(f"{stop}; no file was written. The results so far:")
            show_ranking(stop.table, title, units, form, shown)
        raise
    if data.holes:
        say(f"rows with missing values are left out column by column: {listed(data.holes)}")
    # The file first, since printing may fail (a closed pipe); but print even if the file fails.
    try:
        if output is not None:
            write_table(in_one_unit(ranking, units), output)
            say(f"wrote {len(ranking)} columns to {output}")
    finally:
        show_ranking(ranking, f"{title}, {data.rows} rows", units, form, shown)
    return SOME_FAILED if ranking["error"].any() else DONE


def number_of(option: str, text: str, others: str) -> Any:
    """The number that an option has. Raises InputError for what is none."""
    number = whole_number(text)
    if number is None:
        raise InputError(f"{option} is {text!r}: give a whole number, {others}")
    return number
