"""Linear algebra on one thread, for matrices too small to share.

A BLAS library's threads wait for their next work, and for each other, by spinning. Among small
products that takes a core from whatever runs beside them, and where other programs keep the cores
busy it takes ten times as long as one thread does.
"""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def one_blas_thread() -> AbstractContextManager[Any]:
    """While the block lasts, NumPy's and SciPy's linear algebra use one thread."""
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> Any:
    """Of the libraries loaded by now; finding them costs a millisecond, using them does not."""
    import scipy.linalg  # noqa: F401 - which loads another
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
