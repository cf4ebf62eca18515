"""Chebyshev neighbours in the plane, by strips of equally many rows.

The plane is cut into vertical strips, and the rows of each strip are sorted by y. The search for
a row's neighbours goes up and down its strip, then to the strips on the left and right that are
nearer than the farthest neighbour so far. The rows of a strip are taken in ascending order of y:
the place of y among the rows of another strip then only moves up, so that no search is needed.

All comparisons are of the same rounded differences as in `kdtree` and `brute`, so the results are
the same.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


@kernel
def arrange(
    x: Float, y: Float, by_x: Int, by_y: Int, starts: Int,
    arranged: Float, rows: Int, edges: Float,
) -> None:  # fmt: skip
    """Put the rows into strips, in ascending order of y.

    by_x, by_y (n,): the rows in ascending order of x, and of y; starts (strips + 1,): first place
    of each strip in by_x. Written: arranged (2, n), x and y strip by strip; rows (n,), the row at
    each place; edges (strips, 2), the smallest and the largest x of each strip.
    """
    n, strips = x.shape[0], starts.shape[0] - 1
    strip_of = np.empty(n, np.int32)
    free = np.empty(strips, np.int64)
    for s in range(strips):
        edges[s, 0], edges[s, 1] = x[by_x[starts[s]]], x[by_x[starts[s + 1] - 1]]
        free[s] = starts[s]
        for place in range(starts[s], starts[s + 1]):
            strip_of[by_x[place]] = s
    for place in range(n):
        row = by_y[place]
        s = strip_of[row]
        to = free[s]
        free[s] = to + 1
        arranged[0, to], arranged[1, to] = x[row], y[row]
        rows[to] = row


@kernel
def _insert(nearest: Float, indices: Int, distance: float, place: int) -> float:
    """Insert a place into the ascending list of the nearest; return its farthest distance."""
    s = nearest.shape[0] - 1
    while s > 0 and nearest[s - 1] > distance:
        nearest[s] = nearest[s - 1]
        indices[s] = indices[s - 1]
        s -= 1
    nearest[s] = distance
    indices[s] = place
    return float(nearest[nearest.shape[0] - 1])


@kernel
def _scan_up(
    xs: Float, ys: Float, x: float, y: float, place: int, last: int,
    nearest: Float, indices: Int, farthest: float,
) -> float:  # fmt: skip
    """Try the places upwards from `place`, before `last`; return the farthest distance listed."""
    while place < last and ys[place] - y < farthest:
        distance = max(abs(xs[place] - x), ys[place] - y)
        if distance < farthest:
            farthest = _insert(nearest, indices, distance, place)
        place += 1
    return farthest


@kernel
def _scan_down(
    xs: Float, ys: Float, x: float, y: float, place: int, first: int,
    nearest: Float, indices: Int, farthest: float,
) -> float:  # fmt: skip
    """Try the places downwards from `place` to `first`; return the farthest distance listed."""
    while place >= first and y - ys[place] < farthest:
        distance = max(abs(xs[place] - x), y - ys[place])
        if distance < farthest:
            farthest = _insert(nearest, indices, distance, place)
        place -= 1
    return farthest


@kernel
def neighbours(
    arranged: Float, rows: Int, starts: Int, edges: Float, k: int, start: int, stop: int,
    radius: Float, extent_x: Float, extent_y: Float, tied: Bool,
    fewer: Int, fewer_radius: Float,
) -> None:  # fmt: skip
    """The same as `kdtree.neighbours`, one column in x and one in y, for strips [start, stop).

    Outputs are in row order.
    """
    xs, ys = arranged[0], arranged[1]
    n, strips = xs.shape[0], starts.shape[0] - 1
    slots = min(k + 1, n - 1)
    nearest, indices = np.empty(slots), np.empty(slots, np.int64)
    above = np.empty(strips, np.int64)  # in each strip, the first place not below the row
    seen = np.full(strips, -1, np.int64)  # the strip for whose rows `above` holds
    for s in range(start, stop):
        for i in range(starts[s], starts[s + 1]):
            x, y = xs[i], ys[i]
            nearest[:] = np.inf
            farthest = np.inf
            farthest = _scan_up(xs, ys, x, y, i + 1, starts[s + 1], nearest, indices, farthest)
            farthest = _scan_down(xs, ys, x, y, i - 1, starts[s], nearest, indices, farthest)
            for side in range(2):
                step = 2 * side - 1
                q = s + step
                while 0 <= q < strips:
                    gap = edges[q, 0] - x if side == 1 else x - edges[q, 1]
                    if gap >= farthest:
                        break
                    first, last = starts[q], starts[q + 1]
                    if seen[q] != s:
                        seen[q], above[q] = s, first
                    place = above[q]
                    while place < last and ys[place] < y:
                        place += 1
                    above[q] = place
                    farthest = _scan_up(xs, ys, x, y, place, last, nearest, indices, farthest)
                    farthest = _scan_down(
                        xs, ys, x, y, place - 1, first, nearest, indices, farthest
                    )
                    q += step
            row = rows[i]
            distance_k = nearest[k - 1]
            radius[row] = distance_k
            tied[row] = distance_k == 0.0 or (slots > k and nearest[k] == distance_k)
            for j in range(fewer.shape[0]):
                distance_j = nearest[fewer[j] - 1]
                fewer_radius[j, row] = distance_j
                tied[row] |= distance_j == 0.0 or nearest[fewer[j]] == distance_j
            largest_x, largest_y = 0.0, 0.0
            for slot in range(k):
                largest_x = max(largest_x, abs(xs[indices[slot]] - x))
                largest_y = max(largest_y, abs(ys[indices[slot]] - y))
            extent_x[row], extent_y[row] = largest_x, largest_y
