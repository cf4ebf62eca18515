"""Work shared among processes; the numbers never depend on how many."""

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

MOST_JOBS = 1000
LOOK_SECONDS = 1.0  # between two looks of a worker at its parent


def in_processes(work: Callable[[T], R], items: Iterable[T], jobs: int) -> Generator[R, None, None]:
    """work(item) of every item as it is finished, in any order if jobs is not 1.

    jobs: processes; 1 for none but this, -1 for one a core. Raises InputError for a number of jobs
    that makes no sense, and when a process is killed or the work cannot be sent to it.
    """
    check_jobs(jobs)
    if jobs == 1:
        yield from map(work, items)
        return
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    results = parallel(delayed(_below)(os.getpid(), work, item) for item in items)
    try:
        # Not `yield from`, which would close `results` before the `finally`.
        for result in results:  # noqa: UP028
            yield result
    except (BrokenProcessPool, PicklingError) as error:
        raise InputError(
            f"a worker process was killed, or could not load an estimator or task ({error}). Give "
            "fewer jobs or a memory limit if memory ran out; define what is your own in a module, "
            "or use jobs=1"
        ) from error
    finally:  # whoever stops early knows that work is lost, and need not be warned of it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()


def _below(parent: int, work: Callable[[T], R], item: T) -> R:
    if os.getppid() == parent:
        _leave_with(parent)
    return work(item)


@cache
def _leave_with(parent: int) -> None:
    """Let this worker end when its parent has been killed, as soon as Python runs in it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def check_jobs(jobs: int) -> None:
    """Raise InputError for a number of jobs that makes no sense."""
    if jobs == 0 or jobs > MOST_JOBS:
        raise InputError(f"jobs is {jobs}: give 1 to {MOST_JOBS} processes, or -1 for one a core")
