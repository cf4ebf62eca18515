"""Adds Gaussian noise to a layer of a network, and estimates the information that remains."""

import math
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from mibench.errors import InputError

from ..shared.columns import centred, without_rounding
from .search import Algorithm, nearest
from .ties import order_by_values

Float = NDArray[np.float64]
Int = NDArray[np.int64]

OFFSET = 0.3819660112501051  # so that round values lie within a unit and not at its border


def with_noise(columns: Float, variance: float, seed: int, symbols: Int | None) -> Float:
    """The columns (d, n), each minus its median, plus independent N(0, variance) noise.

    The random numbers are seeded by `seed` and a checksum of the values in units of the noise's
    standard deviation, as whole numbers, and assigned to the rows in an order that the data define.
    So the same data get the same noise in any order of rows, also if another processor rounds the
    last digits otherwise.
    symbols (n,): labels of the rows, which distinguish rows of equal values. None where all labels
    differ, since the assignment of noise to equal rows then makes no difference.
    """
    columns = centred(without_rounding(columns, np.sort(columns, axis=1))[0])
    deviation = math.sqrt(variance)
    with np.errstate(over="ignore"):
        coarse = np.floor(columns / deviation + OFFSET) + 0.0
    order = order_by_values(columns, symbols, coarse)
    ordered = columns[:, order]
    rng = np.random.default_rng([seed, crc32(coarse[:, order].tobytes())])
    result = np.empty(columns.shape)
    result[:, order] = ordered + deviation * rng.standard_normal(columns.shape)
    return result


def kozachenko_leonenko_information(
    noisy: Float, variance: float, k: int, algorithm: Algorithm
) -> float:
    """I(X;T + Z) = h(T + Z) - h(Z) in nats, where each row of `noisy` (d, n) has another x.

    h(T + Z) by Kozachenko & Leonenko 1987 in the maximum norm, e_i the distance from row i to its
    k-th neighbour: psi(n) - psi(k) + d log 2 + (d / n) sum_i log e_i (Kraskov et al. 2004, eq. 20,
    doi:10.1103/PhysRevE.69.066138); h(Z) = (d / 2) log(2 pi e variance).
    """
    dims, n = noisy.shape
    if n <= k:
        raise InputError(f"knn needs more than k={k} rows, got {n}: lower k or add rows")
    radius = nearest(noisy, k, dims, algorithm).radius
    if not radius.all():
        raise InputError(
            f"knn: noise_variance={variance:g} is lost in rounding, because the values spread over "
            f"{np.ptp(noisy, axis=1).max():g}: use a larger noise_variance"
        )
    entropy = float(digamma(n) - digamma(k)) + dims * math.log(2) + dims * np.log(radius).mean()
    return float(entropy - dims / 2 * math.log(2 * math.pi * math.e * variance))
