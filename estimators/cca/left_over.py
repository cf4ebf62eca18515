"""What is left after all terms: a learner of another kind looks for it in the residuals.

The learner knows features that the pairs and trees lack (`found_features.py`). It predicts what a
linear function of one side leaves of the other, out of fold. A prediction is a function of x, so
k-NN on it is one more candidate. For any matrix B the MI is

    I(X;Y) = h(Y) - h(E) + I(X;E),    E = Y - B X,

and for normal Y the Gaussian term is at most the difference of entropies. So the Gaussian term may
be added to what is found in E.

What the predictions tell beyond all that the estimate is made of, and what no candidate adds, is
left over: at least -log(1 - r^2) / 2 nats for a normal residual of correlation r with a function of
x, since the normal has the least MI of all that have this correlation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .boosted import binned, tree_predictions
from .features import normal_scores
from .found_features import FoundFeatures, find_features, with_polished_waves
from .knn_terms import knn_term, ross_term
from .known_scores import known_basis, rest
from .selection import Selection
from .tuning import LeftOverTuning, Tuning

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
        predictions: of the residual: the phases of waves, the best feature, and all of them, (k, n).
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


def consider_left_over(
    selection: Selection, directions: Sequence[Direction], base: Float, tuning: Tuning
) -> None:
    """Consider what is found in the residuals of each direction; note what is left over.

    base: the rows of the Gaussian term (n,), or zeros where it is not used.
    """
    limits, start = tuning.left_over, float(selection.rows.mean())
    most = 0.0
    for direction in directions:
        if not direction.is_searched(limits):
            continue
        found = find(direction, bool(base.any()), tuning)
        if found is not None:
            most = max(most, found.nats(limits.errors))
            _consider(selection, found, direction, base, tuning)
    selection.left_over_nats = max(most - (float(selection.rows.mean()) - start), 0.0)


def _consider(
    selection: Selection, found: Found, direction: Direction, base: Float, tuning: Tuning
) -> None:
    """Consider k-NN on predictions of the only target, and on those of the residual."""
    if len(direction.targets) == 1:
        term = knn_term(found.whole[np.newaxis], direction.targets, tuning, False)
        if term is not None:
            selection.consider(term.rows, term, f"k-NN on features of {direction.name}", 0)
    added = "Gaussian + " if base.any() else ""
    for prediction in found.predictions[:, np.newaxis]:
        term = knn_term(prediction, found.residual[np.newaxis], tuning, False)
        if term is not None:
            name = f"{added}features of {direction.name}"
            selection.consider(base + term.rows, term, name, 0)


def consider_left_over_of_labels(
    selection: Selection, direction: Direction, symbols: Int, tuning: Tuning
) -> None:
    """The same for labels (n,), whose indicators are the targets."""
    limits, start = tuning.left_over, float(selection.rows.mean())
    found = find(direction, False, tuning) if direction.is_searched(limits) else None
    if found is None:
        return
    for prediction in found.predictions[:, np.newaxis]:
        term = ross_term(prediction, symbols, tuning.knn)
        selection.consider(term.rows, term, "Ross on features", 0)
    gain = float(selection.rows.mean()) - start
    selection.left_over_nats = max(found.nats_of_labels(limits.errors) - gain, 0.0)


def find(direction: Direction, linear: bool, tuning: Tuning) -> Found | None:
    """What is found in all folds; None if the features of the first fold tell nothing.

    linear: whether a linear function comes first.
    """
    z, limits, trees = direction.z, tuning.left_over, tuning.trees
    n = z.shape[1]
    known = known_basis(z, direction.scores, direction.targets, limits)
    white, weights = _white(rest(direction.targets, known))
    lines, _ = _white(direction.targets - _lines(z, direction.targets))
    folds = [slice(n * i // trees.folds, n * (i + 1) // trees.folds) for i in range(trees.folds)]
    few = len(direction.features) * trees.rows_per_feature < n
    x = direction.features if few and len(z) <= trees.max_columns_with_features else z
    first: tuple[FoundFeatures, Float] | None = None
    parts, raw, spread = [], np.empty(n), 0.0
    for rows in folds:
        others = np.r_[0 : rows.start, rows.stop : n][: limits.max_rows]
        features = find_features(z[:, others], white[:, others], lines[:, others], limits)
        beyond = _standard(rest(features(z), known), others)
        combination = _combination(beyond[:, others], white[:, others])
        if first is None and not _tells(beyond, combination @ white, rows, others, tuning):
            return None
        features = with_polished_waves(features, z[:, others], lines[:, others], limits)
        first = first or (features, combination)
        features = features.oriented(first[0])
        values = features(z)
        combination *= 1.0 if combination @ first[1] >= 0 else -1.0
        target = combination @ weights @ direction.targets
        spread = max(spread, float(np.ptp(target)))
        line = _lines(z, target[np.newaxis], others)[0] if linear else np.zeros(n)
        residual, values = target - line, _standard(values, others)
        inputs = np.concatenate([x, values]), np.concatenate([z, values])
        raw[rows] = _prediction(*inputs, residual, rows, others, tuning)
        best = _best(values, residual, others)
        phases = _phases(features.phases(z), residual, others)[:, rows]
        of_fold = np.stack([line[rows] + raw[rows], residual[rows], *phases, best[rows], raw[rows]])
        parts.append(np.concatenate([of_fold, [combination @ white[:, rows]]]))
    values = np.concatenate(parts, axis=1)
    scores = _within_folds(values, folds)
    scores[2:-3] = normal_scores(values[2:-3])  # phases are uniform, and have the same zero
    beyond = _within_folds(rest(raw[np.newaxis], known), folds)[0]
    return Found(scores[0], scores[1], scores[2:-1], beyond, scores[-1], spread)


def _within_folds(values: Float, folds: list[slice]) -> Float:
    """Normal scores of values (k, n), made in each fold: they do not show the fold of a row."""
    return np.concatenate([normal_scores(values[:, rows]) for rows in folds], axis=1)


def _tells(beyond: Float, target: Float, rows: slice, others: Int, tuning: Tuning) -> bool:
    """Whether a ridge regression on features (p, n) predicts the target (n,) in these rows."""
    limits = tuning.left_over
    guess = _ridge(beyond, target, others, tuning.trees.ridge)[rows]
    r = float(np.corrcoef(guess, target[rows])[0, 1])
    return r > max(limits.first_correlation, limits.first_errors / math.sqrt(len(guess)))


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
    """Phases (k, n) of waves, from 0 to 2 pi, so that the middle of the largest targets is at pi."""
    deviations = target[others] - target[others].mean()
    shifts = np.angle(np.exp(1j * phases[:, others]) @ deviations)
    return np.asarray(np.mod(phases - shifts[:, np.newaxis] + np.pi, 2 * np.pi))


def _standard(x: Float, rows: Int) -> Float:
    """x (k, n) less the mean, over the standard deviation, of these rows."""
    mean, sd = x[:, rows].mean(axis=1, keepdims=True), x[:, rows].std(axis=1, keepdims=True)
    return np.asarray((x - mean) / np.where(sd > MIN_SD, sd, 1.0))


def _white(residuals: Float) -> tuple[Float, Float]:
    """White combinations (r, n) of residuals (m, n), and their weights (r, m)."""
    centred = residuals - residuals.mean(axis=1, keepdims=True)
    variances, axes = np.linalg.eigh(centred @ centred.T / centred.shape[1])
    kept = variances > MIN_SHARE * variances[-1]
    weights = (axes[:, kept] / np.sqrt(variances[kept])).T
    return np.asarray(weights @ centred), np.asarray(weights)


def _combination(beyond: Float, white: Float) -> Float:
    """The combination (m,) of white residuals (m, n) that shares most with features (p, n)."""
    left, _, _ = np.linalg.svd(white @ beyond.T, full_matrices=False)
    return np.asarray(left[:, 0])


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
