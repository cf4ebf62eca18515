"""Linear algebra on one thread, for matrices too small to share.

The threads of a BLAS library wait for work, and for each other, in busy loops. With small matrices,
these loops occupy cores that other threads need. Where other programs keep the cores busy, several
threads take ten times as long as one thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """While the block lasts, NumPy's and SciPy's linear algebra use one thread."""
    before = [(library, library.get_num_threads()) for library in _libraries()]
    for library, _ in before:
        library.set_num_threads(1)
    try:
        yield
    finally:
        for library, threads in before:
            library.set_num_threads(threads)


@cache
def _libraries() -> list[Any]:
    """The BLAS libraries that are loaded. Cached, since finding them takes a millisecond."""
    import scipy.linalg  # noqa: F401 - which loads another than NumPy's
    from threadpoolctl import ThreadpoolController

    libraries: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries
