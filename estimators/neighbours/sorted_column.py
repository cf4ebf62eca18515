"""A column in order: what every search along it needs, worked out once."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..kernels import line
from ..shared.columns import centred
from ..shared.threads import share_rows

Float = NDArray[np.float64]
Int = NDArray[np.int64]

LEAST_ROWS = 1024  # that are worth a thread


@dataclass(frozen=True, eq=False)
class Line:
    """n values in order, and where each of as many cells begins, by which counting is quick.

    order (n,): rows by their values; padded: the ascending values, then +inf; table, low, scale:
    of `kernels.line.tabulate`.
    """

    order: Int
    padded: Float
    table: NDArray[np.int32]
    low: float
    scale: float

    def count_within(self, reach: Float) -> Int:
        """How many values, itself included, lie nearer than reach (n,), given by row, to each.

        In the order of the values, not of the rows.
        """
        n = len(self.order)
        sorted_reach, counts = reach[self.order], np.empty(n, np.int64)
        share_rows(
            lambda a, b: line.count_within(
                self.padded, n, self.table, self.low, self.scale, sorted_reach, a, b, counts
            ),
            n,
            LEAST_ROWS,
        )
        return counts


def line_of(values: Float, order: Int) -> Line:
    """The line of values (n,), whose order is known."""
    n = len(values)
    padded = np.full(n + line.STEP, np.inf)
    padded[:n] = values[order]
    low, high = _middle(padded[:n])
    with np.errstate(over="ignore", divide="ignore"):
        scale = float(np.float64(n) / (high - low))
    if not 0 < scale < math.inf:  # one value, or ends of the range of floats: search them all
        low, scale = 0.0, 0.0
    table = np.empty(n + 1, np.int32)
    line.tabulate(padded, n, low, scale, table)
    return Line(order, padded, table, low, scale)


def _middle(ordered: Float) -> tuple[float, float]:
    """A range that holds most of the values, and no few far ones."""
    n = len(ordered)
    a, b = ordered[n // 40], ordered[n - 1 - n // 40]
    low, high = max(ordered[0], a - (b - a) / 4), min(ordered[-1], b + (b - a) / 4)
    return (float(low), float(high)) if low < high else (float(ordered[0]), float(ordered[-1]))


@dataclass(frozen=True, eq=False)
class Side:
    """The columns (d, n) of one side, and what its estimates with all others have in common."""

    columns: Float

    @cached_property
    def order(self) -> Int:
        """The rows by the values of the one column, (n,)."""
        return np.argsort(self.columns[0])

    @cached_property
    def line(self) -> Line:
        """The one column in order; apart from `order`, since a search needs no table beside it."""
        return line_of(self.columns[0], self.order)

    @cached_property
    def spreads(self) -> Float:
        """Each column's mean absolute deviation from its middle value, (d,)."""
        return np.asarray((np.abs(centred(self.columns)) / self.columns.shape[1]).sum(axis=1))
