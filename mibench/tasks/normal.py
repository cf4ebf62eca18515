"""Multivariate normal distributions, whose MI has a closed form.

I(X;Y) = 1/2 (log det C_X + log det C_Y - log det C), in nats, for the covariance C of (X, Y).
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task

CORRELATIONS = (0.0, 0.25, 0.5, 0.75, 0.95)
DENSE_DIMS = (2, 3, 5, 25, 50)
SPARSE_DIMS = (2, 3, 5, 25)
INDEPENDENT_DIMS = (5, 25)

SOURCE = (
    "I = 1/2 log(det C_X det C_Y / det C): Cover & Thomas, Elements of Information Theory, "
    "doi:10.1002/047174882X, ch. 8; distributions of Czyz et al., arXiv:2306.11078"
)


def equal_covariance(dim: int, correlation: float) -> NDArray[np.float64]:
    """Unit variances and the same correlation between any two of dim coordinates: (dim, dim)."""
    return (1 - correlation) * np.eye(dim) + correlation


def paired_covariance(dim: int, pairs: int, strength: float) -> NDArray[np.float64]:
    """Correlation matrix (2 dim, 2 dim) of the latent model of Czyz et al., arXiv:2306.11078.

    For i <= pairs, X_i = E_i + strength Z_i and Y_i = F_i + strength Z_i, all of E, F, Z standard
    normal. The other coordinates have independent noise instead of Z. All are divided by their
    standard deviation, so the linked ones have correlation strength^2 / (1 + strength^2).
    """
    covariance = np.eye(2 * dim)
    linked = np.arange(pairs)
    link = strength**2 / (1 + strength**2)
    covariance[linked, dim + linked] = covariance[dim + linked, linked] = link
    return covariance


def normal_information(covariance: NDArray[np.float64], dim_x: int) -> float:
    """I(X;Y) in nats of a joint normal distribution whose first dim_x coordinates are X."""
    # Log-determinants, since det C itself underflows in high dimension.
    log_det_x, log_det_y, log_det_both = (
        np.linalg.slogdet(block).logabsdet
        for block in (covariance[:dim_x, :dim_x], covariance[dim_x:, dim_x:], covariance)
    )
    return float(log_det_x + log_det_y - log_det_both) / 2


def sample_normal(
    n: int, rng: np.random.Generator, *, covariance: NDArray[np.float64], dim_x: int
) -> Sample:
    """Draw from the centred normal distribution: x (n, dim_x), y (n, dim - dim_x)."""
    z = rng.standard_normal((n, len(covariance)))
    both = z @ np.linalg.cholesky(covariance).T  # (n, dim)
    return both[:, :dim_x], both[:, dim_x:]


def _task(name: str, covariance: NDArray[np.float64], version: int = 1) -> Task:
    dim = len(covariance) // 2
    return Task(
        name=name,
        dim_x=dim,
        dim_y=dim,
        mi_nats=normal_information(covariance, dim),
        sampler=partial(sample_normal, covariance=covariance, dim_x=dim),
        source=SOURCE,
        version=version,
    )


def tasks() -> list[Task]:
    """Normal tasks: 1 + 1 dimensions; all coordinates linked; two pairs linked; none linked."""
    tasks = [_task(f"1v1-normal-{r}", equal_covariance(2, r)) for r in CORRELATIONS]
    tasks += [
        _task(f"multinormal-dense-{d}-{d}-0.5", equal_covariance(2 * d, 0.5)) for d in DENSE_DIMS
    ]
    tasks += [
        _task(f"multinormal-sparse-{d}-{d}-2-2.0", paired_covariance(d, 2, 2.0), version=2)
        for d in SPARSE_DIMS
    ]
    tasks += [_task(f"independent-{d}-{d}", np.eye(2 * d)) for d in INDEPENDENT_DIMS]
    return tasks
