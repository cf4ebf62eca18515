"""Centres columns and brings them to a common scale without losing digits."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

FAR = 10.0  # interquartile ranges beyond the quartiles; a normal value goes as far once in 1e44
MAX_FAR_SHARE = 0.05  # of the rows; if more are so far away, they are no outliers
EPSILON = float(np.finfo(np.float64).eps)
ROUNDING = 2.0**-44  # 256 times the rounding of one operation
MIN_ROUNDED_SHARE = 0.01
MAX_REACH = 256.0  # of rounding, relative to the spread: 2^-36 of it
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


def without_rounding(columns: Float, ordered: Float) -> tuple[Float, Float]:
    """The columns (d, n) with values that differ by rounding alone made equal, and sorted.

    Another processor rounds sums, powers and tanh otherwise in the last digits. So values that are
    equal on one machine differ on another, and in one column on the same machine. They differ by
    rounding if they are within `ROUNDING` of each other, relative to their size and to the spread
    of the column, and within `MAX_REACH` times that of the spread: 1e12 + x stays as it is. Each
    group of such values becomes its smallest value. A column stays as it is if fewer than
    `MIN_ROUNDED_SHARE` of its rows are in such a group, since two values of many can be as close by
    chance. The spread is the distance of the outer deciles, or that of the extremes where the
    deciles differ by rounding.

    ordered: each column's values in ascending order. Returns the columns, and them in order.
    """
    n = columns.shape[1]
    small = ROUNDING * ordered  # first, so that differences do not overflow
    spread = small[:, n - 1 - n // 10] - small[:, n // 10]
    size = np.abs(small)
    few = spread <= ROUNDING * size[:, n // 2]
    spread = np.where(few, small[:, -1] - small[:, 0], spread)[:, np.newaxis]
    reach = np.minimum(np.maximum(size[:, 1:], size[:, :-1]) + spread, MAX_REACH * spread)
    with np.errstate(over="ignore"):
        gaps = np.diff(ordered, axis=1)
    close = gaps <= reach
    suspects = np.flatnonzero((close & (gaps > 0)).any(axis=1))
    if not len(suspects):
        return columns, ordered
    columns, ordered = columns.copy(), ordered.copy()
    for i in suspects:
        group = np.concatenate([[0], np.cumsum(~close[i])])
        rounded = np.bincount(group[1:], weights=close[i] & (gaps[i] > 0))
        if (rounded[group] > 0).mean() >= MIN_ROUNDED_SHARE:
            first = np.searchsorted(group, group)
            columns[i] = ordered[i][first][np.searchsorted(ordered[i], columns[i])]
            ordered[i] = ordered[i][first]
    return columns, ordered


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
