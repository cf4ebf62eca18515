"""Chebyshev neighbours and counts by comparing all pairs: the better way in many dimensions.

columns: (d, n). Blocks of rows stay in cache while all targets [start, stop) are compared with
them, and the inner loops run along rows, so that they become vector instructions.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

BLOCK = 512


@kernel
def distances(columns: Float, target: int, first: int, length: int, out: Float) -> None:
    """out[i] = max_d |columns[d, first + i] - columns[d, target]| for i in [0, length)."""
    dims = columns.shape[0]
    column, centre = columns[0, first : first + length], columns[0, target]
    for i in range(length):
        out[i] = abs(column[i] - centre)
    d = 1
    while d + 4 <= dims:  # four at a time: out is read and written less often
        one, centre_1 = columns[d, first : first + length], columns[d, target]
        two, centre_2 = columns[d + 1, first : first + length], columns[d + 1, target]
        three, centre_3 = columns[d + 2, first : first + length], columns[d + 2, target]
        four, centre_4 = columns[d + 3, first : first + length], columns[d + 3, target]
        for i in range(length):
            a, b = abs(one[i] - centre_1), abs(two[i] - centre_2)
            c, e = abs(three[i] - centre_3), abs(four[i] - centre_4)
            a, c = a if a > b else b, c if c > e else e
            a = a if a > c else c
            out[i] = a if a > out[i] else out[i]
        d += 4
    while d < dims:
        column, centre = columns[d, first : first + length], columns[d, target]
        for i in range(length):
            distance = abs(column[i] - centre)
            out[i] = distance if distance > out[i] else out[i]
        d += 1


@kernel
def try_run(
    columns: Float, target: int, first: int, last: int, nearest: Float, who: Int, block: Float
) -> float:
    """Put rows of [first, last) among the nearest, if they are; the farthest of those."""
    slots = nearest.shape[0]
    worst = nearest[slots - 1]
    for start in range(first, last, BLOCK):
        length = min(BLOCK, last - start)
        distances(columns, target, start, length, block)
        if start <= target < start + length:
            block[target - start] = np.inf
        hits = 0
        for i in range(length):
            hits += block[i] < worst
        if hits == 0:
            continue
        for i in range(length):
            if block[i] < worst:
                s = slots - 1
                while s > 0 and nearest[s - 1] > block[i]:
                    nearest[s] = nearest[s - 1]
                    who[s] = who[s - 1]
                    s -= 1
                nearest[s] = block[i]
                who[s] = start + i
                worst = nearest[slots - 1]
    return float(worst)


@kernel
def neighbours(
    columns: Float, k: int, split: int, start: int, stop: int,
    radius: Float, radius_x: Float, radius_y: Float, tied: Bool,
) -> None:  # fmt: skip
    """As `kdtree.neighbours`, for rows [start, stop), outputs in row order."""
    dims, n = columns.shape
    slots = min(k + 1, n - 1)
    nearest = np.full((stop - start, slots), np.inf)
    who = np.empty((stop - start, slots), np.int64)
    block = np.empty(BLOCK)
    for first in range(0, n, BLOCK):
        length = min(BLOCK, n - first)
        for target in range(start, stop):
            own = target - start
            try_run(columns, target, first, first + length, nearest[own], who[own], block)
    for target in range(start, stop):
        best = nearest[target - start]
        reach = best[k - 1]
        radius[target] = reach
        tied[target] = reach == 0.0 or (slots > k and best[k] == reach)
        wide_x, wide_y = 0.0, 0.0
        for s in range(k):
            for d in range(dims):
                distance = abs(columns[d, who[target - start, s]] - columns[d, target])
                if d < split:
                    wide_x = max(wide_x, distance)
                else:
                    wide_y = max(wide_y, distance)
        radius_x[target] = wide_x
        radius_y[target] = wide_y


@kernel
def count_within(columns: Float, reach: Float, start: int, stop: int, counts: Int) -> None:
    """How many rows, itself included, lie nearer than `reach`, for the rows in [start, stop)."""
    n = columns.shape[1]
    block = np.empty(BLOCK)
    for target in range(start, stop):
        counts[target] = 0
    for first in range(0, n, BLOCK):
        length = min(BLOCK, n - first)
        for target in range(start, stop):
            radius = reach[target]
            if radius <= 0.0:
                continue
            distances(columns, target, first, length, block)
            count = 0
            for i in range(length):
                count += block[i] < radius
            counts[target] += count
