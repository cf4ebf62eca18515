"""`mibench estimate`: the MI of columns of a file, by several estimators."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .completion import columns
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

if TYPE_CHECKING:
    from ..columns.files import Sides as ReadSides
    from ..contract.resolve import ResolvedEstimator


@click.command()
@click.argument("file", type=FILE)
@sides_options
@click.option(
    "--given", metavar="COLS", multiple=True, shell_complete=columns,
    help="Columns of Z: estimate I(X;Y|Z), what X and Y share beyond Z. They may be numbers and "
    "labels together.",
)  # fmt: skip
@click.option("--discrete-given", is_flag=True, help="All columns of Z hold labels.")
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
    "or from shifts in time if the rows are a series. With --given, each row of Y moves to a row "
    "of similar Z. Shows p-values. A time limit holds for the "
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
    given: Sequence[str],
    discrete_given: bool,
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
    """Estimate I(X;Y) or I(X;Y|Z) from columns of FILE, a table of any usual kind.

    The FILE - is standard input. COLS are column names, comma-separated; several columns make one
    vector. Also positions (@3, @2:5) and patterns ('gene_*'). A name with a comma is written in
    double quotes: '"a,b",c'.

    Without -e, the first line says what to believe: the estimate of auto, its 95% interval, and
    the p-value of a permutation test. The table below says what each estimator finds.
    """
    from ..contract.registry import default_estimators
    from ..contract.resolve import resolve_estimators
    from ..errors import InputError
    from ..output.files import PICTURES, TABLES, check_path
    from ..running.given import estimates_of
    from ..running.intervals import wanted
    from ..running.permutations import check_permutations
    from ..running.processes import check_jobs
    from .estimates import Sides, as_document, draw_sides
    from .uncertainty import AUTO, add_intervals, add_p_values, judge

    check_jobs(jobs)
    if permutations is not None:
        check_permutations(permutations)
    if interval is not None:
        wanted(interval)
    for path, endings, option in ((output, TABLES, "--output"), (plot, PICTURES, "--plot")):
        if path is not None:
            check_path(path, endings, option, [file])
    if discrete_given and not given:
        raise InputError("--discrete-given declares columns of Z: name them with --given")
    if given and interval is not None and not wanted(interval).sampling:
        raise InputError(
            "--interval with --given: there is no interval for the true I(X;Y|Z). Give "
            "--interval sampling for the sampling error alone, or --permutations"
        )
    sides = replace(chosen, given=given, discrete_given=discrete_given).read(file, reading)
    side_x, side_y = sides.x, sides.y
    resolved = resolve_estimators(list(estimators) or [AUTO, *default_estimators()])
    (rows, dim_x), dim_y = side_x.values.shape, side_y.values.shape[1]
    title = f"I({side_x.title}; {side_y.title}), {rows} rows, {dim_x}+{dim_y} dimensions"
    if sides.given:
        resolved, title = _given(resolved, sides, title, named=bool(estimators))
    kinds = side_x.discrete, side_y.discrete
    about = Sides(side_x.names, side_y.names, rows, *kinds, sides.notes, sides.given_names)
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


def _given(
    resolved: "list[ResolvedEstimator]", sides: "ReadSides", title: str, *, named: bool
) -> "tuple[list[ResolvedEstimator], str]":
    """The estimators of I(X;Y|Z), and the title with Z in it.

    If nobody named them, those that cannot take numbers in Z are left out.
    """
    from ..contract.conditions import conditions_of_sides
    from ..contract.given import GivenEstimator, takes_numbers_as_given
    from ..errors import some

    z = conditions_of_sides(sides.given)
    if z.numbers is not None and not named:
        resolved = [
            estimator for estimator in resolved if takes_numbers_as_given(estimator.estimator)
        ]
    given = [
        replace(estimator, estimator=GivenEstimator(estimator.estimator, z))
        for estimator in resolved
    ]
    before, _, after = title.partition("), ")
    names = some(sides.given_names, most=8)
    return given, f"{before} | {names}), {after}"


def _now(order: list[str], done: int, jobs: int) -> str:
    """The estimator that works now; nothing if several processes share them."""
    return order[done] if jobs == 1 and done < len(order) else ""
