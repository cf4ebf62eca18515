"""The counts of neighbours in the k-NN estimator of I(X;Y|Z) of Frenzel & Pompe (2007).

Labels of X and Y are compared for equality alone, as Ross (2014) does: neighbours are sought among
rows of the same labels.

References:
    Frenzel & Pompe 2007, doi:10.1103/PhysRevLett.99.204101.
    Mesner & Shalizi 2021, doi:10.1109/TIT.2020.3024886.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels import conditional
from ..shared.threads import share_rows
from .ksg import MAX_ROUNDING, radius_in_classes
from .search import MIN_ROWS_PER_THREAD, Algorithm, count_within, nearest
from .sorted_column import IndexedSide
from .ties import break_ties

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Up to so many rows for each dimension, times the cube root of k, all pairs are compared for many
# orders. `python benchmarks/conditional.py crossover` measures it.
ROWS_BY_PAIRS_PER_DIM = 380


@dataclass(frozen=True)
class ConditionalSide:
    """X or Y: columns (d, n) of numbers on a common scale, or symbols (n,) of labels.

    rounding: the largest error of a value, in the units of the columns.
    """

    columns: Float
    symbols: Int | None = None
    rounding: float = 0.0

    def selected(self, rows: Int) -> "ConditionalSide":
        """Some rows of the side; a row may occur more than once."""
        symbols = None if self.symbols is None else self.symbols[rows]
        return ConditionalSide(np.ascontiguousarray(self.columns[:, rows]), symbols, self.rounding)


@dataclass(frozen=True)
class ConditionalCounts:
    """What is counted for each of the rows that are used.

    rows (m,): which rows these are; k (m,): neighbours sought, fewer in a class of few rows;
    in_xz, in_yz, in_z (m,): rows within the row's distance, itself included; tied_rows: how many
    rows had ties.
    """

    rows: Int
    k: Int
    in_xz: Int
    in_yz: Int
    in_z: Int
    tied_rows: int


def conditional_counts(
    x: ConditionalSide, y: ConditionalSide, z: IndexedSide, k: int, algorithm: Algorithm = "auto"
) -> ConditionalCounts:
    """Count the neighbours, given numbers Z (d, n) with d of at least 1.

    Rows whose pair of labels occurs once are left out, so no row may be left. The counts of the
    others are at least 1.
    """
    n = z.columns.shape[1]
    rows = np.arange(n)
    classes = _joint_symbols(x, y)
    if classes is not None:
        rows = np.flatnonzero(np.bincount(classes)[classes] > 1)
        if len(rows) < n:
            x, y, classes = x.selected(rows), y.selected(rows), classes[rows]
            z = IndexedSide(np.ascontiguousarray(z.columns[:, rows]), z.rounding)
    if len(rows) == 0:
        return ConditionalCounts(rows, rows, rows, rows, rows, 0)
    numbers = [side.columns for side in (x, y) if side.symbols is None]
    columns = np.concatenate([*numbers, z.columns])
    radius, tied = _radius(columns, classes, k, algorithm)
    tied_rows = int(tied.sum())
    if tied_rows:
        columns = break_ties(columns, classes)
        radius, _ = _radius(columns, classes, k, algorithm)
    error = 4 * max(x.rounding, y.rounding, z.rounding)
    reach = radius - np.minimum(error, MAX_ROUNDING * radius)
    dims_x = 0 if x.symbols is not None else len(x.columns)
    dims_z = len(z.columns)
    of_x, of_y, of_z = columns[:dims_x], columns[dims_x:-dims_z], columns[-dims_z:]
    sizes = len(rows) if classes is None else np.bincount(classes)[classes]
    return ConditionalCounts(
        rows,
        np.minimum(k, np.full(len(rows), sizes) - 1),
        _count(np.concatenate([of_x, of_z]), x.symbols, reach, algorithm),
        _count(np.concatenate([of_y, of_z]), y.symbols, reach, algorithm),
        _count(of_z, None, reach, algorithm),
        tied_rows,
    )


def by_all_pairs(n: int, k: int, dims: int) -> bool:
    """Whether comparing all pairs is the fastest way to test many orders of n rows."""
    return n <= ROWS_BY_PAIRS_PER_DIM * dims * math.cbrt(k)


def conditional_counts_of_orders(
    x: ConditionalSide, y: ConditionalSide, z: IndexedSide, k: int, orders: Sequence[Int]
) -> tuple[Int, Int, Int]:
    """The counts in (X, Z), (Y, Z) and Z, each (orders, n), for numbers in all sides.

    They are those of `conditional_counts` for each order of the rows of Y, if there are no ties.
    """
    columns = [x.columns, y.columns, z.columns]
    joint = np.concatenate(columns)
    if any_tied(joint, k):
        ends = np.cumsum([len(c) for c in columns])[:-1]
        columns = [np.ascontiguousarray(part) for part in np.split(break_ties(joint), ends)]
    n = joint.shape[1]
    of_x, of_y, of_z = columns
    ys = np.stack([of_y[:, order] for order in orders])
    error = 4 * max(x.rounding, y.rounding, z.rounding)
    in_xz, in_yz, in_z = np.empty((3, len(orders), n), np.int64)
    share_rows(
        lambda a, b: conditional.conditional_counts_of_orders(
            of_x, ys, of_z, k, error, MAX_ROUNDING, a, b, in_xz, in_yz, in_z
        ),
        n,
        1,
    )
    return in_xz, in_yz, in_z


def any_tied(columns: Float, k: int) -> bool:
    """Whether a row of columns (d, n) has neighbours at the distance of its k-th beside it."""
    tied = np.empty(columns.shape[1], np.bool_)
    share_rows(
        lambda a, b: conditional.tied_rows(columns, k, a, b, tied), len(tied), MIN_ROWS_PER_THREAD
    )
    return bool(tied.any())


def _joint_symbols(x: ConditionalSide, y: ConditionalSide) -> Int | None:
    """The pairs of labels of X and Y as symbols 0, 1, 2, ..., (n,); None if there are no labels."""
    labels = [side.symbols for side in (x, y) if side.symbols is not None]
    if not labels:
        return None
    joint = labels[0]
    for symbols in labels[1:]:
        joint = joint * (int(symbols.max()) + 1) + symbols
    _, dense = np.unique(joint, return_inverse=True)
    return dense.astype(np.int64)


def _radius(
    columns: Float, classes: Int | None, k: int, algorithm: Algorithm
) -> tuple[Float, NDArray[np.bool_]]:
    """The distance of each row to its k-th neighbour, among rows of its class; and ties."""
    if classes is None:
        neighbours = nearest(columns, k, len(columns), algorithm)
        return neighbours.radius, neighbours.tied
    return radius_in_classes(columns, _rows_of(classes), k, algorithm)


def _count(columns: Float, symbols: Int | None, reach: Float, algorithm: Algorithm) -> Int:
    """How many rows of the same symbol, the row included, lie nearer than reach; at least 1."""
    columns = np.ascontiguousarray(columns)
    if symbols is None:
        return np.maximum(count_within(columns, reach, algorithm), 1)
    counts = np.empty(len(reach), np.int64)
    for rows in _rows_of(symbols):
        part = np.ascontiguousarray(columns[:, rows])
        counts[rows] = count_within(part, reach[rows], algorithm)
    return np.maximum(counts, 1)


def _rows_of(symbols: Int) -> list[Int]:
    """The rows of each symbol that occurs."""
    counts = np.bincount(symbols)
    parts = np.split(np.argsort(symbols, kind="stable"), np.cumsum(counts)[:-1])
    return [rows for rows in parts if len(rows)]
