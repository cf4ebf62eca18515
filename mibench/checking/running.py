"""Runs the checks of an estimator."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contract.resolve import EstimatorsLike, ResolvedEstimator, resolve_estimators
from ..errors import InputError, message_of
from ..types import Estimate, SupportsEstimate
from .images import IMAGE_CHECKS, require_images
from .properties import CHECKS, Check

if TYPE_CHECKING:
    import pandas as pd

MAX_ERRORS = 4.0  # standard errors of the mean; 14 checks fail by chance once in 1000 runs
PASSES, FAILS, DECLINES, OPEN = "passes", "fails", "declines", "not claimed"


@dataclass(frozen=True)
class Result:
    """The result of one check.

    Attributes:
        check: its name.
        verdict: "passes", "fails", "declines" (the estimator takes no such data) or "not claimed"
            (it is off the limit, and does not claim to have the property).
        nats: the mean number of the check; NaN if there is none.
        limit_nats: how far from 0 the mean may be.
        error_nats: the standard error of the mean.
        note: what the number is, or what the estimator raised.
    """

    check: str
    verdict: str
    nats: float
    limit_nats: float
    error_nats: float
    note: str


@dataclass(frozen=True)
class Consistency:
    """What `mibench.check` returns.

    Attributes:
        estimator: its spec.
        results: one for each check, in the order of `mibench check`.
    """

    estimator: str
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed, and at least one passed."""
        verdicts = {result.verdict for result in self.results}
        return FAILS not in verdicts and PASSES in verdicts

    @property
    def table(self) -> "pd.DataFrame":
        """One row for each check."""
        import pandas as pd

        return pd.DataFrame([vars(result) for result in self.results])

    def __repr__(self) -> str:
        counts = [
            f"{sum(r.verdict == verdict for r in self.results)} {said}"
            for verdict, said in (
                (PASSES, "passed"), (FAILS, "failed"), (OPEN, "not claimed"), (DECLINES, "declined")
            )
        ]  # fmt: skip
        return f"Consistency({self.estimator}: {', '.join(counts)})"


def check(
    estimator: EstimatorsLike, *, rows: int = 1000, seeds: int = 8, images: bool = False
) -> Consistency:
    """Check an estimator against properties that MI has, on samples of normals and labels.

    A number of each check, such as I(X;Y) - I(Y;X), must be near 0 on average over the samples:
    within the limit of the check and 4 standard errors of the mean. An estimator may list the names
    of checks that it does not claim to pass in a class attribute `not_claimed`.

    Args:
        estimator: a spec such as "knn:k=5", an estimator, or a function f(x, y) -> nats.
        rows: of each sample, at least 100.
        seeds: how many samples of each check, at least 2.
        images: whether to check it on images of digits instead, `mibench.checking.images`, for
            which scikit-learn must be installed.

    Returns:
        The results; `passed` says whether no check failed.

    Raises:
        InputError: for an unknown estimator, several of them, too few rows or seeds, and if the
            images are not installed.

    Example:
        >>> import mibench
        >>> consistency = mibench.check("gaussian", rows=400, seeds=4)
        >>> consistency.table.set_index("check").verdict["symmetry"]
        'passes'
    """
    resolved = one_estimator(estimator)
    results = each_check(resolved, checks_of(images), rows=rows, seeds=seeds)
    return Consistency(resolved.spec, tuple(results))


def checks_of(images: bool) -> Mapping[str, Check]:
    """The checks on images, or all others. Raises InputError if the images are not installed."""
    if images:
        require_images()
    return IMAGE_CHECKS if images else CHECKS


def one_estimator(estimator: EstimatorsLike) -> ResolvedEstimator:
    """The one estimator that is given. Raises InputError for several."""
    resolved = resolve_estimators(estimator)
    if len(resolved) > 1:
        raise InputError(f"check one estimator at a time, not {len(resolved)}")
    return resolved[0]


def each_check(
    resolved: ResolvedEstimator, checks: Mapping[str, Check], *, rows: int, seeds: int
) -> Iterator[Result]:
    """The results of these checks, one by one."""
    if rows < 100:
        raise InputError(f"rows={rows} are too few to tell much: give at least 100")
    if seeds < 2:
        raise InputError(f"seeds={seeds}: give at least 2, so that there is a standard error")
    made = resolved.estimator
    not_claimed = getattr(made, "not_claimed", ())
    for place, of in enumerate(checks.values()):
        yield _result(of, made, rows, [[seed, place] for seed in range(seeds)], not_claimed)


def _result(
    of: Check, estimator: SupportsEstimate, rows: int, seeds: list[list[int]], not_claimed: Any
) -> Result:
    def measure(x: Any, y: Any, labels_x: bool = False, labels_y: bool = False) -> Estimate:
        return estimator.estimate(x, y, discrete_x=labels_x, discrete_y=labels_y)

    try:
        numbers = [of.number(measure, np.random.default_rng(seed), rows) for seed in seeds]
    except KeyboardInterrupt:
        raise
    except InputError as error:
        return Result(of.name, DECLINES, math.nan, of.limit, math.nan, str(error))
    except BaseException as error:  # a plug-in may raise anything
        return Result(of.name, FAILS, math.nan, of.limit, math.nan, message_of(error))
    mean = float(np.mean(numbers))
    deviation = float(np.std(numbers, ddof=1)) / math.sqrt(len(numbers))
    off = mean if of.one_sided else abs(mean)
    fits = off <= of.limit + MAX_ERRORS * deviation
    verdict = PASSES if fits else OPEN if of.name in not_claimed else FAILS
    return Result(of.name, verdict, mean, of.limit, deviation, of.compares)
