"""Centres and standardizes columns without losing digits."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def centred(columns: Float) -> Float:
    """The columns (d, n), each minus its median (the value at n // 2 of the sorted column).

    The median, since subtracting one far value would cost all other values their digits.
    """
    middle = columns.shape[1] // 2
    # Adding 0.0 turns -0.0 into 0.0: the sign of a zero depends on the order of the rows.
    return columns - np.partition(columns, middle, axis=1)[:, middle : middle + 1] + 0.0


def standardized(columns: Float) -> Float:
    """The columns (d, n) centred and divided by their standard deviations; constant ones are 0."""
    columns = centred(columns)
    largest = np.abs(columns).max(axis=1, keepdims=True)
    # First scaled to [-1, 1], so that the squares of 1e-200 or 1e200 do not under- or overflow.
    columns /= np.where(largest > 0, largest, 1.0)
    # Sorted, so that the last digit does not depend on the order of the rows.
    deviation = np.sort(columns, axis=1).std(axis=1, ddof=1, keepdims=True)
    return columns / np.where(deviation > 0, deviation, 1.0)
