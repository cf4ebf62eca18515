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
LINEAR_EDGES = 32
CELLS_AN_EDGE = 16  # of the table that guides the search among more
MOST_STEPS = 4  # of edges that share a cell, before halving takes over
EPSILON = 2.0**-52


@kernel
def fold_uniform(keys: Int, columns: NDArray[Any], edges: Float, bins: Int, first_row: int) -> None:
    """For each column d: keys = keys * bins[d] + bin in d, for bins[d] bins of equal width.

    keys: (rows,), of the rows from first_row; columns: (d, n); edges: (d, >= bins[d] + 1), row d
    starting with the edges from `np.linspace`, or a single row for all columns.
    A bin holds its lower edge, the last one also its upper, as in `np.histogram`; a value outside
    joins the first or the last bin.
    """
    rows = keys.shape[0]
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
        column = columns[d, first_row : first_row + rows]
        for start in range(0, rows, BLOCK):
            values = column[start : start + BLOCK]
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
def _cell(value: float, low: float, scale: float, top: float) -> int:
    """Whole part of (value - low) * scale, at least 0 and at most top."""
    place = (value - low) * scale
    place = place if place > 0.0 else 0.0
    return int(place if place < top else top)


@kernel
def guide_edges(padded: NDArray[Any], guide: NDArray[np.int32], spans: Float) -> None:
    """Where in each row of edges to begin the search for a value.

    padded: (rows, size), edges of `fold_edges`. Written: spans (rows, 2), where cells begin and
    their number a unit; guide (rows, cells + 1), how many edges lie in cells before cell c. The
    cell grows with the value, so of all edges only those of its own cell need comparing.
    """
    cells = guide.shape[1] - 1
    for row in range(padded.shape[0]):
        edges = padded[row]
        finite = 0
        while finite < edges.shape[0] and edges[finite] < np.inf:
            finite += 1
        low, width = 0.0, 0.0
        if finite > 0:  # the middle, so that a few far edges do not take all cells
            tail = finite // 8
            a, b = np.float64(edges[tail]), np.float64(edges[finite - 1 - tail])
            low = max(np.float64(edges[0]), a - (b - a) / 2)
            width = min(np.float64(edges[finite - 1]), b + (b - a) / 2) - low
        scale = cells / width if width > 0.0 else 0.0
        scale = scale if scale < np.inf else 0.0  # a single cell: all edges are in it
        spans[row, 0], spans[row, 1] = low, scale
        at = 0
        for e in range(finite):
            cell = _cell(np.float64(edges[e]), low, scale, cells - 1.0)
            while at <= cell:
                guide[row, at] = e
                at += 1
        guide[row, at:] = finite


@kernel
def fold_edges(
    keys: Int, columns: NDArray[Any], padded: NDArray[Any], guide: NDArray[np.int32], spans: Float,
    bins: int, own: float, first_row: int,
) -> None:  # fmt: skip
    """For each column d: keys = keys * bins + bin in d, for bins between arbitrary edges.

    keys: (rows,), of the rows from first_row; columns: (d, n); padded: (d, size), row d holding
    the bins - 1 inner edges in the columns' dtype, ascending, then at least one +inf, up to a size
    of 8, 16, 32, ..., or a single row for all columns; guide, spans: of `guide_edges`, read if
    there are more than LINEAR_EDGES. A value equal to an edge belongs to the bin above it, a value
    equal to `own` (NaN: none is) to the last bin, whatever the edges.
    """
    rows = keys.shape[0]
    size = padded.shape[1]
    found = np.empty(BLOCK, np.int32)
    top = guide.shape[1] - 2.0
    for d in range(columns.shape[0]):
        row = min(d, padded.shape[0] - 1)
        edges = padded[row]
        column = columns[d, first_row : first_row + rows]
        for start in range(0, rows, BLOCK):
            values = column[start : start + BLOCK]
            block = keys[start : start + BLOCK]
            length = values.shape[0]
            if size <= LINEAR_EDGES:  # comparing with all edges, eight at a time, beats searching
                for i in range(length):
                    found[i] = 0
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
            else:
                own_guide, low, scale = guide[row], spans[row, 0], spans[row, 1]
                for i in range(length):
                    value = values[i]
                    cell = np.uint64(_cell(np.float64(value), low, scale, top))
                    at, last = own_guide[cell], own_guide[cell + np.uint64(1)]
                    while last - at > MOST_STEPS:
                        middle = (at + last) // 2
                        if value >= edges[middle]:
                            at = middle + 1
                        else:
                            last = middle
                    while at < last and value >= edges[at]:
                        at += 1
                    found[i] = at
            for i in range(length):
                index = np.int32(bins - 1) if values[i] == own else found[i]
                block[i] = block[i] * bins + np.int64(index)


@kernel
def _start_keys(keys: Int, symbols: Int, first_row: int) -> None:
    """Keys of the rows from first_row before anything is folded in: their labels, or 0."""
    for i in range(keys.shape[0]):
        keys[i] = symbols[first_row + i] if symbols.shape[0] > 0 else 0


@kernel
def _tally(table: NDArray[Any], x: Int, y: Int) -> None:
    """table[x[i], y[i]] += 1 for all i."""
    flat, width = table.reshape(-1), table.shape[1]
    for i in range(x.shape[0]):
        flat[np.uint64(x[i] * width + y[i])] += 1


@kernel
def tally_uniform(
    symbols_x: Int, x: NDArray[Any], edges_x: Float, bins_x: Int,
    symbols_y: Int, y: NDArray[Any], edges_y: Float, bins_y: Int,
    start: int, stop: int, table: NDArray[Any],
) -> None:  # fmt: skip
    """Add the rows [start, stop) to the table of pairs of bins, (cells of x, cells of y).

    Of each side either symbols (n,), or columns with edges and bins as `fold_uniform` wants them;
    the other of the two is empty.
    """
    keys_x, keys_y = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    for first in range(start, stop, BLOCK):
        rows = min(BLOCK, stop - first)
        _start_keys(keys_x[:rows], symbols_x, first)
        fold_uniform(keys_x[:rows], x, edges_x, bins_x, first)
        _start_keys(keys_y[:rows], symbols_y, first)
        fold_uniform(keys_y[:rows], y, edges_y, bins_y, first)
        _tally(table, keys_x[:rows], keys_y[:rows])


@kernel
def tally_edges(
    symbols_x: Int, x: NDArray[Any], padded_x: NDArray[Any], guide_x: NDArray[np.int32],
    spans_x: Float, bins_x: int, own_x: float,
    symbols_y: Int, y: NDArray[Any], padded_y: NDArray[Any], guide_y: NDArray[np.int32],
    spans_y: Float, bins_y: int, own_y: float,
    start: int, stop: int, table: NDArray[Any],
) -> None:  # fmt: skip
    """The same for the bins of `fold_edges`."""
    keys_x, keys_y = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    for first in range(start, stop, BLOCK):
        rows = min(BLOCK, stop - first)
        _start_keys(keys_x[:rows], symbols_x, first)
        fold_edges(keys_x[:rows], x, padded_x, guide_x, spans_x, bins_x, own_x, first)
        _start_keys(keys_y[:rows], symbols_y, first)
        fold_edges(keys_y[:rows], y, padded_y, guide_y, spans_y, bins_y, own_y, first)
        _tally(table, keys_x[:rows], keys_y[:rows])


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
