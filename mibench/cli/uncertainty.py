"""How sure an estimate is: intervals and p-values of the results, and the verdict in a sentence."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import InputError, message_of
from .console import chatter_aside, say
from .progress import progress

if TYPE_CHECKING:
    import pandas as pd

    from ..columns.files import ColumnSet
    from ..contract.resolve import ResolvedEstimator
    from ..running.permutations import NullDistribution
    from ..types import Estimate
    from .estimates import Result

# Permutations of the verdict, by the largest rows times columns squared for which they take no
# more than some seconds, as far as the time of the test of auto goes with them.
PERMUTATIONS = ((40_000, 999), (1_000_000, 99), (math.inf, 39))
SURE = 0.05  # a smaller p-value is called "not by chance"
COPIES = {"copied_rows", "near_copies"}  # flags of rows that a random order takes for independent
NEAR_ZERO = 0.01  # nats; the test sees some dependence of which a smaller estimate shows nothing

AUTO = "auto"  # the estimator of the verdict


def add_p_values(
    results: "list[Result]",
    resolved: "Sequence[ResolvedEstimator]",
    x: "ColumnSet",
    y: "ColumnSet",
    permutations: int,
) -> None:
    """Give the estimates p-values, in place. An estimator that fails on permuted rows is named.

    Estimators that are tested by the same one, as auto and mine are, share its permuted estimates.
    """
    from ..running.permutations import null_distribution, tester_of, with_p_value

    made: list[tuple[Any, NullDistribution]] = []

    def tested(estimator: "ResolvedEstimator", estimate: "Estimate") -> "Estimate":
        tester, name = tester_of(estimator.estimator, 1)
        for known, null in made:
            if type(known) is type(tester) and known == tester:
                return with_p_value(estimate, replace(null, estimator=name))
        null = null_distribution(
            estimator.estimator, x.values, y.values, estimate.nats, permutations,
            discrete_x=x.discrete, discrete_y=y.discrete,
        )  # fmt: skip
        made.append((tester, null))
        return with_p_value(estimate, null)

    _complete(results, resolved, tested, "p-values", "p-value")


def add_intervals(
    results: "list[Result]",
    resolved: "Sequence[ResolvedEstimator]",
    x: "ColumnSet",
    y: "ColumnSet",
    interval: str,
) -> None:
    """Give the estimates intervals, in place. An estimator that has none is named."""
    from ..contract.variables import as_variable
    from ..running.intervals import with_interval

    sides = as_variable(x.values, "x", x.discrete), as_variable(y.values, "y", y.discrete)

    def with_its_interval(estimator: "ResolvedEstimator", estimate: "Estimate") -> "Estimate":
        return with_interval(estimate, estimator.estimator, *sides, interval)

    _complete(results, resolved, with_its_interval, "intervals", "interval")


def _complete(
    results: "list[Result]",
    resolved: "Sequence[ResolvedEstimator]",
    work: "Callable[[ResolvedEstimator, Estimate], Estimate]",
    title: str,
    what: str,
) -> None:
    with chatter_aside(), progress(title, alike=False) as on_progress:
        for place, (spec, estimate, seconds) in enumerate(results):
            on_progress(place, len(results), spec)
            if isinstance(estimate, str):
                continue
            try:
                results[place] = (spec, work(resolved[place], estimate), seconds)
            except InputError as error:
                say(f"{spec} has no {what}: {error}")
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # of a plug-in; its estimate must not be lost
                say(f"{spec} has no {what}: {message_of(error)}")


def judge(
    results: "list[Result]",
    resolved: "Sequence[ResolvedEstimator]",
    x: "ColumnSet",
    y: "ColumnSet",
    units: str,
) -> str | None:
    """The verdict on the results of all default estimators; None if auto has failed.

    It adds to the result of auto, in place, an interval and a p-value, if it has none yet.
    """
    from ..contract.given import GivenEstimator
    from ..running.intervals import USUAL_LEVEL

    place = [spec for spec, _, _ in results].index(AUTO)
    part, of_part = results[place : place + 1], resolved[place : place + 1]
    estimate = part[0][1]
    if isinstance(estimate, str):
        return None
    if estimate.interval is None and not isinstance(of_part[0].estimator, GivenEstimator):
        add_intervals(part, of_part, x, y, str(USUAL_LEVEL))
    if estimate.p_value is None and "constant" not in estimate.flags:
        add_p_values(part, of_part, x, y, permutations_of_verdict(x, y))
    results[place : place + 1] = part
    judged = part[0][1]
    return None if isinstance(judged, str) else verdict(judged, units)


def permutations_of_verdict(x: "ColumnSet", y: "ColumnSet") -> int:
    """So many that they take some seconds; of a series, no more than it has shifts."""
    from ..contract.rows import need_shifts
    from ..contract.variables import as_variable
    from ..running.permutations import FEWEST

    rows, columns = x.values.shape[0], x.values.shape[1] + y.values.shape[1]
    work = rows * columns**2
    count = next(count for most, count in PERMUTATIONS if work <= most)
    sides = as_variable(x.values, "x", x.discrete), as_variable(y.values, "y", y.discrete)
    return max(FEWEST, min(count, rows - 1)) if need_shifts(*sides) else count


def verdict(auto: "Estimate", units: str) -> str:
    """What to believe, in one sentence: the estimate, its interval, and whether chance made it."""
    ends = auto.interval_bits if units == "bits" else auto.interval
    shown, *bounds_shown = _told_apart([getattr(auto, units), *(ends or ())])
    parts = [f"{shown} {units}"]
    if ends is not None:
        low, high = bounds_shown
        level = f"{auto.interval_info['level']:.0%}"
        bounds = f"at least {low}" if high == "inf" else f"between {low} and {high}"
        parts = [f"{parts[0]}, {bounds} with a probability of {level}"]
    if auto.p_value is not None:
        chance = "consistent with independence"
        if auto.p_value < SURE:
            too_low = auto.nats < NEAR_ZERO
            chance = (
                "but a test finds dependence, so this is too low" if too_low else "not by chance"
            )
            if COPIES & auto.flags.keys():  # the test takes rows for independent
                chance = "copies among the rows may be the reason"
        parts.append(f"{chance} (p = {auto.p_value:.2g})")
    return "; ".join(parts)


def _told_apart(values: Sequence[float]) -> list[str]:
    """The values with two digits; with three where two of them would look the same."""
    shown = [f"{value:.2g}" for value in values]
    alike = len(set(shown)) < len(shown)
    return [f"{value:.3g}" for value in values] if alike else shown


def say_if_permutations_are_few(table: "pd.DataFrame", permutations: int | None) -> None:
    """Say how many permutations single links need, if the smallest p-values hide all of them."""
    for prefix in ("", "given_past_"):
        if permutations is None or f"{prefix}q_value" not in table:
            continue
        p_values, q_values = table[f"{prefix}p_value"], table[f"{prefix}q_value"]
        tests, least = int(p_values.notna().sum()), 1 / (1 + permutations)
        if q_values.min() > SURE and p_values.min() < 1.5 * least:
            q_value, wanted = min(tests * least, 1), math.ceil(tests / SURE)
            say(
                f"no p-value can be below {least:.2g} with --permutations {permutations}. So if a "
                f"single one of {tests:,} tests finds dependence, its q-value is at least "
                f"{q_value:.2g}: give --permutations {wanted} or more"
            )
            return
