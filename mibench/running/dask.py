"""Runs work on a Dask cluster. Needs the extra `dask`."""

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
    with _quiet():
        yield from _results(client, work, items, scheduler, failed)


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
            raised = future.exception()  # waits for another worker if a worker died with the result
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
