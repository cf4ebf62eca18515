"""The outputs of every layer of one network, for all inputs."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..kernels.activations import activations
from ..settings import Setting
from .activation_codes import activation_code

Float32: TypeAlias = NDArray[np.float32]


def layer_outputs(
    setting: Setting, parameters: Float32, columns: Float32
) -> list[tuple[Float32, Float32, Float32]]:
    """For each layer after the inputs: outputs (width, n), smallest and largest output (width,).

    parameters: (P,); columns: the inputs (d, n), one row for each feature. The outputs of the last
    layer are those of the softmax. Of a quantised setting, all outputs are quantised.
    """
    widths = np.array(setting.layers)
    values = np.empty((widths[1:].sum(), columns.shape[1]), np.float32)
    low, high = np.empty((2, len(values)), np.float32)
    kind = activation_code(setting.activation)
    activations(widths, kind, setting.levels, parameters, columns, values, low, high)
    ends = np.cumsum(setting.layers[1:]).tolist()
    rows_of_layers = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return [(values[rows], low[rows], high[rows]) for rows in rows_of_layers]
