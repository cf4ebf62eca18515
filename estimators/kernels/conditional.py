"""Counts of the k-NN estimator of I(X;Y|Z) for many orders of the rows of Y, by all pairs of rows.

Distances in Z and in (X, Z) are the same for all orders, so they are computed once for each row.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .brute import distances

Float = NDArray[np.float64]
Int = NDArray[np.int64]

FEW_NEIGHBOURS = 16  # up to which a sorted list is faster than a selection
# Shares of the distance of the order before: where the next one is looked for, and how far rows
# are kept for it.
LOWEST, HIGHEST, REACH = 0.8, 1.25, 1.6


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
def distance_in(columns: Float, a: int, b: int) -> float:
    """max_d |columns[d, a] - columns[d, b]|."""
    largest = 0.0
    for d in range(columns.shape[0]):
        distance = abs(columns[d, a] - columns[d, b])
        largest = distance if distance > largest else largest
    return largest


@kernel
def nearer_than(
    values: Float, limit: float, without: int, rows: NDArray[np.int32], kept: Float
) -> int:
    """Write the rows whose value is below `limit`, and their values; returns how many there are.

    The row `without` is left out.
    """
    count = 0
    for j in range(values.shape[0]):
        rows[count], kept[count] = j, values[j]
        count += (values[j] < limit) & (j != without)
    return count


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

    The distance changes little from order to order. So it is looked for among rows that are not
    much farther in (X, Z) than that of the order before, and among all rows if it is not there.
    """
    orders, n = ys.shape[0], z.shape[1]
    of_z, of_xz, joint, scratch = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    rows_xz, rows_z = np.empty(n + 1, np.int32), np.empty(n + 1, np.int32)
    near_of_xz, near_of_z = np.empty(n + 1), np.empty(n + 1)
    for i in range(start, stop):
        distances(z, i, 0, n, of_z)
        distances(x, i, 0, n, of_xz)
        for j in range(n):
            of_xz[j] = of_xz[j] if of_xz[j] > of_z[j] else of_z[j]
        limit, before, count_xz, count_z = -1.0, np.inf, 0, 0
        for p in range(orders):
            y = ys[p]
            radius = -1.0
            low, high = LOWEST * before, HIGHEST * before
            if high <= limit:
                below, between = 0, 0
                for c in range(count_xz):
                    distance = distance_in(y, rows_xz[c], i)
                    distance = distance if distance > near_of_xz[c] else near_of_xz[c]
                    scratch[between] = distance
                    below += distance < low
                    between += (distance >= low) & (distance <= high)
                if below < k and k <= below + between:
                    radius = kth_smallest(scratch[:between], k - below, joint)
            if radius < 0:
                distances(y, i, 0, n, joint)
                for j in range(n):
                    joint[j] = joint[j] if joint[j] > of_xz[j] else of_xz[j]
                joint[i] = np.inf
                radius = kth_smallest(joint, k, scratch)
                limit = REACH * radius
                count_xz = nearer_than(of_xz, limit, i, rows_xz, near_of_xz)
                count_z = nearer_than(of_z, limit, i, rows_z, near_of_z)
            before = radius
            reach = radius - min(error, max_rounding * radius)
            itself = 1 if reach > 0 else 0
            near_xz, near_yz, near_z = itself, itself, itself
            for c in range(count_xz):
                near_xz += near_of_xz[c] < reach
            for c in range(count_z):
                near = near_of_z[c] < reach
                near_z += near
                near_yz += near & (distance_in(y, rows_z[c], i) < reach)
            in_xz[p, i] = max(near_xz, 1)
            in_yz[p, i] = max(near_yz, 1)
            in_z[p, i] = max(near_z, 1)
