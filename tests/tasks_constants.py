"""Recomputes the constants of mibench/tasks/mixtures.py and mibench/tasks/layer.py.

The mixtures' constants come from the quadratures here. The Monte Carlo estimate of a layer confirms
its constants, which come from `grid_information` in tests/tasks_recomputed.py.

`python -m tests.tasks_constants` prints the constants of the mixtures, the quadratures here with
the documented steps and with half of them, and the quadratures of tests/mixtures_recomputed.py.
"""

import sys
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from mibench.tasks.layer import activations
from mibench.tasks.mixtures import KNOWN_NATS, OUTLIER_VARIANCE, PICTURES, Mixture

from .mixtures_recomputed import EXACT

Array = NDArray[np.float64]


def plane_information(mixture: Mixture, step: float) -> float:
    """I(X;Y) in nats of one-dimensional X and Y: the integral of p log p / (p_x p_y) on a grid.

    The step is in units of the smallest standard deviation of a coordinate given the other.
    """
    sd = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
    low, high = (mixture.means - 9 * sd).min(axis=0), (mixture.means + 9 * sd).max(axis=0)
    step /= float(np.sqrt(np.diagonal(np.linalg.inv(mixture.covariances), axis1=1, axis2=2)).max())
    x, y = (np.arange(a, b, step) for a, b in zip(low, high, strict=True))
    p, p_x, p_y = np.zeros((len(x), len(y))), np.zeros(len(x)), np.zeros(len(y))
    for weight, mean, ((a, c), (_, b)) in zip(*mixture, strict=True):
        of_x = weight * _normal(x - mean[0], a)
        p += of_x[:, None] * _normal(y - mean[1] - c / a * (x[:, None] - mean[0]), b - c**2 / a)
        p_x += of_x
        p_y += weight * _normal(y - mean[1], b)
    positive = p > 0  # elsewhere it underflows
    ratio = p[positive] / np.outer(p_x, p_y)[positive]
    return float((p[positive] * np.log(ratio)).sum()) * step**2


def in_the_plane(name: str) -> Mixture:
    """The distribution of a picture with one-dimensional x and the same MI.

    Two pictures have a two-dimensional x. One of its coordinates is independent of everything else:
    that orthogonal to the line through the centres of the balls, and that along a stripe. The other
    coordinate is sufficient for Y.
    """
    mixture, _ = PICTURES[name]
    if mixture.means.shape[1] == 2:
        return mixture
    half = sqrt(0.5)
    first = [half, half, 0.0] if name == "2v1-galaxy-0.5-3.0" else [1.0, 0.0, 0.0]
    rows = np.array([first, [0.0, 0.0, 1.0]])
    return Mixture(mixture.weights, mixture.means @ rows.T, rows @ mixture.covariances @ rows.T)


def outliers_information(share: float, step: float) -> float:
    """I(X;Y) in nats as the gap in Jensen's inequality, in four dimensions.

    Let q be the density of the outliers, t = (1 - share) p(y|x) / (share q(y)) without them, T its
    mean over x, and G(t) = (1 + t) log(1 + t). The log-ratio is log((1 + t) / (1 + T)), hence

        I = share * integral of q(y) (E_x G(t) - G(T)) over y.

    The sum and difference of each side's coordinates, over sqrt 2, form two independent pairs of
    variance 1 +- 0.01 / 5.01. The grid of a pair (u, v) is one of u and of z = v - r u; its step is
    in units of the standard deviation of z.
    """
    odds = (1 - share) / share
    joint, margin = [], []
    for variance in (5.02 / 5.01, 5 / 5.01):
        r = 4 / 5.01 / variance
        residual = variance * (1 - r**2)
        # u > 0 only, counted twice, since (u, z) and (-u, -z) have equal densities. The grid ends
        # at 9 standard deviations, where the density is exp(-40).
        u = (np.arange(0, 9, 3 * step)[:, None] + 1.5 * step) * sqrt(variance)
        z = np.arange(-9, 9, step) * sqrt(residual)
        q = _normal(r * u + z, OUTLIER_VARIANCE)
        area = 3 * step * sqrt(variance) * step * sqrt(residual)
        joint.append((2 * area * _normal(u, variance) * q, _normal(z, residual) / q))
        v = np.arange(-9, 9, step / 2)
        q = _normal(v, OUTLIER_VARIANCE)
        margin.append((q * step / 2, _normal(v, variance) / q))

    def mean_of_g(pairs: list[tuple[Array, Array]]) -> float:
        (weight_1, ratio_1), (weight_2, ratio_2) = [(w.ravel(), t.ravel()) for w, t in pairs]
        t = odds * np.outer(ratio_1, ratio_2)
        return float(weight_1 @ ((1 + t) * np.log1p(t)) @ weight_2)

    return share * (mean_of_g(joint) - mean_of_g(margin))


def _normal(v: Array, variance: float) -> Array:
    """The centred normal density."""
    return np.asarray(np.exp(v**2 / (-2 * variance)) / sqrt(2 * np.pi * variance))


def layer_information(units: int, sigma: float, draws: int, seed: int) -> tuple[float, float]:
    """I(X;T) of the layer in nats by Monte Carlo, with its standard error.

    I = E log p(t|x) / p(t) = E [-|z|^2 / 2 - log mean_j exp(-|t - m_j|^2 / (2 sigma^2))] for
    t = m_x + sigma z. This is h(T) - h(noise) with the noise's own log-density, whose mean is
    known, as control variate. Strata: each of the 4096 patterns gets the same number of draws.
    """
    if draws < 2:
        raise ValueError(f"a standard error needs at least 2 draws per pattern, got {draws}")
    rng = np.random.default_rng(seed)
    centres = activations(units) / sigma  # in units of the noise
    half_squares = (centres**2).sum(axis=1) / 2
    total, variance = 0.0, 0.0
    per_chunk = max(1, 1024 // draws)  # patterns at a time: about 1024 x 4096 distances, 32 MB
    for start in range(0, len(centres), per_chunk):
        means = centres[start : start + per_chunk]
        ratios = np.empty((len(means), draws))
        for first in range(0, draws, 1024):
            columns = ratios[:, first : first + 1024]
            z = rng.standard_normal((*columns.shape, units))
            t = (means[:, None, :] + z).reshape(-1, units)
            # -|t - m|^2 / 2 by the scalar product, (rows, 4096). The own centre keeps the sum
            # above exp(-|z|^2 / 2), so it cannot underflow.
            kernel = t @ centres.T
            kernel -= half_squares
            kernel -= (t**2).sum(axis=1, keepdims=True) / 2
            log_mean = np.log(np.exp(kernel, out=kernel).mean(axis=1))
            columns[:] = -(z**2).sum(axis=2) / 2 - log_mean.reshape(columns.shape)
        total += float(ratios.mean(axis=1).sum())
        variance += float(ratios.var(axis=1, ddof=1).sum()) / draws
    return total / len(centres), variance**0.5 / len(centres)


if __name__ == "__main__":
    for task, known in KNOWN_NATS.items():
        if task in PICTURES:
            distribution = in_the_plane(task)
            nats = [plane_information(distribution, step) for step in (1 / 8, 1 / 16)]
        else:
            noise_share = float(task.rsplit("-", 1)[1])
            nats = [outliers_information(noise_share, step) for step in (1 / 5, 1 / 10)]
        sys.stdout.write(f"{task}: {known}, by these {nats}, by others {EXACT[task][0]()}\n")
