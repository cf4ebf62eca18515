"""What every engine that trains networks holds and returns.

An engine holds the state of all runs and advances it. The numba core (`cpu.py`) and torch
(`gpu.py`) return the same to float tolerance, and the same as plain torch, one network at a time
(`tests/torch_reference.py`).
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..settings import Setting

Float32: TypeAlias = NDArray[np.float32]


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
