"""Distances to up to three Chebyshev neighbours in the plane, and ties.

The plane is cut into strips as in `strips`. While rows are put into their strips in ascending order
of y, the place of each row among those of the strips on the left and on the right is known. Around
these three places `STEPS` rows are compared without a branch, for several rows at once where the
processor can, which is enough for most rows. For the others the search goes on from there.

Infinite values lie before and after the rows of each strip, so that a search needs no other end.
All comparisons are of the same rounded differences as in `strips`, so the results are the same.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]
Bool = NDArray[np.bool_]
Place = int | np.int64 | np.uint64  # always of 64 bits

MOST_NEIGHBOURS = 3
STEPS = 4
# What is known of some places at once lies in lines: the distances to the 4 * STEPS rows of the
# strips on both sides, the four smallest of all, and how far the rows that were compared reach.
AT_ONCE = 128
LINES = 4 * STEPS + 5
# With unsigned places, no negative index has to be looked for, and the loops work on vectors.
Unsigned = np.uint64
LINE, FOUR, REACH = Unsigned(AT_ONCE), Unsigned(4 * STEPS), Unsigned(4 * STEPS + 4)


def places(n: int, strips: int) -> int:
    """How many places the rows take, with the infinite values around them."""
    return n + 2 * STEPS * (strips + 2) + 2


@kernel
def first_place(starts: Int, strip: int) -> int:
    """The place of the first row of a strip; strips -1 and `strips` hold no rows."""
    last = starts.shape[0] - 1
    rows = starts[min(max(strip, 0), last)]
    return int(rows + 2 * STEPS * (strip + 1) + STEPS + 1)


@kernel
def arrange(
    x: Float, y: Float, by_x: Int, by_y: Int, starts: Int, xs: Float, ys: Float, rows: Int32,
    left: Int32, right: Int32, edges: Float,
) -> None:  # fmt: skip
    """Put the rows into strips, in ascending order of y.

    by_x, by_y (n,): the rows in ascending order of x, and of y; starts (strips + 1,): first row of
    each strip in by_x. Written, by place: xs, ys: the values, infinite where there is no row; rows:
    the row; left, right: the first place of the strip before, and after, that is not below. edges
    (strips, 2): the smallest and the largest x of each strip.
    """
    n, strips = x.shape[0], starts.shape[0] - 1
    strip_of, free = np.empty(n, np.int32), np.empty(strips + 2, np.int64)
    xs[:], ys[:] = np.inf, np.inf
    for s in range(-1, strips + 1):
        free[s + 1] = first_place(starts, s)
        for place in range(free[s + 1] - STEPS, free[s + 1]):
            ys[place] = -np.inf
        if 0 <= s < strips:
            edges[s, 0], edges[s, 1] = x[by_x[starts[s]]], x[by_x[starts[s + 1] - 1]]
            for i in range(starts[s], starts[s + 1]):
                strip_of[by_x[i]] = s + 1
    for i in range(n):
        row = by_y[i]
        strip = np.int64(strip_of[row])
        to = free[strip]
        free[strip] = to + 1
        xs[to], ys[to], rows[to] = x[row], y[row], row
        left[to], right[to] = free[strip - 1], free[strip + 1]
    for s in range(1, strips + 1):  # the end of a strip, above all its rows
        left[free[s]], right[free[s]] = free[s - 1], free[s + 1]


Four = tuple[float, float, float, float]


@kernel
def _with(d: float, a: float, b: float, c: float, e: float) -> Four:
    """The four smallest of five distances, of which a, b, c and e ascend."""
    larger = c if c > d else d
    e = e if e < larger else larger
    larger = b if b > d else d
    c = c if c < larger else larger
    larger = a if a > d else d
    b = b if b < larger else larger
    return a if a < d else d, b, c, e


@kernel
def _distance(xs: Float, ys: Float, place: Place, x: float, y: float) -> float:
    in_x, in_y = abs(xs[place] - x), abs(ys[place] - y)
    return float(in_x if in_x > in_y else in_y)


@kernel
def _scan(
    xs: Float, ys: Float, x: float, y: float, place: Place, step: int,
    a: float, b: float, c: float, e: float,
) -> Four:  # fmt: skip
    """The four smallest distances, those from `place` on included, while y is near enough."""
    while abs(ys[place] - y) < e:
        a, b, c, e = _with(_distance(xs, ys, place, x, y), a, b, c, e)
        place += step
    return a, b, c, e


@kernel
def _beside(
    xs: Float, ys: Float, left: Int32, right: Int32, first: int, count: int, lines: Float
) -> None:
    """Distances to the rows of the strips on both sides, for `count` places from `first` on.

    lines: line j holds those to the j-th row, a place beside the other; line `REACH` how far in y
    the rows that were compared reach.
    """
    for t in range(Unsigned(count)):
        i = Unsigned(first) + t
        x, y = xs[i], ys[i]
        p, q = Unsigned(left[i] - STEPS), Unsigned(right[i] - STEPS)
        for j in range(Unsigned(2 * STEPS)):
            lines[j * LINE + t] = _distance(xs, ys, p + j, x, y)
            lines[(j + Unsigned(2 * STEPS)) * LINE + t] = _distance(xs, ys, q + j, x, y)
        last = Unsigned(2 * STEPS - 1)
        up, down = min(ys[p + last], ys[q + last]) - y, y - max(ys[p], ys[q])
        lines[REACH * LINE + t] = up if up < down else down


@kernel
def _nearest(
    xs: Float, ys: Float, first: int, count: int, below: float, above: float, lines: Float
) -> None:
    """The four smallest distances of each place, after `_beside`, into the lines from `FOUR` on.

    below, above: the x next to the three strips. Line `REACH` of `lines` becomes the distance up to
    which no other row can be nearer.
    """
    for t in range(Unsigned(count)):
        i = Unsigned(first) + t
        x, y = xs[i], ys[i]
        a, b, c, e = np.inf, np.inf, np.inf, np.inf
        for j in range(1, STEPS + 1):
            a, b, c, e = _with(_distance(xs, ys, i + Unsigned(j), x, y), a, b, c, e)
            a, b, c, e = _with(_distance(xs, ys, i - Unsigned(j), x, y), a, b, c, e)
        for j in range(4 * STEPS):
            a, b, c, e = _with(lines[Unsigned(j) * LINE + t], a, b, c, e)
        lines[FOUR * LINE + t] = a
        lines[(FOUR + Unsigned(1)) * LINE + t] = b
        lines[(FOUR + Unsigned(2)) * LINE + t] = c
        lines[(FOUR + Unsigned(3)) * LINE + t] = e
        reach = lines[REACH * LINE + t]
        for limit in (
            ys[i + Unsigned(STEPS)] - y, y - ys[i - Unsigned(STEPS)], x - below, above - x
        ):  # fmt: skip
            reach = limit if limit < reach else reach
        lines[REACH * LINE + t] = reach


@kernel
def _farther(
    xs: Float, ys: Float, left: Int32, right: Int32, starts: Int, edges: Float, s: int, i: int,
    a: float, b: float, c: float, e: float,
) -> Four:  # fmt: skip
    """The four smallest distances of place i of strip s, from those to the rows next to it."""
    x, y = xs[i], ys[i]
    p, q = np.int64(left[i]), np.int64(right[i])
    a, b, c, e = _scan(xs, ys, x, y, i + STEPS + 1, 1, a, b, c, e)
    a, b, c, e = _scan(xs, ys, x, y, i - STEPS - 1, -1, a, b, c, e)
    a, b, c, e = _scan(xs, ys, x, y, p + STEPS, 1, a, b, c, e)
    a, b, c, e = _scan(xs, ys, x, y, p - STEPS - 1, -1, a, b, c, e)
    a, b, c, e = _scan(xs, ys, x, y, q + STEPS, 1, a, b, c, e)
    a, b, c, e = _scan(xs, ys, x, y, q - STEPS - 1, -1, a, b, c, e)
    other = s - 2
    while other >= 0 and x - edges[other, 1] < e:
        p = np.int64(left[p])
        while ys[p - 1] >= y:
            p -= 1
        a, b, c, e = _scan(xs, ys, x, y, p, 1, a, b, c, e)
        a, b, c, e = _scan(xs, ys, x, y, p - 1, -1, a, b, c, e)
        other -= 1
    other = s + 2
    while other < starts.shape[0] - 1 and edges[other, 0] - x < e:
        q = np.int64(right[q])
        while ys[q - 1] >= y:
            q -= 1
        a, b, c, e = _scan(xs, ys, x, y, q, 1, a, b, c, e)
        a, b, c, e = _scan(xs, ys, x, y, q - 1, -1, a, b, c, e)
        other += 1
    return a, b, c, e


@kernel
def radii(
    xs: Float, ys: Float, rows: Int32, left: Int32, right: Int32, starts: Int, edges: Float, k: int,
    start: int, stop: int, radius: Float, tied: Bool,
) -> None:  # fmt: skip
    """`radius` and `tied` of `kdtree.neighbours`, for strips [start, stop); k is at most 3.

    The others are from `arrange`. Outputs are in row order.
    """
    strips = starts.shape[0] - 1
    lines = np.empty(LINES * AT_ONCE)
    four = 4 * STEPS * AT_ONCE
    for s in range(start, stop):
        first = first_place(starts, s)
        last = first + starts[s + 1] - starts[s]
        below = edges[s - 2, 1] if s >= 2 else -np.inf
        above = edges[s + 2, 0] if s + 2 < strips else np.inf
        for begin in range(first, last, AT_ONCE):
            count = min(AT_ONCE, last - begin)
            _beside(xs, ys, left, right, begin, count, lines)
            _nearest(xs, ys, begin, count, below, above, lines)
            for t in range(count):
                a, b = lines[four + t], lines[four + AT_ONCE + t]
                c, e = lines[four + 2 * AT_ONCE + t], lines[four + 3 * AT_ONCE + t]
                if lines[four + 4 * AT_ONCE + t] < e:
                    a, b, c, e = _farther(
                        xs, ys, left, right, starts, edges, s, begin + t, a, b, c, e
                    )
                row = rows[begin + t]
                distance = c if k == 3 else b if k == 2 else a
                radius[row] = distance
                tied[row] = distance == 0.0 or distance == (e if k == 3 else c if k == 2 else b)
