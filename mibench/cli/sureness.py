"""How sure an estimate is: intervals and p-values of the results, and the verdict in a sentence."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import message_of
from .console import chatter_aside, progress, say

if TYPE_CHECKING:
    from ..columns.files import ColumnSet
    from ..contract.resolve import ResolvedEstimator
    from ..types import Estimate
    from .estimates import Result

FEW_VALUES = 20_000  # rows times columns up to which 999 permutations take a second or two
MANY_PERMUTATIONS, FEW_PERMUTATIONS = 999, 99
SURE = 0.05  # a smaller p-value is called "not by chance"

AUTO, TESTED = "auto", "knn"  # the estimator of the verdict, and that of its p-value


def with_p_values(
    results: "Sequence[Result]",
    resolved: "Sequence[ResolvedEstimator]",
    x: "ColumnSet",
    y: "ColumnSet",
    permutations: int,
) -> "list[Result]":
    """The estimates with p-values. An estimator that fails on permuted rows is named."""
    from ..running.permutations import null_distribution, with_p_value

    def tested(each: "ResolvedEstimator", estimate: "Estimate") -> "Estimate":
        null = null_distribution(
            each.estimator, x.values, y.values, estimate.nats, permutations,
            discrete_x=x.discrete, discrete_y=y.discrete,
        )  # fmt: skip
        return with_p_value(estimate, null)

    return _each(results, resolved, tested, "p-values", "p-value")


def with_intervals(
    results: "Sequence[Result]",
    resolved: "Sequence[ResolvedEstimator]",
    x: "ColumnSet",
    y: "ColumnSet",
    interval: str,
) -> "list[Result]":
    """The estimates with intervals. An estimator that has none is named."""
    from ..contract.variables import as_variable
    from ..running.intervals import with_interval

    sides = as_variable(x.values, "x", x.discrete), as_variable(y.values, "y", y.discrete)

    def found(each: "ResolvedEstimator", estimate: "Estimate") -> "Estimate":
        return with_interval(estimate, each.estimator, *sides, interval)

    return _each(results, resolved, found, "intervals", "interval")


def _each(
    results: "Sequence[Result]",
    resolved: "Sequence[ResolvedEstimator]",
    work: "Callable[[ResolvedEstimator, Estimate], Estimate]",
    title: str,
    what: str,
) -> "list[Result]":
    done: list[Result] = []
    with chatter_aside(), progress(title) as on_progress:
        for (spec, estimate, seconds), each in zip(results, resolved, strict=True):
            on_progress(len(done), len(results))
            if not isinstance(estimate, str):
                try:
                    estimate = work(each, estimate)
                except Exception as error:  # of any estimator; its estimate must not be lost
                    say(f"{spec} has no {what}: {message_of(error)}")
            done.append((spec, estimate, seconds))
    return done


def permutations_of_verdict(rows: int, columns: int) -> int:
    """So many that they take some seconds, and no more than a series has shifts."""
    many = rows * columns <= FEW_VALUES
    return min(MANY_PERMUTATIONS if many else FEW_PERMUTATIONS, rows - 1)


def verdict(auto: "Estimate", tested: "Estimate | None", units: str) -> str:
    """What to believe, in one sentence: the estimate, its interval, and whether chance made it."""
    parts = [f"{getattr(auto, units):.2g} {units}"]
    ends = auto.interval_bits if units == "bits" else auto.interval
    if ends is not None:
        low, high = (f"{end:.2g}" for end in ends)
        level = f"{auto.interval_info['level']:.0%}"
        bounds = f"at least {low}" if high == "inf" else f"between {low} and {high}"
        parts = [f"{parts[0]}, {bounds} with a probability of {level}"]
    if tested is not None and tested.p_value is not None:
        sure = tested.p_value < SURE
        chance = "not by chance" if sure else "such an estimate may come by chance"
        parts.append(f"{chance} (p = {tested.p_value:.2g})")
    return "; ".join(parts)
