"""The linear parts of canonical scores: what the Gaussian term contains of them."""

import numpy as np
from numpy.typing import NDArray

from .pairs import out_of_fold
from .tuning import Tuning

Float = NDArray[np.float64]


def linear_projection(z: Float, features: Float, folds: list[tuple[slice, Float]]) -> Float:
    """The linear parts (m, n), in z (d, n), of the out-of-fold scores, scaled to unit variance.

    features (p, n): what the scores are made of; folds: rows, and directions (p, m), of each fold.
    The scores of each fold are other functions of the features, and have other linear parts.
    """
    centred = z - z.mean(axis=1, keepdims=True)
    of_features, _, _, _ = np.linalg.lstsq(centred @ centred.T, centred @ features.T, rcond=None)
    parts = [(of_features @ directions).T @ centred[:, rows] for rows, directions in folds]
    sds = out_of_fold(features, folds).std(axis=1, keepdims=True)
    return np.concatenate(parts, axis=1) / np.where(sds > 0, sds, 1.0)


def linear_scores(linear: Float, z: Float, tuning: Tuning) -> Float:
    """The linear parts (m, n) whose share of the variance exceeds what chance gives."""
    least = tuning.gaussian.min_linear_share + 2 * len(z) / z.shape[1]
    return np.asarray(linear[linear.var(axis=1) > least])
