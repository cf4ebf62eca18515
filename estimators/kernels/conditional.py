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

FEW_NEIGHBOURS = 10  # for which fewer rows are looked at
REACH = 1.4  # rows are kept that are up to so many times as far as the k-th neighbour


@kernel
def tied_rows(columns: Float, k: int, start: int, stop: int, tied: NDArray[np.bool_]) -> None:
    """Which rows of [start, stop) have ties, as `kdtree.neighbours` says; columns (d, n)."""
    dims, n = columns.shape
    others, halves, scratch = np.empty(n), np.empty(n, np.int32), np.empty(2 * n)
    half, kth_distance = np.empty(1, np.int32), np.full(1, 0.5)
    for i in range(start, stop):
        distances(columns, i, 0, n, others)
        others[i] = np.inf
        upper_halves(others, halves)
        upper_halves(kth_distance, half)
        kth_distance[0] = kth_by_counting(others, halves, k, dims, int(half[0]), scratch)
        radius, within = kth_distance[0], 0
        for j in range(n):
            within += others[j] <= radius
        within -= radius == np.inf  # the row itself
        tied[i] = radius == 0.0 or within > k


@kernel
def rows_near(
    of_xz: Float, of_z: Float, limit: float, rows: NDArray[np.int32], near_of_xz: Float,
    near_of_z: Float,
) -> tuple[int, int]:  # fmt: skip
    """Write the rows that are nearer than the limit in Z, and their distances.

    Those nearer in (X, Z) come first. Returns how many these are, and how many rows there are. At
    most one place more is written to.
    """
    near_xz = 0
    for j in range(of_z.shape[0]):
        rows[near_xz], near_of_xz[near_xz], near_of_z[near_xz] = j, of_xz[j], of_z[j]
        near_xz += of_xz[j] < limit
    near_z = near_xz
    for j in range(of_z.shape[0]):
        rows[near_z], near_of_xz[near_z], near_of_z[near_z] = j, of_xz[j], of_z[j]
        near_z += (of_z[j] < limit) & (of_xz[j] >= limit)
    return near_xz, near_z


@kernel
def distances_to_rows(
    columns: Float, target: int, rows: NDArray[np.int32], count: int, out: Float
) -> None:
    """out[c] = max_d |columns[d, rows[c]] - columns[d, target]| for c in [0, count)."""
    out[:count] = 0.0
    for d in range(columns.shape[0]):
        column, centre = columns[d], columns[d, target]
        for c in range(count):
            distance = abs(column[rows[c]] - centre)
            out[c] = distance if distance > out[c] else out[c]


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

    The distance changes little from order to order. So it is looked for near that of the order
    before; for few neighbours first among rows that are not much farther in (X, Z), and among all
    rows if it is not there. Most loops over rows become vector instructions, whatever k is.
    """
    orders, n = ys.shape[0], z.shape[1]
    dims = x.shape[0] + ys.shape[1] + z.shape[0]
    of_z, of_xz, of_y, joint = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    rows, near_of_xz, near_of_z = np.empty(n + 1, np.int32), np.empty(n + 1), np.empty(n + 1)
    halves, scratch = np.empty(n, np.int32), np.empty(2 * n)
    half, last_radius = np.empty(1, np.int32), np.full(1, 0.5)
    few = k <= FEW_NEIGHBOURS
    kept_xz, kept_z = (near_of_xz, near_of_z) if few else (of_xz, of_z)
    for i in range(start, stop):
        distances(z, i, 0, n, of_z)
        distances(x, i, 0, n, of_xz)
        for j in range(n):
            of_xz[j] = of_xz[j] if of_xz[j] > of_z[j] else of_z[j]
        limit, count_xz, count_z, radius = 0.0, n, n, 0.0
        for p in range(orders):
            upper_halves(last_radius, half)
            guess = int(half[0])
            known = False
            if limit > 0:
                distances_to_rows(ys[p], i, rows, count_z, of_y)
                within = 0
                for c in range(count_xz):
                    joint[c] = of_y[c] if of_y[c] > near_of_xz[c] else near_of_xz[c]
                    within += joint[c] < limit
                known = within > k  # the row itself is one of them
                if known:
                    upper_halves(joint[:count_xz], halves)
                    radius = kth_by_counting(joint, halves[:count_xz], k + 1, dims, guess, scratch)
            if not known:
                distances(ys[p], i, 0, n, of_y)
                for j in range(n):
                    joint[j] = of_y[j] if of_y[j] > of_xz[j] else of_xz[j]
                upper_halves(joint, halves)
                radius = kth_by_counting(joint, halves, k + 1, dims, guess, scratch)
                if few:
                    limit = REACH * radius
                    count_xz, count_z = rows_near(of_xz, of_z, limit, rows, near_of_xz, near_of_z)
                    distances_to_rows(ys[p], i, rows, count_z, of_y)
            last_radius[0] = radius
            reach = radius - min(error, max_rounding * radius)
            near_xz, near_yz, near_z = 0, 0, 0
            for c in range(count_xz):
                near_xz += kept_xz[c] < reach
            for c in range(count_z):
                near = kept_z[c] < reach
                near_z += near
                near_yz += near & (of_y[c] < reach)
            in_xz[p, i] = max(near_xz, 1)
            in_yz[p, i] = max(near_yz, 1)
            in_z[p, i] = max(near_z, 1)
