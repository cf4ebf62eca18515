"""Distributions of known MI that no suite has; some constants of `canonical` were tuned on them.

Each function returns a sampler: from a number of rows and a generator to (x, y) or (x, labels).
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

Float = np.ndarray
Sampler = Callable[[int, np.random.Generator], tuple[Float, Float]]

NORMAL_ENTROPY = 0.5 * math.log(2 * math.pi * math.e)
# Of each kind of noise: how it is sampled, and its entropy in nats.
NOISE: dict[str, tuple[Callable[[np.random.Generator, int], Float], float]] = {
    "normal": (lambda rng, n: rng.standard_normal(n), NORMAL_ENTROPY),
    "Laplace": (lambda rng, n: rng.laplace(size=n), 1 + math.log(2)),
    "uniform": (lambda rng, n: rng.random(n), 0.0),
}
INTEGRATION_ROWS = 400_000  # rows that a true MI is averaged over


def narrow(noise: str, nats: float) -> Sampler:
    """Y = x + s e with normal x: the MI is h(y) - h(e) - log s, and h(y) = h(x) to O(s^2)."""
    noise_rows, entropy = NOISE[noise]
    s = math.exp(NORMAL_ENTROPY - entropy - nats)

    def sample(n: int, rng: np.random.Generator) -> tuple[Float, Float]:
        x = rng.standard_normal(n)
        return x, x + s * noise_rows(rng, n)

    return sample


def wave(frequency: float) -> Sampler:
    """Y = sin(w (x_1 + 0.7 x_2)) + 0.1 e, x uniform on a square."""

    def sample(n: int, rng: np.random.Generator) -> tuple[Float, Float]:
        x = rng.random((n, 2))
        return x, np.sin(frequency * (x @ [1, 0.7])) + 0.1 * rng.standard_normal(n)

    return sample


def wave_nats(frequency: float) -> float:
    """h(y) - h(e). The density of y is that of the sine, binned, convolved with the noise."""
    sines = np.sin(frequency * (np.random.default_rng(0).random((INTEGRATION_ROWS, 2)) @ [1, 0.7]))
    density, edges = np.histogram(sines, bins=400, range=(-1, 1), density=True)
    middles = (edges[1:] + edges[:-1]) / 2
    y = np.linspace(-1.6, 1.6, 3201)
    p = (norm.pdf(y[:, np.newaxis], middles, 0.1) * density / 200).sum(axis=1)
    return float(-np.trapezoid(p * np.log(p), y)) - NORMAL_ENTROPY - math.log(0.1)


def classes(count: int) -> Sampler:
    """Normal classes, the centre of each 3 standard deviations out in a dimension of its own."""

    def sample(n: int, rng: np.random.Generator) -> tuple[Float, Float]:
        label = rng.integers(0, count, n)
        return 3 * np.eye(count)[label] + rng.standard_normal((n, count)), label

    return sample


def classes_nats(count: int) -> float:
    """The mean of log p(c | x) / p(c) over a large sample."""
    x, label = classes(count)(INTEGRATION_ROWS // 4, np.random.default_rng(0))
    label_terms = 3 * x[np.arange(len(x)), label]
    return math.log(count) + float(np.mean(label_terms - logsumexp(3 * x, axis=1)))


def close(noise: float, dims: int) -> Sampler:
    """Y = x + s e, both normal, in several dimensions; the MI is dims / 2 log(1 + 1 / s^2)."""

    def sample(n: int, rng: np.random.Generator) -> tuple[Float, Float]:
        x = rng.standard_normal((n, dims))
        return x, x + noise * rng.standard_normal((n, dims))

    return sample
