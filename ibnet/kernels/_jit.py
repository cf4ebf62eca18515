"""How the kernels of networks are compiled: as those of the estimators, but free to reorder sums.

A gradient is a sum over a batch, and a sum in order cannot use vector instructions. Reordering it
changes the last digits as any change of batch layout would; the result stays the same from run to
run and for any number of threads, since one thread trains one network.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mibench.compiled.cache import compiled

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` in numba's nopython mode, without the GIL, cached on disk."""
    flags = {"contract", "reassoc", "nsz"}
    return compiled(function, nogil=True, error_model="numpy", fastmath=flags)
