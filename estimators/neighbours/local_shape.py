"""The nearest neighbours of each row as vectors, and the boxes and ellipsoids that they fill."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shared.threads import thread_count

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MOST_NATS = 44 * math.log(2)  # values closer than 2^-44 of their size differ by rounding alone
VALUES_AT_ONCE = 2**20  # of the vectors to neighbours
DRAWS = 4000  # of uniform neighbourhoods, which give a threshold and a mean
RARE = 0.005  # the share of uniform neighbourhoods that are corrected by mistake: Gao et al. 2015


def vectors_to_neighbours(
    columns: Float, k: int, norm: float
) -> Iterator[tuple[slice, Float, Float]]:
    """For rows in parts: which, the vectors to the k nearest (m, k, d), and the k-th distance (m,).

    columns (d, n), n > k, without rows that are copies of others. norm: 2 or infinity.
    """
    from scipy.spatial import cKDTree

    dims, n = columns.shape
    rows = np.ascontiguousarray(columns.T)
    tree = cKDTree(rows)
    step = max(1, VALUES_AT_ONCE // (k * dims))
    for start in range(0, n, step):
        part = slice(start, min(start + step, n))
        neighbours: Any = tree.query(rows[part], k + 1, p=norm, workers=thread_count())
        distances, indices = neighbours
        # The row itself is the first one, at distance 0.
        yield part, rows[indices[:, 1:]] - rows[part, np.newaxis], distances[:, -1]


def log_shares_of_boxes(vectors: Float) -> Float:
    """log(V' / V) (m,) for the vectors to the neighbours of m rows (m, k, d).

    V is the volume of the smallest box with sides along the columns that is centred on the row and
    holds all its neighbours, and V' that of such a box along their principal axes (Gao, Ver Steeg &
    Galstyan 2015, section 3). 0 for one column.
    """
    if vectors.shape[2] == 1:
        return np.zeros(len(vectors))
    along_columns = np.abs(vectors).max(axis=1)
    # In units of the box, so that squares neither under- nor overflow; undone below.
    largest = along_columns.max(axis=1)[:, np.newaxis, np.newaxis]
    scaled = vectors / largest
    _, axes = np.linalg.eigh(np.swapaxes(scaled, 1, 2) @ scaled)
    along_axes = np.abs(scaled @ axes).max(axis=1) * largest[:, :, 0]
    with np.errstate(divide="ignore"):  # all vectors may lie on one line, of volume 0
        shares = np.log(along_axes).sum(axis=1) - np.log(along_columns).sum(axis=1)
    return np.asarray(shares)


@lru_cache(maxsize=64)
def shares_of_uniform_rows(k: int, dims: int) -> tuple[float, float]:
    """log(V' / V) for k neighbours that are uniform in a cube: a rare small value, and the mean.

    `RARE` of such neighbourhoods are below the first value, since principal axes fit few rows
    closely by chance (the supplement of Gao et al. 2015). Both are estimated from `DRAWS` of them.
    """
    vectors = np.random.default_rng([k, dims]).uniform(-1, 1, (DRAWS, k, dims))
    shares = log_shares_of_boxes(vectors)
    return float(np.quantile(shares, RARE)), float(shares.mean())
