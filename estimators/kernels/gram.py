"""Sums over all pairs of rows of products of Gaussian kernels, without a matrix of pairs."""

import math

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@kernel
def sums_of_squares(x: Float, y: Float, symbols: Int, start: int, stop: int, sums: Float) -> None:
    """Sums over rows j > i of K_ij^2, L_ij^2 and K_ij^2 L_ij^2, for each row i of [start, stop).

    x (dx, n), y (dy, n): columns in units in which K_ij^2 = exp(-|x_i - x_j|^2), and L_ij^2 the
    same of y. symbols (n,): labels of the side y, if y has no columns: L_ij is then 1 where they
    are equal, else 0. Written: sums (n, 3).
    """
    n = x.shape[1]
    labelled = y.shape[0] == 0
    for i in range(start, stop):
        of_x, of_y, of_both = 0.0, 0.0, 0.0
        for j in range(i + 1, n):
            distance = 0.0
            for d in range(x.shape[0]):
                distance += (x[d, i] - x[d, j]) ** 2
            k = math.exp(-distance)
            if labelled:
                l = 1.0 if symbols[i] == symbols[j] else 0.0
            else:
                distance = 0.0
                for d in range(y.shape[0]):
                    distance += (y[d, i] - y[d, j]) ** 2
                l = math.exp(-distance)
            of_x += k
            of_y += l
            of_both += k * l
        sums[i, 0], sums[i, 1], sums[i, 2] = of_x, of_y, of_both
