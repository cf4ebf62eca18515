"""The entropy of pairs of symbols that chance alone would pair, and Grassberger's entropy."""

import math

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .symbols import ascending, dense_symbols

Int = NDArray[np.int64]
Float = NDArray[np.float64]

NEGLIGIBLE = 1e-17  # a probability relative to that of the most likely count


@kernel
def pair_counts(x: Int, y: Int, count_x: int, count_y: int) -> Int:
    """How often each pair of symbols (x, y) that occurs does, in some order.

    x, y: (n,) symbols in [0, count_x) and [0, count_y).
    """
    n = x.shape[0]
    pairs_possible = count_x * count_y
    if pairs_possible > 4 * n + 1024:  # too many for a table
        _, counts = dense_symbols(x * count_y + y, np.int64(0))
        return counts
    table = np.zeros(pairs_possible, np.int64)
    for i in range(n):
        table[x[i] * count_y + y[i]] += 1
    used = 0
    for count in table:
        if count > 0:
            table[used] = count
            used += 1
    return table[:used].copy()


@kernel
def distinct_counts(counts: Int) -> tuple[Int, Int]:
    """The distinct values among counts of at least 1, ascending, and how often each occurs."""
    used, largest = 0, counts.max()
    if largest <= 4 * counts.shape[0] + 1024:  # a table is faster than sorting
        occurrences = np.zeros(largest + 1, np.int64)
        for count in counts:
            occurrences[count] += 1
        values, repeats = np.empty_like(occurrences), np.empty_like(occurrences)
        for count in range(1, largest + 1):
            if occurrences[count] > 0:
                values[used], repeats[used] = count, occurrences[count]
                used += 1
        return values[:used].copy(), repeats[:used].copy()
    ordered = ascending(counts)
    values, repeats = np.empty_like(ordered), np.zeros_like(ordered)
    for count in ordered:
        if used == 0 or values[used - 1] != count:
            values[used] = count
            used += 1
        repeats[used - 1] += 1
    return values[:used].copy(), repeats[:used].copy()


@kernel
def grassberger_terms(largest: int) -> Float:
    """The terms c G(c) for c = 0 .. largest; c G(c) replaces c log c in the plug-in entropy.

    G(1) = -gamma - log 2, G(2) = 2 - gamma - log 2, G(2m + 1) = G(2m), and
    G(2m + 2) = G(2m) + 2 / (2m + 1): Grassberger 2003, arXiv:physics/0307138, eqs. 30 and 35.
    """
    terms = np.zeros(largest + 1)
    g = -np.euler_gamma - math.log(2.0)
    for c in range(1, largest + 1):
        if c % 2 == 0:
            g += 2.0 / (c - 1)
        terms[c] = c * g
    return terms


@kernel
def sum_of_terms(values: Int, repeats: Int, terms: Float) -> float:
    """The sum of terms[c] over counts, given by their distinct values and how often each occurs."""
    total = 0.0
    for value, repeat in zip(values, repeats):  # noqa: B905  numba knows no `strict`
        total += repeat * terms[value]
    return total


@kernel
def expected_sum(
    values_x: Int, repeats_x: Int, values_y: Int, repeats_y: Int, n: int, terms: Float
) -> float:
    """The expected sum of terms[c] over all cells of a table with fixed margins, paired at random.

    values, repeats: the distinct counts of each margin, and how many symbols have each. The count c
    of a cell with margins a and b is hypergeometric; its probabilities follow from the most likely
    c by ratios, in both directions, until they are negligible.
    """
    total = 0.0
    for i in range(values_x.shape[0]):
        a = values_x[i]
        for j in range(values_y.shape[0]):
            b = values_y[j]
            least, most = max(0, a + b - n), min(a, b)
            mode = min(max((a + 1) * (b + 1) // (n + 2), least), most)
            weights, weighted = 1.0, terms[mode]
            weight, c = 1.0, mode
            while c < most and weight > NEGLIGIBLE:
                weight *= (a - c) * (b - c) / ((c + 1.0) * (n - a - b + c + 1.0))
                c += 1
                weights += weight
                weighted += weight * terms[c]
            weight, c = 1.0, mode
            while c > least and weight > NEGLIGIBLE:
                weight *= c * (n - a - b + c) / ((a - c + 1.0) * (b - c + 1.0))
                c -= 1
                weights += weight
                weighted += weight * terms[c]
            total += repeats_x[i] * repeats_y[j] * (weighted / weights)
    return total
