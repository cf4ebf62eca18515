"""How the kernels of networks are compiled: as those of the estimators, but free to reorder sums.

A gradient is a sum over a batch, and a sum in order cannot use vector instructions. Reordering it
changes the last digits as any change of batch layout would; the result stays the same from run to
run and for any number of threads, since one thread trains one network.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` in numba's nopython mode, without the GIL, cached on disk."""
    options: dict[str, Any] = {
        "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"},
    }  # fmt: skip
    compiled: object
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to cache in
        compiled = numba.njit(**options)(function)
    return cast("Callable[P, R]", compiled)
