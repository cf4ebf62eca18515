"""Counts of neighbours where rows may be copies of each other, or equally far."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .search import closed, count_within, nearest

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class MixedCounts:
    """k, x and y (n,), the counts of `estimators.mixed`; in_atoms: rows that have k copies."""

    k: Int
    x: Int
    y: Int
    in_atoms: int


def counts_of_columns(x: Float, y: Float, k: int) -> MixedCounts:
    """The counts for two sides of columns x (dx, n) and y (dy, n), n > k."""
    joint = np.concatenate([x, y])
    neighbours = nearest(joint, k, len(x), "auto")
    radius = neighbours.radius
    as_far = _as_far(joint, radius, neighbours.tied, np.full(len(radius), k))
    in_atoms = int((radius == 0).sum())
    return MixedCounts(as_far, _within(x, radius), _within(y, radius), in_atoms)


def counts_within_labels(columns: Float, symbols: Int, k: int) -> MixedCounts:
    """The counts for columns (d, n) and labels symbols (n,), each of which occurs at least twice.

    Rows of another label are infinitely far. In a class of k rows or less, the k-th neighbour is
    the farthest one.
    """
    n = len(symbols)
    sizes = np.bincount(symbols)
    radius, as_far = np.empty(n), np.empty(n, np.int64)
    for symbol in np.flatnonzero(sizes):
        rows = np.flatnonzero(symbols == symbol)
        of_class = np.ascontiguousarray(columns[:, rows])
        few = min(k, len(rows) - 1)
        neighbours = nearest(of_class, few, len(columns), "auto")
        radius[rows] = neighbours.radius
        as_far[rows] = _as_far(
            of_class, neighbours.radius, neighbours.tied, np.full(len(rows), few)
        )
    of_class = sizes[symbols] - (radius == 0)
    return MixedCounts(as_far, _within(columns, radius), of_class, int((radius == 0).sum()))


def _as_far(columns: Float, radius: Float, tied: Bool, k: Int) -> Int:
    """The other rows at most as far as the k-th neighbour: k, or more where rows are tied."""
    if not tied.any():
        return k
    counts = count_within(columns, np.where(tied, closed(radius), 0.0), "auto")
    return np.where(tied, counts - 1, k)


def _within(columns: Float, radius: Float) -> Int:
    """The larger of: other rows at most at this distance; and rows nearer, the row included."""
    at_most = count_within(columns, closed(radius), "auto") - 1
    return np.maximum(at_most, count_within(columns, radius, "auto"))
