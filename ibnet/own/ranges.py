"""The ranges of the activations of a layer, from its activation function or from the data."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError, unknown

from ..settings import ACTIVATIONS, LOWER_BOUNDS, UPPER_BOUNDS, binning_range

UNIT_INTERVAL = ("sigmoid", "softmax")
LAYER_ACTIVATIONS = (*ACTIVATIONS, *UNIT_INTERVAL)
ROUNDING = 1e-5  # by which float32 may exceed 1, as the sum of a softmax does

Activation: TypeAlias = str | Mapping[str, str] | None


def layer_activations(activation: Activation, layers: Sequence[str]) -> tuple[str, ...]:
    """The activation function of each layer, "linear" where none is given.

    Raises InputError for an unknown function or layer.
    """
    by_layer = activation if isinstance(activation, Mapping) else dict.fromkeys(layers, activation)
    for name, function in by_layer.items():
        if name not in layers:
            raise InputError(unknown("layer of activation", str(name), layers))
        if function is not None and function not in LAYER_ACTIVATIONS:
            raise InputError(
                f"{unknown('activation', str(function), LAYER_ACTIVATIONS)}. Leave it out for any "
                "other function: the range is then that of the activations"
            )
    return tuple(by_layer.get(name) or "linear" for name in layers)


def is_shared(shared_range: object) -> bool:
    """The option `shared_range`. Raises InputError for what is neither true nor false."""
    if not isinstance(shared_range, bool | np.bool_):
        raise InputError(f"shared_range={shared_range!r}: give True or False")
    return bool(shared_range)


def layer_range(activation: str, low: float, high: float) -> tuple[float, float]:
    """The range of uniform bins for a layer whose activations lie within [low, high]."""
    return (0.0, 1.0) if activation in UNIT_INTERVAL else binning_range(activation, low, high)


def check_within(activation: str, layer: str, low: float, high: float) -> None:
    """Raise InputError if the activations of a layer are not those of its activation function."""
    unit = activation in UNIT_INTERVAL
    bottom = 0.0 if unit else LOWER_BOUNDS.get(activation, low)
    top = 1.0 if unit else UPPER_BOUNDS.get(activation, high)
    for value, is_beyond in ((low, low < bottom - ROUNDING), (high, high > top + ROUNDING)):
        if is_beyond:
            raise InputError(
                f"layer {layer!r} has the activation {value:g}, which {activation} never gives: "
                "give the values after the activation function, or leave its name out"
            )


def run_ranges(
    activations: Sequence[str], low: NDArray[np.float64], high: NDArray[np.float64], *, shared: bool
) -> list[tuple[float, float]]:
    """The range of each layer of a run over all its epochs; shared: one for all layers.

    low, high: (epochs, layers), the smallest and largest activation.
    """
    lows, highs = low.min(axis=0), high.max(axis=0)
    if shared:
        lows, highs = np.full_like(lows, lows.min()), np.full_like(highs, highs.max())
    return [
        layer_range(name, float(a), float(b))
        for name, a, b in zip(activations, lows, highs, strict=True)
    ]
