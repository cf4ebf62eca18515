"""Runs estimators on samples of tasks: (task, n, seed) -> records, one for each estimator.

The only place that times an estimate, and the only one that catches what an estimator raises.
"""

import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from .errors import InputError
from .parallel import in_processes
from .registry import Named
from .types import Estimate, Record, Sample, Task

WARM_UP_ROWS = 400

_warm: set[tuple[object, ...]] = set()


@dataclass(frozen=True)
class Draw:
    """One sample that every estimator is run on."""

    task: Task
    n: int
    seed: int


def plan(tasks: Sequence[Task], samples: Sequence[int], seeds: Sequence[int]) -> list[Draw]:
    """All samples to draw, in the order of the result."""
    for what, values, least in (("samples", samples, 2), ("seeds", seeds, 0)):
        if not values:
            raise InputError(f"no {what} given: name at least one")
        for value in values:
            if value < least:
                raise InputError(f"{what} holds {value}: each must be at least {least}")
    return [
        Draw(t, n, s) for t in tasks for n in dict.fromkeys(samples) for s in dict.fromkeys(seeds)
    ]


def run(work: Sequence[tuple[Draw, list[Named]]], jobs: int) -> Iterator[tuple[int, list[Record]]]:
    """Place in `work` and records, as they are finished: in any order if jobs is not 1.

    work: samples to draw, each with the estimators to run on it. jobs: processes; -1 for one a
    core. The numbers do not depend on it.
    """
    items = [(place, *one) for place, one in enumerate(work)]
    return in_processes(_run_place, items, jobs)


def _run_place(item: tuple[int, Draw, list[Named]]) -> tuple[int, list[Record]]:
    place, draw, estimators = item
    return place, run_draw(draw, estimators)


def run_draw(draw: Draw, estimators: Sequence[Named]) -> list[Record]:
    """Draw the sample and run every estimator on it."""
    try:
        sample = draw.task.sample(draw.n, draw.seed)
    except Exception as error:  # the task's mistake: every cell of the draw fails with it
        message = f"sampling failed: {type(error).__name__}: {error}"
        return [_record(draw, one, message, 0.0) for one in estimators]
    kinds = {"discrete_x": draw.task.discrete_x, "discrete_y": draw.task.discrete_y}
    return [_record(draw, one, *timed_estimate(one, sample, **kinds)) for one in estimators]


@cache
def machine() -> str:
    """Processor architecture, cores and system, for the record."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def timed_estimate(
    one: Named, sample: Sample, *, discrete_x: bool, discrete_y: bool
) -> tuple[Estimate | str, float]:
    """The estimate, or what the estimator raised as text; and the seconds it took.

    Compilation is not timed: a call on few rows comes first.
    """
    kinds = {"discrete_x": discrete_x, "discrete_y": discrete_y}
    _warm_up(one, sample, kinds)
    found: Estimate | str
    start = time.perf_counter()
    try:
        found = one.estimator.estimate(*sample, **kinds)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - start
    if not isinstance(found, Estimate | str):
        found = f"TypeError: estimate() returned a {type(found).__name__}, not a mibench.Estimate"
    return found, seconds


def _record(draw: Draw, one: Named, found: Estimate | str, seconds: float) -> Record:
    task = draw.task
    return Record(
        task=task.name,
        task_version=task.version,
        dim_x=task.dim_x,
        dim_y=task.dim_y,
        mi_nats=task.mi_nats,
        estimator=one.spec,
        parameters=one.parameters,
        n=draw.n,
        seed=draw.seed,
        nats=None if isinstance(found, str) else found.nats,
        seconds=seconds,
        flags="" if isinstance(found, str) else ";".join(found.flags),
        error=found if isinstance(found, str) else "",
        version=one.version,
        machine=machine(),
    )


def _warm_up(one: Named, sample: Sample, kinds: dict[str, bool]) -> None:
    """A call on few rows, the first time a process meets an estimator and a shape of data."""
    x, y = sample
    key = (one.spec, x.shape[1], y.shape[1], *kinds.values())
    if key in _warm:
        return
    _warm.add(key)
    few = (x[:WARM_UP_ROWS], y[:WARM_UP_ROWS])
    warm_up = getattr(one.estimator, "warm_up", one.estimator.estimate)
    with suppress(Exception):  # if it fails, it fails again when timed, and that is recorded
        warm_up(*few, **kinds)
