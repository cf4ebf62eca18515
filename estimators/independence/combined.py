"""A quick statistic that is large for many kinds of dependence, for permutation tests."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.blas import one_blas_thread
from mibench.contract.base import Estimator
from mibench.contract.conditions import Conditions
from mibench.contract.variables import Variable
from mibench.types import Estimate

from ..knn import KNN
from ..shared.threads import share_orders
from .correlations import correlations

Int = NDArray[np.int64]

NEIGHBOURS = KNN(k=5)
# The standard deviation of its estimate under independence times sqrt(n), measured on 1+1 normal
# columns. It decides how much the estimate counts, and not whether the test is exact.
DEVIATION = 0.53
# More neighbours find more given numbers: `benchmarks/conditional.py levels` has the power.
NEIGHBOURS_GIVEN = KNN(k=10)

Part = tuple[Callable[[Sequence[Int]], list[float]], float]


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
    """

    by_default: ClassVar[bool] = False

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
            for estimates_of, deviation in _parts(x, y):
                total += np.array(estimates_of(orders)) / deviation
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

    def _estimate_given(self, x: Variable, y: Variable, z: Variable) -> Estimate:
        return _given(x.n)._estimate_given(x, y, z)


def _given(n: int) -> KNN:
    return NEIGHBOURS_GIVEN if n > NEIGHBOURS_GIVEN.k else KNN()


def _parts(x: Variable, y: Variable) -> list[Part]:
    """The estimates for orders of Y, each with its standard deviation under independence."""
    parts: list[Part] = [
        (partial(share_orders, found.nats), found.deviation) for found in correlations(x, y)
    ]
    if x.n > NEIGHBOURS.k:
        by_neighbours = partial(NEIGHBOURS.estimate_permuted, x, y)
        parts.append((by_neighbours, DEVIATION / math.sqrt(x.n)))
    return parts
