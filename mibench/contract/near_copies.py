"""Whether rows nearly are copies of others, as repeated measurements are, or lie between two.

Where there are many independent rows around a row, their number within a distance grows at least
in proportion to the distance: so along a curve, and faster in more dimensions. Of a row with k near
copies it does not grow from the farthest copy to the first other row. So e_k / e_(k+1), for the
distances e_1, e_2, ... of the nearest rows, is below t in at most t^k of independent rows, and in
most of the rows that have k copies.

Rows that are drawn between a row and a neighbour (SMOTE, Chawla et al. 2002, doi:10.1613/jair.953)
keep no such distance. They lie on a straight line with both, to the last digits.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .blurred import blurred_values, has_values_of_many_rows
from .copies import is_unrounded
from .kernels.near_rows import nearest_rows, rows_on_lines, smallest_ratios
from .variables import Variable

Float = NDArray[np.float64]
Int = NDArray[np.int64]

LEAST_ROWS = 100
# Rows that are looked at: first a few; more if these are suspicious; and of these some closely.
FIRST_ROWS, MORE_ROWS, CLOSELY_ROWS = 24, 256, 32
# A row has at most so many copies. Rows make at least so many groups, and rows of a label at least
# so many: fewer groups are clusters.
MOST_COPIES, LEAST_GROUPS, LEAST_GROUPS_OF_LABEL = 24, 25, 8
RATIOS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
# The standard errors, and the share of rows, by which more rows have small ratios than independent
# ones may have.
SUSPICION, CERTAINTY, LEAST_EXCESS = 2.0, 4.5, 0.02
# In d dimensions, t^(k d) of independent rows have a ratio below t. As d is an estimate, half of it
# is used, for few copies, and a larger excess is asked for.
SAFE_DIMENSION, FEW_COPIES, LEAST_EXCESS_IN_SPACE = 0.5, 6, 0.12
# The neighbours that show the local dimension.
FIRST_OF_DIMENSION, LAST_OF_DIMENSION = 2, 8
# Disagreement of the ratios of two differences, over the columns, of rows that lie on a line, and
# of rows that nearly do.
ON_A_LINE, NEAR_A_LINE = 1e-9, 1e-3
COLUMNS_OF_LINES = 4  # of each side; a line in these is one in all
# The least share of rows on a line with two neighbours. On a curve most pairs of neighbours nearly
# lie on one: at most this share of them may, or so many. And how far a line may reach, in distances
# of the farthest neighbour: formulas, such as total = price x quantity, reach farther.
MIN_SHARE_ON_LINES, MAX_SHARE_OF_PAIRS, PAIRS_OF_LINES, MAX_REACH = 0.15, 0.15, 10, 4.0
SOME_ROWS = 256  # that show the spread and the unit of a column
# Columns with values so many spreads from their median have heavy tails: rows far out have no
# neighbours, so distances are those of arsinh.
HEAVY = 30.0
DIGITS = 7  # of the spread of a column; what differs by less was rounded, and got noise
LEAST_SPREAD, MOST_SPREAD = 1e-290, 1e290  # whose inverse is a float

_columns_of: WeakKeyDictionary[Variable, "_Columns"] = WeakKeyDictionary()


@np.errstate(all="ignore")  # of values near the limits of floats
def are_near_copies(x: Variable, y: Variable) -> bool:
    """Whether rows come in groups that are closer than independent rows are, or lie between others.

    Exact copies are not looked for: `copies.copied_rows` finds them.
    """
    sides = [_columns(side) for side in (x, y) if not side.discrete]
    if x.n < LEAST_ROWS or not sides:
        return False
    labels = [side for side in (x, y) if side.discrete]
    rows = _Rows(sides, labels[0] if labels else None)
    places = _some_rows(x.n, FIRST_ROWS)
    distances, near = rows.nearest(places)
    if _lie_between_others(rows, rows.order[places], near, distances):
        return True
    if _groups(distances, SUSPICION, first=True) is None:
        return False
    places = _some_rows(x.n, MORE_ROWS)
    distances, near = rows.nearest(places)
    groups = _groups(distances, CERTAINTY)
    if groups is None or not any(side.unrounded.any() for side in sides):
        return False
    ratios, copies = groups
    closely = np.argsort(ratios, kind="stable")[:CLOSELY_ROWS]
    closely = closely[ratios[closely] < RATIOS[-1]]
    targets, copies, near = rows.order[places[closely]], copies[closely], near[closely]
    return not _are_of_few_values(rows, targets, copies, near)


@lru_cache(maxsize=16)
def _some_rows(n: int, count: int) -> Int:
    return np.sort(np.random.default_rng(n).permutation(n)[:count])


def _columns(side: Variable) -> "_Columns":
    if side not in _columns_of:
        _columns_of[side] = _Columns(side.columns)
    return _columns_of[side]


class _Columns:
    """What is known of one side of numbers, computed once for a side of many pairs.

    Attributes:
        given: (d, n), as in the `Variable`.
        scale: (d,), one through the spread of each column: of its middle half, or of all values.
        scaled: (d, n), in units of the spread, from the median; arsinh of these for heavy tails.
    """

    def __init__(self, given: NDArray[np.floating]) -> None:
        self.given = given
        some = given[:, _some_rows(given.shape[1], SOME_ROWS)].astype(np.float64)
        some.sort(axis=1)
        quarter = some.shape[1] // 4
        low, high = some[:, quarter], some[:, -1 - quarter]
        spread = np.where(high > low, high - low, some[:, -1] - some[:, 0])
        self.scale = 1 / np.clip(np.where(spread > 0, spread, 1.0), LEAST_SPREAD, MOST_SPREAD)
        self._some = some
        self.scaled = given - some[:, some.shape[1] // 2, np.newaxis]
        self.scaled *= self.scale[:, np.newaxis]
        for column in self.scaled:
            if max(-column.min(), column.max()) > HEAVY:
                np.arcsinh(np.clip(column, -1e300, 1e300), out=column)

    @cached_property
    def order(self) -> Int:
        """(n,), the rows by size of the first column."""
        return np.argsort(self.scaled[0], kind="stable")

    @cached_property
    def unrounded(self) -> NDArray[np.bool_]:
        """(d,), whether values are no multiples of a unit, but for noise of the last digits."""
        decimals = DIGITS + np.ceil(np.log10(self.scale)).astype(int)
        return np.array([
            is_unrounded(np.round(column, places))
            for column, places in zip(self._some, decimals.tolist(), strict=True)
        ])  # fmt: skip

    @cached_property
    def of_lines(self) -> Int:
        """Some columns that are not rounded, those with the fewest values that repeat."""
        repeats = (np.diff(self._some, axis=1) == 0).sum(axis=1)
        order = np.argsort(repeats, kind="stable")
        return order[self.unrounded[order]][:COLUMNS_OF_LINES]


@dataclass(frozen=True)
class _Rows:
    """The rows of both sides: one or two of numbers, and labels or None."""

    sides: list[_Columns]
    labels: Variable | None

    @property
    def order(self) -> Int:
        return self.sides[0].order

    def nearest(self, places: Int) -> tuple[Float, Int]:
        """The distances of the nearest rows, (m, most copies + 1), and these rows."""
        n = len(self.order)
        most = min(MOST_COPIES, n // LEAST_GROUPS)
        distances = np.empty((len(places), most + 1))
        rows = np.empty(distances.shape, np.int64)
        columns, others = self.sides[0].scaled, _no_columns(n)
        if len(self.sides) == 2:
            others = self.sides[1].scaled
        symbols = _zeros(n) if self.labels is None else self.labels.symbols
        nearest_rows(columns, others, symbols, self.order, places, distances, rows)
        if self.labels is not None:
            of_label = self.labels.counts[symbols[self.order[places]]] // LEAST_GROUPS_OF_LABEL
            distances[np.arange(most + 1) > of_label[:, np.newaxis] + 1] = np.inf
        return distances, rows


@lru_cache(maxsize=4)
def _zeros(n: int) -> Int:
    return np.zeros(n, np.int64)


@lru_cache(maxsize=4)
def _no_columns(n: int) -> Float:
    return np.empty((0, n))


def _groups(distances: Float, errors: float, first: bool = False) -> tuple[Float, Int] | None:
    """Of each row the smallest ratio of consecutive distances, and how many rows are nearer.

    None if the ratios are as large as those of independent rows. first: whether any excess counts.
    """
    ratios = np.empty((2, len(distances)))
    places = np.empty(ratios.shape, np.int64)
    last = min(LAST_OF_DIMENSION, distances.shape[1] - 1)
    logs = np.empty(last + 1 - FIRST_OF_DIMENSION)
    smallest_ratios(distances, FIRST_OF_DIMENSION, last + 1, FEW_COPIES, ratios, places, logs)
    if _are_small(ratios[0], 1.0, errors, 0.0 if first else LEAST_EXCESS):
        return ratios[0], places[0] + 1
    # The likelihood estimate from each neighbour (Levina & Bickel 2004), and their median: copies
    # make a few of them small.
    dimension = SAFE_DIMENSION / max(sorted(logs)[len(logs) // 2], 1e-9)
    least_excess = 0.0 if first else LEAST_EXCESS_IN_SPACE
    if dimension >= 1 and _are_small(ratios[1], dimension, errors, least_excess):
        return ratios[1], places[1] + 1
    return None


def _are_small(ratios: Float, dimension: float, errors: float, least_excess: float) -> bool:
    """Whether more rows have a ratio below t than t^d + t^(2d) + ... allows, for some t."""
    m = len(ratios)
    for limit in RATIOS:
        expected = min(limit**dimension / (1 - limit**dimension), 1.0)
        error = math.sqrt(expected * (1 - expected) / m)
        if np.count_nonzero(ratios < limit) > m * (expected + errors * error + least_excess):
            return True
    return False


def _lie_between_others(rows: _Rows, targets: Int, near: Int, distances: Float) -> bool:
    """Whether many rows lie on short lines with two others."""
    columns = [
        (side.given[i], side.scale[i], float(np.finfo(side.given.dtype).eps))
        for side in rows.sides
        for i in side.of_lines
    ]
    if len(columns) < 2:
        return False
    differences = np.empty((*near.shape, len(columns)))
    rounding = np.empty((len(targets), len(columns)))
    for d, (column, scale, epsilon) in enumerate(columns):
        centres = column[targets].astype(np.float64)
        differences[..., d] = (column[near] - centres[:, np.newaxis]) * scale
        rounding[:, d] = 16 * epsilon * np.abs(centres) * scale
    pairs, lines = np.empty((2, len(targets)), np.int64), np.empty(len(targets), np.int64)
    rows_on_lines(differences, rounding, ON_A_LINE, NEAR_A_LINE, pairs, lines)
    most = max(MAX_SHARE_OF_PAIRS * near.shape[1] * (near.shape[1] - 1) / 2, PAIRS_OF_LINES)
    exact, nearly = pairs
    between = np.flatnonzero((exact > 0) & (exact >= 0.5 * nearly) & (nearly <= most))
    least = MIN_SHARE_ON_LINES * len(targets)
    if len(between) <= least:
        return False
    known = np.where(np.isfinite(distances), distances, 0).max(axis=1)
    short = 0
    for t in between:
        line = differences[t, lines[t]]
        main = int(np.abs(line).argmax())
        all_rows = [(column - column[targets[t]]) * scale for column, scale, _ in columns]
        steps = all_rows[main] / line[main]
        on_line = np.all([
            np.abs(offsets - steps * along) <= NEAR_A_LINE * np.abs(offsets) + rounding[t, d]
            for d, (offsets, along) in enumerate(zip(all_rows, line, strict=True))
        ], axis=0)  # fmt: skip
        reach = np.abs(steps[on_line]).max() * np.abs(line).max()
        short += reach <= MAX_REACH * known[t] and on_line.sum() <= MOST_COPIES
    return short > least


def _are_of_few_values(rows: _Rows, targets: Int, copies: Int, near: Int) -> bool:
    """Whether groups are rows that share values which repeat: labels, rounded, or with noise.

    So it is where few other rows share all of these values, or where a group has in each column
    the value of many more rows.
    """
    same = np.ones((len(targets), len(rows.order)), np.bool_)
    if rows.labels is not None:
        same &= rows.labels.symbols == rows.labels.symbols[targets, np.newaxis]
    of_many_rows = True
    for side in rows.sides:
        for column, is_irregular in zip(side.given, side.unrounded, strict=True):
            values = column
            if is_irregular:
                blurred = blurred_values(column, targets, copies, near)
                if blurred is None:
                    of_many_rows = of_many_rows and has_values_of_many_rows(column, targets, copies)
                    continue
                values = blurred
            same &= values == values[targets, np.newaxis]
    counts = same.sum(axis=1)
    alone = (counts > 1) & (counts <= 2 * (copies + 1))
    return of_many_rows or bool(alone.mean() > 0.5)
