"""Mardia's kurtosis of a side, beside that of normal rows."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Kurtosis(NamedTuple):
    """The kurtosis of rows, that of normal rows, and its standard error for normal rows."""

    found: float
    of_normal: float
    error: float

    def is_less(self, share: float, errors: float) -> bool:
        """Whether it is below that of normal rows by this share, and by so many errors."""
        return self.of_normal - self.found > self._limit(share, errors)

    def differs(self, share: float, errors: float) -> bool:
        """Whether it is below or above that of normal rows by as much."""
        return abs(self.of_normal - self.found) > self._limit(share, errors)

    def _limit(self, share: float, errors: float) -> float:
        return max(share * self.of_normal, errors * self.error)


def kurtosis_of(basis: NDArray[np.float64]) -> Kurtosis:
    """The mean of the fourth power of a row's Mahalanobis distance.

    For normal rows of d columns it is d (d + 2), with a standard error of sqrt(8 d (d + 2) / n)
    (Mardia 1970, doi:10.1093/biomet/57.3.519). Angles and unit vectors have less, heavy tails more.

    Args:
        basis: an orthonormal basis (d, n) of the columns of a side less their means.
    """
    d, n = basis.shape
    kurtosis, of_normal = n * ((basis**2).sum(axis=0) ** 2).sum(), d * (d + 2)
    return Kurtosis(float(kurtosis), float(of_normal), math.sqrt(8 * of_normal / n))
