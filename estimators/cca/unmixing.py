"""Independent components of a side, where its columns are mixtures of non-normal sources.

Ranks of a column keep what a map of that column does, and lose what is linear in the columns. Where
skewed or heavy-tailed sources are mixed linearly, the normal scores of the columns are far from
jointly normal; those of the independent components are close to it. A linear map that can be
inverted changes no MI.

Reference: FastICA, Hyvarinen 1999, doi:10.1109/72.761722.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tuning import UnmixingTuning

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Unmixing:
    """The linear map from columns (d, n) to independent components (d, n)."""

    centres: Float
    scales: Float
    matrix: Float

    def __call__(self, columns: Float) -> Float:
        """The components of these rows or of new ones."""
        return np.asarray(self.matrix @ _standard(columns, self.centres, self.scales))


def unmixing(columns: Float, tuning: UnmixingTuning) -> Unmixing | None:
    """The map that makes columns (d, n) as independent as a linear map can.

    None for one column, for columns that are linear in others, and where no column is far from
    normal: then there is nothing to find.
    """
    part = columns[:, : tuning.max_rows]
    if not (tuning.used and 2 <= len(part) <= tuning.max_columns):
        return None
    if part.shape[1] < tuning.min_rows_per_column * len(part):
        return None
    centres = np.median(part, axis=1, keepdims=True)
    scales = np.median(np.abs(part - centres), axis=1, keepdims=True)
    scales = np.where(scales > 0, scales, np.abs(part - centres).max(axis=1, keepdims=True))
    part = _standard(part, centres, np.where(scales > 0, scales, 1.0))
    if not _is_far_from_normal(part, tuning):
        return None
    mean = part.mean(axis=1, keepdims=True)
    variances, axes = np.linalg.eigh((part - mean) @ (part - mean).T / part.shape[1])
    if variances[0] <= tuning.min_variance * variances[-1]:
        return None
    whitening = (axes / np.sqrt(variances)).T
    rotation = _fast_ica(whitening @ (part - mean), tuning)
    return Unmixing(centres, np.where(scales > 0, scales, 1.0), rotation @ whitening)


def _standard(columns: Float, centres: Float, scales: Float) -> Float:
    return np.asarray((columns - centres) / scales)


def _is_far_from_normal(columns: Float, tuning: UnmixingTuning) -> bool:
    standard = columns - columns.mean(axis=1, keepdims=True)
    standard /= standard.std(axis=1, keepdims=True)
    skewness = np.abs((standard**3).mean(axis=1))
    kurtosis = np.abs((standard**4).mean(axis=1) - 3)
    return bool((skewness > tuning.min_skewness).any() or (kurtosis > tuning.min_kurtosis).any())


def _fast_ica(z: Float, tuning: UnmixingTuning) -> Float:
    """The rotation (d, d) of white z (d, n) to components that are as far from normal as possible.

    Symmetric fixed-point iterations with the contrast log cosh, started at the principal axes.
    """
    d, n = z.shape
    rotation = np.eye(d)
    for _ in range(tuning.iterations):
        hyperbolic = np.tanh(rotation @ z)
        slopes = 1 - (hyperbolic**2).mean(axis=1)
        step = hyperbolic @ z.T / n - slopes[:, np.newaxis] * rotation
        left, _, right = np.linalg.svd(step)
        previous, rotation = rotation, left @ right
        change = float(np.abs(np.abs((rotation * previous).sum(axis=1)) - 1).max())
        if change < tuning.tolerance:
            break
    return rotation
