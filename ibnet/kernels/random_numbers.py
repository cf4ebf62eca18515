"""Random numbers without a state: a key and a counter determine each, in any process and order."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Int: TypeAlias = NDArray[np.int64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
# The inverse of the normal distribution function, to 1e-7 of its value: Wichura 1988, algorithm
# AS 241 (PPND7), doi:10.2307/2347330. A, B: of the middle; C, D: beyond 0.425 of the probability.
MIDDLE, MIDDLE_SQUARE, SHIFT = np.float32(0.425), np.float32(0.180625), np.float32(1.6)
A0, A1 = np.float32(3.3871327179), np.float32(50.434271938)
A2, A3 = np.float32(159.29113202), np.float32(59.109374720)
B1, B2, B3 = np.float32(17.895169469), np.float32(78.757757664), np.float32(67.187563600)
C0, C1 = np.float32(1.4234372777), np.float32(2.7568153900)
C2, C3 = np.float32(1.3067284816), np.float32(0.17023821103)
D1, D2 = np.float32(0.73700164250), np.float32(0.12021132975)
HALF, ONE = np.float32(0.5), np.float32(1.0)
UPPER, MAGNITUDE, UNIT_32 = np.uint64(32), np.uint64(2**31 - 1), np.float32(2.0**-32)


@kernel
def random_bits(key: np.uint64, counter: np.uint64) -> np.uint64:
    """64 random bits for a counter: SplitMix64 (Steele et al. 2014, doi:10.1145/2660193.2660195).

    The generator has no state, so that training can continue at any epoch.
    """
    z = np.uint64(key + np.uint64(counter + np.uint64(1)) * GOLDEN)
    z = np.uint64((z ^ (z >> np.uint64(30))) * MIX_1)
    z = np.uint64((z ^ (z >> np.uint64(27))) * MIX_2)
    return np.uint64(z ^ (z >> np.uint64(31)))


@kernel
def shuffle(order: Int, key: np.uint64, epoch: int) -> None:
    """Permute `order` at random, in place; key and epoch decide the order (Fisher & Yates)."""
    n = order.shape[0]
    stream = random_bits(key, np.uint64(epoch))
    for i in range(n - 1, 0, -1):
        # The upper 32 bits times the range, shifted back: uniform to one part in 2**32 / n.
        bits = np.uint64(random_bits(stream, np.uint64(i)) >> np.uint64(32))
        j = np.int64(np.uint64(bits * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]


@kernel
def normal(bits: np.uint64) -> np.float32:
    """A standard normal number from the upper 32 of 64 random bits; 2**32 different ones."""
    upper = np.uint64(bits >> UPPER)
    # The probability beyond the number, at most 1/2. The first bit is the sign.
    tail = (np.float32(np.int64(upper & MAGNITUDE)) + HALF) * UNIT_32
    q = HALF - tail
    if q <= MIDDLE:
        r = MIDDLE_SQUARE - q * q
        size = q * (((A3 * r + A2) * r + A1) * r + A0) / (((B3 * r + B2) * r + B1) * r + ONE)
    else:
        r = np.sqrt(-np.log(tail)) - SHIFT
        size = (((C3 * r + C2) * r + C1) * r + C0) / ((D2 * r + D1) * r + ONE)
    return -size if upper > MAGNITUDE else size
