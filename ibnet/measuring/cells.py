"""Measuring some epochs of some runs: what one process does at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.contract.flags import FLAGS
from mibench.contract.variables import NO_SYMBOLS, Variable, as_variable
from mibench.errors import InputError
from mibench.types import Estimate, SupportsEstimate

from ..data.dataset import Data
from ..networks.forward import layer_outputs
from ..settings import Setting

Float32: TypeAlias = NDArray[np.float32]
Bool: TypeAlias = NDArray[np.bool_]

# What the state of a cell says; from FAILED on, the number of an error's message.
MISSING, DONE, DIVERGED, FAILED = 0, 1, 2, 3
FLAG_BITS = {code: 1 << at for at, code in enumerate((*FLAGS, "other"))}


@dataclass(frozen=True, eq=False)
class EpochRunResults:
    """One estimator's results, by epoch, run and layer.

    i_xt, i_ty: bits; flags: a bit each, `FLAG_BITS`; state (epochs, runs), with `messages` of what
    failed.
    """

    i_xt: Float32
    i_ty: Float32
    flags: NDArray[np.int32]
    state: NDArray[np.int16]
    messages: list[str] = field(default_factory=list)

    def fail(self, at: tuple[int, int, int], message: str) -> None:
        """Record that a layer of a cell could not be measured; the first layer's error is kept."""
        epoch, run, layer = at
        if self.state[epoch, run] >= FAILED:
            return
        text = f"layer {layer + 1}: {message}"
        if text not in self.messages:
            self.messages.append(text)
        self.state[epoch, run] = FAILED + self.messages.index(text)


def empty_results(epochs: int, runs: int, layers: int) -> EpochRunResults:
    """Cells of which none has been measured."""
    shape = (epochs, runs, layers)
    return EpochRunResults(
        np.full(shape, np.nan, np.float32),
        np.full(shape, np.nan, np.float32),
        np.zeros(shape, np.int32),
        np.full(shape[:2], MISSING, np.int16),
    )


class LayerInformation:
    """X and Y of a data set as labels, and a network's layers T as continuous variables."""

    def __init__(self, setting: Setting, data: Data) -> None:
        self.x = as_variable(data.symbols, "x", True)
        self.y = as_variable(data.labels, "y", True)
        self.columns = np.ascontiguousarray(data.inputs.T)
        self.setting = setting

    def of(self, parameters: Float32) -> list[Variable]:
        """Every layer of one network, (width, n) each. Raises InputError if any is not finite."""
        found = []
        for values, low, high in layer_outputs(self.setting, parameters, self.columns):
            least, most = low.astype(np.float64), high.astype(np.float64)
            if not np.isfinite(most - least).all():
                raise InputError("the activations are not finite")
            width, n = values.shape
            found.append(Variable(n, width, values, least, most, NO_SYMBOLS, NO_SYMBOLS))
        return found

    def information(self, estimator: SupportsEstimate, t: Variable) -> Sequence[Estimate]:
        """I(X;T) and I(T;Y)."""
        shared = getattr(estimator, "estimate_each", None)
        if shared is not None:
            found: Sequence[Estimate] = shared(t, (self.x, self.y))
            return found
        rows = np.ascontiguousarray(t.columns.T)
        return [
            estimator.estimate(side.symbols, rows, discrete_x=True) for side in (self.x, self.y)
        ]


def measure_networks(
    layers: LayerInformation,
    weights: Float32,
    lost: Bool,
    todo: Sequence[Bool],
    estimators: Sequence[Sequence[SupportsEstimate]],
) -> list[EpochRunResults]:
    """Measure the networks of `weights` (epochs, runs, P) by each estimator.

    lost: (epochs, runs), which networks had diverged.
    todo: for each estimator which (epochs, runs) to measure; estimators: each one for each run.
    """
    epochs, runs, _ = weights.shape
    results = [empty_results(epochs, runs, len(layers.setting.layers) - 1) for _ in todo]
    for epoch, run in np.argwhere(np.logical_or.reduce(todo)).tolist():
        at = (epoch, run)
        wanted = [
            (found, own[run])
            for found, part, own in zip(results, todo, estimators, strict=True)
            if part[at]
        ]
        if lost[at]:
            for found, _ in wanted:
                found.state[at] = DIVERGED
            continue
        if not np.isfinite(weights[at]).all():  # zarr reads a file that is not there as NaN
            for found, _ in wanted:
                found.fail((epoch, run, 0), "its weights are missing: restore training.zarr")
            continue
        try:
            every = layers.of(weights[at])
        except InputError as error:
            for found, _ in wanted:
                found.fail((epoch, run, 0), str(error))
            continue
        for found, estimator in wanted:
            found.state[at] = DONE
            for number, t in enumerate(every):
                _measure_layer(layers, estimator, t, found, (epoch, run, number))
    return results


def _measure_layer(
    layers: LayerInformation,
    estimator: SupportsEstimate,
    t: Variable,
    found: EpochRunResults,
    at: tuple[int, int, int],
) -> None:
    try:
        x, y = layers.information(estimator, t)
        found.i_xt[at], found.i_ty[at] = x.bits, y.bits
    except Exception as error:  # an estimator's failure is a result
        found.fail(at, f"{type(error).__name__}: {error}")
        return
    bits = 0
    for code in (*x.flags, *y.flags):
        bits |= FLAG_BITS.get(code, FLAG_BITS["other"])
    found.flags[at] = bits
