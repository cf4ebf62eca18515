"""Compiles what a first training and a first look at the layers would compile."""

import numpy as np

from ..data.dataset import Data
from ..networks.forward import layer_outputs
from ..networks.initial import start
from ..settings import Setting
from .cpu import Core
from .engine import State


def train_a_network() -> None:
    """Train a network of a few neurons for an epoch, and evaluate it."""
    rng = np.random.default_rng(0)
    data = Data("warming", rng.normal(size=(40, 3)).astype(np.float32), np.arange(40) % 2, 2)
    setting = Setting("warming", layers=(3, 2, 2), batch=8, runs=1, epochs=1)
    begun = start(setting, data, 0)
    state = State(*np.zeros((3, 1, setting.parameters), np.float32))
    state.parameters[0] = begun.parameters
    Core(setting, data, [begun], state).advance(1, 1, np.ones(1, np.bool_))
    layer_outputs(setting, state.parameters[0], np.ascontiguousarray(data.inputs.T))
