"""Gradients of one network by layer, for each batch of the training inputs."""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import formulas
from ..settings import Setting

Float: TypeAlias = NDArray[np.float64]


def batch_gradients(
    setting: Setting, parameters: Float, inputs: Float, taught: NDArray[np.int64], batch: int
) -> list[Float]:
    """The gradient of the mean cross-entropy of each batch by the weights of each layer.

    Args:
        setting: of the network.
        parameters: (P,), for each layer its weights (out, in), then its biases (out,).
        inputs: (n, d), whose first batches of `batch` inputs are used; the rest is left out.
        taught: (n,), the classes.
        batch: inputs per batch.

    Returns:
        (batches, out, in) for each layer.
    """
    count = len(inputs) // batch
    inputs, taught = inputs[: count * batch], taught[: count * batch]
    weights = layer_weights(setting, parameters)
    layers, zs = [inputs], [inputs]
    for number, (weight, bias) in enumerate(weights):
        z = layers[-1] @ weight.T + bias
        zs.append(z)
        layers.append(_softmax(z) if number == len(weights) - 1 else _activated(setting, z))
    delta = layers[-1].copy()
    delta[np.arange(len(taught)), taught] -= 1
    delta /= batch
    gradients = []
    for number in range(len(weights) - 1, -1, -1):
        by_batch = (values.reshape(count, batch, -1) for values in (delta, layers[number]))
        gradients.append(np.einsum("bio,bid->bod", *by_batch, optimize=True))
        if number:
            delta = (delta @ weights[number][0]) * _slope(setting, layers[number], zs[number])
    return gradients[::-1]


def layer_weights(setting: Setting, parameters: Float) -> list[tuple[Float, Float]]:
    """Weights (out, in) and biases (out,) of each layer."""
    parts, place = [], 0
    for fan_in, fan_out in pairwise(setting.layers):
        size = fan_in * fan_out
        weight = parameters[place : place + size].reshape(fan_out, fan_in)
        parts.append((weight, parameters[place + size : place + size + fan_out]))
        place += size + fan_out
    return parts


def _activated(setting: Setting, z: Float) -> Float:
    function = setting.activation
    if function == "tanh":
        return np.tanh(z)
    if function == "relu":
        return np.maximum(z, 0)
    if function == "elu":
        return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
    if function == "relu6":
        return np.clip(z, 0, 6)
    return z if function == "linear" else formulas.evaluated(function, z)


def _slope(setting: Setting, a: Float, z: Float) -> Float:
    """f'(z), from a = f(z), or from z for a formula."""
    function = setting.activation
    if function == "tanh":
        return 1 - a * a
    if function == "relu":
        return (a > 0).astype(np.float64)
    if function == "elu":
        return np.where(a > 0, 1, a + 1)
    if function == "relu6":
        return ((a > 0) & (a < 6)).astype(np.float64)
    return np.ones_like(a) if function == "linear" else formulas.values_and_slopes(function, z)[1]


def _softmax(z: Float) -> Float:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    shares: Float = e / e.sum(axis=1, keepdims=True)
    return shares
