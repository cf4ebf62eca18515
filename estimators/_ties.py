"""Breaks ties between distances by noise too small to change anything else."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ._scale import centred

Float = NDArray[np.float64]

SIZE = 1e-3  # of the spacing of values; see `break_ties`


def break_ties(columns: Float) -> Float:
    """The columns (d, n), each at its own origin, plus uniform noise that makes values distinct.

    The noise is at most a thousandth of the typical gap between neighbouring distinct values, in
    the dimension where that gap is smallest. Its seed is a checksum of the sorted rows, and the
    draws go to the rows in sorted order: the same data give the same noise in any order of rows,
    and other data another, so that the noise averages out over data sets.
    """
    varying = columns.max(axis=1, keepdims=True) > columns.min(axis=1, keepdims=True)
    gaps = [np.diff(np.unique(column)) for column in columns[varying[:, 0]]]
    size = SIZE * min(float(np.median(g)) for g in gaps) if gaps else 0.0
    columns = centred(columns)
    order = np.lexsort(columns)
    broken = columns[:, order]
    noise = np.random.default_rng(crc32(broken.tobytes())).uniform(-size, size, columns.shape)
    result = np.empty(columns.shape)
    result[:, order] = broken + np.where(varying, noise, 0.0)
    return result
