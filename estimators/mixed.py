"""k nearest neighbours for columns that repeat values: atoms, mixtures, labels with numbers."""

from dataclasses import dataclass, replace
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

from .binning.labels import LabelCorrection, information_of_labels
from .neighbours.cautions import neighbour_flags
from .neighbours.mixed_counts import MixedCounts, counts_of_columns, counts_within_labels
from .neighbours.sorted_column import varying_side

Float = NDArray[np.float64]

NEAR_CEILING = 0.85  # share of the largest estimate from which the noise may be far narrower


@dataclass(frozen=True)
class Mixed(Estimator):
    """MI from k nearest neighbours, for sides that may hold atoms, gaps and densities alike.

    psi is the digamma function, and e_i the distance from row i to its k-th neighbour in the joint
    space, in the maximum metric:

        I = psi(n) + mean[psi(k_i) - psi(m_xi) - psi(m_yi)]

    k_i counts the other rows at most e_i away in the joint space: k, or more where several are
    equally far. m_xi is the number of other rows with |x_j - x_i| <= e_i, or that of rows with
    |x_j - x_i| < e_i, row i included, whichever is larger; m_yi the same in y. Where no distances
    are equal, this is Kraskov's estimator. Where at least k rows are copies of row i, e_i = 0, and
    the counts are those of rows equal to row i. So no noise is added, and values that repeat beside
    values that do not, such as rain or censored times, are estimated as they are.

    This follows Gao, Kannan, Oh & Viswanath 2017, algorithm 1, except for rows that are equally far
    without being copies, where their program keeps k and counts only nearer rows. That makes
    independent sides dependent: by 0.33 nats for 1000 rows of 5+5 columns that are 0 with
    probability 0.8, and by 0.30 nats for normal values rounded to a tenth. Here, the means are
    0.00 and -0.01. Counting all rows at that distance is the way of Mesner & Shalizi 2021.

    One side of labels: neighbours are searched among rows of the same label, as in Ross's
    estimator, and rows whose label occurs once are left out. Two sides of labels: the plug-in,
    adjusted for chance (`docs/labels.md`).

    Dimensions are divided by their standard deviations without far outliers, as in `knn`.

    Bias: near 0 for independent sides, and slightly downwards for values on a coarse grid.
    Downwards for strong dependence and in many dimensions, as for `knn`.

    Attributes:
        k: the number of neighbours; 5 by default.
        correction: for two discrete sides only, as in `knn`.

    References:
        Gao, Kannan, Oh & Viswanath 2017, arXiv:1709.06212.
        Mesner & Shalizi 2021, doi:10.1109/TIT.2020.3024886.
        One side of labels: Ross 2014, doi:10.1371/journal.pone.0087357.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.integers(0, 5, 1000)  # five values; y is uniform on [x, x + 2]
        >>> y = x + 2 * rng.random(1000)
        >>> truth = np.log(5) - 4 / 5 * np.log(2)
        >>> bool(abs(Mixed().estimate(x, y).nats - truth) < 0.1)
        True
    """

    k: Annotated[int, Field(ge=1)] = 5
    correction: LabelCorrection | None = "auto"
    quadratic: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return information_of_labels(x, y, self.correction)
        if x.discrete or y.discrete:
            labels, values = (x, y) if x.discrete else (y, x)
            return self._of_one_label_side(values, labels)
        if x.n <= self.k:
            raise InputError(
                f"mixed needs more than k={self.k} rows, got {x.n}: lower k or add rows"
            )
        counts = counts_of_columns(varying_side(x).columns, varying_side(y).columns, self.k)
        estimate = self._from(counts, x.n)
        if counts.in_atoms == x.n:  # all values repeat: the estimate may be the entropy of a side
            return estimate
        # m_x and m_y are at least k_i.
        ceiling = float(digamma(x.n) - np.sort(digamma(counts.k)).mean())
        dims = sum(int((v.low < v.high).sum()) for v in (x, y))
        notes = {**estimate.flags, **neighbour_flags(x.n, self.k, dims)}
        if flags.is_near(estimate.nats, ceiling, NEAR_CEILING):
            notes.update([flags.ceiling(estimate.nats, ceiling, x.n)])
        return replace(estimate, flags=notes, ceiling_nats=ceiling)

    def _of_one_label_side(self, values: Variable, labels: Variable) -> Estimate:
        symbols = labels.symbols
        repeated = np.flatnonzero(labels.counts[symbols] > 1)
        if len(repeated) == 0:
            raise InputError(
                f"all {labels.n} labels differ, so no row has a neighbour with its own label: "
                "treat that side as continuous, or use binning"
            )
        columns = np.ascontiguousarray(varying_side(values).columns[:, repeated])
        estimate = self._from(
            counts_within_labels(columns, symbols[repeated], self.k), len(repeated)
        )
        if len(repeated) < labels.n:
            rare = flags.rare_labels(labels.n - len(repeated), labels.n)
            estimate = replace(estimate, flags={**estimate.flags, **dict([rare])})
        return estimate

    def _from(self, counts: MixedCounts, n: int) -> Estimate:
        terms = digamma(counts.k) - digamma(counts.x) - digamma(counts.y)
        info = {"method": "Gao, mixed", "rows_in_atoms": counts.in_atoms}
        # Sorted, so that the last digit does not depend on the order of the rows.
        return Estimate(float(digamma(n) + np.sort(terms).mean()), info=info)
