"""Whether sides change faster with Z than an estimator sees: what the nearest row in Z tells."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contract import flags
from mibench.contract.conditions import conditions_of
from mibench.contract.strata import estimate_in_strata
from mibench.contract.variables import Variable
from mibench.types import Estimate

from ..shared.threads import thread_count
from .labels import information_of_labels
from .plug_in import as_labels, key_symbols

MOST_ROWS = 50_000  # that are looked at; of more, evenly spaced ones
FEWEST_PAIRS = 10
MOST_SINGLE_COLUMNS = 10  # of Z, each of which is looked at alone too
COARSE_BINS = 6
MORE_THAN_SEEN = 0.05  # nats that the nearest row in Z must tell beyond the estimate of I(X;Z)
SHOWN = 0.05  # nats; smaller estimates are not looked at


def told_within_bins(x: Variable, y: Variable, z: Variable, bins_of_z: Variable) -> float:
    """What the nearest row in Z tells of the labels x and y, beyond the bin; the smaller of both.

    Rows that are near in Z share nothing else, if rows are independent. So if this is above 0 for
    both sides, both change with Z within its bins, however fast. The nearest row in a single column
    of Z tells more of what changes with that column alone, so the largest value of these is taken.

    z: numbers; bins_of_z: its bins as labels.
    """
    rows, parts = _rows_and_parts(z)
    return max(min(_told_by_the_nearest([x, y], part, bins_of_z, rows)) for part in parts)


def with_fast_changes(
    estimate: Estimate, x: Variable, y: Variable, z: Variable, terms: Mapping[str, float]
) -> Estimate:
    """The estimate of I(X;Y|Z), flagged if the nearest row in Z tells more than its I(X;Z), I(Y;Z).

    What a side shares with the nearest row in Z is at most what it shares with Z, so that these two
    are then too low.

    terms: the estimates in nats, with "I(X;Z)" and "I(Y;Z)", or one of them.
    """
    terms_with_z = {name: terms[name] for name in ("I(X;Z)", "I(Y;Z)") if name in terms}
    if estimate.nats <= SHOWN or not terms_with_z:
        return estimate
    columns = {"I(X;Z)": _coarse_labels(x), "I(Y;Z)": _coarse_labels(y)}
    sides = [(name, side) for name in terms_with_z for side in columns[name]]
    rows, parts = _rows_and_parts(z)
    whole = as_labels(key_symbols(np.zeros(z.n, np.int64), 1))
    told = dict.fromkeys(terms_with_z, 0.0)
    for part in parts:
        nats = _told_by_the_nearest([side for _, side in sides], part, whole, rows)
        for (name, _), of_side in zip(sides, nats, strict=True):
            told[name] = max(told[name], of_side)
    if any(told[name] <= terms_with_z[name] + MORE_THAN_SEEN for name in terms_with_z):
        return estimate
    least = min(terms_with_z, key=lambda name: told[name] - terms_with_z[name])
    code, text = flags.fast_changes(least, terms_with_z[least], told[least])
    return replace(estimate, flags={**estimate.flags, code: text})


def _rows_and_parts(z: Variable) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    """Rows to look at, and Z there from 0 to 1: all columns, and each column alone."""
    rows = np.arange(0, z.n, -(-z.n // MOST_ROWS))
    spread = z.high / 2 - z.low / 2  # halves, since a difference may overflow
    columns = (z.float64[:, rows].T / 2 - z.low / 2) / np.where(spread > 0, spread, 1.0)
    parts = [columns]
    if 1 < z.dims <= MOST_SINGLE_COLUMNS:
        parts += list(columns.T[:, :, np.newaxis])
    return rows, parts


def _coarse_labels(side: Variable) -> list[Variable]:
    """Each column of numbers in six bins at its quantiles; labels as they are."""
    if side.discrete:
        return [side]
    inner = np.arange(1, COARSE_BINS) / COARSE_BINS
    return [
        as_labels(key_symbols(np.digitize(column, np.quantile(column, inner)), COARSE_BINS))
        for column in side.float64
    ]


def _told_by_the_nearest(
    sides: Sequence[Variable],
    columns: NDArray[np.float64],
    bins_of_z: Variable,
    rows: NDArray[np.int64],
) -> list[float]:
    """For each side what the nearest row of the same bin tells of its labels, in nats."""
    rows, nearest = _nearest_in_the_same_bin(columns, bins_of_z.symbols, rows)
    if len(rows) < FEWEST_PAIRS:
        return [0.0] * len(sides)
    given = conditions_of(None, _labels_of(bins_of_z, rows), 1)

    def within(a: Variable, b: Variable, _: Variable | None) -> Estimate:
        return Estimate(0.0) if a.constant or b.constant else information_of_labels(a, b)

    return [
        estimate_in_strata(within, _labels_of(side, rows), _labels_of(side, nearest), given).nats
        for side in sides
    ]


def _nearest_in_the_same_bin(
    columns: NDArray[np.float64], bins: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those of the rows that share a bin with another one of them, and the nearest such row.

    columns (len(rows), d): values from 0 to 1.
    """
    from scipy.spatial import cKDTree

    places = np.column_stack([columns, 2.0 * bins[rows]])  # differ by at most 1 within a bin
    result: Any = cKDTree(places).query(places, 2, p=np.inf, workers=thread_count())
    distances, indices = result
    # A copy of a row may come before the row itself.
    nearest = np.where(indices[:, 0] == np.arange(len(rows)), indices[:, 1], indices[:, 0])
    shared = distances[:, 1] < 1.5
    return rows[shared], rows[nearest[shared]]


def _labels_of(side: Variable, rows: NDArray[np.int64]) -> Variable:
    return as_labels(key_symbols(side.symbols[rows], side.cardinality))
