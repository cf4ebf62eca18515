"""Estimates I(X;T) and I(T;Y) for the networks of some runs at some epochs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.contract.flags import FLAGS
from mibench.contract.variables import NO_SYMBOLS, Variable, as_variable
from mibench.errors import InputError, message_of
from mibench.foreign import contained
from mibench.types import Estimate, SupportsEstimate

from ..data.dataset import Data
from ..networks.forward import layer_outputs
from ..settings import Setting

Float32: TypeAlias = NDArray[np.float32]
Bool: TypeAlias = NDArray[np.bool_]

# The state of an epoch-run pair. FAILED + i stands for the i-th error message.
MISSING, DONE, DIVERGED, FAILED = 0, 1, 2, 3
# Stored arrays hold one bit for each flag, so none may move: "other", the bit of a plug-in's own
# flags, stays behind the first 16 codes, and new codes come after it.
_CODES = list(FLAGS)
FLAG_BITS = {code: 1 << bit for bit, code in enumerate((*_CODES[:16], "other", *_CODES[16:]))}


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

    def fail(self, index: tuple[int, int, int], message: str) -> None:
        """Record that (epoch, run, layer) could not be measured; only the first error counts."""
        epoch, run, layer = index
        if self.state[epoch, run] >= FAILED:
            return
        text = f"layer {layer + 1}: {message}"
        if text not in self.messages:
            self.messages.append(text)
        self.state[epoch, run] = FAILED + self.messages.index(text)


def empty_results(epochs: int, runs: int, layers: int) -> EpochRunResults:
    """Results in which nothing has been measured."""
    shape = (epochs, runs, layers)
    return EpochRunResults(
        np.full(shape, np.nan, np.float32),
        np.full(shape, np.nan, np.float32),
        np.zeros(shape, np.int32),
        np.full(shape[:2], MISSING, np.int16),
    )


class LayerInformation:
    """Estimates I(X;T) and I(T;Y) of the layers of networks on one data set.

    X and Y are discrete variables, the inputs and the class labels. A layer T is a continuous one.
    """

    def __init__(self, setting: Setting, data: Data) -> None:
        self.x = as_variable(data.symbols, "x", True)
        self.y = as_variable(data.labels, "y", True)
        self.columns = np.ascontiguousarray(data.inputs.T)
        self.setting = setting

    def layer_variables(self, parameters: Float32) -> list[Variable]:
        """The layers of one network, (width, n) each. Raises InputError if one is not finite."""
        variables = []
        for values, low, high in layer_outputs(self.setting, parameters, self.columns):
            least, largest = low.astype(np.float64), high.astype(np.float64)
            if not np.isfinite(largest - least).all():
                raise InputError("the activations are not finite")
            width, n = values.shape
            variables.append(Variable(n, width, values, least, largest, NO_SYMBOLS, NO_SYMBOLS))
        return variables

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


def measure_networks(
    layers: LayerInformation,
    weights: Float32,
    is_diverged: Bool,
    todo: Sequence[Bool],
    estimators: Sequence[Sequence[SupportsEstimate]],
) -> list[EpochRunResults]:
    """Measure the networks of `weights` (epochs, runs, P) with each estimator.

    is_diverged: (epochs, runs), which networks have no finite weights. todo: for each estimator
    which (epochs, runs) to measure. estimators: for each estimator its instances, one per run.
    """
    epochs, runs, _ = weights.shape
    results = [empty_results(epochs, runs, len(layers.setting.layers) - 1) for _ in todo]
    for epoch, run in np.argwhere(np.logical_or.reduce(todo)).tolist():
        pair = (epoch, run)
        selected = [
            (result, instances[run])
            for result, mask, instances in zip(results, todo, estimators, strict=True)
            if mask[pair]
        ]
        if is_diverged[pair]:
            for result, _ in selected:
                result.state[pair] = DIVERGED
            continue
        if not np.isfinite(weights[pair]).all():  # zarr reads a missing file as NaN
            for result, _ in selected:
                result.fail((epoch, run, 0), "its weights are missing: restore training.zarr")
            continue
        try:
            variables = layers.layer_variables(weights[pair])
        except InputError as error:
            for result, _ in selected:
                result.fail((epoch, run, 0), str(error))
            continue
        for result, estimator in selected:
            result.state[pair] = DONE
            for layer, t in enumerate(variables):
                _measure_layer(layers, estimator, t, result, (epoch, run, layer))
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
        result.fail(index, message_of(error))
        return
    bits = 0
    for code in (*x.flags, *y.flags):
        bits |= FLAG_BITS.get(code, FLAG_BITS["other"])
    result.flags[index] = bits
