"""A quick statistic that is large for many kinds of dependence, for permutation tests."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mibench.blas import one_blas_thread
from mibench.contract.base import Estimator
from mibench.contract.conditions import Conditions
from mibench.contract.variables import Variable
from mibench.types import Estimate

from ..adaptive import Adaptive
from ..knn import KNN
from .correlations import estimates_by_correlations

Int = NDArray[np.int64]

NEIGHBOURS = KNN(k=5)
# The standard deviation of its estimate under independence times sqrt(n): 0.48, 0.52 and 0.56 on
# 1+1 normal columns of 100, 300 and 1000 rows (`benchmarks/independence.py deviation`). It decides
# how much the estimate counts, and not whether the test is exact.
DEVIATION = 0.53
BINS = 6
IN_BINS = Adaptive(bins=BINS)
# More neighbours find more given numbers: `benchmarks/conditional.py levels` has the power.
NEIGHBOURS_GIVEN = KNN(k=10)


@dataclass(frozen=True)
class Combined(Estimator):
    """The weighted mean of three estimates of the MI, each quick and each good at its own kind.

        S = sum_i w_i I_i,    w_i in proportion to 1 / s_i,    sum_i w_i = 1

    I_1 is from the canonical correlations of normal scores, or of indicators of labels: it sees
    what rises and falls. I_2 adds the squares of the scores and, of up to three columns, their
    products: it sees curves, spreads that differ, and interactions. I_3 is `knn` with k = 5: it
    sees any shape. s_i is the standard deviation of I_i if X and Y are independent, so that each
    counts by how surprising it is.

    S is made for permutation tests, which are exact for any statistic. It is no estimate to report:
    `docs/intervals.md` has its power. Two sides of labels are compared by `knn` alone, whose
    estimate is that of their table of counts; with numbers in Z, the test is that of `knn`
    with k = 10.

    Attributes:
        detail: what sees any shape. "neighbours": I_3 as above. "bins": between single columns, I_3
            is `adaptive` with six bins, which takes much less time, and misses what is narrower
            than the bins.
    """

    detail: Literal["neighbours", "bins"] = "neighbours"
    by_default: ClassVar[bool] = False

    @classmethod
    def for_tests(cls, tests: int) -> "Combined":
        """The quicker one, if many sides are tested against one."""
        return cls("neighbours" if tests == 1 else "bins")

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        return Estimate(self.estimate_permuted(x, y, [np.arange(x.n)])[0])

    def estimate_permuted(self, x: Variable, y: Variable, orders: Sequence[Int]) -> list[float]:
        """Compute S for each order of the rows of Y, as `Estimator.estimate_permuted` describes.

        Args:
            x: the side X, laid out.
            y: the side Y, laid out.
            orders: permutations of the row numbers, each (n,).
        """
        if x.discrete and y.discrete:
            return KNN().estimate_permuted(x, y, orders)
        total, weights = np.zeros(len(orders)), 0.0
        with one_blas_thread():  # threads share the orders
            parts = estimates_by_correlations(x, y, orders) + self._of_any_shape(x, y, orders)
        for nats, deviation in parts:
            total += nats / deviation
            weights += 1 / deviation
        # Groups of labels may have so few rows that no part can be computed.
        return [float(value) for value in total / (weights or 1.0)]

    def estimate_permuted_given(
        self, x: Variable, y: Variable, z: Conditions, orders: Sequence[Int]
    ) -> list[float]:
        """As `Estimator.estimate_permuted_given`; with numbers in Z, those of `knn` with k = 10."""
        if z.numbers is None:
            return super().estimate_permuted_given(x, y, z, orders)
        return _given(x.n).estimate_permuted_given(x, y, z, orders)

    def _of_any_shape(
        self, x: Variable, y: Variable, orders: Sequence[Int]
    ) -> list[tuple[NDArray[np.float64], float]]:
        """I_3 of each order, and its standard deviation; nothing of too few rows."""
        if self.detail == "bins" and x.dims == y.dims == 1:
            counts = [v.cardinality or BINS for v in (x, y)]
            deviation = math.sqrt(math.prod(count - 1 for count in counts) / 2) / x.n
            return [(np.array(IN_BINS.estimate_permuted(x, y, orders)), deviation)]
        if x.n <= NEIGHBOURS.k:
            return []
        nats = np.array(NEIGHBOURS.estimate_permuted(x, y, orders))
        return [(nats, DEVIATION / math.sqrt(x.n))]

    def _estimate_given(self, x: Variable, y: Variable, z: Variable) -> Estimate:
        return _given(x.n)._estimate_given(x, y, z)


def _given(n: int) -> KNN:
    return NEIGHBOURS_GIVEN if n > NEIGHBOURS_GIVEN.k else KNN()
