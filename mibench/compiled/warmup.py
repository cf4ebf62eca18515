"""Compiles kernels ahead of the first estimate, and reports where their code is kept."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from ..contract.parameters import required_parameters
from ..contract.registry import default_estimators, estimator_class, origin
from ..contract.resolve import EstimatorsLike, ResolvedEstimator, resolve_estimators
from ..contract.specs import name_in
from ..errors import InputError, message_of
from ..foreign import contained
from ..plugins import ESTIMATORS, WARMUPS, by_name, load
from ..running.processes import core_count, in_processes
from ..running.steps import COMPILING, Step
from ..types import SupportsEstimate
from . import cache

ROWS = 400
DIMENSIONS = (1, 3)
CALLS = "calls"

Call = Callable[[], object]


@dataclass(frozen=True)
class WarmupReport:
    """What a warm-up did, and what machine code is kept now.

    Attributes:
        names: the estimators and plug-ins that were called.
        compiled: how many kernels were compiled, counted once for each type of data.
        loaded: how many were loaded, since they were kept before.
        seconds: how long it took.
        files: how many files of machine code are kept.
        size: their size in bytes.
        folders: the folders that hold them.
        unkept: kernel -> why its code could not be kept.
        failed: name -> the error that it raised.
    """

    names: tuple[str, ...]
    compiled: int
    loaded: int
    seconds: float
    files: int
    size: int
    folders: tuple[Path, ...]
    unkept: Mapping[str, str]
    failed: Mapping[str, str]


def warmup(
    estimators: EstimatorsLike | None = None,
    *,
    on_progress: Callable[[int, int], object] | None = None,
    on_step: Callable[[Step], object] | None = None,
) -> WarmupReport:
    """Compile ahead of the first estimates, and keep the machine code for all later processes.

    Each estimator is called, by its `warm_up` if it has one, on a few rows: float64 and float32,
    numbers and labels, one column and several. What no earlier warm-up has compiled is compiled in
    all processes first.

    Args:
        estimators: as for `mibench.compare`. Default: every estimator that a command runs if none
            is named, and what plug-ins declare, such as the networks of `mibench.ibnet`.
        on_progress: called with the number of calls so far and in all.
        on_step: called with a `mibench.running.steps.Step`: what is compiled now.

    Returns:
        What was compiled, loaded and kept.

    Raises:
        InputError: for an unknown estimator, and if numba's compiler is switched off.
    """
    if cache.config.DISABLE_JIT:
        raise InputError("NUMBA_DISABLE_JIT is set, so that nothing is compiled: unset it")
    start, known_kernels = time.perf_counter(), len(cache.compiled_kernels)
    resolved = resolve_estimators(default_estimators() if estimators is None else estimators)
    calls = {estimator.spec: list(_calls(estimator)) for estimator in resolved}
    if estimators is None:
        calls |= {name: [load(point)] for name, point in by_name(WARMUPS).items()}
    cold, compiled_ahead = not cache.anything_kept(), 0

    def tell(phase: str, done: int, total: int, running: str) -> None:
        if on_step is not None:
            on_step(Step(phase, done, total, running, cold=cold))

    for done, total, running, compiled in _compiled_ahead(calls):
        compiled_ahead += compiled
        cold = True  # for those who wait, though some code may be kept
        tell(COMPILING, done, total, running)
    errors: dict[str, str] = {}
    total, done = sum(map(len, calls.values())), 0

    def count_call() -> None:
        nonlocal done
        done += 1
        tell(CALLS, done, total, name)
        if on_progress is not None:
            on_progress(done, total)

    for name, own_calls in calls.items():
        tell(CALLS, done, total, name)
        errors[name] = _failure(own_calls, count_call)
        if not errors[name] and cache.can_keep():
            cache.note(_note_of(name))
    locations = [cache.cache_locations(folder) for folder in sorted(cache.sources)]
    files = [file for location in locations for file in location.files()]
    new_kernels = cache.compiled_kernels[known_kernels:]
    return WarmupReport(
        names=tuple(calls),
        compiled=sum(not kernel.loaded for kernel in new_kernels) + compiled_ahead,
        loaded=sum(kernel.loaded for kernel in new_kernels),
        seconds=time.perf_counter() - start,
        files=len(files),
        size=sum(file.stat().st_size for file in files),
        folders=tuple(sorted({file.parent for file in files})),
        unkept={kernel.kernel: kernel.unkept for kernel in cache.compiled_kernels if kernel.unkept},
        failed={name: error for name, error in errors.items() if error},
    )


def _note_of(name: str) -> str:
    return f"warm-up of {name}"


def _compiled_ahead(calls: Mapping[str, Sequence[Call]]) -> Iterator[tuple[int, int, str, int]]:
    """Make the calls that no warm-up has made, in all processes, if code can be kept.

    Yields how many are done, of how many, the name of the last one, and how many kernels were
    compiled since the last yield. Only calls of mibench's own estimators and plug-ins: others may
    do anything, and are called once, in this process.
    """
    if core_count() == 1 or not cache.can_keep():
        return
    known = cache.noted()
    new = [
        (name, call)
        for name, own_calls in calls.items()
        for call in own_calls
        if _note_of(name) not in known and _is_of_mibench(name)
    ]
    running, done = "", 0

    def begun(call: tuple[str, Call]) -> None:
        nonlocal running
        running = call[0]

    work = in_processes(_compile_ahead, new, core_count(), failed=_died, begun=begun)
    if new:
        yield 0, len(new), new[0][0], 0
    with suppress(InputError), closing(work) as finished:  # what cannot be sent is called here
        for compiled in finished:
            done += 1
            yield done, len(new), running, compiled


def _is_of_mibench(name: str) -> bool:
    """Whether a plug-in or an estimator is mibench's own, and calls nothing that users give."""
    if name in by_name(WARMUPS):
        return by_name(WARMUPS)[name].value.startswith("mibench.")
    estimator = name_in(name)
    is_built_in = estimator in by_name(ESTIMATORS) and origin(estimator).startswith("mibench ")
    return is_built_in and not required_parameters(estimator_class(estimator))


def _compile_ahead(call: tuple[str, Call]) -> int:
    """Make a call in a process of its own: how many kernels it compiled. Errors are found later."""
    before = len(cache.compiled_kernels)
    with suppress(Exception, SystemExit):
        call[1]()
    return sum(not kernel.loaded for kernel in cache.compiled_kernels[before:])


def _died(call: tuple[str, Call], message: str) -> int:
    return 0


def _failure(calls: Sequence[Call], count_call: Callable[[], None]) -> str:
    """The error of the first call if all calls raised one, else "".

    A single error is no failure, since an estimator may refuse labels, for example. But an error of
    the compiler always is one.
    """
    errors: list[str] = []
    for call in calls:
        try:
            with contained():
                call()
        except NumbaError as error:
            return message_of(error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plug-in may raise anything
            errors.append(message_of(error))
        count_call()
    return errors[0] if len(errors) == len(calls) else ""


def _calls(resolved: ResolvedEstimator) -> Iterator[Call]:
    """Calls that together use all kernels of an estimator, with each type of data."""
    parameter_sets: Iterable[dict[str, Any]] = getattr(resolved.estimator, "warm_up_with", ())
    estimators: list[SupportsEstimate] = [resolved.estimator]
    estimators += [
        replace(resolved.estimator, **values)  # type: ignore[type-var]
        for values in parameter_sets
    ]
    for estimator in estimators:
        warm_up: Callable[..., object] = getattr(estimator, "warm_up", estimator.estimate)
        for x, y, discrete_x, discrete_y in _data():
            yield partial(warm_up, x, y, discrete_x=discrete_x, discrete_y=discrete_y)


def _data() -> Iterator[tuple[NDArray[Any], NDArray[Any], bool, bool]]:
    """Pairs (x, y) of every type and shape that makes a difference, and which sides are labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(ROWS) % 3
    for dims in DIMENSIONS:
        x = rng.normal(size=(ROWS, dims))
        x[0] = 100  # so far out that kernel sums underflow, which takes a kernel of its own
        y = x + rng.normal(size=x.shape)
        for dtype in (np.float64, np.float32):
            pair = [np.asfortranarray(side, dtype=dtype) for side in (x, y)]
            yield *pair, False, False  # type: ignore[misc]
            yield pair[0], labels, False, True
            yield labels, pair[1], True, False
            # The layout of a column of pandas, which numba treats as another type.
            fixed = [side.view() for side in pair]
            for side in fixed:
                side.flags.writeable = False
            yield *fixed, False, False  # type: ignore[misc]
    yield labels, labels // 2, True, True
