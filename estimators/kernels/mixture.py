"""Sums of Gaussian kernels among the centres of a mixture, near pairs only, each pair once.

Columns come scaled so that a kernel is 2^-q, q the squared Euclidean distance. Rows are in the
order of a k-d tree's leaves, whose boxes show which leaves are too far apart to matter; so do the
first dimensions of a row, for the rest of it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

LOWEST = -1000.0  # 2^-1000 is a number, and nothing beside the 1 of a row's own kernel
SHIFT = 1.5 * 2.0**52  # numbers of this size are whole, and hold v in their lowest bits
C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11 = (
    math.log(2) ** power / math.factorial(power) for power in range(1, 12)
)


@kernel
def _add_kernels(q: Float, length: int, total: Float) -> None:
    """q[i] = 2^-q[i], added to total[i]: within 1e-14, relatively, for q < 1000.

    2^v = 2^t * 2^r with r = v - t in [-0.5, 0.5], and a Taylor polynomial for 2^r, to whose
    exponent t is added. A vectorisable loop.
    """
    for i in range(length):
        v = -q[i]
        v = v if v > LOWEST else LOWEST
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
    """q[i] = squared distance of rows first + i and j; False as soon as all are beyond far."""
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
            second, centre_2 = columns[d + 1, first : first + length], columns[d + 1, j]
            third, centre_3 = columns[d + 2, first : first + length], columns[d + 2, j]
            for i in range(length):
                one, two, three = column[i] - centre, second[i] - centre_2, third[i] - centre_3
                q[i] += one * one + two * two + three * three
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
    """The sum, in four parts that a vector holds."""
    one = two = three = four = 0.0
    whole = length // 4 * 4
    for i in range(0, whole, 4):
        one += values[i]
        two += values[i + 1]
        three += values[i + 2]
        four += values[i + 3]
    for i in range(whole, length):
        one += values[i]
    return (one + two) + (three + four)


@kernel
def mixture_sums(
    columns: Float, labels: Int, bounds: Int, box: Float, far: float, start: int, stop: int,
    step: int, sums: Float,
) -> None:  # fmt: skip
    """Add 2^-q for the pairs of rows whose earlier leaf is `start`, `start + step`, ... < stop.

    columns (d, n); labels (m, n); bounds (leaves, 2), box (leaves, 2, d): first and last row and
    extremes of each leaf. sums (m + 1, n), added to: for each row over all rows j, itself included,
    then for each of m labellings over the rows j of its label. Pairs with q > far may be left out.
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
                if b > a:  # within a leaf, j itself comes by as one of the rows i
                    sums[0, j] += _sum(q, length)
                for m in range(labels.shape[0]):
                    label, total = labels[m, first:last], sums[m + 1, first:last]
                    for i in range(length):
                        same[i] = q[i] if label[i] == labels[m, j] else 0.0
                        total[i] += same[i]
                    if b > a:
                        sums[m + 1, j] += _sum(same, length)
