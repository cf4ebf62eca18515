"""exp, expm1 and tanh in float32, as loops without branches that LLVM turns into vector code.

The C library's functions would be called one number at a time, which costs more than everything
else in a small network together.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Row: TypeAlias = NDArray[np.float32]

LOG2_E = np.float32(1.44269504)
LN2_HIGH = np.float32(0.693359375)  # ln 2 in two parts (Cody & Waite), the first with few digits,
LN2_LOW = np.float32(-2.12194440e-4)  # so that t * LN2_HIGH is exact
LEAST = np.float32(-87.0)  # below, float32 underflows
SATURATED = np.float32(20.0)  # tanh(10) is 1 in float32
ZERO, HALF, ONE, TWO = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)
C3, C4, C5 = np.float32(1 / 6), np.float32(1 / 24), np.float32(1 / 120)
C6, C7 = np.float32(1 / 720), np.float32(1 / 5040)
# What is smaller counts as 0 where gradients are formed (NaN does not). It could move no weight: a
# step of Adam is at most 1e-20 / 1e-8 learning rates. But its products fall below 1e-38, at which
# processors are slow: ReLU networks after 8000 epochs took ten times as long for each further one.
NEGLIGIBLE = np.float32(1e-20)
BIAS, MANTISSA = np.int32(127), np.int32(23)


@kernel
def _parts(x: np.float32) -> tuple[np.float32, np.float32]:
    """2**t and exp(r) - 1 for x = t ln 2 + r from LEAST to 88, with whole t and |r| <= 0.35."""
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
    """In place exp(values) of values <= 0; 1e-38 or less below -87."""
    for i in range(values.shape[0]):
        x = values[i]
        x = x if x > LEAST else LEAST
        power, p = _parts(x)
        values[i] = power * p + power


@kernel
def tanh_rows(values: Row) -> None:
    """In place tanh(values); exactly +-1 where float32 has nothing nearer.

    tanh(x) = e / (e + 2) with e = exp(2|x|) - 1, which keeps every digit near 0; beyond 1/2 it is
    computed as 1 - 2 / (e + 2), which rises steadily into saturation.
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
    """In place x for x > 0, else exp(x) - 1."""
    for i in range(values.shape[0]):
        x = values[i]
        low = x if x < ZERO else ZERO
        low = low if low > LEAST else LEAST
        e = _expm1(low)
        values[i] = x if x > ZERO else e
