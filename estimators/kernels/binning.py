"""Values to bin indices, folded column by column into one integer key a row.

The loops are written without branches and with unsigned indices (a signed one makes numba test
for Python's negative indexing), so that LLVM turns them into vector instructions. Columns may be
float32 or float64.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

BLOCK = 512
RANK_BLOCK = 32
LINEAR_EDGES = 64
EPSILON = 2.0**-52


@kernel
def fold_uniform(keys: Int, columns: NDArray[Any], edges: Float, bins: Int) -> None:
    """For each column d: keys = keys * bins[d] + bin in d, for bins[d] bins of equal width.

    columns: (d, n); edges: (d, >= bins[d] + 1), row d starting with the edges from `np.linspace`.
    A bin holds its lower edge, the last one also its upper, as in `np.histogram`; a value outside
    joins the first or the last bin.
    """
    n = columns.shape[1]
    for d in range(columns.shape[0]):
        m = bins[d]
        own = edges[d]
        low, high = own[0], own[m]
        scale = m / (high - low)
        top = np.float64(m - 1)
        # (value - low) * scale and the edges are rounded. Where they could disagree about a
        # value, the edges decide, so that this and np.digitize always agree.
        rounding = 8 * EPSILON * m * (1 + max(abs(low), abs(high)) / (high - low))
        hopeless = not (rounding < 0.25 and scale < np.inf)  # bins of few ulps: search them all
        for start in range(0, n, BLOCK):
            values = columns[d, start : start + BLOCK]
            block = keys[start : start + BLOCK]
            doubtful = np.int64(hopeless)
            for i in range(values.shape[0]):
                place = (np.float64(values[i]) - low) * scale
                whole = np.floor(place)
                part = place - whole
                inside = (place > rounding) & (place < top + 1)
                doubtful += np.int64(inside & ((part <= rounding) | (part >= 1 - rounding)))
                whole = whole if whole > 0.0 else 0.0
                whole = whole if whole < top else top
                block[i] = block[i] * m + np.int64(whole)
            if doubtful > 0:
                for i in range(values.shape[0]):
                    value = np.float64(values[i])
                    whole = np.floor((value - low) * scale)
                    whole = whole if whole > 0.0 else 0.0
                    whole = whole if whole < top else top
                    index = np.int64(whole)
                    while index > 0 and value < own[index]:
                        index -= 1
                    while index < m - 1 and value >= own[index + 1]:
                        index += 1
                    block[i] += index - np.int64(whole)


@kernel
def fold_edges(keys: Int, columns: NDArray[Any], padded: NDArray[Any], bins: int) -> None:
    """For each column d: keys = keys * bins + bin in d, for bins between arbitrary edges.

    columns: (d, n); padded: (d, size), row d holding the bins - 1 inner edges in the columns'
    dtype, ascending, then at least one +inf, up to a size of 8, 16, 32, ... A value equal to an
    edge belongs to the bin above it.
    """
    n = columns.shape[1]
    size = padded.shape[1]
    found = np.empty(BLOCK, np.int32)
    for d in range(columns.shape[0]):
        edges = padded[d]
        for start in range(0, n, BLOCK):
            values = columns[d, start : start + BLOCK]
            block = keys[start : start + BLOCK]
            length = values.shape[0]
            for i in range(length):
                found[i] = 0
            if size <= LINEAR_EDGES:  # comparing with all edges, eight at a time, beats searching
                for e in range(0, size, 8):
                    e0, e1, e2, e3 = edges[e], edges[e + 1], edges[e + 2], edges[e + 3]
                    e4, e5, e6, e7 = edges[e + 4], edges[e + 5], edges[e + 6], edges[e + 7]
                    for i in range(length):
                        value = values[i]
                        lower = np.int32(value >= e0) + np.int32(value >= e1)
                        lower += np.int32(value >= e2) + np.int32(value >= e3)
                        upper = np.int32(value >= e4) + np.int32(value >= e5)
                        upper += np.int32(value >= e6) + np.int32(value >= e7)
                        found[i] += lower + upper
            else:  # binary search of the whole block in lockstep, each step one vector loop
                step = np.uint32(size // 2)
                while step > np.uint32(0):
                    before = np.uint32(step - np.uint32(1))
                    for i in range(length):
                        at = np.uint32(found[i])
                        above = values[i] >= edges[np.uint32(at + before)]
                        found[i] = np.int32(at + (step if above else np.uint32(0)))
                    step = np.uint32(step >> np.uint32(1))
            for i in range(length):
                block[i] = block[i] * bins + np.int64(found[i])


@kernel
def _count_new(ordered: NDArray[Any], counts: Int) -> int:
    """counts[b] = how many values in block b of a sorted array differ from the one before.

    Block b holds the positions from 1 + b * RANK_BLOCK. Returns the sum: the rank, from 0, of the
    largest distinct value.
    """
    later, earlier = ordered[1:], ordered[:-1]
    total = 0
    for b in range(counts.shape[0]):
        first = b * RANK_BLOCK
        one, other = later[first : first + RANK_BLOCK], earlier[first : first + RANK_BLOCK]
        new = np.int32(0)
        for i in range(one.shape[0]):
            new += np.int32(one[i] != other[i])
        counts[b] = new
        total += int(new)
    return total


@kernel
def quantile_edges(ordered: NDArray[Any], bins: int, edges: Float) -> None:
    """Inner edges at the quantiles j / bins, 0 < j < bins, of the distinct values of each row.

    ordered: (rows, n), each ascending; edges: (rows, bins - 1), the output, by linear
    interpolation. Quantile j / bins stands at rank j * last / bins, of which whole part and
    remainder are kept as integers, so that no rounding can move a value across an edge.
    """
    n = ordered.shape[1]
    counts = np.empty((n - 2) // RANK_BLOCK + 1, np.int64)
    for row in range(ordered.shape[0]):
        values = ordered[row]
        last = _count_new(values, counts)
        block, before = 0, 0  # the block to look in, and the rank just before it
        known = -1
        left, right = 0.0, 0.0
        for j in range(1, bins):
            below, remainder = j * last // bins, j * last % bins
            if below != known:
                while before + counts[block] < below:
                    before += counts[block]
                    block += 1
                rank, p = before, block * RANK_BLOCK
                while rank < below:
                    p += 1
                    rank += values[p] != values[p - 1]
                left = np.float64(values[p])
                while p < n - 1 and values[p] == left:
                    p += 1
                right = np.float64(values[p])
                known = below
            edge = min(left + (right - left) * (remainder / bins), right)
            # Between neighbouring floats there is nothing: still above `left`, as it should be.
            edges[row, j - 1] = right if remainder > 0 and edge <= left else edge
