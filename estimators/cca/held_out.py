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
    model = _FoldModels(x, y, folds, max_correlation(n, tuning))
    most_pairs = min(len(x), len(y))
    counts = sorted({*(4**i for i in range(8) if 4**i < most_pairs), most_pairs})
    limits = tuning.held_out
    rows, mismatched = _log_ratios(model.scores(0.0), most_pairs, limits.max_rows_of_fold)
    if not _is_too_high(mismatched, limits):
        return HeldOutRatio(rows, False, rows)
    bounds = []
    for ridge in limits.ridges:
        scores = model.scores(ridge)
        for pairs in counts:
            rows_of_bound, mismatched = _log_ratios(scores, pairs, limits.max_rows_of_bounds)
            values = np.concatenate(mismatched)
            bounds += [t * rows_of_bound - _log_mean_exp(t * values) for t in limits.tempers]
    best = max(bounds, key=lambda bound: round(float(bound.mean()), 12))
    return HeldOutRatio(rows, True, best)


def ratio_of_pairs(u: Float, v: Float, folds: list[slice], tuning: Tuning) -> HeldOutRatio:
    """The ratio of pairs u, v (m, n) of scores out of fold: the sum of the pairs' normal ratios.

    Nothing is learned from the scores but one correlation a pair: to combine scores that were
    learned on overlapping rows would leak from fold to fold.
    """
    n = u.shape[1]
    u, v = (w - w.mean(axis=1, keepdims=True) for w in (u, v))
    u, v = (w / w.std(axis=1, keepdims=True) for w in (u, v))
    limit = max_correlation(n, tuning)
    products = [(u[:, rows] * v[:, rows]).sum(axis=1) for rows in folds]
    total = np.sum(products, axis=0)
    scores = []
    for rows, product in zip(folds, products, strict=True):
        s = (total - product) / (n - (rows.stop - rows.start))
        s = np.clip(s, -limit, limit)[:, np.newaxis]
        scores.append(_FoldScores(u[:, rows], v[:, rows], s))
    return _cautious(scores, tuning.held_out)


def _cautious(scores: "list[_FoldScores]", tuning: HeldOutTuning) -> HeldOutRatio:
    """The best bound among multiples of the ratio, less its standard errors.

    Pairs are often functions of each other. Then the ratio is too high unless the opposite is
    clear.
    """
    bounds = []
    for temper in tuning.tempers:
        rows, mismatched = _log_ratios(scores, len(scores[0].a), tuning.max_rows_of_fold)
        excess, error = _excess(mismatched, temper)
        highest = excess + tuning.cautious_errors * error
        bounds.append(temper * rows - highest)
        is_too_high = highest > tuning.min_excess  # of the ratio itself, the last temper
    best = max(bounds, key=lambda bound: round(float(bound.mean()), 12))
    return HeldOutRatio(rows, is_too_high, best)


@dataclass(frozen=True)
class _FoldScores:
    """Canonical scores a, b (m, rows) of a fold by directions and correlations s of the others."""

    a: Float
    b: Float
    s: Float


class _FoldModels:
    """Scores of white columns x (dx, n), y (dy, n) in each fold, learned on the other folds."""

    def __init__(self, x: Float, y: Float, folds: list[slice], limit: float) -> None:
        self.x, self.y, self.folds, self.limit = x, y, folds, limit
        both = np.concatenate([x, y])
        self.moments = [both[:, rows] @ both[:, rows].T for rows in folds]
        self.total = np.sum(self.moments, axis=0)

    def scores(self, ridge: float) -> list[_FoldScores]:
        """The scores of each fold.

        ridge: added to the variance, 1, of each principal component. A direction in which few rows
        differ may have no variance in the others.
        """
        n, scores = self.x.shape[1], []
        for rows, moment in zip(self.folds, self.moments, strict=True):
            others = (self.total - moment) / (n - (rows.stop - rows.start))
            others += max(ridge, MIN_RIDGE) * np.eye(len(others))
            left, right, s = _canonical_directions(others, len(self.x), self.limit)
            scores.append(_FoldScores(left @ self.x[:, rows], right @ self.y[:, rows], s))
        return scores


def _log_ratios(scores: list[_FoldScores], pairs: int, most: int) -> tuple[Float, list[Float]]:
    """The ratio of the first pairs: at each row (n,), and of mismatched rows in each fold.

    Mismatched are the first `most` rows of a in a fold, each joined with each other one of b.
    """
    rows, mismatched = [], []
    for fold in scores:
        a, b, s = fold.a[:pairs], fold.b[:pairs], fold.s[:pairs]
        of_rows, of_pairs = -(s**2) / (2 * (1 - s**2)), s / (1 - s**2)
        constant = -0.5 * float(np.log1p(-(s**2)).sum())
        of_a, of_b = (of_rows * a**2).sum(axis=0), (of_rows * b**2).sum(axis=0)
        rows.append(constant + of_a + of_b + (of_pairs * a * b).sum(axis=0))
        matrix = (of_pairs * a[:, :most]).T @ b[:, :most]
        matrix += (constant + of_a[:most])[:, np.newaxis] + of_b[:most]
        mismatched.append(matrix[~np.eye(len(matrix), dtype=bool)])
    return np.concatenate(rows), mismatched


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


def _log_mean_exp(values: Float) -> float:
    largest = float(values.max())
    return largest + math.log(float(np.exp(values - largest).mean()))
