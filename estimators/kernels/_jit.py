"""How every kernel is compiled: cached on disk and without the GIL."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mibench.compiled.cache import compiled

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` in numba's nopython mode.

    Kernels release the GIL and work on a range of rows, so that ordinary threads can share one
    call (see `estimators.shared.threads`). numba's own `parallel=True` is not used: it compiles
    several times slower, and its default thread layer aborts the process when two Python threads
    enter it.

    Nothing in a kernel may raise with a text, or compiling takes seconds more: so slices are copied
    by loops, and neither `np.sort` nor `np.searchsorted` or `np.concatenate` is used.

    `contract` (a*b + c rounded once instead of twice) is the only fastmath flag. It can only make
    a sum more accurate. No flag reorders sums, or assumes that NaN and infinity do not occur.
    """
    return compiled(function, nogil=True, error_model="numpy", fastmath={"contract"})
