"""Chebyshev neighbours and counts by comparing all pairs: the fastest search in many dimensions.

columns: (d, n). A block of rows stays in cache while all targets [start, stop) are compared with
it. The inner loops run along rows, so that they become vector instructions.
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
        column_1, centre_1 = columns[d, first : first + length], columns[d, target]
        column_2, centre_2 = columns[d + 1, first : first + length], columns[d + 1, target]
        column_3, centre_3 = columns[d + 2, first : first + length], columns[d + 2, target]
        column_4, centre_4 = columns[d + 3, first : first + length], columns[d + 3, target]
        for i in range(length):
            a, b = abs(column_1[i] - centre_1), abs(column_2[i] - centre_2)
            c, e = abs(column_3[i] - centre_3), abs(column_4[i] - centre_4)
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
    columns: Float,
    target: int,
    first: int,
    last: int,
    nearest: Float,
    indices: Int,
    block: Float,
) -> float:
    """Insert rows of [first, last) into the ascending list `nearest` where they are nearer.

    nearest (slots,): distances; indices (slots,): their rows. Returns the farthest distance
    in the list.
    """
    slots = nearest.shape[0]
    farthest = nearest[slots - 1]
    for start in range(first, last, BLOCK):
        length = min(BLOCK, last - start)
        distances(columns, target, start, length, block)
        if start <= target < start + length:
            block[target - start] = np.inf
        hits = 0
        for i in range(length):
            hits += block[i] < farthest
        if hits == 0:
            continue
        for i in range(length):
            if block[i] < farthest:
                s = slots - 1
                while s > 0 and nearest[s - 1] > block[i]:
                    nearest[s] = nearest[s - 1]
                    indices[s] = indices[s - 1]
                    s -= 1
                nearest[s] = block[i]
                indices[s] = start + i
                farthest = nearest[slots - 1]
    return float(farthest)


@kernel
def neighbours(
    columns: Float, k: int, split: int, start: int, stop: int,
    radius: Float, extent_x: Float, extent_y: Float, tied: Bool,
    fewer: Int, fewer_radius: Float,
) -> None:  # fmt: skip
    """The same as `kdtree.neighbours`, for rows [start, stop). Outputs are in row order."""
    dims, n = columns.shape
    slots = min(k + 1, n - 1)
    nearest = np.full((stop - start, slots), np.inf)
    indices = np.empty((stop - start, slots), np.int64)
    block = np.empty(BLOCK)
    for first in range(0, n, BLOCK):
        length = min(BLOCK, n - first)
        for target in range(start, stop):
            t = target - start
            try_run(columns, target, first, first + length, nearest[t], indices[t], block)
    for target in range(start, stop):
        best = nearest[target - start]
        distance_k = best[k - 1]
        radius[target] = distance_k
        tied[target] = distance_k == 0.0 or (slots > k and best[k] == distance_k)
        for j in range(fewer.shape[0]):
            distance_j = best[fewer[j] - 1]
            fewer_radius[j, target] = distance_j
            tied[target] |= distance_j == 0.0 or best[fewer[j]] == distance_j
        largest_x, largest_y = 0.0, 0.0
        for s in range(k):
            for d in range(dims):
                distance = abs(columns[d, indices[target - start, s]] - columns[d, target])
                if d < split:
                    largest_x = max(largest_x, distance)
                else:
                    largest_y = max(largest_y, distance)
        extent_x[target] = largest_x
        extent_y[target] = largest_y


@kernel
def count_within(columns: Float, reach: Float, start: int, stop: int, counts: Int) -> None:
    """How many rows, the row itself included, lie nearer than `reach`, for rows [start, stop)."""
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
