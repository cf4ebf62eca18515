"""Calls the compiled code of an activation function that is given as a formula."""

from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from ._jit import kernel

Row: TypeAlias = NDArray[np.float32]


@intrinsic
def _call(
    typing_context: Any, address: Any, values: Any, slopes: Any, count: Any, both: Any
) -> Any:
    """Call the code at an address with two addresses of rows and two numbers."""
    word = types.int64

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, number = ir.FloatType().as_pointer(), ir.IntType(64)
        function = ir.FunctionType(ir.VoidType(), [row, row, number, number])
        place, first, second, *numbers = arguments
        code = builder.inttoptr(place, function.as_pointer())
        rows = [builder.inttoptr(a, row) for a in (first, second)]
        builder.call(code, [*rows, *numbers])
        return context.get_dummy_value()

    return types.void(word, word, word, word, word), generate


@kernel
def own_rows(address: int, values: Row, slopes: Row, with_slopes: bool) -> None:
    """Replace values by f(values), in place; with_slopes: fill slopes with f'(values).

    address: of the code, from `activation_codes`. values, slopes: (m,), contiguous.
    """
    _call(
        np.int64(address),
        np.int64(values.ctypes.data),
        np.int64(slopes.ctypes.data),
        np.int64(values.shape[0]),
        np.int64(with_slopes),
    )  # type: ignore[call-arg]
