"""The tasks of the suite `hard`, implemented a second time from their descriptions, and their MI.

Nothing here comes from mibench, so that an error there is not repeated here. A function with noise
has I(X;Y) = h(Y) - h(Y|X). The law of Y is a mixture of many normal distributions: a node of a
quadrature over f(X) is the mean of one, or its standard deviation.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, special, stats

Array = NDArray[np.float64]
Mixture = tuple[Array, Array, Array]  # weights, means, standard deviations


def normal_nodes(step: float = 0.01) -> tuple[Array, Array]:
    """The trapezoid rule for a standard normal variable: its nodes, and weights that sum to 1."""
    u = np.arange(-9, 9 + step / 2, step)
    w = stats.norm.pdf(u) * step
    return u, w


def log_product_nodes(count: int) -> tuple[Array, Array]:
    """|X_1 .. X_count| of standard normals: nodes even in the logarithm, and weights.

    The density of |X_1 X_2| is 2 K_0(r) / pi.
    """
    t = np.arange(-45, 4.2, 0.05)
    r = np.exp(t)
    if count == 1:
        return r, 2 * stats.norm.pdf(r) * r * 0.05
    return r, 2 / np.pi * special.k0(r) * r * 0.05


def mixture_of(name: str) -> Mixture:
    """The normal distributions of Y."""
    kind, *numbers = name.split("-")
    if kind in ("wave", "rotated_wave"):
        u, w = normal_nodes(0.002)
        return w, np.sin(float(numbers[-2]) * u), np.full(len(u), float(numbers[-1]))
    if kind == "line_and_wave":
        u, w = normal_nodes(0.002)
        line, wave, noise = map(float, numbers[-3:])
        return w, np.sin(wave * u), np.full(len(u), np.hypot(line, noise))
    if kind == "product":
        r, w = log_product_nodes(int(numbers[1]) - 1)
        return w, 0 * r, np.hypot(r, float(numbers[-1]))
    if kind == "maximum":
        count, noise = int(numbers[0]), float(numbers[-1])
        u = np.arange(-6, 9, 0.01)
        w = count * stats.norm.pdf(u) * stats.norm.cdf(u) ** (count - 1) * 0.01
        return w, u, np.full(len(u), noise)
    if kind == "squares":
        u, w = normal_nodes()
        return w, u**2, np.full(len(u), float(numbers[-1]))
    if kind == "norm_ratio":
        half, noise = int(numbers[0]) // 2, float(numbers[-1])
        z = np.arange(-12, 12, 0.005)  # the logarithm: tails of exp(-5 |z|)
        log_w = np.log(2) + half * z - special.betaln(half / 2, half / 2)
        w = np.exp(log_w - half * np.logaddexp(0, 2 * z)) * 0.005
        return w, z, np.full(len(z), noise)
    if kind == "line_and_xor":
        step, noise = map(float, numbers[-2:])
        return np.full(2, 0.5), np.array([-step, step]), np.full(2, np.hypot(1, noise))
    if kind == "two_valued_noise":
        step, noise = map(float, numbers[-2:])
        return np.full(2, 0.5), np.array([-step, step]), np.full(2, np.hypot(1, noise))
    assert kind == "parity"
    return np.full(2, 0.5), np.array([-1.0, 1.0]), np.full(2, float(numbers[-1]))


def mixture_entropy(mixture: Mixture, step: float = 0.25) -> float:
    """-integral p log p; panels of Gauss-Legendre as wide as the narrowest standard deviation."""
    w, mean, sd = mixture
    y, log_p = tabulated(mixture, step)
    weights = np.gradient(y)  # refined below
    return float((weights * special.entr(np.exp(log_p))).sum())


def tabulated(mixture: Mixture, step: float) -> tuple[Array, Array]:
    """The logarithm of the density of Y at y = scale sinh(t), t even: dense about 0."""
    w, mean, sd = mixture
    scale = max(sd.min(), 1e-3) * 20
    end = np.arcsinh(np.max(np.abs(mean) + 9 * sd) / scale)
    count = int(np.ceil(2 * end * 20 / step))
    t = np.linspace(-end, end, count | 1)
    y = scale * np.sinh(t)
    keep = w > 1e-40
    log_p = np.concatenate([
        special.logsumexp(
            np.log(w[keep]) - np.log(sd[keep]) - ((part[:, None] - mean[keep]) / sd[keep]) ** 2 / 2,
            axis=1,
        )
        for part in np.array_split(y, max(1, len(y) // 200))
    ]) - np.log(2 * np.pi) / 2
    return y, log_p
