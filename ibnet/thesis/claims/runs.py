"""Trajectories as the claims read them: complete runs, in windows of log-epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mibench.errors import InputError

from ...settings import SETTINGS
from .windows import Floats, Ints, window_labels, window_means

VARIABLES = {
    "i_xt": ("estimator", "run", "epoch", "layer"),
    "i_ty": ("estimator", "run", "epoch", "layer"),
    "train_error": ("run", "epoch"),
    "test_error": ("run", "epoch"),
    "max_activation": ("run", "epoch", "layer"),
}


class Need(NamedTuple):
    """A training and one of its estimators."""

    training: str
    estimator: str

    @property
    def setting(self) -> str:
        """The name of the first setting that trains and measures it."""
        return next(
            name
            for name, setting in SETTINGS.items()
            if setting.training == self.training and self.estimator in setting.estimators
        )


@dataclass(frozen=True)
class Runs:
    """Complete runs of one training under one estimator; information in bits.

    i_xt, i_ty: (run, window, layer). train_error, test_error: (run, window). maximum: (run,), the
    largest activation over epochs and layers. labels, epochs: (window,), as of `window_labels`,
    and the last epoch of each. complete: (all runs,), which of them are here.
    """

    training: str
    i_xt: Floats
    i_ty: Floats
    train_error: Floats
    test_error: Floats
    maximum: Floats
    labels: Ints
    epochs: Ints
    complete: NDArray[np.bool_]
    h_x: float
    h_y: float

    def __len__(self) -> int:
        return len(self.maximum)

    @property
    def plane(self) -> Floats:
        """(run, window, layer, 2): I(X;T) / H(X) and I(T;Y) / H(Y), each from 0 to 1."""
        return np.stack([self.i_xt / self.h_x, self.i_ty / self.h_y], axis=-1)

    def keep(self, complete: NDArray[np.bool_]) -> "Runs":
        """Only the runs that are complete elsewhere too."""
        kept = complete[self.complete]
        names = ("i_xt", "i_ty", "train_error", "test_error", "maximum")
        values = {name: getattr(self, name)[kept] for name in names}
        return replace(self, **values, complete=self.complete & complete)


class Trainings:
    """The trajectories by training; what was read is kept, as several claims share it."""

    def __init__(self, trajectories: Mapping[str, xr.Dataset]) -> None:
        for name, data in trajectories.items():
            _check(name, data)
        self._data = trajectories
        self._read: dict[Need, Runs] = {}
        self._masks: dict[Need, NDArray[np.bool_]] = {}

    def missing(self, needs: Sequence[Need]) -> str:
        """What is not there and the command that makes it; "" if nothing is missing."""
        return "; ".join(dict.fromkeys(filter(None, map(self._missing, needs))))

    def _missing(self, need: Need) -> str:
        training, estimator = need
        command = f"`mibench ibnet run {need.setting}`"
        if training not in self._data:
            return f"training {training} is missing: {command}"
        measured = self._measured(need)
        if not measured.any():
            return f"{estimator} of {training} is not measured: {command}"
        if not measured[0] or self._data[training]["epoch"].values[0] != 0:
            return f"{estimator} of {training} is not measured at epoch 0: {command}"
        return ""

    def get(self, needs: Sequence[Need]) -> list[Runs]:
        """One for each need; runs of the same training are the same networks in the same order."""
        found = [self._get(need) for need in needs]
        complete: dict[str, NDArray[np.bool_]] = {}
        for runs in found:
            known = complete.get(runs.training, runs.complete)
            complete[runs.training] = np.logical_and(known, runs.complete)
        return [runs.keep(complete[runs.training]) for runs in found]

    def _get(self, need: Need) -> Runs:
        if need not in self._read:
            self._read[need] = _windowed(need, self._data[need.training], self._measured(need))
        return self._read[need]

    def _measured(self, need: Need) -> NDArray[np.bool_]:
        """At which epochs any run has information: (epoch,)."""
        if need not in self._masks:
            data = self._data[need.training]
            found = np.zeros(data.sizes["epoch"], dtype=np.bool_)
            if need.estimator in data["estimator"].values:
                found |= np.isfinite(_values(data, "i_xt", need.estimator)).any(axis=(0, 2))
            self._masks[need] = found
        return self._masks[need]


def _windowed(need: Need, data: xr.Dataset, measured: NDArray[np.bool_]) -> Runs:
    epochs = data["epoch"].values[measured]
    labels = window_labels(epochs)
    values = {name: _values(data, name, need.estimator)[:, measured] for name in VARIABLES}
    finite = [np.isfinite(v).reshape(len(v), -1).all(axis=1) for v in values.values()]
    complete = np.logical_and.reduce(finite)
    windowed = {
        name: window_means(values[name][complete], labels)
        for name in ("i_xt", "i_ty", "train_error", "test_error")
    }
    ends = np.flatnonzero(np.diff(labels, append=1))
    return Runs(
        training=need.training,
        **windowed,
        # over all epochs, as for the bins' range: a sparse schedule could miss the largest
        maximum=_values(data, "max_activation")[complete].max(axis=(1, 2)).astype(np.float64),
        labels=labels[ends],
        epochs=epochs[ends],
        complete=complete,
        h_x=float(data.attrs["h_x_bits"]),
        h_y=float(data.attrs["h_y_bits"]),
    )


def _values(data: xr.Dataset, name: str, estimator: str = "") -> NDArray[np.float32]:
    array = data[name]
    if "estimator" in array.dims:
        array = array.sel(estimator=estimator, drop=True)
    dims = [name for name in VARIABLES[name] if name in array.dims]
    values: NDArray[np.float32] = array.transpose(*dims).values
    return values


def _check(name: str, data: xr.Dataset) -> None:
    for variable, dims in VARIABLES.items():
        if variable not in data or set(data[variable].dims) != set(dims):
            raise InputError(
                f"{name}: {variable} with dimensions {', '.join(dims)} is needed: give "
                "trajectories as `mibench.ibnet.measuring` returns them"
            )
    layers = {len(s.layers) - 1 for s in SETTINGS.values() if s.training == name}
    if layers and data.sizes["layer"] not in layers:
        raise InputError(
            f"{name}: {data.sizes['layer']} layers where its setting has {layers.pop()}: give the "
            "trajectories of that setting under this name"
        )
    for attribute in ("h_x_bits", "h_y_bits"):
        if attribute not in data.attrs:
            raise InputError(f"{name}: the attribute {attribute} is missing: measure it again")
