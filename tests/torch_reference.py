"""Trains one network in plain torch, as a reference for the fast engines.

Initial weights, batches and optimizer are those of `ibnet.train`; networks are trained one by one.
"""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.ibnet._extra import explain_missing_packages
from mibench.ibnet.data.dataset import Data
from mibench.ibnet.kernels.train import shuffle
from mibench.ibnet.networks.initial import make_run_start
from mibench.ibnet.settings import Setting

with explain_missing_packages("torch", extra="torch"):
    import torch
    from torch import nn

Float32: TypeAlias = NDArray[np.float32]

MODULES = {
    "tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU, "relu6": nn.ReLU6, "linear": nn.Identity,
}  # fmt: skip


def train_reference(setting: Setting, data: Data, run: int, epochs: int) -> Float32:
    """The weights (epochs + 1, P) of one run of a setting, the initial ones first."""
    run_start = make_run_start(setting, data, run)
    model = make_model(setting, run_start.parameters)
    inputs, labels = torch.from_numpy(data.inputs), torch.from_numpy(run_start.taught)
    batch = len(run_start.train) if setting.batch == "full" else setting.batch
    optimizer = _optimizer(setting, model)
    weights = [flat(model)]
    for epoch in range(1, epochs + 1):
        order = run_start.train.copy()
        if batch < len(order):
            shuffle(order, run_start.shuffle_key, epoch)
        for rows in np.split(order, range(batch, len(order), batch)):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs[rows]), labels[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.mul_(1 - setting.learning_rate * setting.weight_decay)
            optimizer.step()
        weights.append(flat(model))
    return np.stack(weights)


def make_model(setting: Setting, parameters: Float32) -> nn.Sequential:
    """The network with these parameters (P,); its outputs are logits."""
    modules: list[nn.Module] = []
    offset = 0
    pairs = list(pairwise(setting.layers))
    for number, (fan_in, fan_out) in enumerate(pairs):
        linear = nn.Linear(fan_in, fan_out)
        weights = parameters[offset : offset + fan_in * fan_out].reshape(fan_out, fan_in)
        offset += fan_in * fan_out
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.copy()))
            linear.bias.copy_(torch.from_numpy(parameters[offset : offset + fan_out].copy()))
        offset += fan_out
        modules.append(linear)
        if number < len(pairs) - 1:
            modules.append(MODULES[setting.activation]())
    return nn.Sequential(*modules)


def flat(model: nn.Module) -> Float32:
    """All parameters of a model as one vector, (P,): weights (out, in) by row, then biases."""
    parts = [p.detach().numpy().ravel() for p in model.parameters()]
    return np.concatenate(parts).astype(np.float32)


def _optimizer(setting: Setting, model: nn.Module) -> torch.optim.Optimizer:
    if setting.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(), lr=setting.learning_rate, momentum=setting.momentum
        )
    return torch.optim.Adam(model.parameters(), lr=setting.learning_rate)
