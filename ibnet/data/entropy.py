"""The entropy of values that are equally likely rows."""

import numpy as np
from numpy.typing import NDArray


def entropy_bits(symbols: NDArray[np.int64]) -> float:
    """The entropy in bits of numbers from 0, (n,), each of which occurs."""
    p = np.bincount(symbols) / len(symbols)
    return float((p * np.log2(1 / p)).sum())
