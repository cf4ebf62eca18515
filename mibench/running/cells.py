"""Runs estimators on samples of tasks: a cell (task, n, seed, estimator) -> its record.

The only place that times an estimate, and the only one that catches what an estimator raises.
"""

import json
import platform
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError

from ..blas import one_blas_thread
from ..contract.base import Estimator
from ..contract.resolve import ResolvedEstimator
from ..contract.variables import is_copied
from ..errors import InputError
from ..types import Estimate, Record, Sample, Task
from ..versions import package_version
from .machine import machine, peak_memory, restarted_peak_memory

WARM_UP_ROWS = 400
LIBRARIES = ("numpy", "scipy", "numba")

_warm: set[tuple[object, ...]] = set()
_to_json = json.JSONEncoder(default=str).encode


@dataclass(frozen=True)
class Cell:
    """One estimator, once, on one sample of one task.

    run: id of the `compare()` call, so that cached samples of same-named tasks do not mix.
    """

    task: Task
    n: int
    seed: int
    estimator: ResolvedEstimator
    run: str = field(default="", repr=False)


def plan(
    tasks: Sequence[Task],
    samples: Sequence[int],
    seeds: Sequence[int],
    estimators: Sequence[ResolvedEstimator],
    run: str = "",
) -> list[Cell]:
    """All cells, in the order of the result."""
    for what, values, least in (("samples", samples, 2), ("seeds", seeds, 0)):
        if not values:
            raise InputError(f"no {what} given: name at least one")
        for value in values:
            if value < least:
                raise InputError(f"{what} holds {value}: each must be at least {least}")
    return [
        Cell(task, n, seed, estimator, run)
        for task in tasks
        for n in dict.fromkeys(samples)
        for seed in dict.fromkeys(seeds)
        for estimator in estimators
    ]


def run_cell(
    cell: Cell, ready: Callable[[], object] = lambda: None, *, warm: bool = True
) -> Record:
    """Draw the sample and estimate. ready: called when only the timed estimate is left to do.

    warm: let a call on few rows come first, where this process needs estimator.
    """
    try:
        sample = _last.sample_of(cell)
    except Exception as error:  # the task's mistake: every cell of the sample fails with it
        return record_of(cell, f"sampling failed: {type(error).__name__}: {error}", 0.0)
    kinds = {"discrete_x": cell.task.discrete_x, "discrete_y": cell.task.discrete_y}
    _warm_up(cell.estimator, sample, kinds, call=warm)
    ready()
    before = restarted_peak_memory()
    found, seconds = _timed(cell.estimator, sample, kinds)
    after = peak_memory()
    memory = None if before is None or after is None else after - before
    return record_of(cell, found, seconds, memory)


def timed_estimate(
    estimator: ResolvedEstimator, sample: Sample, *, discrete_x: bool, discrete_y: bool
) -> tuple[Estimate | str, float]:
    """The estimate, or what the estimator raised as text; and the seconds it took.

    Compilation is not timed: a call on few rows comes first.
    """
    kinds = {"discrete_x": discrete_x, "discrete_y": discrete_y}
    _warm_up(estimator, sample, kinds)
    return _timed(estimator, sample, kinds)


def _timed(
    estimator: ResolvedEstimator, sample: Sample, kinds: dict[str, bool]
) -> tuple[Estimate | str, float]:
    found: Estimate | str
    start = time.perf_counter()
    try:
        found = estimator.estimator.estimate(*sample, **kinds)
    except (Exception, SystemExit) as error:
        found = f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - start
    if not isinstance(found, Estimate | str):
        found = f"TypeError: estimate() returned a {type(found).__name__}, not a mibench.Estimate"
    return found, seconds


def record_of(
    cell: Cell, found: Estimate | str, seconds: float, memory: int | None = None
) -> Record:
    """The record of an estimate, or of a failure with its message."""
    task, estimator = cell.task, cell.estimator
    failed = isinstance(found, str)
    return Record(
        task=task.name,
        task_version=task.version,
        dim_x=task.dim_x,
        dim_y=task.dim_y,
        mi_nats=task.mi_nats,
        estimator=estimator.spec,
        parameters=estimator.parameters,
        n=cell.n,
        seed=cell.seed,
        nats=None if isinstance(found, str) else found.nats,
        seconds=seconds,
        flags="" if isinstance(found, str) else ";".join(found.flags),
        error=found if isinstance(found, str) else "",
        version=estimator.version,
        machine=machine(),
        memory=None if failed else memory,
        info="" if isinstance(found, str) else _info_of(found),
        libraries=libraries(),
    )


def _info_of(estimate: Estimate) -> str:
    """What an estimate says of how it was made, its ceiling included, as JSON."""
    ceiling = estimate.ceiling_nats
    return _to_json({**estimate.info, **({} if ceiling is None else {"ceiling_nats": ceiling})})


@cache
def libraries() -> str:
    """Python and the libraries that numbers may depend on, with their versions."""
    versions = [f"python {platform.python_version()}"]
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            versions.append(f"{name} {package_version(name)}")
    return ", ".join(versions)


def private_copies(sample: Sample, estimator: ResolvedEstimator) -> Sample:
    """Of both sides: an estimator may write into what it gets, and others get the same sample.

    Left out where mibench's own base class lays out a copy before anything else sees the data.
    """
    safe = getattr(type(estimator.estimator), "estimate", None) is Estimator.estimate
    x, y = (side if safe and is_copied(side) else side.copy(order="K") for side in sample)
    return x, y


class _LastSample(threading.local):
    """The sample drawn last in this thread: the next cell is often of the same."""

    key: tuple[object, ...] = ()
    sample: Sample | None = None

    def sample_of(self, cell: Cell) -> Sample:
        key = (cell.run, cell.task.name, cell.n, cell.seed)
        if self.sample is None or key != self.key or not cell.run:
            self.sample = None  # not two at a time
            with one_blas_thread():  # whose threads would spin on into the timed estimate
                self.key, self.sample = key, cell.task.sample(cell.n, cell.seed)
        return private_copies(self.sample, cell.estimator)


_last = _LastSample()


def _warm_up(
    estimator: ResolvedEstimator, sample: Sample, kinds: dict[str, bool], call: bool = True
) -> None:
    """A call on few rows, the first time a process meets an estimator and a shape of data."""
    x, y = sample
    key = (estimator.spec, x.shape[1], y.shape[1], *kinds.values())
    if key in _warm:
        return
    _warm.add(key)
    if not call:
        return
    few = private_copies((x[:WARM_UP_ROWS], y[:WARM_UP_ROWS]), estimator)
    warm_up = getattr(estimator.estimator, "warm_up", estimator.estimator.estimate)
    with suppress(Exception, SystemExit):  # it fails again when timed, and that is recorded
        warm_up(*few, **kinds)
