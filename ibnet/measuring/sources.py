"""What `measure` needs to know of networks, from `ibnet.train` or your own."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.contract.resolve import ResolvedEstimator
from mibench.contract.variables import NO_SYMBOLS, Variable
from mibench.errors import InputError
from mibench.types import SupportsEstimate

from .._extra import explain_missing_packages
from ..data.limits import ATTRIBUTES, limit_attributes
from ..inputs import Inputs, check_inputs
from ..networks.archive import add_duration, explain_read_errors, stored_array
from ..networks.forward import layer_outputs
from ..networks.trained import Trained
from ..own.activations import Activations, Kept
from ..own.files import reloaded
from ..own.ranges import run_ranges
from ..settings import LOWER_BOUNDS, Setting
from .binding import OfLayers, bind_to_range, bind_to_run, refuse_foreign_code
from .estimates import LayerInformation, Networks
from .exact import Exact, refuse_exact_of_floats
from .rows import about_inputs, refuse_part_of_own, rows_of_runs

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr

Bool: TypeAlias = NDArray[np.bool_]
Float32: TypeAlias = NDArray[np.float32]
Measurable: TypeAlias = Trained | Activations

DEFAULT_ESTIMATORS = ("uniform:bins=30", "adaptive:bins=30")
USUAL_VALUES = 4096 * 31  # activations of a network of the thesis, whose cost is 1
BATCH_BYTES = 2**26  # of activations that are sent to a process together
MAX_EPOCHS_PER_BATCH = 50


class Source(Protocol):
    """Networks by epoch and run.

    length: the number of epochs that there are. chunk: the number of epochs in one file.
    cost: how long measuring one network takes, compared with those of the thesis. inputs: which of
    them are measured.
    """

    @property
    def directory(self) -> Path | None: ...  # noqa: D102
    @property
    def length(self) -> int: ...  # noqa: D102
    @property
    def runs(self) -> int: ...  # noqa: D102
    @property
    def layers(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def chunk(self) -> int: ...  # noqa: D102
    @property
    def cost(self) -> int: ...  # noqa: D102
    @property
    def inputs(self) -> Inputs: ...  # noqa: D102

    def current(self) -> "Source":
        """The networks loaded again, because another process may have added some."""
        ...

    def epochs(self) -> NDArray[np.int64]:
        """(length,), the numbers of the epochs."""
        ...

    def places(self) -> NDArray[np.int64]:
        """The positions of the epochs that can be measured, from 0 to length - 1, ascending."""
        ...

    def estimators(self) -> Sequence[str]:
        """The estimators to use if none are given."""
        ...

    def instances(self, resolved: ResolvedEstimator) -> Sequence[SupportsEstimate | OfLayers]:
        """An estimator as it is applied to each run."""
        ...

    def information(self) -> Sequence[LayerInformation]:
        """For each run, what reads and measures its networks of `networks`."""
        ...

    def networks(self, epochs: slice, runs: slice) -> Networks:
        """The networks of some epochs and runs, numbered from 0."""
        ...

    def is_diverged(self) -> Bool:
        """(length, runs)."""
        ...

    def record(self) -> xr.Dataset:
        """What trajectories hold beside the estimates, by run, epoch and layer."""
        ...

    def timed(self) -> AbstractContextManager[None]:
        """Record the duration of the block."""
        ...


def source_of(networks: Measurable, inputs: Inputs = "all") -> Source:
    """The source for networks of either kind. Raises InputError for anything else."""
    check_inputs(inputs)
    if isinstance(networks, Trained):
        return TrainedSource(networks, inputs)
    if isinstance(networks, Activations):
        refuse_part_of_own(inputs)
        return OwnSource(networks)
    raise InputError(
        f"networks are a {type(networks).__name__}: give what ibnet.train, ibnet.load, "
        "ibnet.from_activations or Watch.activations returns"
    )


@dataclass(frozen=True, eq=False)
class TrainedSource:
    """Networks of `ibnet.train`, whose activations are computed from the stored weights."""

    trained: Trained
    inputs: Inputs = "all"
    cost: int = 1

    @property
    def directory(self) -> Path | None:
        """Where the networks are stored."""
        return self.trained.directory

    @property
    def length(self) -> int:
        """The number of epochs, epoch 0 included."""
        return self.trained.epochs + 1

    @property
    def runs(self) -> int:
        """The number of networks."""
        return self.trained.setting.runs

    @property
    def layers(self) -> Sequence[str]:
        """The numbers of the layers."""
        return [str(number) for number in range(1, len(self.trained.setting.layers))]

    @property
    def chunk(self) -> int:
        """The number of epochs in one file."""
        return self.trained.chunk

    def current(self) -> Source:
        """See `Source`."""
        return TrainedSource(self.trained.current(), self.inputs)

    def epochs(self) -> NDArray[np.int64]:
        """See `Source`."""
        return np.arange(self.length)

    def places(self) -> NDArray[np.int64]:
        """See `Source`: the epochs that were kept."""
        return self.trained.kept

    def estimators(self) -> Sequence[str]:
        """See `Source`."""
        specs = self.trained.setting.estimators
        if self.directory is not None:
            refuse_foreign_code(specs, self.directory / "training.json")
        return specs

    def instances(self, resolved: ResolvedEstimator) -> Sequence[SupportsEstimate | OfLayers]:
        """See `Source`."""
        refuse_exact_of_floats([resolved], self.trained.setting)
        limits = zip(*self._extremes(), strict=True)
        return [bind_to_run(resolved, self.trained.setting, low, high) for low, high in limits]

    def _extremes(self) -> tuple[list[float], list[float]]:
        """The smallest and the largest activation of each run, over all layers and epochs."""
        limits = []
        for name, fold in (("min_activation", np.nanmin), ("max_activation", np.nanmax)):
            with explain_read_errors(self.directory):
                values = stored_array(self.trained.group, name)[: self.length]
            values = np.where(np.isfinite(values), values, np.float32(0))
            limits.append([float(v) for v in fold(values, axis=(0, 2))])
        return limits[0], limits[1]

    def information(self) -> Sequence[LayerInformation]:
        """See `Source`. The layers are computed for all inputs, whichever are measured."""
        setting, data = self.trained.setting, self.trained.data
        read = partial(_layers_of_weights, setting, self.trained.columns)
        if self.inputs == "all":
            of_all = LayerInformation.of_sides(data.symbols, data.labels, self.layers, read)
            return [of_all] * self.runs
        return [
            LayerInformation.of_sides(
                data.symbols[rows], data.labels[rows], self.layers, partial(_rows_of, read, rows)
            )
            for rows in rows_of_runs(self.trained, self.inputs)
        ]

    def networks(self, epochs: slice, runs: slice) -> Networks:
        """See `Source`: the weights (epochs, runs, P)."""
        with explain_read_errors(self.directory):
            weights: Networks = stored_array(self.trained.group, "weights")[epochs][:, runs]
        return weights

    def is_diverged(self) -> Bool:
        """See `Source`."""
        return self.trained.is_diverged

    def record(self) -> xr.Dataset:
        """See `Source`."""
        dataset = self.trained.dataset.drop_vars(["weights", "min_activation"])
        if self.inputs != "all":  # the limit of all inputs is not that of some
            dataset.attrs = {k: v for k, v in dataset.attrs.items() if k not in ATTRIBUTES}
        return dataset.assign_attrs(about_inputs(self.trained, self.inputs))

    def timed(self) -> AbstractContextManager[None]:
        """See `Source`."""
        return add_duration(self.trained.group, "measure_seconds")


def _layers_of_weights(setting: Setting, columns: Float32, weights: Float32) -> list[Variable]:
    """The layers of one network, (width, n) each. Raises InputError if one is not finite."""
    if not np.isfinite(weights).all():  # zarr reads a missing file as NaN
        raise InputError("its weights are missing: restore training.zarr")
    variables = []
    for values, low, high in layer_outputs(setting, weights, columns):
        least, largest = low.astype(np.float64), high.astype(np.float64)
        if not np.isfinite(largest - least).all():
            raise InputError("the activations are not finite")
        width, n = values.shape
        variables.append(Variable(n, width, values, least, largest, NO_SYMBOLS, NO_SYMBOLS))
    return variables


def _rows_of(
    read: Callable[[Float32], list[Variable]], rows: NDArray[np.int64], weights: Float32
) -> list[Variable]:
    """The layers of one network for some of the inputs."""
    return [_as_layer(np.take(t.columns, rows, axis=1)) for t in read(weights)]


@dataclass(frozen=True, eq=False)
class OwnSource:
    """Your own networks, whose activations are given."""

    given: Activations
    inputs: Inputs = "all"

    @property
    def directory(self) -> Path | None:
        """Where the activations are stored."""
        return self.given.directory

    @property
    def length(self) -> int:
        """The number of epochs."""
        return len(self.given.epochs)

    @property
    def runs(self) -> int:
        """The number of networks."""
        return self.given.runs

    @property
    def layers(self) -> Sequence[str]:
        """The names of the layers."""
        return self.given.layers

    @property
    def values(self) -> int:
        """The number of activations of one network."""
        return self.given.sides.n * sum(self.given.widths)

    @property
    def chunk(self) -> int:
        """The number of epochs in one file; it must not depend on how many there are."""
        return max(1, min(MAX_EPOCHS_PER_BATCH, BATCH_BYTES // (4 * self.values)))

    @property
    def cost(self) -> int:
        """See `Source`."""
        return max(1, round(self.values / USUAL_VALUES))

    def current(self) -> Source:
        """See `Source`."""
        return OwnSource(reloaded(self.given))

    def epochs(self) -> NDArray[np.int64]:
        """See `Source`."""
        return np.array(self.given.epochs, np.int64)

    def places(self) -> NDArray[np.int64]:
        """See `Source`."""
        return np.arange(self.length)

    def estimators(self) -> Sequence[str]:
        """See `Source`."""
        return DEFAULT_ESTIMATORS

    @cached_property
    def _limits(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.given.limits("low"), self.given.limits("high")

    def instances(self, resolved: ResolvedEstimator) -> Sequence[SupportsEstimate | OfLayers]:
        """See `Source`."""
        if isinstance(resolved.estimator, Exact):
            raise InputError(
                "exact counts the layers of networks that ibnet trained with --quantize: measure "
                "your own with uniform or adaptive"
            )
        functions, shared = self.given.functions, self.given.shared_range
        bounds = [LOWER_BOUNDS.get(name) for name in functions]
        instances: list[SupportsEstimate | OfLayers] = []
        for low, high in zip(*self._limits, strict=True):
            ranges = run_ranges(functions, low, high, shared=shared)
            layers = [
                bind_to_range(resolved, r, bound) for r, bound in zip(ranges, bounds, strict=True)
            ]
            instances.append(OfLayers(tuple(layers)))
        return instances

    def information(self) -> Sequence[LayerInformation]:
        """See `Source`."""
        symbols, labels = self.given.sides.symbols, self.given.sides.labels
        return [LayerInformation.of_sides(symbols, labels, self.layers, _layers_kept)] * self.runs

    def networks(self, epochs: slice, runs: slice) -> Networks:
        """See `Source`."""
        kept = [run[epochs] for run in self.given.kept[runs]]
        return {(e, r): network for r, run in enumerate(kept) for e, network in enumerate(run)}

    def is_diverged(self) -> Bool:
        """See `Source`: activations that are not finite are refused when they are given."""
        return np.zeros((self.length, self.runs), np.bool_)

    def record(self) -> xr.Dataset:
        """See `Source`. The errors of the networks are unknown."""
        given = self.given
        with np.errstate(over="ignore"):  # one beyond float32 is stored as inf
            high = self._limits[1].astype(np.float32)
        unknown = (("run", "epoch"), np.full(high.shape[:2], np.nan, np.float32))
        return xr.Dataset(
            {
                "train_error": unknown,
                "test_error": unknown,
                "max_activation": (("run", "epoch", "layer"), high),
                "diverged": ("run", np.full(self.runs, -1)),
            },
            coords={
                "epoch": self.epochs(),
                "run": np.arange(self.runs),
                "layer": np.arange(1, len(given.layers) + 1),
                "width": ("layer", list(given.widths)),
                "layer_name": ("layer", list(given.layers)),
                "function": ("layer", list(given.functions)),
            },
            attrs={
                "training": given.name,
                "measured_inputs": self.inputs,
                "inputs": given.sides.n,
                "h_x_bits": given.sides.h_x_bits,
                "h_y_bits": given.sides.h_y_bits,
                **limit_attributes(given.sides.symbols, given.sides.labels),
            },
        )

    def timed(self) -> AbstractContextManager[None]:
        """See `Source`."""
        return nullcontext()


def _layers_kept(kept: Kept) -> list[Variable]:
    return [_as_layer(columns) for columns in kept.read()]


def _as_layer(columns: NDArray[Any]) -> Variable:
    """A layer as a continuous variable, from its columns (units, rows)."""
    low, high = columns.min(axis=1).astype(np.float64), columns.max(axis=1).astype(np.float64)
    width, n = columns.shape
    return Variable(n, width, columns, low, high, NO_SYMBOLS, NO_SYMBOLS)
