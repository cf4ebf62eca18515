"""k nearest neighbours in ellipsoids that follow the shape of each neighbourhood."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import digamma

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .neighbours.cautions import NEIGHBOURS_PER_DIMENSION, neighbour_flags
from .neighbours.ellipsoids import ellipsoid_entropy_nats
from .neighbours.local_shape import MOST_NATS
from .neighbours.search import nearest
from .neighbours.sorted_column import varying_side
from .neighbours.ties import break_ties
from .normal.canonical_correlations import refuse_labels

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Geometric(Estimator):
    """MI from entropies by geometric k nearest neighbours: h(X) + h(Y) - h(XY).

    h of d columns takes, for each row i, the ellipsoid that is centred on the row and shaped like
    its k nearest neighbours, in the Euclidean metric. e_i is the distance to the k-th one, and s_1
    >= ... >= s_d are the singular values of the row and its neighbours, less their mean. The
    semi-axes of the ellipsoid are e_i s_l / s_1, along the singular vectors, and it holds k_i of
    the neighbours:

        h = log(n) + log(pi^(d / 2) / Gamma(1 + d / 2))
            + mean[d log e_i + sum_l log(s_l / s_1) - log(k_i)]

    The k-th neighbour need not be in the ellipsoid; k_i is taken as at least 1. Ties are broken by
    noise as in `knn`, and dimensions divided by their standard deviations without far outliers.

    Bias: the ellipsoids follow rows that lie close to a curve or surface, so that the estimate is
    far less too low than that of `knn` for strong dependence: for 1000 rows of y = x + 1e-4 noise,
    both uniform, 0.3 nats too low, where knn is 4 nats too low. The errors of the three entropies
    do not cancel: independent normals of 1+1 to 3+3 columns give -0.1 to 0 nats for 200 rows, and
    -0.01 to +0.03 for 1000. With fewer neighbours than 3 (dx + dy), singular values are too small
    by chance, and the estimate is too high, by 1.2 nats for k = 10 and 3+3 columns: so this is
    refused.

    What exceeds psi(n) - psi(k) rests on the assumption that the relation is straight within each
    neighbourhood: the flag `straight_lines` says so.

    Sides of labels are refused: labels have no directions.

    Attributes:
        k: the number of neighbours, at least 3 (dx + dy); 20 by default.

    References:
        Lord, Sun & Bollt 2018, doi:10.1063/1.5011683, eqs. 21 to 25.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.random(1000)
        >>> y = x + 1e-3 * rng.random(1000)  # the truth: 6.9 nats
        >>> abs(Geometric().estimate(x, y).nats - 6.9) < 0.5
        True
    """

    k: Annotated[int, Field(ge=2)] = 20
    quadratic: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        refuse_labels("geometric", x, y)
        sides = [varying_side(v).columns for v in (x, y)]
        dims_x, dims = len(sides[0]), len(sides[0]) + len(sides[1])
        if x.n <= self.k:
            raise InputError(
                f"geometric needs more than k={self.k} rows, got {x.n}: lower k or add rows"
            )
        if self.k < NEIGHBOURS_PER_DIMENSION * dims:
            raise InputError(
                f"geometric: k={self.k} neighbours do not show a shape in {dims} dimensions: give "
                f"k={NEIGHBOURS_PER_DIMENSION * dims} or more, or leave out columns"
            )
        joint = np.concatenate(sides)
        tied = [
            int(nearest(part, self.k, len(part), "auto").tied.sum()) for part in (*sides, joint)
        ]
        if any(tied):
            joint = break_ties(joint)
        parts = joint[:dims_x], joint[dims_x:], joint
        h_x, h_y, h_xy = (ellipsoid_entropy_nats(part, self.k) for part in parts)
        nats, most = h_x + h_y - h_xy, float(digamma(x.n) - digamma(self.k))
        notes = neighbour_flags(x.n, self.k, dims, max(tied))
        if nats > most:
            notes.update([flags.straight_lines(nats, most)])
        ceiling = MOST_NATS * min(dims_x, dims - dims_x)
        entropies = {"entropy_x_nats": h_x, "entropy_y_nats": h_y, "entropy_xy_nats": h_xy}
        info = {"method": "geometric k-NN", **entropies}
        return Estimate(nats, notes, info, ceiling)
