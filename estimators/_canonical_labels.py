"""The parts of an estimate beside labels, each as one value a row, in nats."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, logsumexp

from ._canonical_parts import NEIGHBOURS, Part, digamma_of, fewest
from ._neighbours import count_within, nearest
from ._ties import break_ties

Float = NDArray[np.float64]
Int = NDArray[np.int64]

DOUBT = (
    0.01  # share of a posterior that is the label's own frequency, which bounds what errors cost
)


def discriminant_part(u: Float, symbols: Int, stretches: list[slice]) -> Part:
    """Log p(c | u) / p(c) of each row, of normal classes with one covariance (Fisher's).

    u (m, n); symbols (n,): 0, 1, ... Each stretch is judged by classes learned on the others. By
    Gibbs's inequality no posterior gives more than I(U;C) in the mean (Barber & Agakov 2003), and
    this one is right where classes are normal and alike, in any number of directions.
    """
    n = len(symbols)
    counts = np.bincount(symbols)
    rows = np.empty(n)
    for s in stretches:
        others = np.ones(n, np.bool_)
        others[s] = False
        rows[s] = _log_posterior(u[:, others], symbols[others], u[:, s], len(counts))[
            symbols[s], np.arange(s.stop - s.start)
        ]
    rows -= np.log(counts / n)[symbols]
    return Part(rows, rows, 0, 0)


def _log_posterior(u: Float, symbols: Int, new: Float, labels: int) -> Float:
    """Log p(c | u) (labels, new rows), from rows u (m, n) and their labels."""
    counts = np.bincount(symbols, minlength=labels)
    sums = np.stack([np.bincount(symbols, score, labels) for score in u])
    means = sums / np.maximum(counts, 1)
    within = u - means[:, symbols]
    covariance = within @ within.T / max(u.shape[1] - labels, 1)
    scale, axes = np.linalg.eigh(covariance)
    whiten = axes / np.sqrt(np.maximum(scale, 1e-9 * scale[-1]))
    a, b = whiten.T @ new, whiten.T @ means
    with np.errstate(divide="ignore"):
        log_prior = np.log(counts / counts.sum())
        fit = (b.T @ a) - (b**2).sum(axis=0)[:, np.newaxis] / 2 + log_prior[:, np.newaxis]
        posterior = np.exp(fit - logsumexp(fit, axis=0))
        prior = (counts + 1) / (counts + 1).sum()
        return np.asarray(np.log((1 - DOUBT) * posterior + DOUBT * prior[:, np.newaxis]))


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
