"""A forward pass that computes slopes too: with dropout and noise, and for own functions.

Dropout (Srivastava et al. 2014, JMLR 15, 1929-1958) sets each output of a hidden layer to 0 with
probability `dropout`, and divides the others by 1 - dropout. Then normal noise of the standard
deviation `noise` is added (Goldfeld et al. 2019, arXiv:1810.05728). Both are drawn anew for every
step, input and unit.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .elementary import ONE, ZERO
from .network import LINEAR, activate, add_products, times_slope
from .own_function import own_rows
from .random_numbers import normal, random_bits

Row: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]
Bits: TypeAlias = NDArray[np.uint64]
# Dropout, standard deviation of the noise, and the key of a run that decides both.
Disturbance: TypeAlias = tuple[float, float, np.uint64]

LOWER = np.uint64(2**32 - 1)


@kernel
def stream_of_step(key: np.uint64, epoch: int, step: int) -> np.uint64:
    """The key of the random numbers of a step of an epoch, for a run with this key."""
    return random_bits(random_bits(key, np.uint64(epoch)), np.uint64(step))


@kernel
def draw_bits(stream: np.uint64, inputs: Int, units: int, unit: int, out: Bits) -> None:
    """Fill out (m,) with the random bits of a hidden unit for each input.

    stream: from `stream_of_step`. inputs: (m,), the numbers of the inputs. units: how many there
    are in all hidden layers.
    """
    for s in range(inputs.shape[0]):
        out[s] = random_bits(stream, np.uint64(inputs[s] * units + unit))


@kernel
def drop(values: Row, slopes: Row, dropout: float, bits: Bits) -> None:
    """Set values and slopes to 0 where the lower 32 bits say so, else scale them, in place."""
    limit = np.uint64(np.rint(dropout * 2.0**32))
    scale = np.float32(1 / (1 - dropout))
    for s in range(values.shape[0]):
        kept = (bits[s] & LOWER) >= limit
        values[s] = values[s] * scale if kept else ZERO
        slopes[s] = slopes[s] * scale if kept else ZERO


@kernel
def add_noise(values: Row, noise: float, bits: Bits) -> None:
    """Add normal numbers of this standard deviation, made from the upper 32 bits, in place."""
    sd = np.float32(noise)
    for s in range(values.shape[0]):
        values[s] += sd * normal(bits[s])


@kernel
def forward_with_slopes(
    widths: Int,
    activation: int,
    parameters: Row,
    disturbance: Disturbance,
    epoch: int,
    step: int,
    inputs: Int,
    rows: Rows,
    slopes: Rows,
) -> None:
    """Fill the rows of layers 1..L from those of the inputs, as `network.forward`, but disturbed.

    inputs: (m,), the numbers of the inputs that the first rows hold. slopes: the rows of hidden
    layers are filled with the slopes of their outputs, which `add_gradient` takes with SLOPE. The
    last rows are the logits.
    """
    m = inputs.shape[0]
    layers = widths.shape[0] - 1
    units = widths[1:layers].sum()
    dropout, noise, key = disturbance
    disturbed = (dropout > 0) | (noise > 0)
    stream = key
    if disturbed:
        stream = stream_of_step(key, epoch, step)
    bits = np.empty(m, np.uint64)
    before, offset, unit = 0, 0, 0
    for layer in range(layers):
        fan_in, fan_out = widths[layer], widths[layer + 1]
        bias = offset + fan_in * fan_out
        for j in range(fan_out):
            r = before + fan_in + j
            out = rows[r, :m]
            out[:] = parameters[bias + j]
            add_products(out, rows, before, fan_in, parameters, offset + j * fan_in, 1)
            if layer < layers - 1:
                slope = slopes[r, :m]
                if activation > LINEAR:
                    own_rows(activation, out, slope, True)
                else:
                    activate(out, activation)
                    slope[:] = ONE
                    times_slope(slope, out, activation)
                if disturbed:
                    draw_bits(stream, inputs, units, unit, bits)
                if dropout > 0:
                    drop(out, slope, dropout, bits)
                if noise > 0:
                    add_noise(out, noise, bits)
                unit += 1
        before += fan_in
        offset = bias + fan_out


@kernel
def draw_disturbances(
    disturbance: Disturbance, epoch: int, step: int, inputs: Int, factors: Rows, terms: Rows
) -> None:
    """Fill what a step multiplies the outputs of hidden units with, and what it then adds.

    inputs: (m,), their numbers. factors, terms: (units of all hidden layers, m).
    """
    units = factors.shape[0]
    dropout, noise, key = disturbance
    stream = stream_of_step(key, epoch, step)
    bits = np.empty(inputs.shape[0], np.uint64)
    for unit in range(units):
        draw_bits(stream, inputs, units, unit, bits)
        factors[unit], terms[unit] = ONE, ZERO
        if dropout > 0:
            drop(factors[unit], terms[unit], dropout, bits)
        if noise > 0:
            add_noise(terms[unit], noise, bits)
