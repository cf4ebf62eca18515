"""Logs the layers of a model of torch in any training loop, and measures what was logged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mibench.contract.resolve import EstimatorsLike
from mibench.errors import InputError, encodable
from mibench.memory import check_memory

from .._extra import explain_missing_packages
from ..measuring.measuring import measure
from ..own.activations import Activations, InMemory, Kept, check_widths, keep_layers
from ..own.files import check_empty, create, is_stored, load_activations, write_epoch
from ..own.given import check_epochs
from ..own.ranges import is_shared, layer_activations
from ..training.training import Progress

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr

if TYPE_CHECKING:
    from .rows import Rows

BATCH = 256  # inputs that the model gets at once


class Watch:
    """The layers of a model on fixed inputs, at the epochs that were logged. `watch` makes it.

    It holds the inputs, and for each logged epoch 4 bytes for each unit and input, in memory or in
    files.
    """

    def __init__(
        self,
        model: Any,
        selects: Mapping[str, Callable[[Any], Any] | None],
        rows: "Rows",
        activation: str | Mapping[str, str] | None,
        shared_range: bool,
        directory: Path | None,
        name: str,
    ) -> None:
        self.model = model
        self._selects, self._rows = selects, rows
        self._activation, self._shared = activation, is_shared(shared_range)
        self._directory, self._name = directory, name
        self._activations: Activations | None = None
        if directory is not None:
            if is_stored(directory):
                self._activations = self._continued(load_activations(directory))
            else:
                check_empty(directory)

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs that were logged."""
        return () if self._activations is None else self._activations.epochs

    def log(self, epoch: int) -> None:
        """Run the model on the inputs, and keep the outputs of its layers.

        Each layer is kept as float32. The model runs in eval mode, without gradients, on the
        device of its parameters; its mode, its gradients and the random numbers stay as they were.

        Args:
            epoch: the number of the epoch, larger than those before; 0 for the untrained model.

        Raises:
            InputError: for an epoch that does not follow the others; a layer that is not called,
                gives no tensor, no row for each input, or values that are not finite; and if
                memory or disk is full. What was logged before is kept.
        """
        from .hooks import check_deterministic, run_layers

        check_epochs([*self.epochs[-1:], epoch])
        if self._activations is None:
            check_deterministic(self.model, next(self._rows.batches()), self._selects)
        given = run_layers(self.model, self._rows.batches(), self._selects)
        started = self._activations or self._started(list(given), given)
        where = f"epoch {epoch}"
        check_memory(sum(array.nbytes for array in given.values()), f"logging {where}")
        kept_layers = keep_layers(given, started.layers, started.functions, started.sides.n, where)
        check_widths(kept_layers.columns, started.layers, started.widths, where)
        kept = (
            kept_layers
            if self._directory is None
            else self._written(started, int(epoch), kept_layers)
        )
        self._activations = replace(
            started, epochs=(*started.epochs, int(epoch)), kept=[[*started.kept[0], kept]]
        )

    def activations(self) -> Activations:
        """What was logged, for `ibnet.measure`.

        Raises:
            InputError: if nothing was logged.
        """
        if self._activations is None or not self._activations.epochs:
            raise InputError("no epoch was logged: call log(epoch) in the training loop")
        return self._activations

    def measure(
        self,
        estimators: EstimatorsLike | None = None,
        *,
        epochs: str | Sequence[int] | None = None,
        jobs: int | None = None,
        on_progress: Progress | None = None,
    ) -> xr.Dataset:
        """Estimate I(X;T) and I(T;Y) of every layer and logged epoch.

        Args:
            estimators: as in `ibnet.measure`; None: uniform:bins=30 and adaptive:bins=30.
            epochs: as in `ibnet.measure`; a list names logged epochs.
            jobs: number of processes; None: as `ibnet.measure` chooses.
            on_progress: as in `ibnet.measure`.

        Returns:
            The trajectories.

        Raises:
            InputError: if nothing was logged, and as `ibnet.measure`.
        """
        return measure(
            self.activations(), estimators, epochs=epochs, jobs=jobs, on_progress=on_progress
        )

    def _started(self, layers: Sequence[str], given: Mapping[str, Any]) -> Activations:
        """Activations of no epoch, for layers of these names."""
        from .hooks import functions_of

        known = functions_of(self.model, self._selects_unchanged(layers))
        chosen = self._activation
        if isinstance(chosen, Mapping):
            known |= chosen
        elif chosen is not None:
            known = dict.fromkeys(layers, chosen)
        widths = tuple(int(np.prod(array.shape[1:])) for array in given.values())
        return Activations(
            self._name, tuple(layers), widths, layer_activations(known, layers), self._shared, (),
            self._rows.sides, [[]], self._directory,
        )  # fmt: skip

    def _selects_unchanged(self, layers: Sequence[str]) -> list[str]:
        """The layers whose values are the output of a module, of which nothing was selected."""
        return [n for n in layers if self._selects.get(n.partition("#")[0], n) is None]

    def _written(self, started: Activations, epoch: int, kept_layers: InMemory) -> Kept:
        directory = Path(str(self._directory))
        if not is_stored(directory):
            create(started, directory)
        return write_epoch(directory, epoch, kept_layers)

    def _continued(self, stored: Activations) -> Activations:
        """Stored activations, if they are of the same inputs and labels. Raises InputError."""
        ours = self._rows.sides
        same_labels = np.array_equal(ours.labels, stored.sides.labels)
        if not same_labels or ours.fingerprint != stored.sides.fingerprint:
            raise InputError(
                f"{stored.directory} holds the activations of other inputs or labels: choose "
                "another directory, or delete it"
            )
        return stored


def watch(
    model: Any,
    data: Any,
    layers: Sequence[str] | Mapping[str, Callable[[Any], Any] | None] | None = None,
    *,
    rows: int | None = None,
    seed: int = 0,
    batch: int = BATCH,
    activation: str | Mapping[str, str] | None = None,
    shared_range: bool = False,
    directory: str | Path | None = None,
    name: str = "",
) -> Watch:
    """Watch the layers of a model of torch on fixed inputs, in your own training loop.

    Three lines: `watch = ibnet.watch(model, (x, y))` before the loop, `watch.log(epoch)` in it, and
    `watch.measure("uniform:bins=30")` after it. For train and test inputs, make
    two, with as many rows each.

    Args:
        model: a torch.nn.Module that is called with a tensor of inputs.
        data: (inputs, labels), as tensors or arrays; or a loader or Dataset of such pairs, which is
            read once. The inputs are kept in memory, at most `rows` of them.
        layers: the names of modules, as in model.named_modules(), "" for the whole model; or {name:
            function} to select a tensor of the output; None: all modules that are activation
            functions. A module that is called several times gives "name#1", "name#2", ...
        rows: how many inputs to keep, chosen at random; None: all. The memory of each epoch is 4
            bytes for each of them and unit of a layer.
        seed: of that choice.
        batch: inputs that the model gets at once.
        activation: as in `ibnet.from_activations`; None: from the types of the modules.
        shared_range: as in `ibnet.from_activations`.
        directory: keep the layers there, in one file for each epoch, so that memory does not grow
            with the epochs. If it holds the same inputs, logging goes on after its last epoch.
        name: any text, which figures show; "": the class of the model.

    Returns:
        The watch.

    Raises:
        InputError: for unknown layers, data or labels of another form, or a directory that holds
            something else.

    Example:
        >>> import torch
        >>> from mibench import ibnet
        >>> x, y = torch.randn(64, 3), torch.arange(64) % 2
        >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())
        >>> watch = ibnet.watch(model, (x, y), layers=["0", "1"])
        >>> for epoch in range(2):
        ...     watch.log(epoch)
        >>> watch.measure("uniform:bins=30").i_xt.shape
        (1, 1, 2, 2)
    """
    # These need torch, and the names of `ibnet` can be listed without it.
    from .hooks import choose_layers
    from .rows import choose_rows

    selects = choose_layers(model, layers)
    chosen = choose_rows(data, rows, seed, batch)
    where = None if directory is None else Path(directory)
    return Watch(
        model,
        selects,
        chosen,
        activation,
        shared_range,
        where,
        encodable(name or type(model).__name__),
    )
