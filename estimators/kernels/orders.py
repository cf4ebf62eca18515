"""Counts of pairs of symbols, and products of columns, for many orders of the rows of one side."""

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


@kernel
def products_of_orders(x: Float, y: Float, orders: Int, products: Float) -> None:
    """The sum over i of x[a, i] y[b, order[i]] for each order.

    x: (dx, n); y: (dy, n), few rows each; orders: (orders, n). Written: products (orders, dx, dy).
    """
    n = x.shape[1]
    whole = n - n % 4
    permuted = np.empty(n)
    for o in range(orders.shape[0]):
        order = orders[o]
        for b in range(y.shape[0]):
            of_y = y[b]
            for i in range(n):
                permuted[i] = of_y[np.uint64(order[i])]
            for a in range(x.shape[0]):
                of_x = x[a]
                # Four sums, so that an addition need not wait for the one before it.
                s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
                for i in range(0, whole, 4):
                    s0 += of_x[i] * permuted[i]
                    s1 += of_x[i + 1] * permuted[i + 1]
                    s2 += of_x[i + 2] * permuted[i + 2]
                    s3 += of_x[i + 3] * permuted[i + 3]
                for i in range(whole, n):
                    s0 += of_x[i] * permuted[i]
                products[o, a, b] = (s0 + s1) + (s2 + s3)
