"""Pairs of uniform columns with an Archimedean or a Plackett copula, and vines of such pairs.

Nelsen, "An Introduction to Copulas", 2nd ed. 2006, doi:10.1007/0-387-28678-0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ...types import Sample
from .distribution import Array, Distribution, Generator
from .truth import mean_log_ratio

EDGE = 1e-12  # uniform numbers are kept inside (EDGE, 1 - EDGE), where densities are finite

Density: TypeAlias = Callable[[Array, Array], Array]
Quantile: TypeAlias = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Copula:
    """A copula of (u, v).

    Attributes:
        log_density: a function (u, v) -> log c(u, v), each (n,).
        conditional_quantile: a function (w, u) -> the v below which a share w of v given u lies.
    """

    log_density: Density
    conditional_quantile: Quantile

    def information(self) -> tuple[float, float]:
        """I(U;V) = E log c(U, V) in nats, and its standard error."""

        def log_ratio(n: int, rng: Generator) -> Array:
            u, w = uniform(rng, (2, n))
            return self.log_density(u, np.clip(self.conditional_quantile(w, u), EDGE, 1 - EDGE))

        return mean_log_ratio(log_ratio)


def uniform(rng: Generator, size: tuple[int, ...]) -> Array:
    """Uniform numbers that are neither 0 nor 1."""
    return np.clip(rng.random(size), EDGE, 1 - EDGE)


def clayton(theta: float) -> Copula:
    """Small values go together: c = (1 + t) (uv)^(-1-t) (u^-t + v^-t - 1)^(-2-1/t), t > 0."""

    def log_density(u: Array, v: Array) -> Array:
        inner = np.log(u**-theta + v**-theta - 1)
        return np.asarray(np.log1p(theta) - (1 + theta) * np.log(u * v) - (2 + 1 / theta) * inner)

    def quantile(w: Array, u: Array) -> Array:
        return np.asarray((u**-theta * (w ** (-theta / (1 + theta)) - 1) + 1) ** (-1 / theta))

    return Copula(log_density, quantile)


def frank(theta: float) -> Copula:
    """Symmetric in both tails: c = t (1-e^-t) e^(-t(u+v)) / (1-e^-t - (1-e^-tu)(1-e^-tv))^2."""
    whole = -np.expm1(-theta)

    def log_density(u: Array, v: Array) -> Array:
        lower = whole - np.expm1(-theta * u) * np.expm1(-theta * v)
        return np.asarray(np.log(theta * whole) - theta * (u + v) - 2 * np.log(lower))

    def quantile(w: Array, u: Array) -> Array:
        decay = np.exp(-theta * u)
        return np.asarray(-np.log1p(w * whole / (w * (decay - 1) - decay)) / theta)

    return Copula(log_density, quantile)


def plackett(theta: float) -> Copula:
    """A constant odds ratio theta at every point: Nelsen, section 3.3.1."""
    less = theta - 1

    def log_density(u: Array, v: Array) -> Array:
        root = (1 + less * (u + v)) ** 2 - 4 * u * v * theta * less
        return np.asarray(np.log(theta) + np.log1p(less * (u + v - 2 * u * v)) - 1.5 * np.log(root))

    def quantile(w: Array, u: Array) -> Array:
        a = w * (1 - w)
        b = theta + a * less**2
        c = 2 * a * (u * theta**2 + 1 - u) + theta * (1 - 2 * a)
        d = np.sqrt(theta) * np.sqrt(theta + 4 * a * u * (1 - u) * less**2)
        return np.asarray((c - (1 - 2 * w) * d) / (2 * b))

    return Copula(log_density, quantile)


def vine(copulas: Sequence[Copula], noise: Array, x: Array) -> Array:
    """Y (n,) whose copula with each column of x, given the columns before it, is that of the list.

    The density of Y given x is the product of the copulas' densities, so I(X;Y) is the sum of
    their MI.
    """
    y = noise
    for copula, column in zip(reversed(copulas), reversed(x.T), strict=True):
        y = np.clip(copula.conditional_quantile(y, column), EDGE, 1 - EDGE)
    return y


def _family(rng: Generator, draw: Callable[[Generator], Copula]) -> Distribution:
    dim_x = int(rng.choice((1, 1, 2, 3)))
    copulas = [draw(rng) for _ in range(dim_x)]
    turned = bool(rng.integers(2))

    def sample(n: int, rng: Generator) -> Sample:
        x, noise = uniform(rng, (n, dim_x)), uniform(rng, (n,))
        y = vine(copulas, noise, x)[:, np.newaxis]
        return x, 1 - y if turned else y

    def information() -> tuple[float, float]:
        parts = [copula.information() for copula in copulas]
        return sum(nats for nats, _ in parts), float(np.sqrt(sum(e**2 for _, e in parts)))

    return Distribution(dim_x, 1, sample, information)


def clayton_vine(rng: Generator) -> Distribution:
    """Y depends on one to three columns of X by Clayton copulas."""
    return _family(rng, lambda rng: clayton(float(np.exp(rng.uniform(-1.5, 2.0)))))


def frank_vine(rng: Generator) -> Distribution:
    """Y depends on one to three columns of X by Frank copulas."""
    return _family(rng, lambda rng: frank(float(np.exp(rng.uniform(-0.5, 3.5)))))


def plackett_vine(rng: Generator) -> Distribution:
    """Y depends on one to three columns of X by Plackett copulas."""
    return _family(rng, lambda rng: plackett(float(np.exp(rng.uniform(0.5, 6.5)))))
