"""Multivariate Student distributions: heavy tails, and dependence without correlation.

(X, Y) = Z / sqrt(C / df) with Z standard normal and one chi-square C of df degrees of freedom for
all coordinates. X and Y are uncorrelated (if a covariance exists: df > 2), but share their
scale: a large |X| makes a large |Y| likely.
"""

from functools import partial
from math import lgamma, log, pi

import numpy as np

from ..types import Sample, Task

CASES = ((1, 1, 1), (2, 2, 1), (2, 2, 2), (3, 3, 2), (3, 3, 3), (5, 5, 2), (5, 5, 3))

SOURCE = (
    "Arellano-Valle, Contreras-Reyes & Genton 2013, doi:10.1111/j.1467-9469.2011.00774.x, "
    "from its entropies; distributions of Czyz et al., arXiv:2306.11078"
)


def student_entropy(dim: int, df: int) -> float:
    """Entropy in nats of the dim-variate Student distribution with identity dispersion.

    With p(t) = c (1 + |t|^2 / df)^(-(df + dim) / 2) and
    log c = lgamma((df + dim) / 2) - lgamma(df / 2) - dim / 2 log(df pi),

        h = -log c + (df + dim) / 2 E log(1 + |T|^2 / df),
        E log(1 + |T|^2 / df) = digamma((df + dim) / 2) - digamma(df / 2),

    because |T|^2 / df is a ratio G / C of independent chi-squares of dim and df degrees of freedom,
    so the mean is E log(G + C) - E log C, and E log of a chi-square of k is digamma(k/2) + log 2.
    """
    half = (df + dim) / 2
    log_c = lgamma(half) - lgamma(df / 2) - dim / 2 * log(df * pi)
    return -log_c + half * (_digamma_of_half(df + dim) - _digamma_of_half(df))


def _digamma_of_half(m: int) -> float:
    """digamma(m / 2) + Euler's constant for an integer m >= 1, by steps digamma(a) + 1/a.

    It starts from digamma(1) = -gamma or digamma(1/2) = -gamma - 2 log 2. scipy.special is not
    used, since its import would slow down the listing of tasks.
    """
    start, first = (0.0, 2) if m % 2 == 0 else (-2 * log(2), 1)
    return start + sum(2 / j for j in range(first, m, 2))


def student_information(dim_x: int, dim_y: int, df: int) -> float:
    """I(X;Y) = h(X) + h(Y) - h(X, Y) in nats.

    The margins of a Student distribution have the same df. A general dispersion matrix would add
    the MI of the normal distribution with that matrix, which is 0 for the identity. Only the
    entropies are taken from the paper: bmi, the benchmark of Czyz et al., notes an error in its
    final formula for the MI, so the sum is formed here.
    """
    return (
        student_entropy(dim_x, df) + student_entropy(dim_y, df) - student_entropy(dim_x + dim_y, df)
    )


def sample_student(n: int, rng: np.random.Generator, *, dim_x: int, dim_y: int, df: int) -> Sample:
    """Draw x (n, dim_x) and y (n, dim_y) with identity dispersion and a common scale."""
    z = rng.standard_normal((n, dim_x + dim_y))
    both = z / np.sqrt(rng.chisquare(df, size=(n, 1)) / df)  # (n, dim_x + dim_y)
    return both[:, :dim_x], both[:, dim_x:]


def tasks() -> list[Task]:
    """Student tasks, from the bivariate Cauchy distribution (1, 1, 1) to 5 + 5 dimensions."""
    return [
        Task(
            name=f"student-identity-{dim_x}-{dim_y}-{df}",
            dim_x=dim_x,
            dim_y=dim_y,
            mi_nats=student_information(dim_x, dim_y, df),
            sampler=partial(sample_student, dim_x=dim_x, dim_y=dim_y, df=df),
            source=SOURCE,
        )
        for dim_x, dim_y, df in CASES
    ]
