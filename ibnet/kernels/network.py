"""One feed-forward network on a tile of inputs: outputs, and the gradient of the cross-entropy.

A tile has TILE inputs. Each feature and each neuron is one row of TILE values. So the loops over
inputs become vector instructions, and the activations of a tile stay in the first-level cache. The
rows of all layers are in one array, `rows`: first those of the inputs, then those of layer 1, etc.

The parameters of a network are one vector: for each layer its weights (out, in), row by row, then
its biases (out,).
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .elementary import NEGLIGIBLE, ONE, ZERO, elu_rows, exp_rows, tanh_rows
from .own_function import own_rows

Row: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]

TILE = 128
TANH, RELU, ELU, RELU6, LINEAR = 0, 1, 2, 3, 4
# Another function has the address of its compiled code as its number: see `own_function`.
SLOPE = -1  # no function: `times_slope` then takes slopes in place of activations
SIX = np.float32(6.0)


@kernel
def activate(values: Row, activation: int) -> None:
    """Replace values by f(values), in place."""
    if activation == TANH:
        tanh_rows(values)
    elif activation == RELU:
        for i in range(values.shape[0]):
            values[i] = values[i] if values[i] > ZERO else ZERO
    elif activation == ELU:
        elu_rows(values)
    elif activation == RELU6:
        for i in range(values.shape[0]):
            x = values[i] if values[i] > ZERO else ZERO
            values[i] = x if x < SIX else SIX
    elif activation > LINEAR:
        own_rows(activation, values, values, False)


@kernel
def times_slope(delta: Row, a: Row, activation: int) -> None:
    """Multiply delta by f'(z), in place; the slope is computed from a = f(z), or is a (SLOPE)."""
    if activation == TANH:
        for i in range(a.shape[0]):
            delta[i] *= ONE - a[i] * a[i]
    elif activation == RELU:
        for i in range(a.shape[0]):
            delta[i] = delta[i] if a[i] > ZERO else ZERO
    elif activation == ELU:
        for i in range(a.shape[0]):
            delta[i] *= ONE if a[i] > ZERO else a[i] + ONE
    elif activation == RELU6:
        for i in range(a.shape[0]):
            delta[i] = delta[i] if (a[i] > ZERO) & (a[i] < SIX) else ZERO
    elif activation == SLOPE:
        for i in range(a.shape[0]):
            delta[i] *= a[i]


@kernel
def add_products(
    out: Row, rows: Rows, first: int, count: int, factors: Row, offset: int, step: int
) -> None:
    """Add to `out` the sum over i < count of factors[offset + i * step] * rows[first + i].

    It adds four rows at a time, so that `out` is loaded and stored once for four products.
    """
    m = out.shape[0]
    i = 0
    while i + 4 <= count:
        w0, w1 = factors[offset + i * step], factors[offset + (i + 1) * step]
        w2, w3 = factors[offset + (i + 2) * step], factors[offset + (i + 3) * step]
        r0, r1 = rows[first + i, :m], rows[first + i + 1, :m]
        r2, r3 = rows[first + i + 2, :m], rows[first + i + 3, :m]
        for s in range(m):
            out[s] += (w0 * r0[s] + w1 * r1[s]) + (w2 * r2[s] + w3 * r3[s])
        i += 4
    while i < count:
        w0, r0 = factors[offset + i * step], rows[first + i]
        for s in range(m):
            out[s] += w0 * r0[s]
        i += 1


@kernel
def forward(widths: Int, activation: int, parameters: Row, rows: Rows, m: int) -> None:
    """Fill the rows of layers 1..L from those of the inputs, for the first m inputs of a tile.

    The rows of the last layer are its logits.
    """
    layers = widths.shape[0] - 1
    before, offset = 0, 0
    for layer in range(layers):
        inputs, outputs = widths[layer], widths[layer + 1]
        bias = offset + inputs * outputs
        for j in range(outputs):
            out = rows[before + inputs + j, :m]
            out[:] = parameters[bias + j]
            add_products(out, rows, before, inputs, parameters, offset + j * inputs, 1)
            if layer < layers - 1:
                activate(out, activation)
        before += inputs
        offset = bias + outputs


@kernel
def softmax(rows: Rows, first: int, classes: int, m: int, scratch: Row) -> None:
    """Replace rows[first : first + classes, :m] by their softmax over the classes, in place."""
    top = scratch[:m]
    top[:] = rows[first, :m]
    for c in range(first + 1, first + classes):
        row = rows[c, :m]
        for s in range(m):
            top[s] = row[s] if row[s] > top[s] else top[s]
    for c in range(first, first + classes):
        row = rows[c, :m]
        for s in range(m):
            row[s] -= top[s]
        exp_rows(row)
    total = top
    total[:] = ZERO
    for c in range(first, first + classes):
        row = rows[c, :m]
        for s in range(m):
            total[s] += row[s]
    for s in range(m):
        total[s] = ONE / total[s]
    for c in range(first, first + classes):
        row = rows[c, :m]
        for s in range(m):
            row[s] *= total[s]


@kernel
def add_gradient(
    widths: Int,
    activation: int,
    parameters: Row,
    rows: Rows,
    slopes: Rows,
    deltas: Rows,
    labels: Int,
    scale: np.float32,
    gradient: Row,
) -> None:
    """Add scale * (gradient of the summed cross-entropy of a tile) to `gradient`.

    Call `forward` first, which fills the rows. slopes: what `times_slope` takes: the rows again, or
    those that another forward pass filled. labels: (m,), of the inputs in the tile. The rows of the
    last layer hold logits before and probabilities after the call.
    """
    m = labels.shape[0]
    layers = widths.shape[0] - 1
    classes = widths[layers]
    before = np.int64(0)  # the first row of the layer below
    for layer in range(layers - 1):
        before += widths[layer]
    offset = parameters.shape[0]
    top = before + widths[layers - 1]
    softmax(rows, top, classes, m, deltas[top])
    for c in range(classes):
        p, delta = rows[top + c], deltas[top + c]
        for s in range(m):
            probability = ZERO if p[s] <= NEGLIGIBLE else p[s]
            delta[s] = (probability - np.float32(labels[s] == c)) * scale
    for layer in range(layers - 1, -1, -1):
        inputs, outputs = widths[layer], widths[layer + 1]
        outputs_start = before + inputs
        bias = offset - outputs
        offset = bias - inputs * outputs
        for j in range(outputs):
            delta = deltas[outputs_start + j, :m]
            total = ZERO
            for s in range(m):
                total += delta[s]
            gradient[bias + j] += total
            i = 0
            while i + 4 <= inputs:
                r0, r1 = rows[before + i], rows[before + i + 1]
                r2, r3 = rows[before + i + 2], rows[before + i + 3]
                t0, t1, t2, t3 = ZERO, ZERO, ZERO, ZERO
                for s in range(m):
                    d = delta[s]
                    t0 += d * r0[s]
                    t1 += d * r1[s]
                    t2 += d * r2[s]
                    t3 += d * r3[s]
                k = offset + j * inputs + i
                gradient[k] += t0
                gradient[k + 1] += t1
                gradient[k + 2] += t2
                gradient[k + 3] += t3
                i += 4
            while i < inputs:
                r0 = rows[before + i]
                t0 = ZERO
                for s in range(m):
                    t0 += delta[s] * r0[s]
                gradient[offset + j * inputs + i] += t0
                i += 1
        if layer > 0:
            for i in range(inputs):
                out = deltas[before + i, :m]
                out[:] = ZERO
                add_products(out, deltas, outputs_start, outputs, parameters, offset + i, inputs)
                times_slope(out, slopes[before + i, :m], activation)
            before -= widths[layer - 1]
