"""Sums of Gaussian kernels among the centres of a mixture: near pairs only, each pair once.

Columns come scaled so that a kernel is 2^-q, with q the squared Euclidean distance. Rows are in the
order of the leaves of a k-d tree. Pairs of leaves whose boxes are too far apart are skipped. So are
pairs of rows as soon as their first dimensions put them too far apart.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MIN_EXPONENT = -1000.0  # 2^-1000 is a normal number, and negligible next to 1, a row's own kernel
SHIFT = 1.5 * 2.0**52  # v + SHIFT is a whole number, with v rounded in its lowest bits
C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11 = (
    math.log(2) ** power / math.factorial(power) for power in range(1, 12)
)


@kernel
def _add_kernels(q: Float, length: int, total: Float) -> None:
    """q[i] = 2^-q[i], also added to total[i]. The relative error is below 1e-14 for q < 1000.

    2^v = 2^t * 2^r with r = v - t in [-0.5, 0.5]: a Taylor polynomial gives 2^r, and t is added to
    its exponent. The loop compiles to vector instructions.
    """
    for i in range(length):
        v = -q[i]
        v = v if v > MIN_EXPONENT else MIN_EXPONENT
        shifted = v + SHIFT
        r = v - (shifted - SHIFT)
        p = r * C11 + C10
        p = p * r + C9
        p = p * r + C8
        p = p * r + C7
        p = p * r + C6
        p = p * r + C5
        p = p * r + C4
        p = p * r + C3
        p = p * r + C2
        p = p * r + C1
        p = p * r + 1.0
        bits = np.float64(p).view(np.int64) + (np.float64(shifted).view(np.int64) << 52)
        q[i] = np.int64(bits).view(np.float64)
        total[i] += q[i]


@kernel
def _box_gap(box: Float, a: int, b: int) -> float:
    """The squared distance between two boxes; 0 where they touch."""
    total = 0.0
    for d in range(box.shape[2]):
        gap = max(0.0, box[a, 0, d] - box[b, 1, d], box[b, 0, d] - box[a, 1, d])
        total += gap * gap
    return total


@kernel
def _any_near(columns: Float, j: int, first: int, length: int, far: float, q: Float) -> bool:
    """q[i] = squared distance of rows first + i and j. False as soon as all exceed far."""
    dims = columns.shape[0]
    column, centre = columns[0, first : first + length], columns[0, j]
    for i in range(length):
        difference = column[i] - centre
        q[i] = difference * difference
    d = 1
    while d < dims:
        near = np.int64(0)
        column, centre = columns[d, first : first + length], columns[d, j]
        if d + 2 < dims:  # three at a time: q is read and written less often
            column_2, centre_2 = columns[d + 1, first : first + length], columns[d + 1, j]
            column_3, centre_3 = columns[d + 2, first : first + length], columns[d + 2, j]
            for i in range(length):
                a, b, c = column[i] - centre, column_2[i] - centre_2, column_3[i] - centre_3
                q[i] += a * a + b * b + c * c
                near += np.int64(q[i] < far)
            d += 3
        else:
            for i in range(length):
                difference = column[i] - centre
                q[i] += difference * difference
                near += np.int64(q[i] < far)
            d += 1
        if near == 0:
            return False
    return True


@kernel
def _sum(values: Float, length: int) -> float:
    """The sum of values[:length], by four partial sums that a vector register holds."""
    sum_0 = sum_1 = sum_2 = sum_3 = 0.0
    full = length // 4 * 4
    for i in range(0, full, 4):
        sum_0 += values[i]
        sum_1 += values[i + 1]
        sum_2 += values[i + 2]
        sum_3 += values[i + 3]
    for i in range(full, length):
        sum_0 += values[i]
    return (sum_0 + sum_1) + (sum_2 + sum_3)


@kernel
def mixture_sums(
    columns: Float, labels: Int, bounds: Int, box: Float, far: float, start: int, stop: int,
    step: int, sums: Float,
) -> None:  # fmt: skip
    """Add 2^-q for the pairs of rows whose earlier leaf is `start`, `start + step`, ... < stop.

    columns (d, n); labels (m, n): m labellings of the rows; bounds (leaves, 2), box (leaves, 2, d):
    first and last row, smallest and largest values of each leaf. Added to: sums (m + 1, n), for
    each row the sum over all rows j, itself included, then for each labelling the sum over the rows
    j of its label. Pairs with q > far may be left out.
    """
    leaves = bounds.shape[0]
    widest = 0
    for a in range(leaves):
        widest = max(widest, bounds[a, 1] - bounds[a, 0])
    q, same = np.empty(widest), np.empty(widest)
    for a in range(start, stop, step):
        first, last = bounds[a, 0], bounds[a, 1]
        length = last - first
        for b in range(a, leaves):
            if _box_gap(box, a, b) > far:
                continue
            for j in range(bounds[b, 0], bounds[b, 1]):
                if not _any_near(columns, j, first, length, far, q):
                    continue
                _add_kernels(q, length, sums[0, first:last])
                if b > a:  # within a leaf, j is one of the rows i itself
                    sums[0, j] += _sum(q, length)
                for m in range(labels.shape[0]):
                    label, total = labels[m, first:last], sums[m + 1, first:last]
                    for i in range(length):
                        same[i] = q[i] if label[i] == labels[m, j] else 0.0
                        total[i] += same[i]
                    if b > a:
                        sums[m + 1, j] += _sum(same, length)
