"""Runs work in several processes. The numbers never depend on how many."""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..errors import InputError
from .workers import RAISED, UNREADABLE, WAITING, Worker

T = TypeVar("T")
R = TypeVar("R")

MAX_JOBS = 1000
# Quick items are sent several at a time, since a worker waits while the next ones are on their way.
SECONDS_AT_ONCE = 0.1
ITEMS_AT_ONCE = 64

REMEDY = (
    "Give fewer jobs or a memory limit if memory ran out; define your own estimators and tasks in "
    "a module, or use jobs=1"
)


def _ignore(item: object) -> None:
    pass


def in_processes(
    work: Callable[[T], R],
    items: Iterable[T],
    jobs: int,
    seconds_alone: float = 0.0,
    failed: Callable[[T, str], R] | None = None,
    begun: Callable[[T], object] = _ignore,
) -> Generator[R, None, None]:
    """Yield work(item) of each item as it finishes; in any order unless jobs is 1.

    Args:
        work: a function that can be pickled.
        items: what to work on.
        jobs: number of processes; 1 for this process only, -1 for one per core.
        seconds_alone: how long this process works alone before others start, which takes seconds
            itself.
        failed: gives the result of an item whose process died, from a message.
        begun: called when the work on an item begins, or shortly before.

    Raises:
        InputError: for an invalid number of jobs, if the work cannot be sent to a process, and if
            one dies and there is no `failed`.
    """
    check_jobs(jobs)
    if jobs == 1:
        for item in items:
            begun(item)
            yield work(item)
        return
    items = iter(items)
    start = time.monotonic()
    while time.monotonic() - start < seconds_alone:
        try:
            item = next(items)
        except StopIteration:
            return
        begun(item)
        yield work(item)
    jobs = jobs if jobs > 0 else max(1, core_count() + 1 + jobs)
    yield from _Run(work, items, failed, jobs, begun)


class _Pool(threading.local):
    """The workers of this thread, which wait for the next work. Their kernel ends them with it."""

    def __init__(self) -> None:
        self.key: object = None
        self.workers: list[Worker] = []

    def idle(self, threads: int) -> list[Worker]:
        """Workers that wait, and started where the process is now: path, folder, variables."""
        key = (os.getpid(), sys.path[:], os.getcwd(), dict(os.environ), threads)
        if key != self.key:
            self.close()
        self.key = key
        self.workers = [worker for worker in self.workers if worker.alive()]
        return self.workers

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.close()
        self.workers = []


_pool = _Pool()


def end_workers() -> None:
    """End the workers that this thread keeps for its next call of `in_processes`."""
    _pool.close()


class _Run(Generic[T, R]):
    """One call of `in_processes`."""

    def __init__(
        self,
        work: Callable[[T], R],
        items: Iterator[T],
        failed: Callable[[T, str], R] | None,
        jobs: int,
        begun: Callable[[T], object],
    ) -> None:
        self._work, self._items, self._failed, self._jobs = work, items, failed, jobs
        self._begun = begun
        self._again: deque[T] = deque()  # sent to a worker that did not come to them
        self._started, self._finished = 0.0, 0
        self._threads = max(1, core_count() // jobs)
        # What an item raised. It is raised here once the results that came before it are yielded.
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[R]:
        idle = list(_pool.idle(self._threads))
        busy: dict[Any, Worker] = {}  # by connection
        self._started = time.monotonic()
        try:
            while self._fill(busy, idle):
                ready = wait(list(busy), timeout=None if self._error is None else 0)
                if self._error is not None and not ready:
                    raise self._error
                for connection in ready:
                    worker = busy[connection]
                    try:
                        kind, content = worker.receive()
                    except (EOFError, OSError):
                        del busy[connection]
                        yield from self._dead(worker)
                        continue
                    if kind == RAISED:
                        self._error = content
                    elif kind == WAITING:
                        self._again.extend(worker.items)  # that it gives back
                        worker.items.clear()
                        if not self._send(worker):
                            del busy[connection]
                            idle.append(worker)
                    elif kind == UNREADABLE:
                        raise InputError(
                            f"a process could not load an estimator or task ({content}). {REMEDY}"
                        )
                    else:
                        yield self._result(worker, content)
            if self._error is not None:
                raise self._error
        finally:
            for worker in busy.values():
                if worker.items:
                    worker.close()
                else:  # it starts
                    idle.append(worker)
            _pool.workers = idle

    def _fill(self, busy: dict[Any, Worker], idle: list[Worker]) -> bool:
        """Employ workers up to the number of jobs, as long as there are items. False: all done."""
        while self._error is None and len(busy) < self._jobs and self._more():
            worker = idle.pop() if idle else Worker(self._threads)
            busy[worker.connection] = worker
            if worker.waiting:
                self._send(worker)
        return any(worker.items for worker in busy.values()) or self._more()

    def _more(self) -> bool:
        if not self._again:
            self._again.extend(islice(self._items, 1))
        return bool(self._again)

    def _send(self, worker: Worker) -> bool:
        """Send the next items to a worker that waits. False if there are none."""
        seconds = (time.monotonic() - self._started) * self._jobs / max(self._finished, 1)
        count = min(ITEMS_AT_ONCE, 1 + int(SECONDS_AT_ONCE / seconds)) if self._finished else 1
        items = [self._again.popleft() for _ in range(min(count, len(self._again)))]
        items += islice(self._items, count - len(items))
        if self._error is not None or not items:
            return False
        try:
            worker.send(self._work, items)
        except Exception as error:
            raise InputError(
                f"an estimator or task cannot be sent to a process ({error}). {REMEDY}"
            ) from error
        self._begun(items[0])
        return True

    def _result(self, worker: Worker, content: R) -> R:
        worker.items.popleft()
        self._finished += 1
        if worker.items:
            self._begun(worker.items[0])
        return content

    def _dead(self, worker: Worker) -> Iterator[R]:
        """The result of the item during which a worker died. Its others are done again."""
        how = worker.ending()
        if not worker.items or self._failed is None:
            raise InputError(f"a worker process was killed: it ended with {how}. {REMEDY}")
        item = worker.items.popleft()
        self._again.extend(worker.items)
        yield self._failed(item, f"ProcessDied: the estimator's process ended with {how}")


def core_count() -> int:
    """The cores that this process may use: those of its affinity, and its share in a container."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, -(-int(quota) // int(period))))
    except (OSError, ValueError):  # no such file, or no limit: "max"
        return cores


def check_jobs(jobs: int) -> None:
    """Raise InputError for an invalid number of jobs."""
    if jobs == 0 or jobs > MAX_JOBS:
        raise InputError(f"jobs is {jobs}: give 1 to {MAX_JOBS} processes, or -1 for one per core")
