"""Neighbours and counts within a radius on a line, from the sorted values."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

STEP = 8  # values compared at once, without a branch
MOST_STEPS = 4  # before a binary search takes over


@kernel
def neighbours(values: Float, k: int, start: int, stop: int, radius: Float, tied: Bool) -> None:
    """Distance to the k-th nearest other of n > k ascending values, for places [start, stop).

    tied: the k-th and the next neighbour are equally far, or the k-th is a copy, as in
    `kdtree.neighbours`. The k nearest are a stretch about the place, found step by step.
    """
    n = values.shape[0]
    for i in range(start, stop):
        below, above = i - 1, i + 1
        reach, beyond = 0.0, np.inf
        for found in range(k + 1):
            down = values[i] - values[below] if below >= 0 else np.inf
            up = values[above] - values[i] if above < n else np.inf
            if found == k:
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
def _cell(value: float, low: float, scale: float, top: float) -> int:
    """The cell of a value, which may be infinite."""
    place = (value - low) * scale if scale > 0.0 else 0.0
    place = place if place > 0.0 else 0.0
    return int(place if place < top else top)


@kernel
def tabulate(values: Float, n: int, low: float, scale: float, table: NDArray[np.int32]) -> None:
    """table[c]: the first of n ascending values that lies in cell c or a later one.

    Value v lies in cell (v - low) * scale, whole part, and in the first or last cell (of
    len(table) - 1) if beyond them.
    """
    cells = table.shape[0] - 1
    top = cells - 1.0
    at = 0
    for i in range(n):
        cell = _cell(values[i], low, scale, top)
        while at <= cell:
            table[at] = i
            at += 1
    table[at:] = n


@kernel
def _first(values: Float, centre: float, reach: float, first: int, last: int, up: bool) -> int:
    """By binary search in [first, last]: the first place beyond the reach (up) or within it."""
    while first < last:
        middle = (first + last) // 2
        value = values[middle]
        if (value - centre >= reach) if up else (centre - value < reach):
            last = middle
        else:
            first = middle + 1
    return first


@kernel
def _beside(values: Float, n: int, centre: float, reach: float, guess: int, up: bool) -> int:
    """As `_first` in all n values, from a guess: a few steps up, else a binary search."""
    if guess > 0:
        value = values[guess - 1]
        if (value - centre >= reach) if up else (centre - value < reach):
            return _first(values, centre, reach, 0, guess - 1, up)
    at = guess
    for _ in range(MOST_STEPS):
        passed = 0
        for j in range(STEP):
            value = values[at + j]
            passed += int(value - centre < reach if up else centre - value >= reach)
        at += passed
        if passed < STEP:
            return at
    return _first(values, centre, reach, at, n, up)


@kernel
def count_within(
    values: Float, n: int, table: NDArray[np.int32], low: float, scale: float, reach: Float,
    start: int, stop: int, counts: Int,
) -> None:  # fmt: skip
    """How many of n values lie at |value - centre| < reach, for the centres [start, stop) of them.

    values: ascending, then STEP times +inf, which no reach counts. table, low, scale: of
    `tabulate`; they give a guess, and the values decide. The rounded differences are monotone in
    the value, so the result is that of comparing with every value.
    """
    top = table.shape[0] - 2.0
    for i in range(start, stop):
        own, centre = reach[i], values[i]
        if not own > 0.0:  # reaches nothing
            counts[i] = 0
            continue
        guess = int(table[_cell(centre - own, low, scale, top)])
        first = _beside(values, n, centre, own, guess, False)
        guess = int(table[_cell(centre + own, low, scale, top)])
        last = _beside(values, n, centre, own, guess, True)
        counts[i] = last - first
