"""Sums of Gaussian kernels over all pairs of rows: exact, O(n^2) time, O(n) memory.

Columns come scaled by their bandwidths, so a kernel is exp(-q / 2) with q the squared Euclidean
distance. Where rows [start, stop) are the targets, each sum runs over all rows j in the same order
for any range, so results do not depend on how rows are shared among threads.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

BLOCK = 128
LANES = 16
LOG2_E = 1.4426950408889634
LN2_HIGH = 0.693147180369123816490  # ln 2 in two parts (Cody & Waite), so that the reduced
LN2_LOW = 1.90821492927058770002e-10  # argument below is exact to the last bit
UNDERFLOW = -700.0


@kernel
def _exp_inplace(values: Float, length: int) -> None:
    """values[i] = exp(-values[i] / 2), a vectorisable loop: within 2 ulp for arguments > -700.

    exp(v) = 2**t * exp(r) with r = v - t ln 2 in [-0.35, 0.35], and a Taylor polynomial for
    exp(r). Arguments below -700 give exp(-700) = 1e-304; `estimators.kde` computes such sums again.
    """
    for i in range(length):
        v = -0.5 * values[i]
        v = v if v > UNDERFLOW else UNDERFLOW
        t = np.rint(v * LOG2_E)
        r = (v - t * LN2_HIGH) - t * LN2_LOW
        p = r * (1 / 6227020800.0) + 1 / 479001600.0
        p = p * r + 1 / 39916800.0
        p = p * r + 1 / 3628800.0
        p = p * r + 1 / 362880.0
        p = p * r + 1 / 40320.0
        p = p * r + 1 / 5040.0
        p = p * r + 1 / 720.0
        p = p * r + 1 / 120.0
        p = p * r + 1 / 24.0
        p = p * r + 1 / 6.0
        p = p * r + 0.5
        p = p * r + 1.0
        p = p * r + 1.0
        exponent = (np.int64(t) + 1023) << 52
        values[i] = p * np.int64(exponent).view(np.float64)


@kernel
def _squared_distances(columns: Float, j: int, start: int, length: int, out: Float) -> None:
    """out[i] = squared distance of rows start + i and j, for i in [0, length)."""
    dims = columns.shape[0]
    column, centre = columns[0, start : start + length], columns[0, j]
    for i in range(length):
        difference = column[i] - centre
        out[i] = difference * difference
    d = 1
    while d + 3 <= dims:  # three at a time: out is read and written less often
        column, centre = columns[d, start : start + length], columns[d, j]
        column_2, centre_2 = columns[d + 1, start : start + length], columns[d + 1, j]
        column_3, centre_3 = columns[d + 2, start : start + length], columns[d + 2, j]
        for i in range(length):
            a, b, c = column[i] - centre, column_2[i] - centre_2, column_3[i] - centre_3
            out[i] += a * a + b * b + c * c
        d += 3
    while d < dims:
        column, centre = columns[d, start : start + length], columns[d, j]
        for i in range(length):
            difference = column[i] - centre
            out[i] += difference * difference
        d += 1


@kernel
def pair_sums(
    x: Float, y: Float, start: int, stop: int, step: int, sums: Float
) -> None:  # fmt: skip
    """Add K(x_i - x_j), K(y_i - y_j), their product, and the squares of the three to sums (6, n).

    They are added at i and at j != i. x: (dx, n), y: (dy, n). Computes each pair once, and only
    pairs whose earlier row is in block `start`, `start + step`, ... < stop; a block has BLOCK rows.
    """
    n = x.shape[1]
    kx, ky = np.empty(BLOCK), np.empty(BLOCK)
    lanes = np.empty((6, LANES))  # partial sums at j; three rows are as many as registers hold
    for block in range(start, stop, step):
        first = block * BLOCK
        length = min(BLOCK, n - first)
        full_lanes = length // LANES * LANES
        tx, ty, txy = (
            sums[0, first : first + length],
            sums[1, first : first + length],
            sums[2, first : first + length],
        )
        txx, tyy, txxyy = (
            sums[3, first : first + length],
            sums[4, first : first + length],
            sums[5, first : first + length],
        )
        for j in range(first, n):
            _squared_distances(x, j, first, length, kx)
            _squared_distances(y, j, first, length, ky)
            _exp_inplace(kx, length)
            _exp_inplace(ky, length)
            if j < first + length:
                kx[j - first] = ky[j - first] = 0.0
            for i in range(length):
                tx[i] += kx[i]
                ty[i] += ky[i]
                txy[i] += kx[i] * ky[i]
            for i in range(length):
                xx, yy = kx[i] * kx[i], ky[i] * ky[i]
                txx[i] += xx
                tyy[i] += yy
                txxyy[i] += xx * yy
            if j < first + length:  # j is one of the rows i itself
                continue
            lanes[:] = 0.0
            for i in range(0, full_lanes, LANES):
                for lane in range(LANES):
                    lanes[0, lane] += kx[i + lane]
                    lanes[1, lane] += ky[i + lane]
                    lanes[2, lane] += kx[i + lane] * ky[i + lane]
            for i in range(0, full_lanes, LANES):
                for lane in range(LANES):
                    xx, yy = kx[i + lane] * kx[i + lane], ky[i + lane] * ky[i + lane]
                    lanes[3, lane] += xx
                    lanes[4, lane] += yy
                    lanes[5, lane] += xx * yy
            for i in range(full_lanes, length):
                lanes[0, i - full_lanes] += kx[i]
                lanes[1, i - full_lanes] += ky[i]
                lanes[2, i - full_lanes] += kx[i] * ky[i]
                xx, yy = kx[i] * kx[i], ky[i] * ky[i]
                lanes[3, i - full_lanes] += xx
                lanes[4, i - full_lanes] += yy
                lanes[5, i - full_lanes] += xx * yy
            for space in range(6):
                total = 0.0
                for lane in range(LANES):
                    total += lanes[space, lane]
                sums[space, j] += total


@kernel
def label_sums(x: Float, labels: Int, start: int, stop: int, sums: Float) -> None:
    """Leave-one-out sums of K(x_i - x_j) over all j, and over the j that have the label of i.

    sums (4, n): the two sums, and those of the squares of K.
    """
    n = x.shape[1]
    kx = np.empty(BLOCK)
    for first in range(start, stop, BLOCK):
        length = min(BLOCK, stop - first)
        tx, same = sums[0, first : first + length], sums[1, first : first + length]
        square_x, square_same = sums[2, first : first + length], sums[3, first : first + length]
        label = labels[first : first + length]
        for i in range(length):
            tx[i] = same[i] = square_x[i] = square_same[i] = 0.0
        for j in range(n):
            _squared_distances(x, j, first, length, kx)
            _exp_inplace(kx, length)
            if first <= j < first + length:
                kx[j - first] = 0.0
            for i in range(length):
                tx[i] += kx[i]
                same[i] += kx[i] if label[i] == labels[j] else 0.0
            for i in range(length):
                square = kx[i] * kx[i]
                square_x[i] += square
                square_same[i] += square if label[i] == labels[j] else 0.0


@kernel
def log_sums(
    targets: Float, ids: Int, columns: Float, labels: Int, start: int, stop: int, out: Float
) -> None:
    """Log of the leave-one-out sums of kernels at some rows, over the other rows of their label.

    For rows so far from all others that their sums underflow, as they do in hundreds of
    dimensions: a first sweep finds the exponent of the nearest row, a second one sums relative to
    it. targets (d, m): rows `ids` (m,) of columns (d, n); labels (n,), all equal where they play no
    part; out (m,), written at [start, stop): -inf where no other row has the label.
    """
    n = columns.shape[1]
    q, nearest, total = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for first in range(start, stop, BLOCK):
        length = min(BLOCK, stop - first)
        nearest[:] = np.inf
        total[:] = 0.0
        for sweep in range(2):
            for j in range(n):
                for i in range(length):
                    q[i] = 0.0
                for d in range(columns.shape[0]):
                    column, centre = targets[d, first : first + length], columns[d, j]
                    for i in range(length):
                        difference = column[i] - centre
                        q[i] += difference * difference
                for i in range(length):
                    excluded = ids[first + i] == j or labels[ids[first + i]] != labels[j]
                    q[i] = np.inf if excluded else q[i]
                if sweep == 0:
                    for i in range(length):
                        nearest[i] = q[i] if q[i] < nearest[i] else nearest[i]
                else:
                    for i in range(length):
                        if q[i] < np.inf:
                            total[i] += math.exp(-0.5 * (q[i] - nearest[i]))
        for i in range(length):
            has_other = nearest[i] < np.inf
            out[first + i] = math.log(total[i]) - 0.5 * nearest[i] if has_other else -np.inf
