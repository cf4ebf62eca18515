"""Trained networks: the weights of every run at every epoch, and what was noted on the way."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from .._extra import needs
from ..data.dataset import BUILT_IN, Data, load_data
from ..settings import Setting, from_values
from .archive import (
    add_array,
    array,
    as_dataset,
    epochs_a_chunk,
    lengthen,
    open_group,
    reading,
    write_json,
    writing,
)
from .forward import layer_outputs
from .versions import joined, versions

with needs("xarray", "zarr"):
    import xarray as xr
    import zarr

Row: TypeAlias = NDArray[np.float32]

FORMAT = 1
DATA = "data.npz"  # of a set that cannot be made from its name
CHECKPOINT = "checkpoint.npz"
BY_EPOCH = ("weights", "train_error", "test_error", "min_activation", "max_activation")


@dataclass(frozen=True, eq=False)
class Trained:
    """The networks of a setting, epoch 0 being the initial weights.

    setting, data: what was trained on what. directory: where it is kept; None: in memory.
    versions: of what the weights depend on, and the machine; several, if a training that was
    interrupted went on elsewhere.
    `dataset` holds, by run, epoch and layer: weights (epoch, run, parameter), train_error and
    test_error (epoch, run), 0 to 1, min_activation and max_activation (epoch, run, layer) over all
    inputs and neurons; diverged (run): the first epoch with weights that are not finite, or -1.
    What is not trained yet, or diverged, is NaN.
    """

    setting: Setting
    data: Data
    directory: Path | None
    group: zarr.Group
    versions: Mapping[str, str]

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
        with reading(self.directory):
            found = as_dataset(self.group).isel(epoch=slice(0, self.epochs + 1))
        layers = self.setting.layers[1:]
        return found.assign_coords(
            epoch=np.arange(self.epochs + 1),
            run=np.arange(self.setting.runs),
            layer=np.arange(1, len(layers) + 1),
            width=("layer", list(layers)),
        ).assign_attrs(_labels(self))

    @property
    def lost(self) -> NDArray[np.bool_]:
        """(epochs + 1, runs): which networks had diverged, so that they have no weights."""
        since: NDArray[np.int64] = array(self.group, "diverged")[:]
        return (since >= 0) & (np.arange(self.epochs + 1)[:, np.newaxis] >= since)

    def current(self) -> "Trained":
        """As it is on disk now: another process may have trained it further since."""
        return self if self.directory is None else load(self.directory, self.data)

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
        with reading(self.directory):
            parameters = array(self.group, "weights")[epoch, run]
        if not np.isfinite(parameters).all():
            raise InputError(f"run {run} had diverged by epoch {epoch}: choose an earlier one")
        layers = layer_outputs(self.setting, parameters, self.columns)
        return [np.ascontiguousarray(values.T) for values, _, _ in layers]

    def save(self, directory: str | Path) -> "Trained":
        """A copy in a directory that is empty or not there yet; returns the copy.

        A copy of networks in memory can be measured, but not trained further.
        """
        folder = Path(directory)
        make_folder(folder)
        copy = create(self.setting, self.data, folder, self.versions)
        with writing(folder):
            lengthen(copy.group, BY_EPOCH, self.epochs + 1)
            for name in BY_EPOCH:
                for at in range(0, self.epochs + 1, self.chunk):
                    piece = slice(at, min(at + self.chunk, self.epochs + 1))
                    array(copy.group, name)[piece] = array(self.group, name)[piece]
            array(copy.group, "diverged")[:] = array(self.group, "diverged")[:]
            if self.directory is not None and (self.directory / CHECKPOINT).exists():
                shutil.copy(self.directory / CHECKPOINT, folder / CHECKPOINT)
            copy.group.attrs["epochs_done"] = self.epochs
        return copy


def _labels(trained: Trained) -> dict[str, Any]:
    setting, data = trained.setting, trained.data
    return {
        "setting": json.dumps(asdict(setting)),
        "training": setting.training,
        "activation": setting.activation,
        "batch": str(setting.batch),
        "data": data.name,
        "h_x_bits": data.h_x_bits,
        "h_y_bits": data.h_y_bits,
        **trained.versions,
    }


def make_folder(directory: Path) -> None:
    """Make the directory of a training. Raises InputError for one that holds something else.

    Hidden files do not count: a lock, or what a kill left of a file that was being written.
    """
    with writing(directory):
        # Looked at once: another process may be making a training here just now.
        names = os.listdir(directory) if directory.is_dir() else []
        shown = [name for name in names if name[0] != "."]
        other = directory.exists() and not directory.is_dir()
        if other or (shown and "training.json" not in shown):
            raise InputError(
                f"{directory} is not empty and holds no training: choose another directory"
            )
        directory.mkdir(parents=True, exist_ok=True)


def create(
    setting: Setting, data: Data, directory: Path | None, made_by: Mapping[str, str] | None = None
) -> Trained:
    """A training that has not begun, in memory or in a directory from `make_folder`."""
    kept = dict(made_by or versions())
    if directory is not None:
        with writing(directory):
            if (directory / "training.json").exists():
                raise InputError(f"{directory} holds a training already: choose another directory")
            if not data.built_in:
                data.save(directory / DATA)
            about = {
                "format": FORMAT,
                "setting": asdict(setting),
                "data_fingerprint": data.fingerprint,
            }
            write_json(directory / "training.json", about | kept)
    with writing(directory):
        group = open_group(None if directory is None else directory / "training.zarr")
        _add_arrays(group, setting)
    trained = Trained(setting, data, directory, group, kept)
    with writing(directory):
        group.attrs.update(_labels(trained))
    return trained


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
            add_array(group, name, sizes, chunk, np.float32, np.nan)
    if "diverged" not in group:
        add_array(group, "diverged", {"run": runs}, runs, np.int64, -1)
    lengths = {array(group, name).shape[0] for name in BY_EPOCH}
    if len(lengths) > 1:  # a kill came between one array and the next
        lengthen(group, BY_EPOCH, max(lengths))


def load(directory: str | Path, data: Data | None = None) -> Trained:
    """Trained networks from a directory.

    data: where the setting's name of the data does not lead to it any more, or never did.
    Raises InputError for a directory of something else, another format or other data.
    """
    folder = Path(directory)
    with reading(folder):
        kept = read_kept(folder)
    try:
        setting = from_values(kept["setting"])
    except (InputError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder / 'training.json'} is damaged ({error}): delete {folder} and train again"
        ) from None
    if data is None:
        data = load_data(setting.data) if setting.data in BUILT_IN else _own_data(folder, setting)
    if data.fingerprint != kept["data_fingerprint"]:
        raise InputError(
            f"{folder} was trained on other data than {data.name!r} holds now: give the data that "
            "it was trained on, or another directory"
        )
    with reading(folder):
        group = open_group(folder / "training.zarr")
        _add_arrays(group, setting)  # a kill may have come before
    made_by = {key: str(kept.get(key, "unknown")) for key in versions()}
    return Trained(setting, data, folder, group, made_by)


def _own_data(folder: Path, setting: Setting) -> Data:
    path = folder / DATA
    return replace(load_data(path), name=setting.data) if path.exists() else load_data(setting.data)


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


def going_on(trained: Trained, epochs: int) -> Trained:
    """The same training, meant to go on to that many epochs, here and now."""
    setting = replace(trained.setting, epochs=max(epochs, trained.setting.epochs))
    made_by = {key: joined(trained.versions[key], own) for key, own in versions().items()}
    later = replace(trained, setting=setting, versions=made_by)
    if trained.directory is not None:
        kept = read_kept(trained.directory)
        with writing(trained.directory):
            write_json(
                trained.directory / "training.json", kept | {"setting": asdict(setting)} | made_by
            )
            later.group.attrs.update(_labels(later))
    return later
