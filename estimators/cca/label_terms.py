"""Ross's k-NN estimate of I(scores; labels), one term per row, in nats."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from ..neighbours.ksg import ross_counts
from ..neighbours.sorted_column import IndexedSide
from .terms import NEIGHBOURS, Part, digamma_of, fewest

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def ross_part(u: Float, symbols: Int) -> Part:
    """Ross's estimate of I(U;C) from scores (d, n) and labels (n,), each of which occurs twice.

    k as in `knn_part`.
    """
    each = [_ross_rows(u, symbols, k) for k in NEIGHBOURS]
    return fewest(NEIGHBOURS, each, lambda k: _ross_rows(u, symbols, k))


def _ross_rows(u: Float, symbols: Int, k: int) -> tuple[Float, int]:
    """psi(n) + psi(k_i) - psi(n_label) - psi(m_i) of each row (n,), and how many had ties."""
    counts = ross_counts(IndexedSide(np.ascontiguousarray(u)), symbols, k)
    rows = digamma(u.shape[1]) + digamma_of(counts.k)
    rows = rows - digamma_of(counts.class_sizes) - digamma_of(counts.within)
    return np.asarray(rows), counts.tied_rows
