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

    columns: (d, n); edges: (d, >= bins[d] + 1), row d starting with the edges from `np.linspace`,
    or a single row for all columns.
    A bin holds its lower edge, the last one also its upper, as in `np.histogram`; a value outside
    joins the first or the last bin.
    """
    n = columns.shape[1]
    for d in range(columns.shape[0]):
        m = bins[d]
        own = edges[min(d, edges.shape[0] - 1)]
        low, high = own[0], own[m]
        scale = m / (high - low)
        # (value - low) * scale and the edges are rounded. Where they could disagree about a
        # value, the edges decide, so that this and np.digitize always agree.
        rounding = 8 * EPSILON * m * (1 + max(abs(low), abs(high)) / (high - low))
        hopeless = not (rounding < 0.125 and scale < np.inf)  # bins of few ulps: search them all
        rounding = 0.125 if hopeless else rounding
        end = m - 3 * rounding  # within the last bin, and not so near its edge as to be doubtful
        for start in range(0, n, BLOCK):
            values = columns[d, start : start + BLOCK]
            block = keys[start : start + BLOCK]
            doubtful = np.int64(hopeless)
            for i in range(values.shape[0]):
                place = (np.float64(values[i]) - low) * scale - rounding
                place = place if place > 0.0 else 0.0
                place = place if place < end else end
                index = np.int32(place)
                doubtful += np.int64(index != np.int32(place + 2 * rounding))
                block[i] = block[i] * m + np.int64(index)
            if doubtful > 0:
                for i in range(values.shape[0]):
                    value = np.float64(values[i])
                    first = block[i] % m
                    found = first
                    while found > 0 and value < own[found]:
                        found -= 1
                    while found < m - 1 and value >= own[found + 1]:
                        found += 1
                    block[i] += found - first


@kernel
def fold_edges(
    keys: Int, columns: NDArray[Any], padded: NDArray[Any], bins: int, own: float
) -> None:
    """For each column d: keys = keys * bins + bin in d, for bins between arbitrary edges.

    columns: (d, n); padded: (d, size), row d holding the bins - 1 inner edges in the columns'
    dtype, ascending, then at least one +inf, up to a size of 8, 16, 32, ..., or a single row for
    all columns. A value equal to an edge belongs to the bin above it, a value equal to `own` (NaN:
    none is) to the last bin, whatever the edges.
    """
    n = columns.shape[1]
    size = padded.shape[1]
    found = np.empty(BLOCK, np.int32)
    for d in range(columns.shape[0]):
        edges = padded[min(d, padded.shape[0] - 1)]
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
                index = np.int32(bins - 1) if values[i] == own else found[i]
                block[i] = block[i] * bins + np.int64(index)


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
def _without(ordered: NDArray[Any], own: float) -> NDArray[Any]:
    """The values of an ascending array that differ from `own`."""
    first = np.searchsorted(ordered, own, side="left")
    last = np.searchsorted(ordered, own, side="right")
    if first == last:
        return ordered
    if first == 0:
        return ordered[last:]
    if last == ordered.shape[0]:
        return ordered[:first]
    return np.concatenate((ordered[:first], ordered[last:]))


@kernel
def quantile_edges(ordered: NDArray[Any], bins: int, own: float, edges: NDArray[Any]) -> None:
    """Inner edges at the quantiles j / bins, 0 < j < bins, of the distinct values of each row.

    ordered: (rows, n), each ascending. A row that holds `own` (NaN: none does) beside other values
    has the quantiles j / (bins - 1) of those others instead. edges: (rows, >= bins - 1), the
    output, by linear interpolation, filled up with +inf and rounded up to its dtype, which changes
    no comparison of a value >= edge. Quantile j / bins stands at rank j * last / bins, of which
    whole part and remainder are kept as integers, so that no rounding can move a value across an
    edge.
    """
    infinity = edges.dtype.type(np.inf)
    counts = np.empty(ordered.shape[1] // RANK_BLOCK + 1, np.int64)
    for row in range(ordered.shape[0]):
        values = _without(ordered[row], own)
        n = values.shape[0]
        if n == 0:  # nothing but `own`
            edges[row] = infinity
            continue
        parts = bins - int(n < ordered.shape[1])
        counts[0] = 0
        last = _count_new(values, counts[: (n + RANK_BLOCK - 2) // RANK_BLOCK])
        block, before = 0, 0  # the block to look in, and the rank just before it
        known = -1
        left, right = 0.0, 0.0
        edges[row, max(parts - 1, 0) :] = infinity
        for j in range(1, parts):
            below, remainder = j * last // parts, j * last % parts
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
            edge = min(left + (right - left) * (remainder / parts), right)
            # Between neighbouring floats there is nothing: still above `left`, as it should be.
            edge = right if remainder > 0 and edge <= left else edge
            edges[row, j - 1] = edge
            if edges[row, j - 1] < edge:
                edges[row, j - 1] = np.nextafter(edges[row, j - 1], infinity)
