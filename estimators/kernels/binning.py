"""Bin indices of values, combined column by column into one integer key per row.

The loops have no branches and use unsigned indices, so that LLVM turns them into vector
instructions (for a signed index numba adds a test for Python's negative indexing). Columns may be
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
MAX_LINEAR_EDGES = 32  # up to which all edges are compared
INTERVALS_PER_EDGE = 16  # of the table that guides the search among more edges
MAX_LINEAR_STEPS = 4  # edges of one interval that are tried one by one; more: binary search
EPSILON = 2.0**-52


@kernel
def fold_uniform(keys: Int, columns: NDArray[Any], edges: Float, bins: Int, first_row: int) -> None:
    """For each column d: keys = keys * bins[d] + bin in d, for bins[d] bins of equal width.

    keys (rows,): of the rows from first_row on; columns (d, n); edges (d, >= bins[d] + 1): row d
    starts with the edges from `np.linspace`; or a single row for all columns.
    A bin includes its lower edge, and the last bin its upper edge too, as in `np.histogram`. Values
    outside all bins belong to the first or the last one.
    """
    rows = keys.shape[0]
    for d in range(columns.shape[0]):
        m = bins[d]
        edges_d = edges[min(d, edges.shape[0] - 1)]
        low, high = edges_d[0], edges_d[m]
        scale = m / (high - low)
        # (value - low) * scale and the edges are rounded. Where they could disagree about a
        # value, the edges decide, so that the result always equals that of np.digitize.
        rounding = 8 * EPSILON * m * (1 + max(abs(low), abs(high)) / (high - low))
        search_all = not (rounding < 0.125 and scale < np.inf)  # bins a few ulps wide
        rounding = 0.125 if search_all else rounding
        end = m - 3 * rounding  # in the last bin, safely away from its edge
        column = columns[d, first_row : first_row + rows]
        for start in range(0, rows, BLOCK):
            values = column[start : start + BLOCK]
            block = keys[start : start + BLOCK]
            doubtful = np.int64(search_all)
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
                    bin_index = first
                    while bin_index > 0 and value < edges_d[bin_index]:
                        bin_index -= 1
                    while bin_index < m - 1 and value >= edges_d[bin_index + 1]:
                        bin_index += 1
                    block[i] += bin_index - first


@kernel
def _interval(value: float, low: float, scale: float, top: float) -> int:
    """(value - low) * scale rounded down, at least 0 and at most top."""
    place = (value - low) * scale
    place = place if place > 0.0 else 0.0
    return int(place if place < top else top)


@kernel
def guide_edges(padded: NDArray[Any], guide: NDArray[np.int32], spans: Float) -> None:
    """Tables that tell where in each row of edges the search for a value begins.

    padded (rows, size): edges as in `fold_edges`, whose range is divided into intervals of equal
    width. Written: spans (rows, 2), where the intervals begin, and how many there are per unit;
    guide (rows, intervals + 1), how many edges lie before interval c. The interval grows with the
    value, so a value must be compared with the edges of its own interval only.
    """
    intervals = guide.shape[1] - 1
    for row in range(padded.shape[0]):
        edges = padded[row]
        finite = 0
        while finite < edges.shape[0] and edges[finite] < np.inf:
            finite += 1
        low, width = 0.0, 0.0
        if finite > 0:  # the middle range: a few far edges must not use up all intervals
            tail = finite // 8
            a, b = np.float64(edges[tail]), np.float64(edges[finite - 1 - tail])
            low = max(np.float64(edges[0]), a - (b - a) / 2)
            width = min(np.float64(edges[finite - 1]), b + (b - a) / 2) - low
        scale = intervals / width if width > 0.0 else 0.0
        scale = scale if scale < np.inf else 0.0  # a single interval that holds all edges
        spans[row, 0], spans[row, 1] = low, scale
        next_interval = 0
        for e in range(finite):
            interval = _interval(np.float64(edges[e]), low, scale, intervals - 1.0)
            while next_interval <= interval:
                guide[row, next_interval] = e
                next_interval += 1
        guide[row, next_interval:] = finite


@kernel
def fold_edges(
    keys: Int, columns: NDArray[Any], padded: NDArray[Any], guide: NDArray[np.int32], spans: Float,
    bins: int, own_value: float, first_row: int,
) -> None:  # fmt: skip
    """For each column d: keys = keys * bins + bin in d, for bins between arbitrary edges.

    keys (rows,): of the rows from first_row on; columns (d, n); padded (d, size): row d holds the
    bins - 1 inner edges in the dtype of the columns, ascending, then at least one +inf, up to a
    size of 8, 16, 32, ...; or a single row for all columns; guide, spans: from `guide_edges`, used
    if there are more than MAX_LINEAR_EDGES. A value equal to an edge belongs to the bin above it. A
    value equal to `own_value` (NaN: no value is) belongs to the last bin, whatever the edges.
    """
    rows = keys.shape[0]
    size = padded.shape[1]
    indices = np.empty(BLOCK, np.int32)
    top = guide.shape[1] - 2.0
    for d in range(columns.shape[0]):
        row = min(d, padded.shape[0] - 1)
        edges = padded[row]
        column = columns[d, first_row : first_row + rows]
        for start in range(0, rows, BLOCK):
            values = column[start : start + BLOCK]
            block = keys[start : start + BLOCK]
            length = values.shape[0]
            if size <= MAX_LINEAR_EDGES:  # all edges, eight at a time, are faster than a search
                for i in range(length):
                    indices[i] = 0
                for e in range(0, size, 8):
                    e0, e1, e2, e3 = edges[e], edges[e + 1], edges[e + 2], edges[e + 3]
                    e4, e5, e6, e7 = edges[e + 4], edges[e + 5], edges[e + 6], edges[e + 7]
                    for i in range(length):
                        value = values[i]
                        lower = np.int32(value >= e0) + np.int32(value >= e1)
                        lower += np.int32(value >= e2) + np.int32(value >= e3)
                        upper = np.int32(value >= e4) + np.int32(value >= e5)
                        upper += np.int32(value >= e6) + np.int32(value >= e7)
                        indices[i] += lower + upper
            else:
                row_guide, low, scale = guide[row], spans[row, 0], spans[row, 1]
                for i in range(length):
                    value = values[i]
                    interval = np.uint64(_interval(np.float64(value), low, scale, top))
                    edge, last = row_guide[interval], row_guide[interval + np.uint64(1)]
                    while last - edge > MAX_LINEAR_STEPS:
                        middle = (edge + last) // 2
                        if value >= edges[middle]:
                            edge = middle + 1
                        else:
                            last = middle
                    while edge < last and value >= edges[edge]:
                        edge += 1
                    indices[i] = edge
            for i in range(length):
                index = np.int32(bins - 1) if values[i] == own_value else indices[i]
                block[i] = block[i] * bins + np.int64(index)


@kernel
def _start_keys(keys: Int, symbols: Int, first_row: int) -> None:
    """Initial keys of the rows from first_row on: their symbols, or 0 if there are none."""
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
    """Count the rows [start, stop) in table (joint bins of x, joint bins of y).

    Each side has either symbols (n,), or columns with edges and bins as in `fold_uniform`; the
    other of the two is empty.
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
    spans_x: Float, bins_x: int, own_value_x: float,
    symbols_y: Int, y: NDArray[Any], padded_y: NDArray[Any], guide_y: NDArray[np.int32],
    spans_y: Float, bins_y: int, own_value_y: float,
    start: int, stop: int, table: NDArray[Any],
) -> None:  # fmt: skip
    """The same as `tally_uniform`, for the bins of `fold_edges`."""
    keys_x, keys_y = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    for first in range(start, stop, BLOCK):
        rows = min(BLOCK, stop - first)
        _start_keys(keys_x[:rows], symbols_x, first)
        fold_edges(keys_x[:rows], x, padded_x, guide_x, spans_x, bins_x, own_value_x, first)
        _start_keys(keys_y[:rows], symbols_y, first)
        fold_edges(keys_y[:rows], y, padded_y, guide_y, spans_y, bins_y, own_value_y, first)
        _tally(table, keys_x[:rows], keys_y[:rows])


@kernel
def _count_new(ordered: NDArray[Any], counts: Int) -> int:
    """counts[b] = how many values in block b of a sorted array differ from their predecessor.

    Block b holds RANK_BLOCK positions from 1 + b * RANK_BLOCK on. Returns the sum of counts: the
    rank, from 0, of the largest distinct value.
    """
    later, earlier = ordered[1:], ordered[:-1]
    total = 0
    for b in range(counts.shape[0]):
        first = b * RANK_BLOCK
        block, previous = later[first : first + RANK_BLOCK], earlier[first : first + RANK_BLOCK]
        new = np.int32(0)
        for i in range(block.shape[0]):
            new += np.int32(block[i] != previous[i])
        counts[b] = new
        total += int(new)
    return total


@kernel
def _count_below(ordered: NDArray[Any], value: float, with_equal: bool) -> int:
    """How many values of an ascending array lie below a value, or equal it too; 0 for NaN.

    `np.searchsorted` would take seconds to compile.
    """
    first, last = 0, ordered.shape[0]
    while first < last:
        middle = (first + last) // 2
        if ordered[middle] < value or (with_equal and ordered[middle] == value):
            first = middle + 1
        else:
            last = middle
    return first


@kernel
def _without(ordered: NDArray[Any], own_value: float) -> NDArray[Any]:
    """The values of an ascending array that differ from `own_value`."""
    first = _count_below(ordered, own_value, False)
    last = _count_below(ordered, own_value, True)
    if first == last:
        return ordered
    if first == 0:
        return ordered[last:]
    if last == ordered.shape[0]:
        return ordered[:first]
    others = np.empty(first + ordered.shape[0] - last, ordered.dtype)
    for i in range(first):  # to copy slices, numba would compile texts of errors for seconds
        others[i] = ordered[i]
    for i in range(first, others.shape[0]):
        others[i] = ordered[i + last - first]
    return others


@kernel
def quantile_edges(ordered: NDArray[Any], bins: int, own_value: float, edges: NDArray[Any]) -> None:
    """Inner edges at the quantiles j / bins, 0 < j < bins, of the distinct values of each row.

    ordered (rows, n): each row ascending. A row that contains `own_value` (NaN: no row does) and
    other values has the quantiles j / (bins - 1) of the other values instead. Written: edges
    (rows, >= bins - 1), by linear interpolation, padded with +inf and rounded up to their dtype,
    which changes no comparison value >= edge. Quantile j / bins lies at rank j * last / bins. Its
    quotient and remainder stay integers, so that no rounding can move a value across an edge.
    """
    infinity = edges.dtype.type(np.inf)
    counts = np.empty(ordered.shape[1] // RANK_BLOCK + 1, np.int64)
    for row in range(ordered.shape[0]):
        values = _without(ordered[row], own_value)
        n = values.shape[0]
        if n == 0:  # no value but `own_value`
            edges[row] = infinity
            continue
        parts = bins - int(n < ordered.shape[1])
        counts[0] = 0
        last = _count_new(values, counts[: (n + RANK_BLOCK - 2) // RANK_BLOCK])
        block, before = 0, 0  # the current block, and the rank just before it
        previous_below = -1
        left, right = 0.0, 0.0
        edges[row, max(parts - 1, 0) :] = infinity
        for j in range(1, parts):
            below, remainder = j * last // parts, j * last % parts
            if below != previous_below:
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
                previous_below = below
            edge = min(left + (right - left) * (remainder / parts), right)
            # Between adjacent floats there is no other: the edge must still lie above `left`.
            edge = right if remainder > 0 and edge <= left else edge
            edges[row, j - 1] = edge
            if edges[row, j - 1] < edge:
                edges[row, j - 1] = np.nextafter(edges[row, j - 1], infinity)
