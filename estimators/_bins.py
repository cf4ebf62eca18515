"""How many bins: rules that the binning estimators share."""

import math

import numpy as np
from numpy.typing import NDArray

from mibench.variables import Variable

MOST_BINS = 1_000_000


def balanced_bins(n: int, x: Variable, y: Variable, scale: float) -> int:
    """The default number of bins a dimension: (scale * n / labels)^(1 / (D + 2)), at least 2.

    D is the number of binned dimensions, `labels` the number of labels of a discrete side. The
    plug-in's upward bias is about labels * M^D / 2n, the information that bins of width 1 / M
    lose is proportional to 1 / M^2; their sum is least where M^(D + 2) is proportional to
    n / labels. The scale is fitted on bivariate normals by `benchmarks/fit_bins.py`.
    """
    binned = sum(v.dims for v in (x, y) if not v.discrete)
    labels = math.prod(v.cardinality for v in (x, y) if v.discrete)
    return max(2, round(math.pow(scale * n / labels, 1 / (binned + 2))))


def sturges(n: int) -> int:
    """ceil(log2 n) + 1 (Sturges 1926, doi:10.1080/01621459.1926.10502161)."""
    return math.ceil(math.log2(n)) + 1


def terrell_scott(n: int) -> int:
    """ceil((2 n)^(1/3)) (Terrell & Scott 1985, doi:10.1080/01621459.1985.10477163)."""
    return math.ceil(math.pow(2 * n, 1 / 3))


def scott(values: NDArray[np.float64]) -> int:
    """Width 3.49 sd n^(-1/3) (Scott 1979, doi:10.1093/biomet/66.3.605)."""
    return _bins_of_width(values, 3.49 * float(values.std(ddof=1)))


def freedman_diaconis(values: NDArray[np.float64]) -> int:
    """Width 2 IQR n^(-1/3) (Freedman & Diaconis 1981, doi:10.1007/BF01025868).

    Where more than half of the values are equal the IQR is 0, and Sturges' rule is used.
    """
    low, high = np.quantile(values, [0.25, 0.75])
    return _bins_of_width(values, 2 * float(high - low))


def _bins_of_width(values: NDArray[np.float64], width_times_root: float) -> int:
    """Bins for a width of `width_times_root` n^(-1/3), never more than values."""
    n = len(values)
    spread = float(values.max() - values.min())
    if not width_times_root > 0:
        return sturges(n)
    ratio = spread / width_times_root * n ** (1 / 3)
    return int(min(math.ceil(ratio), n, MOST_BINS))
