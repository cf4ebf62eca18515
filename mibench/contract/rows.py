"""Whether the rows are independent: estimators assume it, and are too high where it fails.

Two signs are looked for. Consecutive rows resemble each other, as in a time series. Or rows are
copies of others, as after oversampling, or in a bootstrap sample.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from . import flags
from .variables import Variable

# Each side's correlation of consecutive rows, and its standard errors, from which a series is
# flagged. At 0.4 on both sides, a correlation scatters 1.2 times as far as with independent rows.
MIN_SERIAL_CORRELATION = 0.4
MIN_SERIAL_ERRORS = 5.0
# Rows that occur again, among the distinct ones, from which they are flagged.
MIN_COPIED_SHARE = 0.01
MIN_COPIED_ROWS = 5
# Among the distinct values of a side that occur again, those that come with the same other side.
# Values that are rounded come again with another one.
MIN_COPIES_AMONG_REPEATS = 0.8
# Distinct rows of a side, for each of the other side, from which it is no function of that side.
MIN_DISTINCT_RATIO = 1.1
# The smallest gap between two of d distinct values that were rounded is not far below 1/d of their
# range; that of random ones is about 1/d^2.
MAX_GAP_OF_UNROUNDED = 0.05
# Heavy tails stretch the range, so the gap of rounded values may be small as well. They are
# multiples of it, though, and it is no smaller than this part of the middle half of the values.
MIN_UNIT_OF_ROUNDED = 1e-6
# Distinct rows, from which it is no chance that all counts of them have a common divisor.
MIN_DISTINCT_TILES = 30
# Rows that show serial correlation, and a part of many rows in which copies are looked for: of
# values that occur twice among n, it has PART^2 / 2n pairs.
FIRST_ROWS = 512
PART_OF_ROWS = 1024
SCREENED_COLUMNS = 2  # of a side, that show whether rows may repeat
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # of a hash of rows
ROUNDING = 1e-9  # of the range; closer values differ by the arithmetic of floats alone
TINY = 1e-200  # sums of squares below it lose digits


def row_flags(x: Variable, y: Variable) -> dict[str, str]:
    """The flags that rows of both sides raise, whatever the estimator."""
    raised: dict[str, str] = {}
    if serial := _serial_correlations(x, y):
        raised.update([flags.dependent_rows(*serial)])
    copies = copied_rows(x, y)
    if copies:
        raised.update([flags.copied_rows(copies, x.n)])
    return raised


def are_serial(x: Variable, y: Variable) -> bool:
    """Whether consecutive rows of both sides resemble each other."""
    return _serial_correlations(x, y) is not None


def _serial_correlations(x: Variable, y: Variable) -> tuple[float, float] | None:
    """The correlations of consecutive rows of x and of y, if both are large."""
    least = max(MIN_SERIAL_CORRELATION, MIN_SERIAL_ERRORS / math.sqrt(min(x.n, FIRST_ROWS)))
    serial_y = serial_correlation(y)
    if serial_y <= least:
        return None
    serial_x = serial_correlation(x)
    return (serial_x, serial_y) if serial_x > least else None


def serial_correlation(side: Variable) -> float:
    """The correlation of each row with the next, of the column where it is largest.

    It is that of the first rows, which are enough to see 0.4. For labels it is the share of equal
    neighbours, less the share among any two rows, divided by the largest value of that. A column
    that never falls, or never rises, counts as sorted: 0.
    """
    if side.n < 3:
        return 0.0
    if side.discrete:
        return _serial_correlation_of_labels(side.symbols[:FIRST_ROWS])
    columns = side.columns[:, :FIRST_ROWS].astype(np.float64)
    scale = np.maximum(np.abs(columns).max(axis=1, keepdims=True), TINY)
    centred = columns / scale
    centred -= centred.mean(axis=1, keepdims=True)
    square = (centred**2).sum(axis=1)
    product = (centred[:, 1:] * centred[:, :-1]).sum(axis=1)
    correlations = product / np.where(square > 0, square, 1.0)
    for i in np.argsort(-correlations):
        if not _is_sorted(columns[i]):
            return max(float(correlations[i]), 0.0)
    return 0.0


def _serial_correlation_of_labels(symbols: NDArray[np.int64]) -> float:
    counts = np.bincount(symbols)
    expected = float(counts @ counts) / len(symbols) ** 2
    changes = int(np.count_nonzero(symbols[1:] != symbols[:-1]))
    if changes < np.count_nonzero(counts) or expected == 1:  # sorted
        return 0.0
    equal = 1 - changes / (len(symbols) - 1)
    return (equal - expected) / (1 - expected)


def _is_sorted(column: NDArray[np.float64]) -> bool:
    steps = np.diff(column)
    return bool((steps >= 0).all() or (steps <= 0).all())


def copied_rows(x: Variable, y: Variable) -> int:
    """How many rows are copies of earlier ones, where that is no matter of rounding; else 0.

    At least one side must be continuous: labels repeat anyway. A value that many rows share, such
    as 0, counts once.
    """
    sides = [side for side in (x, y) if not side.discrete]
    if not sides or not _rows_repeat(sides):
        return 0
    codes_x, codes_y = row_codes(x), row_codes(y)
    counts = np.unique(codes_x * (int(codes_y.max()) + 1) + codes_y, return_counts=True)[1]
    repeated_pairs = int((counts > 1).sum())
    if len(counts) >= MIN_DISTINCT_TILES and int(np.gcd.reduce(counts)) > 1:
        return x.n - len(counts)  # a table doubled, whatever its values
    if repeated_pairs < max(MIN_COPIED_ROWS, MIN_COPIED_SHARE * len(counts)):
        return 0
    irregular = [any(_is_unrounded(column) for column in side.columns) for side in (x, y)]
    distinct = [int(codes.max()) + 1 for codes in (codes_x, codes_y)]
    repeated_sides = []
    for i, codes in enumerate((codes_x, codes_y)):
        # An irregular function of rounded values repeats as they do, and has no more values.
        more = distinct[i] > MIN_DISTINCT_RATIO * distinct[1 - i]
        if irregular[i] and (irregular[1 - i] or more):
            repeated_sides.append(int((np.bincount(codes) > 1).sum()))
    if not repeated_sides or repeated_pairs < MIN_COPIES_AMONG_REPEATS * min(repeated_sides):
        return 0
    return x.n - len(counts)


def row_codes(side: Variable) -> NDArray[np.int64]:
    """The number of the distinct row that each row of a side is, (n,)."""
    if side.discrete:
        return side.symbols
    codes = np.zeros(side.n, np.int64)
    for column in side.columns:
        _, places = np.unique(column, return_inverse=True)
        _, codes = np.unique(codes * (int(places.max()) + 1) + places, return_inverse=True)
    return codes.astype(np.int64)


def _rows_repeat(sides: list[Variable]) -> bool:
    """Whether the first columns of these sides repeat in a row; of many rows, in a random part.

    It decides, in little time, whether a closer look is worth it: rows that differ can agree here,
    but copies always do.
    """
    keys = np.zeros(1, np.uint64)
    for side in sides:
        for column in side.columns[:SCREENED_COLUMNS]:
            part = column.take(_part_of_rows(side.n)) if side.n > PART_OF_ROWS else column
            bits = (part.astype(np.float64) + 0.0).view(np.uint64)  # one zero, without a sign
            keys = (keys + bits) * MULTIPLIER
    keys.sort()
    return bool((keys[1:] == keys[:-1]).any())


@lru_cache(maxsize=8)
def _part_of_rows(n: int) -> NDArray[np.int64]:
    return np.unique(np.random.default_rng(n).integers(0, n, PART_OF_ROWS))


def _is_unrounded(column: NDArray[np.float64]) -> bool:
    distinct = np.unique(column).astype(np.float64)
    if len(distinct) < 3:
        return False
    spread = float(distinct[-1] - distinct[0])
    gaps = np.diff(distinct)
    gaps = gaps[gaps > ROUNDING * spread]
    if len(gaps) == 0 or float(gaps.min()) >= MAX_GAP_OF_UNROUNDED * spread / len(gaps):
        return False
    return not _are_multiples(distinct, float(gaps.min()))


def _are_multiples(distinct: NDArray[np.float64], unit: float) -> bool:
    """Whether sorted values differ by multiples of a unit that is no rounding of floats."""
    quarter = len(distinct) // 4
    middle = float(distinct[-1 - quarter] - distinct[quarter])
    if unit < MIN_UNIT_OF_ROUNDED * middle:
        return False
    steps = (distinct - distinct[0]) / unit
    doubt = 1e-3 + 1e-12 * np.abs(distinct).max() / unit  # of steps, from the arithmetic of floats
    return bool((np.abs(steps - np.round(steps)) < doubt).all())
