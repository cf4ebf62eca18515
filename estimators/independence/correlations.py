"""MI in nats from canonical correlations of scores, for many orders of the rows of one side."""

import math
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import Variable

from ..gaussian_copula import normal_scores
from ..kernels.orders import products_of_orders
from ..normal.canonical_correlations import EXACT, orthonormal_rows
from ..shared.threads import share_rows

Float = NDArray[np.float64]
Int = NDArray[np.int64]

LEAST_ROWS = 3  # for each dimension; with fewer, correlations of independent sides are large
MOST_OF_PRODUCTS = 3  # columns of a side; products of more are so many that they hide one another
MOST_CURVED = 100  # dimensions of both sides with squares and products; more take long, and hide
MOST_IN_LOOPS = 6  # dimensions of a side for which loops are quicker than a product of matrices
NEW = 1e-6  # the part of a square or product that scores do not explain; a smaller one is rounding

_bases: WeakKeyDictionary[Variable, list[Float]] = WeakKeyDictionary()


def estimates_by_correlations(
    x: Variable, y: Variable, orders: Sequence[Int]
) -> list[tuple[Float, float]]:
    """-1/2 sum_i log(1 - r_i^2) for each order of the rows of Y, (orders,), and its deviation.

    First with the canonical correlations r_i of scores, then with squares and products too, as far
    as there are rows enough. The deviation is the standard deviation of independent sides, where
    twice n times the estimate is nearly chi-squared. Threads share the orders.
    """
    straight, curved = (sum(_sizes(v)[place] for v in (x, y)) for place in (0, 1))
    if straight * LEAST_ROWS > x.n:
        return []
    enough = curved * LEAST_ROWS <= x.n and curved <= MOST_CURVED
    bases = [_basis(v)[: 1 + enough] for v in (x, y)]
    of_x, of_y = (np.concatenate(parts) for parts in bases)
    products = _products(of_x, of_y, orders)
    estimates = []
    for count in range(1, 2 + enough):
        dx, dy = (sum(map(len, parts[:count])) for parts in bases)
        r = np.linalg.svd(products[:, :dx, :dy], compute_uv=False)
        nats = -0.5 * np.log(np.maximum((1 - r) * (1 + r), EXACT)).sum(axis=1)
        estimates.append((nats, math.sqrt(dx * dy / 2) / x.n))
    return estimates


def _products(x: Float, y: Float, orders: Sequence[Int]) -> Float:
    """The products (orders, dx, dy) of rows x (dx, n) and rows y (dy, n) in each order."""
    products = np.empty((len(orders), len(x), len(y)))
    few = max(len(x), len(y)) <= MOST_IN_LOOPS

    def multiply(start: int, stop: int) -> None:
        if few:
            products_of_orders(x, y, np.stack(orders[start:stop]), products[start:stop])
        else:
            for place in range(start, stop):
                np.matmul(x, y[:, orders[place]].T, out=products[place])

    share_rows(multiply, len(orders), 1)
    return products


def _sizes(v: Variable) -> tuple[int, int]:
    """The dimensions of the scores, and with squares and products."""
    if v.discrete:
        return v.cardinality - 1, v.cardinality - 1
    size = int((v.low < v.high).sum())
    products = size * (size - 1) // 2 if size <= MOST_OF_PRODUCTS else 0
    return size, 2 * size + products


def _basis(v: Variable) -> list[Float]:
    """Orthonormal rows: those that span the scores, and those that squares and products add.

    Cached, since one side is tested against many.
    """
    if v not in _bases:
        scores = _scores(v)
        straight = orthonormal_rows(scores)
        added = [scores**2]
        if len(scores) <= MOST_OF_PRODUCTS:
            added += [scores[i : i + 1] * scores[:i] for i in range(1, len(scores))]
        columns = np.concatenate([np.empty((0, v.n)), *([] if v.discrete else added)])
        columns = columns - columns.mean(axis=1, keepdims=True)
        left = columns - columns @ straight.T @ straight
        left = left[np.linalg.norm(left, axis=1) > NEW * np.linalg.norm(columns, axis=1)]
        _bases[v] = [straight, orthonormal_rows(left) if len(left) else left]
    return _bases[v]


def _scores(v: Variable) -> Float:
    """Normal scores of the columns that vary, or indicators of all labels but the first, (d, n)."""
    if v.discrete:
        return np.array([v.symbols == label for label in range(1, v.cardinality)], float)
    return normal_scores(v.float64[v.low < v.high])
