"""Reads the trajectories for the claims: complete runs, averaged in windows of log-epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mibench.errors import InputError

from ...inputs import part_of_inputs
from ...settings import SETTINGS
from .windows import Floats, Ints, window_labels, window_means

VARIABLES = {
    "i_xt": ("estimator", "run", "epoch", "layer"),
    "i_ty": ("estimator", "run", "epoch", "layer"),
    "train_error": ("run", "epoch"),
    "test_error": ("run", "epoch"),
    "max_activation": ("run", "epoch", "layer"),
}


class Source(NamedTuple):
    """A training and one of the estimators that measured it."""

    training: str
    estimator: str

    @property
    def setting(self) -> str:
        """The name of the first setting with this training and estimator."""
        return next(
            name
            for name, setting in SETTINGS.items()
            if setting.training == self.training and self.estimator in setting.estimators
        )


@dataclass(frozen=True)
class CompleteRuns:
    """The complete runs of one training, measured by one estimator; information in bits.

    A run is complete if all its values are finite. i_xt, i_ty: (run, window, layer). train_error,
    test_error: (run, window). maximum: (run,), the largest activation over epochs and layers.
    labels, epochs: (window,), the label of each window (`window_labels`) and its last epoch.
    numbers: (run,), the numbers of these runs. complete: (all runs,), which of all runs are
    complete.
    """

    training: str
    i_xt: Floats
    i_ty: Floats
    train_error: Floats
    test_error: Floats
    maximum: Floats
    labels: Ints
    epochs: Ints
    numbers: Ints
    complete: NDArray[np.bool_]
    h_x: float
    h_y: float

    def __len__(self) -> int:
        return len(self.maximum)

    @property
    def plane(self) -> Floats:
        """(run, window, layer, 2): I(X;T) / H(X) and I(T;Y) / H(Y), each from 0 to 1."""
        return np.stack([self.i_xt / self.h_x, self.i_ty / self.h_y], axis=-1)

    def restrict_to(self, complete: NDArray[np.bool_]) -> "CompleteRuns":
        """Only those of these runs that are True in `complete` (all runs,)."""
        restricted = self._only(complete[self.complete])
        return replace(restricted, complete=self.complete & complete)

    def pair(self, numbers: Ints) -> "CompleteRuns":
        """Only the runs of these numbers."""
        return self._only(np.isin(self.numbers, numbers))

    def _only(self, included: NDArray[np.bool_]) -> "CompleteRuns":
        names = ("i_xt", "i_ty", "train_error", "test_error", "maximum", "numbers")
        return replace(self, **{name: getattr(self, name)[included] for name in names})


class TrajectoryReader:
    """Gives the runs of a source. It caches them, because several claims use the same source."""

    def __init__(self, trajectories: Mapping[str, xr.Dataset]) -> None:
        for name, data in trajectories.items():
            _check(name, data)
        self._data = trajectories
        self._runs: dict[Source, CompleteRuns] = {}
        self._masks: dict[Source, NDArray[np.bool_]] = {}

    def missing(self, sources: Sequence[Source]) -> str:
        """Which sources are missing, and the commands that make them; "" if none is missing."""
        return "; ".join(dict.fromkeys(filter(None, map(self._missing, sources))))

    def _missing(self, source: Source) -> str:
        training, estimator = source
        command = f"`mibench ibnet run {source.setting}`"
        if training not in self._data:
            return f"training {training} is missing: {command}"
        measured = self._measured(source)
        if not measured.any():
            return f"{estimator} of {training} is not measured: {command}"
        if not measured[0] or self._data[training]["epoch"].values[0] != 0:
            return f"{estimator} of {training} is not measured at epoch 0: {command}"
        return ""

    def get(self, sources: Sequence[Source]) -> list[CompleteRuns]:
        """The runs of each source: the same run numbers for all of them, in one order.

        Sources of one training give the same networks. Sources of trainings of the same widths
        give networks that start from the same weights, with the same split into training and test
        data, since the seed and the number of a run determine them.
        """
        all_runs = [self._get(source) for source in sources]
        complete: dict[str, NDArray[np.bool_]] = {}
        for runs in all_runs:
            known = complete.get(runs.training, runs.complete)
            complete[runs.training] = np.logical_and(known, runs.complete)
        all_runs = [runs.restrict_to(complete[runs.training]) for runs in all_runs]
        common = reduce(np.intersect1d, [runs.numbers for runs in all_runs])
        return [runs.pair(common) for runs in all_runs]

    def _get(self, source: Source) -> CompleteRuns:
        if source not in self._runs:
            data = self._data[source.training]
            self._runs[source] = _windowed(source, data, self._measured(source))
        return self._runs[source]

    def _measured(self, source: Source) -> NDArray[np.bool_]:
        """The epochs at which any run was measured: (epoch,)."""
        if source not in self._masks:
            data = self._data[source.training]
            measured = np.zeros(data.sizes["epoch"], dtype=np.bool_)
            if source.estimator in data["estimator"].values:
                i_xt = _values(data, "i_xt", source.estimator)
                measured |= np.isfinite(i_xt).any(axis=(0, 2))
            self._masks[source] = measured
        return self._masks[source]


def _windowed(source: Source, data: xr.Dataset, measured: NDArray[np.bool_]) -> CompleteRuns:
    epochs = data["epoch"].values[measured]
    labels = window_labels(epochs)
    values = {name: _values(data, name, source.estimator)[:, measured] for name in VARIABLES}
    finite = [np.isfinite(v).reshape(len(v), -1).all(axis=1) for v in values.values()]
    complete = np.logical_and.reduce(finite)
    windowed = {
        name: window_means(values[name][complete], labels)
        for name in ("i_xt", "i_ty", "train_error", "test_error")
    }
    ends = np.flatnonzero(np.diff(labels, append=1))
    return CompleteRuns(
        training=source.training,
        **windowed,
        # Over all epochs of the trajectories, also those that this estimator did not measure.
        maximum=_values(data, "max_activation")[complete].max(axis=(1, 2)).astype(np.float64),
        labels=labels[ends],
        epochs=epochs[ends],
        numbers=data["run"].values[complete].astype(np.intp),
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
                "trajectories as `mibench.ibnet.measure` returns them"
            )
    layers = {len(s.layers) - 1 for s in SETTINGS.values() if s.training == name}
    if layers and data.sizes["layer"] not in layers:
        raise InputError(
            f"{name}: {data.sizes['layer']} layers where its setting has {layers.pop()}: give the "
            "trajectories of that setting under this name"
        )
    if part_of_inputs(data):
        raise InputError(
            f"{name}: {part_of_inputs(data)} were measured, and the claims are about all: measure "
            "with inputs='all'"
        )
    for attribute in ("h_x_bits", "h_y_bits"):
        if attribute not in data.attrs:
            raise InputError(f"{name}: the attribute {attribute} is missing: measure it again")
