"""Runs estimators on samples of tasks: (task, n, seed) -> records, one for each estimator.

The only place that times an estimate, and the only one that catches what an estimator raises.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .errors import InputError
from .registry import Named
from .types import Estimate, Record, Sample, Task

WARM_UP_ROWS = 100

_warm: set[tuple[str, int, int, bool, bool]] = set()


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
    return [Draw(t, n, s) for t in tasks for n in dict.fromkeys(samples) for s in seeds]


def run(
    draws: Sequence[Draw], estimators: Sequence[Named], jobs: int
) -> Iterator[tuple[int, list[Record]]]:
    """Which draw, and its records, as they are finished: in any order if jobs is not 1.

    jobs: processes; -1 for one a core. The numbers do not depend on it.
    """
    if jobs == 1:
        for place, draw in enumerate(draws):
            yield place, run_draw(draw, estimators)
        return
    if jobs == 0:
        raise InputError("jobs is 0: give a number of processes, or -1 for one a core")
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    yield from parallel(delayed(_run_place)(p, d, estimators) for p, d in enumerate(draws))


def _run_place(place: int, draw: Draw, estimators: Sequence[Named]) -> tuple[int, list[Record]]:
    return place, run_draw(draw, estimators)


def run_draw(draw: Draw, estimators: Sequence[Named]) -> list[Record]:
    """Draw the sample and run every estimator on it."""
    sample = draw.task.sample(draw.n, draw.seed)
    return [_run_cell(draw, one, sample) for one in estimators]


def _run_cell(draw: Draw, one: Named, sample: Sample) -> Record:
    task = draw.task
    _warm_up(task, one, sample)
    nats, flags, error = None, "", ""
    start = time.perf_counter()
    try:
        found = _call(task, one, sample)
        nats, flags = found.nats, ";".join(found.flags)
    except Exception as reason:
        error = f"{type(reason).__name__}: {reason}"
    seconds = time.perf_counter() - start
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
        nats=nats,
        seconds=seconds,
        flags=flags,
        error=error,
        version=one.version,
    )


def _call(task: Task, one: Named, sample: Sample) -> Estimate:
    x, y = sample
    found = one.estimator.estimate(x, y, discrete_x=task.discrete_x, discrete_y=task.discrete_y)
    if not isinstance(found, Estimate):
        raise TypeError(f"estimate() returned a {type(found).__name__}, not a mibench.Estimate")
    return found


def _warm_up(task: Task, one: Named, sample: Sample) -> None:
    """Compile before timing: a call on few rows, the first time a process meets this shape."""
    key = (one.spec, task.dim_x, task.dim_y, task.discrete_x, task.discrete_y)
    if key in _warm:
        return
    _warm.add(key)
    x, y = sample
    few = (x[:WARM_UP_ROWS], y[:WARM_UP_ROWS])
    warm_up = getattr(one.estimator, "warm_up", None)
    try:
        if warm_up is None:
            _call(task, one, few)
        else:
            warm_up(*few, discrete_x=task.discrete_x, discrete_y=task.discrete_y)
    except Exception:
        pass
