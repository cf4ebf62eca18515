"""Zeros: values below a limit that are recorded as 0, and columns in which most values are 0."""

from functools import partial
from math import log
from statistics import NormalDist

import numpy as np

from ..types import Sample, Task
from .normal import equal_covariance, normal_information, sample_normal

# (share of zeros on each side, correlation before) -> I in nats. tests/everyday_recomputed.py
# recomputes them, as E log of the density ratio with atoms at 0.
CENSORED_NATS = {(0.8, 0.8): 0.176648259837, (0.95, 0.9): 0.091595711238}


def sample_censored(
    n: int, rng: np.random.Generator, *, share: float, correlation: float
) -> Sample:
    """Draw x = max(0, u - t) and y = max(0, v - t) (n, 1) of a normal pair, t its quantile."""
    limit = NormalDist().inv_cdf(share)
    u, v = sample_normal(n, rng, covariance=equal_covariance(2, correlation), dim_x=1)
    return np.maximum(u - limit, 0.0), np.maximum(v - limit, 0.0)


def shared_zeros_information(share: float, correlation: float, columns: int, by_row: bool) -> float:
    """I(X;Y) in nats: whether a value is 0 can be seen on both sides.

    A column adds H(share) + (1 - share) I(pair). If whole rows are 0, H(share) counts once.
    """
    binary = -share * log(share) - (1 - share) * log(1 - share)
    pair = normal_information(equal_covariance(2, correlation), 1)
    return (1 if by_row else columns) * binary + columns * (1 - share) * pair


def sample_shared_zeros(
    n: int,
    rng: np.random.Generator,
    *,
    share: float,
    correlation: float,
    columns: int,
    by_row: bool,
) -> Sample:
    """Draw normal pairs x and y (n, columns), and set both sides to 0 with probability share."""
    z = rng.standard_normal((2, n, columns))
    y = correlation * z[0] + (1 - correlation**2) ** 0.5 * z[1]
    kept = rng.random((n, 1 if by_row else columns)) >= share
    return np.where(kept, z[0], 0.0), np.where(kept, y, 0.0)


def sample_zero_inflated(n: int, rng: np.random.Generator, *, share: float, columns: int) -> Sample:
    """Draw independent x and y (n, columns): 0 with probability share, else exponential."""
    values = rng.exponential(size=(2, n, columns))
    x, y = np.where(rng.random((2, n, columns)) < share, 0.0, values)
    return x, y


def tasks() -> list[Task]:
    """Pairs censored at 0, zeros that both sides share, and independent columns of zeros."""
    return [
        *(
            Task(
                name=f"censored-{share}-{correlation}",
                dim_x=1,
                dim_y=1,
                mi_nats=nats,
                mi_error_nats=1e-12,
                sampler=partial(sample_censored, share=share, correlation=correlation),
                source="E log of the density ratio with atoms at 0, by quadrature",
            )
            for (share, correlation), nats in CENSORED_NATS.items()
        ),
        *(
            Task(
                name=f"shared_zero{kind}-3-3-0.5-0.6",
                dim_x=3,
                dim_y=3,
                mi_nats=shared_zeros_information(0.5, 0.6, 3, by_row),
                sampler=partial(
                    sample_shared_zeros, share=0.5, correlation=0.6, columns=3, by_row=by_row
                ),
                source="I = H(zero) + P(not zero) I of normal pairs",
            )
            for kind, by_row in (("s", False), ("_rows", True))
        ),
        *(
            Task(
                name=f"zero_inflated-{d}-{d}-0.8-independent",
                dim_x=d,
                dim_y=d,
                mi_nats=0.0,
                sampler=partial(sample_zero_inflated, share=0.8, columns=d),
                source="I = 0: independent",
            )
            for d in (1, 5)
        ),
    ]
