"""Trains one quantised network in plain torch: the slow, obvious twin of `kernels/quantised.py`."""

from itertools import pairwise

import numpy as np
import torch
from torch.nn import functional

from mibench.ibnet.kernels.random_numbers import shuffle
from mibench.ibnet.networks.initial import make_run_start

FUNCTIONS = {
    "tanh": torch.tanh, "relu": torch.relu, "elu": functional.elu, "relu6": functional.relu6,
    "linear": lambda z: z,
}  # fmt: skip
FIXED = {"tanh": (-1, 1), "relu": (0, None), "elu": (-1, None), "relu6": (0, 6),
         "linear": (None, None)}  # fmt: skip


def grid(values, low, high, bits):
    """The nearest of 2^bits evenly spaced values."""
    step = (high - low) / (2**bits - 1)
    if step <= 0:
        return torch.full_like(values, low)
    return low + torch.round((values.clamp(low, high) - low) / step) * step


def straight_through(values, low, high, bits, *, everywhere=False):
    """`grid`, whose gradient is 1 below the upper end and, unless everywhere, 0 beyond it."""
    passed = torch.where((values <= high) | everywhere, values, values.detach())
    return passed + (grid(values, low, high, bits) - values).detach()


def layers_of(setting, parameters):
    """[(weights, biases)], float64 tensors, and the ranges [(low, high)] of the layers."""
    parts, offset = [], 0
    for fan_in, fan_out in pairwise(setting.layers):
        end = offset + fan_in * fan_out
        weights = torch.tensor(parameters[offset:end].reshape(fan_out, fan_in), dtype=torch.float64)
        biases = torch.tensor(parameters[end : end + fan_out], dtype=torch.float64)
        parts.append((weights, biases))
        offset = end + fan_out
    return parts, np.asarray(parameters[offset:], np.float64).reshape(-1, 2).tolist()


def forward(setting, parts, ranges, inputs):
    """The activations of hidden layers before and after quantisation, and the logits."""
    bits, raw, outputs, a = setting.quantize, [], [], inputs
    for number, (weights, biases) in enumerate(parts):
        low, high = weights.min().item(), weights.max().item()
        z = a @ straight_through(weights, low, high, bits).T + biases
        if number == len(parts) - 1:
            return raw, outputs, z
        raw.append(FUNCTIONS[setting.activation](z))
        everywhere = setting.activation == "linear"
        a = straight_through(raw[-1], *ranges[number], bits, everywhere=everywhere)
        outputs.append(a)
    raise AssertionError


def activations(setting, parameters, inputs):
    """The quantised outputs of every layer, as `Trained.activations` gives them."""
    parts, ranges = layers_of(setting, parameters)
    _, outputs, logits = forward(setting, parts, ranges, torch.tensor(inputs, dtype=torch.float64))
    return [*outputs, grid(torch.softmax(logits, 1), *ranges[-1], setting.quantize)]


def train_quantised(setting, data, run, epochs):
    """The parameters (epochs + 1, P) of a run, trained by plain gradient descent."""
    start = make_run_start(setting, data, run)
    parts, ranges = layers_of(setting, start.parameters)
    inputs = torch.tensor(data.inputs, dtype=torch.float64)
    taught = torch.from_numpy(start.taught)

    def move(raw, share, layers):
        for number in layers:
            ends = zip(FIXED[setting.activation], (raw[number].min(), raw[number].max()),
                       strict=True)  # fmt: skip
            for end, (fixed, seen) in enumerate(ends):
                if fixed is None:
                    ranges[number][end] += share * (seen.item() - ranges[number][end])

    for number in range(len(parts) - 1):
        move(forward(setting, parts, ranges, inputs[start.train])[0], 1, [number])
    history = [_flat(parts, ranges)]
    for epoch in range(1, epochs + 1):
        order = start.train.copy()
        if setting.batch < len(order):
            shuffle(order, start.shuffle_key, epoch)
        for rows in np.split(order, range(setting.batch, len(order), setting.batch)):
            flat = [p.requires_grad_(True) for pair in parts for p in pair]
            raw, _, logits = forward(setting, parts, ranges, inputs[rows])
            gradients = torch.autograd.grad(functional.cross_entropy(logits, taught[rows]), flat)
            new = [(p - setting.learning_rate * g).detach() for p, g in
                   zip(flat, gradients, strict=True)]  # fmt: skip
            parts = list(zip(new[::2], new[1::2], strict=True))
            move(raw, 0.01, range(len(raw)))
        history.append(_flat(parts, ranges))
    return np.stack(history)


def _flat(parts, ranges):
    return np.concatenate([p.detach().numpy().ravel() for pair in parts for p in pair]
                          + [np.ravel(ranges)])  # fmt: skip
