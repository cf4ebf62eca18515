"""The data set of the information-bottleneck experiments: 12 points on a sphere, on or off."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bit i of an input is vertex i of an icosahedron: the neighbours and the antipode of each vertex.
NEIGHBOURS = (
    (1, 3, 5, 10, 11), (0, 2, 3, 4, 11), (1, 3, 4, 8, 9), (0, 1, 2, 8, 10),
    (1, 2, 6, 9, 11), (0, 6, 7, 10, 11), (4, 5, 7, 9, 11), (5, 6, 8, 9, 10),
    (2, 3, 7, 9, 10), (2, 4, 6, 7, 8), (0, 3, 5, 7, 8), (0, 1, 4, 5, 6),
)  # fmt: skip
ANTIPODES = (9, 7, 5, 6, 10, 2, 3, 1, 11, 0, 4, 8)


def icosahedron() -> tuple[NDArray[Any], NDArray[Any]]:
    """All 4096 patterns of 12 bits and their labels.

    The patterns are in counting order; bit 0 is the most significant. The label is
    7 a - 4 c + 31 n - 3 n^2 >= 119, with n active bits, a adjacent active pairs and c antipodal
    active pairs. This rule does not change under the symmetries of the icosahedron, and gives the
    labels of Shwartz-Ziv & Tishby's file `var_u.mat` (arXiv:1703.00810) for all patterns.
    """
    bits = np.arange(4096)[:, np.newaxis] >> np.arange(11, -1, -1) & 1  # (4096, 12)
    adjacent = np.zeros((12, 12), np.int64)
    for vertex, neighbours in enumerate(NEIGHBOURS):
        adjacent[vertex, neighbours] = 1
    n = bits.sum(axis=1)
    a = ((bits @ adjacent) * bits).sum(axis=1) // 2  # each pair is counted from both ends
    c = (bits[:, ANTIPODES] * bits).sum(axis=1) // 2
    return bits, 7 * a - 4 * c + 31 * n - 3 * n**2 >= 119
