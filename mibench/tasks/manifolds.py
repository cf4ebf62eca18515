"""Angles and directions: both sides lie on a circle or a sphere, as measured wind or headings do.

X is uniform, and Y is X turned by noise of the von Mises distribution, or of the von Mises-Fisher
distribution on the sphere: Mardia & Jupp, "Directional Statistics", doi:10.1002/9780470316979. So Y
is uniform, too, and I(X;Y) = log(area) - h(noise).
"""

from functools import partial
from math import log, log1p, pi, tanh

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task

SOURCE = "doi:10.1002/9780470316979"


def von_mises_information(kappa: float) -> float:
    """I(X;Y) = kappa A - log I_0(kappa) nats, with A = I_1(kappa) / I_0(kappa) = E cos(noise).

    The trapezoid rule on the circle is exact to rounding, since the integrand is periodic.
    """
    cosine = np.cos(2 * pi / 1000 * np.arange(1000))
    density = np.exp(kappa * (cosine - 1))
    mean = density.mean()  # I_0(kappa) exp(-kappa)
    return float(kappa * (cosine * density).mean() / mean - kappa - log(mean))


def fisher_information(kappa: float) -> float:
    """I(X;Y) = kappa coth(kappa) - 1 + log(kappa / sinh(kappa)) nats on the sphere in space."""
    log_sinh = kappa + log1p(-np.exp(-2 * kappa)) - log(2)
    return float(kappa / tanh(kappa) - 1 + log(kappa) - log_sinh)


def on_circle(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points (n, 2) of angles (n,)."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def sample_von_mises(n: int, rng: np.random.Generator, *, kappa: float) -> Sample:
    """Draw unit vectors x and y (n, 2): a uniform angle, and that angle with von Mises noise."""
    angle = rng.uniform(0, 2 * pi, size=n)
    return on_circle(angle), on_circle(angle + rng.vonmises(0, kappa, size=n))


def sample_fisher(n: int, rng: np.random.Generator, *, kappa: float) -> Sample:
    """Draw unit vectors x and y (n, 3): y has the component w along x, the rest is at random.

    w has the density exp(kappa w) on (-1, 1): the quantile function gives it from a uniform number.
    """
    x, other = rng.standard_normal((2, n, 3))
    x /= np.sqrt((x**2).sum(axis=1, keepdims=True))
    across = other - (other * x).sum(axis=1, keepdims=True) * x
    across /= np.sqrt((across**2).sum(axis=1, keepdims=True))
    u = rng.random((n, 1))
    below_one = -np.log(u + (1 - u) * np.exp(-2 * kappa)) / kappa  # 1 - w, without cancellation
    return x, (1 - below_one) * x + np.sqrt(below_one * (2 - below_one)) * across


def tasks() -> list[Task]:
    """Circles at three widths of the noise, and spheres at two."""
    return [
        *(
            Task(
                name=f"von_mises-{kappa}",
                dim_x=2,
                dim_y=2,
                mi_nats=von_mises_information(kappa),
                sampler=partial(sample_von_mises, kappa=kappa),
                source=f"I = kappa I1/I0 - log I0(kappa), {SOURCE}",
            )
            for kappa in (5, 20, 200)
        ),
        *(
            Task(
                name=f"von_mises_fisher-{kappa}",
                dim_x=3,
                dim_y=3,
                mi_nats=fisher_information(kappa),
                sampler=partial(sample_fisher, kappa=kappa),
                source=f"I = kappa coth(kappa) - 1 + log(kappa / sinh(kappa)), {SOURCE}",
            )
            for kappa in (2, 20)
        ),
    ]
