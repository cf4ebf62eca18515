"""Runs work in several processes. The numbers never depend on how many."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pickle import PicklingError
from typing import TypeVar

from ..errors import InputError

T = TypeVar("T")
R = TypeVar("R")

MAX_JOBS = 1000
POLL_SECONDS = 1.0  # the interval at which a worker checks that its parent lives


def in_processes(
    work: Callable[[T], R], items: Iterable[T], jobs: int, seconds_alone: float = 0.0
) -> Generator[R, None, None]:
    """Yield work(item) of each item as it finishes; in any order unless jobs is 1.

    jobs: number of processes; 1 for this process only, -1 for one per core. seconds_alone: how long
    this process works alone before others start, which takes seconds itself. Raises InputError for
    an invalid number of jobs, and if a process is killed or the work cannot be sent to it.
    """
    check_jobs(jobs)
    if jobs == 1:
        yield from map(work, items)
        return
    items = iter(items)
    start = time.monotonic()
    while time.monotonic() - start < seconds_alone:
        try:
            item = next(items)
        except StopIteration:
            return
        yield work(item)
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    results = parallel(delayed(_work_below)(os.getpid(), work, item) for item in items)
    try:
        # Not `yield from`, which would close `results` before the `finally` block.
        for result in results:  # noqa: UP028
            yield result
    except (BrokenProcessPool, PicklingError) as error:
        raise InputError(
            f"a worker process was killed, or could not load an estimator or task ({error}). Give "
            "fewer jobs or a memory limit if memory ran out; define your own estimators and tasks "
            "in a module, or use jobs=1"
        ) from error
    finally:  # closing early warns that work is lost, which the caller knows
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()


def _work_below(parent: int, work: Callable[[T], R], item: T) -> R:
    if os.getppid() == parent:
        _exit_with(parent)
    return work(item)


@cache
def _exit_with(parent: int) -> None:
    """Start a thread that ends this worker when its parent has been killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def check_jobs(jobs: int) -> None:
    """Raise InputError for an invalid number of jobs."""
    if jobs == 0 or jobs > MAX_JOBS:
        raise InputError(f"jobs is {jobs}: give 1 to {MAX_JOBS} processes, or -1 for one per core")
