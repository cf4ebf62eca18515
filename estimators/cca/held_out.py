"""Whether the Gaussian term is a density ratio: its mean over mismatched rows must be 1.

The Gaussian term is the mean of a log density ratio r(x, y). For a true ratio the mean of exp(r)
over rows of x joined with other rows' y is 1. Where the sides are not jointly normal (clusters,
angles, shared zeros, binary columns), it can be far larger, and the term is then too high. Learned
on other rows, any function r gives a lower bound of the MI (Donsker & Varadhan 1983,
doi:10.1002/cpa.3160360204):

    I >= mean of r over rows - log mean of exp(r) over mismatched rows

The mean of exp(r) needs about exp(I) mismatched rows. Where I is large, rows are too few: the mean
is then too small, and shows nothing. So a large ratio is also tested in groups of canonical pairs,
each of which has a smaller ratio. The bound of a sum of groups is the sum of their bounds, which is
a bound of the MI if the groups of a side are independent of each other.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..shared.kurtosis import kurtosis_of
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
            sure. Of a large ratio they are those of the least sum of such bounds over groups, which
            is a lower bound if the groups of a side are independent of each other.
        is_unsure: whether the rows are too few to bound so many nats, and the ratio is too high or
            both sides have less kurtosis than normal ones.
    """

    rows: Float
    is_too_high: bool
    bound_rows: Float
    is_unsure: bool = False


def held_out_ratio(x: Float, y: Float, folds: list[slice], tuning: Tuning) -> HeldOutRatio | None:
    """The ratio of x (dx, n), y (dy, n), in each fold of rows learned on the others.

    None where the rows are too few to learn it.
    """
    n = x.shape[1]
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    bases = orthonormal_basis(x), orthonormal_basis(y)
    x, y = bases[0] * math.sqrt(n), bases[1] * math.sqrt(n)
    if _too_few_rows(n, len(x), len(y), folds):
        return None
    both = np.concatenate([x, y])
    moments = [both[:, rows] @ both[:, rows].T for rows in folds]
    total = np.sum(moments, axis=0)
    parts = [
        _Fold((total - moment) / (n - (rows.stop - rows.start)), x[:, rows], y[:, rows])
        for rows, moment in zip(folds, moments, strict=True)
    ]
    ratios = _FoldRatios(parts, MIN_RIDGE, max_correlation(n, tuning), tuning.held_out)
    groups = ratios.in_groups
    limits = tuning.held_out
    if not (ratios.is_too_high or any(sizes.is_too_high for sizes in groups)):
        is_unsure = ratios.are_rows_few(ratios.rows) and all(
            kurtosis_of(basis).is_less(limits.min_kurtosis_share, limits.kurtosis_errors)
            for basis in bases
        )
        return HeldOutRatio(ratios.rows, False, ratios.rows, is_unsure)
    bounds = [sizes.bound_rows for sizes in groups]
    if ratios.is_too_high or not bounds:
        bounds.append(ratios.bound_rows)
    least = min(bounds, key=_rounded_mean)
    return HeldOutRatio(ratios.rows, True, least, ratios.are_rows_few(least))


def ratio_of_pairs(u: Float, v: Float, folds: list[slice], tuning: Tuning) -> HeldOutRatio:
    """The ratio of pairs u, v (m, n) of scores out of fold: the sum of the pairs' normal ratios.

    Nothing is learned from the scores but one correlation a pair: to combine scores that were
    learned on overlapping rows would leak from fold to fold. Pairs are often functions of each
    other. So the ratio counts as too high unless the opposite is clear, and the bound is the best
    among its multiples, less standard errors of the excess.
    """
    limits, limit, n = tuning.held_out, max_correlation(u.shape[1], tuning), u.shape[1]
    u, v = (w - w.mean(axis=1, keepdims=True) for w in (u, v))
    u, v = (w / w.std(axis=1, keepdims=True) for w in (u, v))
    products = [(u[:, rows] * v[:, rows]).sum(axis=1) for rows in folds]
    total = np.sum(products, axis=0)
    scores = []
    for rows, product in zip(folds, products, strict=True):
        s = np.clip((total - product) / (n - (rows.stop - rows.start)), -limit, limit)
        scores.append(_FoldScores(u[:, rows], v[:, rows], s[:, np.newaxis]))
    ratio_rows, mismatched = _log_ratios(scores, len(u), limits.max_rows_of_bounds)
    bounds, is_too_high = [np.zeros(n)], True
    for temper in sorted({*limits.tempers, 1.0}):
        excess, error = _excess(mismatched, temper)
        is_known = error < limits.max_error
        highest = max(excess + limits.cautious_errors * error, _least_excess(ratio_rows, temper))
        if is_known:
            bounds.append(temper * ratio_rows - highest)
        is_too_high = not is_known or highest > limits.min_excess  # at last, of the ratio itself
    return HeldOutRatio(ratio_rows, is_too_high, _largest(bounds))


def _too_few_rows(n: int, dx: int, dy: int, folds: list[slice]) -> bool:
    largest = max(rows.stop - rows.start for rows in folds)
    return n - largest <= 2 * (dx + dy) or min(dx, dy) == 0


@dataclass(frozen=True)
class _Fold:
    """Second moments (d, d) of both sides in the other rows, and x (dx, k), y (dy, k) of a fold."""

    moments: Float
    x: Float
    y: Float

    def scores(self, ridge: float, limit: float) -> "_FoldScores":
        """Canonical scores by directions of the other rows; ridge: added to each variance.

        A direction in which few rows differ may have no variance in the others.
        """
        moments = self.moments + ridge * np.eye(len(self.moments))
        left, right, s = _canonical_directions(moments, len(self.x), limit)
        return _FoldScores(left @ self.x, right @ self.y, s)


@dataclass(frozen=True)
class _FoldScores:
    """Canonical scores a, b (m, rows) of a fold by directions and correlations s of the others."""

    a: Float
    b: Float
    s: Float

    def pairs(self, first: int, end: int) -> "_FoldScores":
        return _FoldScores(self.a[first:end], self.b[first:end], self.s[first:end])


@dataclass(frozen=True)
class _FoldRatios:
    """The ratios of all folds, each learned on other rows.

    Attributes:
        folds: what they are learned from and applied to.
        ridge: the least that is added to each variance.
        limit: the largest correlation.
        tuning: how the ratios are tested and which bounds are compared.
    """

    folds: list[_Fold]
    ridge: float
    limit: float
    tuning: HeldOutTuning

    @property
    def rows(self) -> Float:
        """The ratio at each row, (n,)."""
        return self._ratios[0]

    @cached_property
    def is_too_high(self) -> bool:
        """Whether it is no density ratio."""
        return _is_too_high(self._ratios[1], self.tuning)

    @cached_property
    def bound_rows(self) -> Float:
        """The largest bound of Donsker & Varadhan among several multiples, ridges and pairs."""
        bounds = []
        few_pairs = [4**i for i in range((self._most_pairs.bit_length() + 1) // 2)]
        for more in self.tuning.ridges:
            scores = [fold.scores(max(self.ridge, more), self.limit) for fold in self.folds]
            for pairs in sorted({self._most_pairs, *few_pairs}):
                ratios = _log_ratios(scores, pairs, self.tuning.max_rows_of_bounds)
                bounds += _bounds(*ratios, self.tuning)
        return _largest(bounds)

    @cached_property
    def in_groups(self) -> list["_Groups"]:
        """The ratio as a sum over groups, for each size of groups.

        None of a small ratio, and none where all pairs together show that it is too high.
        """
        known = self.is_too_high and not self.are_rows_few(self.rows)
        if known or self._most_pairs < 2 or self.rows.mean() < self.tuning.grouped_nats:
            return []
        sizes = [size for size in self.tuning.group_sizes if size < self._most_pairs]
        return [_Groups(self._scores, size, self.tuning) for size in sizes]

    def are_rows_few(self, rows: Float) -> bool:
        """Whether so many nats as the mean of `rows` need more mismatched rows than there are."""
        mismatched = sum(len(values) for values in self._ratios[1])
        return float(rows.mean()) > math.log(mismatched) - self.tuning.nats_of_rows

    @property
    def _most_pairs(self) -> int:
        return min(len(self.folds[0].x), len(self.folds[0].y))

    @cached_property
    def _scores(self) -> list["_FoldScores"]:
        return [fold.scores(self.ridge, self.limit) for fold in self.folds]

    @cached_property
    def _ratios(self) -> tuple[Float, list[Float]]:
        return _log_ratios(self._scores, self._most_pairs, self.tuning.max_rows_of_fold)


@dataclass(frozen=True)
class _Groups:
    """The ratio as the sum over groups of `size` consecutive pairs."""

    scores: list[_FoldScores]
    size: int
    tuning: HeldOutTuning

    @cached_property
    def is_too_high(self) -> bool:
        """By the excess of all groups together: one test, and not one for each group."""
        nats = excess = variance = 0.0
        for rows, mismatched in self._ratios():
            nats += float(rows.mean())
            if self._matters(rows):
                of_group, error = _excess(mismatched, 1.0)
                excess, variance = excess + of_group, variance + error**2
        least = max(self.tuning.min_excess, self.tuning.min_share_of_groups * nats)
        return excess > max(least, self.tuning.min_errors * math.sqrt(variance))

    @cached_property
    def bound_rows(self) -> Float:
        """The sum of the bounds of the groups, (n,)."""
        bounds = [
            _largest(_bounds(rows, mismatched, self.tuning)) if self._matters(rows) else rows
            for rows, mismatched in self._ratios()
        ]
        return np.asarray(np.sum(bounds, axis=0))

    def _matters(self, rows: Float) -> bool:
        return float(rows.mean()) >= self.tuning.least_group_nats

    def _ratios(self) -> Iterator[tuple[Float, list[Float]]]:
        """Those of one group after the other, since all together take much memory."""
        for first in range(0, len(self.scores[0].a), self.size):
            group = [fold.pairs(first, first + self.size) for fold in self.scores]
            yield _log_ratios(group, self.size, self.tuning.max_rows_of_fold)


def _bounds(rows: Float, mismatched: list[Float], tuning: HeldOutTuning) -> list[Float]:
    """The bounds of Donsker & Varadhan of several multiples of a ratio, (n,) each."""
    values = np.concatenate(mismatched)
    return [
        t * rows - max(_log_mean_exp(t * values), _least_excess(rows, t)) for t in tuning.tempers
    ]


def _largest(bounds: list[Float]) -> Float:
    return max(bounds, key=_rounded_mean)


def _rounded_mean(values: Float) -> float:
    """Rounded, so that the order of sums does not decide."""
    return round(float(values.mean()), 12)


def _log_ratios(scores: list[_FoldScores], pairs: int, most: int) -> tuple[Float, list[Float]]:
    """The ratio of the first pairs: at each row (n,), and of mismatched rows in each fold.

    Mismatched are the first `most` rows of a in a fold, each joined with each other one of b.
    """
    rows, mismatched = [], []
    for fold in scores:
        few = fold.pairs(0, pairs)
        a, b, s = few.a, few.b, few.s
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
    sizes = np.array([len(values) for values in mismatched], np.float64)
    largest = float(log_means.max())
    sums = sizes * np.exp(log_means - largest)
    left_out = np.log(np.maximum(sums.sum() - sums, 1e-300) / (sizes.sum() - sizes))
    pooled = largest + math.log(float(sums.sum() / sizes.sum()))
    return pooled, math.sqrt(len(sizes) - 1) * float(np.std(left_out))


def _canonical_directions(moments: Float, dx: int, limit: float) -> tuple[Float, Float, Float]:
    """Canonical directions (m, dx), (m, dy), and correlations (m, 1), from second moments."""
    white_x, white_y = _whitening(moments[:dx, :dx]), _whitening(moments[dx:, dx:])
    left, s, right = np.linalg.svd(white_x @ moments[:dx, dx:] @ white_y.T, full_matrices=False)
    return left.T @ white_x, right @ white_y, np.minimum(s, limit)[:, np.newaxis]


def _whitening(moments: Float) -> Float:
    """A matrix (d, d) that makes columns with these second moments (d, d) uncorrelated."""
    scale, axes = np.linalg.eigh(moments)
    return np.asarray((axes / np.sqrt(scale)).T)


def _least_excess(rows: Float, temper: float) -> float:
    """The excess at which the bound of this multiple equals that of the ratio (n,) itself.

    If x and y determine each other, no mismatched row looks like a matched one, and the log mean
    may be thousands of nats too low. So no multiple shows more than a true ratio would.
    """
    return (temper - 1) * max(float(rows.mean()), 0.0)


def _log_mean_exp(values: Float) -> float:
    largest = float(values.max())
    return largest + math.log(float(np.exp(values - largest).mean()))
