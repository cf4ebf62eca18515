"""`mibench check`: whether an estimator has the properties of MI."""

import math

import click

from .completion import estimator_names, one_of
from .console import (
    DONE,
    SOME_FAILED,
    chatter_aside,
    format_option,
    say_if_cold,
    show_rows,
    units_option,
)
from .progress import progress

HEADINGS = ["check", "verdict", "mean", "limit", "error", "what is compared"]


@click.command()
@click.argument("estimator", metavar="ESTIMATOR", shell_complete=one_of(estimator_names))
@click.option(
    "--rows", type=int, default=1000, show_default=True, help="Rows of each sample."
)  # fmt: skip
@click.option(
    "--seeds", type=int, default=8, show_default=True, help="Samples of each check."
)  # fmt: skip
@click.option(
    "--images", is_flag=True,
    help="Check it on images of digits instead (needs scikit-learn, the extra sklearn).",
)  # fmt: skip
@units_option
@format_option
def check(estimator: str, rows: int, seeds: int, images: bool, units: str, form: str) -> int:
    """Check ESTIMATOR, a name such as knn or a spec such as knn:k=5, against properties of MI.

    Independent sides have none, exchanged sides the same, noise takes some away, independent pairs
    add up, and so on. A check passes if its mean over the samples is within its limit and 4
    standard errors. Exit code 1: some checks failed.
    """
    from ..checking.running import Consistency, checks_of, each_check, one_estimator

    results, resolved, checks = [], one_estimator(estimator), checks_of(images)
    say_if_cold()
    with chatter_aside(), progress("checks", alike=False) as on_progress:
        on_progress(0, len(checks), "")
        for result in each_check(resolved, checks, rows=rows, seeds=seeds):
            results.append(result)
            on_progress(len(results), len(checks), result.check)
    per_unit = math.log(2) if units == "bits" else 1.0
    table: list[list[object]] = []
    for r in results:
        numbers = (r.nats / per_unit, r.limit_nats / per_unit, r.error_nats / per_unit)
        cells = [f"{v:.3f}" if abs(v) >= 5e-4 or v == 0 else f"{v:.0e}" for v in numbers]
        shown = ["" if math.isnan(v) else cell for v, cell in zip(numbers, cells, strict=True)]
        table.append([r.check, r.verdict, *(shown if form == "table" else numbers), r.note])
    consistency = Consistency(resolved.spec, tuple(results))
    show_rows(f"{consistency!r}, in {units}", HEADINGS, table, form)
    return DONE if consistency.passed else SOME_FAILED
