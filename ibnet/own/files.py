"""Stores activations in a directory, one file for each epoch.

    activations.json          the layers, and the rows that were chosen
    sides.npz                 the inputs as numbers, and the labels
    activations/epoch-12.npz  the layers at epoch 12, and their smallest and largest activations
    measured.zarr             what `ibnet.measure` stores

Each file is written whole or not at all, so that whatever was logged can be measured.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError, encodable
from mibench.output.files import whole_file

from ..data.npz import arrays_of
from ..networks.archive import explain_read_errors, explain_write_errors, write_json
from ..networks.metadata import DamagedError, check_files, read_json_object
from .activations import Activations, Columns, InMemory
from .given import MAX_EPOCH
from .ranges import LAYER_ACTIVATIONS
from .sides import Sides

ABOUT, SIDES, FOLDER = "activations.json", "sides.npz", "activations"
FORMAT_VERSION = 1
REMEDY = "delete it, and log again"
EPOCH_FILE = re.compile(r"epoch-(0|[1-9]\d{0,15})\.npz", re.ASCII)
MAX_VALUES = 2**53  # of one epoch


@dataclass(frozen=True, eq=False)
class OnDisk:
    """The layers of one epoch in a file, which is read when they are measured."""

    path: Path
    widths: tuple[int, ...]
    rows: int
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def read(self) -> Sequence[Columns]:
        """See `Kept`."""
        columns = _read(self.path, [f"layer{number}" for number in range(len(self.widths))])
        for values, width in zip(columns, self.widths, strict=True):
            right = values.shape == (width, self.rows) and values.dtype in (np.float32, np.float64)
            if not right or not np.isfinite(values).all():
                raise InputError(f"{self.path} holds other activations: {REMEDY}")
        return [np.ascontiguousarray(values) for values in columns]


def is_stored(directory: Path) -> bool:
    """Whether a directory holds activations."""
    return os.path.isfile(directory / ABOUT)  # False for a path that the system refuses


def check_empty(directory: Path) -> None:
    """Raise InputError unless a directory is new or empty; hidden files are ignored."""
    with explain_write_errors(directory):
        names = os.listdir(directory) if directory.is_dir() else []
        if (directory.exists() and not directory.is_dir()) or any(n[0] != "." for n in names):
            raise InputError(f"{directory} is not empty: choose another directory")


def create(given: Activations, directory: Path) -> None:
    """Make a directory for activations of these layers and sides. Raises InputError."""
    check_empty(directory)
    with explain_write_errors(directory):
        (directory / FOLDER).mkdir(parents=True, exist_ok=True)
        with whole_file(directory / SIDES) as part:
            np.savez_compressed(part, symbols=given.sides.symbols, labels=given.sides.labels)
        about = {
            "format": FORMAT_VERSION,
            "name": given.name,
            "layers": list(given.layers),
            "widths": list(given.widths),
            "functions": list(given.functions),
            "shared_range": given.shared_range,
            "inputs": given.sides.fingerprint,
        }
        write_json(directory / ABOUT, about)


def write_epoch(directory: Path, epoch: int, kept: InMemory) -> OnDisk:
    """Store the layers of an epoch."""
    path = directory / FOLDER / f"epoch-{epoch}.npz"
    arrays: dict[str, Any] = {f"layer{i}": columns for i, columns in enumerate(kept.columns)}
    with explain_write_errors(directory), whole_file(path) as part:
        np.savez(part, low=kept.low, high=kept.high, **arrays)
    widths = tuple(len(columns) for columns in kept.columns)
    return OnDisk(path, widths, kept.columns[0].shape[1], kept.low, kept.high)


def load_activations(directory: str | Path) -> Activations:
    """Load the activations that `ibnet.watch(..., directory=...)` has stored.

    Args:
        directory: the directory.

    Returns:
        The activations, for `ibnet.measure`. The layers are read when they are measured, one epoch
        at a time.

    Raises:
        InputError: for a directory that holds no activations, or damaged ones.
    """
    folder = Path(directory)
    if not is_stored(folder):
        raise InputError(
            f"{folder} holds no activations (no {ABOUT}): make some with "
            f"ibnet.watch(model, data, directory={str(folder)!r})"
        )
    check_files(folder)
    with explain_read_errors(folder / ABOUT, REMEDY):
        about = _read_about(folder / ABOUT)
    symbols, labels = _read(folder / SIDES, ["symbols", "labels"])
    sides = Sides(symbols, labels, about["inputs"])
    for numbers in (sides.symbols, sides.labels):
        if numbers.dtype != np.int64 or numbers.shape != (sides.n,) or not sides.n:
            raise InputError(f"{folder / SIDES} is damaged: {REMEDY}")
    names = os.listdir(folder / FOLDER) if (folder / FOLDER).is_dir() else []
    stored_epochs = (int(match[1]) for match in map(EPOCH_FILE.fullmatch, names) if match)
    epochs = sorted(epoch for epoch in stored_epochs if epoch < MAX_EPOCH)
    layers, widths = tuple(map(encodable, about["layers"])), tuple(about["widths"])
    if sides.n * sum(widths) > MAX_VALUES:
        raise InputError(f"{folder / ABOUT} has layers of {max(widths)} units: {REMEDY}")
    kept = []
    for epoch in epochs:
        path = folder / FOLDER / f"epoch-{epoch}.npz"
        low, high = _read(path, ["low", "high"])
        right = {(a.shape, a.dtype) for a in (low, high)} == {((len(layers),), np.dtype("f8"))}
        if not right or not np.isfinite([low, high]).all():
            raise InputError(f"{path} is damaged: {REMEDY}")
        kept.append(OnDisk(path, widths, sides.n, low, high))
    return Activations(
        encodable(about["name"]), layers, widths, tuple(about["functions"]), about["shared_range"],
        tuple(epochs), sides, [kept], folder,
    )  # fmt: skip


def reloaded(given: Activations) -> Activations:
    """Load stored activations again, because another process may have logged more epochs."""
    if given.directory is None:
        return given
    return replace(load_activations(given.directory), name=given.name)


def _read_about(path: Path) -> dict[str, Any]:
    about = read_json_object(path)
    if about.get("format") != FORMAT_VERSION:
        raise DamagedError(f"it has format {about.get('format')}, not {FORMAT_VERSION}")
    kinds = {"layers": str, "widths": int, "functions": str}
    lists = [about.get(name) for name in kinds]
    right = all(isinstance(about.get(name), str) for name in ("name", "inputs"))
    right = right and isinstance(about.get("shared_range"), bool)
    for values, kind in zip(lists, kinds.values(), strict=True):
        right = right and isinstance(values, list) and all(type(v) is kind for v in values)
        right = right and len(values or []) == len(lists[0] or []) > 0
    right = right and all(width > 0 for width in about["widths"])
    right = right and len(set(about["layers"])) == len(about["layers"])
    if not right or not set(about["functions"]) <= set(LAYER_ACTIVATIONS):
        raise DamagedError("its entries are not those that mibench writes")
    return about


def _read(path: Path, names: Sequence[str]) -> list[NDArray[Any]]:
    """Arrays of a .npz file. Raises InputError if they cannot be read."""
    try:
        arrays = arrays_of(path, names)
        return [arrays[name] for name in names]
    except InputError:
        raise
    except Exception as error:  # NumPy and zipfile raise a dozen types of them
        raise InputError(f"{path} is damaged or missing ({error}): {REMEDY}") from None
