"""The forward pass of a network whose weights and activations lie on grids of few values.

"Fake quantisation" (Jacob et al. 2018, doi:10.1109/CVPR.2018.00286): a value is replaced by the
nearest of `levels` evenly spaced ones, and stays a float. The parameters of such a network end with
the ranges of its layers, two numbers for each: the ends of the grid of its activations.

Whole tiles are computed, also if only their first m inputs count: a loop over fewer may end with
scalar instructions that round differently, and equal inputs must have equal outputs.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .elementary import NEGLIGIBLE, ONE, ZERO
from .network import ELU, LINEAR, RELU, RELU6, SIX, TILE, activate, add_products, softmax

Row: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]

# The share of a batch in the moving average of a range, as in PyTorch's observers.
NEW_SHARE = np.float32(0.01)


@kernel
def parameter_count(widths: Int) -> int:
    """The number of weights and biases of a network."""
    count = 0
    for layer in range(widths.shape[0] - 1):
        count += (widths[layer] + 1) * widths[layer + 1]
    return count


@kernel
def to_grid(values: Row, low: float, high: float, levels: int) -> None:
    """Replace values by the nearest of `levels` ones, evenly spaced from low to high, in place.

    In float64: at 32 bits, a grid of float32 would be coarser than the values.
    """
    step = (high - low) / (levels - 1)
    if not step > 0:
        values[:] = np.float32(low)
        return
    for i in range(values.shape[0]):
        x = float(values[i])
        x = x if x > low else low
        x = x if x < high else high
        values[i] = np.float32(low + np.rint((x - low) / step) * step)


@kernel
def quantise_weights(widths: Int, parameters: Row, levels: int, out: Row) -> None:
    """Fill out (P,) with the weights on the grid of each layer's range, and the biases as they are.

    parameters: (P,), without the ranges of the layers.
    """
    out[:] = parameters
    offset = 0
    for layer in range(widths.shape[0] - 1):
        end = offset + widths[layer] * widths[layer + 1]
        weights = out[offset:end]
        to_grid(weights, np.float64(weights.min()), np.float64(weights.max()), levels)
        offset = end + widths[layer + 1]


@kernel
def note_extremes(values: Row, seen: Row, layer: int) -> None:
    """Widen seen[2 * layer : 2 * layer + 2] to the smallest and the largest of the values."""
    least, largest = seen[2 * layer], seen[2 * layer + 1]
    for value in values:
        least = value if value < least else least
        largest = value if value > largest else largest
    seen[2 * layer], seen[2 * layer + 1] = least, largest


@kernel
def keep_for_slopes(values: Row, slopes: Row, activation: int, high: np.float32) -> None:
    """Fill `slopes` with values whose slope, by `times_slope`, is that of the quantised activation.

    This is the slope of the activation function (straight-through), and 0 beyond the upper end of
    the range; that of `linear` is 1 everywhere.
    """
    flat = ZERO  # a value of slope 0
    if activation == ELU:
        flat = -ONE
    elif activation == RELU6:
        flat = SIX
    for i in range(values.shape[0]):
        slopes[i] = values[i] if values[i] <= high else flat


@kernel
def forward_quantised(
    widths: Int,
    activation: int,
    parameters: Row,
    levels: int,
    ranges: Row,
    seen: Row,
    rows: Rows,
    slopes: Rows,
    m: int,
) -> None:
    """Fill the rows of layers 1..L from those of the inputs, as `network.forward`, but quantised.

    parameters: (P,), with weights from `quantise_weights`. ranges: (2 L,), of the layers. seen:
    (2 L,), widened to the activations of the first m inputs before they are quantised.
    slopes: filled with what `add_gradient` computes slopes from. The last rows are the logits.
    """
    layers = widths.shape[0] - 1
    before, offset = 0, 0
    for layer in range(layers):
        inputs, outputs = widths[layer], widths[layer + 1]
        bias = offset + inputs * outputs
        low, high = ranges[2 * layer], ranges[2 * layer + 1]
        for j in range(outputs):
            r = before + inputs + j
            out = rows[r]
            out[:] = parameters[bias + j]
            add_products(out, rows, before, inputs, parameters, offset + j * inputs, 1)
            if layer < layers - 1:
                activate(out, activation)
                note_extremes(out[:m], seen, layer)
                keep_for_slopes(out, slopes[r], activation, high)
                to_grid(out, np.float64(low), np.float64(high), levels)
        before += inputs
        offset = bias + outputs


@kernel
def softmax_quantised(
    rows: Rows, first: int, classes: int, levels: int, ranges: Row, scratch: Row
) -> None:
    """Replace the logits of a whole tile by their quantised softmax, in place."""
    softmax(rows, first, classes, TILE, scratch)
    low, high = ranges[ranges.shape[0] - 2], ranges[ranges.shape[0] - 1]
    for c in range(first, first + classes):
        to_grid(rows[c], np.float64(low), np.float64(high), levels)


@kernel
def forget(seen: Row) -> None:
    """Make `seen` ready for `note_extremes`."""
    for i in range(0, seen.shape[0], 2):
        seen[i], seen[i + 1] = np.float32(np.inf), np.float32(-np.inf)


@kernel
def move_range(activation: int, layer: int, ranges: Row, seen: Row, share: np.float32) -> None:
    """Move the ends of a layer's range that the activation function leaves open towards `seen`."""
    if activation == LINEAR:
        i = 2 * layer
        ranges[i] += share * (seen[i] - ranges[i])
    if (activation == LINEAR) | (activation == RELU) | (activation == ELU):
        i = 2 * layer + 1
        high = ranges[i] + share * (seen[i] - ranges[i])
        ranges[i] = ZERO if abs(high) <= NEGLIGIBLE else high


@kernel
def set_ranges(
    widths: Int,
    activation: int,
    parameters: Row,
    levels: int,
    columns: Rows,
    chosen: Int,
    ranges: Row,
    rows: Rows,
    slopes: Rows,
) -> None:
    """Set the open ends of all ranges to the activations of the chosen inputs, layer by layer.

    parameters: (P,), with weights from `quantise_weights`. columns: (d, n), all inputs. A layer
    needs the ranges of those before it.
    """
    seen = np.empty(ranges.shape[0], np.float32)
    for layer in range(widths.shape[0] - 2):
        forget(seen)
        for start in range(0, chosen.shape[0], TILE):
            m = min(TILE, chosen.shape[0] - start)
            for f in range(widths[0]):
                row, column = rows[f], columns[f]
                for s in range(m):
                    row[s] = column[chosen[start + s]]
            forward_quantised(widths, activation, parameters, levels, ranges, seen, rows, slopes, m)
        move_range(activation, layer, ranges, seen, ONE)
