"""Predictions of one side from the other by boosted trees, out of fold.

Trees see gates, thresholds and interactions of a few columns among many, which polynomials of low
degree do not. A prediction is a function of x, so it shares no more information with y than x does.
"""

import numpy as np
from numpy.typing import NDArray

from ..kernels.trees import boost
from .features import normal_scores
from .tuning import TreeTuning

Float = NDArray[np.float64]


def boosted_predictions(
    z: Float, features: Float, targets: Float, tuning: TreeTuning
) -> list[Float]:
    """Expectations of targets (m, n) given z (d, n): of each fold, learned on the others.

    The first is by trees of z alone. In the second, a linear function comes first, of features
    (p, n), or of z where columns are many. Trees predict what it leaves. Empty where there is
    nothing to combine (d = 1), or where rows are few or columns many.
    """
    (d, n), m = z.shape, len(targets)
    if not (tuning.used and 2 <= d <= tuning.max_columns and 1 <= m <= tuning.max_targets):
        return []
    if n < tuning.min_rows:
        return []
    bins = _bins(z, tuning.bins)
    few = d <= tuning.max_columns_with_features and len(features) * tuning.rows_per_feature < n
    ones = np.ones((1, n))
    linear = np.concatenate([ones, features if few else z])
    return [_predicted(bins, known, targets, tuning) for known in (ones, linear)]


def _predicted(bins: NDArray[np.uint8], known: Float, targets: Float, tuning: TreeTuning) -> Float:
    """Predictions of targets (m, n) by a linear function of known (p, n), then trees of bins.

    They are normal scores within each fold: a prediction would show its fold by the mean of the
    other folds, and so what the targets of its fold are like.
    """
    m, n = targets.shape
    predictions = np.empty((m, n))
    for fold in range(tuning.folds):
        rows = slice(n * fold // tuning.folds, n * (fold + 1) // tuning.folds)
        others = np.r_[0 : rows.start, rows.stop : n][: tuning.max_rows]
        part = np.empty((m, rows.stop - rows.start))
        moments = known[:, others] @ known[:, others].T
        moments += tuning.ridge * len(others) * np.eye(len(moments))
        slopes = np.linalg.solve(moments, known[:, others] @ targets[:, others].T)
        residuals = targets[:, others] - slopes.T @ known[:, others]
        boost(
            np.ascontiguousarray(bins[:, others]), np.ascontiguousarray(residuals),
            np.ascontiguousarray(bins[:, rows]), tuning.bins, tuning.trees, tuning.depth,
            tuning.rate, max(tuning.min_leaf_rows, len(others) // tuning.max_leaves), part,
        )  # fmt: skip
        predictions[:, rows] = normal_scores(slopes.T @ known[:, rows] + part)
    return predictions


def _bins(z: Float, count: int) -> NDArray[np.uint8]:
    """The bin of each value, by rank; equal values share the bin of the first of them."""
    n = z.shape[1]
    bins = np.empty(z.shape, np.uint8)
    for column, place in zip(z, bins, strict=True):
        place[:] = np.searchsorted(np.sort(column), column) * count // n
    return bins
