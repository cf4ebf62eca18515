"""The part of an estimate beside labels, as one value a row, in nats."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from ..neighbours.search import count_within, nearest
from ..neighbours.ties import break_ties
from .terms import NEIGHBOURS, Part, digamma_of, fewest

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def ross_part(u: Float, symbols: Int) -> Part:
    """Ross's estimate of I(U;C) from scores (d, n) and labels (n,), each of which occurs twice.

    psi(n) + psi(k_i) - psi(n_label) - psi(m_i) of each row; k as in `knn_part`.
    """
    counts = np.bincount(symbols)
    classes = [np.flatnonzero(symbols == s) for s in np.flatnonzero(counts)]
    each = [_ross_rows(u, symbols, counts, classes, k) for k in NEIGHBOURS]
    return fewest(NEIGHBOURS, each, lambda k: _ross_rows(u, symbols, counts, classes, k))


def _ross_rows(
    u: Float, symbols: Int, counts: Int, classes: list[Int], k: int
) -> tuple[Float, int]:
    n = u.shape[1]
    radius, tied = _within(u, classes, k)
    ties = int(tied.sum())
    if ties:
        u = break_ties(u, symbols)
        radius, _ = _within(u, classes, k)
    sizes = counts[symbols]
    inside = np.minimum(k, sizes - 1)
    around = count_within(u, radius, "auto")
    rows = digamma(n) + digamma_of(inside) - digamma_of(sizes) - digamma_of(around)
    return np.asarray(rows), ties


def _within(u: Float, classes: list[Int], k: int) -> tuple[Float, NDArray[np.bool_]]:
    radius, tied = np.empty(u.shape[1]), np.empty(u.shape[1], np.bool_)
    for rows in classes:
        own = np.ascontiguousarray(u[:, rows])
        found = nearest(own, min(k, len(rows) - 1), len(u), "auto")
        radius[rows], tied[rows] = found.radius, found.tied
    return radius, tied
