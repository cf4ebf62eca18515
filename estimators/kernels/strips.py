"""Chebyshev neighbours in the plane, by strips of equally many rows.

The plane is cut into upright strips, the rows of each in the order of y. A row's neighbours are
sought up and down its own strip, then to the left and right for as long as a strip is nearer than
the farthest of them. The rows of a strip are taken from below, so that the places where they come
to lie among those of another strip only move up, and no search is needed.

All comparisons are of the same rounded differences as in `kdtree` and `brute`, so the numbers are
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
    """Deal the rows to the strips, in the order of y.

    by_x, by_y (n,): orders of the rows; starts (strips + 1,): first place of each strip in by_x.
    Written: arranged (2, n), x and y strip by strip; rows (n,): which rows they are; edges
    (strips, 2): the extremes of x in each strip.
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
def _insert(nearest: Float, who: Int, distance: float, place: int) -> float:
    """Put a place into the ascending list of the nearest; the farthest distance in it."""
    s = nearest.shape[0] - 1
    while s > 0 and nearest[s - 1] > distance:
        nearest[s] = nearest[s - 1]
        who[s] = who[s - 1]
        s -= 1
    nearest[s] = distance
    who[s] = place
    return float(nearest[nearest.shape[0] - 1])


@kernel
def _scan_up(
    xs: Float, ys: Float, x: float, y: float, place: int, last: int,
    nearest: Float, who: Int, worst: float,
) -> float:  # fmt: skip
    """Try the places from one upwards, before `last`; returns the farthest distance found."""
    while place < last and ys[place] - y < worst:
        distance = max(abs(xs[place] - x), ys[place] - y)
        if distance < worst:
            worst = _insert(nearest, who, distance, place)
        place += 1
    return worst


@kernel
def _scan_down(
    xs: Float, ys: Float, x: float, y: float, place: int, first: int,
    nearest: Float, who: Int, worst: float,
) -> float:  # fmt: skip
    """Try the places from one downwards, to `first`; returns the farthest distance found."""
    while place >= first and y - ys[place] < worst:
        distance = max(abs(xs[place] - x), y - ys[place])
        if distance < worst:
            worst = _insert(nearest, who, distance, place)
        place -= 1
    return worst


@kernel
def neighbours(
    arranged: Float, rows: Int, starts: Int, edges: Float, k: int, start: int, stop: int,
    radius: Float, radius_x: Float, radius_y: Float, tied: Bool,
) -> None:  # fmt: skip
    """As `kdtree.neighbours` in two dimensions split at 1, for the rows of strips [start, stop).

    Outputs are in row order.
    """
    xs, ys = arranged[0], arranged[1]
    n, strips = xs.shape[0], starts.shape[0] - 1
    slots = min(k + 1, n - 1)
    nearest, who = np.empty(slots), np.empty(slots, np.int64)
    above = np.empty(strips, np.int64)  # in each strip, the first place not below the row
    seen = np.full(strips, -1, np.int64)  # the strip whose rows `above` is about
    for s in range(start, stop):
        for i in range(starts[s], starts[s + 1]):
            x, y = xs[i], ys[i]
            nearest[:] = np.inf
            worst = np.inf
            worst = _scan_up(xs, ys, x, y, i + 1, starts[s + 1], nearest, who, worst)
            worst = _scan_down(xs, ys, x, y, i - 1, starts[s], nearest, who, worst)
            for side in range(2):
                step = 2 * side - 1
                q = s + step
                while 0 <= q < strips:
                    gap = edges[q, 0] - x if side == 1 else x - edges[q, 1]
                    if gap >= worst:
                        break
                    first, last = starts[q], starts[q + 1]
                    if seen[q] != s:
                        seen[q], above[q] = s, first
                    at = above[q]
                    while at < last and ys[at] < y:
                        at += 1
                    above[q] = at
                    worst = _scan_up(xs, ys, x, y, at, last, nearest, who, worst)
                    worst = _scan_down(xs, ys, x, y, at - 1, first, nearest, who, worst)
                    q += step
            row = rows[i]
            reach = nearest[k - 1]
            radius[row] = reach
            tied[row] = reach == 0.0 or (slots > k and nearest[k] == reach)
            wide_x, wide_y = 0.0, 0.0
            for slot in range(k):
                wide_x = max(wide_x, abs(xs[who[slot]] - x))
                wide_y = max(wide_y, abs(ys[who[slot]] - y))
            radius_x[row], radius_y[row] = wide_x, wide_y
