"""Whether the Gaussian term is a density ratio: its mean over mismatched rows must be 1.

The Gaussian term is the mean of a log density ratio r(x, y). For a true ratio the mean of exp(r)
over rows of x joined with other rows' y is 1. Where the sides are not jointly normal (clusters,
angles, shared zeros, binary columns), it can be far larger, and the term is then too high. Learned
on other rows, any function r gives a lower bound of the MI (Donsker & Varadhan 1983,
doi:10.1002/cpa.3160360204):

    I >= mean of r over rows - log mean of exp(r) over mismatched rows
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from .gaussian import max_correlation, orthonormal_basis
from .tuning import HeldOutTuning, Tuning

Float = NDArray[np.float64]

MIN_RIDGE = 1e-12  # so that a direction without variance has a scale


@dataclass(frozen=True)
class HeldOutRatio:
    """The fitted normal's log density ratio at rows that it was not learned from.

    Attributes:
        rows: the ratio at each row, (n,).
        is_too_high: whether it is no density ratio, since mismatched rows have too large ones.
        bound_rows: a lower bound of the MI, one value per row, whose mean is the bound. Where the
            ratio is not too high, these are `rows`. Otherwise they are those of the largest bound
            of Donsker & Varadhan among multiples of the ratio: below 1, where the normal is too
            sure.
    """

    rows: Float
    is_too_high: bool
    bound_rows: Float


def held_out_ratio(x: Float, y: Float, folds: list[slice], tuning: Tuning) -> HeldOutRatio | None:
    """The ratio of x (dx, n), y (dy, n), in each fold of rows learned on the others.

    None where the rows are too few to learn it.
    """
    n = x.shape[1]
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    x, y = orthonormal_basis(x) * math.sqrt(n), orthonormal_basis(y) * math.sqrt(n)
    largest = max(rows.stop - rows.start for rows in folds)
    if n - largest <= 2 * (len(x) + len(y)) or min(len(x), len(y)) == 0:
        return None
    model = _FoldMoments(x, y, folds, max_correlation(n, tuning), tuning.held_out.max_rows_of_fold)
    rows, mismatched = model.log_ratios(0.0, min(len(x), len(y)))
    if not _is_too_high(mismatched, tuning.held_out):
        return HeldOutRatio(rows, False, rows)
    most, bounds = min(len(x), len(y)), []
    for ridge in tuning.held_out.ridges:
        for pairs in sorted({most, *(2**i for i in range(most.bit_length()))}):
            rows, mismatched = model.log_ratios(ridge, pairs)
            values = np.concatenate(mismatched)
            bounds += [t * rows - _log_mean_exp(t * values) for t in tuning.held_out.tempers]
    best = max(bounds, key=lambda bound: round(float(bound.mean()), 12))
    return HeldOutRatio(rows, True, best)


class _FoldMoments:
    """The ratio of x (dx, n), y (dy, n), white, on each fold by the moments of the others."""

    def __init__(self, x: Float, y: Float, folds: list[slice], limit: float, most: int) -> None:
        self.x, self.y, self.folds, self.limit, self.most = x, y, folds, limit, most
        both = np.concatenate([x, y])
        self.moments = [both[:, rows] @ both[:, rows].T for rows in folds]
        self.total = np.sum(self.moments, axis=0)

    def log_ratios(self, ridge: float, pairs: int) -> tuple[Float, list[Float]]:
        """The ratio of the first canonical pairs: at each row, and at mismatched rows of each fold.

        ridge: added to the variance, 1, of each principal component. A direction in which few rows
        differ may have no variance in the others.
        """
        n = self.x.shape[1]
        ratios, mismatched = [], []
        for rows, moment in zip(self.folds, self.moments, strict=True):
            others = (self.total - moment) / (n - (rows.stop - rows.start))
            others += max(ridge, MIN_RIDGE) * np.eye(len(others))
            left, right, s = _canonical_directions(others, len(self.x), self.limit)
            a, b, s = left[:pairs] @ self.x[:, rows], right[:pairs] @ self.y[:, rows], s[:pairs]
            ratios.append(_log_ratios(a, b, s))
            mismatched.append(_mismatched_log_ratios(a, b, s, self.most))
        return np.concatenate(ratios), mismatched


def _is_too_high(mismatched: list[Float], tuning: HeldOutTuning) -> bool:
    """Whether an excess is larger than chance, and than what does not matter.

    For a true ratio, the mean of exp(ratio) exceeds e^t with a probability of at most e^-t
    (Markov's inequality), however few rows decide it.
    """
    for temper in tuning.tested_tempers:
        excess, error = _excess(mismatched, temper)
        if excess > max(tuning.min_excess * temper, tuning.min_errors * error):
            return True
        if excess > tuning.certain_excess:
            return True
    return False


def _excess(mismatched: list[Float], temper: float) -> tuple[float, float]:
    """Log mean of exp(temper * ratio) over mismatched rows, in nats, and its standard error.

    For a true ratio and a temper of at most 1 it is at most 0, whatever the distribution. The
    standard error is a jackknife over folds.
    """
    log_means = np.array([_log_mean_exp(temper * values) for values in mismatched])
    log_sizes = np.log([len(values) for values in mismatched])
    pooled = float(logsumexp(log_means + log_sizes) - logsumexp(log_sizes))
    left_out = [
        float(logsumexp(np.delete(log_means + log_sizes, i)) - logsumexp(np.delete(log_sizes, i)))
        for i in range(len(log_sizes))
    ]
    return pooled, math.sqrt(len(log_sizes) - 1) * float(np.std(left_out))


def _canonical_directions(moments: Float, dx: int, limit: float) -> tuple[Float, Float, Float]:
    """Canonical directions (m, dx), (m, dy), and correlations (m, 1), from second moments."""
    white_x, white_y = _whitening(moments[:dx, :dx]), _whitening(moments[dx:, dx:])
    left, s, right = np.linalg.svd(white_x @ moments[:dx, dx:] @ white_y.T, full_matrices=False)
    return left.T @ white_x, right @ white_y, np.minimum(s, limit)[:, np.newaxis]


def _whitening(moments: Float) -> Float:
    """A matrix (d, d) that makes columns with these second moments (d, d) uncorrelated."""
    scale, axes = np.linalg.eigh(moments)
    return np.asarray((axes / np.sqrt(scale)).T)


def _log_ratios(a: Float, b: Float, s: Float) -> Float:
    """The ratio at rows (n,) of canonical scores a, b (m, n) of correlations s (m, 1)."""
    of_rows, of_pairs = -(s**2) / (2 * (1 - s**2)), s / (1 - s**2)
    constant = -0.5 * float(np.log1p(-(s**2)).sum())
    return np.asarray(constant + (of_rows * (a**2 + b**2) + of_pairs * a * b).sum(axis=0))


def _mismatched_log_ratios(a: Float, b: Float, s: Float, most: int) -> Float:
    """The ratio at each of the first rows of a joined with each other one of b."""
    a, b = a[:, :most], b[:, :most]
    of_rows, of_pairs = -(s**2) / (2 * (1 - s**2)), s / (1 - s**2)
    constant = -0.5 * float(np.log1p(-(s**2)).sum())
    matrix = (of_pairs * a).T @ b
    matrix += (constant + (of_rows * a**2).sum(axis=0))[:, np.newaxis]
    matrix += (of_rows * b**2).sum(axis=0)
    return np.asarray(matrix[~np.eye(len(matrix), dtype=bool)])


def _log_mean_exp(values: Float) -> float:
    return float(logsumexp(values)) - math.log(len(values))
