"""Discordant pairs of rows: pairs whose order on one side is reversed on the other side."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Int = NDArray[np.int64]


@kernel
def discordant(ranks: Int, counts: Int, lags: Int) -> None:
    """counts[i] = how many other rows form a discordant pair with row i.

    These are earlier rows of a higher rank, and later rows of a lower rank. lags[i]: the sum of
    their distances from row i, in places. ranks (n,): each of 0 ... n - 1 once, the ranks on one
    side of rows sorted by the other side. Binary indexed trees (Fenwick 1994,
    doi:10.1002/spe.4380240306) hold the number of earlier rows below a rank, and their places.
    """
    n = ranks.shape[0]
    below = np.zeros(n + 1, np.int64)  # sum of the places of all rows below a rank
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
def stretches(counts: Int, min_count: int, min_rows: int, stretch_of: Int) -> None:
    """stretch_of[i] = number of the stretch of consecutive rows that contains row i.

    A stretch is the shortest that has at least min_rows rows and a sum of counts of at least
    min_count; the rows left at the end belong to the last stretch.
    """
    n = counts.shape[0]
    stretch, start, total = 0, 0, 0
    for i in range(n):
        stretch_of[i] = stretch
        total += counts[i]
        if total >= min_count and i + 1 - start >= min_rows:
            stretch, start, total = stretch + 1, i + 1, 0
    if 0 < start < n:
        stretch_of[start:] = stretch - 1
