"""The normal distribution of both sides in each part: what denoisers and flows begin with."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ..normal.canonical_correlations import LEAST_EXCESS, MOST_ROWS_OF_RATIO, excess_of_ratio

RIDGE = 1e-3  # added to the variances of denoisers, so that repeated columns do no harm


class NormalFit(NamedTuple):
    """Y as a normal distribution, with X and without, for `2 * parts` networks.

    Attributes:
        slopes: (2 parts, dx, d), of the mean of Y on X; 0 in the second half.
        directions: (2 parts, d, d), the eigenvectors of the covariance of Y around that mean.
        variances: (2 parts, d), the eigenvalues.
        rows: how many they were fitted to.
    """

    slopes: Tensor
    directions: Tensor
    variances: Tensor
    rows: int

    def noise(self, z: Tensor, x: Tensor, a: Tensor, s: Tensor) -> Tensor:
        """The expected noise e of rows z = a y + s e (2 parts, n, d), given x where it is seen."""
        rest = torch.bmm(z - a * torch.bmm(x, self.slopes), self.directions)
        rest = rest * (s / (a * a * self.variances[:, None] + s * s))
        return torch.bmm(rest, self.directions.mT)

    def factor(self) -> Tensor:
        """The Cholesky factor (2 parts, d, d) of the covariance of y around what x predicts of it.

        For fewer than 2 d rows it is diagonal.
        """
        directions, d = self.directions.double(), self.variances.shape[1]
        covariance = (directions * self.variances.double()[:, None]) @ directions.mT
        if self.rows < 2 * d:  # covariances of so few rows say little of other rows
            covariance = torch.diag_embed(covariance.diagonal(dim1=1, dim2=2))
        factor: Tensor = torch.linalg.cholesky(covariance)
        return factor

    def standardized(self, x: Tensor, y: Tensor, factor: Tensor) -> Tensor:
        """What x, where it is seen, and the columns before it do not predict of each column of y.

        x: (2 parts, n, dx). y: (2 parts, n, d). factor: as above, whose diagonal has the standard
        deviations.

        Returns:
            The residuals (2 parts, n, d) in standard deviations: for normal sides independent and
            standard normal.
        """
        residuals = (y - torch.bmm(x, self.slopes)).double().mT
        solved: Tensor = torch.linalg.solve_triangular(factor, residuals, upper=False)
        return solved.mT.float()


def normal_fit(x: Tensor, y: Tensor, ridge: float = RIDGE) -> NormalFit:
    """The fit to x (parts, n, dx) and y (parts, n, d), whose columns have mean 0 and variance 1.

    Canonical correlations are made smaller by what chance makes of the largest one in independent
    rows (Wachter 1980, doi:10.1214/aos/1176345134), so that none is left there. They are 0 for
    sides to which no normal distribution fits, as clusters: it would tell far too much of Y.
    """
    x64, y64 = x.double(), y.double()
    n, dx, d = x.shape[1], x.shape[2], y.shape[2]
    of_x, of_y = _square_roots(x64.mT @ x64 / n, ridge), _square_roots(y64.mT @ y64 / n, ridge)
    u, correlations, v = torch.linalg.svd(
        of_x.inverse @ (x64.mT @ y64 / n) @ of_y.inverse, full_matrices=False
    )
    by_chance = (math.sqrt(dx) + math.sqrt(d)) ** 2 / n
    squares = ((correlations**2 - by_chance) / max(1 - by_chance, ridge)).clamp(0, 1 - ridge)
    few = slice(None, None, 1 + n // MOST_ROWS_OF_RATIO)
    canonical = x64[:, few] @ of_x.inverse @ u, y64[:, few] @ of_y.inverse @ v.mT
    if _misfit(*canonical, squares):
        squares = torch.zeros_like(squares)
    scaled = v * squares.sqrt().unsqueeze(-1)
    slopes = of_x.inverse @ u @ scaled @ of_y.root
    around_mean = of_y.covariance - (scaled @ of_y.root).mT @ (scaled @ of_y.root)
    variances, directions = torch.linalg.eigh(torch.cat([around_mean, of_y.covariance]))
    slopes = torch.cat([slopes, torch.zeros_like(slopes)])
    variances = variances.clamp(min=ridge**2)
    return NormalFit(slopes.float(), directions.float(), variances.float(), n)


def _misfit(x: Tensor, y: Tensor, squares: Tensor) -> bool:
    """Whether the density ratio of canonical variables (parts, n, k) is too large in some part."""
    a, b = (side.mT.cpu().numpy() / math.sqrt(side.shape[1]) for side in (x, y))
    unexplained = 1 - squares.cpu().numpy()
    # Not in groups of variables: networks learn well from fits that groups refuse.
    excess = [excess_of_ratio(*part, False) for part in zip(a, b, unexplained, strict=True)]
    return max(excess) > LEAST_EXCESS


class _Roots(NamedTuple):
    covariance: Tensor
    root: Tensor
    inverse: Tensor


def _square_roots(covariance: Tensor, ridge: float) -> _Roots:
    covariance = covariance + ridge * torch.eye(len(covariance[0])).to(covariance)
    values, vectors = torch.linalg.eigh(covariance)
    root, inverse = (
        vectors @ torch.diag_embed(values**power) @ vectors.mT for power in (0.5, -0.5)
    )
    return _Roots(covariance, root, inverse)
