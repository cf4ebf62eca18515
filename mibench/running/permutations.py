"""Tests independence: estimates from rows of Y in random order show what chance alone gives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contract.base import Estimator
from ..contract.conditions import Conditions
from ..contract.given import GivenEstimator
from ..contract.rows import need_shifts
from ..contract.variables import Variable, as_pair
from ..errors import InputError
from ..foreign import contained
from ..types import Estimate, SupportsEstimate
from .local_permutations import local_orders

Float = NDArray[np.float64]
Int = NDArray[np.int64]

FEWEST = 19  # which can show p = 0.05
STOP_AFTER = 50  # estimates from permuted rows as large as the estimate itself
AT_ONCE = 32  # permutations whose estimates threads share
EQUAL = 1e-12  # nats; smaller differences are rounding
SIMILAR_Z = "rows of similar z"


@dataclass(eq=False)
class Comparison:
    """How many estimates from permuted rows are as large as the one that they judge.

    Attributes:
        threshold: the estimate from the rows as they are, less rounding.
        most: the most estimates to make.
        made: how many were made.
        as_large: how many of these are as large.
    """

    threshold: float
    most: int
    made: int = 0
    as_large: int = 0

    @classmethod
    def with_estimate(cls, nats: float, most: int) -> "Comparison":
        """The comparison with an estimate from the rows as they are."""
        return cls(nats - EQUAL * (1 + abs(nats)), most)

    def take(self, estimates: Sequence[float]) -> bool:
        """Count estimates from permuted rows. Returns whether more are needed."""
        for nats in estimates:
            self.made += 1
            self.as_large += nats >= self.threshold
            if self.as_large == STOP_AFTER:
                return False
        return self.made < self.most

    @property
    def p_value(self) -> float:
        """The probability of such a large estimate if X and Y are independent.

        It is (1 + b) / (1 + B) with b of B estimates as large. If the test stopped early, it is
        b / B (Besag & Clifford 1991).
        """
        if self.as_large == STOP_AFTER and self.made < self.most:
            return self.as_large / self.made
        return (1 + self.as_large) / (1 + self.made)


@dataclass(frozen=True, eq=False)
class NullDistribution:
    """Estimates from permuted rows, in which X and Y are independent.

    Attributes:
        nats: (B,) the estimates, in the order in which they were made.
        p_value: see `Comparison.p_value`.
        kind: what was permuted: "rows", "shifts in time", or "rows of similar z".
        estimator: the name of the estimator that made them, if it is another one than the tested.
    """

    nats: Float
    p_value: float
    kind: str
    estimator: str = ""


def check_permutations(count: int) -> None:
    """Raise InputError for fewer than 19 permutations, and for what is no whole number."""
    if not isinstance(count, Integral) or isinstance(count, bool):
        raise InputError(f"permutations is {count!r}: give a whole number, such as 1000")
    if count < FEWEST:
        raise InputError(
            f"permutations is {count}, too few for a p-value of 0.05: give {FEWEST} or more, such "
            "as 1000"
        )


def with_p_value(estimate: Estimate, null: NullDistribution) -> Estimate:
    """The estimate with its p-value, and with what chance alone gives in its `info`."""
    low, middle, high = np.quantile(null.nats, [0.05, 0.5, 0.95])
    chance = {
        "permutations": len(null.nats),
        "permuted": null.kind,
        "null_mean_nats": float(null.nats.mean()),
        "null_quantiles_nats": {"0.05": float(low), "0.5": float(middle), "0.95": float(high)},
    }
    if null.estimator:
        chance["permuted_estimator"] = null.estimator
    return replace(estimate, p_value=null.p_value, info={**estimate.info, **chance})


def tester_of(estimator: SupportsEstimate, count: int) -> tuple[SupportsEstimate, str]:
    """The estimator for so many tests against one side, and its name if it is another one."""
    if isinstance(estimator, Estimator) and (tester := estimator.tested_by(count)) is not estimator:
        bare = tester.estimator if isinstance(tester, GivenEstimator) else tester
        return tester, type(bare).__name__.lower()
    return estimator, ""


def null_distribution(
    estimator: SupportsEstimate,
    x: ArrayLike,
    y: ArrayLike,
    nats: float,
    permutations: int,
    *,
    seed: int = 0,
    shifts: bool | None = None,
    discrete_x: bool = False,
    discrete_y: bool = False,
) -> NullDistribution:
    """Estimate from rows of Y in random order, to judge an estimate of `nats`.

    If X and Y are independent and rows are too, all orders of Y are equally likely, so the
    p-value is exact for any estimator, at any number of rows. Rows of a series are not
    independent; then Y is shifted in time, its end put before its beginning, which keeps what is
    serial in both sides.

    Args:
        estimator: the estimator that gave `nats`. One that takes long, such as `auto`, names
            another one, whose estimates are compared instead.
        x: (n,) or (n, dx), as for `estimate`.
        y: (n,) or (n, dy).
        nats: the estimate from the rows as they are.
        permutations: the most estimates to make. Fewer are made once 50 of them are as large.
        seed: of the random orders.
        shifts: whether to shift Y. None (default): if rows of both sides resemble the next ones, be
            it less than the flag `dependent_rows` says (`mibench.contract.rows.need_shifts`).
        discrete_x: whether x holds labels.
        discrete_y: the same for y.

    Raises:
        InputError: for fewer than 19 permutations, which cannot show p = 0.05; for a constant
            side; and for what `estimate` refuses.

    References:
        Besag & Clifford 1991, doi:10.1093/biomet/78.2.301.
        Phipson & Smyth 2010, doi:10.2202/1544-6115.1585.
    """
    sides = as_pair(x, y, discrete_x, discrete_y)
    return null_of_sides(estimator, *sides, nats, permutations, seed=seed, shifts=shifts)


def null_of_sides(
    estimator: SupportsEstimate,
    x: Variable,
    y: Variable,
    nats: float,
    permutations: int,
    *,
    seed: int = 0,
    shifts: bool | None = None,
) -> NullDistribution:
    """As `null_distribution`, of sides that are checked and laid out already."""
    sides = x, y
    for name, side in zip("xy", sides, strict=True):
        if side.constant:
            raise InputError(
                f"{name} is constant, so all its orders are equal and show nothing: leave "
                "permutations out, the MI is 0"
            )
    check_permutations(permutations)
    kind, possible = _kind_of_orders(estimator, sides, permutations, seed, shifts)
    tester, name = tester_of(estimator, 1)
    if name and isinstance(tester, Estimator):
        nats = tester.estimate_variables(x, y).nats
    estimates = (estimates_of_orders(tester, sides, orders) for orders in _batches(possible))
    null = _compared(estimates, nats, permutations, kind, name)
    if kind == SIMILAR_Z and abs(nats) <= EQUAL:
        # A side that Z determines gives exactly 0, and orders of similar Z may give less.
        return replace(null, p_value=1.0)
    return null


def _compared(
    estimates: Iterator[list[float]], nats: float, most: int, kind: str, name: str = ""
) -> NullDistribution:
    """Compare estimates from permuted rows with `nats`, batch by batch, until enough are known."""
    comparison = Comparison.with_estimate(nats, most)
    made: list[float] = []
    for batch in estimates:
        more = comparison.take(batch)
        made += batch[: comparison.made - len(made)]
        if not more:
            break
    return NullDistribution(np.array(made), comparison.p_value, kind, name)


def null_given_shifts(
    estimator: Estimator,
    x: Variable,
    y: Variable,
    z: Conditions,
    nats: float,
    permutations: int,
    seed: int = 0,
) -> NullDistribution:
    """Estimate I(X;Y|Z) from shifts in time of X, to judge an estimate of `nats`.

    Y and Z stay as they are, so that what is serial in them, and what they share, is kept.
    """
    tester = estimator.tested_by()
    if tester is not estimator:
        nats = tester.estimate_given(x, y, z).nats
    estimates = (
        _permuted_given(tester, x, y, z, orders)
        for orders in _batches(orders_of_rows(x.n, permutations, seed, shifts=True))
    )
    return _compared(estimates, nats, permutations, "shifts in time")


def _permuted_given(
    tester: Estimator, x: Variable, y: Variable, z: Conditions, orders: list[Int]
) -> list[float]:
    """I(X;Y|Z) for each order of the rows of X."""
    with contained():
        return tester.estimate_permuted_given(y, x, z, orders)


def _kind_of_orders(
    estimator: SupportsEstimate,
    sides: tuple[Variable, Variable],
    count: int,
    seed: int,
    shifts: bool | None,
) -> tuple[str, Iterator[Int]]:
    """What is permuted, and the orders of the rows of Y."""
    if isinstance(estimator, GivenEstimator):
        if shifts:
            raise InputError(
                "shifts=True with z: shifts in time do not keep what Y shares with z. Leave shifts "
                "out, and give the past of both series in z"
            )
        return SIMILAR_Z, local_orders(estimator.conditions, count, seed)
    shifted = need_shifts(*sides) if shifts is None else shifts
    kind = "shifts in time" if shifted else "rows"
    return kind, orders_of_rows(sides[0].n, count, seed, shifted)


def orders_of_rows(n: int, count: int, seed: int, shifts: bool) -> Iterator[Int]:
    """Orders of n rows, (n,) each: at random, or shifted in time. Raises InputError for too few."""
    rng = np.random.default_rng(seed)
    if not shifts:
        for _ in range(count):
            yield rng.permutation(n)
        return
    if n <= count:
        raise InputError(
            f"{n} rows of a series have {n - 1} shifts, fewer than {count} permutations: give "
            f"permutations={max(n - 1, FEWEST)} or less, or more rows"
        )
    rows = np.arange(n)
    for shift in rng.permutation(n - 1)[:count] + 1:
        yield np.roll(rows, shift)


def _batches(orders: Iterator[Int]) -> Iterator[list[Int]]:
    batch: list[Int] = []
    for order in orders:
        batch.append(order)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def estimates_of_orders(
    estimator: SupportsEstimate, sides: tuple[Variable, Variable], orders: list[Int]
) -> list[float]:
    """The estimates in nats for each order of the rows of y."""
    x, y = sides
    if isinstance(estimator, Estimator):
        with contained():
            return estimator.estimate_permuted(x, y, orders)
    arrays = [side.symbols if side.discrete else side.columns.T for side in sides]
    estimates = []
    for order in orders:
        with contained():
            estimate = estimator.estimate(
                arrays[0], arrays[1][order], discrete_x=x.discrete, discrete_y=y.discrete
            )
        estimates.append(estimate.nats)
    return estimates
