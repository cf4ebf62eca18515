"""The nearest rows of some rows, and whether these lie on straight lines.

A kernel may raise no text, so slices are copied by loops.
"""

import numpy as np
from numpy.typing import NDArray

from mibench.compiled.cache import compiled

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def _nearest_rows(
    columns: Float,
    others: Float,
    symbols: Int,
    order: Int,
    places: Int,
    distances: Float,
    rows: Int,
) -> None:
    """Fill distances and rows, each (m, slots): the nearest rows of some rows, nearest first.

    The distance is the largest difference of any column; rows of other symbols are no neighbours.
    columns: (d, n), at least one; others: more columns, of the other side. order: (n,), the rows
    by size of the first column; those at `places` are looked at. From each, the search goes down
    and then up, until the first column alone differs too much. What is not filled has an infinite
    distance.
    """
    n, slots = columns.shape[1], distances.shape[1]
    for t in range(places.shape[0]):
        target = order[places[t]]
        centre = columns[0, target]
        for s in range(slots):
            distances[t, s], rows[t, s] = np.inf, target
        farthest = np.inf
        for step in (-1, 1):
            place = places[t] + step
            while 0 <= place < n:
                row = order[place]
                distance = abs(columns[0, row] - centre)
                if distance >= farthest:
                    break
                place += step
                if symbols[row] != symbols[target]:
                    continue
                d = 1
                while d < columns.shape[0] and distance < farthest:
                    distance = max(distance, abs(columns[d, row] - columns[d, target]))
                    d += 1
                d = 0
                while d < others.shape[0] and distance < farthest:
                    distance = max(distance, abs(others[d, row] - others[d, target]))
                    d += 1
                if distance >= farthest:
                    continue
                s = slots - 1
                while s > 0 and distances[t, s - 1] > distance:
                    distances[t, s], rows[t, s] = distances[t, s - 1], rows[t, s - 1]
                    s -= 1
                distances[t, s], rows[t, s] = distance, row
                farthest = distances[t, slots - 1]


def _rows_on_lines(
    differences: Float, rounding: Float, exactly: float, nearly: float, pairs: Int, lines: Int
) -> None:
    """Find rows that lie on a line with two of their neighbours.

    Three rows lie on a line if their two differences have the same ratio in each column, but for
    `exactly` and for rounding. Rows that are equal or share a value do not count, nor do
    differences whose rounding might hide more than a tenth of `nearly`.

    Args:
        differences: (m, slots, d), of each row's neighbours from the row.
        rounding: (m, d), how far the columns of a row are rounded.
        exactly: the disagreement of ratios up to which rows lie on a line.
        nearly: the disagreement up to which they nearly do.
        pairs: (2, m), filled with how many pairs of neighbours lie on a line with the row, and how
            many nearly do.
        lines: (m,), filled with a neighbour on such a line.
    """
    count, slots, dims = differences.shape
    for t in range(count):
        pairs[:, t], lines[t] = 0, 0
        for i in range(slots):
            for j in range(i):
                ratio, doubt, disagreement, d = 0.0, 0.0, 0.0, 0
                while d < dims and disagreement <= nearly:
                    first, second = differences[t, i, d], differences[t, j, d]
                    if first == 0 or second == 0:
                        break
                    if d == 0:
                        ratio = first / second
                    disagreement = max(disagreement, abs(first - ratio * second) / abs(first))
                    doubt = max(doubt, rounding[t, d] / min(abs(first), abs(second)))
                    d += 1
                equal = abs(abs(ratio) - 1) <= nearly
                if d < dims or disagreement > nearly or equal or 10 * doubt > nearly:
                    continue
                pairs[1, t] += 1
                if disagreement <= exactly + doubt:
                    pairs[0, t] += 1
                    lines[t] = i


def _smallest_ratios(
    distances: Float, first: int, end: int, few: int, ratios: Float, places: Int, logs: Float
) -> None:
    """Fill the smallest ratio of consecutive distances of each row, and its place, (2, m).

    The second line is that of the first `few` ratios alone. logs: filled with the mean of
    -k log e_k / e_(k+1) over rows without an equal one, for k from `first` to `end` - 1; 1 where
    few rows have so many neighbours.
    """
    untied = np.zeros(end - first, np.int64)
    logs[:] = 0.0
    for t in range(distances.shape[0]):
        ratios[:, t], places[:, t] = 1.0, 0
        if distances[t, 0] == 0:
            continue
        for s in range(distances.shape[1] - 1):
            if distances[t, s + 1] == np.inf:
                break
            ratio = distances[t, s] / distances[t, s + 1]
            for line in range(2 if s < few else 1):
                if ratio < ratios[line, t]:
                    ratios[line, t], places[line, t] = ratio, s
            if first <= s + 1 < end:
                logs[s + 1 - first] -= (s + 1) * np.log(ratio)
                untied[s + 1 - first] += 1
    for k in range(end - first):
        logs[k] = logs[k] / untied[k] if 2 * untied[k] >= distances.shape[0] else 1.0


nearest_rows = compiled(_nearest_rows, nogil=True, error_model="numpy")
rows_on_lines = compiled(_rows_on_lines, nogil=True, error_model="numpy")
smallest_ratios = compiled(_smallest_ratios, nogil=True, error_model="numpy")
