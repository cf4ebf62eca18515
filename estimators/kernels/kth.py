"""The k-th smallest of many distances, by counting how many are below a limit.

The upper half of the bits of a float of at least 0 is an integer that never falls while the float
rises. Integers of 32 bits are counted faster than floats, so limits are sought among them.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Halves = NDArray[np.int32]

PER_OCTAVE = 2.0**20  # upper halves from a float to its double
ABOVE_ALL = 0x7FF00001  # more than the upper half of infinity
FEW_NEIGHBOURS = 16  # up to which a sorted list is faster than a selection
BY_POWER_LAW = 4  # limits that are guessed from the power law of the number of neighbours
HALVE_EVERY = 3  # of the limits after these, one in so many halves what is left


@kernel
def upper_halves(distances: Float, halves: Halves) -> None:
    """Write the upper halves of the bits of distances (n,) of at least 0, which may be infinite."""
    bits = distances.view(np.int64)
    for j in range(bits.shape[0]):
        halves[j] = np.int32(bits[j] >> 32)


@kernel
def count_below(halves: Halves, limit: int) -> int:
    """How many upper halves are below the limit."""
    top, count = np.int32(limit), np.int32(0)
    for j in range(halves.shape[0]):
        count = np.int32(count + np.int32(halves[j] < top))
    return int(count)


@kernel
def place_between(halves: Halves, low: int, high: int) -> int:
    """The place of the one upper half in [low, high)."""
    first, last, place = np.int32(low), np.int32(high), np.int32(0)
    for j in range(halves.shape[0]):
        inside = (halves[j] >= first) & (halves[j] < last)
        place = np.int32(place + (np.int32(j) if inside else np.int32(0)))
    return int(place)


@kernel
def kth_smallest(values: Float, k: int, scratch: Float) -> float:
    """The k-th smallest of the values (n,), k from 1 to n; scratch: at least n floats."""
    n = values.shape[0]
    if k <= FEW_NEIGHBOURS:
        for slot in range(k):
            scratch[slot] = np.inf
        for i in range(n):
            value = values[i]
            if value < scratch[k - 1]:
                slot = k - 1
                while slot > 0 and scratch[slot - 1] > value:
                    scratch[slot] = scratch[slot - 1]
                    slot -= 1
                scratch[slot] = value
        return float(scratch[k - 1])
    for i in range(n):
        scratch[i] = values[i]
    low, high, place = 0, n - 1, k - 1
    while low < high:  # Hoare's selection
        pivot = scratch[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while scratch[i] < pivot:
                i += 1
            while scratch[j] > pivot:
                j -= 1
            if i <= j:
                scratch[i], scratch[j] = scratch[j], scratch[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    return float(scratch[place])


@kernel
def kth_by_counting(
    distances: Float, halves: Halves, k: int, dims: int, guess: int, scratch: Float
) -> float:
    """The k-th smallest of distances (n,), k from 1 to n.

    halves (n,): from `upper_halves`; dims: the number of neighbours is taken to grow with this
    power of the distance; guess: an upper half near that of the result; scratch: 2 n floats.
    """
    low, below, high, up_to = -1, 0, ABOVE_ALL, halves.shape[0]
    tried = 0
    while up_to - below > 1 and high - low > 1:
        if not low < guess < high:
            guess = low + (high - low) // 2
        count = count_below(halves, guess)
        if count < k:
            low, below = guess, count
        else:
            high, up_to = guess, count
        tried += 1
        if tried <= BY_POWER_LAW:
            octaves = np.log2((k - 0.5) / max(count, 0.5)) / dims
            guess += int(octaves * PER_OCTAVE)
        elif tried % HALVE_EVERY == 0:
            guess = low + (high - low) // 2
        else:
            guess = low + int((high - low) * ((k - 0.5 - below) / (up_to - below)))
    if up_to - below == 1:
        return float(distances[place_between(halves, low, high)])
    equal = 0
    for j in range(halves.shape[0]):
        if halves[j] == low:
            scratch[equal] = distances[j]
            equal += 1
    return kth_smallest(scratch[:equal], k - below, scratch[equal:])
