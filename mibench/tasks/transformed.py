"""Distributions after a map of each side: the margins change, the MI does not.

I(f(X); g(Y)) = I(X;Y) for injective f and g. Each map below states why it is injective. Maps
compose: "spiral-normal_cdf-T" is the spiral of the normal_cdf of T. The maps and ids are those of
Czyz et al., arXiv:2306.11078.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Sampler, Task
from . import normal, student

PAIR = "1v1-normal-0.75"
SPARSE = tuple(f"multinormal-sparse-{d}-{d}-2-2.0" for d in (3, 5, 25))
STUDENT = tuple(f"student-identity-{case}" for case in ("1-1-1", "2-2-1", "3-3-2", "5-5-2"))

Array: TypeAlias = NDArray[np.float64]  # (n, d), or of any shape where a map is elementwise
Map: TypeAlias = Callable[[Array], Array]


def to_uniform(z: Array) -> Array:
    """Phi(z), the standard normal CDF: strictly increasing, makes a standard normal uniform."""
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def half_cube(z: Array) -> Array:
    """The signed power z sqrt(|z|): strictly increasing, lengthens the tails."""
    return z * np.sqrt(np.abs(z))


def wiggly_x(z: Array) -> Array:
    """A wiggle with slope >= 1 - 0.4 - 0.2 * 1.7 - 0.03 * 3.3 = 0.161: strictly increasing."""
    return z + 0.4 * np.sin(z) + 0.2 * np.sin(1.7 * z + 1) + 0.03 * np.sin(3.3 * z - 2.5)


def wiggly_y(z: Array) -> Array:
    """A wiggle with slope >= 1 - 0.4 * 0.4 - 0.17 * 1.3 - 0.02 * 4.3 = 0.533: increasing."""
    return z - 0.4 * np.sin(0.4 * z) + 0.17 * np.sin(1.3 * z + 3.5) + 0.02 * np.sin(4.3 * z - 2.5)


def asinh(z: Array) -> Array:
    """The inverse hyperbolic sine: strictly increasing, shortens heavy tails."""
    return np.asarray(np.arcsinh(z))


def spiral(z: Array, *, first: int) -> Array:
    """Turn coordinates `first` and the next by an angle of |z|^2 / d: (n, d) -> (n, d).

    Injective, since a rotation keeps |z|, which determines the angle to turn back.
    """
    angle = (z**2).sum(axis=1) / z.shape[1]
    cosine, sine = np.cos(angle), np.sin(angle)
    a, b = z[:, first], z[:, first + 1]
    turned = z.copy()
    turned[:, first], turned[:, first + 1] = cosine * a + sine * b, cosine * b - sine * a
    return turned


def swissroll(z: Array) -> Array:
    """Roll Phi(z) up in the plane, (n, 1) -> (n, 2): u -> (t cos t, t sin t) / 21.

    t = 1.5 pi (1 + 2 u). Injective, since the distance from the origin is t / 21 and t increases
    strictly with u.
    """
    t = 1.5 * np.pi * (1 + 2 * to_uniform(z.ravel()))
    return np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / 21


def bimodal_x(z: Array) -> Array:
    """Make a standard normal 0.3 N(0, 1) + 0.7 N(5, 1); strictly increasing."""
    return to_mixture(z, 0.3, 0.0, 5.0)


def bimodal_y(z: Array) -> Array:
    """Make a standard normal 0.5 N(-1, 1) + 0.5 N(3, 1); strictly increasing."""
    return to_mixture(z, 0.5, -1.0, 3.0)


def to_mixture(z: Array, weight: float, low: float, high: float) -> Array:
    """Solve F(x) = Phi(z) for x, with F(x) = weight Phi(x - low) + (1 - weight) Phi(x - high).

    For z > 0 the equivalent equation 1 - F(x) = Phi(-z) of upper tails is solved. F(x) and Phi(z)
    round to 1 there, and the largest values would all get the same x.
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


# Name -> the maps of x and of y. The two planes of a spiral share a coordinate.
MAPS: dict[str, tuple[Map, Map]] = {
    "normal_cdf": (to_uniform, to_uniform),
    "half_cube": (half_cube, half_cube),
    "asinh": (asinh, asinh),
    "wiggly": (wiggly_x, wiggly_y),
    "spiral": (partial(spiral, first=0), partial(spiral, first=1)),
    "swissroll_x-normal_cdf": (swissroll, to_uniform),
}


def sample_transformed(
    n: int, rng: np.random.Generator, *, base: Sampler, map_x: Map, map_y: Map
) -> Sample:
    """Draw from the base distribution and map each side."""
    x, y = base(n, rng)
    return map_x(x), map_y(y)


def transformed(name: str, base: Task, map_x: Map, map_y: Map) -> Task:
    """The task of injective maps of both sides of another task."""
    return Task(
        name=name,
        dim_x=2 if map_x is swissroll else base.dim_x,
        dim_y=base.dim_y,
        mi_nats=base.mi_nats,
        sampler=partial(sample_transformed, base=base.sampler, map_x=map_x, map_y=map_y),
        version=base.version,
        source=f"I(f(X); g(Y)) = I(X;Y) for injective f, g, arXiv:2306.11078; {base.source}",
    )


def through(name: str, base: Task) -> Task:
    """The task `name-base`, by a pair of maps of `MAPS`."""
    return transformed(f"{name}-{base.name}", base, *MAPS[name])


def tasks() -> list[Task]:
    """Transformed tasks, each with the MI of its base."""
    bases = {task.name: task for task in [*normal.tasks(), *student.tasks()]}
    pair, sparse = bases[PAIR], [bases[name] for name in SPARSE]
    tasks = [transformed("1v1-bimodal-0.75", pair, bimodal_x, bimodal_y)]
    tasks += [
        through(name, pair)
        for name in ("normal_cdf", "half_cube", "wiggly", "swissroll_x-normal_cdf")
    ]
    uniform = [through("normal_cdf", task) for task in sparse]
    tasks += [*uniform, *(through("half_cube", task) for task in sparse)]
    tasks += [through("spiral", task) for task in [*sparse, *uniform]]
    return [*tasks, *(through("asinh", bases[name]) for name in STUDENT)]
