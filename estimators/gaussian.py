"""The MI of a normal distribution with the sample's covariance, without its bias."""

from dataclasses import dataclass
from typing import ClassVar

from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.types import Estimate

from .binning.nearest_in_z import with_fast_changes
from .normal.canonical_correlations import EXACT, information_of_normal, refuse_labels
from .shared.chain_rule import information_by_chain_rule
from .shared.columns import standardized


@dataclass(frozen=True)
class Gaussian(Estimator):
    """MI of the normal distribution with the sample's covariance, from canonical correlations.

    r_i are the canonical correlations of X (n, dx) and Y (n, dy), and psi is the digamma function:

        I = -1/2 sum_i log(1 - r_i^2) - B
        B = 1/2 [sum_{i < dx} psi((n - 1 - i) / 2) + sum_{i < dy} psi((n - 1 - i) / 2)
                 - sum_{i < dx + dy} psi((n - 1 - i) / 2)]

    The first term is the plug-in, [log det Sx + log det Sy - log det Sxy] / 2. B is its mean error
    for rows from a normal distribution, for any n > dx + dy + 1 and any dependence: for n - 1
    degrees of freedom, E log det of a Wishart matrix of d dimensions is log det of the covariance
    plus d log 2 plus sum_{i < d} psi((n - 1 - i) / 2). B is about dx dy / 2n.

    The estimate is the same for invertible linear maps of either side. Columns that are linear in
    other columns of their side are left out. An exact linear relation between the sides has no
    finite MI: 1 - r^2 below 1e-12 is taken as 1e-12, 13.8 nats, and the estimate is flagged.

    Bias: none for normal distributions. For others, the estimate tends to the MI of the normal
    distribution with the same covariance. This is at most the MI if both X and Y are normal
    vectors, whatever their relation, since a normal distribution has the largest entropy h(XY) for
    its covariance. If they are not, it may be far below the MI (relations that are not linear) or
    far above it (a few outliers that both sides share, clusters, points on a circle). The flag
    `not_normal` is raised where the ratio p(x, y) / p(x) p(y) of the normal distribution is larger
    than 1 on average over x of one row and y of another, and says by how much the estimate may be
    too high; and where the kurtosis of a side (Mardia's) is not that of a normal distribution.

    Sides of labels are refused: numbers for labels would give them an order and distances.

    References:
        Canonical correlations: Kay 1992, doi:10.1109/IJCNN.1992.227286.
        The bias: Misra, Singh & Demchuk 2005, doi:10.1016/j.jmva.2003.10.003.
        The mean ratio: Donsker & Varadhan 1983, doi:10.1002/cpa.3160360204.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> estimate = Gaussian().estimate(x, x + rng.normal(size=1000))  # the truth: 0.5 bits
        >>> abs(estimate.bits - 0.5) < 0.1
        True
    """

    by_default: ClassVar[bool] = False
    sees_near_copies: ClassVar[bool] = False
    not_claimed: ClassVar[tuple[str, ...]] = ("monotone maps",)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        refuse_labels("gaussian", x, y)
        a, b = (standardized(v.float64[v.low < v.high]) for v in (x, y))
        return information_of_normal("gaussian", a, b, EXACT)

    def _estimate_given(self, x: Variable, y: Variable, z: Variable) -> Estimate:
        # Both orders of the chain rule are equal here, and so are their corrections.
        return information_by_chain_rule(self.estimate_variables, x, y, z, clipped=False)

    def _check_given(self, estimate: Estimate, x: Variable, y: Variable, z: Variable) -> Estimate:
        return with_fast_changes(estimate, x, y, z, estimate.info["terms_nats"])
