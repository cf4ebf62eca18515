"""Runs estimators on rows that the user gives, within a time limit."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import wait
from typing import Any

from ..contract.resolve import ResolvedEstimator
from ..errors import InputError, message_of
from ..types import Estimate, Sample
from .evaluation import prepare, private_copies, timed_estimate
from .limits import PREPARATION_SECONDS, Limits
from .processes import core_count, in_processes
from .workers import RAISED, UNREADABLE, WAITING, Worker

MAX_SECONDS = 2e6  # 23 days; the system cannot wait for longer
Result = tuple[Estimate | str, float]  # the estimate or the message of the error, and its seconds


def estimates_of(
    estimators: Sequence[ResolvedEstimator],
    sample: Sample,
    *,
    discrete_x: bool,
    discrete_y: bool,
    time_limit: float | None = None,
    jobs: int = 1,
) -> Iterator[tuple[str, Estimate | str, float]]:
    """Yield the spec of each estimator, its estimate or error, and the seconds it took.

    time_limit: the most seconds for one estimate. A longer one is stopped, and is a failure. With
    a limit, estimates run in another process, and a crash of it is a failure too. jobs: number of
    processes; with several, results come in any order.
    """
    if jobs != 1:
        work = partial(_alone, sample, discrete_x, discrete_y, time_limit)
        yield from in_processes(work, estimators, jobs, failed=_died)
        return
    limits = Limits(time_limit)
    kinds = {"discrete_x": discrete_x, "discrete_y": discrete_y}
    if not limits:
        for resolved in estimators:
            yield (
                resolved.spec,
                *timed_estimate(resolved, private_copies(sample, resolved), **kinds),
            )
        return
    worker = Worker(core_count())
    try:
        for resolved in estimators:
            result = _limited(worker, resolved, sample, kinds, limits)
            if not worker.waiting:  # it was stopped, or has died
                worker.close()
                worker = Worker(core_count())
            yield resolved.spec, *result
    finally:
        worker.close()


def _alone(
    sample: Sample,
    discrete_x: bool,
    discrete_y: bool,
    time_limit: float | None,
    resolved: ResolvedEstimator,
) -> tuple[str, Estimate | str, float]:
    return next(
        estimates_of(
            [resolved], sample, discrete_x=discrete_x, discrete_y=discrete_y, time_limit=time_limit
        )
    )


def _died(resolved: ResolvedEstimator, message: str) -> tuple[str, Estimate | str, float]:
    return resolved.spec, message, 0.0


def _limited(
    worker: Worker,
    resolved: ResolvedEstimator,
    sample: Sample,
    kinds: dict[str, bool],
    limits: Limits,
) -> Result:
    seconds = limits.seconds or 0.0
    result: Any = None
    steps: tuple[tuple[Callable[..., Any], float, str], ...] = (
        (prepare, seconds + PREPARATION_SECONDS, ", before the estimate began"),
        (timed_estimate, seconds, ""),
    )
    try:
        _receive(worker, PREPARATION_SECONDS)  # until it has started
        for function, allowed, when in steps:
            worker.send(partial(_step, function, sample, kinds), [resolved])
            try:
                result = _receive(worker, allowed)
            except TimeoutError:
                return f"TimeLimit: stopped after {allowed:g} s{when}", allowed
    except (EOFError, OSError):
        return f"ProcessDied: the estimator's process ended with {worker.ending()}", 0.0
    if isinstance(result[0], Estimate) and result[1] > seconds:
        return f"TimeLimit: took more than {seconds:g} s", result[1]
    answer: Result = result
    return answer


def _receive(worker: Worker, seconds: float) -> Any:
    """What the worker answers, once it waits again. Raises TimeoutError after these seconds."""
    answer = None
    while not worker.waiting:
        if not wait([worker.connection], timeout=min(seconds, MAX_SECONDS)):
            raise TimeoutError
        kind, content = worker.receive()
        if kind == UNREADABLE:
            raise InputError(
                f"a limited process could not load an estimator ({content}): define your own in a "
                "module that can be imported, or give no limit"
            )
        if kind == RAISED:
            answer = message_of(content), 0.0
        elif kind != WAITING:
            answer = content
    worker.items.clear()
    return answer


def _step(
    function: Callable[..., Any],
    sample: Sample,
    kinds: dict[str, bool],
    resolved: ResolvedEstimator,
) -> Any:
    return function(resolved, private_copies(sample, resolved), **kinds)
