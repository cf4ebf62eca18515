"""The columns of one target while they are ranked: estimates, tests, and what they share."""

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any

from ..contract.resolve import resolved_estimator
from ..errors import InputError
from ..running.backends import Workers
from ..running.permutations import check_permutations, tester_of
from ..types import Estimate, EstimatorLike
from .gaps import Column, SidesOfPairs
from .pair_batches import ColumnPair, EstimateOrError, estimate_places
from .pair_tests import Tested, with_q_values
from .ranked_given import GivenColumns, TestedGiven, estimate_places_given
from .target_tests import TargetTest, orders_for, run_tests

if TYPE_CHECKING:
    import pandas as pd

DEFAULT = "knn:k=10"  # see `benchmarks/selection.py`, which compares estimators and tests
AUTO = "auto"
TOP = 20  # columns that are compared with each other

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class RankingSettings:
    """How columns are ranked, as the arguments of `rank` of the same names say."""

    estimator: EstimatorLike = DEFAULT
    test: EstimatorLike | None = AUTO
    permutations: int | str | None = AUTO
    top: int | None = TOP
    seed: int = 0
    jobs: int = 1
    given: GivenColumns | None = None

    @property
    def tester(self) -> EstimatorLike:
        """The estimator of the test: by default that of `auto`, and given columns their own."""
        if self.test is None or (self.test == AUTO and self.given is not None):
            return self.estimator
        return self.test

    def __post_init__(self) -> None:
        if self.permutations is not None and self.permutations != AUTO:
            check_permutations(self.permutations)  # type: ignore[arg-type]
        top = self.top
        if top is not None and (
            not isinstance(top, Integral) or isinstance(top, bool) or not top >= 1
        ):
            raise InputError(f"top is {top!r}: give a whole number, such as {TOP}, or None for all")


class InterruptedRanking(KeyboardInterrupt):
    """Ctrl-C during `rank`.

    Attributes:
        table: The columns that are done, as `rank` returns them.
    """

    def __init__(self, table: "pd.DataFrame", total: int) -> None:
        super().__init__(f"interrupted after {len(table)} of {total} columns")
        self.table = table


@dataclass
class _Work:
    """What is known so far, while the columns of one target are ranked."""

    names: Sequence[Hashable]
    columns: Sequence[Column | str]
    sides: SidesOfPairs
    found: dict[ColumnPair, EstimateOrError] = field(default_factory=dict)
    tests: dict[int, TargetTest] = field(default_factory=dict)
    tested: bool = False

    @property
    def target(self) -> int:
        return len(self.columns)

    def estimate(self, place: int) -> Estimate | None:
        """The estimate of a column with the target, unless it failed."""
        estimate = self.found.get((place, self.target))
        return estimate if isinstance(estimate, Estimate) else None

    def order(self) -> list[int]:
        """The places of the columns that are done, the largest MI first, failures last."""
        done = [place for place, j in self.found if j == self.target]

        def key(place: int) -> tuple[bool, float, int]:
            estimate = self.estimate(place)
            return estimate is None, 0.0 if estimate is None else -estimate.nats, place

        return sorted(done, key=key)

    def best(self, top: int | None) -> list[int]:
        """The places of the first columns that did not fail."""
        return [p for p in self.order() if self.estimate(p) is not None][:top]


def ranked(
    names: Sequence[Hashable],
    columns: Sequence[Column | str],
    target: Column,
    settings: RankingSettings,
    on_progress: Progress | None,
) -> "pd.DataFrame":
    """The table of `rank`. A str stands for a column that cannot be used, and says why."""
    if not any(isinstance(column, Column) for column in columns):
        why = "".join(f"; {column}" for column in columns)
        raise InputError(f"the table has no column beside the target that can be used{why}")
    work = _Work(names, columns, SidesOfPairs([*columns, target]))
    work.tested = settings.permutations is not None
    most = len(columns) if settings.top is None else min(settings.top, len(columns))
    total = len(columns) * (2 if work.tested else 1) + most * (most - 1) // 2
    try:
        steps = _steps if settings.given is None else _steps_given
        for done in steps(work, settings):
            if on_progress is not None:
                on_progress(min(done, total), total)
    except KeyboardInterrupt:
        raise InterruptedRanking(_table(work, settings.top), len(columns)) from None
    if on_progress is not None:
        on_progress(total, total)
    return _table(work, settings.top)


def _steps(work: _Work, settings: RankingSettings) -> Iterator[int]:
    """Estimate, test and compare; yields the number of steps done."""
    tested = Tested(resolved_estimator(settings.estimator))
    with_target = [(place, work.target) for place in range(work.target)]
    for estimates in estimate_places(work.sides, with_target, tested, Workers(settings.jobs)):
        work.found.update(estimates)
        yield len(work.found)
    steps = len(work.found)
    if work.tested:
        for place in work.best(None):
            sides = work.sides.of(place, work.target)
            if not isinstance(sides, str):
                work.tests[place] = TargetTest(*sides)
        tester, _ = tester_of(resolved_estimator(settings.tester), len(work.columns))
        most = settings.permutations
        for done in run_tests(
            tester, list(work.tests.values()), most if isinstance(most, int) else None,
            settings.seed,
        ):  # fmt: skip
            yield steps + done
        steps += len(work.columns)
    among = _pairs_of_best(work, settings.top)
    for estimates in estimate_places(work.sides, among, tested, Workers(settings.jobs)):
        work.found.update(estimates)
        yield steps + len(estimates)
        steps += len(estimates)


def _steps_given(work: _Work, settings: RankingSettings) -> Iterator[int]:
    """As `_steps`, given columns: each estimate is followed by its test."""
    assert settings.given is not None
    estimator = resolved_estimator(settings.estimator)
    same = settings.tester == settings.estimator
    tester = estimator if same else resolved_estimator(settings.tester)
    settings.given.check(estimator, tester)
    most = settings.permutations
    if most == AUTO:
        most = orders_for(work.target)
    tested = TestedGiven(estimator, tester, most, settings.seed)  # type: ignore[arg-type]
    estimated = partial(estimate_places_given, work.sides, settings.given, jobs=settings.jobs)
    steps = 0
    for estimates in estimated([(place, work.target) for place in range(work.target)], tested):
        work.found.update(estimates)
        steps += 2 if work.tested else 1
        yield steps
    for estimates in estimated(
        _pairs_of_best(work, settings.top), replace(tested, permutations=None)
    ):
        work.found.update(estimates)
        steps += 1
        yield steps


def _pairs_of_best(work: _Work, top: int | None) -> list[ColumnPair]:
    """The pairs of the best columns, which are compared with each other."""
    best = sorted(work.best(top))
    return [(i, j) for j in best for i in best if i < j]


def _table(work: _Work, top: int | None) -> "pd.DataFrame":
    import pandas as pd

    best = work.best(top)
    rows = [_row(work, place, best) for place in work.order()]
    return with_q_values(pd.DataFrame(rows), work.tested)


def _row(work: _Work, place: int, best: Sequence[int]) -> dict[str, Any]:
    column, estimate_or_error = work.columns[place], work.found[place, work.target]
    estimate = work.estimate(place)
    kind = "" if isinstance(column, str) else "labels" if column.label else "numbers"
    test = work.tests.get(place)
    p_value = test.p_value if test else estimate.p_value if estimate else None
    codes = [*(estimate.flags if estimate else ()), *(test.flags if test else ())]
    other, nats = _redundancy(work, place, best[: best.index(place)] if place in best else [])
    return {
        "feature": work.names[place], "kind": kind,
        "nats": estimate.nats if estimate else math.nan,
        "bits": estimate.bits if estimate else math.nan,
        "p_value": math.nan if p_value is None else p_value,
        "redundant_with": other, "redundancy_nats": nats, "redundancy_bits": nats / math.log(2),
        "rows": work.sides.rows.get((place, work.target), 0), "flags": ";".join(codes),
        "error": estimate_or_error if isinstance(estimate_or_error, str) else "",
    }  # fmt: skip


def _redundancy(work: _Work, place: int, better: Sequence[int]) -> tuple[Hashable, float]:
    """The better column that shares most with this one, and the MI of the two in nats."""
    shared = {
        other: estimate.nats
        for other in better
        if isinstance(estimate := work.found.get((min(place, other), max(place, other))), Estimate)
    }
    if not shared:
        return "", math.nan
    most = max(shared, key=lambda other: shared[other])
    return work.names[most], shared[most]
