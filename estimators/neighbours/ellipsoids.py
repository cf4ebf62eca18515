"""Entropy from ellipsoids that follow the shape of each neighbourhood (Lord, Sun & Bollt 2018)."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from .local_shape import vectors_to_neighbours

Float = NDArray[np.float64]


def ellipsoid_entropy_nats(columns: Float, k: int) -> float:
    """The differential entropy in nats of columns (d, n), n > k >= d, without equal rows.

    `estimators.geometric` has the formula; doi:10.1063/1.5011683.
    """
    dims, n = columns.shape
    terms = np.empty(n)
    for rows, vectors, distances in vectors_to_neighbours(columns, k, 2):
        terms[rows] = _log_volumes_per_row(vectors, distances)
    unit_ball = dims / 2 * math.log(math.pi) - float(gammaln(1 + dims / 2))
    # Sorted, so that the last digit does not depend on the order of the rows.
    return float(math.log(n) + unit_ball + np.sort(terms).mean())


def _log_volumes_per_row(vectors: Float, distances: Float) -> Float:
    """D log e + sum_l log(s_l / s_1) - log(k_i) for m rows: vectors (m, k, d), distances (m,)."""
    m, _, dims = vectors.shape
    in_units = vectors / distances[:, np.newaxis, np.newaxis]
    whole = np.concatenate([np.zeros((m, 1, dims)), in_units], axis=1)  # the row itself first
    centred = whole - whole.mean(axis=1, keepdims=True)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    shares = singular / singular[:, :1]  # (m, d): the semi-axes in units of the distance
    along_axes = in_units @ np.swapaxes(axes, 1, 2)
    inside = ((along_axes / shares[:, np.newaxis, :]) ** 2).sum(axis=2) <= 1
    held = np.maximum(inside.sum(axis=1), 1)
    return np.asarray(dims * np.log(distances) + np.log(shares).sum(axis=1) - np.log(held))
