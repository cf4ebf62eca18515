"""Trained networks: the weights, errors and extreme activations of every run at every epoch."""

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

from mibench.errors import InputError, some
from mibench.memory import check_memory

from .._extra import explain_missing_packages
from ..data.dataset import BUILT_IN, Data, load_data
from ..data.limits import limit_attributes
from ..settings import Setting, setting_from_json
from .archive import (
    add_array,
    epochs_per_chunk,
    explain_read_errors,
    explain_write_errors,
    open_dataset,
    open_group,
    resize_arrays,
    stored_array,
    write_json,
)
from .forward import layer_outputs
from .initial import split_of_run
from .kept import KEPT, is_list_of_epochs, kept_epochs
from .metadata import (
    ArrayForm,
    DamagedError,
    array_length,
    check_files,
    check_group,
    read_json_object,
)
from .versions import join_versions, versions

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr
    import zarr

Float32: TypeAlias = NDArray[np.float32]

FORMAT_VERSION = 1
DATA_FILE = "data.npz"  # only if the data cannot be made from their name
CHECKPOINT_FILE = "checkpoint.npz"
EPOCH_ARRAYS = ("weights", "train_error", "test_error", "min_activation", "max_activation")


@dataclass(frozen=True, eq=False)
class Trained:
    """The trained networks of a setting. Epoch 0 is the initial network.

    Attributes:
        setting: what was trained.
        data: what it was trained on.
        directory: where the networks are stored; None if in memory.
        group: the zarr group of the arrays; use `dataset` to read them.
        versions: the software versions and the machine that trained them. If an interrupted
            training was continued elsewhere, both are listed.

    Example:
        >>> from mibench import ibnet
        >>> trained = ibnet.train("2.1", runs=2, epochs=3)
        >>> trained.dataset.weights.sizes["epoch"], trained.activations(run=0, epoch=3)[0].shape
        (4, (4096, 10))
    """

    setting: Setting
    data: Data
    directory: Path | None
    group: zarr.Group
    versions: Mapping[str, str]

    @property
    def epochs(self) -> int:
        """The number of epochs trained so far; -1 before the initial network is stored."""
        return int(self.group.attrs.get("epochs_done", -1))  # type: ignore[arg-type]

    @property
    def kept(self) -> NDArray[np.int64]:
        """The epochs whose weights are stored, in ascending order; all unless `train(keep=...)`."""
        return kept_epochs(self.group, self.epochs + 1)

    @property
    def chunk(self) -> int:
        """The number of epochs in one file."""
        return int(stored_array(self.group, "weights").chunks[0])

    @property
    def dataset(self) -> xr.Dataset:
        """All arrays with labelled dimensions, read from disk when they are used.

        weights (epoch, run, parameter); train_error and test_error (epoch, run), 0 to 1;
        min_activation and max_activation (epoch, run, layer), over all inputs and neurons; diverged
        (run), the first epoch with weights that are not finite, or -1. Values of a run are NaN
        from the epoch on in which it diverged. Weights are NaN at epochs that were not kept.
        """
        with explain_read_errors(self.directory):
            dataset = open_dataset(self.group).isel(epoch=slice(0, self.epochs + 1))
        layers = self.setting.layers[1:]
        return dataset.assign_coords(
            epoch=np.arange(self.epochs + 1),
            run=np.arange(self.setting.runs),
            layer=np.arange(1, len(layers) + 1),
            width=("layer", list(layers)),
        ).assign_attrs(_attributes(self))

    @property
    def is_diverged(self) -> NDArray[np.bool_]:
        """(epochs + 1, runs): True from the first epoch on in which weights were not finite."""
        with explain_read_errors(self.directory):
            since: NDArray[np.int64] = stored_array(self.group, "diverged")[:]
        return (since >= 0) & (np.arange(self.epochs + 1)[:, np.newaxis] >= since)

    def current(self) -> "Trained":
        """Load the networks again, because another process may have trained them further."""
        return self if self.directory is None else load(self.directory, self.data)

    @cached_property
    def columns(self) -> Float32:
        """The inputs (d, n), one row for each feature, as the kernels read them."""
        return np.ascontiguousarray(self.data.inputs.T)

    def activations(self, run: int, epoch: int) -> list[Float32]:
        """Compute the outputs of every layer for all inputs.

        Args:
            run: number of the run, from 0.
            epoch: number of the epoch; 0 is the initial network.

        Returns:
            One array (n, width) for each layer; the last one holds the outputs of the softmax.

        Raises:
            InputError: for a run or epoch that was not trained, was not kept, or diverged.
        """
        self._check_run(run)
        if not 0 <= epoch <= self.epochs:
            raise InputError(f"epoch {epoch}: trained are epochs 0 to {self.epochs}")
        if epoch not in self.kept:
            raise InputError(f"epoch {epoch} was not kept: {some(map(str, self.kept))} were")
        with explain_read_errors(self.directory):
            parameters = stored_array(self.group, "weights")[epoch, run]
        if not np.isfinite(parameters).all():
            raise InputError(f"run {run} had diverged by epoch {epoch}: choose an earlier one")
        layers = layer_outputs(self.setting, parameters, self.columns)
        return [np.ascontiguousarray(values.T) for values, _, _ in layers]

    def split(self, run: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of `data` that trained a run, and those that tested it, ascending."""
        self._check_run(run)
        return split_of_run(self.setting, self.data, run)

    def _check_run(self, run: int) -> None:
        if not 0 <= run < self.setting.runs:
            raise InputError(f"run {run}: there are runs 0 to {self.setting.runs - 1}")

    def save(self, directory: str | Path) -> "Trained":
        """Copy the networks to a directory, which must be empty or new.

        Networks that were trained in memory have no checkpoint: the copy can be measured, but not
        trained further.

        Returns:
            The copy.

        Raises:
            InputError: for a directory that holds something else or cannot be written.
        """
        folder = Path(directory)
        make_training_folder(folder)
        copy = create_training(self.setting, self.data, folder, self.versions)
        with explain_write_errors(folder):
            resize_arrays(copy.group, EPOCH_ARRAYS, self.epochs + 1)
            for name in EPOCH_ARRAYS:
                for first in range(0, self.epochs + 1, self.chunk):
                    epochs = slice(first, min(first + self.chunk, self.epochs + 1))
                    stored_array(copy.group, name)[epochs] = stored_array(self.group, name)[epochs]
            stored_array(copy.group, "diverged")[:] = stored_array(self.group, "diverged")[:]
            if self.directory is not None and (self.directory / CHECKPOINT_FILE).exists():
                shutil.copy(self.directory / CHECKPOINT_FILE, folder / CHECKPOINT_FILE)
            copy.group.attrs["epochs_done"] = self.epochs
            if KEPT in self.group.attrs:
                copy.group.attrs[KEPT] = self.group.attrs[KEPT]
        return copy


def _attributes(trained: Trained) -> dict[str, Any]:
    """The attributes of the data set: what was trained, on what, and with which versions."""
    setting, data = trained.setting, trained.data
    return {
        "setting": json.dumps(asdict(setting)),
        "training": setting.training,
        "activation": setting.activation,
        "batch": str(setting.batch),
        **({"quantize": setting.quantize} if setting.quantize else {}),
        "data": data.name,
        "h_x_bits": data.h_x_bits,
        "h_y_bits": data.h_y_bits,
        **limit_attributes(data.symbols, data.labels),
        **trained.versions,
    }


def make_training_folder(directory: Path) -> None:
    """Make the directory of a training. Raises InputError if it holds something else.

    Hidden files are ignored: the lock, and half-written files of a process that was killed.
    """
    with explain_write_errors(directory):
        # The folder is listed only once: another process may be making a training here now.
        names = os.listdir(directory) if directory.is_dir() else []
        shown = [name for name in names if name[0] != "."]
        is_file = directory.exists() and not directory.is_dir()
        if is_file or (shown and "training.json" not in shown):
            raise InputError(
                f"{directory} is not empty and holds no training: choose another directory"
            )
        directory.mkdir(parents=True, exist_ok=True)


def create_training(
    setting: Setting, data: Data, directory: Path | None, made_with: Mapping[str, str] | None = None
) -> Trained:
    """Make a training without epochs, in memory or in a directory of `make_training_folder`."""
    version_texts = dict(made_with or versions())
    if directory is not None:
        with explain_write_errors(directory):
            if (directory / "training.json").exists():
                raise InputError(f"{directory} holds a training already: choose another directory")
            if not data.built_in:
                data.save(directory / DATA_FILE)
            about = {
                "format": FORMAT_VERSION,
                "setting": asdict(setting),
                "data_fingerprint": data.fingerprint,
            }
            write_json(directory / "training.json", about | version_texts)
    with explain_write_errors(directory):
        group = open_group(None if directory is None else directory / "training.zarr")
        _add_arrays(group, setting)
    trained = Trained(setting, data, directory, group, version_texts)
    with explain_write_errors(directory):
        group.attrs.update(_attributes(trained))
    return trained


def _array_forms(setting: Setting) -> list[ArrayForm]:
    """The arrays of a training that has no epoch yet."""
    runs, layers = setting.runs, len(setting.layers) - 1
    chunk = epochs_per_chunk(4 * runs * setting.parameters)
    by_run = {"epoch": 1, "run": runs}
    by_epoch = (
        ("weights", {**by_run, "parameter": setting.parameters}),
        ("train_error", by_run),
        ("test_error", by_run),
        ("min_activation", {**by_run, "layer": layers}),
        ("max_activation", {**by_run, "layer": layers}),
    )
    forms = [ArrayForm(name, sizes, chunk, "float32", np.nan) for name, sizes in by_epoch]
    return [*forms, ArrayForm("diverged", {"run": runs}, runs, "int64", -1)]


def _add_arrays(group: zarr.Group, setting: Setting) -> None:
    for form in _array_forms(setting):
        if form.name not in group:
            add_array(group, form)
    lengths = {stored_array(group, name).shape[0] for name in EPOCH_ARRAYS}
    if len(lengths) > 1:  # the process was killed after it had resized only some arrays
        resize_arrays(group, EPOCH_ARRAYS, max(lengths))


def _check_training(directory: Path, setting: Setting) -> None:
    """Raise InputError unless the arrays in `training.zarr` are those of the setting."""
    folder, forms = directory / "training.zarr", _array_forms(setting)
    remedy = f"restore them, or delete {directory} and train again"
    with explain_read_errors(directory, remedy):
        attributes = check_group(folder, forms, complete=False)
        done = attributes.get("epochs_done", -1)
        if type(done) is not int or not -1 <= done <= setting.epochs:
            raise DamagedError(f"{folder / 'zarr.json'} has epochs_done={done!r}")
        if KEPT in attributes and not is_list_of_epochs(attributes[KEPT]):
            raise DamagedError(f"{folder / 'zarr.json'} has kept={str(attributes[KEPT])[:60]!r}")
        for name in ("train_seconds", "measure_seconds"):
            if type(attributes.get(name, 0)) not in (int, float):
                raise DamagedError(f"{folder / 'zarr.json'} has {name}={attributes[name]!r}")
        check_group(folder, forms, complete=done >= 0)
        short = [n for n in EPOCH_ARRAYS if done >= 0 and array_length(folder, n) <= done]
        if short:
            raise DamagedError(f"{folder / short[0]} ends before epoch {done}")
    weights = (
        4
        * setting.runs
        * setting.parameters
        * epochs_per_chunk(4 * setting.runs * setting.parameters)
    )
    check_memory(weights + 64 * (done + 1) * setting.runs * len(setting.layers), str(directory))


def load(directory: str | Path, data: Data | None = None) -> Trained:
    """Load trained networks from a directory.

    Args:
        directory: the directory that `train` or `Trained.save` wrote.
        data: the data; needed only if neither their name nor the directory leads to them.

    Returns:
        The networks.

    Raises:
        InputError: for a directory without trained networks, with another format, or trained on
            other data.
    """
    folder = Path(directory)
    with explain_read_errors(folder):
        check_files(folder)
        stored = read_training_json(folder)
    try:
        setting = setting_from_json(stored["setting"])
    except (InputError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder / 'training.json'} is damaged ({error}): delete {folder} and train again"
        ) from None
    if data is None:
        data = (
            load_data(setting.data) if setting.data in BUILT_IN else _stored_data(folder, setting)
        )
    if data.fingerprint != stored["data_fingerprint"]:
        raise InputError(
            f"{folder} was trained on other data than {data.name!r} holds now: give the data that "
            "it was trained on, or another directory"
        )
    with explain_read_errors(folder):
        _check_training(folder, setting)
        group = open_group(folder / "training.zarr")
        _add_arrays(group, setting)  # if the process was killed before it had made them
    version_texts = {key: str(stored.get(key, "unknown")) for key in versions()}
    return Trained(setting, data, folder, group, version_texts)


def _stored_data(folder: Path, setting: Setting) -> Data:
    path = folder / DATA_FILE
    if not path.exists():  # the name may be any path: a directory does not choose what is read
        raise InputError(
            f"{folder} lacks its {DATA_FILE}: restore it, or give the data in Python, "
            "ibnet.load(directory, data)"
        )
    return replace(load_data(path), name=setting.data)


def read_training_json(folder: Path) -> dict[str, Any]:
    """Read and check `training.json` of a directory."""
    path = folder / "training.json"
    if not path.is_file():
        raise InputError(
            f"{folder} holds no trained networks (no training.json): make some with "
            f"`mibench ibnet train SETTING -o {folder}`"
        )
    try:
        values = read_json_object(path)
        version = values["format"]
        valid = isinstance(values["setting"], dict) and isinstance(values["data_fingerprint"], str)
    except (DamagedError, KeyError):
        valid, version = False, None
    if not valid:
        raise InputError(f"{path} is damaged: delete {folder} and train again")
    if type(version) is not int or version != FORMAT_VERSION:
        raise InputError(
            f"{folder} has format {version}, this mibench reads {FORMAT_VERSION}: use the mibench "
            "that wrote it, or train again elsewhere"
        )
    return dict(values)


def plan_more_epochs(trained: Trained, epochs: int) -> Trained:
    """The same training with a larger number of epochs to train, and the current versions."""
    setting = replace(trained.setting, epochs=max(epochs, trained.setting.epochs))
    version_texts = {
        key: join_versions(trained.versions[key], current) for key, current in versions().items()
    }
    extended = replace(trained, setting=setting, versions=version_texts)
    if trained.directory is not None:
        stored = read_training_json(trained.directory)
        with explain_write_errors(trained.directory):
            write_json(
                trained.directory / "training.json",
                stored | {"setting": asdict(setting)} | version_texts,
            )
            extended.group.attrs.update(_attributes(extended))
    return extended
