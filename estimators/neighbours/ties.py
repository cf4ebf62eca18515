"""Breaks ties between distances by noise too small to change anything else."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..shared.columns import centred

Float = NDArray[np.float64]
Int = NDArray[np.int64]

SIZE = 1e-3  # of the spacing of values; see `break_ties`


def canonical_order(columns: Float, symbols: Int | None = None) -> Int:
    """An order of the rows that the data decide, not the order that they came in.

    Sorted by columns (d, n); with labels `symbols` (n,), label by label, and the labels in an order
    that their own rows decide, since neither their names nor their numbers may. What is left open
    are rows, or labels, that are the same in all of this.
    """
    if symbols is None:
        return np.lexsort(columns)
    order = np.lexsort([*columns, symbols])
    groups = np.split(order, np.flatnonzero(np.diff(symbols[order])) + 1)
    groups.sort(key=lambda rows: (len(rows), crc32(columns[:, rows].tobytes())))
    return np.concatenate(groups)


def break_ties(columns: Float, symbols: Int | None = None) -> Float:
    """The columns (d, n), each at its own origin, plus uniform noise that makes values distinct.

    The noise is at most a thousandth of the typical gap between neighbouring distinct values, in
    the dimension where that gap is smallest. Its seed is a checksum of the sorted rows, and the
    draws go to the rows in sorted order: the same data give the same noise in any order of rows,
    and other data another, so that the noise averages out over data sets. symbols (n,): labels of
    the rows, if they have any, which tell rows of equal values apart.
    """
    varying = columns.max(axis=1, keepdims=True) > columns.min(axis=1, keepdims=True)
    gaps = [np.diff(np.unique(column)) for column in columns[varying[:, 0]]]
    size = SIZE * min(float(np.median(g)) for g in gaps) if gaps else 0.0
    columns = centred(columns)
    order = canonical_order(columns, symbols)
    broken = columns[:, order]
    noise = np.random.default_rng(crc32(broken.tobytes())).uniform(-size, size, columns.shape)
    result = np.empty(columns.shape)
    result[:, order] = broken + np.where(varying, noise, 0.0)
    return result
