"""Chebyshev neighbours and counts in a few dimensions, by slabs: two dimensions exclude most pairs.

Rows are cut into slabs across one dimension, and sorted within each slab along a second one. A
search visits only slabs that are near enough, and in each only a run of consecutive rows that are
near enough along the second dimension. Distances in a run are computed by vector instructions, as
in `brute`.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .brute import BLOCK, distances, try_run

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

STEP = 16  # rows by which a run grows: a few rows too many cost less than finding its exact end
FIRST_RUN_ROWS = 64  # rows compared first, which bound the distance to the neighbours


@kernel
def _run_down(along: Float, value: float, reach: float, place: int, first: int) -> int:
    """Move down from `place` until rows are at least `reach` below value; not before first."""
    while place > first and value - along[place - 1] < reach:
        place -= STEP
    return max(place, first)


@kernel
def _run_up(along: Float, value: float, reach: float, place: int, last: int) -> int:
    """Move up from `place` until rows are at least `reach` above value; not beyond last."""
    while place < last and along[place] - value < reach:
        place += STEP
    return min(place, last)


@kernel
def neighbours(
    columns: Float, starts: Int, edges: Float, of_x: Bool, k: int, start: int, stop: int,
    radius: Float, extent_x: Float, extent_y: Float, tied: Bool,
    fewer: Int, fewer_radius: Float,
) -> None:  # fmt: skip
    """The same as `kdtree.neighbours`, for the rows of slabs [start, stop).

    columns (d, n): slab by slab; columns[0] is the dimension in which rows are cut into slabs,
    columns[1] the one in which the rows of a slab ascend. starts (slabs + 1,): first place of each
    slab; edges (slabs, 2): smallest and largest columns[0] of each slab; of_x (d,): whether a
    dimension belongs to x. Outputs are by place in columns.
    """
    dims, n = columns.shape
    slabs = starts.shape[0] - 1
    across, along = columns[0], columns[1]
    slots = min(k + 1, n - 1)
    nearest, indices = np.empty(slots), np.empty(slots, np.int64)
    block = np.empty(BLOCK)
    above = np.empty(slabs, np.int64)  # in each slab, the first place not below the row
    for s in range(start, stop):
        for slab in range(slabs):
            above[slab] = starts[slab]
        for i in range(starts[s], starts[s + 1]):
            a, b = across[i], along[i]
            nearest[:] = np.inf
            low, high = (
                max(i - FIRST_RUN_ROWS // 2, starts[s]),
                min(i + FIRST_RUN_ROWS // 2, starts[s + 1]),
            )
            farthest = try_run(columns, i, low, high, nearest, indices, block)
            down = _run_down(along, b, farthest, low, starts[s])
            farthest = try_run(columns, i, down, low, nearest, indices, block)
            up = _run_up(along, b, farthest, high, starts[s + 1])
            farthest = try_run(columns, i, high, up, nearest, indices, block)
            left, right = s - 1, s + 1
            while True:  # the nearer of the two next slabs
                gap_left = a - edges[left, 1] if left >= 0 else np.inf
                gap_right = edges[right, 0] - a if right < slabs else np.inf
                if min(gap_left, gap_right) >= farthest:
                    break
                q = left if gap_left < gap_right else right
                left, right = left - int(q == left), right + int(q == right)
                first, last = starts[q], starts[q + 1]
                place = above[q]
                while place < last and along[place] < b:
                    place += 1
                above[q] = place
                down = _run_down(along, b, farthest, place, first)
                up = _run_up(along, b, farthest, place, last)
                farthest = try_run(columns, i, down, up, nearest, indices, block)
            distance_k = nearest[k - 1]
            radius[i] = distance_k
            tied[i] = distance_k == 0.0 or (slots > k and nearest[k] == distance_k)
            for j in range(fewer.shape[0]):
                distance_j = nearest[fewer[j] - 1]
                fewer_radius[j, i] = distance_j
                tied[i] |= distance_j == 0.0 or nearest[fewer[j]] == distance_j
            largest_x, largest_y = 0.0, 0.0
            for slot in range(k):
                for d in range(dims):
                    distance = abs(columns[d, indices[slot]] - columns[d, i])
                    if of_x[d]:
                        largest_x = max(largest_x, distance)
                    else:
                        largest_y = max(largest_y, distance)
            extent_x[i], extent_y[i] = largest_x, largest_y


@kernel
def count_within(
    columns: Float, starts: Int, edges: Float, reach: Float, start: int, stop: int, counts: Int
) -> None:
    """How many rows, the row itself included, lie nearer than reach, for slabs [start, stop).

    reach, counts (n,): by place in columns.
    """
    slabs = starts.shape[0] - 1
    across, along = columns[0], columns[1]
    block = np.empty(BLOCK)
    above = np.empty(slabs, np.int64)
    for s in range(start, stop):
        for slab in range(slabs):
            above[slab] = starts[slab]
        for i in range(starts[s], starts[s + 1]):
            a, b, radius = across[i], along[i], reach[i]
            count = 0
            first_slab, last_slab = s, s
            if radius > 0.0:
                while first_slab > 0 and a - edges[first_slab - 1, 1] < radius:
                    first_slab -= 1
                while last_slab < slabs - 1 and edges[last_slab + 1, 0] - a < radius:
                    last_slab += 1
            else:  # counts nothing
                last_slab = s - 1
            for q in range(first_slab, last_slab + 1):
                place, last = above[q], starts[q + 1]
                while place < last and along[place] < b:
                    place += 1
                above[q] = place
                down = _run_down(along, b, radius, place, starts[q])
                up = _run_up(along, b, radius, place, last)
                for begin in range(down, up, BLOCK):
                    length = min(BLOCK, up - begin)
                    distances(columns, i, begin, length, block)
                    for j in range(length):
                        count += block[j] < radius
            counts[i] = count
