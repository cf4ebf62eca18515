"""The one training loop: Adam on batches, averaged weights, stopped by rows held out."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from mibench.contract import flags
from mibench.contract.flag_text import Flag

from .base import NeuralEstimator

CHECK_EVERY = 20  # steps
PATIENCE = 6  # checks without a better one, after which training ends
AVERAGING = 0.05  # share of the newest weights in the average that is measured
DECAYS = (0.9, 0.999)  # of Adam's moving averages
TINY = 1e-8
LAST_QUARTER = 0.75
STILL_RISING = 0.02  # nats in the last quarter of the checks, from which training was too short


class Course(NamedTuple):
    """How training went.

    Attributes:
        steps: of the weights that are kept for each network.
        doubt: the flag that more steps would have helped, or None.
    """

    steps: list[int]
    doubt: Flag | None


class Adam:
    """Adam (Kingma & Ba 2015), for networks side by side. torch's own takes seconds to import."""

    def __init__(self, parameters: list[Tensor], rate: float) -> None:
        self.parameters, self.rate, self.done = parameters, rate, 0
        self.means = [torch.zeros_like(p) for p in parameters]
        self.squares = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def ascend(self, gradients: tuple[Tensor, ...]) -> None:
        """One step upwards."""
        self.done += 1
        a, b = DECAYS
        torch._foreach_lerp_(self.means, gradients, 1 - a)
        torch._foreach_mul_(self.squares, b)
        torch._foreach_addcmul_(self.squares, gradients, gradients, 1 - b)
        deviations = torch._foreach_sqrt(self.squares)
        torch._foreach_div_(deviations, (1 - b**self.done) ** 0.5)
        torch._foreach_add_(deviations, TINY)
        step = self.rate / (1 - a**self.done)
        torch._foreach_addcdiv_(self.parameters, self.means, deviations, step)


def train(
    parameters: list[Tensor],
    gain: Callable[[Tensor], Tensor],
    held_out: Callable[[], Tensor],
    rows: int,
    generator: torch.Generator,
    estimator: NeuralEstimator,
) -> Course:
    """Train networks side by side, and leave in each the weights that were best on other parts.

    Args:
        parameters: with the networks on the first axis; their number is a multiple of `folds`, and
            network i belongs to part i % folds.
        gain: what to increase, (networks,), on rows (batch,) of those that train.
        held_out: what to measure, (networks,), each network on the rows of its part.
        rows: how many rows train each network.
        generator: of the batches.
        estimator: its steps, batch, learning_rate, folds and time_limit.

    Returns:
        How it went. A network whose gain is no longer finite keeps what was best before.
    """
    steps, folds = estimator.steps, estimator.folds
    limit = math.inf if estimator.time_limit is None else estimator.time_limit
    begun = time.monotonic()
    adam = Adam(parameters, estimator.learning_rate)
    averages = [p.detach().clone() for p in parameters]
    best = [p.detach().clone() for p in parameters]
    networks = len(parameters[0])
    highest = torch.full((networks,), -torch.inf, dtype=torch.float32)
    best_step = torch.zeros(networks, dtype=torch.int64)
    curve: list[float] = []
    last_better = 0
    order, place = torch.empty(0, dtype=torch.int64), rows
    batch = min(estimator.batch, rows)
    for step in range(steps + 1):
        last = step == steps or time.monotonic() - begun >= limit
        if step % CHECK_EVERY == 0 or last:
            with torch.no_grad(), _set_to(parameters, averages):
                value = held_out().cpu()
            others = of_other_parts(value, folds)
            curve.append(float(value.mean()))
            better = others > highest  # false for NaN
            highest = torch.where(better, others, highest)
            best_step[better] = step
            for kept, average in zip(best, averages, strict=True):
                kept[better.to(kept.device)] = average[better.to(kept.device)]
            last_better = len(curve) if better.any() else last_better
            if len(curve) - last_better >= PATIENCE or not torch.isfinite(value).all():
                break
        if last:
            break
        if place + batch > rows:
            order, place = torch.randperm(rows, generator=generator), 0
        chosen = order[place : place + batch].to(parameters[0].device)
        place += batch
        adam.ascend(torch.autograd.grad(gain(chosen).sum(), parameters))
        torch._foreach_lerp_(averages, [p.detach() for p in parameters], AVERAGING)
    with torch.no_grad():
        for parameter, kept in zip(parameters, best, strict=True):
            parameter.copy_(kept)
    return Course(best_step.tolist(), _doubt(step, curve, last_better, estimator))


def _doubt(
    step: int, curve: list[float], last_better: int, estimator: NeuralEstimator
) -> Flag | None:
    """The flag that training ended too early, if it did.

    Args:
        step: the last one.
        curve: the values of the checks.
        last_better: how many of them there were when one was better for the last time.
        estimator: its limits.
    """
    difference = estimator.difference
    if not math.isfinite(curve[-1]):
        return flags.not_converged(step, difference=difference, diverged=True)
    if len(curve) - last_better >= PATIENCE:
        return None
    if step < estimator.steps:
        return flags.not_converged(step, difference=difference, seconds=estimator.time_limit)
    before = curve[int(LAST_QUARTER * (len(curve) - 1))]
    rising = max(curve) - before > STILL_RISING
    return flags.not_converged(step, difference=difference) if rising else None


def of_other_parts(value: Tensor, folds: int) -> Tensor:
    """For each network the mean value of those of the other parts, (networks,)."""
    by_part = value.reshape(-1, folds)
    return ((by_part.sum(1, keepdim=True) - by_part) / (folds - 1)).flatten()


@contextmanager
def _set_to(parameters: list[Tensor], values: list[Tensor]) -> Iterator[None]:
    """Other values of the parameters within the block."""
    before = [p.detach().clone() for p in parameters]
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)
    yield
    for parameter, value in zip(parameters, before, strict=True):
        parameter.copy_(value)
