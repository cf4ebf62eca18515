"""Where networks are trained: by the numba core on a CPU, or by torch on a GPU.

An engine holds the state of all runs and advances it; what it returns is the same for both, to
float tolerance, and the same as `reference.py` makes one network at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError
from mibench.estimators._threads import share_rows
from mibench.registry import unknown

from .data import Data
from .kernels import train as kernels
from .networks import Start
from .settings import ACTIVATIONS, OPTIMIZERS, Setting

Float32: TypeAlias = NDArray[np.float32]

DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, eq=False)
class State:
    """Parameters and Adam's moments of all runs, each (runs, P) float32, changed in place."""

    parameters: Float32
    mean: Float32
    square: Float32


@dataclass(frozen=True, eq=False)
class Block:
    """Some epochs of all runs, each as it was after the epoch.

    weights (runs, epochs, P); wrong (runs, epochs, 2): wrong answers among training and test
    inputs; low, high (runs, epochs, L): extreme activations of each layer.
    """

    weights: Float32
    wrong: NDArray[np.int64]
    low: Float32
    high: Float32


class Engine(Protocol):
    """Trains all runs of a setting at once."""

    state: State

    def advance(self, first: int, count: int, alive: NDArray[np.bool_]) -> Block:
        """Train the runs that are alive for epochs first .. first + count - 1, numbered from 1.

        Epoch 0 is no training: first = 0 and count = 1 evaluate the initial networks.
        """
        ...


def empty_block(setting: Setting, count: int) -> Block:
    """A block of NaN and 0 to be filled."""
    runs, layers = setting.runs, len(setting.layers) - 1
    return Block(
        np.full((runs, count, setting.parameters), np.nan, np.float32),
        np.zeros((runs, count, 2), np.int64),
        np.full((runs, count, layers), np.nan, np.float32),
        np.full((runs, count, layers), np.nan, np.float32),
    )


def make_engine(
    device: str, setting: Setting, data: Data, starts: Sequence[Start], state: State
) -> Engine:
    """The engine of a device that `check_device` has passed."""
    if device == "cpu":
        return Core(setting, data, starts, state)
    from .torch_engine import TorchEngine, cuda

    return TorchEngine(setting, data, starts, state, cuda())


def check_device(device: str) -> None:
    """Raise InputError for an unknown device, or one that is not there."""
    if device not in DEVICES:
        raise InputError(unknown("device", device, DEVICES))
    if device == "cuda":
        from .torch_engine import cuda

        cuda()


class Core:
    """The numba core: one thread trains one network, whose arrays stay in its cache."""

    def __init__(self, setting: Setting, data: Data, starts: Sequence[Start], state: State) -> None:
        self.setting, self.labels, self.starts, self.state = setting, data.labels, starts, state
        self.columns = np.ascontiguousarray(data.inputs.T)
        self.widths = np.array(setting.layers)
        self.is_test = [np.isin(np.arange(data.n), s.test) for s in starts]

    def advance(self, first: int, count: int, alive: NDArray[np.bool_]) -> Block:
        """See `Engine`."""
        block = empty_block(self.setting, count)

        def work(begin: int, end: int) -> None:
            for run in range(begin, end):
                if alive[run]:
                    self._advance(run, first, block)

        share_rows(work, self.setting.runs, 1)
        return block

    def _advance(self, run: int, first: int, block: Block) -> None:
        setting, start, state = self.setting, self.starts[run], self.state
        batch = len(start.train) if setting.batch == "full" else setting.batch
        kernels.train_epochs(
            self.widths, ACTIVATIONS.index(setting.activation), OPTIMIZERS.index(setting.optimizer),
            setting.learning_rate, min(batch, len(start.train)), self.columns, self.labels,
            start.train, self.is_test[run], start.key, first, state.parameters[run],
            state.mean[run], state.square[run], block.weights[run], block.wrong[run],
            block.low[run], block.high[run],
        )  # fmt: skip
