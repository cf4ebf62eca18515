"""Whether a side follows Z within the bins of Z: what its value says of that of the nearest row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contract.conditions import conditions_of
from mibench.contract.strata import estimate_in_strata
from mibench.contract.variables import NO_COLUMNS, NO_LIMITS, Variable
from mibench.types import Estimate

from ..shared.threads import thread_count
from .labels import information_of_labels
from .plug_in import RowSymbols, key_symbols

MOST_ROWS = 50_000  # that are looked at; of more, evenly spaced ones
FEWEST_PAIRS = 10
MOST_SINGLE_COLUMNS = 10  # of Z, each of which is looked at alone too


def as_labels(symbols: RowSymbols) -> Variable:
    """The bins of a side as labels."""
    return Variable(symbols.n, 1, NO_COLUMNS, NO_LIMITS, NO_LIMITS, symbols.symbols, symbols.counts)


def followed_nats(sides: tuple[Variable, Variable], z: Variable, bins_of_z: Variable) -> float:
    """What the nearest row in Z tells of the labels of a side, beyond the bin; the smaller of two.

    Rows that are near in Z share nothing else, if rows are independent. So if this is above 0 for
    both sides, both change with Z within its bins, however fast. The nearest row in a single column
    of Z tells more of what changes with that column alone, so the largest value of these is taken.

    sides: labels; z: numbers; bins_of_z: the bins of z as labels.
    """
    rows = np.arange(0, z.n, -(-z.n // MOST_ROWS))
    spread = z.high / 2 - z.low / 2  # halves, since a difference may overflow
    columns = (z.float64[:, rows].T / 2 - z.low / 2) / np.where(spread > 0, spread, 1.0)
    parts = [columns]
    if 1 < z.dims <= MOST_SINGLE_COLUMNS:
        parts += list(columns.T[:, :, np.newaxis])
    return max(_told_by_the_nearest(sides, part, bins_of_z, rows) for part in parts)


def _told_by_the_nearest(
    sides: tuple[Variable, Variable],
    columns: NDArray[np.float64],
    bins_of_z: Variable,
    rows: NDArray[np.int64],
) -> float:
    rows, nearest = _nearest_in_the_same_bin(columns, bins_of_z.symbols, rows)
    if len(rows) < FEWEST_PAIRS:
        return 0.0
    given = conditions_of(None, _labels_of(bins_of_z, rows), 1)

    def within(a: Variable, b: Variable, _: Variable | None) -> Estimate:
        return Estimate(0.0) if a.constant or b.constant else information_of_labels(a, b)

    return min(
        estimate_in_strata(within, _labels_of(side, rows), _labels_of(side, nearest), given).nats
        for side in sides
    )


def _nearest_in_the_same_bin(
    columns: NDArray[np.float64], bins: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those of the rows that share a bin with another one of them, and the nearest such row.

    columns (len(rows), d): values from 0 to 1.
    """
    from scipy.spatial import cKDTree

    places = np.column_stack([columns, 2.0 * bins[rows]])  # differ by at most 1 within a bin
    result: Any = cKDTree(places).query(places, 2, p=np.inf, workers=thread_count())
    distances, found = result
    # A copy of a row may come before the row itself.
    nearest = np.where(found[:, 0] == np.arange(len(rows)), found[:, 1], found[:, 0])
    shared = distances[:, 1] < 1.5
    return rows[shared], rows[nearest[shared]]


def _labels_of(side: Variable, rows: NDArray[np.int64]) -> Variable:
    return as_labels(key_symbols(side.symbols[rows], side.cardinality))
