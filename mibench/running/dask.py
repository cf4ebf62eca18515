"""Work shared among the workers of a Dask cluster. Needs the extra `dask`."""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ..errors import InputError

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
R = TypeVar("R")

CONNECT_SECONDS = 10

_log = logging.getLogger(__name__)


def in_cluster(
    work: Callable[[T], R],
    items: Sequence[T],
    scheduler: str,
    failed: Callable[[T, str], R],
) -> Generator[R, None, None]:
    """work(item) of every item as it is finished, in any order.

    scheduler: its address, "tcp://host:8786". What a worker that dies had not finished goes to the
    others; failed(item, message) stands for an item that several workers died of, or that raised.
    Raises InputError if there is no such scheduler, or when it goes away.
    """
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError:
        raise InputError(
            "a Dask cluster needs the extra `dask`: pip install 'mibench[dask]'"
        ) from None
    try:
        get_address_host_port(scheduler)  # a client of a wrong one would hang as it is closed
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {scheduler!r} ({error}): start one with "
            "`dask scheduler`, and workers with `dask worker ADDRESS`"
        ) from error
    if not client.scheduler_info()["workers"]:
        _log.warning("no worker is at %s yet: waiting. Start some with `dask worker`", scheduler)
    with _quiet():
        yield from _results(client, work, items, scheduler, failed)


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask logs every lost connection, with tracebacks; we say in the end what became of it."""
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


def _results(
    client: "Client",
    work: Callable[[T], R],
    items: Sequence[T],
    scheduler: str,
    failed: Callable[[T, str], R],
) -> Generator[R, None, None]:
    from distributed import as_completed
    from distributed.client import FutureCancelledError

    futures = client.map(work, items, pure=False)
    item_of = {future.key: item for future, item in zip(futures, items, strict=True)}
    try:
        for future in as_completed(futures, loop=client.loop):
            if future.status == "cancelled":
                raise InputError(f"the Dask scheduler at {scheduler!r} went away")
            raised = future.exception()  # waits where a dead worker took the result along
            if raised is None:
                yield future.result()
            elif isinstance(raised, InputError):
                raise raised
            else:
                yield failed(item_of[future.key], f"{type(raised).__name__}: {raised}")
            future.release()
    except FutureCancelledError:
        raise InputError(f"the Dask scheduler at {scheduler!r} went away") from None
    finally:
        client.cancel(futures)
        client.close()
