"""Computes the activations of all layers of one network for all inputs."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .network import TILE, forward, softmax
from .quantised import forward_quantised, parameter_count, quantise_weights, softmax_quantised

Row: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]


@kernel
def activations(
    widths: Int,
    activation: int,
    levels: int,
    parameters: Row,
    columns: Rows,
    out: Rows,
    low: Row,
    high: Row,
) -> None:
    """Fill out (neurons of layers 1..L, n) for inputs columns (d, n); the last layer is a softmax.

    levels, parameters: as for `train.train_epochs`. low, high (neurons,): filled with the smallest
    and the largest value of each neuron.
    """
    n = columns.shape[1]
    neurons = out.shape[0]
    first = widths[0]
    classes = widths[widths.shape[0] - 1]
    rows = np.zeros((first + neurons, TILE), np.float32)
    size = parameter_count(widths)
    network, ranges = parameters[:size], parameters[size:]
    used, slopes = network, rows
    seen = np.zeros(ranges.shape[0], np.float32)
    if levels > 0:
        used, slopes = np.empty(size, np.float32), np.empty((first + neurons, TILE), np.float32)
        quantise_weights(widths, network, levels, used)
    scratch = np.empty(TILE, np.float32)
    lows = np.full((neurons, TILE), np.inf, np.float32)
    highs = np.full((neurons, TILE), -np.inf, np.float32)
    for start in range(0, n, TILE):
        m = min(TILE, n - start)
        for f in range(first):
            rows[f, :m] = columns[f, start : start + m]
        if levels > 0:
            forward_quantised(widths, activation, used, levels, ranges, seen, rows, slopes, m)
            softmax_quantised(rows, first + neurons - classes, classes, levels, ranges, scratch)
        else:
            forward(widths, activation, used, rows, m)
            softmax(rows, first + neurons - classes, classes, m, scratch)
        for j in range(neurons):
            row, output = rows[first + j, :m], out[j, start : start + m]
            least, largest = lows[j, :m], highs[j, :m]
            for s in range(m):
                value = row[s]
                output[s] = value
                least[s] = value if value < least[s] else least[s]
                largest[s] = value if value > largest[s] else largest[s]
    for j in range(neurons):
        low[j] = lows[j].min()
        high[j] = highs[j].max()
