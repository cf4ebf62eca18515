"""Tasks of I(X;Y|Z): chains, forks, colliders, exclusive or, labels and numbers that repeat.

Some have no conditional MI where X and Y share much, and some the reverse. Samples are x, y and z.
"""

from collections.abc import Callable
from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task
from .normal import equal_covariance

Array = NDArray[np.float64]
Draw = Callable[[int, np.random.Generator], Sample]

NOISE = 0.3  # standard deviation of the noise that X and Y add to Z in the forks
OF_PRODUCT = 0.3  # of the noise of Y = X Z
FLIPPED = 0.1  # the share of flipped bits
SYMBOLS = 5  # of the mixture of Gao et al.
ZEROS = 0.15  # the share of zeros of the zero-inflated Poisson task
CORRELATIONS = (0.0, 0.5, 0.9)  # of X and Y, for each label of Z
INDEPENDENT = "X and Y are independent given Z, I = 0"


def normal_conditional_information(covariance: Array, dim_x: int, dim_y: int) -> float:
    """I(X;Y|Z) in nats of a joint normal distribution of X, Y and Z, in this order of columns.

    I = 1/2 log(det S_xz det S_yz / (det S_z det S_xyz)) (Cover & Thomas 2006, ch. 8).
    """
    dims = len(covariance)
    x, y, z = np.split(np.arange(dims), [dim_x, dim_x + dim_y])

    def log_det(*parts: NDArray[np.int64]) -> float:
        columns = np.concatenate(parts)
        return float(np.linalg.slogdet(covariance[np.ix_(columns, columns)])[1])

    return (log_det(x, z) + log_det(y, z) - log_det(z) - log_det(x, y, z)) / 2


def product_information(noise: float) -> float:
    """I(X;Y|Z) in nats of Y = X Z + noise N, X, Z and N standard normal: E[log(1 + Z^2 / s^2)] / 2.

    By the trapezoidal rule in z, whose terms fall like exp(-z^2 / 2).
    """
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.trapezoid(density * np.log1p((z / noise) ** 2), z) / 2)


def zero_inflated_information(zeros: float) -> float:
    """I(X;Y) in nats of X ~ Exp(1), and Y = 0 with this probability, else Poisson of mean X.

    (1 - p) times that of the Poisson channel with an exponential mean, as in Gao et al. 2017, holds
    only if Y = 0 tells which part it came from. So each count y adds the integral over x of
    exp(-x) p(y | x) log(p(y | x) / p(y)), with p(y) = 2^-(y + 1) for Poisson of an exponential
    mean: for y > 0 by E[log X] of a gamma distribution, for y = 0 with the variable exp(-x).
    """
    counts = np.arange(1, 200)
    log_factorials = np.cumsum(np.log(counts))
    mean_log = np.cumsum(1 / counts) - np.euler_gamma - log(2)  # of Gamma(y + 1) with rate 2
    mean_of_log_ratio = counts * mean_log + (counts + 1) * (log(2) - 0.5) - log_factorials
    poisson = (1 - zeros) * float(np.sum(0.5 ** (counts + 1) * mean_of_log_ratio))
    mean = (1 + zeros) / 2  # of p(0 | x), which is uniform on (zeros, 1)
    square_log = (0.5 * -log(zeros) * zeros**2 - (1 - zeros**2) / 4) / (1 - zeros)
    return poisson + square_log - mean * log(mean)


def _sample_normal(
    n: int, rng: np.random.Generator, *, covariance: Array, dims: tuple[int, int]
) -> Sample:
    rows = rng.standard_normal((n, len(covariance))) @ np.linalg.cholesky(covariance).T
    x, y, z = np.split(rows, np.cumsum(dims), axis=1)
    return x, y, z


def _normal_task(name: str, covariance: Array, dim_x: int, dim_y: int) -> Task:
    return Task(
        f"given-{name}",
        dim_x,
        dim_y,
        max(normal_conditional_information(covariance, dim_x, dim_y), 0.0),
        partial(_sample_normal, covariance=covariance, dims=(dim_x, dim_y)),
        "normal distributions, Cover & Thomas 2006, ch. 8",
        dim_z=len(covariance) - dim_x - dim_y,
    )


def _covariance_of(mixing: list[list[float]]) -> Array:
    """The covariance of x, y and z, each a row of weights of independent standard normals."""
    weights = np.array(mixing)
    return np.asarray(weights @ weights.T)


def _linear_tasks() -> list[Task]:
    fork = _covariance_of([[1, NOISE, 0], [1, 0, NOISE], [1, 0, 0]])
    tight = _covariance_of([[1, NOISE, 0], [1, NOISE, NOISE], [1, 0, 0]])
    chain = _covariance_of([[1, 0, 0], [1, 0.5, 0.5], [1, 0.5, 0]])
    collider = _covariance_of([[1, 0, 0], [0, 1, 0], [1, 1, 1]])
    linear = {"chain": chain, "fork": fork, "fork-dependent": tight, "collider": collider}
    tasks = [_normal_task(name, matrix, 1, 1) for name, matrix in linear.items()]
    for dim_x, dim_y, dim_z in ((1, 1, 1), (2, 2, 2), (3, 3, 3), (1, 1, 5), (5, 5, 5)):
        covariance = equal_covariance(dim_x + dim_y + dim_z, 0.5)
        name = f"normal-{dim_x}-{dim_y}-{dim_z}"
        tasks.append(_normal_task(name, covariance, dim_x, dim_y))
    return tasks


def fork_of_functions(n: int, rng: np.random.Generator) -> Sample:
    """X and Y are a sine and a square of Z, with noise of their own."""
    z, of_x, of_y = rng.standard_normal((3, n))
    return np.sin(3 * z) + NOISE * of_x, z**2 + NOISE * of_y, z


def fork_of_five(n: int, rng: np.random.Generator) -> Sample:
    """Five columns on each side, each with noise of its own on a column of Z."""
    z, of_x, of_y = rng.standard_normal((3, n, 5))
    return z + NOISE * of_x, z + NOISE * of_y, z


def heavy_fork(n: int, rng: np.random.Generator) -> Sample:
    """Z has Student's t distribution of 2 degrees of freedom."""
    z = rng.standard_t(2, n)
    of_x, of_y = rng.standard_normal((2, n))
    return z + of_x, z + of_y, z


def signs(n: int, rng: np.random.Generator) -> Sample:
    """The sign of Z turns X around: alone, neither X nor Z tells anything of Y."""
    x, z, noise = rng.standard_normal((3, n))
    return x, x * np.sign(z) + 0.5 * noise, z


def product(n: int, rng: np.random.Generator) -> Sample:
    """Y is the product of X and Z, with noise."""
    x, z, noise = rng.standard_normal((3, n))
    return x, x * z + OF_PRODUCT * noise, z


def exclusive_or(n: int, rng: np.random.Generator) -> Sample:
    """Bits: Y is X xor Z, flipped at times."""
    x, z = rng.integers(0, 2, (2, n))
    return x, x ^ z ^ (rng.random(n) < FLIPPED), z


def normal_by_label(n: int, rng: np.random.Generator) -> Sample:
    """The label Z sets the means of X and Y, and their correlation."""
    z = rng.integers(0, len(CORRELATIONS), n)
    correlation = np.array(CORRELATIONS)[z]
    x, noise = rng.standard_normal((2, n))
    return x + 3 * z, correlation * x + np.sqrt(1 - correlation**2) * noise - 2 * z, z


def label_fork(n: int, rng: np.random.Generator) -> Sample:
    """X is a label: whether Z with noise is positive. Y is Z with noise of its own."""
    z, of_x, of_y = rng.standard_normal((3, n))
    return (z + NOISE * of_x > 0).astype(np.int64), z + NOISE * of_y, z


def mixture(n: int, rng: np.random.Generator) -> Sample:
    """X is one of 0 to 4, Y uniform on [X, X + 2], and Z the number of heads in three tosses."""
    x = rng.integers(0, SYMBOLS, n)
    return x.astype(float), x + 2 * rng.random(n), rng.binomial(3, 0.5, n).astype(float)


def zero_inflated(n: int, rng: np.random.Generator) -> Sample:
    """Y has zeros beside Poisson counts of mean X, and Z is the number of heads in three tosses."""
    x = rng.exponential(size=n)
    y = np.where(rng.random(n) < ZEROS, 0, rng.poisson(x))
    return x, y.astype(float), rng.binomial(3, 0.5, n).astype(float)


def _bits_information(flipped: float) -> float:
    return log(2) + flipped * log(flipped) + (1 - flipped) * log(1 - flipped)


def tasks() -> list[Task]:
    """All tasks of the family."""
    by_label = -float(np.mean(np.log1p(-(np.array(CORRELATIONS) ** 2)))) / 2
    mixed = log(SYMBOLS) - (SYMBOLS - 1) * log(2) / SYMBOLS
    scalar_task = partial(Task, dim_x=1, dim_y=1, dim_z=1)
    return [
        *_linear_tasks(),
        scalar_task(
            "given-fork-of-functions", mi_nats=0.0, sampler=fork_of_functions, source=INDEPENDENT
        ),
        Task("given-fork-5-5-5", 5, 5, 0.0, fork_of_five, INDEPENDENT, dim_z=5),
        scalar_task("given-heavy-fork", mi_nats=0.0, sampler=heavy_fork, source=INDEPENDENT),
        scalar_task(
            "given-signs",
            mi_nats=log(5) / 2,
            sampler=signs,
            source="a normal channel of known sign: log(1 + 1 / 0.5^2) / 2",
        ),
        scalar_task(
            "given-product",
            mi_nats=product_information(OF_PRODUCT),
            sampler=product,
            source="a normal channel of gain Z, by quadrature over Z",
        ),
        scalar_task(
            "given-xor",
            mi_nats=_bits_information(FLIPPED),
            sampler=exclusive_or,
            source="a binary symmetric channel of known parity: log 2 - H(0.1)",
            discrete_x=True,
            discrete_y=True,
            discrete_z=True,
        ),
        scalar_task(
            "given-label",
            mi_nats=by_label,
            sampler=normal_by_label,
            source="normal pairs, the mean of -log(1 - r^2) / 2 over the labels of Z",
            discrete_z=True,
        ),
        scalar_task(
            "given-label-fork",
            mi_nats=0.0,
            sampler=label_fork,
            source=INDEPENDENT,
            discrete_x=True,
        ),
        scalar_task(
            "given-mixture",
            mi_nats=mixed,
            sampler=mixture,
            source="Gao et al. 2017, arXiv:1709.06212, beside an independent Z",
        ),
        scalar_task(
            "given-zero-inflated",
            mi_nats=zero_inflated_information(ZEROS),
            sampler=zero_inflated,
            source="a Poisson channel with zeros, by quadrature, beside an independent Z",
        ),
    ]
