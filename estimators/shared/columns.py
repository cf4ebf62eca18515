"""Brings columns to an origin and a scale of their own, without losing digits."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def centred(columns: Float) -> Float:
    """The columns (d, n), each less its middle value.

    The middle one, since a single far value as origin would cost all others their digits.
    """
    middle = columns.shape[1] // 2
    # Adding 0.0 makes every zero positive: which of 0.0 and -0.0 came first must not show.
    return columns - np.partition(columns, middle, axis=1)[:, middle : middle + 1] + 0.0


def standardized(columns: Float) -> Float:
    """The columns (d, n) centred and divided by their standard deviations; constant ones are 0."""
    columns = centred(columns)
    largest = np.abs(columns).max(axis=1, keepdims=True)
    # To [-1, 1] first, so that neither 1e-200 nor 1e200 loses anything in a square.
    columns /= np.where(largest > 0, largest, 1.0)
    # Sorted, so that the last digit does not depend on the order of the rows.
    deviation = np.sort(columns, axis=1).std(axis=1, ddof=1, keepdims=True)
    return columns / np.where(deviation > 0, deviation, 1.0)
