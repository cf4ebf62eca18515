"""Matrix-based Renyi information, from the eigenvalues of matrices of kernels: not the MI."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import NO_COLUMNS, NO_SYMBOLS, Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .binning.labels import LabelCorrection, information_of_labels
from .kernels.gram import sums_of_squares
from .neighbours.sorted_column import varying_side
from .shared.threads import share_rows

Float = NDArray[np.float64]

MAX_ROWS_OF_EIGENVALUES = 3000  # the time grows with the cube of n
MIN_ROWS_PER_THREAD = 64
ALL_UNLIKE = 0.8  # of log n, the entropy if no two rows are alike
WHAT = "the matrix-based Renyi information, whose value depends on alpha and bandwidth"


@dataclass(frozen=True)
class Renyi(Estimator):
    """Matrix-based Renyi information, S(X) + S(Y) - S(XY): in nats, but not the MI.

    K is the matrix (n, n) of Gaussian kernels exp(-|x_i - x_j|^2 / 2 w^2) between rows of X, L that
    of Y, and o the product of elements. For a matrix A, with eigenvalues e_i (Sanchez Giraldo, Rao
    & Principe 2015):

        S(A) = log(sum_i e_i^alpha) / (1 - alpha)
        R = S(K / n) + S(L / n) - S(K o L / n)

    S takes no density and no bins, so that it suits many dimensions, and it is used for information
    planes with alpha = 1.01. But it measures how many rows are alike at the width w: it tends to no
    MI with more rows, since w decides how fine a dependence counts. The flag `not_mi` says so with
    every estimate. `docs/estimators.md` compares it with known MI.

    With alpha = 2, sum_i e_i^2 is the mean of K_ij^2, so that no matrix is kept and any number of
    rows will do. Other values take eigenvalues, up to 3000 rows.

    Dimensions are divided by their standard deviations without far outliers. In a side of labels,
    K_ij is 1 for equal labels, else 0. Two sides of labels: the plug-in, adjusted for chance.

    Bias, as an estimate of the MI, at n = 1000 and the default width: normals with a correlation of
    0.75 in 1+1 columns give 0.40 nats (the MI is 0.41), a copy of a column 1.7 (infinite), and
    independent normals of 5+5 columns 6.2 (0). In many columns no two rows are alike at this width,
    so K is nearly the unit matrix: the flag `few_samples`.

    Attributes:
        alpha: the order, above 0 and not 1; 2 by default.
        bandwidth: w in standard deviations; "silverman" (default): (4 / (n (d + 2)))^(1 / (d + 4))
            for d columns.
        correction: for two discrete sides only, as in `knn`.

    References:
        Sanchez Giraldo, Rao & Principe 2015, arXiv:1211.2459, doi:10.1109/TIT.2014.2370058.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=500)
        >>> estimate = Renyi().estimate(x, x + rng.normal(size=500))  # the MI: 0.35 nats
        >>> 0.2 < estimate.nats < 0.5
        True
        >>> list(estimate.flags)
        ['not_mi']
    """

    alpha: Annotated[float, Field(gt=0)] = 2.0
    bandwidth: Annotated[float, Field(gt=0)] | Literal["silverman"] = "silverman"
    correction: LabelCorrection | None = "auto"
    quadratic: ClassVar[bool] = True
    by_default: ClassVar[bool] = False
    not_claimed: ClassVar[tuple[str, ...]] = (
        "independence", "independent columns", "independent labels", "known value",
        "monotone maps", "rotations", "more columns", "additivity", "near copy", "growth",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.alpha == 1:
            raise InputError("Renyi: alpha=1 has no formula: use a value near it, such as 1.01")

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return information_of_labels(x, y, self.correction)
        if x.discrete:  # K and L play the same part
            x, y = y, x
        columns = self._in_widths(x), NO_COLUMNS if y.discrete else self._in_widths(y)
        symbols = y.symbols if y.discrete else NO_SYMBOLS
        if self.alpha == 2:
            s_x, s_y, s_xy = _entropies_of_order_2(*columns, symbols)
        elif x.n > MAX_ROWS_OF_EIGENVALUES:
            raise InputError(
                f"renyi: alpha={self.alpha:g} needs the eigenvalues of a matrix of {x.n} x {x.n}; "
                f"at most {MAX_ROWS_OF_EIGENVALUES} rows are allowed: use alpha=2, or fewer rows"
            )
        else:
            k = _gram(columns[0])
            other = _gram(columns[1]) if not y.discrete else symbols == symbols[:, np.newaxis]
            s_x, s_y, s_xy = (_entropy(a, self.alpha) for a in (k, other, k * other))
        info = {"method": "matrix-based Renyi", "alpha": self.alpha}
        notes = dict([flags.not_mi("renyi", WHAT)])
        if max(s_x, s_y) > ALL_UNLIKE * math.log(x.n):
            notes.update([flags.few_samples(x.n, sum(map(len, columns)))])
        return Estimate(s_x + s_y - s_xy, notes, info, min(s_x, s_y))

    def _in_widths(self, v: Variable) -> Float:
        """The columns (d, n) in units in which K_ij^2 = exp(-|x_i - x_j|^2)."""
        columns = varying_side(v).columns
        d, n = columns.shape
        if self.bandwidth == "silverman":
            width = math.pow(4 / (n * (d + 2)), 1 / (d + 4))
        else:
            width = float(self.bandwidth)
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(columns / width)


def _entropies_of_order_2(x: Float, y: Float, symbols: NDArray[np.int64]) -> tuple[float, ...]:
    n = x.shape[1]
    sums = np.empty((n, 3))
    share_rows(lambda a, b: sums_of_squares(x, y, symbols, a, b, sums), n, MIN_ROWS_PER_THREAD)
    # Each pair counts twice, and each row once with itself. Sorted: no order of rows matters.
    means = (n + 2 * np.sort(sums, axis=0).sum(axis=0)) / n**2
    return tuple(map(float, -np.log(means)))


def _gram(columns: Float) -> Float:
    """K (n, n), from columns (d, n) in the units of `_in_widths`."""
    squared = np.zeros((columns.shape[1],) * 2)
    for column in columns:
        squared += (column - column[:, np.newaxis]) ** 2
    return np.asarray(np.exp(-squared / 2))


def _entropy(matrix: NDArray[np.generic], alpha: float) -> float:
    """S of a matrix (n, n) with ones on the diagonal, divided by n."""
    eigenvalues = np.linalg.eigvalsh(np.asarray(matrix, np.float64) / len(matrix))
    powers = np.maximum(eigenvalues, 0.0) ** alpha  # rounding makes some slightly negative
    return math.log(float(np.sort(powers).sum())) / (1 - alpha)
