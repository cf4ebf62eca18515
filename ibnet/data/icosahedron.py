"""The data set of the information-bottleneck experiments: 12 points of a sphere, on or off."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# The icosahedron's vertices as the bits of an input number them: neighbours and opposites.
NEIGHBOURS = (
    (1, 3, 5, 10, 11), (0, 2, 3, 4, 11), (1, 3, 4, 8, 9), (0, 1, 2, 8, 10),
    (1, 2, 6, 9, 11), (0, 6, 7, 10, 11), (4, 5, 7, 9, 11), (5, 6, 8, 9, 10),
    (2, 3, 7, 9, 10), (2, 4, 6, 7, 8), (0, 3, 5, 7, 8), (0, 1, 4, 5, 6),
)  # fmt: skip
ANTIPODES = (9, 7, 5, 6, 10, 2, 3, 1, 11, 0, 4, 8)


def icosahedron() -> tuple[NDArray[Any], NDArray[Any]]:
    """All patterns of 12 bits in counting order, bit 0 the most significant, and the labels.

    The rule is invariant under the icosahedron's symmetries, bit i being its vertex i; it gives
    the labels of Shwartz-Ziv & Tishby's file `var_u.mat` (arXiv:1703.00810) for all 4096 patterns.
    """
    bits = np.arange(4096)[:, np.newaxis] >> np.arange(11, -1, -1) & 1  # (4096, 12)
    adjacent = np.zeros((12, 12), np.int64)
    for vertex, others in enumerate(NEIGHBOURS):
        adjacent[vertex, others] = 1
    n = bits.sum(axis=1)
    a = ((bits @ adjacent) * bits).sum(axis=1) // 2  # each pair is met from both ends
    c = (bits[:, ANTIPODES] * bits).sum(axis=1) // 2
    return bits, 7 * a - 4 * c + 31 * n - 3 * n**2 >= 119
