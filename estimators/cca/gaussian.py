"""The Gaussian term: the MI of a normal distribution fitted to the scores, one value per row.

The mean over rows is the estimate; the values of rows give the standard error of a difference
between two terms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, ndtr, polygamma, stdtrit

from .narrow_noise import max_nats
from .tuning import Tuning

Float = NDArray[np.float64]

# Singular values below this share of the largest are 0: their columns are linear in others.
RANK_TOLERANCE = 1e-6


@dataclass(frozen=True)
class GaussianTerm:
    """The Gaussian term of a sample.

    Attributes:
        rows: one value per row, in nats, (n,). Their mean is the estimate.
        chance: the limit up to which the mean may be due to chance, in nats.
        dims: dimensions of the smaller side, not counting columns that are linear in others.
    """

    rows: Float
    chance: float
    dims: int


def gaussian_term(x: Float, y: Float, tuning: Tuning) -> GaussianTerm:
    """The MI of a normal distribution fitted to x (dx, n), y (dy, n), without its bias.

    The mean over rows is [log det Sx + log det Sy - log det Sxy] / 2 less its bias. With n - 1
    degrees of freedom, E log det of a Wishart matrix of d dimensions is a constant plus
    sum_i psi((n - 1 - i) / 2), i = 0 ... d - 1, and its variance is sum_i psi'((n - 1 - i) / 2),
    whatever the covariance (Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed.
    2003, ch. 7). So the bias is exact for normal data at any dependence.

    `chance` is 3.5 standard deviations at independence. If rows have very unequal leverage, the
    estimate scatters more. So where the decision is close, permutations of the rows give a second
    limit, and the larger limit counts.
    """
    n = x.shape[1]
    basis_x, basis_y = orthonormal_basis(x), orthonormal_basis(y)
    dx, dy = len(basis_x), len(basis_y)
    if n - 1 <= dx + dy or not tuning.gaussian.used:
        return GaussianTerm(np.zeros(n), math.inf, min(dx, dy))
    halves = (n - 1 - np.arange(dx + dy)) / 2
    bias = (digamma(halves[:dx]).sum() + digamma(halves[:dy]).sum() - digamma(halves).sum()) / 2
    trigamma = polygamma(1, halves)
    sd = math.sqrt(trigamma.sum() - trigamma[:dx].sum() - trigamma[:dy].sum()) / 2
    errors = tuning.gaussian.significant_errors
    rows, limit = gaussian_rows(x, y, tuning) - float(bias), errors * sd
    low, high = tuning.gaussian.undecided_errors
    if low * sd < rows.mean() < high * sd:
        rng = np.random.default_rng(n)
        permuted = [
            _plug_in_nats(basis_x, basis_y[:, rng.permutation(n)], tuning)
            for _ in range(tuning.gaussian.permutations)
        ]
        limit = max(limit, beyond_chance(permuted, errors) - float(bias))
    return GaussianTerm(rows, limit, min(dx, dy))


def gaussian_rows(x: Float, y: Float, tuning: Tuning) -> Float:
    """The fitted normal's log p(x, y) / (p(x) p(y)) at each row of x (dx, n), y (dy, n).

    In canonical coordinates a, b of correlation s it is the sum over pairs of
    -log(1 - s^2) / 2 + (a^2 + b^2) / 2 - (a^2 - 2 s a b + b^2) / (2 (1 - s^2)).
    """
    n = x.shape[1]
    if len(x) == 0 or len(y) == 0:
        return np.zeros(n)
    basis_x, basis_y = orthonormal_basis(x), orthonormal_basis(y)
    left, s, right = np.linalg.svd(basis_x @ basis_y.T, full_matrices=False)
    a, b = math.sqrt(n) * (left.T @ basis_x), math.sqrt(n) * (right @ basis_y)
    s = np.minimum(s, max_correlation(n, tuning))[:, np.newaxis]
    unexplained = 1 - s**2
    rows = (
        (a**2 + b**2) / 2
        - (a**2 - 2 * s * a * b + b**2) / (2 * unexplained)
        - np.log(unexplained) / 2
    )
    return np.asarray(rows.sum(axis=0))


def beyond_chance(values: Sequence[float], errors: float) -> float:
    """A limit: one more such value exceeds it as rarely as a normal value exceeds `errors` sd.

    It is the limit of a prediction interval: with few values it must be wider (Student's t).
    """
    m = len(values)
    width = stdtrit(m - 1, ndtr(errors)) * math.sqrt(1 + 1 / m)
    return float(np.mean(values) + width * np.std(values, ddof=1))


def max_correlation(n: int, tuning: Tuning) -> float:
    """The largest correlation that n rows can show; a larger one is cut to it."""
    shown = math.sqrt(-math.expm1(-2 * max_nats(n, tuning.narrow)))
    return min(tuning.gaussian.max_correlation, shown)


def _plug_in_nats(basis_x: Float, basis_y: Float, tuning: Tuning) -> float:
    s = np.linalg.svd(basis_x @ basis_y.T, compute_uv=False)
    limit = max_correlation(basis_x.shape[1], tuning)
    return float(-0.5 * np.log1p(-(np.minimum(s, limit) ** 2)).sum())


def orthonormal_basis(columns: Float) -> Float:
    """An orthonormal basis (r, n) of the centred columns (d, n)."""
    centred = columns - columns.mean(axis=1, keepdims=True)
    _, s, right = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(right[s > RANK_TOLERANCE * s[0]])
