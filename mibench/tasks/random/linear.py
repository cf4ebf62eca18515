"""Normal columns and relatives: Student, a scale that both sides share, a factor behind both."""

from collections.abc import Callable
from functools import partial
from math import sqrt

import numpy as np

from ...types import Sample
from .distribution import (
    Array,
    Distribution,
    Generator,
    correlation_of,
    draw_dims,
    draw_nats,
    draw_shares,
    known,
)
from .truth import information_of_noisy_function, mean_log_ratio


def normal(rng: Generator) -> Distribution:
    """Normal columns with one, few or many correlated pairs: I = -1/2 sum log(1 - r^2)."""
    dim_x, dim_y = draw_dims(rng), draw_dims(rng)
    pairs = int(rng.choice((1, 2, min(dim_x, dim_y)))) if min(dim_x, dim_y) > 1 else 1
    nats = draw_nats(rng, high=10.0 if pairs > 2 else 4.0)
    correlations = _correlations(nats * draw_shares(rng, pairs))

    def sample(n: int, rng: Generator) -> Sample:
        return _correlated(n, rng, dim_x, dim_y, correlations)

    return Distribution(dim_x, dim_y, sample, known(nats))


def student(rng: Generator) -> Distribution:
    """Columns of a Student distribution: the MI of normal ones, and that of the common scale.

    Arellano-Valle, Contreras-Reyes & Genton 2013, doi:10.1111/j.1467-9469.2011.00774.x.
    """
    dim_x, dim_y = draw_dims(rng, 10), draw_dims(rng, 10)
    freedom = float(rng.choice((1.0, 1.5, 2.0, 3.0, 5.0, 8.0)))
    nats = draw_nats(rng, high=2.5)
    pairs = min(dim_x, dim_y)
    correlations = _correlations(nats * draw_shares(rng, pairs))

    def sample(n: int, rng: Generator) -> Sample:
        x, y = _correlated(n, rng, dim_x, dim_y, correlations)
        scale = np.sqrt(rng.chisquare(freedom, size=(n, 1)) / freedom)
        return x / scale, y / scale

    def information() -> tuple[float, float]:
        parts = (_student_entropy(d, freedom) for d in (dim_x, dim_y, dim_x + dim_y))
        h_x, h_y, h_both = parts
        return nats + h_x + h_y - h_both, 0.0

    return Distribution(dim_x, dim_y, sample, information)


def common_scale(rng: Generator) -> Distribution:
    """Independent normal columns times one scale of both sides, which takes a few values."""
    dim_x, dim_y = draw_dims(rng, 25), draw_dims(rng, 25)
    levels = int(rng.integers(2, 7))
    scales = np.exp(rng.uniform(0.5, 3.0) * np.sort(rng.standard_normal(levels)))
    weights = rng.dirichlet(np.full(levels, 2.0))

    def parts(n: int, rng: Generator) -> tuple[Array, Array]:
        scale = scales[rng.choice(levels, size=n, p=weights)][:, np.newaxis]
        return scale * rng.standard_normal((n, dim_x)), scale * rng.standard_normal((n, dim_y))

    def log_ratio(n: int, rng: Generator) -> Array:
        from scipy.special import logsumexp

        x, y = parts(n, rng)
        given = [
            -(side**2).sum(axis=1)[:, np.newaxis] / (2 * scales**2) - side.shape[1] * np.log(scales)
            for side in (x, y)
        ]
        both = logsumexp(given[0] + given[1], axis=1, b=weights)
        alone = [logsumexp(part, axis=1, b=weights) for part in given]
        return np.asarray(both - alone[0] - alone[1])

    return Distribution(dim_x, dim_y, parts, lambda: mean_log_ratio(log_ratio))


def common_factor(rng: Generator) -> Distribution:
    """All columns of both sides contain one factor S that is not normal, and noise of their own.

    The columns of a side tell of S what their weighted sum tells, U = a S + noise, V = b S + noise.
    Both sums together tell what W = sqrt(a^2 + b^2) S + noise tells. Hence
    I(U;V) = I(S;U) + I(S;V) - I(S;W).
    """
    dim_x, dim_y = draw_dims(rng, 25), draw_dims(rng, 25)
    weights_x, weights_y = (
        np.exp(rng.uniform(-0.5, 2.0)) * np.sqrt(draw_shares(rng, d)) for d in (dim_x, dim_y)
    )
    kind = str(rng.choice(("laplace", "two values", "exponential", "uniform")))

    def factor(n: int, rng: Generator) -> Array:
        if kind == "laplace":
            return rng.laplace(size=n)
        if kind == "two values":
            return np.asarray(2.0 * rng.integers(2, size=n) - 1.0)
        if kind == "exponential":
            return rng.exponential(size=n)
        return rng.uniform(-1.7, 1.7, size=n)

    def sample(n: int, rng: Generator) -> Sample:
        s = factor(n, rng)[:, np.newaxis]
        return (
            s * weights_x + rng.standard_normal((n, dim_x)),
            s * weights_y + rng.standard_normal((n, dim_y)),
        )

    def information() -> tuple[float, float]:
        a, b = float((weights_x**2).sum()), float((weights_y**2).sum())
        parts = [
            information_of_noisy_function(partial(_scaled, factor=factor, by=sqrt(gain)))
            for gain in (a, b, a + b)
        ]
        nats = parts[0][0] + parts[1][0] - parts[2][0]
        return max(nats, 0.0), sqrt(sum(error**2 for _, error in parts))

    return Distribution(dim_x, dim_y, sample, information)


def _scaled(
    n: int, rng: Generator, *, factor: Callable[[int, Generator], Array], by: float
) -> tuple[Array, Array]:
    return by * factor(n, rng), np.ones(n)


def _correlations(nats: Array) -> Array:
    return np.array([correlation_of(part) for part in nats])


def _correlated(n: int, rng: Generator, dim_x: int, dim_y: int, correlations: Array) -> Sample:
    x, y = rng.standard_normal((n, dim_x)), rng.standard_normal((n, dim_y))
    k = len(correlations)
    y[:, :k] = correlations * x[:, :k] + np.sqrt(1 - correlations**2) * y[:, :k]
    return x, y


def _student_entropy(dims: int, freedom: float) -> float:
    from scipy.special import digamma, gammaln

    half = (freedom + dims) / 2
    log_constant = gammaln(half) - gammaln(freedom / 2) - dims / 2 * np.log(freedom * np.pi)
    return float(-log_constant + half * (digamma(half) - digamma(freedom / 2)))
