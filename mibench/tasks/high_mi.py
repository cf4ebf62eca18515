"""One-dimensional families whose parameter is solved for a given MI, up to 10 nats.

They show where an estimator stops following the true MI. Samples with a large MI lie on a narrow
ridge. A method that counts rows can estimate at most log n nats from n rows. The suite has each
family at 1 to 10 nats, and at 0 if its X and Y can be independent.
"""

from collections.abc import Callable
from functools import partial
from math import exp, log, sqrt

import numpy as np

from ..types import Sample, Task
from .additive import additive_information, sample_additive
from .student import student_information
from .transformed import to_uniform

NATS = (1, 2, 4, 6, 8, 10)
STUDENT_DF = 2

NORMAL_SOURCE = "I = -1/2 log(1 - rho^2), solved for rho"


def solve(information: Callable[[float], float], nats: float) -> float:
    """The parameter t > 0 at which a decreasing function equals nats, to the last digits.

    Bisection in log t, from exp(-60) to exp(60).
    """
    low, high = -60.0, 60.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if information(exp(middle)) > nats else (low, middle)
    return exp((low + high) / 2)


def sample_normal_pair(n: int, rng: np.random.Generator, *, nats: float) -> Sample:
    """Draw standard normals x and y (n, 1) of correlation sqrt(1 - exp(-2 nats)).

    y = rho x + exp(-nats) z. The factor of z is not computed from 1 - rho^2, which would cancel.
    """
    x, z = rng.standard_normal((2, n, 1))
    return x, sqrt(-np.expm1(-2 * nats)) * x + exp(-nats) * z


def sample_uniform_pair(n: int, rng: np.random.Generator, *, nats: float) -> Sample:
    """Draw the normal pair and apply the normal CDF: both margins are uniform on (0, 1)."""
    x, y = sample_normal_pair(n, rng, nats=nats)
    return to_uniform(x), to_uniform(y)


def sample_student_pair(n: int, rng: np.random.Generator, *, nats: float, df: int) -> Sample:
    """Draw the normal pair, and divide each row by the root of a chi-square over its df."""
    x, y = sample_normal_pair(n, rng, nats=nats)
    scale = np.sqrt(rng.chisquare(df, size=(n, 1)) / df)
    return x / scale, y / scale


def gamma_exponential_information(shape: float) -> float:
    """I(X;Y) = digamma(shape + 1) - log(shape) nats, X ~ Gamma(shape), Y | X exponential of rate X.

    Source: Darbellay & Vajda 2000, IEEE Trans. Inf. Theory 46:709, as in Kraskov et al. 2004,
    doi:10.1103/PhysRevE.69.066138. h(Y) = 1 + 1/shape - log(shape) for the Pareto distribution of
    Y; h(Y|X) = 1 - E log X = 1 - digamma(shape).
    """
    return _digamma(shape + 1) - log(shape)


def _digamma(x: float) -> float:
    """digamma(x), x >= 1: digamma(x) = digamma(x + 1) - 1/x up to 20, then the asymptotic series.

    The first omitted term is 5/660 x^-10, or 1e-15 there. scipy.special is not used, since its
    import would slow down the listing of tasks.
    """
    steps = 0.0
    while x < 20:
        steps += 1 / x
        x += 1
    s = 1 / x**2
    return log(x) - 1 / (2 * x) - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s / 240))) - steps


def sample_log_gamma_exponential(n: int, rng: np.random.Generator, *, shape: float) -> Sample:
    """Draw log X and log Y (n, 1), since for a small shape X itself is 0 in floating point.

    log X = log X' + log(U) / shape with X' ~ Gamma(shape + 1) and U uniform (Marsaglia & Tsang
    2000, doi:10.1145/358407.358414); log Y = log E - log X, E standard exponential.
    """
    larger = rng.gamma(shape + 1, size=(n, 1))
    log_x = np.log(larger) - rng.exponential(size=(n, 1)) / shape
    return log_x, np.log(rng.exponential(size=(n, 1))) - log_x


def tasks() -> list[Task]:
    """Each family at each MI."""
    tasks = []

    def add(family: str, nats: float, sampler: Callable[..., Sample], source: str) -> None:
        name = f"{family}-mi-{nats}"
        tasks.append(
            Task(name=name, dim_x=1, dim_y=1, mi_nats=nats, sampler=sampler, source=source)
        )

    independent_student = student_information(1, 1, STUDENT_DF)
    for nats in (0, *NATS):
        add("normal", nats, partial(sample_normal_pair, nats=nats), NORMAL_SOURCE)
        add("uniform", nats, partial(sample_uniform_pair, nats=nats), NORMAL_SOURCE)
    for nats in NATS:
        add(
            f"student-{STUDENT_DF}", nats,
            partial(sample_student_pair, nats=nats - independent_student, df=STUDENT_DF),
            "I = -1/2 log(1 - rho^2) + I(rho = 0), doi:10.1111/j.1467-9469.2011.00774.x",
        )  # fmt: skip
        shape = solve(gamma_exponential_information, nats)
        add(
            "log-gamma-exponential", nats, partial(sample_log_gamma_exponential, shape=shape),
            "I = digamma(a + 1) - log a, doi:10.1103/PhysRevE.69.066138, solved for a",
        )  # fmt: skip
        width = solve(additive_information, nats)
        add(
            "smoothed-uniform", nats, partial(sample_additive, width=width),
            "I = eps - log(2 eps), solved for eps",
        )  # fmt: skip
    return tasks
