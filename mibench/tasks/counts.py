"""Numbers that are counts, bits or rounded, and labels with many values.

Counts and bits are given as numbers, unless the name says `labels`: a user has columns of such
numbers, and rarely declares them. The MI is the same, since it depends on the values alone.
"""

from functools import partial
from math import comb, log

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task
from .discrete import channel_information
from .normal import equal_covariance, sample_normal

Array = NDArray[np.float64]

TABLE = "I = sum of p log p / (p_x p_y) over the joint table"

# Width of the rounding -> I in nats of a normal pair of correlation 0.9, from the probabilities of
# the cells; tests/everyday_recomputed.py recomputes them.
ROUNDED_NATS = {0.5: 0.750918200395, 1.0: 0.587489677222}
ROUNDED_CORRELATION = 0.9


def information_with_common_part(common: Array, own: Array) -> float:
    """I(X;Y) in nats of X = Z + A and Y = Z + B, from the probabilities of Z, and of A and B.

    p(x, y) = sum over z of p_Z(z) p_A(x - z) p_A(y - z). Both arrays begin at 0 and have the
    same length; what they leave out is lost.
    """
    size = len(common)
    shift = np.arange(size)[:, None] - np.arange(size)  # x - z
    given = np.where(shift >= 0, own[np.maximum(shift, 0)], 0.0)
    joint = (given * common) @ given.T
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    possible = joint > 1e-30
    return float((joint[possible] * np.log(joint[possible] / independent[possible])).sum())


def poisson(mean: float, size: int) -> Array:
    """The probabilities (size,) of 0, 1, .. under Poisson's distribution."""
    factors = np.append(0.0, np.cumsum(np.log(np.arange(1, size))))
    return np.asarray(np.exp(np.arange(size) * log(mean) - mean - factors))


def poisson_information(common: float, own: float) -> float:
    """I(X;Y) in nats of counts with a common part; 15 standard deviations of the sum are kept."""
    mean = common + own
    size = int(mean + 15 * mean**0.5)
    return information_with_common_part(poisson(common, size), poisson(own, size))


def binomial(trials: int, size: int) -> Array:
    """The probabilities (size,) of 0, 1, .. heads in fair trials."""
    return np.array([comb(trials, k) / 2**trials for k in range(size)])


def sample_poisson(
    n: int, rng: np.random.Generator, *, common: float, own: float, labels: bool
) -> Sample:
    """Draw counts x and y (n, 1): a common part, and a part of each side's own."""
    both = rng.poisson(common, size=(n, 1)) + rng.poisson(own, size=(2, n, 1))
    x, y = both if labels else both.astype(float)
    return x, y


def sample_binomial(n: int, rng: np.random.Generator, *, common: int, own: int) -> Sample:
    """Draw integers x and y (n, 1) from 0 to common + own, as answers on a scale."""
    shared = rng.binomial(common, 0.5, size=(n, 1))
    x, y = (shared + rng.binomial(own, 0.5, size=(2, n, 1))).astype(float)
    return x, y


def sample_binary(n: int, rng: np.random.Generator, *, columns: int, error: float) -> Sample:
    """Draw fair bits x (n, columns), and y: the same bits, each flipped with probability error."""
    x = rng.integers(2, size=(n, columns))
    y = x ^ (rng.random((n, columns)) < error)
    return x.astype(float), y.astype(float)


def sample_rounded(n: int, rng: np.random.Generator, *, width: float) -> Sample:
    """Draw a normal pair x and y (n, 1), rounded to multiples of width."""
    covariance = equal_covariance(2, ROUNDED_CORRELATION)
    x, y = sample_normal(n, rng, covariance=covariance, dim_x=1)
    return np.round(x / width) * width, np.round(y / width) * width


def sample_independent_labels(
    n: int, rng: np.random.Generator, *, symbols_x: int, symbols_y: int
) -> Sample:
    """Draw independent uniform labels x and y (n, 1)."""
    return rng.integers(symbols_x, size=(n, 1)), rng.integers(symbols_y, size=(n, 1))


def _poisson_tasks(common: int, own_mean: int) -> list[Task]:
    nats = poisson_information(common, own_mean)
    return [
        Task(
            name=f"poisson-{common}-{own_mean}{'-labels' if labels else ''}",
            dim_x=1,
            dim_y=1,
            mi_nats=nats,
            sampler=partial(sample_poisson, common=common, own=own_mean, labels=labels),
            source=f"{TABLE} of two Poisson counts with a common part",
            discrete_x=labels,
            discrete_y=labels,
        )
        for labels in (False, True)
    ]


def tasks() -> list[Task]:
    """Counts as numbers and as labels, integers on a scale, bits, rounded numbers, many labels."""
    return [
        *_poisson_tasks(18, 2),
        *_poisson_tasks(58, 2),
        Task(
            name="integers-0-10",
            dim_x=1,
            dim_y=1,
            mi_nats=information_with_common_part(binomial(8, 11), binomial(2, 11)),
            sampler=partial(sample_binomial, common=8, own=2),
            source=f"{TABLE} of two binomial counts with a common part",
        ),
        *(
            Task(
                name=f"binary-{columns}-{columns}-0.1",
                dim_x=columns,
                dim_y=columns,
                mi_nats=columns * channel_information(2, 0.1),
                sampler=partial(sample_binary, columns=columns, error=0.1),
                source="I = columns (log 2 - H(error)), binary symmetric channels",
            )
            for columns in (3, 10)
        ),
        *(
            Task(
                name=f"rounded-normal-{ROUNDED_CORRELATION}-{width}",
                dim_x=1,
                dim_y=1,
                mi_nats=nats,
                mi_error_nats=1e-12,
                sampler=partial(sample_rounded, width=width),
                source=f"{TABLE} of the cells, their probabilities by quadrature",
            )
            for width, nats in ROUNDED_NATS.items()
        ),
        *(
            Task(
                name=f"labels-{symbols_x}-{symbols_y}-independent",
                dim_x=1,
                dim_y=1,
                mi_nats=0.0,
                sampler=partial(
                    sample_independent_labels, symbols_x=symbols_x, symbols_y=symbols_y
                ),
                source="I = 0: independent",
                discrete_x=True,
                discrete_y=True,
            )
            for symbols_x, symbols_y in ((26, 26), (26, 100), (100, 100))
        ),
    ]
