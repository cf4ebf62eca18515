"""Estimates I(X;T) and I(T;Y) for the networks of some runs at some epochs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.contract.flags import FLAGS
from mibench.contract.variables import Variable, as_variable
from mibench.errors import InputError, message_of
from mibench.foreign import contained
from mibench.types import Estimate, SupportsEstimate

from .binding import OfLayers

Float32: TypeAlias = NDArray[np.float32]
Bool: TypeAlias = NDArray[np.bool_]

# The state of an epoch-run pair. FAILED + i stands for the i-th error message.
MISSING, DONE, DIVERGED, FAILED = 0, 1, 2, 3
# Stored arrays hold one bit for each flag, so none may move: "other", the bit of a plug-in's own
# flags, stays behind the first 16 codes, and new codes come after it. 32 bits are all used: codes
# that have none are "other".
_CODES = list(FLAGS)
_PLACES = (*_CODES[:16], "other", *_CODES[16:])[:30]
FLAG_BITS = {code: 1 << bit for bit, code in enumerate(_PLACES)}
# The flag "ceiling" may be that of I(T;Y), which says little: labels are often all that is known.
CEILING_OF_I_XT = "ceiling_of_i_xt"
FLAG_BITS[CEILING_OF_I_XT] = 1 << 30
INFINITE = (
    ". All inputs differ, and I(X;T) of a continuous layer of a deterministic network is infinite "
    "without noise: give noise_variance=1e-3 (kde, knn), or use uniform or adaptive"
)


@dataclass(frozen=True, eq=False)
class EpochRunResults:
    """The results of one estimator, by epoch, run and layer.

    i_xt, i_ty: (epochs, runs, layers), bits. flags: (epochs, runs, layers), one bit for each flag,
    see `FLAG_BITS`. state: (epochs, runs), see `MISSING` and the like. messages: the errors that
    occurred.
    """

    i_xt: Float32
    i_ty: Float32
    flags: NDArray[np.int32]
    state: NDArray[np.int16]
    messages: list[str] = field(default_factory=list)

    def fail(self, pair: tuple[int, int], layer: str, message: str) -> None:
        """Record why a layer of (epoch, run) is not measured; only the first error counts."""
        if self.state[pair] >= FAILED:
            return
        text = f"layer {layer}: {message}"
        if text not in self.messages:
            self.messages.append(text)
        self.state[pair] = FAILED + self.messages.index(text)


def empty_results(epochs: int, runs: int, layers: int) -> EpochRunResults:
    """Results in which nothing has been measured."""
    shape = (epochs, runs, layers)
    return EpochRunResults(
        np.full(shape, np.nan, np.float32),
        np.full(shape, np.nan, np.float32),
        np.zeros(shape, np.int32),
        np.full(shape[:2], MISSING, np.int16),
    )


@dataclass(frozen=True, eq=False)
class LayerInformation:
    """Estimates I(X;T) and I(T;Y) of the layers of networks on the same inputs.

    X and Y are discrete variables, the inputs and the class labels. A layer T is a continuous one.

    names: of the layers, for messages. read: gives the layers of one network, or raises InputError.
    """

    x: Variable
    y: Variable
    names: Sequence[str]
    read: Callable[[Any], list[Variable]]

    @classmethod
    def of_sides(
        cls,
        symbols: NDArray[np.int64],
        labels: NDArray[np.int64],
        names: Sequence[str],
        read: Callable[[Any], list[Variable]],
    ) -> "LayerInformation":
        """symbols: (n,), the inputs, equal ones with the same number. labels: (n,)."""
        return cls(as_variable(symbols, "x", True), as_variable(labels, "y", True), names, read)

    def estimate(self, estimator: SupportsEstimate, t: Variable) -> Sequence[Estimate]:
        """The estimates of I(X;T) and I(T;Y)."""
        estimate_each = getattr(estimator, "estimate_each", None)
        if estimate_each is not None:
            estimates: Sequence[Estimate] = estimate_each(t, (self.x, self.y))
            return estimates
        rows = np.ascontiguousarray(t.columns.T)
        return [
            estimator.estimate(side.symbols, rows, discrete_x=True) for side in (self.x, self.y)
        ]


class Networks(Protocol):
    """What `LayerInformation.read` takes, by (epoch, run)."""

    def __getitem__(self, pair: tuple[int, int], /) -> Any:
        """One network."""
        ...


def measure_networks(
    layers: Sequence[LayerInformation],
    networks: Networks,
    is_diverged: Bool,
    todo: Sequence[Bool],
    estimators: Sequence[Sequence[SupportsEstimate | OfLayers]],
) -> list[EpochRunResults]:
    """Measure the networks by (epoch, run) with each estimator.

    layers: one for each run. is_diverged: (epochs, runs), which networks have no finite weights.
    todo: for each estimator which (epochs, runs) to measure. estimators: for each estimator its
    instances, one per run.
    """
    epochs, runs = is_diverged.shape
    results = [empty_results(epochs, runs, len(layers[0].names)) for _ in todo]
    for epoch, run in np.argwhere(np.logical_or.reduce(todo)).tolist():
        pair, of_run = (epoch, run), layers[run]
        selected = [
            (result, instances[run])
            for result, mask, instances in zip(results, todo, estimators, strict=True)
            if mask[pair]
        ]
        if is_diverged[pair]:
            for result, _ in selected:
                result.state[pair] = DIVERGED
            continue
        try:
            variables = of_run.read(networks[pair])
        except InputError as error:
            for result, _ in selected:
                result.fail(pair, of_run.names[0], str(error))
            continue
        for result, estimator in selected:
            result.state[pair] = DONE
            for layer, t in enumerate(variables):
                layer_estimator = (
                    estimator.layers[layer] if isinstance(estimator, OfLayers) else estimator
                )
                _measure_layer(of_run, layer_estimator, t, result, (epoch, run, layer))
    return results


def _measure_layer(
    layers: LayerInformation,
    estimator: SupportsEstimate,
    t: Variable,
    result: EpochRunResults,
    index: tuple[int, int, int],
) -> None:
    """Measure one layer; index: (epoch, run, layer) in the result."""
    try:
        with contained():
            x, y = layers.estimate(estimator, t)
        result.i_xt[index], result.i_ty[index] = x.bits, y.bits
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an estimator's failure is a result, whatever it raises
        text = message_of(error)
        if isinstance(error, InputError) and layers.x.cardinality == layers.x.n:
            text += INFINITE
        result.fail(index[:2], layers.names[index[2]], text)
        return
    bits = FLAG_BITS[CEILING_OF_I_XT] if "ceiling" in x.flags else 0
    for code in (*x.flags, *y.flags):
        bits |= FLAG_BITS.get(code, FLAG_BITS["other"])
    result.flags[index] = bits
