"""The nearest rows of some rows, and whether these lie on straight lines.

columns: (d, n), each on its own scale. A kernel may raise no text, so slices are copied by loops.
"""

import numpy as np
from numpy.typing import NDArray

from mibench.compiled.cache import compiled

Float = NDArray[np.float64]
Int = NDArray[np.int64]

NEARLY = 1e-3  # agreement of the ratios of two differences, of rows that nearly lie on a line


def _nearest_rows(
    columns: Float, symbols: Int, order: Int, places: Int, distances: Float, rows: Int
) -> None:
    """Fill distances and rows, each (m, slots): the nearest rows of some rows, nearest first.

    The distance is the largest difference of any column; rows of other symbols are no neighbours.
    order: (n,), the rows by size of the first column; those at `places` are looked at. From each,
    the search goes down and then up, until the first column alone differs too much. What is not
    filled has an infinite distance.
    """
    dims, n, slots = columns.shape[0], columns.shape[1], distances.shape[1]
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
                d = 1
                while d < dims and distance < farthest:
                    distance = max(distance, abs(columns[d, row] - columns[d, target]))
                    d += 1
                if distance >= farthest or symbols[row] != symbols[target]:
                    continue
                s = slots - 1
                while s > 0 and distances[t, s - 1] > distance:
                    distances[t, s], rows[t, s] = distances[t, s - 1], rows[t, s - 1]
                    s -= 1
                distances[t, s], rows[t, s] = distance, row
                farthest = distances[t, slots - 1]


def _rows_on_lines(
    columns: Float, targets: Int, rows: Int, rounding: float, tolerance: float, most: float
) -> tuple[int, int, int]:
    """How many targets lie on a line with two of their rows, and how many pairs do, or nearly do.

    Three rows lie on a line if their two differences have the same ratio in each column, but for
    `tolerance` and for the `rounding` of numbers of size 1. Rows that are equal, or share a value,
    do not count, nor do targets on a line with more than `most` pairs.
    """
    dims, slots = columns.shape[0], rows.shape[1]
    on_line, exact, nearly = 0, 0, 0
    for t in range(targets.shape[0]):
        target, pairs = targets[t], 0
        for i in range(slots):
            for j in range(i):
                ratio = columns[0, rows[t, i]] - columns[0, target]
                ratio /= columns[0, rows[t, j]] - columns[0, target]
                d, differs = 1, False
                while d < dims and not differs:
                    first = columns[d, rows[t, i]] - columns[d, target]
                    second = columns[d, rows[t, j]] - columns[d, target]
                    differs = not abs(first - ratio * second) <= NEARLY * abs(first)
                    d += 1
                if differs or not NEARLY < abs(abs(ratio) - 1) < np.inf:
                    continue
                disagreement, smallest, largest = 0.0, np.inf, 0.0
                for d in range(dims):
                    first = columns[d, rows[t, i]] - columns[d, target]
                    second = columns[d, rows[t, j]] - columns[d, target]
                    smallest = min(smallest, abs(first), abs(second))
                    if smallest == 0:
                        break
                    disagreement = max(disagreement, abs(first - ratio * second) / abs(first))
                    largest = max(largest, abs(columns[d, target]) / min(abs(first), abs(second)))
                if smallest > 0:
                    nearly += 1
                    pairs += disagreement <= tolerance + largest * rounding
        exact += pairs
        on_line += 0 < pairs < most
    return on_line, exact, nearly


def _smallest_ratios(
    distances: Float, first: int, end: int, few: int, ratios: Float, places: Int, logs: Float
) -> int:
    """Fill the smallest ratio of consecutive distances of each row, and its place, (2, m).

    The second line is that of the first `few` ratios alone. Returns how many rows have no equal
    one, and fills logs: their mean of -k log e_k / e_(k+1), for k from `first` to `end` - 1.
    """
    untied = 0
    logs[:] = 0.0
    for t in range(distances.shape[0]):
        ratios[:, t], places[:, t] = 1.0, 0
        if distances[t, 0] == 0:
            continue
        untied += 1
        for s in range(distances.shape[1] - 1):
            if distances[t, s + 1] == np.inf:
                break
            ratio = distances[t, s] / distances[t, s + 1]
            for line in range(2 if s < few else 1):
                if ratio < ratios[line, t]:
                    ratios[line, t], places[line, t] = ratio, s
            if first <= s + 1 < end:
                logs[s + 1 - first] -= (s + 1) * np.log(ratio)
    for k in range(end - first):
        logs[k] /= max(untied, 1)
    return untied


nearest_rows = compiled(_nearest_rows, nogil=True, error_model="numpy")
rows_on_lines = compiled(_rows_on_lines, nogil=True, error_model="numpy")
smallest_ratios = compiled(_smallest_ratios, nogil=True, error_model="numpy")
