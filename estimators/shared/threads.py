"""Shares the rows of a kernel call among threads (kernels release the GIL)."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
_within = threading.local()


def thread_count() -> int:
    """Threads an estimator may use: NUMBA_NUM_THREADS if set, else the cores of this process.

    joblib sets that variable in its worker processes, so that jobs x threads = cores.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    wanted = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, min(cores, int(wanted))) if wanted.isdigit() else cores


def share_rows(work: Callable[[int, int], object], n: int, least: int) -> None:
    """Call `work(start, stop)` over [0, n) in pieces of at least `least` rows, on all threads.

    Pieces are about four a thread, so that a slow one does not hold up the rest. `work` writes
    its rows' results in place; no result may depend on the cut, which is what makes an estimate
    the same for any number of threads. Work that shares its own rows in turn does them alone.
    """
    if n // least < 2 or getattr(_within, "a_piece", False) or (threads := thread_count()) == 1:
        work(0, n)
        return
    pieces = min(n // least, 4 * threads)
    key = (os.getpid(), threads)  # a forked child must not use its parent's threads
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(threads, thread_name_prefix="mibench")
    cuts = [n * p // pieces for p in range(pieces + 1)]

    def piece(start: int, stop: int) -> None:
        # Waiting here for a piece of a piece could wait for ever: all threads might do so.
        _within.a_piece = True
        try:
            work(start, stop)
        finally:
            _within.a_piece = False

    list(_pools[key].map(piece, cuts[:-1], cuts[1:]))
