"""The command `mibench pairwise`: parses options, calls the library, prints.

Other modules are imported when the command runs, so that `mibench --help` is quick.
"""

from collections.abc import Sequence
from pathlib import Path

import click

from .completion import columns as columns_of_file
from .completion import estimator_names, one_of
from .console import (
    DONE,
    FILE,
    SOME_FAILED,
    chatter_aside,
    format_option,
    progress,
    split_names,
    units_option,
)
from .show import show_pairs, write_pairs


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
@click.option(
    "--drop-missing", is_flag=True, help="Leave out rows with a missing or infinite value."
)
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
    drop_missing: bool,
    estimator: str,
    jobs: int,
    output: Path | None,
    plot: Path | None,
    units: str,
    form: str,
) -> int:
    """Estimate the MI of all pairs of columns of FILE (.csv, .parquet, or arrays of an .npz).

    COLS are comma-separated names of columns. The pair with the largest MI comes first.
    """
    from ..columns import pairs
    from ..columns.files import read_columns
    from ..output.files import PICTURES, TABLES, check_path

    for path, endings, option in ((output, TABLES, "--output"), (plot, PICTURES, "--plot")):
        if path is not None:
            check_path(path, endings, option)
    data, labels = read_columns(
        file, split_names(columns), split_names(discrete), drop_missing=drop_missing
    )
    with chatter_aside(), progress("pairs") as on_progress:
        result = pairs.pairwise(
            data, estimator, discrete=labels, jobs=jobs, on_progress=on_progress
        )
    rows = len(next(iter(data.values())))
    # Files first, since printing may fail (a closed pipe); but print even if a file fails.
    try:
        write_pairs(result, units, output, plot)
    finally:
        show_pairs(result, f"{estimator}, {len(data)} columns, {rows} rows", units, form)
    return SOME_FAILED if result.table["error"].any() else DONE
