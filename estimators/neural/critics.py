"""Trains critics, one for each part of the rows, and measures each on the rows of its part."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mibench.contract import flags
from mibench.types import Estimate

from .base import CriticEstimator
from .bounds import Objective, infonce
from .device import device_of, generator_of
from .doubts import differ, flags_of_training
from .network import Critics
from .parts import Parts
from .sides import Columns
from .training import train

CHECK_ROWS, CHECK_SHIFTS = 1000, 24  # with which checks of training make do
MOST_PAIRS = 2**21  # of all parts together, unless that leaves fewer than CHECK_SHIFTS
PAIRS_AT_ONCE = 2**16


def estimate_by_critics(
    columns: Columns, estimator: CriticEstimator, objective: Objective
) -> Estimate:
    """The mean over parts of what the objective reports on rows held out."""
    device, generator = device_of(estimator.device), generator_of(estimator.seed)
    parts = Parts(columns, estimator.folds, generator, device)
    sizes = len(columns.a), len(columns.b)
    critics = Critics(estimator.folds, sizes, estimator.hidden, generator, device)
    few = parts.held_out(CHECK_ROWS)
    shifts_of_checks = spread_shifts(few[0].shape[1], CHECK_SHIFTS)

    def gain(chosen: Tensor) -> Tensor:
        x, y = parts.training(chosen)
        drawn = torch.randperm(len(chosen) - 1, generator=generator)[: estimator.negatives] + 1
        return objective.gain(critics(x, y, [0, *drawn.tolist()]))

    course = train(
        critics.parameters,
        gain,
        lambda: objective.held_out(critics(*few, shifts_of_checks)),
        parts.trained,
        generator,
        estimator,
    )
    affordable = max(CHECK_SHIFTS, MOST_PAIRS // (parts.held * estimator.folds))
    shifts = spread_shifts(parts.held, min(affordable, objective.shifts))
    f = values(critics, *parts.held_out(), shifts)
    # What so many pairs can show, whatever the bound (McAllester & Stratos 2020).
    pairs = f.shape[1] if objective.estimate is infonce else (f.shape[1] - 1) * f.shape[2]
    ceiling = math.log(pairs)
    of_parts = objective.estimate(f).clamp(max=ceiling)
    nats = float(of_parts.mean())
    seen = parts.training(torch.arange(min(parts.trained, CHECK_ROWS), device=device))
    f_seen = values(critics, *seen, spread_shifts(seen[0].shape[1], CHECK_SHIFTS))
    in_training = float(objective.estimate(f_seen).mean())
    name, bound = objective.other
    other = float(bound(f).mean())
    info = {
        "method": f"{objective.method}, rows held out",
        "steps": course.steps,
        "nats_of_parts": of_parts.cpu().numpy().round(6).tolist(),
        "training_nats": in_training,
        "other_bound": name,
        "other_bound_nats": other,
    }
    notes = flags_of_training(nats, in_training, course.doubt, difference=estimator.difference)
    if differ(nats, other):
        notes.update([flags.bounds_disagree(nats, name, other)])
    return Estimate(nats, notes, info, ceiling)


def spread_shifts(rows: int, most: int) -> list[int]:
    """0, and up to `most` different shifts of rows, spread evenly."""
    count = min(most, rows - 1)
    return [0, *(1 + i * (rows - 1) // count for i in range(count))]


@torch.no_grad()
def values(critics: Critics, x: Tensor, y: Tensor, shifts: Sequence[int]) -> Tensor:
    """What the critics give, (networks, shifts, n), in pieces that fit into memory."""
    size = max(1, PAIRS_AT_ONCE // (x.shape[0] * x.shape[1]))
    return torch.cat(
        [critics(x, y, shifts[i : i + size]) for i in range(0, len(shifts), size)], dim=1
    )
