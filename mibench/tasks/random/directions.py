"""Sides that lie on a circle, a sphere or a band: angles, unit vectors, bounded noise."""

from functools import partial

import numpy as np

from ...types import Sample
from ..additive import additive_information, sample_additive
from ..manifolds import fisher_information, sample_fisher, sample_von_mises, von_mises_information
from .distribution import Distribution, Generator, known


def angles(rng: Generator) -> Distribution:
    """An angle as (cos, sin), and that angle with von Mises noise."""
    kappa = float(np.exp(rng.uniform(-1.0, 5.5)))
    sampler = partial(sample_von_mises, kappa=kappa)
    nats = von_mises_information(kappa)
    return Distribution(2, 2, sampler, known(nats), free_x=False, free_y=False)


def unit_vectors(rng: Generator) -> Distribution:
    """A unit vector in space, and another near it, of the von Mises-Fisher distribution."""
    kappa = float(np.exp(rng.uniform(0.0, 5.5)))
    sampler = partial(sample_fisher, kappa=kappa)
    return Distribution(3, 3, sampler, known(fisher_information(kappa)), free_x=False, free_y=False)


def band(rng: Generator) -> Distribution:
    """A uniform number, and the same with uniform noise, which may be narrow."""
    width = float(np.exp(rng.uniform(-6.0, 1.5)))
    return Distribution(
        1, 1, partial(sample_additive, width=width), known(additive_information(width))
    )


def ring(rng: Generator) -> Distribution:
    """X and Y are the coordinates of points around a circle, at a normal distance from it."""
    noise = float(np.exp(rng.uniform(-3.5, -0.5)))

    def sample(n: int, rng: Generator) -> Sample:
        angle = rng.uniform(0, 2 * np.pi, size=(n, 1))
        z = noise * rng.standard_normal((2, n, 1))
        return np.cos(angle) + z[0], np.sin(angle) + z[1]

    return Distribution(1, 1, sample, partial(_ring_information, noise))


def _ring_information(noise: float) -> tuple[float, float]:
    """I = 2 h(X) - h(X, Y), with densities by Bessel functions, on a fine grid of the radius.

    p(x, y) = exp(-(r^2 + 1) / (2 s^2)) I_0(r / s^2) / (2 pi s^2), and p(x) is the mean over angles.
    """
    from scipy.special import i0e

    step = noise / 40
    radius = np.arange(step / 2, 1 + 9 * noise, step)
    joint = np.exp(-((radius - 1) ** 2) / (2 * noise**2)) * i0e(radius / noise**2)
    joint /= 2 * np.pi * noise**2
    kept = joint > 0
    area = 2 * np.pi * radius[kept] * step
    h_joint = -float((area * joint[kept] * np.log(joint[kept])).sum())
    angles = 2 * np.pi * (np.arange(4000) + 0.5) / 4000
    points = np.arange(-1 - 9 * noise, 1 + 9 * noise, noise / 10)
    density = np.array(
        [np.exp(-((p - np.cos(angles)) ** 2) / (2 * noise**2)).mean() for p in points]
    ) / (noise * np.sqrt(2 * np.pi))
    h_side = -float((density * np.log(np.maximum(density, 1e-300))).sum() * noise / 10)
    return max(2 * h_side - h_joint, 0.0), 1e-3
