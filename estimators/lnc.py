"""k nearest neighbours, corrected where neighbours lie along a line: for strong dependence."""

import math
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
from .neighbours.ksg import kraskov_counts
from .neighbours.local_shape import (
    MOST_NATS,
    log_shares_of_boxes,
    shares_of_uniform_rows,
    vectors_to_neighbours,
)
from .neighbours.sorted_column import varying_side
from .normal.canonical_correlations import refuse_labels

Float = NDArray[np.float64]


@dataclass(frozen=True)
class LNC(Estimator):
    """MI from k nearest neighbours, with the local non-uniformity correction (LNC).

        I = I2 - mean[c(XY)_i - c(X)_i - c(Y)_i],    c_i = log(V'_i / V_i) - u where this is rare

    I2 is Kraskov's estimate of variant 2. V_i is the volume of the box along the columns, centred
    on row i, that holds its k nearest neighbours, and V'_i that of such a box along their principal
    axes. k-NN assumes that the density is constant in the first box. Where X and Y depend strongly,
    the rows fill only a thin part of it, and the second box is much smaller. c_i is 0 unless
    V'_i / V_i is below `alpha`, since the axes fit so few rows closely by chance. u is the mean of
    log(V' / V) for uniform rows, about 0.1.

    The paper has one column per side, where c(X) and c(Y) are 0, and no u. With several columns, a
    side may be thin by itself, such as columns that nearly coincide, which says nothing about X and
    Y: c(X) and c(Y), from the same neighbours, make up for it. The correction needs
    k >= 3 (dx + dy). With a smaller k, the estimate is I2.

    Ties are broken by noise as in `knn`, and dimensions divided by their standard deviations
    without far outliers.

    Bias: far less than that of `knn` for strong dependence along smooth curves: for 1000 rows of
    y = x + 1e-4 noise, both uniform, 0.2 nats too low, where knn is 4 nats too low. Downwards
    where the relation bends within a neighbourhood, and in many dimensions. About 0.005 nats
    upwards for independent sides, and up to 0.05 nats if columns of a side nearly coincide.

    What exceeds the largest value of I2 rests on the assumption that the relation is straight
    within each neighbourhood: the flag `straight_lines` says so.

    Sides of labels are refused: labels have no directions.

    Attributes:
        k: the number of neighbours; 12 by default.
        alpha: the ratio of volumes below which a row is corrected. None (default): that which 0.5%
            of neighbourhoods of uniform rows fall below, from simulation. 0: never.

    References:
        Gao, Ver Steeg & Galstyan 2015, arXiv:1411.2003.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.random(1000)
        >>> y = x + 1e-3 * rng.random(1000)  # the truth: 6.9 nats
        >>> abs(LNC().estimate(x, y).nats - 6.9) < 0.5
        True
    """

    k: Annotated[int, Field(ge=2)] = 12
    alpha: Annotated[float, Field(ge=0, le=1)] | None = None
    quadratic: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        refuse_labels("lnc", x, y)
        n = x.n
        if n <= self.k:
            raise InputError(f"lnc needs more than k={self.k} rows, got {n}: lower k or add rows")
        counts = kraskov_counts(varying_side(x), varying_side(y), self.k, 2)
        margins = np.sort(digamma(counts.n_x) + digamma(counts.n_y)).mean()
        most = float(digamma(n) - digamma(self.k)) - 1 / self.k  # as in `knn`
        plain = float(digamma(n) + digamma(self.k) - 1 / self.k - margins)
        dims_x, dims_y = len(counts.x.columns), len(counts.y.columns)
        dims = dims_x + dims_y
        corrects = self.k >= NEIGHBOURS_PER_DIMENSION * dims and self.alpha != 0
        gains = np.zeros(n)
        if corrects:
            gains = self._gains(counts.x.columns, counts.y.columns)
        nats = plain + float(np.sort(gains).mean())
        notes = neighbour_flags(n, self.k, dims, counts.tied_rows)
        if nats > most:
            notes.update([flags.straight_lines(nats, most)])
        info = {"method": "LNC", "knn_nats": plain, "corrected_rows": int((gains != 0).sum())}
        ceiling = MOST_NATS * min(dims_x, dims_y) if corrects else most
        return Estimate(nats, notes, info, ceiling)

    def _gains(self, x: Float, y: Float) -> Float:
        """-c(XY) + c(X) + c(Y) of each row (n,), for columns x (dx, n), y (dy, n)."""
        joint = np.concatenate([x, y])
        gains = np.empty(joint.shape[1])
        for rows, vectors, _ in vectors_to_neighbours(joint, self.k, np.inf):
            of_x, of_y = vectors[:, :, : len(x)], vectors[:, :, len(x) :]
            gains[rows] = self._term(of_x) + self._term(of_y) - self._term(vectors)
        return gains

    def _term(self, vectors: Float) -> Float:
        """The term c (m,) for the vectors to the neighbours of m rows (m, k, d)."""
        _, k, dims = vectors.shape
        shares: Float = np.maximum(log_shares_of_boxes(vectors), -MOST_NATS * dims)
        if dims == 1:
            return shares
        rare, usual = shares_of_uniform_rows(k, dims)
        limit = rare if self.alpha is None else math.log(self.alpha)
        return np.asarray(np.where(shares < limit, shares - usual, 0.0))
