"""Chooses the inputs on which a model is watched: all, or some at random, in the same order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mibench.errors import InputError

from .._extra import explain_missing_packages
from ..own.sides import Sides, as_array, make_sides

with explain_missing_packages("torch", extra="torch"):
    import torch
    from torch import Tensor


READ_AT_ONCE = 256  # inputs of a Dataset


@dataclass(frozen=True, eq=False)
class Rows:
    """The chosen inputs as a tensor (rows, ...) in memory, with X and Y."""

    inputs: Tensor
    sides: Sides
    batch: int

    def batches(self) -> Iterator[Tensor]:
        """The inputs, some at a time."""
        for first in range(0, len(self.inputs), self.batch):
            yield self.inputs[first : first + self.batch]


def choose_rows(data: Any, rows: int | None, seed: int, batch: int) -> Rows:
    """The inputs and labels of a pair of arrays, or of a loader of such pairs.

    rows: how many to keep, chosen at random by the seed, in their order; None: all.
    Raises InputError.
    """
    if type(batch) is not int or batch < 1:
        raise InputError(f"batch={batch!r}: give a number of inputs, 1 or more")
    if rows is not None and (type(rows) is not int or rows < 2):
        raise InputError(f"rows={rows!r}: give a number of inputs, 2 or more, or None for all")
    with torch.random.fork_rng(devices=[]):  # a loader that shuffles draws from them
        inputs, labels = _read(data)
    if len(inputs) != len(labels):
        raise InputError(
            f"there are {len(inputs)} inputs and {len(labels)} labels: give one label for each "
            "input"
        )
    if rows is not None and rows < len(inputs):
        chosen = np.random.default_rng(seed).choice(len(inputs), rows, replace=False)
        chosen.sort()
        inputs, labels = inputs[torch.from_numpy(chosen)], labels[chosen]
    return Rows(inputs, make_sides(labels, as_array(inputs, "inputs")), batch)


def _read(data: Any) -> tuple[Tensor, Any]:
    """All inputs as a tensor on the CPU, and all labels as an array."""
    if isinstance(data, tuple) and len(data) == 2:
        return _tensor(data[0]), as_array(data[1], "labels")
    pairs = []
    if isinstance(data, torch.utils.data.Dataset):
        data = torch.utils.data.DataLoader(data, batch_size=READ_AT_ONCE)
    if not hasattr(data, "__iter__") or isinstance(data, str | bytes | Tensor | np.ndarray):
        raise InputError(
            f"data are a {type(data).__name__}: give (inputs, labels), a loader that gives such "
            "pairs, or a Dataset"
        )
    for pair in data:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InputError(
                f"the loader gives a {type(pair).__name__}, not pairs of inputs and labels: give "
                "(inputs, labels) as tensors"
            )
        pairs.append((_tensor(pair[0]), as_array(pair[1], "labels")))
    if not pairs:
        raise InputError("the loader gives nothing: give inputs and labels")
    if any(np.ndim(labels) == 0 for _, labels in pairs):
        raise InputError("the loader gives single inputs, no batches: give a DataLoader")
    return torch.cat([x for x, _ in pairs]), np.concatenate([y for _, y in pairs])


def _tensor(inputs: Any) -> Tensor:
    if isinstance(inputs, Tensor):
        tensor = inputs.detach().cpu()
    else:
        array = as_array(inputs, "inputs")
        if array.dtype.kind not in "buif":
            raise InputError(f"inputs hold {array.dtype} values: give numbers, as the model takes")
        tensor = torch.as_tensor(np.array(array))
    if tensor.ndim == 0 or len(tensor) < 2:
        raise InputError(f"inputs have shape {tuple(tensor.shape)}: give at least 2 rows")
    return tensor.clone()
