"""A joint distribution that a family draws at random, and what families share to draw it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...types import Sampler

Array: TypeAlias = NDArray[np.float64]
Generator: TypeAlias = np.random.Generator


@dataclass(frozen=True)
class Distribution:
    """A joint distribution of (X, Y) whose MI is known.

    Attributes:
        dim_x: the number of columns of X.
        dim_y: the number of columns of Y.
        sampler: a function (n, generator) -> x (n, dim_x), y (n, dim_y).
        information: a function () -> (MI in nats, its standard error). It is a function because a
            process that only draws samples does not need the MI, which may take a second.
        discrete_x: whether X is a label.
        discrete_y: the same for Y.
        free_x: whether X may be mapped by any injective map. False for labels, and for columns
            that have atoms or lie on a curve, where only the order of columns may change.
        free_y: the same for Y.
    """

    dim_x: int
    dim_y: int
    sampler: Sampler
    information: Callable[[], tuple[float, float]]
    discrete_x: bool = False
    discrete_y: bool = False
    free_x: bool = True
    free_y: bool = True


Family: TypeAlias = Callable[[Generator], Distribution]


def known(nats: float) -> Callable[[], tuple[float, float]]:
    """The information of a distribution whose MI has a closed form."""
    return lambda: (float(nats), 0.0)


def draw_nats(rng: Generator, low: float = 0.02, high: float = 6.0) -> float:
    """An MI, log-uniform between low and high."""
    return exp(rng.uniform(log(low), log(high)))


def draw_dims(rng: Generator, most: int = 256) -> int:
    """A number of columns: 1 in a third of the cases, at most 5 in two thirds."""
    ends = ((1, 1), (2, 5), (6, 25), (26, 256))
    low, high = ends[rng.choice(4, p=(0.35, 0.35, 0.22, 0.08))]
    return int(min(round(exp(rng.uniform(log(low), log(high)))), most))


def draw_shares(rng: Generator, parts: int) -> Array:
    """How a total is split into parts: one part has all, or they are alike, or very different."""
    evenness = rng.choice((0.3, 1.0, 10.0))
    shares = rng.gamma(evenness, size=parts) + 1e-12
    return np.asarray(shares / shares.sum())


def correlation_of(nats: float) -> float:
    """The correlation of a normal pair of this MI: I = -1/2 log(1 - r^2)."""
    return sqrt(-np.expm1(-2 * nats))


def random_rotation(rng: Generator, dims: int) -> Array:
    """A random orthogonal matrix (dims, dims), uniform."""
    q, r = np.linalg.qr(rng.standard_normal((dims, dims)))
    return np.asarray(q * np.sign(np.diag(r)))
