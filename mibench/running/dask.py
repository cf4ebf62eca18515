"""Runs work on a Dask cluster. Needs the extra `dask`."""

import logging
import queue
import signal
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import InputError, message_of

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

CONNECT_SECONDS = 10
RESULT_SECONDS = 30.0  # for the way of a result from its worker to this process
WORKER_SECONDS = 60.0  # how long to wait for a worker after the last one has gone
POLL_SECONDS = 0.5  # the interval at which workers are counted

_log = logging.getLogger(__name__)


def in_cluster(
    work: Callable[[T], R],
    items: Iterable[T],
    scheduler: str,
    failed: Callable[[T, str], R],
) -> Generator[R, None, None]:
    """Yield work(item) of each item as it finishes, in any order.

    scheduler: its address, such as "tcp://host:8786". If a worker dies, other workers take its
    items. The result of an item that raised, or during which several workers died, is
    failed(item, message). Raises InputError if there is no such scheduler, or if it goes away.
    """
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError:
        raise InputError(
            "a Dask cluster needs the extra `dask`: pip install 'mibench[dask]'"
        ) from None
    try:
        get_address_host_port(scheduler)  # a client with a malformed address would hang on closing
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {scheduler!r} ({error}): start one with "
            "`dask scheduler`, and workers with `dask worker ADDRESS`"
        ) from error
    if not client.scheduler_info()["workers"]:
        _log.warning(
            "waiting for workers at %s: there is none yet. Start some with `dask worker`", scheduler
        )
    finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with _quiet(), _interruptions_held(lambda: finished.put(None)) as deliver:
        yield from _results(client, work, items, scheduler, failed, finished, deliver)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask, which logs a traceback for each lost connection; failures are reported here."""
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


@contextmanager
def _interruptions_held(wake: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Hold back Ctrl-C and requests to terminate until the yielded function is called.

    An exception that a handler of signals raises inside Dask can leave a lock of Dask locked, and
    then the end of the run waits for ever. wake: called when a signal comes. A second signal is
    handled at once: whoever sends it does not want to wait.
    """
    pending: list[tuple[int, Any]] = []
    handlers: dict[int, Any] = {}

    def hold(number: int, frame: Any) -> None:
        if pending:
            handlers[number](number, frame)
        pending.append((number, frame))
        wake()

    def deliver() -> None:
        if pending:
            number, frame = pending.pop(0)
            handlers[number](number, frame)

    with suppress(ValueError):  # outside the main thread, signals cannot be set
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if not hasattr(signal, name):  # Windows has no SIGHUP
                continue
            number = getattr(signal, name)
            handler = signal.getsignal(number)
            if callable(handler):
                signal.signal(number, hold)
                handlers[number] = handler
    try:
        yield deliver
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is hold:  # a handler may have set another
                signal.signal(number, handler)
    deliver()


def _results(
    client: "Client",
    work: Callable[[T], R],
    items: Iterable[T],
    scheduler: str,
    failed: Callable[[T, str], R],
    finished: "queue.SimpleQueue[Any]",
    deliver: Callable[[], None],
) -> Generator[R, None, None]:
    """Yield results, and submit one item for each thread of the workers that is free.

    A worker gets the next item when this process has the result of the last one. So if this process
    is killed, at most one finished result of each thread is lost. finished: gets each future that
    has finished, and None if a signal came. deliver: handles that signal.
    """
    todo = iter(items)  # one at a time, since each may hold much data
    more = True
    running: dict[Any, T] = {}  # by future
    threads, counted, last_seen = 0, 0.0, None
    try:
        while more or running:
            now = time.monotonic()
            if now - counted > POLL_SECONDS:
                threads, counted = _threads(client), now
            if threads:
                last_seen = now
            elif last_seen is not None and now - last_seen > WORKER_SECONDS:
                raise InputError(
                    f"the last worker left the Dask scheduler at {scheduler!r} "
                    f"{WORKER_SECONDS:g} s ago: start some with `dask worker {scheduler}`, and "
                    "give the same command again"
                )
            while more and len(running) < max(threads, 1):
                try:
                    item = next(todo)
                except StopIteration:
                    more = False
                    break
                with warnings.catch_warnings():  # items hold data, perhaps 10 MB and more
                    warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
                    future = client.submit(work, item, pure=False)
                running[future] = item
                future.add_done_callback(finished.put)
            if not running:
                continue
            try:
                future = finished.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if client.status not in ("running", "newly-created"):
                    raise _Gone from None
                continue
            if future is None:
                deliver()
                continue
            try:
                result = _result(future, running[future], failed)
            except TimeoutError:  # its worker died after the estimate; another takes it
                future.add_done_callback(finished.put)
                continue
            del running[future]
            future.release()
            yield result
    except (_Gone, OSError) as error:
        raise InputError(
            f"the Dask scheduler at {scheduler!r} went away: start it and its workers again, and "
            "give the same command again"
        ) from error
    finally:
        with suppress(Exception):  # the scheduler may have gone, which drops what still runs
            client.close(timeout=CONNECT_SECONDS)


def _result(future: "Future", item: T, failed: Callable[[T, str], R]) -> R:
    """The result of a finished future. Raises TimeoutError if no worker has it any more."""
    from distributed.client import FutureCancelledError

    try:
        raised = future.exception(timeout=RESULT_SECONDS)
        if raised is None:
            result: R = future.result(timeout=RESULT_SECONDS)
            return result
    except FutureCancelledError as error:
        raise _Gone from error
    if isinstance(raised, InputError):
        raise raised
    return failed(item, message_of(raised))


class _Gone(Exception):  # noqa: N818
    """The scheduler cancelled what it was given, or does not answer."""


def _threads(client: "Client") -> int:
    """The number of threads of all workers."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return sum(worker["nthreads"] for worker in workers)
