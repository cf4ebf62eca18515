"""Runs estimators on samples of tasks: an evaluation (task, n, seed, estimator) gives a record.

Only this module times estimates and catches the exceptions of estimators.
"""

import json
import platform
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError
from inspect import signature

from ..blas import one_blas_thread
from ..contract.base import Estimator
from ..contract.conditions import conditions_of_sides
from ..contract.given import GivenEstimator
from ..contract.resolve import ResolvedEstimator
from ..contract.sides import Side
from ..contract.variables import is_copied
from ..errors import InputError, bounded, encodable, message_of
from ..foreign import contained
from ..types import Estimate, Record, Sample, Task
from ..versions import package_version
from .machine import machine, peak_memory, restarted_peak_memory

MAX_EVALUATIONS = 10_000_000  # of one comparison: the plan and the results are in memory
WARM_UP_ROWS = 400  # of the estimate before the timed one
LIBRARIES = ("numpy", "scipy", "numba")

_warm: set[tuple[object, ...]] = set()
_to_json = json.JSONEncoder(default=str).encode


@dataclass(frozen=True)
class Evaluation:
    """One run of one estimator on one sample of one task.

    run: id of the `compare()` call, so that cached samples of same-named tasks do not mix. The
    empty id means that the sample is not cached.
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
) -> list[Evaluation]:
    """All evaluations, in the order of the result. Raises InputError for bad sizes or seeds."""
    for what, values, least in (("samples", samples, 2), ("seeds", seeds, 0)):
        if not values:
            raise InputError(f"no {what} given: name at least one")
        if (smallest := values[0] if isinstance(values, range) else min(values)) < least:
            raise InputError(f"{what} holds {smallest}: each must be at least {least}")
    # `len` fails for a range of more than 2^63 numbers.
    some_seeds = seeds.stop - seeds.start if isinstance(seeds, range) else len(seeds)
    count = len(tasks) * len(samples) * some_seeds * len(estimators)
    if count > MAX_EVALUATIONS:
        raise InputError(
            f"{some_seeds:,} seeds of {len(tasks):,} tasks and {len(samples):,} sample sizes, with "
            f"{len(estimators):,} estimators, are {count:,} estimates: give fewer, at most "
            f"{MAX_EVALUATIONS:,} in one call"
        )
    return [
        Evaluation(task, n, seed, estimator, run)
        for task in tasks
        for n in dict.fromkeys(samples)
        for seed in dict.fromkeys(seeds)
        for estimator in estimators
    ]


def evaluate(
    evaluation: Evaluation, ready: Callable[[], object] = lambda: None, *, warm: bool = True
) -> Record:
    """Draw the sample, estimate, and record the result or the failure.

    ready: called when only the timed estimate remains. warm: before the timed estimate, estimate
    from a few rows if this process has not used the estimator on such data yet.
    """
    try:
        sample = _last_sample.of(evaluation)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an error of the task: all evaluations on this sample fail
        return record_of(evaluation, f"sampling failed: {message_of(error)}", 0.0)
    kinds = {"discrete_x": evaluation.task.discrete_x, "discrete_y": evaluation.task.discrete_y}
    try:
        estimator, sides = _given(evaluation.estimator, evaluation.task, sample)
    except InputError as error:  # of an estimator that has no I(X;Y|Z)
        return record_of(evaluation, message_of(error), 0.0)
    _warm_up(estimator, sides, kinds, call=warm)
    ready()
    before = restarted_peak_memory()
    result, seconds = _timed(estimator, sides, kinds)
    after = peak_memory()
    memory = None if before is None or after is None else after - before
    return record_of(evaluation, result, seconds, memory)


def warm_up_for(evaluation: Evaluation) -> None:
    """Estimate from a few rows of the task, which compiles what the evaluation needs."""
    task = evaluation.task
    try:
        with contained(), one_blas_thread():
            sample = task.sample(min(evaluation.n, WARM_UP_ROWS), evaluation.seed)
    except KeyboardInterrupt:
        raise
    except BaseException:  # the evaluation fails again and is recorded
        return
    kinds = {"discrete_x": task.discrete_x, "discrete_y": task.discrete_y}
    with suppress(InputError):
        estimator, sides = _given(evaluation.estimator, task, sample)
        _warm_up(estimator, sides, kinds, rows=evaluation.n)


def _given(
    estimator: ResolvedEstimator, task: Task, sample: Sample
) -> tuple[ResolvedEstimator, Sample]:
    """The estimator with the Z of the sample, if it has one, and the sides X and Y."""
    if not task.dim_z:
        return estimator, sample
    z = conditions_of_sides([Side(sample[2], task.discrete_z)])
    return replace(estimator, estimator=GivenEstimator(estimator.estimator, z)), sample[:2]


def prepare(
    estimator: ResolvedEstimator, sample: Sample, *, discrete_x: bool, discrete_y: bool
) -> None:
    """Estimate from a few rows, so that `timed_estimate` compiles nothing."""
    _warm_up(estimator, sample, {"discrete_x": discrete_x, "discrete_y": discrete_y})


def timed_estimate(
    estimator: ResolvedEstimator, sample: Sample, *, discrete_x: bool, discrete_y: bool
) -> tuple[Estimate | str, float]:
    """The estimate or the message of the error, and the seconds it took.

    An estimate from a few rows comes first, so that compilation is not timed.
    """
    kinds = {"discrete_x": discrete_x, "discrete_y": discrete_y}
    _warm_up(estimator, sample, kinds)
    return _timed(estimator, sample, kinds)


def _timed(
    estimator: ResolvedEstimator, sample: Sample, kinds: dict[str, bool]
) -> tuple[Estimate | str, float]:
    result: Estimate | str
    start = time.perf_counter()
    try:
        with contained():
            result = estimator.estimator.estimate(*sample, **kinds)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plug-in may raise anything
        return message_of(error), time.perf_counter() - start
    seconds = time.perf_counter() - start
    if not isinstance(result, Estimate):
        kind = type(result).__name__
        result = f"TypeError: estimate() returned a {kind}, not a mibench.Estimate"
    return result, seconds


def record_of(
    evaluation: Evaluation, result: Estimate | str, seconds: float, memory: int | None = None
) -> Record:
    """The record of an estimate, or of a failure with its message."""
    task, estimator = evaluation.task, evaluation.estimator
    flags = info = ""
    if not isinstance(result, str):
        try:
            flags, info = encodable(";".join(result.flags)), _info_of(result)
        except Exception as error:
            result = f"TypeError: its flags or its info cannot be stored ({message_of(error)})"
    failed = isinstance(result, str)
    return Record(
        task=task.name,
        task_version=task.version,
        dim_x=task.dim_x,
        dim_y=task.dim_y,
        mi_nats=task.mi_nats,
        estimator=estimator.spec,
        parameters=estimator.parameters,
        n=evaluation.n,
        seed=evaluation.seed,
        nats=None if isinstance(result, str) else result.nats,
        seconds=seconds,
        flags=flags,
        error=bounded(result) if isinstance(result, str) else "",
        version=estimator.version,
        machine=machine(),
        memory=None if failed else memory,
        info=info,
        libraries=libraries(),
    )


def _info_of(estimate: Estimate) -> str:
    """The info of an estimate and its ceiling, as JSON."""
    ceiling = estimate.ceiling_nats
    return _to_json({**estimate.info, **({} if ceiling is None else {"ceiling_nats": ceiling})})


@cache
def libraries() -> str:
    """The versions of Python and of the libraries that numbers may depend on."""
    versions = [f"python {platform.python_version()}"]
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            versions.append(f"{name} {package_version(name)}")
    return ", ".join(versions)


def private_copies(sample: Sample, estimator: ResolvedEstimator) -> Sample:
    """Copies of both sides, since an estimator may write into its arguments.

    A side is not copied if mibench's own base class makes a copy before anything else sees it.
    """
    copies_itself = getattr(type(estimator.estimator), "estimate", None) is Estimator.estimate
    return tuple(
        side if copies_itself and is_copied(side) else side.copy(order="K") for side in sample
    )


class _LastSample(threading.local):
    """The last sample of this thread, which the next evaluation often needs again."""

    key: tuple[object, ...] = ()
    sample: Sample | None = None

    def of(self, evaluation: Evaluation) -> Sample:
        """A private copy of the sample of an evaluation."""
        task, n, seed = evaluation.task, evaluation.n, evaluation.seed
        key = (evaluation.run, task.name, n, seed)
        if self.sample is None or key != self.key or not evaluation.run:
            self.sample = None  # frees the memory before the next sample is drawn
            # Busy loops of further threads would slow the timed estimate.
            with contained(), one_blas_thread():
                self.key, self.sample = key, task.sample(n, seed)
        return private_copies(self.sample, evaluation.estimator)


_last_sample = _LastSample()


@cache
def _takes_rows(kind: type) -> bool:
    """Whether the method `warm_up` has an argument `rows`, which that of a plug-in may lack."""
    with suppress(AttributeError, TypeError, ValueError):
        return "rows" in signature(kind.warm_up).parameters  # type: ignore[attr-defined]
    return False


def _warm_up(
    estimator: ResolvedEstimator,
    sample: Sample,
    kinds: dict[str, bool],
    call: bool = True,
    rows: int | None = None,
) -> None:
    """Estimate from a few rows, once per process for each estimator and kind of data.

    rows: of the estimate to come; by default, as many as the sample has.
    """
    x, y = sample
    warm_up: Callable[..., object] = getattr(
        estimator.estimator, "warm_up", estimator.estimator.estimate
    )
    takes_rows = _takes_rows(type(estimator.estimator))
    more = {"rows": len(x) if rows is None else rows} if takes_rows else {}
    kind = type(estimator.estimator), x.shape[1], y.shape[1], *kinds.values(), *more.values()
    if (estimator.spec, *kind) in _warm or (estimator.spec, None, *kind[1:]) in _warm:
        return
    _warm.add((estimator.spec, *kind))
    if not call:
        return
    _warm.update((name, None, *kind[1:]) for name in getattr(estimator.estimator, "consults", ()))
    few_rows = private_copies((x[:WARM_UP_ROWS], y[:WARM_UP_ROWS]), estimator)
    try:
        with contained():
            warm_up(*few_rows, **kinds, **more)
    except KeyboardInterrupt:
        raise
    except BaseException:  # the timed estimate fails again and is recorded
        return
