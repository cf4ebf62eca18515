"""Predictions of one side from the other by boosted trees, out of fold.

Trees see gates, thresholds and interactions of a few columns among many, which polynomials of low
degree do not. A prediction is a function of x, so it shares no more information with y than x does.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ..kernels.trees import boost
from .features import normal_scores
from .tuning_learned import TreeTuning

Float = NDArray[np.float64]


def boosted_predictions(
    z: Float, features: Float, targets: Float, tuning: TreeTuning
) -> list[Float]:
    """Two predictions of targets (m, n) from z (d, n), each fold by what was learned on the others.

    Both are normal scores. The first is by trees on z alone. The second is by a linear function of
    features (p, n), or of z where columns are many, and trees on its residuals. Empty where a few
    trees predict nothing of what it leaves in the first fold, where there is nothing to combine
    (d = 1), and where rows are few or columns many.
    """
    (d, n), m = z.shape, len(targets)
    if not (tuning.used and 2 <= d <= tuning.max_columns and 1 <= m <= tuning.max_targets):
        return []
    if n < tuning.min_rows:
        return []
    few = d <= tuning.max_columns_with_features and len(features) * tuning.rows_per_feature < n
    known, bins = features if few else z, binned(z, tuning.bins)
    sd = known.std(axis=1, keepdims=True)
    known = (known - known.mean(axis=1, keepdims=True)) / np.where(sd > 0, sd, 1.0)
    if not _trees_help(bins, known, targets, tuning):
        return []
    return [_predicted(bins, part, targets, tuning) for part in (known[:0], known)]


def _trees_help(bins: NDArray[np.uint8], known: Float, targets: Float, tuning: TreeTuning) -> bool:
    """Whether a few trees predict what a linear function of known (p, n) leaves; in one fold."""
    n = targets.shape[1]
    rows, others = _fold(0, n, tuning)
    linear, residuals = _linear_predictions(known, targets, rows, others, tuning.ridge)
    part = _tree_predictions(bins, residuals, rows, others, tuning.first_trees, tuning)
    return _predicts(part, targets[:, rows] - linear, tuning)


def _fold(i: int, n: int, tuning: TreeTuning) -> tuple[slice, NDArray[np.int64]]:
    """The rows of fold i of n rows, and the rows that its predictions are learned from."""
    rows = slice(n * i // tuning.folds, n * (i + 1) // tuning.folds)
    return rows, np.r_[0 : rows.start, rows.stop : n][: tuning.max_rows]


def _predicted(bins: NDArray[np.uint8], known: Float, targets: Float, tuning: TreeTuning) -> Float:
    """Normal scores (m, n) of predictions by a linear function of known (p, n), then trees of bins.

    Scores are made in each fold: a prediction would show its fold by the mean of the other folds,
    and so what the targets of its fold are like.
    """
    m, n = targets.shape
    scores = np.empty((m, n))
    for i in range(tuning.folds):
        rows, others = _fold(i, n, tuning)
        linear, residuals = _linear_predictions(known, targets, rows, others, tuning.ridge)
        trees = _tree_predictions(bins, residuals, rows, others, tuning.trees, tuning)
        scores[:, rows] = normal_scores(linear + trees)
    return scores


def _linear_predictions(
    known: Float, targets: Float, rows: slice, others: NDArray[np.int64], ridge: float
) -> tuple[Float, Float]:
    """Ridge predictions (m, k) of the rows, and residuals (m, len(others)) of the others."""
    x, y = known[:, others], targets[:, others]
    mean = y.mean(axis=1, keepdims=True)
    moments = x @ x.T + ridge * len(others) * np.eye(len(x))
    slopes = np.linalg.solve(moments, x @ (y - mean).T).T
    return slopes @ known[:, rows] + mean, y - mean - slopes @ x


def _tree_predictions(
    bins: NDArray[np.uint8],
    residuals: Float,
    rows: slice,
    others: NDArray[np.int64],
    trees: int,
    tuning: TreeTuning,
) -> Float:
    """Predictions (m, k) of the rows' residuals by so many trees."""
    predictions = np.empty((len(residuals), rows.stop - rows.start))
    boost(
        np.ascontiguousarray(bins[:, others]), np.ascontiguousarray(residuals),
        np.ascontiguousarray(bins[:, rows]), tuning.bins, trees, tuning.depth,
        tuning.rate, max(tuning.min_leaf_rows, len(others) // tuning.max_leaves), predictions,
    )  # fmt: skip
    return predictions


def tree_predictions(
    bins: NDArray[np.uint8], residuals: Float, learned: int, trees: int, tuning: TreeTuning
) -> Float:
    """Predictions (m, k) of the last rows by trees from the first `learned` ones; bins (d, n)."""
    predictions = np.empty((len(residuals), bins.shape[1] - learned))
    boost(
        np.ascontiguousarray(bins[:, :learned]), np.ascontiguousarray(residuals),
        np.ascontiguousarray(bins[:, learned:]), tuning.bins, trees, tuning.depth,
        tuning.rate, max(tuning.min_leaf_rows, learned // tuning.max_leaves), predictions,
    )  # fmt: skip
    return predictions


def _predicts(predictions: Float, residuals: Float, tuning: TreeTuning) -> bool:
    """Whether predictions (m, k) of a target are significantly correlated with its residuals."""
    a = predictions - predictions.mean(axis=1, keepdims=True)
    b = residuals - residuals.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    correlations = (a * b).sum(axis=1) / np.where(scale > 0, scale, 1.0)
    return float(correlations.max()) * math.sqrt(a.shape[1]) > tuning.min_errors


def binned(z: Float, count: int) -> NDArray[np.uint8]:
    """The bin of each value, by rank; equal values share the bin of the first of them."""
    n = z.shape[1]
    bins = np.empty(z.shape, np.uint8)
    for column, place in zip(z, bins, strict=True):
        place[:] = np.searchsorted(np.sort(column), column) * count // n
    return bins
