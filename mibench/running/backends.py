"""Runs work in this process, in several, or on a cluster: the evaluations of a comparison first."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..errors import InputError
from ..types import Record
from ..versions import package_version
from .compiling import compile_ahead
from .dask import in_cluster
from .evaluation import Evaluation, record_of
from .limits import Limits, run_limited
from .processes import check_jobs, in_processes
from .steps import Progress

BACKENDS = ("processes", "dask")
EARLIER_NAME = "joblib"  # of the backend "processes"
# With one process per core, others start only if there is more work than this: until they have
# imported mibench and loaded compiled code, this process has done as much.
SECONDS_ALONE = 3.0

_Item = tuple[int, Evaluation, Limits, str]  # position, evaluation, limits, sender's version
_Result = tuple[int, Record]  # position, record
Keep = Callable[[Record], None]
T = TypeVar("T")
R = TypeVar("R")


def _keep_nothing(record: Record) -> None:
    pass


def check_backend(backend: str, scheduler: str | None, jobs: int) -> None:
    """Raise InputError for options that do not fit together."""
    if backend not in (*BACKENDS, EARLIER_NAME):
        raise InputError(f"unknown backend {backend!r}. Valid: {', '.join(BACKENDS)}")
    if (backend == "dask") != (scheduler is not None):
        raise InputError("backend dask and the address of a scheduler belong together: give both")
    if backend == "dask" and jobs != 1:
        raise InputError(f"jobs is {jobs}, but a Dask cluster has its own workers: leave it out")


@dataclass(frozen=True)
class Workers:
    """Where work is done, as `jobs`, `backend` and `scheduler` of `compare` say.

    Raises InputError for values that do not fit together.
    """

    jobs: int = 1
    backend: str = "processes"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        check_jobs(self.jobs)
        check_backend(self.backend, self.scheduler, self.jobs)

    def results(
        self, work: Callable[[T], R], items: Iterable[T], failed: Callable[[T, str], R]
    ) -> Generator[R, None, None]:
        """Yield work(item) of each item as it finishes; in any order unless jobs is 1.

        failed: gives the result of an item whose process died, or that raised on a cluster, from a
        message.
        """
        if self.scheduler is None:
            yield from in_processes(work, items, self.jobs, failed=failed)
        else:
            of_version = partial(_of_version, package_version("mibench"), work)
            yield from in_cluster(of_version, items, self.scheduler, failed)


def run_evaluations(
    evaluations: Sequence[Evaluation],
    limits: Limits,
    jobs: int = 1,
    scheduler: str | None = None,
    keep: Keep = _keep_nothing,
    progress: Progress | None = None,
) -> Generator[_Result, None, None]:
    """Yield the position in `evaluations` and the record of each as it finishes.

    With several workers the order varies, but the numbers never do. jobs: number of processes; -1
    for one per core if it takes more than `SECONDS_ALONE`. scheduler: the address of a Dask cluster
    to run on instead. keep: stores a record. The process that made the record calls it at once, so
    that no record is lost on its way to this process; on a cluster, this process calls it.
    progress: told what is compiled, and which evaluations begin; on a cluster, nothing.
    """
    version = package_version("mibench")
    items = [
        (position, evaluation, limits, version) for position, evaluation in enumerate(evaluations)
    ]
    if scheduler is not None:
        with closing(in_cluster(_run_item, items, scheduler, _failed_item)) as results:
            for result in results:
                keep(result[1])
                yield result
        return
    progress = progress or Progress(evaluations, 0, None, None)
    alone = SECONDS_ALONE if jobs < 0 else 0.0
    if compile_ahead(evaluations, jobs, alone, progress.step):
        alone = 0.0  # the processes wait for work
    work, failed = partial(_run_and_keep, keep), partial(_failed_and_kept, keep)
    yield from in_processes(work, items, jobs, alone, failed, lambda item: progress.begun(item[1]))


def _run_and_keep(keep: Keep, item: _Item) -> _Result:
    result = _run_item(item)
    try:
        keep(result[1])
    except InputError as error:
        error.result = result  # type: ignore[attr-defined]  # so that it is not lost
        raise
    return result


def _failed_and_kept(keep: Keep, item: _Item, message: str) -> _Result:
    result = _failed_item(item, message)
    keep(result[1])
    return result


def _run_item(item: _Item) -> _Result:
    position, evaluation, limits, sender = item
    _check_version(sender)
    return position, run_limited(evaluation, limits)


def _failed_item(item: _Item, message: str) -> _Result:
    position, evaluation, *_ = item
    return position, record_of(evaluation, message, 0.0)


def _of_version(sender: str, work: Callable[[T], R], item: T) -> R:
    _check_version(sender)
    return work(item)


def _check_version(sender: str) -> None:
    """Raise InputError if this process, a worker of a cluster, has another version of mibench."""
    if (installed := package_version("mibench")) != sender:
        raise InputError(
            f"a worker has mibench {installed}, not {sender}: install the same version everywhere"
        )
