"""Neighbours and counts within a radius in one dimension, from the sorted values."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
Place = int | np.int64  # always of 64 bits, so that one version of a kernel is compiled

STEP = 8  # values compared at once, without a branch
MAX_STEPS = 4  # steps before a binary search takes over
AT_ONCE = 256  # values whose place is guessed in one loop
Unsigned = np.uint64
FEW_VALUES = 4  # values after a guess, of which one is mostly the right one


@kernel
def neighbours(values: Float, k: int, start: int, stop: int, radius: Float, tied: Bool) -> None:
    """Distance to the k-th nearest other of n > k ascending values, for places [start, stop).

    tied: as in `kdtree.neighbours`, the k-th and the next neighbour are equally far, or the k-th
    is a copy. The k nearest are consecutive values around the place, found step by step.
    """
    n = values.shape[0]
    for i in range(start, stop):
        below, above = i - 1, i + 1
        reach, beyond = 0.0, np.inf
        for rank in range(k + 1):
            down = values[i] - values[below] if below >= 0 else np.inf
            up = values[above] - values[i] if above < n else np.inf
            if rank == k:
                beyond = min(down, up)
            elif down < up:
                reach = down
                below -= 1
            else:
                reach = up
                above += 1
        radius[i] = reach
        tied[i] = reach == 0.0 or reach == beyond


@kernel
def _interval(value: float, low: float, scale: float, top: float) -> int:
    """The interval of the table that holds a value, which may be infinite."""
    place = (value - low) * scale if scale > 0.0 else 0.0
    place = place if place > 0.0 else 0.0
    return int(place if place < top else top)


@kernel
def tabulate(values: Float, n: int, low: float, scale: float, table: NDArray[np.int32]) -> None:
    """table[c] = place of the first of n ascending values that lies in interval c or a later one.

    There are len(table) - 1 intervals of equal width. Value v lies in interval (v - low) * scale,
    rounded down; values outside all intervals belong to the first or to the last one.
    """
    intervals = table.shape[0] - 1
    top = intervals - 1.0
    next_interval = 0
    for i in range(n):
        interval = _interval(values[i], low, scale, top)
        while next_interval <= interval:
            table[next_interval] = i
            next_interval += 1
    table[next_interval:] = n


@kernel
def _boundary(
    values: Float, centre: float, reach: float, first: Place, last: Place, up: bool
) -> Place:
    """The first place in [first, last] beyond the reach (up) or within it, by binary search."""
    while first < last:
        middle = (first + last) // 2
        value = values[middle]
        if (value - centre >= reach) if up else (centre - value < reach):
            last = middle
        else:
            first = middle + 1
    return first


@kernel
def _boundary_near(
    values: Float, n: int, centre: float, reach: float, guess: Place, up: bool
) -> Place:
    """`_boundary` in all n values, near a guess: a few steps up, else a binary search."""
    if guess > 0:
        value = values[guess - 1]
        if (value - centre >= reach) if up else (centre - value < reach):
            return _boundary(values, centre, reach, np.int64(0), guess - 1, up)
    place = guess
    for _ in range(MAX_STEPS):
        passed = 0
        for j in range(STEP):
            value = values[place + j]
            passed += int(value - centre < reach if up else centre - value >= reach)
        place += passed
        if passed < STEP:
            return place
    return _boundary(values, centre, reach, place, n, up)


@kernel
def count_within(
    values: Float, n: int, table: NDArray[np.int32], low: float, scale: float, reach: Float,
    start: int, stop: int, counts: Int,
) -> None:  # fmt: skip
    """How many of n values lie at |value - centre| < reach, for the centres [start, stop) of them.

    values: ascending, then STEP times +inf, which are never counted. table, low, scale: from
    `tabulate`; they give a guess, and comparisons with values decide. The rounded differences are
    monotone in the value, so the result equals that of comparing with all values.
    """
    top = table.shape[0] - 2.0
    for i in range(start, stop):
        radius, centre = reach[i], values[i]
        if not radius > 0.0:  # counts nothing
            counts[i] = 0
            continue
        guess = np.int64(table[_interval(centre - radius, low, scale, top)])
        first = _boundary_near(values, n, centre, radius, guess, False)
        guess = np.int64(table[_interval(centre + radius, low, scale, top)])
        last = _boundary_near(values, n, centre, radius, guess, True)
        counts[i] = last - first


@kernel
def _guess(
    values: Float, low: float, scale: float, top: float, start: int, count: int, reach: Float,
    first: NDArray[np.int32], last: NDArray[np.int32],
) -> None:  # fmt: skip
    """The intervals of the table in which the reaches of `count` values from `start` on end.

    Here and not for one value at a time, since this loop works on vectors.
    """
    for t in range(Unsigned(count)):
        centre = values[Unsigned(start) + t]
        place = (centre - reach[t] - low) * scale
        place = place if place > 0.0 else 0.0
        first[t] = np.int32(place if place < top else top)
        place = (centre + reach[t] - low) * scale
        place = place if place > 0.0 else 0.0
        last[t] = np.int32(place if place < top else top)


@kernel
def occurrences_within(
    values: Float, n: int, table: NDArray[np.int32], low: float, scale: float, order: Int,
    radius: Float, error: float, max_rounding: float, start: int, stop: int, occurrences: Int,
) -> int:  # fmt: skip
    """How often each count of `count_within` occurs, for the centres [start, stop).

    order (n,): the rows of the values; radius (n,), by row, is made smaller by `error`, and by no
    more than the share `max_rounding` of it. occurrences (n + 1,) are raised; a count is at
    least 1. Returns the largest count.
    """
    top, largest = table.shape[0] - 2.0, 1
    reaches = np.empty(AT_ONCE)
    firsts, lasts = np.empty(AT_ONCE, np.int32), np.empty(AT_ONCE, np.int32)
    for begin in range(start, stop, AT_ONCE):
        many = min(AT_ONCE, stop - begin)
        for t in range(many):
            distance = radius[order[begin + t]]
            reaches[t] = distance - min(error, max_rounding * distance)
        _guess(values, low, scale, top, begin, many, reaches, firsts, lasts)
        for t in range(many):
            centre, reach = values[begin + t], reaches[t]
            if not reach > 0.0:
                occurrences[1] += 1
                continue
            # With unsigned places, no negative index has to be looked for.
            near, far = Unsigned(table[Unsigned(firsts[t])]), Unsigned(table[Unsigned(lasts[t])])
            outside, inside = 0, 0
            for j in range(Unsigned(FEW_VALUES)):
                outside += int(centre - values[near + j] >= reach)
                inside += int(values[far + j] - centre < reach)
            sure = (outside < FEW_VALUES) & (inside < FEW_VALUES)
            # The values before; where there is none, the first one, whatever it is.
            before_near = values[near - Unsigned(near > 0)]
            before_far = values[far - Unsigned(far > 0)]
            sure &= (near == 0) | (centre - before_near >= reach)
            sure &= (far == 0) | (before_far - centre < reach)
            first: Place = np.int64(near)
            last: Place = np.int64(far)
            if sure:
                first, last = first + outside, last + inside
            else:
                for up in range(2):  # in a loop, which compiles faster
                    place = _boundary_near(values, n, centre, reach, last if up else first, up > 0)
                    first, last = (first, place) if up else (place, last)
            count = int(max(last - first, 1))
            occurrences[count] += 1
            largest = max(largest, count)
    return largest
