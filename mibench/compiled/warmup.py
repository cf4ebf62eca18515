"""Compiles kernels ahead of the first estimate, and reports where their code is kept."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from ..contract.registry import default_estimators
from ..contract.resolve import EstimatorsLike, ResolvedEstimator, resolve_estimators
from ..errors import InputError
from ..plugins import WARMUPS, by_name, load
from ..types import SupportsEstimate
from . import cache

ROWS = 400
DIMENSIONS = (1, 3)

Call = Callable[[], object]


@dataclass(frozen=True)
class WarmupReport:
    """What a warm-up did, and what is kept now.

    names: the estimators and plug-ins that were called. compiled: how many kernels were compiled,
    counted once for each type of data; loaded: how many were kept before, and so only loaded.
    files, size, folders: number, bytes and folders of all files that are kept. unkept: kernel ->
    why its code could not be kept. failed: name -> the error that it raised.
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
) -> WarmupReport:
    """Compile now what the first estimates would compile, and keep it for all later processes.

    estimators: as for `compare`; None: every one that needs no parameters, and the networks of
    `mibench.ibnet`. Each is called, by its `warm_up` if it has one, on a few rows of float64 and
    float32, of numbers and labels, in one dimension and several. on_progress: called with the
    number of such calls done and in all.
    Raises InputError for an unknown estimator, and where numba's compiler is switched off.
    """
    if cache.config.DISABLE_JIT:
        raise InputError("NUMBA_DISABLE_JIT is set, so that nothing is compiled: unset it")
    start, before = time.perf_counter(), len(cache.compiled_kernels)
    chosen = resolve_estimators(default_estimators() if estimators is None else estimators)
    calls = {one.spec: list(_calls(one)) for one in chosen}
    if estimators is None:
        calls |= {name: [load(point)] for name, point in by_name(WARMUPS).items()}
    total, done = sum(map(len, calls.values())), 0

    def tick() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total)

    raised = {name: _failure(of_one, tick) for name, of_one in calls.items()}
    cache_locations = [cache.cache_locations(folder) for folder in sorted(cache.sources)]
    files = [file for place in cache_locations for file in place.files()]
    return WarmupReport(
        names=tuple(calls),
        compiled=sum(not one.loaded for one in cache.compiled_kernels[before:]),
        loaded=sum(one.loaded for one in cache.compiled_kernels[before:]),
        seconds=time.perf_counter() - start,
        files=len(files),
        size=sum(file.stat().st_size for file in files),
        folders=tuple(sorted({file.parent for file in files})),
        unkept={one.kernel: one.unkept for one in cache.compiled_kernels if one.unkept},
        failed={name: why for name, why in raised.items() if why},
    )


def _failure(calls: Sequence[Call], tick: Callable[[], None]) -> str:
    """The error of the first call if all calls raised one, else "".

    A single error is no failure, since an estimator may refuse labels, for example. But an error of
    the compiler always is one.
    """
    raised: list[str] = []
    for call in calls:
        try:
            call()
        except NumbaError as error:
            return f"{type(error).__name__}: {error}"
        except (Exception, SystemExit) as error:
            raised.append(f"{type(error).__name__}: {error}")
        tick()
    return raised[0] if len(raised) == len(calls) else ""


def _calls(one: ResolvedEstimator) -> Iterator[Call]:
    """Calls that together use all kernels of an estimator, with each type of data."""
    others: Iterable[dict[str, Any]] = getattr(one.estimator, "warm_up_with", ())
    estimators: list[SupportsEstimate] = [one.estimator]
    estimators += [replace(one.estimator, **values) for values in others]  # type: ignore[type-var]
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
