"""The interface of the engines that train networks: what they hold and what they return.

An engine holds the state of all runs and trains them. The numba engine (`cpu.py`) and the torch
engine (`gpu.py`) agree to float32 tolerance, with each other and with plain torch that trains one
network at a time (`tests/torch_reference.py`).
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..settings import Setting

Float32: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Parameters and Adam's moments of all runs, each (runs, P) float32; changed in place."""

    parameters: Float32
    mean: Float32
    square: Float32


@dataclass(frozen=True, eq=False)
class EpochRecords:
    """What is recorded of all runs after each of some epochs.

    weights (runs, epochs, P); wrong (runs, epochs, 2): number of wrong answers on training and on
    test inputs; low, high (runs, epochs, L): smallest and largest activation of each layer.
    """

    weights: Float32
    wrong: NDArray[np.int64]
    low: Float32
    high: Float32


class Engine(Protocol):
    """Trains all runs of a setting at once."""

    state: TrainingState

    def advance(self, first: int, count: int, active: NDArray[np.bool_]) -> EpochRecords:
        """Train the active runs for epochs first .. first + count - 1, numbered from 1.

        active: (runs,), the runs that have not diverged. Epoch 0 has no training step: first = 0
        and count = 1 evaluate the initial networks.
        """
        ...


def empty_records(setting: Setting, count: int) -> EpochRecords:
    """Records of NaN and 0, to be filled."""
    runs, layers = setting.runs, len(setting.layers) - 1
    return EpochRecords(
        np.full((runs, count, setting.parameters), np.nan, np.float32),
        np.zeros((runs, count, 2), np.int64),
        np.full((runs, count, layers), np.nan, np.float32),
        np.full((runs, count, layers), np.nan, np.float32),
    )
