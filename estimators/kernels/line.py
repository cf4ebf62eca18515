"""Counts within a radius on a line, by binary search in the sorted values."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

BLOCK = 512


@kernel
def count_within(
    padded: Float, n: int, centres: Float, reach: Float, start: int, stop: int, counts: Int
) -> None:
    """How many of n values lie at |value - centre| < reach, for the centres in [start, stop).

    padded: the n values, ascending, then at least one +inf, up to a length of 2**s. The rounded
    differences are monotone in the value, so the result is that of comparing with every value.
    Each step of the search is taken by a block of centres at once: a vector loop without
    branches to mispredict, whose loads do not wait for each other.
    """
    low, high = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint64)
    for first in range(start, stop, BLOCK):
        length = min(BLOCK, stop - first)
        centre, radius = centres[first : first + length], reach[first : first + length]
        for i in range(length):
            low[i] = high[i] = np.uint64(0)
        step = np.uint64(padded.shape[0] // 2)
        while step > np.uint64(0):
            for i in range(length):
                value = padded[low[i] + step - np.uint64(1)]
                low[i] += step if centre[i] - value >= radius[i] else np.uint64(0)
            for i in range(length):
                value = padded[high[i] + step - np.uint64(1)]
                high[i] += step if value - centre[i] < radius[i] else np.uint64(0)
            step = step >> np.uint64(1)
        for i in range(length):  # a radius of 0 or less reaches nothing
            between = np.int64(high[i]) - np.int64(low[i])
            counts[first + i] = between if between > 0 else 0
