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
    say,
    say_if_cold,
    time_limit_option,
    units_option,
)
from .progress import progress
from .reading import ChosenSides, Reading, reading_options, sides_options
from .show import show_estimates, write_estimates


@click.command()
@click.argument("file", type=FILE)
@sides_options
@reading_options
@estimators_option
@time_limit_option
@click.option(
    "--jobs", type=int, default=1, show_default=True,
    help="Number of processes that share the estimators; -1 for one per core. The estimators "
    "themselves use all cores even with 1. The numbers do not depend on it.",
)  # fmt: skip
@click.option(
    "--permutations", type=int, metavar="N",
    help="Test independence: estimate from at most N random orders of the rows of Y, such as 1000, "
    "or from shifts in time if the rows are a series. Shows p-values. A time limit holds for the "
    "estimate alone.",
)  # fmt: skip
@click.option(
    "--interval", metavar="LEVEL",
    help="Show an interval that holds the true MI with this probability, such as 0.95. Only auto, "
    "canonical and knn have one. Or sampling, or sampling:0.9, for any estimator: its sampling "
    "error, without its bias.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=FILE,
    help="Write the estimates to a .csv or .parquet file, or all that is known to a .json file.",
)  # fmt: skip
@click.option(
    "--plot", type=FILE,
    help="Draw the data, and the pairs of functions that canonical found: .png, .pdf or .svg.",
)  # fmt: skip
@units_option
@format_option
def estimate(
    file: Path,
    chosen: ChosenSides,
    reading: Reading,
    estimators: Sequence[str],
    time_limit: float | None,
    jobs: int,
    permutations: int | None,
    interval: str | None,
    output: Path | None,
    plot: Path | None,
    units: str,
    form: str,
) -> int:
    """Estimate I(X;Y) from columns of FILE, a table of any usual kind.

    The FILE - is standard input. COLS are column names, comma-separated; several columns make one
    vector. Also positions (@3, @2:5) and patterns ('gene_*'). A name with a comma is written in
    double quotes: '"a,b",c'.

    Without -e, the first line says what to believe: the estimate of auto, its 95% interval, and
    the p-value of knn. The table below says what each estimator finds.
    """
    from ..contract.registry import default_estimators
    from ..contract.resolve import resolve_estimators
    from ..output.files import PICTURES, TABLES, check_path
    from ..running.given import estimates_of
    from ..running.intervals import wanted
    from ..running.permutations import check_permutations
    from ..running.processes import check_jobs
    from .estimates import Sides, as_document, draw_sides
    from .sureness import AUTO, add_intervals, add_p_values, judge

    check_jobs(jobs)
    if permutations is not None:
        check_permutations(permutations)
    if interval is not None:
        wanted(interval)
    for path, endings, option in ((output, TABLES, "--output"), (plot, PICTURES, "--plot")):
        if path is not None:
            check_path(path, endings, option, [file])
    sides = chosen.read(file, reading)
    side_x, side_y = sides.x, sides.y
    resolved = resolve_estimators(list(estimators) or [AUTO, *default_estimators()])
    (rows, dim_x), dim_y = side_x.values.shape, side_y.values.shape[1]
    title = f"I({side_x.title}; {side_y.title}), {rows} rows, {dim_x}+{dim_y} dimensions"
    kinds = side_x.discrete, side_y.discrete
    about = Sides(side_x.names, side_y.names, rows, *kinds, sides.notes)
    results: list[tuple[str, Any, float]] = []
    order = [estimator.spec for estimator in resolved]
    say_if_cold()
    try:
        with chatter_aside(), progress("estimators", alike=False) as on_progress:
            on_progress(0, len(resolved), _now(order, 0, jobs))
            for result in estimates_of(
                resolved, (side_x.values, side_y.values),
                discrete_x=side_x.discrete, discrete_y=side_y.discrete, time_limit=time_limit,
                jobs=jobs,
            ):  # fmt: skip
                results.append(result)
                on_progress(len(results), len(resolved), _now(order, len(results), jobs))
        results.sort(key=lambda result: order.index(result[0]))
        if interval is not None:
            add_intervals(results, resolved, side_x, side_y, interval)
        if permutations is not None:
            add_p_values(results, resolved, side_x, side_y, permutations)
        believed = None if estimators else judge(results, resolved, side_x, side_y, units)
    except KeyboardInterrupt:
        if results:
            results.sort(key=lambda result: order.index(result[0]))
            say(
                f"interrupted after {len(results)} of {len(resolved)} estimates; no file was "
                "written. The results so far:"
            )
            show_estimates(
                results, as_document(results, resolved, about, units), title, units, form
            )
        raise
    document = as_document(results, resolved, about, units)
    if believed is not None:
        document = {"verdict": believed, **document}
    try:  # files first: standard output may have gone, and a file may fail
        if output is not None:
            write_estimates(document, output)
        if plot is not None:
            failed = {spec for spec, result, _ in results if isinstance(result, str)}
            fitting = [estimator for estimator in resolved if estimator.spec not in failed]
            draw_sides(fitting, (side_x.values, side_y.values), about, title, plot)
    finally:
        show_estimates(results, document, title, units, form)
    return SOME_FAILED if any(isinstance(result, str) for _, result, _ in results) else DONE


def _now(order: list[str], done: int, jobs: int) -> str:
    """The estimator that works now; nothing if several processes share them."""
    return order[done] if jobs == 1 and done < len(order) else ""
