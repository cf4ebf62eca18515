"""Predictions of one side from the other by boosted trees, out of fold.

Trees see gates, thresholds and interactions of a few columns among many, which polynomials of low
degree do not. A prediction is a function of x, so it shares no more information with y than x does.
"""

import numpy as np
from numpy.typing import NDArray

from ..kernels.trees import boost
from .tuning import TreeTuning

Float = NDArray[np.float64]


def boosted_predictions(
    z: Float, features: Float, targets: Float, tuning: TreeTuning
) -> Float | None:
    """The expectation of targets (m, n) given z (d, n): of each fold, learned on the others.

    A linear function of features (p, n), or of z where features are many, comes first. Trees of z
    predict what it leaves.

    None where there is nothing to combine (d = 1), or where rows are few or columns many.
    """
    (d, n), m = z.shape, len(targets)
    if not (tuning.used and 2 <= d <= tuning.max_columns and 1 <= m <= tuning.max_targets):
        return None
    if n < tuning.min_rows:
        return None
    ranks = np.argsort(np.argsort(z, axis=1, kind="stable"), axis=1, kind="stable")
    bins = _bins(z, ranks, tuning.bins)
    few = len(features) * tuning.rows_per_feature < n
    linear = np.concatenate([np.ones((1, n)), features if few else z])
    predictions = np.empty((m, n))
    for fold in range(tuning.folds):
        rows = slice(n * fold // tuning.folds, n * (fold + 1) // tuning.folds)
        others = np.r_[0 : rows.start, rows.stop : n][: tuning.max_rows]
        part = np.empty((m, rows.stop - rows.start))
        known = linear[:, others]
        moments = known @ known.T + tuning.ridge * len(others) * np.eye(len(known))
        slopes = np.linalg.solve(moments, known @ targets[:, others].T)
        residuals = targets[:, others] - slopes.T @ known
        boost(
            np.ascontiguousarray(bins[:, others]), np.ascontiguousarray(residuals),
            np.ascontiguousarray(bins[:, rows]), tuning.bins, tuning.trees, tuning.depth,
            tuning.rate, max(tuning.min_leaf_rows, len(others) // tuning.max_leaves), part,
        )  # fmt: skip
        predictions[:, rows] = slopes.T @ linear[:, rows] + part
    return predictions


def _bins(z: Float, ranks: NDArray[np.int64], count: int) -> NDArray[np.uint8]:
    """The bin of each value, by rank; equal values share the bin of the first of them."""
    n = z.shape[1]
    bins = np.empty(z.shape, np.uint8)
    for column, rank, place in zip(z, ranks, bins, strict=True):
        ascending = np.sort(column)
        first = np.searchsorted(ascending, column) if (np.diff(ascending) == 0).any() else rank
        place[:] = first * count // n
    return bins
