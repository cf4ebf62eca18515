"""Rows that depend on each other: time series, repeated rows. Their sides are independent.

The rows of a sample are not independent draws, which every estimator assumes. The truth is the MI
between the two series, or between the sides of the rows before they were repeated.
"""

from collections.abc import Callable
from functools import partial
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Sampler, Task
from .normal import equal_covariance, normal_information, sample_normal

Array = NDArray[np.float64]
Order = Callable[[int, np.random.Generator], tuple[int, NDArray[np.int64]]]

BESIDE = 0.9  # the correlation of the pair beside the series
SERIES = "rows not independent: two series drawn independently of each other, I = 0"
COPIES = "rows not independent: repeated rows whose sides are independent, I = 0"


def autoregression(n: int, rng: np.random.Generator, columns: int, memory: float) -> Array:
    """Stationary series of order 1 (n, columns) with unit variance: s[t] = memory s[t-1] + noise.

    With memory 1 they are random walks from 0, with unit steps.
    """
    noise = rng.standard_normal((n, columns))
    if memory == 1:
        return np.cumsum(noise, axis=0)
    noise[1:] *= sqrt(1 - memory**2)
    for t in range(1, n):
        noise[t] += memory * noise[t - 1]
    return noise


def sample_series(
    n: int, rng: np.random.Generator, *, dim_x: int, dim_y: int, memory: float
) -> Sample:
    """Draw independent series x (n, dim_x) and y (n, dim_y), a row for each time."""
    both = autoregression(n, rng, dim_x + dim_y, memory)
    return both[:, :dim_x], both[:, dim_x:]


def sample_beside_series(
    n: int, rng: np.random.Generator, *, columns: int, memory: float
) -> Sample:
    """Draw a normal pair with independent rows, and beside it independent series on each side."""
    x, y = sample_normal(n, rng, covariance=equal_covariance(2, BESIDE), dim_x=1)
    others = autoregression(n, rng, 2 * columns, memory)
    return np.hstack([x, others[:, :columns]]), np.hstack([y, others[:, columns:]])


def doubled(n: int, rng: np.random.Generator) -> tuple[int, NDArray[np.int64]]:
    """The number of different rows, and which of them each row is: every row twice, shuffled."""
    count = (n + 1) // 2
    return count, rng.permutation(np.resize(np.arange(count), n))


def bootstrapped(n: int, rng: np.random.Generator) -> tuple[int, NDArray[np.int64]]:
    """As `doubled`: n rows, drawn with replacement from n."""
    return n, rng.integers(n, size=n)


def sample_copies(n: int, rng: np.random.Generator, *, dim: int, order: Order) -> Sample:
    """Draw independent standard normal x and y (n, dim), and repeat rows."""
    count, rows = order(n, rng)
    both = rng.standard_normal((count, 2 * dim))[rows]
    return both[:, :dim], both[:, dim:]


def sample_oversampled(n: int, rng: np.random.Generator, *, dim: int, times: int) -> Sample:
    """Draw x (n, dim) and an independent label y (n, 1), balanced by repeating the rarer class.

    Half of the rows have the label 1. They are n / (2 times) rows, each repeated `times` times.
    """
    minority = n // 2
    count = -(-minority // times)
    others = n - minority
    rows = np.concatenate([np.arange(others), others + np.resize(np.arange(count), minority)])
    rows = rng.permutation(rows)
    x = rng.standard_normal((others + count, dim))[rows]
    return x, (rows >= others).astype(np.int64)[:, None]


def tasks() -> list[Task]:
    """Series, a pair beside series, doubled and bootstrapped rows, an oversampled class."""

    def task(name: str, dim_x: int, dim_y: int, sampler: Sampler, source: str) -> Task:
        return Task(name, dim_x, dim_y, 0.0, sampler, source)

    series = [
        task(name, d, d, partial(sample_series, dim_x=d, dim_y=d, memory=memory), SERIES)
        for name, d, memory in (
            ("ar1-1-1-0.99", 1, 0.99),
            ("ar1-5-5-0.9", 5, 0.9),
            ("random_walks-1-1", 1, 1.0),
            ("random_walks-3-3", 3, 1.0),
        )
    ]
    copies = [
        task(f"{kind}-{d}-{d}", d, d, partial(sample_copies, dim=d, order=order), COPIES)
        for kind, order in (("rows_doubled", doubled), ("bootstrap", bootstrapped))
        for d in (1, 5)
    ]
    pair = Task(
        name="normal-0.9-beside-ar1-10-10-0.99",
        dim_x=11,
        dim_y=11,
        mi_nats=normal_information(equal_covariance(2, BESIDE), 1),
        sampler=partial(sample_beside_series, columns=10, memory=0.99),
        source="rows not independent: -1/2 log(1 - rho^2) of a pair, beside independent series",
    )
    oversampled = Task(
        name="oversampled-5-9",
        dim_x=5,
        dim_y=1,
        mi_nats=0.0,
        sampler=partial(sample_oversampled, dim=5, times=9),
        source=COPIES,
        discrete_y=True,
    )
    return [*series, pair, *copies, oversampled]
