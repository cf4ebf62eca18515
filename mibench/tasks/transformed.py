"""A bivariate normal pair seen through maps of each side: the margins change, the MI does not.

I(f(X); g(Y)) = I(X;Y) for injective f and g. Each map below states why it is injective. The maps
and ids are those of Czyz et al., arXiv:2306.11078.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task
from .normal import equal_covariance, normal_information, sample_normal

CORRELATION = 0.75

SOURCE = "I(f(X); g(Y)) = I(X;Y) = -1/2 log(1 - rho^2) for injective f, g: arXiv:2306.11078"

Column: TypeAlias = NDArray[np.float64]  # (n,); an embedding returns (n, 2)


def to_uniform(z: Column) -> Column:
    """Phi(z), the standard normal CDF: strictly increasing, makes a standard normal uniform."""
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def half_cube(z: Column) -> Column:
    """The signed power z sqrt(|z|): strictly increasing, lengthens the tails."""
    return z * np.sqrt(np.abs(z))


def wiggly_x(z: Column) -> Column:
    """A wiggle with slope >= 1 - 0.4 - 0.2 * 1.7 - 0.03 * 3.3 = 0.161: strictly increasing."""
    return z + 0.4 * np.sin(z) + 0.2 * np.sin(1.7 * z + 1) + 0.03 * np.sin(3.3 * z - 2.5)


def wiggly_y(z: Column) -> Column:
    """A wiggle with slope >= 1 - 0.4 * 0.4 - 0.17 * 1.3 - 0.02 * 4.3 = 0.533: increasing."""
    return z - 0.4 * np.sin(0.4 * z) + 0.17 * np.sin(1.3 * z + 3.5) + 0.02 * np.sin(4.3 * z - 2.5)


def swissroll(z: Column) -> Column:
    """Roll Phi(z) up in the plane, (n, 2): u -> (t cos t, t sin t) / 21, t = 1.5 pi (1 + 2 u).

    Injective, since the distance from the origin is t / 21 and t increases strictly with u.
    """
    t = 1.5 * np.pi * (1 + 2 * to_uniform(z))
    return np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / 21


def bimodal_x(z: Column) -> Column:
    """Make a standard normal 0.3 N(0, 1) + 0.7 N(5, 1); strictly increasing."""
    return to_mixture(z, 0.3, 0.0, 5.0)


def bimodal_y(z: Column) -> Column:
    """Make a standard normal 0.5 N(-1, 1) + 0.5 N(3, 1); strictly increasing."""
    return to_mixture(z, 0.5, -1.0, 3.0)


def to_mixture(z: Column, weight: float, low: float, high: float) -> Column:
    """Solve F(x) = Phi(z) for x, with F(x) = weight Phi(x - low) + (1 - weight) Phi(x - high).

    For z > 0 the equal equation 1 - F(x) = Phi(-z) is solved, in terms of upper tails: F(x) and
    Phi(z) round to 1 there, and the largest values would all become the same x.
    """
    from scipy.special import ndtr

    side = np.where(z > 0, -1.0, 1.0)
    target = ndtr(side * z)
    # Phi(x - high) <= F(x) <= Phi(x - low) puts x between z + low and z + high. 56 halvings bring
    # the bracket below the spacing of doubles at its width.
    left, right = z + low, z + high
    for _ in range(56):
        middle = (left + right) / 2
        tail = weight * ndtr(side * (middle - low)) + (1 - weight) * ndtr(side * (middle - high))
        too_far_left = (tail < target) == (side > 0)
        left, right = np.where(too_far_left, middle, left), np.where(too_far_left, right, middle)
    return (left + right) / 2


def sample_transformed(
    n: int,
    rng: np.random.Generator,
    *,
    correlation: float,
    map_x: Callable[[Column], Column],
    map_y: Callable[[Column], Column],
) -> Sample:
    """Draw a normal pair and map each side: x and y (n, 1), or (n, 2) for an embedding."""
    x, y = sample_normal(n, rng, covariance=equal_covariance(2, correlation), dim_x=1)
    return map_x(x[:, 0]).reshape(n, -1), map_y(y[:, 0]).reshape(n, -1)


def tasks() -> list[Task]:
    """The transformed normal pairs, all of them with the MI of 1v1-normal-0.75."""
    cases: list[tuple[str, Callable[[Column], Column], Callable[[Column], Column]]] = [
        ("1v1-bimodal", bimodal_x, bimodal_y),
        ("normal_cdf-1v1-normal", to_uniform, to_uniform),
        ("half_cube-1v1-normal", half_cube, half_cube),
        ("wiggly-1v1-normal", wiggly_x, wiggly_y),
        ("swissroll_x-normal_cdf-1v1-normal", swissroll, to_uniform),
    ]
    return [
        Task(
            name=f"{name}-{CORRELATION}",
            dim_x=2 if map_x is swissroll else 1,
            dim_y=1,
            mi_nats=normal_information(equal_covariance(2, CORRELATION), 1),
            sampler=partial(sample_transformed, correlation=CORRELATION, map_x=map_x, map_y=map_y),
            source=SOURCE,
        )
        for name, map_x, map_y in cases
    ]
