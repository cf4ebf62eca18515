"""Whether rows are copies of others, as after oversampling, or in a bootstrap sample.

Estimates of such rows are far too high: a copy is the nearest neighbour of its row in both sides.
"""

from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .rounded_copies import rounded_copies
from .variables import Variable

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
# A part of many rows, in which copies are looked for: of values that occur twice among n, it has
# PART^2 / 2n pairs.
PART_OF_ROWS = 1024
SCREENED_COLUMNS = 2  # of a side, that show whether rows may repeat
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # of a hash of rows
ROUNDING = 1e-9  # of the range; closer values differ by the arithmetic of floats alone

_bits_of: WeakKeyDictionary[Variable, NDArray[np.uint64]] = WeakKeyDictionary()


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
    irregular = [any(is_unrounded(column) for column in side.columns) for side in (x, y)]
    if len(sides) == 2 and not any(irregular):
        return rounded_copies(x, y)
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
        for bits in _screened_bits(side):
            keys = (keys + bits) * MULTIPLIER
    keys.sort()
    return bool((keys[1:] == keys[:-1]).any())


def _screened_bits(side: Variable) -> NDArray[np.uint64]:
    """The bits of the values that `_rows_repeat` looks at; once for a side of many pairs."""
    if side not in _bits_of:
        part = side.columns[:SCREENED_COLUMNS]
        if side.n > PART_OF_ROWS:
            part = part.take(_part_of_rows(side.n), axis=1)
        _bits_of[side] = (part.astype(np.float64) + 0.0).view(np.uint64)  # one zero, without a sign
    return _bits_of[side]


@lru_cache(maxsize=8)
def _part_of_rows(n: int) -> NDArray[np.int64]:
    return np.unique(np.random.default_rng(n).integers(0, n, PART_OF_ROWS))


def is_unrounded(column: NDArray[np.float64]) -> bool:
    """Whether values are not multiples of one unit."""
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
