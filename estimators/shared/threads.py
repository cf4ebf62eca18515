"""Shares the rows of a kernel call among threads (kernels release the GIL)."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
_current_thread = threading.local()  # .in_piece: whether it runs a piece of `share_rows`


def thread_count() -> int:
    """How many threads an estimator may use: NUMBA_NUM_THREADS, or the cores of this process.

    `compare` sets that variable in its worker processes, so that jobs x threads = cores.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    limit = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, min(cores, int(limit))) if limit.isdigit() else cores


def share_rows(work: Callable[[int, int], object], n: int, min_rows: int) -> None:
    """Call `work(start, stop)` over [0, n) in pieces of at least `min_rows` rows, on all threads.

    There are about four pieces per thread, so that one slow piece does not delay the others. `work`
    writes the results of its rows in place. No result may depend on where the rows are cut, so that
    an estimate is the same for any number of threads. A call from within `work` uses one thread.
    """
    nested = getattr(_current_thread, "in_piece", False)
    if n // min_rows < 2 or nested or (threads := thread_count()) == 1:
        work(0, n)
        return
    pieces = min(n // min_rows, 4 * threads)
    key = (os.getpid(), threads)  # a forked child must not use the threads of its parent
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(threads, thread_name_prefix="mibench")
    cuts = [n * p // pieces for p in range(pieces + 1)]

    def piece(start: int, stop: int) -> None:
        # A piece must not wait for pieces of its own: if all threads did, none would be left.
        _current_thread.in_piece = True
        try:
            work(start, stop)
        finally:
            _current_thread.in_piece = False

    list(_pools[key].map(piece, cuts[:-1], cuts[1:]))


def share_orders(
    nats_of: Callable[[NDArray[np.int64]], float], orders: Sequence[NDArray[np.int64]]
) -> list[float]:
    """The estimate in nats for each order of the rows; threads share the orders."""
    results = [0.0] * len(orders)

    def estimate(start: int, stop: int) -> None:
        results[start:stop] = [nats_of(order) for order in orders[start:stop]]

    share_rows(estimate, len(orders), 1)
    return results
