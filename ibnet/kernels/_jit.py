"""Compiles the kernels of networks like those of the estimators, but lets LLVM reorder sums.

A gradient is a sum over a batch, and a sum in fixed order cannot use vector instructions. Another
order changes the last digits, as any other layout of the batch would. The result is still the same
in every process and for any number of threads, because one thread trains one network.
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
