"""`mibench pairwise`: parses, calls, prints. Everything else is imported when it runs."""

from collections.abc import Sequence
from pathlib import Path

import click

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
@click.option("--columns", metavar="COLS", multiple=True, help="Columns.  [default: all]")
@click.option("--discrete", metavar="COLS", multiple=True, help="Those of them that are labels.")
@click.option("--drop-missing", is_flag=True, help="Leave out rows that lack a finite value.")
@click.option("--estimator", "-e", metavar="SPEC", default="knn", show_default=True, help="Which.")
@click.option(
    "--jobs", type=int, default=1, show_default=True,
    help="Processes; -1 for one a core. knn uses all cores without. The numbers do not depend on "
    "it.",
)  # fmt: skip
@click.option("--output", "-o", type=FILE, help="Write all pairs to a .csv, .json or .parquet.")
@click.option("--plot", type=FILE, help="Draw the matrix: .png, .pdf or .svg.")
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

    COLS are comma-separated names. The pairs are listed with the largest MI first.
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
        found = pairs.pairwise(data, estimator, discrete=labels, jobs=jobs, on_progress=on_progress)
    rows = len(next(iter(data.values())))
    try:  # files first: standard output may have gone, and a file may fail
        write_pairs(found, units, output, plot)
    finally:
        show_pairs(found, f"{estimator}, {len(data)} columns, {rows} rows", units, form)
    return SOME_FAILED if found.table["error"].any() else DONE
