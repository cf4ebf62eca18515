"""The number by which kernels know an activation function; formulas are compiled to code."""

import math
import threading
from functools import lru_cache
from typing import Any

import numpy as np

from mibench.errors import InputError

from ..formulas import CALLED, WIDTH, source
from ..settings import ACTIVATIONS

_LOCK = threading.Lock()


def activation_code(activation: str) -> int:
    """The number of a built-in function, or the address of the compiled code of a formula.

    The address holds in this process; `kernels.own_function` calls it.

    Raises InputError for a formula where numba compiles nothing.
    """
    if activation in ACTIVATIONS:
        return ACTIVATIONS.index(activation)
    with _LOCK:  # else two threads would compile, and the code of one would be freed
        return int(_compiled(activation).address)


def _where(condition: Any, a: Any, b: Any) -> Any:
    return a if condition else b


@lru_cache(None)  # for ever: the code must stay where it is
def _compiled(formula: str) -> Any:
    """The compiled code of a formula, which replaces a row of x by values and computes slopes."""
    from numba import carray, cfunc, config, njit, types  # type: ignore[attr-defined]

    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise InputError(
            f"activation={formula} is a formula, which must be compiled: unset NUMBA_DISABLE_JIT"
        )
    names: dict[str, Any] = {name: getattr(math, name) for name in CALLED}
    names["where"] = njit(_where)
    # The source can only compute numbers: see `formulas`.
    exec(compile(source(formula, "function"), "<formula>", "exec"), names)
    function = njit(names["function"], error_model="numpy")
    width = WIDTH

    def rows(values_at: Any, slopes_at: Any, count: Any, with_slopes: Any) -> None:
        values = carray(values_at, count)
        slopes = carray(slopes_at, count)
        for i in range(count):
            x = np.float64(values[i])
            value, slope = function(x)
            if with_slopes:
                if not np.isfinite(slope):  # as in `formulas.values_and_slopes`
                    step = width * max(1.0, abs(x))
                    left, right = x - step, x + step
                    slope = (function(right)[0] - function(left)[0]) / (right - left)
                slopes[i] = slope
            values[i] = value

    row = types.CPointer(types.float32)  # type: ignore[no-untyped-call]
    signature = types.void(row, row, types.intp, types.intp)
    return cfunc(signature, error_model="numpy")(rows)
