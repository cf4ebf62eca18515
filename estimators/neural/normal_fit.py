"""The normal distribution of both sides in each part: what denoisers begin with."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

RIDGE = 1e-3  # added to the variances, so that columns that repeat others do no harm


class NormalFit(NamedTuple):
    """Y as a normal distribution, with X and without, for `2 * parts` networks.

    Attributes:
        slopes: (2 parts, dx, d), of the mean of Y on X; 0 in the second half.
        directions: (2 parts, d, d), the eigenvectors of the covariance of Y around that mean.
        variances: (2 parts, d), the eigenvalues.
    """

    slopes: Tensor
    directions: Tensor
    variances: Tensor

    def noise(self, z: Tensor, x: Tensor, a: Tensor, s: Tensor) -> Tensor:
        """The expected noise e of rows z = a y + s e (2 parts, n, d), given x where it is seen."""
        rest = torch.bmm(z - a * torch.bmm(x, self.slopes), self.directions)
        rest = rest * (s / (a * a * self.variances[:, None] + s * s))
        return torch.bmm(rest, self.directions.mT)


def normal_fit(x: Tensor, y: Tensor) -> NormalFit:
    """The fit to x (parts, n, dx) and y (parts, n, d), whose columns have mean 0 and variance 1.

    Canonical correlations are made smaller by what chance makes of the largest one in independent
    rows (Wachter 1980, doi:10.1214/aos/1176345134), so that none is left there.
    """
    x64, y64 = x.double(), y.double()
    n, dx, d = x.shape[1], x.shape[2], y.shape[2]
    of_x, of_y = _square_roots(x64.mT @ x64 / n), _square_roots(y64.mT @ y64 / n)
    u, correlations, v = torch.linalg.svd(
        of_x.inverse @ (x64.mT @ y64 / n) @ of_y.inverse, full_matrices=False
    )
    by_chance = (math.sqrt(dx) + math.sqrt(d)) ** 2 / n
    squares = ((correlations**2 - by_chance) / max(1 - by_chance, RIDGE)).clamp(0, 1 - RIDGE)
    scaled = v * squares.sqrt().unsqueeze(-1)
    slopes = of_x.inverse @ u @ scaled @ of_y.root
    around_mean = of_y.covariance - (scaled @ of_y.root).mT @ (scaled @ of_y.root)
    variances, directions = torch.linalg.eigh(torch.cat([around_mean, of_y.covariance]))
    slopes = torch.cat([slopes, torch.zeros_like(slopes)])
    return NormalFit(*(t.float() for t in (slopes, directions, variances.clamp(min=RIDGE**2))))


class _Roots(NamedTuple):
    covariance: Tensor
    root: Tensor
    inverse: Tensor


def _square_roots(covariance: Tensor) -> _Roots:
    covariance = covariance + RIDGE * torch.eye(len(covariance[0])).to(covariance)
    values, vectors = torch.linalg.eigh(covariance)
    root, inverse = (
        vectors @ torch.diag_embed(values**power) @ vectors.mT for power in (0.5, -0.5)
    )
    return _Roots(covariance, root, inverse)
