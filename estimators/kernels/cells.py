"""Cells of a grid, combined column by column into one integer key per row."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@kernel
def fold_cells(keys: Int, columns: Float, low: Float, width: float, cells: Int) -> None:
    """For each column d: keys = keys * cells[d] + cell, the cell of v being (v - low[d]) / width.

    keys (n,); columns (d, n); low, cells (d,). The quotient is rounded down. Values outside belong
    to the first or the last cell.
    """
    for d in range(columns.shape[0]):
        last = np.float64(cells[d] - 1)
        for i in range(columns.shape[1]):
            place = (columns[d, i] - low[d]) / width
            place = place if place > 0.0 else 0.0
            place = place if place < last else last
            keys[i] = keys[i] * cells[d] + np.int64(place)
