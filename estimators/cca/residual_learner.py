"""A learner of what known scores leave: features of other kinds, ridge regression, then trees.

Everything is learned on other rows than those that it is applied to.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .boosted import binned, tree_predictions
from .features import SCORE_DECIMALS, normal_scores, normal_scores_without_ties
from .found_features import FoundFeatures, find_features, with_polished_waves
from .known_scores import known_basis, rest
from .pairs import fold_slices, has_atoms
from .tuning import Tuning
from .tuning_learned import LeftOverTuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]

ALL = slice(None)
MIN_SD = 1e-9  # of a feature that varies
MIN_SHARE = 1e-6  # of the largest variance, of a combination of targets that varies


@dataclass(frozen=True)
class Direction:
    """From which side which side is predicted.

    Attributes:
        z: normal scores of the columns of the side that predicts, (d, n).
        features: all its features, (p, n).
        scores: its functions that the estimate may be made of, (k, n).
        targets: normal scores of the columns of the other side, (m, n).
        name: of the side that predicts.
    """

    z: Float
    features: Float
    scores: Float
    targets: Float
    name: str

    def first(self, count: int) -> "Direction":
        """The same for the first rows, so many at most."""
        z, features, scores, targets = (
            part[:, :count] for part in (self.z, self.features, self.scores, self.targets)
        )
        return Direction(z, features, scores, targets, self.name)

    def is_searched(self, limits: LeftOverTuning) -> bool:
        """Whether the sizes allow it."""
        (d, n), m = self.z.shape, len(self.targets)
        few = limits.min_columns <= d <= limits.max_columns and 1 <= m <= limits.max_targets
        return few and n >= limits.min_rows


@dataclass(frozen=True)
class Found:
    """What is learned on other rows, of a combination of the targets; scores within each fold.

    Attributes:
        whole: predictions of the combination, by a linear function and what is found, (n,).
        residual: what the linear function leaves of the combination, (n,).
        predictions: of the residual, (k, n): phases of waves, the best feature, all of them.
        beyond: the part of the last of these that known scores do not explain, (n,).
        unexplained: the same of the combination, (n,).
        spread: the range of the combination, in standard deviations of what is unexplained.
    """

    whole: Float
    residual: Float
    predictions: Float
    beyond: Float
    unexplained: Float
    spread: float

    def nats(self, errors: float) -> float:
        """A lower bound of what the predictions tell beyond the known scores."""
        return -0.5 * math.log1p(-(self._correlation(errors) ** 2))

    def nats_of_labels(self, errors: float) -> float:
        """The same for labels, by Pinsker's inequality.

        Where the mean of a combination of indicators differs by delta, labels are told apart by at
        least 2 delta^2 / spread^2 nats.
        """
        return 2 * (self._correlation(errors) / self.spread) ** 2

    def _correlation(self, errors: float) -> float:
        r = float(np.corrcoef(self.beyond, self.unexplained)[0, 1])
        return max(r - errors / math.sqrt(len(self.beyond)), 0.0)


def find(direction: Direction, linear: bool, tuning: Tuning) -> Found | None:
    """What is found in all folds; None if a few features tell nothing in the first fold.

    linear: whether a linear function comes first.
    """
    limits, trees = tuning.left_over, tuning.trees
    if not _features_tell(direction.first(limits.first_rows), tuning):
        return None
    z, n = direction.z, direction.z.shape[1]
    residuals = _Residuals.of(direction, limits)
    few = len(direction.features) * trees.rows_per_feature < n
    x = direction.features if few and len(z) <= trees.max_columns_with_features else z
    first: tuple[FoundFeatures, Float] | None = None
    parts, raw, spread = [], np.empty(n), 0.0
    folds = fold_slices(n, trees.folds)
    for rows in folds:
        others = _others(rows, n, limits)
        features = residuals.features(z, others, limits)
        combination = residuals.combination(features(z), others)
        features = with_polished_waves(features, z[:, others], residuals.lines[:, others], limits)
        first = first or (features, combination)
        features, values = features.oriented(first[0]), features.oriented(first[0])(z)
        combination = combination * (1.0 if combination @ first[1] >= 0 else -1.0)
        target = combination @ residuals.weights @ direction.targets
        spread = max(spread, float(np.ptp(target)))
        line = _lines(z, target[np.newaxis], others)[0] if linear else np.zeros(n)
        residual, values = target - line, _standard(values, others)
        inputs = np.concatenate([x, values]), np.concatenate([z, values])
        raw[rows] = _prediction(*inputs, residual, rows, others, tuning)
        phases = _phases(features.phases(z), residual, others)
        best = _best(values, residual, others)
        unexplained = combination @ residuals.white
        predictions = [*phases[:, rows], best[rows], raw[rows]]
        parts.append(
            np.stack([line[rows] + raw[rows], residual[rows], *predictions, unexplained[rows]])
        )
    values = np.concatenate(parts, axis=1)
    scores = _within_folds(values, folds)
    scores[2:-3] = normal_scores(values[2:-3])  # phases are uniform, and have the same zero
    beyond = _within_folds(rest(raw[np.newaxis], residuals.known), folds)[0]
    return Found(scores[0], scores[1], scores[2:-1], beyond, scores[-1], spread)


def _features_tell(direction: Direction, tuning: Tuning) -> bool:
    """Whether a ridge regression on features predicts what is left, in the first fold."""
    limits, z, n = tuning.left_over, direction.z, direction.z.shape[1]
    residuals, rows = _Residuals.of(direction, limits), fold_slices(n, tuning.trees.folds)[0]
    others = _others(rows, n, limits)
    values = residuals.features(z, others, limits)(z)
    target = residuals.combination(values, others) @ residuals.white
    beyond = _standard(rest(values, residuals.known), others)
    guess = _ridge(beyond, target, others, tuning.trees.ridge)[rows]
    r = float(np.corrcoef(guess, target[rows])[0, 1])
    return r > max(limits.first_correlation, limits.first_errors / math.sqrt(len(guess)))


@dataclass(frozen=True)
class _Residuals:
    """What is left of the targets of a direction.

    Attributes:
        known: an orthonormal basis of functions of known scores, (p, n).
        white: what these leave, white, (r, n), and weights (r, m) of the targets in it.
        lines: what linear functions leave, white, (l, n).
    """

    known: Float
    white: Float
    weights: Float
    lines: Float

    @classmethod
    def of(cls, direction: Direction, limits: LeftOverTuning) -> "_Residuals":
        """The residuals of this direction."""
        z, targets = direction.z, direction.targets
        known = known_basis(z, direction.scores, targets, limits)
        white, weights = _white(rest(targets, known))
        return cls(known, white, weights, _white(targets - _lines(z, targets))[0])

    def features(self, z: Float, others: Int, limits: LeftOverTuning) -> FoundFeatures:
        """Features of z (d, n) that are learned on the others."""
        return find_features(z[:, others], self.white[:, others], self.lines[:, others], limits)

    def combination(self, values: Float, others: Int) -> Float:
        """The combination (r,) of what is left that shares most with new parts of values (p, n)."""
        beyond = _standard(rest(values, self.known), others)[:, others]
        left, _, _ = np.linalg.svd(self.white[:, others] @ beyond.T, full_matrices=False)
        return np.asarray(left[:, 0])


def _others(rows: slice, n: int, limits: LeftOverTuning) -> Int:
    """The rows that are learned from: those outside of a fold, so many at most."""
    return np.concatenate([np.arange(rows.start), np.arange(rows.stop, n)])[: limits.max_rows]


def _within_folds(values: Float, folds: list[slice]) -> Float:
    """Normal scores of values (k, n), made in each fold: they do not show the fold of a row.

    Equal values, such as those of zeros, get random ranks, different ones in each of the values.
    """
    values = values.round(SCORE_DECIMALS)
    scores = np.empty(values.shape)
    for i, (place, value) in enumerate(zip(scores, values[:, np.newaxis], strict=True)):
        if has_atoms(value, folds):
            place[:] = normal_scores_without_ties(value, folds, i)[0]
        else:
            place[:] = np.concatenate([normal_scores(value[:, rows])[0] for rows in folds])
    return scores


def _prediction(
    linear: Float, all_inputs: Float, target: Float, rows: slice, others: Int, tuning: Tuning
) -> Float:
    """Predictions (k,) of the target (n,) in these rows: a linear function, then trees."""
    mean = float(target[others].mean())
    line = mean + _ridge(_standard(linear, others), target - mean, others, tuning.trees.ridge)
    learned = np.concatenate([all_inputs[:, others], all_inputs[:, rows]], axis=1)
    residual = (target - line)[np.newaxis, others]
    bins = binned(learned, tuning.trees.bins)
    more = tree_predictions(bins, residual, len(others), tuning.trees.trees, tuning.trees)[0]
    return np.asarray(line[rows] + more)


def _best(values: Float, target: Float, others: Int) -> Float:
    """The one of features (p, n) that shares most with the target (n,), rising with it."""
    products = values[:, others] @ (target[others] - target[others].mean())
    best = int(np.argmax(np.abs(products)))
    return np.asarray(np.sign(products[best]) * values[best])


def _phases(phases: Float, target: Float, others: Int) -> Float:
    """Phases (k, n) of waves, from 0 to 2 pi; the largest targets are about pi."""
    deviations = target[others] - target[others].mean()
    shifts = np.angle(np.exp(1j * phases[:, others]) @ deviations)
    return np.asarray(np.mod(phases - shifts[:, np.newaxis] + np.pi, 2 * np.pi))


def _standard(x: Float, rows: Int) -> Float:
    """Values x (k, n) less the mean, over the standard deviation, of these rows."""
    mean, sd = x[:, rows].mean(axis=1, keepdims=True), x[:, rows].std(axis=1, keepdims=True)
    return np.asarray((x - mean) / np.where(sd > MIN_SD, sd, 1.0))


def _white(residuals: Float) -> tuple[Float, Float]:
    """White combinations (r, n) of residuals (m, n), and their weights (r, m)."""
    centred = residuals - residuals.mean(axis=1, keepdims=True)
    variances, axes = np.linalg.eigh(centred @ centred.T / centred.shape[1])
    kept = variances > MIN_SHARE * variances[-1]
    weights = (axes[:, kept] / np.sqrt(variances[kept])).T
    return np.asarray(weights @ centred), np.asarray(weights)


def _lines(z: Float, targets: Float, others: Int | slice = ALL) -> Float:
    """The linear functions (m, n) of z (d, n) that fit targets (m, n) best in the others."""
    design = np.concatenate([np.ones((1, z.shape[1])), z])
    slopes = np.linalg.lstsq(design[:, others].T, targets[:, others].T, rcond=1e-9)[0]
    return np.asarray(slopes.T @ design)


def _ridge(x: Float, target: Float, others: Int, ridge: float) -> Float:
    """Predictions (n,) of the target (n,) by features (p, n), learned on the others."""
    known = x[:, others]
    moments = known @ known.T + ridge * len(others) * np.eye(len(x))
    return np.asarray(np.linalg.solve(moments, known @ target[others]) @ x)
