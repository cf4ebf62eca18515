"""Reads nested lists and mappings of arrays: layers, by epoch, by run."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from mibench.errors import InputError, encodable, some

Layers: TypeAlias = dict[str, Any]  # name -> array
MAX_EPOCH = 2**53  # netCDF and figures hold numbers exactly up to this
FORMS = (
    "give layers {name: array (rows, units)}, or a list of such layers by epoch, or a list of such "
    "lists by run"
)


def is_array(value: Any) -> bool:
    """Whether a value is an array or tensor of at least one dimension."""
    return hasattr(value, "shape") and len(value.shape) > 0


def read_given(given: Any) -> tuple[list[list[Layers]], list[int] | None]:
    """The layers by run and epoch, and the numbers of the epochs if they are keys.

    Raises InputError for anything else than `FORMS`, and for runs of different epochs.
    """
    depth = _depth(given)
    runs = [[given]] if depth == 1 else [given] if depth == 2 else _values(given)
    numbers = [_numbers(run) for run in runs]
    for number, run in enumerate(runs):
        if numbers[number] != numbers[0] or len(run) != len(runs[0]):
            raise InputError(
                f"run {number} has {len(run)} epochs and run 0 has {len(runs[0])}, or others: give "
                "the same epochs of every run"
            )
    return [[_layers(layers) for layers in _values(run)] for run in runs], numbers[0]


def _depth(value: Any, depth: int = 0) -> int:
    """1 for layers, 2 for epochs, 3 for runs."""
    if is_array(value) and depth:
        return 0
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes):
        if not len(value):
            raise InputError(f"activations hold an empty {type(value).__name__}: {FORMS}")
        depths = {_depth(inner, depth + 1) for inner in _values(value)}
        if len(depths) == 1 and max(depths) < 3:
            return 1 + depths.pop()
        raise InputError(f"activations mix arrays with lists of arrays, or nest too deep: {FORMS}")
    what = f"one array {tuple(value.shape)}" if is_array(value) else f"{value!r:.60}"
    raise InputError(f"activations are or hold {what}: {FORMS}")


def _values(container: Any) -> list[Any]:
    return list(container.values() if isinstance(container, Mapping) else container)


def _numbers(run: Any) -> list[int] | None:
    if not isinstance(run, Mapping):
        return None
    for key in run:
        if not isinstance(key, int | np.integer) or isinstance(key, bool):
            raise InputError(f"activations have the key {key!r} for an epoch: give whole numbers")
    return [int(key) for key in run]


def _layers(layers: Any) -> Layers:
    if not isinstance(layers, Mapping):
        return {str(number): values for number, values in enumerate(layers, 1)}
    names = [encodable(str(name)) for name in layers]
    if len(set(names)) < len(names):
        raise InputError(f"layers have the same name twice: {some(names)}. Name them differently")
    return dict(zip(names, layers.values(), strict=True))


def check_epochs(epochs: Sequence[Any]) -> tuple[int, ...]:
    """The numbers of epochs, as integers. Raises InputError unless they increase from 0 or more."""
    before = -1
    for epoch in epochs:
        whole = isinstance(epoch, int | np.integer) and not isinstance(epoch, bool)
        if not whole or not 0 <= epoch < MAX_EPOCH:
            raise InputError(f"epoch {epoch!r}: give whole numbers from 0, such as 0, 1, 2, 10")
        if epoch <= before:
            raise InputError(
                f"epoch {epoch} follows epoch {before}: give epochs in increasing order, each once"
            )
        before = int(epoch)
    return tuple(int(epoch) for epoch in epochs)
