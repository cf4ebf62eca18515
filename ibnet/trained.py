"""Trained networks: the weights of every run at every epoch, and what was noted on the way."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from ._extra import needs
from .archive import (
    add_array,
    array,
    as_dataset,
    epochs_a_chunk,
    lengthen,
    open_group,
    write_json,
    writing,
)
from .data import Data, load_data
from .kernels.activations import activations
from .settings import ACTIVATIONS, Setting

with needs("xarray", "zarr"):
    import xarray as xr
    import zarr

Row: TypeAlias = NDArray[np.float32]

FORMAT = 1
BY_EPOCH = ("weights", "train_error", "test_error", "min_activation", "max_activation")


@dataclass(frozen=True, eq=False)
class Trained:
    """The networks of a setting, epoch 0 being the initial weights.

    setting, data: what was trained on what. directory: where it is kept; None: in memory.
    `dataset` holds, by run, epoch and layer: weights (epoch, run, parameter), train_error and
    test_error (epoch, run), 0 to 1, min_activation and max_activation (epoch, run, layer) over all
    inputs and neurons; diverged (run): the first epoch with weights that are not finite, or -1.
    What is not trained yet, or diverged, is NaN.
    """

    setting: Setting
    data: Data
    directory: Path | None
    group: zarr.Group

    @property
    def epochs(self) -> int:
        """How many epochs have been trained."""
        return int(self.group.attrs.get("epochs_done", -1))  # type: ignore[arg-type]

    @property
    def chunk(self) -> int:
        """How many epochs share a file."""
        return int(array(self.group, "weights").chunks[0])

    @property
    def dataset(self) -> xr.Dataset:
        """Everything by run, epoch, layer and parameter; read when it is used."""
        found = as_dataset(self.group).isel(epoch=slice(0, self.epochs + 1))
        layers = self.setting.layers[1:]
        return found.assign_coords(
            epoch=np.arange(self.epochs + 1),
            run=np.arange(self.setting.runs),
            layer=np.arange(1, len(layers) + 1),
            width=("layer", list(layers)),
        ).assign_attrs(_labels(self.setting, self.data))

    @cached_property
    def columns(self) -> Row:
        """The inputs (d, n), feature by feature, as the kernels read them."""
        return np.ascontiguousarray(self.data.inputs.T)

    def activations(self, run: int, epoch: int) -> list[Row]:
        """Every layer's outputs for all inputs: (n, width) each, the last one the softmax's.

        Raises InputError for a run or epoch that was not trained, or that diverged.
        """
        if not 0 <= run < self.setting.runs:
            raise InputError(f"run {run}: there are runs 0 to {self.setting.runs - 1}")
        if not 0 <= epoch <= self.epochs:
            raise InputError(f"epoch {epoch}: trained are epochs 0 to {self.epochs}")
        parameters = array(self.group, "weights")[epoch, run]
        if not np.isfinite(parameters).all():
            raise InputError(f"run {run} had diverged by epoch {epoch}: choose an earlier one")
        widths = np.array(self.setting.layers)
        found = np.empty((widths[1:].sum(), self.data.n), np.float32)
        low, high = np.empty((2, len(found)), np.float32)
        kind = ACTIVATIONS.index(self.setting.activation)
        activations(widths, kind, parameters, self.columns, found, low, high)
        return [np.ascontiguousarray(p.T) for p in np.split(found, np.cumsum(widths[1:])[:-1])]

    def save(self, directory: str | Path) -> "Trained":
        """A copy in a directory that is empty or not there yet; returns the copy."""
        folder = Path(directory)
        copy = create(self.setting, self.data, folder)
        lengthen(copy.group, list(BY_EPOCH), self.epochs + 1)
        for name in BY_EPOCH:
            for at in range(0, self.epochs + 1, self.chunk):
                piece = slice(at, min(at + self.chunk, self.epochs + 1))
                array(copy.group, name)[piece] = array(self.group, name)[piece]
        array(copy.group, "diverged")[:] = array(self.group, "diverged")[:]
        copy.group.attrs["epochs_done"] = self.epochs
        return copy


def _labels(setting: Setting, data: Data) -> dict[str, Any]:
    return {
        "setting": json.dumps(asdict(setting)),
        "training": setting.training,
        "activation": setting.activation,
        "batch": str(setting.batch),
        "data": data.name,
        "h_x_bits": data.h_x_bits,
        "h_y_bits": data.h_y_bits,
        **versions(),
    }


def versions() -> dict[str, str]:
    """The versions of what the numbers depend on, and the machine."""
    import platform
    from importlib.metadata import version

    packages = {f"{name}_version": version(name) for name in ("mibench", "numpy", "numba")}
    return {**packages, "python_version": platform.python_version(), "machine": platform.platform()}


def create(setting: Setting, data: Data, directory: Path | None) -> Trained:
    """A training that has not begun, in a directory that is empty or not there yet."""
    if directory is not None:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise InputError(
                f"{directory} is not empty and holds no training: choose another directory"
            )
        with writing(directory):
            directory.mkdir(parents=True, exist_ok=True)
            kept = {
                "format": FORMAT,
                "setting": asdict(setting),
                "data_fingerprint": data.fingerprint,
                **versions(),
            }
            write_json(directory / "training.json", kept)
    with writing(directory):
        group = open_group(None if directory is None else directory / "training.zarr")
        _add_arrays(group, setting)
    return Trained(setting, data, directory, group)


def _add_arrays(group: zarr.Group, setting: Setting) -> None:
    runs, layers = setting.runs, len(setting.layers) - 1
    chunk = epochs_a_chunk(4 * runs * setting.parameters)
    by_run = {"epoch": 1, "run": runs}
    for name, sizes in (
        ("weights", {**by_run, "parameter": setting.parameters}),
        ("train_error", by_run),
        ("test_error", by_run),
        ("min_activation", {**by_run, "layer": layers}),
        ("max_activation", {**by_run, "layer": layers}),
    ):
        if name not in group:
            _add_by_epoch(group, name, sizes, chunk)
    if "diverged" not in group:
        add_array(group, "diverged", {"run": runs}, runs, np.int64, -1)


def _add_by_epoch(group: zarr.Group, name: str, sizes: Mapping[str, int], chunk: int) -> None:
    # Made at full chunk length and then cut: the length of a chunk cannot change afterwards.
    add_array(group, name, {**sizes, "epoch": chunk}, chunk, np.float32, np.nan)
    lengthen(group, [name], sizes["epoch"])


def load(directory: str | Path, data: Data | None = None) -> Trained:
    """Trained networks from a directory.

    data: where the setting's name of the data does not lead to it any more, or never did.
    Raises InputError for a directory of something else, another format or other data.
    """
    folder = Path(directory)
    kept = read_kept(folder)
    setting = Setting(**{k: _tuple(v) for k, v in kept["setting"].items()})
    data = load_data(setting.data) if data is None else data
    if data.fingerprint != kept["data_fingerprint"]:
        raise InputError(
            f"{folder} was trained on other data than {data.name!r} holds now: give the data that "
            "it was trained on, or another directory"
        )
    with writing(folder):
        group = open_group(folder / "training.zarr")
        _add_arrays(group, setting)  # a kill may have come before
    return Trained(setting, data, folder, group)


def read_kept(folder: Path) -> dict[str, Any]:
    """What `training.json` of a directory says, checked."""
    path = folder / "training.json"
    if not path.is_file():
        raise InputError(
            f"{folder} holds no trained networks (no training.json): make some with "
            f"`mibench ibnet train SETTING -o {folder}`"
        )
    try:
        kept = json.loads(path.read_text())
        found = kept["format"]
        fine = isinstance(kept["setting"], dict) and isinstance(kept["data_fingerprint"], str)
    except (ValueError, KeyError, TypeError):
        fine, found = False, None
    if not fine:
        raise InputError(f"{path} is damaged: delete {folder} and train again")
    if found != FORMAT:
        raise InputError(
            f"{folder} has format {found}, this mibench reads {FORMAT}: use the mibench that wrote "
            "it, or train again elsewhere"
        )
    return dict(kept)


def with_epochs(trained: Trained, epochs: int) -> Trained:
    """The same training, meant to go on to that many epochs."""
    setting = replace(trained.setting, epochs=epochs)
    if trained.directory is not None:
        kept = read_kept(trained.directory)
        with writing(trained.directory):
            write_json(trained.directory / "training.json", {**kept, "setting": asdict(setting)})
    return replace(trained, setting=setting)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
