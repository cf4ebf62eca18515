"""Compiles what the estimates of a comparison need, before the first one, in all processes."""

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from functools import partial

from ..contract.parameters import required_parameters
from ..contract.registry import estimator_class, origin
from ..contract.resolve import ResolvedEstimator
from ..contract.specs import name_in
from ..errors import InputError
from ..plugins import ESTIMATORS, by_name
from ..types import Task
from .evaluation import Evaluation, warm_up_for
from .processes import in_processes
from .steps import COMPILING, Step, named

KERNELS = "mibench.compiled.cache"  # imported by every module with kernels


def first_of_each_kind(evaluations: Iterable[Evaluation]) -> dict[str, Evaluation]:
    """One evaluation for each estimator and kind of data that may need code which is not kept.

    By the names under which `compile_ahead` notes them. Only estimators and tasks of mibench
    itself: others may do anything when they are called, and are called under the limits of a
    comparison, and as often as it needs.
    """
    first: dict[tuple[object, ...], Evaluation] = {}
    for evaluation in evaluations:
        task = evaluation.task
        if not _is_drawn_by_mibench(task):
            continue
        kind = (
            evaluation.estimator.spec, task.discrete_x, task.discrete_y, min(task.dim_x, 2),
            min(task.dim_y, 2), len(str(evaluation.n)),
        )  # fmt: skip
        first.setdefault(kind, evaluation)
    from ..compiled import cache

    known = cache.noted()
    names = {
        " ".join(map(str, (*kind, evaluation.estimator.version))): evaluation
        for kind, evaluation in first.items()
        if _is_of_mibench(evaluation.estimator)
    }
    return {name: evaluation for name, evaluation in names.items() if name not in known}


def compile_ahead(
    evaluations: Sequence[Evaluation],
    jobs: int,
    seconds_alone: float,
    on_step: Callable[[Step], object],
) -> bool:
    """Compile in `jobs` processes, each a share, if code may be missing.

    seconds_alone: as for `in_processes`, unless no code at all is kept, which is the result.
    """
    if KERNELS not in sys.modules:  # no estimator has kernels, and numba need not be imported
        return False
    from ..compiled import cache

    if cache.config.DISABLE_JIT or not cache.can_keep():
        return False
    calls = first_of_each_kind(evaluations)
    if not calls:
        return False
    cold, done, running = not cache.anything_kept(), 0, ""

    def begun(call: tuple[str, Evaluation]) -> None:
        nonlocal running
        running = named(call[1])
        on_step(Step(COMPILING, done, len(calls), running, cold=cold))

    jobs = jobs if len(calls) > 1 else 1
    alone = 0.0 if cold else seconds_alone
    work = in_processes(_compile, calls.items(), jobs, alone, failed=_died, begun=begun)
    # What cannot be sent to a process may still be estimated in this one.
    with suppress(InputError), closing(work) as finished:
        for name in finished:
            done += 1
            if name:
                cache.note(name)
            on_step(Step(COMPILING, done, len(calls), running, cold=cold))
    return cold


def _compile(call: tuple[str, Evaluation]) -> str:
    warm_up_for(call[1])
    return call[0]


def _died(call: tuple[str, Evaluation], message: str) -> str:
    return ""  # the estimate fails again, and is recorded


def _is_drawn_by_mibench(task: Task) -> bool:
    sampler: object = task.sampler
    while isinstance(sampler, partial):
        sampler = sampler.func
    return str(getattr(sampler, "__module__", "")).startswith("mibench.tasks.")


def _is_of_mibench(estimator: ResolvedEstimator) -> bool:
    name = name_in(estimator.spec)
    if name not in by_name(ESTIMATORS) or not origin(name).startswith("mibench "):
        return False
    kind = estimator_class(name)
    return type(estimator.estimator) is kind and not required_parameters(kind)
