"""Counts of the k-NN estimator of I(X;Y|Z) for many orders of the rows of Y, by all pairs of rows.

Distances in Z and in (X, Z) are the same for all orders, so they are computed once for each row.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .brute import distances
from .kth import kth_by_counting, upper_halves

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@kernel
def tied_rows(columns: Float, k: int, start: int, stop: int, tied: NDArray[np.bool_]) -> None:
    """Which rows of [start, stop) have ties, as `kdtree.neighbours` says; columns (d, n)."""
    dims, n = columns.shape
    others, halves, scratch = np.empty(n), np.empty(n, np.int32), np.empty(2 * n)
    half, found = np.empty(1, np.int32), np.full(1, 0.5)
    for i in range(start, stop):
        distances(columns, i, 0, n, others)
        others[i] = np.inf
        upper_halves(others, halves)
        upper_halves(found, half)
        found[0] = kth_by_counting(others, halves, k, dims, int(half[0]), scratch)
        radius, within = found[0], 0
        for j in range(n):
            within += others[j] <= radius
        within -= radius == np.inf  # the row itself
        tied[i] = radius == 0.0 or within > k


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

    All loops over rows become vector instructions, whatever k is. The distance changes little from
    order to order, so that of the order before is where the next one is looked for.
    """
    orders, n = ys.shape[0], z.shape[1]
    dims = x.shape[0] + ys.shape[1] + z.shape[0]
    of_z, of_xz, of_y, joint = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    halves, scratch = np.empty(n, np.int32), np.empty(2 * n)
    half, found = np.empty(1, np.int32), np.full(1, 0.5)
    for i in range(start, stop):
        distances(z, i, 0, n, of_z)
        distances(x, i, 0, n, of_xz)
        for j in range(n):
            of_xz[j] = of_xz[j] if of_xz[j] > of_z[j] else of_z[j]
        for p in range(orders):
            distances(ys[p], i, 0, n, of_y)
            for j in range(n):
                joint[j] = of_y[j] if of_y[j] > of_xz[j] else of_xz[j]
            joint[i] = np.inf
            upper_halves(joint, halves)
            upper_halves(found, half)
            radius = kth_by_counting(joint, halves, k, dims, int(half[0]), scratch)
            found[0] = radius
            reach = radius - min(error, max_rounding * radius)
            near_xz, near_yz, near_z = 0, 0, 0
            for j in range(n):
                near = of_z[j] < reach
                near_z += near
                near_xz += of_xz[j] < reach
                near_yz += near & (of_y[j] < reach)
            in_xz[p, i] = max(near_xz, 1)
            in_yz[p, i] = max(near_yz, 1)
            in_z[p, i] = max(near_z, 1)
