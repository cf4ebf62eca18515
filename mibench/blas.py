"""Linear algebra on one thread, for matrices too small to share.

A BLAS library's threads wait for their next work, and for each other, by spinning. Among small
products that takes a core from whatever runs beside them, and where other programs keep the cores
busy it takes ten times as long as one thread does.
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
    """Those loaded by now; finding them costs a millisecond, using them does not."""
    import scipy.linalg  # noqa: F401 - which loads another than NumPy's
    from threadpoolctl import ThreadpoolController

    found: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return found
