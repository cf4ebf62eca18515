"""Pairs of rows that are in one order on one side, and in the other order on the other."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Int = NDArray[np.int64]


@kernel
def discordant(ranks: Int, counts: Int, lags: Int) -> None:
    """counts[i]: the others that lie before row i and rank above it, or after and below.

    lags[i]: by how many places these lie apart from row i, in all. ranks (n,): each of 0 ... n - 1
    once, the ranks on one side of rows in order of the other. Binary indexed trees (Fenwick 1994,
    doi:10.1002/spe.4380240306) hold the number of earlier rows below a rank, and their places.
    """
    n = ranks.shape[0]
    below = np.zeros(n + 1, np.int64)  # the places of all rows below a rank
    for i in range(n):
        below[ranks[i] + 1] = i
    for rank in range(n):
        below[rank + 1] += below[rank]
    tree, places = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    for i in range(n):
        lower, lower_places, j = 0, 0, ranks[i] + 1
        while j > 0:
            lower += tree[j]
            lower_places += places[j]
            j -= j & -j
        before, after = i - lower, ranks[i] - lower
        before_places = i * (i - 1) // 2 - lower_places
        after_places = below[ranks[i]] - lower_places
        counts[i] = before + after
        lags[i] = i * before - before_places + after_places - i * after
        j = ranks[i] + 1
        while j <= n:
            tree[j] += 1
            places[j] += i
            j += j & -j


@kernel
def stretches(counts: Int, least: int, rows: int, of: Int) -> None:
    """of[i]: the number of the stretch of rows that i is in.

    Each stretch is as short as can be with so many rows and counts of `least` in all; what is left
    at the end goes to the last.
    """
    n = counts.shape[0]
    stretch, start, total = 0, 0, 0
    for i in range(n):
        of[i] = stretch
        total += counts[i]
        if total >= least and i + 1 - start >= rows:
            stretch, start, total = stretch + 1, i + 1, 0
    if 0 < start < n:
        of[start:] = stretch - 1
