"""Compiles the kernels that a first training and a first measurement need."""

import numpy as np

from ..data.dataset import Data
from ..networks.forward import layer_outputs
from ..networks.initial import make_run_start
from ..settings import Setting
from .cpu import NumbaEngine
from .engine import TrainingState


def train_a_network() -> None:
    """Train a network of a few neurons for one epoch, and compute its layers."""
    rng = np.random.default_rng(0)
    data = Data("warming", rng.normal(size=(40, 3)).astype(np.float32), np.arange(40) % 2, 2)
    setting = Setting("warming", layers=(3, 2, 2), batch=8, runs=1, epochs=1)
    run_start = make_run_start(setting, data, 0)
    state = TrainingState(*np.zeros((3, 1, setting.parameters), np.float32))
    state.parameters[0] = run_start.parameters
    NumbaEngine(setting, data, [run_start], state).advance(1, 1, np.ones(1, np.bool_))
    layer_outputs(setting, state.parameters[0], np.ascontiguousarray(data.inputs.T))
