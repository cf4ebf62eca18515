"""The activations of your own networks, checked, in the form that `ibnet.measure` takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError, encodable, some
from mibench.memory import check_memory

from .given import Layers, check_epochs, read_given
from .ranges import check_within, is_shared, layer_activations
from .sides import Sides, as_array, make_sides

# By which activations of equal inputs may differ, since they are rounded in other batches: of the
# range of the layer, and of its largest activation.
SPREAD, SPREAD_OF_LARGEST = 1e-4, 1e-5

Columns: TypeAlias = NDArray[Any]  # (units, rows), float32 or float64, finite


class Kept(Protocol):
    """The layers of one network at one epoch, in memory or on disk."""

    @property
    def low(self) -> NDArray[np.float64]:
        """(layers,), the smallest activation of each layer."""
        ...

    @property
    def high(self) -> NDArray[np.float64]:
        """(layers,), the largest activation of each layer."""
        ...

    def read(self) -> Sequence[Columns]:
        """Each layer as columns (units, rows)."""
        ...


@dataclass(frozen=True, eq=False)
class InMemory:
    """Layers that are kept in memory."""

    columns: tuple[Columns, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def read(self) -> Sequence[Columns]:
        """See `Kept`."""
        return self.columns


@dataclass(frozen=True, eq=False)
class Activations:
    """The outputs of layers of networks on the same inputs, by epoch and run.

    `from_activations` and `Watch.activations` make it, and `ibnet.measure` takes it.

    Attributes:
        name: any text, which figures show.
        layers: the names of the layers.
        widths: the number of units of each layer.
        functions: the activation function of each layer, "linear" if unknown.
        shared_range: whether uniform bins have one range for all layers of a run.
        epochs: the numbers of the epochs, increasing.
        sides: the inputs X and the labels Y.
        kept: the layers by run and epoch.
        directory: where the layers are stored; None if in memory.
    """

    name: str
    layers: tuple[str, ...]
    widths: tuple[int, ...]
    functions: tuple[str, ...]
    shared_range: bool
    epochs: tuple[int, ...]
    sides: Sides
    kept: Sequence[Sequence[Kept]]
    directory: Path | None = None

    @property
    def runs(self) -> int:
        """The number of networks."""
        return len(self.kept)

    def limits(self, bound: str) -> NDArray[np.float64]:
        """(runs, epochs, layers): the smallest ("low") or largest ("high") activation."""
        return np.array([[getattr(kept, bound) for kept in run] for run in self.kept])

    def __repr__(self) -> str:
        return (
            f"Activations({self.name!r}: {self.runs} run(s), {len(self.epochs)} epoch(s), "
            f"{self.sides.n} inputs, layers {some(self.layers, most=8)})"
        )


def from_activations(
    activations: Any,
    labels: Any,
    *,
    epochs: Sequence[int] | None = None,
    inputs: Any = None,
    activation: str | Mapping[str, str] | None = None,
    shared_range: bool = False,
    name: str = "own network",
) -> Activations:
    """Make what `ibnet.measure` takes from the activations of any network.

    X is uniform over the inputs, one in each row, and the network deterministic: so I(X;T) of a
    binned layer is its entropy H(T).

    Args:
        activations: {layer: array} of one epoch; or a list over epochs of these, or {epoch: these};
            or a list over runs of such lists. An array is (rows, units) or (rows, ...), which is
            flattened; a tensor of torch may have a gradient. In place of {layer: array}, a list of
            arrays names the layers 1, 2, 3, ... The values are copied, in float32 or float64.
        labels: (rows,), the class of each input, of any type.
        epochs: the numbers of the epochs, increasing; None: 0, 1, 2, ...
        inputs: (rows, ...), to see which inputs are equal; None: all differ, H(X) = log2(rows).
        activation: the activation function of all layers, or {layer: function}: tanh, relu, elu,
            relu6, linear, sigmoid or softmax. It sets the range of uniform bins and the own bin of
            adaptive ones, see docs/ibnet.md. None: unknown, treated as linear: the range goes from
            the smallest to the largest activation.
        shared_range: one range of uniform bins for all layers of a run, as the networks of
            `ibnet.train` have it. Otherwise each layer has its own. Either holds for all epochs.
        name: any text, which figures show.

    Returns:
        The activations, for `ibnet.measure`.

    Raises:
        InputError: for layers of other rows, units or names than the first ones; values that are
            not finite or beyond the activation function; equal inputs of different activations;
            labels that are no classes; epochs that do not increase.

    Example:
        >>> import numpy as np
        >>> from mibench import ibnet
        >>> x = np.arange(8) / 8
        >>> epochs = [{"sum": x.round(), "tanh": np.tanh(t * x)} for t in (1, 2)]
        >>> own = ibnet.from_activations(epochs, labels=x < 0.5)
        >>> ibnet.measure(own, "uniform:bins=2").i_xt.sel(layer=1, run=0).values.round(3)
        array([[0.954, 0.954]], dtype=float32)
    """
    by_run, numbers = read_given(activations)
    if epochs is None:
        epochs = numbers if numbers is not None else range(len(by_run[0]))
    if not isinstance(epochs, Iterable) or isinstance(epochs, str):
        raise InputError(f"epochs is {epochs!r}: give a list, such as [0, 1, 2, 10]")
    chosen = check_epochs(list(epochs))
    if len(chosen) != len(by_run[0]):
        raise InputError(
            f"epochs has {len(chosen)} numbers and activations have {len(by_run[0])} epochs: give "
            "one number for each"
        )
    sides, shared = make_sides(labels, inputs), is_shared(shared_range)
    layers = tuple(by_run[0][0])
    functions = layer_activations(activation, layers)
    sizes = [as_array(values, name) for values in by_run[0][0].values()]
    total = sum(array.size for array in sizes) * 4 * len(chosen) * len(by_run)
    check_memory(total, f"a copy of the activations of {len(chosen)} epochs")
    kept, widths = [], None
    for number, run in enumerate(by_run):
        kept_run = []
        for epoch, of_epoch in zip(chosen, run, strict=True):
            where = f"epoch {epoch}" + (f" of run {number}" if len(by_run) > 1 else "")
            kept_layers = keep_layers(of_epoch, layers, functions, sides.n, where)
            widths = widths or tuple(len(columns) for columns in kept_layers.columns)
            check_widths(kept_layers.columns, layers, widths, where)
            _check_equal_inputs(kept_layers, layers, sides, where)
            kept_run.append(kept_layers)
        kept.append(kept_run)
    return Activations(
        encodable(str(name)), layers, widths or (), functions, shared, chosen, sides, kept
    )  # fmt: skip


def keep_layers(
    given: Layers, layers: Sequence[str], functions: Sequence[str], rows: int, where: str
) -> InMemory:
    """Check the layers of one epoch, and copy them as columns. Raises InputError."""
    if list(given) != list(layers):
        other = next((n for n in [*given, *layers] if (n in given) != (n in layers)), "the order")
        raise InputError(
            f"{where} has the layers {some(given)}, and the first epoch {some(layers)}: they "
            f"differ in {other!r}. Give the same layers in every epoch"
        )
    columns = tuple(_columns(values, name, rows, where) for name, values in given.items())
    low = np.array([float(c.min()) for c in columns])
    high = np.array([float(c.max()) for c in columns])
    for number, name in enumerate(layers):
        check_within(functions[number], name, low[number], high[number])
    return InMemory(columns, low, high)


def check_widths(
    columns: Sequence[Columns], layers: Sequence[str], widths: Sequence[int], where: str
) -> None:
    """Raise InputError if a layer has another number of units than in the first epoch."""
    for name, values, width in zip(layers, columns, widths, strict=True):
        if len(values) != width:
            raise InputError(
                f"layer {name!r} has {len(values)} units in {where} and {width} in the first one: "
                "give the same units in every epoch"
            )


def _check_equal_inputs(
    kept_layers: InMemory, layers: Sequence[str], sides: Sides, where: str
) -> None:
    """Raise InputError if equal inputs have other activations, as no deterministic network has."""
    firsts = np.unique(sides.symbols, return_index=True)[1]
    if len(firsts) == sides.n:
        return
    first = firsts[sides.symbols]
    for number, columns in enumerate(kept_layers.columns):
        low, high = kept_layers.low[number], kept_layers.high[number]
        limit = SPREAD * (high - low) + SPREAD_OF_LARGEST * max(abs(low), abs(high))
        with np.errstate(over="ignore"):
            beyond = np.abs(columns - columns[:, first]) > limit
        if beyond.any():
            row = int(np.flatnonzero(beyond.any(axis=0))[0])
            raise InputError(
                f"layer {layers[number]!r} has other activations in row {row} than in row "
                f"{first[row]} in {where}, and the inputs of both are equal: the network must be "
                "deterministic. Give the inputs in the order of the activations, with all that the "
                "network read, or leave inputs out"
            )


def _columns(values: Any, name: str, rows: int, where: str) -> Columns:
    array = as_array(values, f"activations of layer {name!r}")
    what = f"layer {name!r} in {where}"
    if array.ndim == 0 or array.size == 0 or array.dtype.kind not in "buif":
        raise InputError(
            f"{what} has shape {array.shape} and type {array.dtype}: give numbers (rows, units)"
        )
    if len(array) != rows:
        raise InputError(
            f"{what} has {len(array)} rows and there are {rows} labels: give one row of every "
            "layer for each input, in the order of the labels"
        )
    kind = np.float64 if array.dtype.kind in "iu" or array.dtype.itemsize > 4 else np.float32
    flat = array.reshape(rows, -1)
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, refused below
        columns = np.array(flat.T, dtype=kind, order="C")
    finite = np.isfinite(columns)
    if not finite.all():
        unit, row = np.argwhere(~finite)[0]
        raise InputError(
            f"{what} has the activation {columns[unit, row]} in row {row}, unit {unit}: the "
            "network has diverged, or its inputs hold such values. Leave this epoch out, or lower "
            "the learning rate"
        )
    if not np.isfinite(float(columns.max()) - float(columns.min())):
        raise InputError(f"{what} spans more than 1e308: rescale it")
    return columns
