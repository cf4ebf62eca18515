"""Counts of the k-NN estimator of I(X;Y|Z) for many orders of the rows of Y, by all pairs of rows.

Distances in Z and in (X, Z) are the same for all orders, so they are computed once a row.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .brute import distances

Float = NDArray[np.float64]
Int = NDArray[np.int64]

FEW_NEIGHBOURS = 16  # up to which a sorted list is faster than a selection


@kernel
def kth_smallest(values: Float, k: int, scratch: Float) -> float:
    """The k-th smallest of the values (n,), k from 1 to n; scratch: at least n floats."""
    n = values.shape[0]
    if k <= FEW_NEIGHBOURS:
        for slot in range(k):
            scratch[slot] = np.inf
        for i in range(n):
            value = values[i]
            if value < scratch[k - 1]:
                slot = k - 1
                while slot > 0 and scratch[slot - 1] > value:
                    scratch[slot] = scratch[slot - 1]
                    slot -= 1
                scratch[slot] = value
        return float(scratch[k - 1])
    for i in range(n):
        scratch[i] = values[i]
    low, high, place = 0, n - 1, k - 1
    while low < high:  # Hoare's selection
        pivot = scratch[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while scratch[i] < pivot:
                i += 1
            while scratch[j] > pivot:
                j -= 1
            if i <= j:
                scratch[i], scratch[j] = scratch[j], scratch[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    return float(scratch[place])


@kernel
def conditional_counts_of_orders(
    x: Float,
    ys: Float,
    z: Float,
    k: int,
    error: float,
    max_rounding: float,
    start: int,
    stop: int,
    in_xz: Int,
    in_yz: Int,
    in_z: Int,
) -> None:
    """For rows [start, stop) and each order p: rows within the distance to the k-th neighbour.

    x (dx, n), z (dz, n); ys (orders, dy, n): Y in each order. in_xz, in_yz, in_z (orders, n):
    the counts, the row itself included, at least 1. error, max_rounding: the distance is made
    smaller by `error`, and by no more than the share `max_rounding` of it.
    """
    orders, n = ys.shape[0], z.shape[1]
    of_z, of_xz, of_yz, joint = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    scratch = np.empty(n)
    for i in range(start, stop):
        distances(z, i, 0, n, of_z)
        distances(x, i, 0, n, of_xz)
        for j in range(n):
            of_xz[j] = of_xz[j] if of_xz[j] > of_z[j] else of_z[j]
        for p in range(orders):
            distances(ys[p], i, 0, n, of_yz)
            for j in range(n):
                in_y = of_yz[j]
                of_yz[j] = in_y if in_y > of_z[j] else of_z[j]
                joint[j] = in_y if in_y > of_xz[j] else of_xz[j]
            joint[i] = np.inf
            radius = kth_smallest(joint, k, scratch)
            reach = radius - min(error, max_rounding * radius)
            near_xz, near_yz, near_z = 0, 0, 0
            for j in range(n):
                near_xz += of_xz[j] < reach
                near_yz += of_yz[j] < reach
                near_z += of_z[j] < reach
            in_xz[p, i] = max(near_xz, 1)
            in_yz[p, i] = max(near_yz, 1)
            in_z[p, i] = max(near_z, 1)
