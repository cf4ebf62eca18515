"""Chooses the inputs on which a model is watched: all, or some at random, in the same order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from .._extra import explain_missing_packages
from ..own.sides import Sides, as_array, make_sides

with explain_missing_packages("torch", extra="torch"):
    import torch
    from torch import Tensor


# Inputs, their labels, and a random key of each.
Part: TypeAlias = tuple[Tensor, NDArray[Any], NDArray[np.float64]]

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

    rows: how many to keep, chosen at random by the seed, in their order; None: all. Others are
    read, but not held.
    Raises InputError.
    """
    if type(batch) is not int or batch < 1:
        raise InputError(f"batch={batch!r}: give a number of inputs, 1 or more")
    if rows is not None and (type(rows) is not int or rows < 2):
        raise InputError(f"rows={rows!r}: give a number of inputs, 2 or more, or None for all")
    if type(seed) is not int or seed < 0:
        raise InputError(f"seed={seed!r}: give a whole number, 0 or more")
    rng = np.random.default_rng(seed)
    parts: list[Part] = []
    with torch.random.fork_rng(devices=[]):  # a loader that shuffles draws from them
        for inputs, labels in _pairs(data):
            if np.ndim(labels) == 0:
                raise InputError("the loader gives single inputs, no batches: give a DataLoader")
            if len(inputs) != len(labels):
                raise InputError(
                    f"there are {len(inputs)} inputs and {len(labels)} labels: give one label for "
                    "each input"
                )
            parts.append((inputs, labels, rng.random(len(labels))))
            if rows is not None and sum(len(keys) for *_, keys in parts) > 2 * rows:
                parts = [_with_smallest_keys(_joined(parts), rows)]
    if not parts:
        raise InputError("the loader gives nothing: give inputs and labels")
    kept = _with_smallest_keys(_joined(parts), rows)
    inputs, labels, _ = kept
    if len(inputs) < 2:
        raise InputError(f"inputs have shape {tuple(inputs.shape)}: give at least 2 rows")
    return Rows(inputs, make_sides(labels, as_array(inputs, "inputs")), batch)


def _joined(parts: Sequence[Part]) -> Part:
    shapes = {tuple(inputs.shape[1:]) for inputs, _, _ in parts}
    if len(shapes) > 1:
        shape, other = sorted(shapes)[:2]
        raise InputError(
            f"the loader gives inputs of the shapes {shape} and {other}: give inputs of one shape"
        )
    inputs, labels, keys = zip(*parts, strict=True)
    return torch.cat(inputs), np.concatenate(labels), np.concatenate(keys)


def _with_smallest_keys(some: Part, rows: int | None) -> Part:
    """The rows with the smallest random keys, in their order: a sample of all that were read."""
    inputs, labels, keys = some
    if rows is None or len(keys) <= rows:
        return some
    chosen = np.sort(np.argsort(keys, kind="stable")[:rows])
    return inputs[torch.from_numpy(chosen)], labels[chosen], keys[chosen]


def _pairs(data: Any) -> Iterator[tuple[Tensor, NDArray[Any]]]:
    """Inputs as tensors on the CPU with their labels, in one or several parts."""
    if isinstance(data, tuple) and len(data) == 2:
        yield _tensor(data[0]), as_array(data[1], "labels")
        return
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
        yield _tensor(pair[0]), as_array(pair[1], "labels")


def _tensor(inputs: Any) -> Tensor:
    if isinstance(inputs, Tensor):
        tensor = inputs.detach().cpu()
    else:
        array = as_array(inputs, "inputs")
        if array.dtype.kind not in "buif":
            raise InputError(f"inputs hold {array.dtype} values: give numbers, as the model takes")
        tensor = torch.as_tensor(np.array(array))
    if tensor.ndim == 0:
        raise InputError("an input is one number, not an array: give inputs (rows, ...)")
    return tensor.clone()
