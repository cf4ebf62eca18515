"""exp, expm1 and tanh in float32, as loops without branches that LLVM compiles to vector code.

The functions of the C library take one number per call, which would cost more than all other
computations of a small network together.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Row: TypeAlias = NDArray[np.float32]

LOG2_E = np.float32(1.44269504)
# ln 2 in two parts (Cody & Waite); the first has few digits, so that t * LN2_HIGH is exact.
LN2_HIGH = np.float32(0.693359375)
LN2_LOW = np.float32(-2.12194440e-4)
MIN_EXPONENT = np.float32(-87.0)  # below, exp underflows in float32
SATURATED = np.float32(20.0)  # twice the argument beyond which tanh is 1 in float32
ZERO, HALF, ONE, TWO = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)
C3, C4, C5 = np.float32(1 / 6), np.float32(1 / 24), np.float32(1 / 120)
C6, C7 = np.float32(1 / 720), np.float32(1 / 5040)
# Numbers up to this size count as 0 in gradients (NaN does not). They could move no weight: a step
# of Adam would be at most 1e-20 / 1e-8 learning rates. But their products fall below 1e-38, where
# processors are slow: without this limit, an epoch of a ReLU network takes ten times as long after
# 8000 epochs.
NEGLIGIBLE = np.float32(1e-20)
BIAS, MANTISSA = np.int32(127), np.int32(23)


@kernel
def _parts(x: np.float32) -> tuple[np.float32, np.float32]:
    """2**t and exp(r) - 1 for x = t ln 2 + r in [MIN_EXPONENT, 88], integer t and |r| <= 0.35."""
    t = np.rint(x * LOG2_E)
    r = (x - t * LN2_HIGH) - t * LN2_LOW
    p = C7 * r + C6
    p = p * r + C5
    p = p * r + C4
    p = p * r + C3
    p = p * r + HALF
    p = p * (r * r) + r
    power = np.int32((np.int32(t) + BIAS) << MANTISSA).view(np.float32)
    return power, p


@kernel
def _expm1(x: np.float32) -> np.float32:
    """exp(x) - 1 = 2**t (exp(r) - 1) + (2**t - 1), relative error below 2e-7."""
    power, p = _parts(x)
    return power * p + (power - ONE)


@kernel
def exp_rows(values: Row) -> None:
    """Replace values <= 0 by exp(values), in place; the result is 1e-38 or less below -87."""
    for i in range(values.shape[0]):
        x = values[i]
        x = x if x > MIN_EXPONENT else MIN_EXPONENT
        power, p = _parts(x)
        values[i] = power * p + power


@kernel
def tanh_rows(values: Row) -> None:
    """Replace values by tanh(values), in place; exactly +-1 where that is the nearest float32.

    tanh(x) = e / (e + 2) with e = exp(2|x|) - 1, which keeps every digit near 0; beyond 1/2 it is
    computed as 1 - 2 / (e + 2), which rises monotonically to 1.
    """
    for i in range(values.shape[0]):
        x = values[i]
        z = TWO * abs(x)
        z = z if z < SATURATED else SATURATED
        e = _expm1(z)
        large = z > ONE
        quotient = (-TWO if large else e) / (e + TWO)
        size = ONE + quotient if large else quotient
        values[i] = size if x >= ZERO else -size


@kernel
def elu_rows(values: Row) -> None:
    """Replace values x by x for x > 0, else exp(x) - 1, in place."""
    for i in range(values.shape[0]):
        x = values[i]
        low = x if x < ZERO else ZERO
        low = low if low > MIN_EXPONENT else MIN_EXPONENT
        e = _expm1(low)
        values[i] = x if x > ZERO else e
