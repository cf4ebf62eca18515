"""What the layers of one network show of every input."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..kernels.activations import activations
from ..settings import ACTIVATIONS, Setting

Float32: TypeAlias = NDArray[np.float32]


def layer_outputs(
    setting: Setting, parameters: Float32, columns: Float32
) -> list[tuple[Float32, Float32, Float32]]:
    """For each layer after the inputs: its outputs (width, n), and each neuron's least and largest.

    parameters: (P,); columns: the inputs (d, n), feature by feature. The last layer's outputs are
    the softmax's.
    """
    widths = np.array(setting.layers)
    values = np.empty((widths[1:].sum(), columns.shape[1]), np.float32)
    low, high = np.empty((2, len(values)), np.float32)
    kind = ACTIVATIONS.index(setting.activation)
    activations(widths, kind, parameters, columns, values, low, high)
    ends = np.cumsum(setting.layers[1:]).tolist()
    cuts = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return [(values[own], low[own], high[own]) for own in cuts]
