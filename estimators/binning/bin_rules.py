"""Rules for the number of bins, which the binning estimators share."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import Variable

MAX_BINS = 1_000_000


def balanced_bins(n: int, sides: Sequence[Variable], scale: float) -> int:
    """The default number of bins per dimension: (scale * n / labels)^(1 / (D + 2)), at least 2.

    D is the number of continuous dimensions that vary, those of a Z that is given included, and
    `labels` the number of distinct labels of a discrete side. The upward bias of the plug-in is
    about labels * M^D / 2n for M bins. The information that bins of width 1 / M lose is
    proportional to 1 / M^2. The two balance where M^(D + 2) is proportional to n / labels. Labels
    that all differ count as one, since they leave no joint counts that could be biased.
    `benchmarks/fit_bins.py` fits the scale on bivariate normals.
    """
    binned = sum(int((v.low < v.high).sum()) for v in sides)
    labels = math.prod(v.cardinality for v in sides if v.cardinality < n and v.discrete)
    return balanced_number(n, labels, binned, scale)


def balanced_number(n: int, labels: int, dims: int, scale: float) -> int:
    """(scale * n / labels)^(1 / (dims + 2)), at least 2: see `balanced_bins`."""
    return max(2, round(math.pow(scale * n / labels, 1 / (dims + 2))))


def sturges(n: int) -> int:
    """ceil(log2 n) + 1 (Sturges 1926, doi:10.1080/01621459.1926.10502161)."""
    return math.ceil(math.log2(n)) + 1


def terrell_scott(n: int) -> int:
    """ceil((2 n)^(1/3)) (Terrell & Scott 1985, doi:10.1080/01621459.1985.10477163)."""
    return math.ceil(math.pow(2 * n, 1 / 3))


def scott(values: NDArray[np.float64], span: float) -> int:
    """Width 3.49 sd n^(-1/3) (Scott 1979, doi:10.1093/biomet/66.3.605) over a range `span` wide."""
    return _bins_of_width(values, span, lambda u: 3.49 * float(u.std(ddof=1)))


def freedman_diaconis(values: NDArray[np.float64], span: float) -> int:
    """Width 2 IQR n^(-1/3) (Freedman & Diaconis 1981, doi:10.1007/BF01025868) over `span`.

    If more than half of the values are equal, the IQR is 0, and Sturges' rule is used instead.
    """

    def width(u: NDArray[np.float64]) -> float:
        low, high = np.quantile(u, [0.25, 0.75])
        return 2 * float(high - low)

    return _bins_of_width(values, span, width)


def _bins_of_width(
    values: NDArray[np.float64],
    span: float,
    width_of: Callable[[NDArray[np.float64]], float],
) -> int:
    """The number of bins of width `width_of(values)` n^(-1/3) over `span`, at most n."""
    n = len(values)
    low, high = values.min(), values.max()
    if low == high:
        return 1
    # Scaled to [0, 1], so that the squares of 1e-200 or 1e200 do not under- or overflow.
    width = width_of((values - low) / (high - low))
    if not width > 0:
        return sturges(n)
    return math.ceil(min(span / float(high - low) * math.cbrt(n) / width, n, MAX_BINS))


# The rules by their names, as `bins` takes them: those that depend on the number of values alone,
# and those that depend on the values and the width of their range.
OF_SIZE: dict[str, Callable[[int], int]] = {"sturges": sturges, "terrell-scott": terrell_scott}
OF_VALUES: dict[str, Callable[[NDArray[np.float64], float], int]] = {
    "scott": scott,
    "freedman-diaconis": freedman_diaconis,
}
