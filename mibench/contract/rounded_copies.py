"""Copies of rows among rounded values, which agree by rounding as well.

Rows that agree by rounding are about as many as rows that differ by one unit, or by two. Copies
agree, and do not differ. So they are seen as an excess of pairs that agree, over what the pairs at
one and two units let expect: the same excess in x, in y, and in both together. What makes a value
frequent in one side alone (multiples of ten, a limit) gives no such excess in both together.
"""

import math

import numpy as np
from numpy.typing import NDArray

from .variables import Variable

Int = NDArray[np.int64]

MIN_VALUES = 20  # of a column; counts of fewer values are not smooth
MIN_ROWS = 50
# A value that occurs more often than this number, and this multiple of the mean, is no rounded
# one, such as 0 in rainfall. A few of these are left out; of copies, there are many.
RARE_COUNT, MEAN_COUNTS = 4, 3
MAX_LEFT_OUT, MAX_LEFT_OUT_SHARE = 3, 0.01
# Standard errors of the excess in each side, and in both.
MIN_ERRORS, MIN_ERRORS_OF_BOTH = 2.5, 5.0
MIN_COPIES, MAX_COPIES = 0.01, 5.0  # pairs of copies, for each row
MIN_AGREEMENT, MAX_AGREEMENT = 0.6, 1.5  # of the excess in both, and in each side
# One side is a function of the other if there are hardly more pairs than values of one side, and
# each occurs twice. Then the values of both sides are frequent together.
FUNCTION = 1.05


def rounded_copies(x: Variable, y: Variable) -> int:
    """About how many rows are copies of earlier ones, of two sides of rounded values; or 0."""
    sides = [_in_units(side) for side in (x, y)]
    if not all(sides):
        return 0
    both = [*sides[0], *sides[1]]
    left_out = _frequent(sides[0]) | _frequent(sides[1]) | _frequent(both)
    kept = [[column[~left_out] for column in columns] for columns in (*sides, both)]
    n = len(kept[0][0])
    if n < MIN_ROWS:
        return 0
    excesses = [_excess(columns) for columns in kept]
    distinct = [number for _, _, number in excesses]
    if distinct[2] <= FUNCTION * max(distinct[:2]) and n > 2 * distinct[2]:
        return 0
    (in_x, error_x, _), (in_y, error_y, _), (in_both, error_both, _) = excesses
    if in_x < MIN_ERRORS * error_x or in_y < MIN_ERRORS * error_y:
        return 0
    if in_both < max(MIN_ERRORS_OF_BOTH * error_both, MIN_COPIES * n) or in_both > MAX_COPIES * n:
        return 0
    slack = 2 * min(error_x, error_y)
    if not MIN_AGREEMENT * max(in_x, in_y) < in_both < MAX_AGREEMENT * min(in_x, in_y) + slack:
        return 0
    return n - distinct[2]


def _in_units(side: Variable) -> list[Int]:
    """The columns with many values as multiples of their unit, the smallest gap of values."""
    columns = []
    for column in side.columns.astype(np.float64):
        distinct = np.unique(column)
        if len(distinct) < MIN_VALUES:
            continue
        gaps = np.diff(distinct)
        unit = float(gaps[gaps > 1e-9 * (distinct[-1] - distinct[0])].min())
        steps = (column - distinct[0]) / unit
        if (np.abs(steps - np.round(steps)) < 1e-3).all() and steps.max() < 2**31:
            columns.append(np.round(steps).astype(np.int64))
    return columns


def _codes(columns: list[Int]) -> Int:
    """The number of the distinct row that each row is."""
    codes = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        places = np.unique(column, return_inverse=True)[1]
        codes = np.unique(codes * (int(places.max()) + 1) + places, return_inverse=True)[1]
    return codes.astype(np.int64)


def _frequent(columns: list[Int]) -> NDArray[np.bool_]:
    """The rows of a few values that occur far more often than others."""
    codes = _codes(columns)
    counts = np.bincount(codes)
    frequent = counts > RARE_COUNT + MEAN_COUNTS * counts.mean()
    if frequent.sum() > max(MAX_LEFT_OUT, MAX_LEFT_OUT_SHARE * len(counts)):
        frequent[:] = False
    rows: NDArray[np.bool_] = frequent[codes]
    return rows


def _excess(columns: list[Int]) -> tuple[float, float, int]:
    """Pairs of rows that agree beyond what is expected, the standard error, and the distinct rows.

    Expected are as many as the pairs that differ by one unit in the column of most values, or what
    a line through those at one and two units gives. (A pair at one unit counts half, since there
    are two directions.)
    """
    first, *others = sorted(columns, key=lambda column: -len(np.unique(column)))
    codes = _codes(others) if others else np.zeros(len(first), np.int64)
    rows, counts = np.unique(codes * (int(first.max()) + 3) + first, return_counts=True)
    pairs = [float((counts * (counts - 1) // 2).sum())]
    for units in (1, 2):
        places = np.minimum(np.searchsorted(rows, rows + units), len(rows) - 1)
        neighbours = np.where(rows[places] == rows + units, counts[places], 0)
        pairs.append(float((counts * neighbours).sum()) / 2)
    expected = max(pairs[1], 2 * pairs[1] - pairs[2])
    # Independent Poisson counts of pairs: 1 + (4 + 1) / 2 times the variance of the first.
    return pairs[0] - expected, math.sqrt(3.5 * (pairs[0] + 1)), len(rows)
