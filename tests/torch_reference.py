"""Trains one network in plain torch, as a reference for the fast engines.

Initial weights, batches and optimizer are those of `ibnet.train`; networks are trained one by one.
Dropout and noise are drawn here with NumPy and SciPy.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mibench.ibnet._extra import explain_missing_packages
from mibench.ibnet.data.dataset import Data
from mibench.ibnet.kernels.random_numbers import shuffle
from mibench.ibnet.networks.initial import make_run_start
from mibench.ibnet.settings import Setting

with explain_missing_packages("torch", extra="torch"):
    import torch
    from torch import nn

Float32: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.integer]

GOLDEN = 0x9E3779B97F4A7C15

MODULES = {
    "tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU, "relu6": nn.ReLU6, "linear": nn.Identity,
}  # fmt: skip
FORMULAS = {
    "log(1 + exp(x))": nn.Softplus,
    "1 / (1 + exp(-x))": nn.Sigmoid,
    "x if x > 0 else 0.01 * x": nn.LeakyReLU,
    "x / 2 * (1 + erf(x / sqrt(2)))": nn.GELU,
    "x / (1 + exp(-x))": nn.SiLU,
}


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
        for step, rows in enumerate(np.split(order, range(batch, len(order), batch))):
            optimizer.zero_grad()
            disturbing = disturbances(setting, int(run_start.unit_key), epoch, step, rows)
            logits = _disturbed(model, inputs[rows], disturbing)
            loss = nn.functional.cross_entropy(logits, labels[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.mul_(1 - setting.learning_rate * setting.weight_decay)
            optimizer.step()
        weights.append(flat(model))
    return np.stack(weights)


def split_mix(key: int, counters: Sequence[int] | Numbers) -> Numbers:
    """SplitMix64: the outputs for counters, from 0, of the generator with this seed."""
    z = np.uint64(key) + (np.array(counters, np.uint64) + np.uint64(1)) * np.uint64(GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def disturbances(
    setting: Setting, key: int, epoch: int, step: int, inputs: Numbers
) -> tuple[Float32, Float32]:
    """What a step multiplies hidden units with, and adds to them, both (inputs, units).

    The lower 32 bits of a random number decide on dropout, the upper ones on the noise.
    """
    units = sum(setting.layers[1:-1])
    [of_epoch] = split_mix(key, [epoch]).tolist()
    [of_step] = split_mix(of_epoch, [step]).tolist()
    bits = split_mix(of_step, inputs[:, np.newaxis] * units + np.arange(units))
    shares = (bits % np.uint64(2**32)).astype(float) / 2**32
    upper = (bits >> np.uint64(32)).astype(np.int64)
    factors = np.where(shares < setting.dropout, 0, 1 / (1 - setting.dropout))
    sizes = -ndtri((upper % 2**31 + 0.5) / 2**32)
    terms = setting.training_noise * np.where(upper >= 2**31, -sizes, sizes)
    return factors.astype(np.float32), terms.astype(np.float32)


def _disturbed(
    model: nn.Sequential, inputs: torch.Tensor, disturbing: tuple[Float32, Float32]
) -> torch.Tensor:
    """The logits, with disturbed outputs of the activation functions."""
    factors, terms = (torch.from_numpy(values) for values in disturbing)
    a, unit = inputs, 0
    for module in model:
        a = module(a)
        if not isinstance(module, nn.Linear):
            here = slice(unit, unit + a.shape[1])
            a = a * factors[:, here] + terms[:, here]
            unit = here.stop
    return a


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
            modules.append((MODULES | FORMULAS)[setting.activation]())
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
