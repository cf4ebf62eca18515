"""Breaks ties between distances by noise that is too small to change anything else."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..shared.columns import centred

Float = NDArray[np.float64]
Int = NDArray[np.int64]

NOISE_PER_GAP = 1e-3  # amplitude of the noise, relative to the typical gap between values


def order_by_values(
    columns: Float | Int, symbols: Int | None = None, coarse: Float | Int | None = None
) -> Int:
    """An order of the rows that depends on the data, and not on the order in which rows came.

    Rows are sorted by columns (d, n). With labels `symbols` (n,) they are sorted within each label;
    the labels are sorted by a checksum of their rows, so that names and numbers of labels do not
    matter. The order of rows, or labels, that are equal in all of this is undefined.
    coarse (d, n): what the checksum is taken of, if rounding changes the last digits of columns.
    """
    coarse = columns if coarse is None else coarse
    if symbols is None:
        return np.lexsort(columns)
    order = np.lexsort([*columns, symbols])
    groups = np.split(order, np.flatnonzero(np.diff(symbols[order])) + 1)
    groups.sort(key=lambda rows: (len(rows), *(_checksum(c[:, rows]) for c in (coarse, columns))))
    return np.concatenate(groups)


def _checksum(values: Float | Int) -> int:
    return crc32(values.tobytes())


def break_ties(columns: Float, symbols: Int | None = None) -> Float:
    """The columns (d, n), each minus its median, plus uniform noise that makes values distinct.

    The noise is at most a thousandth of the typical gap between neighbouring distinct values, in
    the dimension where that gap is smallest. Its seed is a checksum of the ranks of the sorted
    rows, and the random numbers are assigned to the rows in sorted order. So the same data get the
    same noise in any order of rows and in any units, and other data get other noise, which averages
    out over data sets.
    symbols (n,): labels of the rows, if any, which distinguish rows of equal values.
    """
    values, ranks = zip(*(np.unique(c, return_inverse=True) for c in columns), strict=True)
    ranked = np.array(ranks, np.int64)
    varying = np.array([[len(distinct) > 1] for distinct in values])
    gaps = [np.diff(distinct) for distinct in values if len(distinct) > 1]
    amplitude = NOISE_PER_GAP * min(float(np.median(g)) for g in gaps) if gaps else 0.0
    order = order_by_values(ranked, symbols)
    rng = np.random.default_rng(crc32(ranked[:, order].tobytes()))
    noise = rng.uniform(-amplitude, amplitude, columns.shape)
    result = centred(columns)
    result[:, order] += np.where(varying, noise, 0.0)
    return result
