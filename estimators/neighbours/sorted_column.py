"""Sorted columns, with an index that makes counting within a distance quick."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import Variable

from ..kernels import line
from ..shared.columns import centred, on_common_scale, without_rounding
from ..shared.threads import share_rows
from .partitions import Slabs, cut_slabs

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MIN_ROWS_PER_THREAD = 4096
INTERVALS_PER_VALUE = 4  # of the table; measured, also for values with heavy tails


@dataclass(frozen=True, eq=False)
class SortedColumn:
    """The n values of a column in ascending order, with a table of the approximate place of values.

    order (n,): rows by their values; padded: the ascending values, then +inf; table, low, scale:
    see `kernels.line.tabulate`.
    """

    order: Int
    padded: Float
    table: NDArray[np.int32]
    low: float
    scale: float

    def count_within(self, reach: Float) -> Int:
        """How many rows, the row itself included, lie nearer than reach (n,) to each row, (n,)."""
        n = len(self.order)
        sorted_reach, sorted_counts = reach[self.order], np.empty(n, np.int64)
        share_rows(
            lambda a, b: line.count_within(
                self.padded, n, self.table, self.low, self.scale, sorted_reach, a, b, sorted_counts
            ),
            n,
            MIN_ROWS_PER_THREAD,
        )
        counts = np.empty(n, np.int64)
        counts[self.order] = sorted_counts
        return counts

    def occurrences_within(self, radius: Float, error: float, max_rounding: float) -> Int:
        """How often each count of rows nearer than a radius (n,) occurs, by count from 0 on.

        The row itself is counted. A radius is made smaller by `error`, and by no more than the
        share `max_rounding` of it. The last count is the largest one that occurs.
        """
        n = len(self.order)
        occurrences, lock, largest = np.zeros(n + 1, np.int64), Lock(), [0]

        def count(start: int, stop: int) -> None:
            part = np.zeros(n + 1, np.int64)
            most = line.occurrences_within(
                self.padded, n, self.table, self.low, self.scale, self.order, radius, error,
                max_rounding, start, stop, part,
            )  # fmt: skip
            with lock:
                occurrences[: most + 1] += part[: most + 1]
                largest.append(most)

        share_rows(count, n, MIN_ROWS_PER_THREAD)
        return occurrences[: max(largest) + 1]


def sorted_column(values: Float, order: Int) -> SortedColumn:
    """Index values (n,), of which `order` (n,) are the rows in ascending order."""
    n = len(values)
    padded = np.full(n + line.STEP, np.inf)
    padded[:n] = values[order]
    low, high = _middle_range(padded[:n])
    with np.errstate(over="ignore", divide="ignore"):
        scale = float(np.float64(INTERVALS_PER_VALUE * n) / (high - low))
    if not 0 < scale < math.inf:  # one value, or ends of the range of floats: search them all
        low, scale = 0.0, 0.0
    table = np.empty(INTERVALS_PER_VALUE * n + 1, np.int32)
    line.tabulate(padded, n, low, scale, table)
    return SortedColumn(order, padded, table, low, scale)


def _middle_range(ordered: Float) -> tuple[float, float]:
    """A range that holds most of the values, and that a few far ones do not widen."""
    n = len(ordered)
    a, b = ordered[n // 40], ordered[n - 1 - n // 40]
    low, high = max(ordered[0], a - (b - a) / 4), min(ordered[-1], b + (b - a) / 4)
    return (float(low), float(high)) if low < high else (float(ordered[0]), float(ordered[-1]))


@dataclass(frozen=True, eq=False)
class IndexedSide:
    """The columns (d, n) of one side, and what all its k-NN estimates share, computed once.

    rounding: the largest error of a value, in the units of the columns; 0 if it plays no part.
    """

    columns: Float
    rounding: float = 0.0

    @cached_property
    def order(self) -> Int:
        """The rows in ascending order of a side of one column, (n,)."""
        return np.argsort(self.columns[0])

    @cached_property
    def sorted_column(self) -> SortedColumn:
        """A side of one column, indexed. Searches for neighbours need `order` but no index."""
        return sorted_column(self.columns[0], self.order)

    def reordered(self, rows: Int) -> "IndexedSide":
        """This side with its rows in another order, (n,). A single column is not sorted again."""
        side = IndexedSide(np.ascontiguousarray(self.columns[:, rows]), self.rounding)
        if len(self.columns) == 1:
            places = np.empty(len(rows), np.int64)
            places[rows] = np.arange(len(rows))
            order = places[self.order]
            side.__dict__["order"] = order
            side.__dict__["sorted_column"] = replace(self.sorted_column, order=order)
        return side

    @cached_property
    def slabs(self) -> Slabs:
        """A side of two columns or more, cut into slabs."""
        return cut_slabs(self.columns)

    @cached_property
    def spreads(self) -> Float:
        """Each column's mean absolute deviation from its middle value, (d,)."""
        return np.asarray((np.abs(centred(self.columns)) / self.columns.shape[1]).sum(axis=1))


def varying_side(side: Variable) -> IndexedSide:
    """The columns of a side of numbers that vary, on a common scale; equal values stay equal."""
    return side_on_common_scale(side.float64[side.low < side.high])


def side_on_common_scale(columns: Float) -> IndexedSide:
    """The columns (d, n), all of which vary, on the scales of `on_common_scale`."""
    order = np.argsort(columns[0]) if len(columns) == 1 else None
    ordered = np.sort(columns, axis=1) if order is None else columns[:, order]
    columns, ordered = without_rounding(columns, ordered)
    scaled, errors = on_common_scale(columns, ordered)
    side = IndexedSide(scaled, float(errors.max()))
    if order is not None:  # scaling keeps the order, so that it need not be sorted again
        side.__dict__["order"] = order
    return side
