"""An estimator in a package of its own: the MI of a joint normal distribution, shrunk."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from mibench import Estimate, Estimator, InputError
from mibench.contract.variables import Variable


@dataclass(frozen=True)
class ShrunkGaussian(Estimator):
    """MI of the normal distribution with the sample's covariance: -1/2 sum log(1 - r_i^2).

    r_i are the canonical correlations of X and Y, shrunk towards 0 by `shrinkage`.

    Bias: downwards for other than normal distributions, since correlations show only linear
    dependence; upwards by about dx dy / 2n for few samples, which mibench's own `gaussian`
    corrects. Source: Kay 1992, doi:10.1109/IJCNN.1992.227286.
    """

    shrinkage: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete or y.discrete:
            raise InputError("shrunk_gaussian needs two continuous sides: use knn for labels")
        a, b = (self._whitened(v.float64[v.low < v.high]) for v in (x, y))
        r = np.linalg.svd(a @ b.T, compute_uv=False) * (1 - self.shrinkage)
        r = np.minimum(r, 1 - 1e-12)  # an exact linear relation has infinite MI
        return Estimate(
            nats=float(-0.5 * np.log1p(-(r**2)).sum()),
            info={"method": "canonical correlations", "correlations": r.tolist()},
        )

    def _whitened(self, columns: np.ndarray) -> np.ndarray:
        """Orthonormal directions (rank, n) of the centred columns (d, n)."""
        centred = columns - columns.mean(axis=1, keepdims=True)
        _, singular, directions = np.linalg.svd(centred, full_matrices=False)
        return directions[singular > 1e-12 * singular[0]]
