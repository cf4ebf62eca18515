"""`mibench estimate`: the MI of columns of a file, by several estimators."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .console import (
    DONE,
    FILE,
    SOME_FAILED,
    chatter_aside,
    estimators_option,
    format_option,
    progress,
    say,
    time_limit_option,
    units_option,
)
from .reading import Reading, reading_options
from .show import show_estimates


@click.command()
@click.argument("file", type=FILE)
@click.option("--x", "x", metavar="COLS", multiple=True, required=True, help="Columns of X.")
@click.option("--y", "y", metavar="COLS", multiple=True, required=True, help="Columns of Y.")
@click.option(
    "--discrete-x", is_flag=True,
    help="X holds labels. A row of several columns is then one label.",
)  # fmt: skip
@click.option("--discrete-y", is_flag=True, help="The same for Y.")
@reading_options
@estimators_option
@time_limit_option
@units_option
@format_option
def estimate(
    file: Path,
    x: Sequence[str],
    y: Sequence[str],
    discrete_x: bool,
    discrete_y: bool,
    reading: Reading,
    estimators: Sequence[str],
    time_limit: float | None,
    units: str,
    form: str,
) -> int:
    """Estimate I(X;Y) from columns of FILE, a table of any usual kind.

    The FILE - is standard input. COLS are column names, comma-separated; several columns make one
    vector. Also positions (@3, @2:5) and patterns ('gene_*'). A name with a comma is written in
    double quotes: '"a,b",c'.
    """
    from ..columns.files import read_sides
    from ..contract.registry import default_estimators
    from ..contract.resolve import resolve_estimators
    from ..running.given import estimates_of

    sides = read_sides(
        file, x, y, discrete_x=discrete_x, discrete_y=discrete_y, exclude=reading.exclude,
        missing_rows=reading.missing_rows or "complete", told=reading.told,
    )  # fmt: skip
    for note in sides.notes:
        say(note)
    side_x, side_y = sides.x, sides.y
    resolved = resolve_estimators(list(estimators) or default_estimators())
    results: list[tuple[str, Any, float]] = []
    with chatter_aside(), progress("estimators") as on_progress:
        on_progress(0, len(resolved))
        for result in estimates_of(
            resolved, (side_x.values, side_y.values),
            discrete_x=side_x.discrete, discrete_y=side_y.discrete, time_limit=time_limit,
        ):  # fmt: skip
            results.append(result)
            on_progress(len(results), len(resolved))
    (rows, dim_x), dim_y = side_x.values.shape, side_y.values.shape[1]
    title = f"I({side_x.title}; {side_y.title}), {rows} rows, {dim_x}+{dim_y} dimensions"
    show_estimates(results, title, units, form)
    return SOME_FAILED if any(isinstance(result, str) for _, result, _ in results) else DONE
