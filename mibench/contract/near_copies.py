"""Whether rows come in groups: copies with noise, repeated measurements, rows between two rows.

The number of independent rows within a distance of a row grows at least in proportion to that
distance: along a curve, and faster in more dimensions. Near a row with k near copies it does not
grow, from its farthest copy to the first other row. So e_k / e_(k+1), for the distances e_1, e_2,
... of the nearest rows, is below t for at most t^k of independent rows, and for most of the rows
that have k copies.

Rows that are drawn between a row and a neighbour (SMOTE, Chawla et al. 2002, doi:10.1613/jair.953)
keep no such distance. They lie on a straight line with both, to the last digits.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .copies import is_unrounded
from .kernels.near_rows import nearest_rows, rows_on_lines, smallest_ratios
from .variables import Variable

Float = NDArray[np.float64]
Int = NDArray[np.int64]

LEAST_ROWS = 100
# Rows that are looked at: first a few, and more if these are suspicious.
FIRST_ROWS, MORE_ROWS, CLOSELY_ROWS = 24, 256, 32
# A group of rows has at most so many copies of one, and there are at least so many groups. Fewer
# groups are clusters.
MOST_COPIES, LEAST_GROUPS = 24, 25
RATIOS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
# Standard errors, and the share of rows, by which small ratios are more than of independent rows.
SUSPICION, CERTAINTY, LEAST_EXCESS = 2.0, 4.5, 0.02
# Of a space of d dimensions, t^(k d / 2) in place of t^k, for few copies: the local dimension may
# differ from row to row, so that only half of it is trusted, and more excess is asked for.
SAFE_DIMENSION, FEW_COPIES, LEAST_EXCESS_IN_SPACE = 0.5, 6, 0.12
# The neighbours that show the local dimension.
FIRST_OF_DIMENSION, LAST_OF_DIMENSION = 2, 8
# A ratio below it is a gap: of the nearest rows, and of farther ones, where chance gives less.
GAP, NEAREST, GAP_OF_FARTHER = 0.2, 10, 0.6
# Agreement of the ratios v_d / w_d over the columns d, of two differences v and w of rows, from
# which the three rows lie on a line.
ON_A_LINE = 1e-9
# Rows on a line with two others, from which rows are drawn between others; and the share of pairs
# from which all rows lie on lines.
MIN_SHARE_ON_LINES, MAX_PAIRS_ON_LINES = 0.1, 0.25
SPREAD_ROWS = 1024  # that show the spread of a column
DIGITS = 7  # of the spread of a column; what differs by less was rounded, and got noise

_order_of: WeakKeyDictionary[Variable, Int] = WeakKeyDictionary()
_scales_of: WeakKeyDictionary[Variable, Float] = WeakKeyDictionary()


def are_near_copies(x: Variable, y: Variable) -> bool:
    """Whether rows come in groups that are closer than independent rows are, or lie between others.

    Exact copies are not looked for: `copies.copied_rows` finds them.
    """
    sides = [side for side in (x, y) if not side.discrete]
    if x.n < LEAST_ROWS or not sides:
        return False
    few = min(MOST_COPIES, x.n // LEAST_GROUPS)
    both = _Rows.of(x, y)
    places = _some_rows(x.n, FIRST_ROWS)
    distances, near = both.nearest(places, few)
    if _lie_on_lines(both, places, near, max(np.finfo(side.columns.dtype).eps for side in sides)):
        return all(_unrounded_columns(side).all() for side in sides)
    if _groups(distances, SUSPICION, first=True) is None:
        return False
    places = _some_rows(x.n, MORE_ROWS)
    distances, _ = both.nearest(places, few)
    found = _groups(distances, CERTAINTY)
    if found is None or not any(_unrounded_columns(side).any() for side in sides):
        return False
    ratios, copies = found
    closely = np.argsort(ratios, kind="stable")[:CLOSELY_ROWS]
    closely = closely[ratios[closely] < RATIOS[-1]]
    targets, copies = both.order[places[closely]], copies[closely]
    if _rounded_values_tell(x, y, targets, copies):
        return False
    columns = [column for side in sides for column in side.columns]
    return not all(_has_values_of_many_rows(column, targets, copies) for column in columns)


@lru_cache(maxsize=16)
def _some_rows(n: int, count: int) -> Int:
    return np.sort(np.random.default_rng(n).permutation(n)[:count])


@dataclass(frozen=True)
class _Rows:
    """The rows of both sides.

    Attributes:
        columns: (d, n), all columns in units of their spread.
        symbols: (n,), the labels of a discrete side, or 0.
        order: (n,), the rows by size of the first column.
    """

    columns: Float
    symbols: Int
    order: Int

    @classmethod
    def of(cls, x: Variable, y: Variable) -> "_Rows":
        sides = [side for side in (x, y) if not side.discrete]
        labels = [side.symbols for side in (x, y) if side.discrete]
        columns = np.concatenate([side.columns * _scales(side)[:, np.newaxis] for side in sides])
        if sides[0] not in _order_of:
            _order_of[sides[0]] = np.argsort(columns[0], kind="stable")
        symbols = labels[0] if labels else np.zeros(x.n, np.int64)
        return cls(columns, symbols, _order_of[sides[0]])

    def nearest(self, places: Int, count: int) -> tuple[Float, Int]:
        """The distances of the nearest rows, (m, count + 1), and these rows."""
        distances = np.empty((len(places), count + 1))
        rows = np.empty(distances.shape, np.int64)
        nearest_rows(self.columns, self.symbols, self.order, places, distances, rows)
        return distances, rows


def _scales(side: Variable) -> Float:
    """One through the spread of each column: of its middle half, or of all where that is 0."""
    if side not in _scales_of:
        some = side.columns[:, _some_rows(side.n, SPREAD_ROWS)].astype(np.float64)
        some.sort(axis=1)
        quarter = some.shape[1] // 4
        middle = some[:, -1 - quarter] - some[:, quarter]
        spread = np.where(middle > 0, middle, side.high - side.low)
        _scales_of[side] = 1 / np.where(spread > 0, spread, 1.0)
    return _scales_of[side]


def _groups(distances: Float, errors: float, first: bool = False) -> tuple[Float, Int] | None:
    """Of each row the smallest ratio of consecutive distances, and of how many rows the first is.

    None if the ratios are as large as those of independent rows. first: whether any excess counts.
    """
    ratios = np.empty((2, len(distances)))
    places = np.empty(ratios.shape, np.int64)
    last = min(LAST_OF_DIMENSION, distances.shape[1] - 1)
    logs = np.empty(last + 1 - FIRST_OF_DIMENSION)
    untied = smallest_ratios(
        distances, FIRST_OF_DIMENSION, last + 1, FEW_COPIES, ratios, places, logs
    )
    # The likelihood estimate from each neighbour (Levina & Bickel 2004), and their median: copies
    # make a few of them small.
    dimension = SAFE_DIMENSION / max(sorted(logs)[len(logs) // 2], 1e-9)
    if _are_small(ratios[0], 1.0, errors, 0.0 if first else LEAST_EXCESS):
        return ratios[0], places[0] + 1
    if untied < len(distances) // 2 or dimension < 1:
        return None
    if _are_small(ratios[1], dimension, errors, 0.0 if first else LEAST_EXCESS_IN_SPACE):
        return ratios[1], places[1] + 1
    return None


def _are_small(ratios: Float, dimension: float, errors: float, least_excess: float) -> bool:
    """Whether more ratios are small than the smallest of t^d, t^(2d), ... let expect."""
    m = len(ratios)
    for limit in RATIOS:
        expected = min(limit**dimension / (1 - limit**dimension), 1.0)
        error = math.sqrt(expected * (1 - expected) / m)
        if np.count_nonzero(ratios < limit) > m * (expected + errors * error + least_excess):
            return True
    return False


def _lie_on_lines(both: _Rows, places: Int, near: Int, rounding: float) -> bool:
    """Whether many rows, and few of all pairs of their neighbours, lie on a line together."""
    if len(both.columns) < 2:
        return False
    most = MAX_PAIRS_ON_LINES * near.shape[1] * (near.shape[1] - 1) / 2
    on_line, exact, nearly = rows_on_lines(
        both.columns, both.order[places], near, 16 * rounding, ON_A_LINE, most
    )
    return exact >= 0.5 * nearly and on_line > MIN_SHARE_ON_LINES * len(places)


def _rounded_values_tell(x: Variable, y: Variable, targets: Int, copies: Int) -> bool:
    """Whether labels and rounded values tell the groups: few other rows share them all."""
    same = np.ones((len(targets), x.n), np.bool_)
    for side in (x, y):
        if side.discrete:
            same &= side.symbols == side.symbols[targets, np.newaxis]
        else:
            for column in side.columns[~_unrounded_columns(side)]:
                same &= column == column[targets, np.newaxis]
    counts = same.sum(axis=1)
    return bool(((counts > 1) & (counts <= 2 * (copies + 1))).mean() > 0.5)


def _unrounded_columns(side: Variable) -> NDArray[np.bool_]:
    """Which columns have values that are not multiples of one unit, with noise or without."""
    decimals = DIGITS + np.ceil(np.log10(_scales(side))).astype(int)
    return np.array([
        is_unrounded(np.round(column, places))
        for column, places in zip(side.float64, decimals.tolist(), strict=True)
    ])  # fmt: skip


def _has_values_of_many_rows(column: NDArray[np.floating], targets: Int, copies: Int) -> bool:
    """Whether groups of a column hold far more rows: its values are few, and got noise."""
    count = 0
    for target, known in zip(targets, copies, strict=True):
        distances = np.delete(np.abs(column - column[target]), target)
        distances = np.sort(distances)[: int(0.9 * len(distances))]
        ratios = np.ones(len(distances) - 1)
        np.divide(distances[:-1], distances[1:], out=ratios, where=distances[1:] > 0)
        limits = np.where(np.arange(len(ratios)) < NEAREST - 1, GAP, GAP_OF_FARTHER)
        count += ratios[known - 1] >= GAP and bool((ratios[known:] < limits[known:]).any())
    return count > 0.5 * len(targets)
