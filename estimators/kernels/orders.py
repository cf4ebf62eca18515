"""Counts pairs of symbols for many orders of the rows of one side."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .symbols import entropy_nats

Int = NDArray[np.int64]
Float = NDArray[np.float64]


@kernel
def joint_entropies(
    x: Int, y: Int, orders: Int, count_x: int, count_y: int, entropies: Float, pairs: Int
) -> None:
    """The plug-in entropy of the pairs (x[i], y[order[i]]) for each order, in nats.

    x, y: (n,) symbols in [0, count_x) and [0, count_y), few enough for a table of all pairs;
    orders: (orders, n). Written: entropies (orders,), and pairs (orders,), the number of distinct
    ones.
    """
    table = np.empty(count_x * count_y, np.int64)
    for o in range(orders.shape[0]):
        order = orders[o]
        table[:] = 0
        for i in range(x.shape[0]):
            table[np.uint64(x[i] * count_y + y[np.uint64(order[i])])] += 1
        occupied = 0
        for count in table:
            occupied += int(count > 0)
        entropies[o], pairs[o] = entropy_nats(table), occupied
