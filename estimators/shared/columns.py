"""Centres columns and brings them to a common scale without losing digits."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

FAR = 10.0  # interquartile ranges beyond the quartiles; a normal value goes as far once in 1e44
MAX_FAR_SHARE = 0.05  # of the rows; if more are so far away, they are no outliers
EPSILON = float(np.finfo(np.float64).eps)
LARGEST = 1e150  # limit of scaled values, whose differences must not overflow


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


def on_common_scale(columns: Float, ordered: Float) -> tuple[Float, Float]:
    """The columns (d, n) centred and divided by their standard deviations without outliers.

    For the standard deviation, values further than `FAR` interquartile ranges from the quartiles
    are moved to that distance, unless they are more than `MAX_FAR_SHARE` of the rows.

    ordered: each column's values in ascending order; each column varies. Returns the scaled
    columns, and the errors (d,) that rounding of the columns makes in them.
    """
    n = columns.shape[1]
    low, middle, high = (ordered[:, i : i + 1] for i in (n // 4, n // 2, n - 1 - n // 4))
    first, last = ordered[:, :1], ordered[:, -1:]
    with np.errstate(over="ignore"):
        nearest, farthest = low - FAR * (high - low), high + FAR * (high - low)
        near = ordered - middle
        has_far = bool((first < nearest).any() or (last > farthest).any())
        if has_far:
            far = ((ordered < nearest) | (ordered > farthest)).sum(axis=1, keepdims=True)
            few = (far <= MAX_FAR_SHARE * n) & (low < high)
            near = np.where(few, np.clip(ordered, nearest, farthest) - middle, near)
        largest = np.maximum(-near[:, :1], near[:, -1:])
        # First scaled to [-1, 1], so that the squares of 1e-200 or 1e200 do not under- or overflow.
        near /= largest
        deviation = near.std(axis=1, ddof=1, keepdims=True)
        scaled = (columns - middle + 0.0) / largest / deviation
        if has_far:
            scaled = np.clip(scaled, -LARGEST, LARGEST)
        errors = EPSILON * np.maximum(np.abs(first), np.abs(last)) / largest / deviation
    return scaled, errors[:, 0]
