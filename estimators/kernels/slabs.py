"""Chebyshev neighbours and counts in some dimensions: all pairs, but those that two rule out.

Rows are cut into slabs across one dimension, each slab ordered along another. Only slabs that are
near enough are looked at, and in each only a run of rows that is near enough along the second
dimension. Distances in a run are worked out row after row, as in `brute`, in vector instructions.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .brute import BLOCK, distances, try_run

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

STEP = 16  # rows by which a run grows: a few too many cost less than finding its end
NEAR = 64  # rows looked at first, which bound the distance to the neighbours


@kernel
def _run_down(along: Float, value: float, reach: float, at: int, first: int) -> int:
    """A place from which all rows before `at` are that lie nearer than reach; not before first."""
    while at > first and value - along[at - 1] < reach:
        at -= STEP
    return max(at, first)


@kernel
def _run_up(along: Float, value: float, reach: float, at: int, last: int) -> int:
    """A place up to which all rows from `at` are that lie nearer than reach; not beyond last."""
    while at < last and along[at] - value < reach:
        at += STEP
    return min(at, last)


@kernel
def neighbours(
    columns: Float, starts: Int, edges: Float, of_x: Bool, k: int, start: int, stop: int,
    radius: Float, radius_x: Float, radius_y: Float, tied: Bool,
) -> None:  # fmt: skip
    """As `kdtree.neighbours`, for the rows of slabs [start, stop).

    columns: (d, n), slab by slab; row 0 is the dimension that slabs are cut across, row 1 the one
    that they are ordered along. starts (slabs + 1,): first place of each; edges (slabs, 2): its
    extremes in row 0; of_x (d,): which dimensions are x's. Outputs are by place in columns.
    """
    dims, n = columns.shape
    slabs = starts.shape[0] - 1
    across, along = columns[0], columns[1]
    slots = min(k + 1, n - 1)
    nearest, who = np.empty(slots), np.empty(slots, np.int64)
    block = np.empty(BLOCK)
    above = np.empty(slabs, np.int64)  # in each slab, the first place not below the row
    for s in range(start, stop):
        above[:] = starts[:-1]
        for i in range(starts[s], starts[s + 1]):
            a, b = across[i], along[i]
            nearest[:] = np.inf
            low, high = max(i - NEAR // 2, starts[s]), min(i + NEAR // 2, starts[s + 1])
            worst = try_run(columns, i, low, high, nearest, who, block)
            down = _run_down(along, b, worst, low, starts[s])
            worst = try_run(columns, i, down, low, nearest, who, block)
            up = _run_up(along, b, worst, high, starts[s + 1])
            worst = try_run(columns, i, high, up, nearest, who, block)
            left, right = s - 1, s + 1
            while True:  # the nearer of the two next slabs
                gap_left = a - edges[left, 1] if left >= 0 else np.inf
                gap_right = edges[right, 0] - a if right < slabs else np.inf
                if min(gap_left, gap_right) >= worst:
                    break
                q = left if gap_left < gap_right else right
                left, right = left - int(q == left), right + int(q == right)
                first, last = starts[q], starts[q + 1]
                at = above[q]
                while at < last and along[at] < b:
                    at += 1
                above[q] = at
                down = _run_down(along, b, worst, at, first)
                up = _run_up(along, b, worst, at, last)
                worst = try_run(columns, i, down, up, nearest, who, block)
            reach = nearest[k - 1]
            radius[i] = reach
            tied[i] = reach == 0.0 or (slots > k and nearest[k] == reach)
            wide_x, wide_y = 0.0, 0.0
            for slot in range(k):
                for d in range(dims):
                    distance = abs(columns[d, who[slot]] - columns[d, i])
                    if of_x[d]:
                        wide_x = max(wide_x, distance)
                    else:
                        wide_y = max(wide_y, distance)
            radius_x[i], radius_y[i] = wide_x, wide_y


@kernel
def count_within(
    columns: Float, starts: Int, edges: Float, reach: Float, start: int, stop: int, counts: Int
) -> None:
    """How many rows, itself included, lie nearer than reach, for the rows of slabs [start, stop).

    reach, counts: by place in columns.
    """
    slabs = starts.shape[0] - 1
    across, along = columns[0], columns[1]
    block = np.empty(BLOCK)
    above = np.empty(slabs, np.int64)
    for s in range(start, stop):
        above[:] = starts[:-1]
        for i in range(starts[s], starts[s + 1]):
            a, b, own = across[i], along[i], reach[i]
            count = 0
            first_slab, last_slab = s, s
            if own > 0.0:
                while first_slab > 0 and a - edges[first_slab - 1, 1] < own:
                    first_slab -= 1
                while last_slab < slabs - 1 and edges[last_slab + 1, 0] - a < own:
                    last_slab += 1
            else:  # reaches nothing
                last_slab = s - 1
            for q in range(first_slab, last_slab + 1):
                at, last = above[q], starts[q + 1]
                while at < last and along[at] < b:
                    at += 1
                above[q] = at
                down = _run_down(along, b, own, at, starts[q])
                up = _run_up(along, b, own, at, last)
                for begin in range(down, up, BLOCK):
                    length = min(BLOCK, up - begin)
                    distances(columns, i, begin, length, block)
                    for j in range(length):
                        count += block[j] < own
            counts[i] = count
