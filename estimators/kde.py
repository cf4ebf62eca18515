"""Kernel density estimation: densities replaced by leave-one-out Gaussian kernel estimates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .binning.labels import LabelCorrection, information_of_labels
from .density.mixture_bounds import Variant, mixture_information
from .kernels.density import BLOCK, label_sums, log_sums, pair_sums
from .shared.columns import standardized
from .shared.threads import share_rows

Float = NDArray[np.float64]

MIN_SUM = 1e-280  # smaller sums have lost terms to underflow, and are computed again, shifted
MIN_ROWS_PER_THREAD = 64
PARTIAL_SUMS = 8  # a fixed number, so that the number of threads changes no rounding
# Nats that kernels narrower by sqrt(2) may add before the estimate is flagged. They add 0.35, half
# of log 2, for each pair of directions whose relation is narrower than the kernels; and for normals
# of correlation 0.9 they add 0.05 with 1000 rows, and 0.11 with 100 rows, where the error is 0.2.
MAX_RISE = 0.12
MAX_FALL = 0.5  # of one row's term: narrower kernels miss the few neighbours of an isolated row
MIN_QUARTILE_RANGE_SD = (
    0.15  # interquartile range in sd (normal: 1.35), below which the estimate is flagged
)


@dataclass(frozen=True)
class KDE(Estimator):
    """MI by leave-one-out Gaussian kernel density estimates.

    I = (1/n) sum_i log p(x_i, y_i) / (p(x_i) p(y_i)), where each density is the mean over j != i of
    a Gaussian kernel. The joint space and the margins use the same diagonal bandwidth matrix, so
    that the margins are those of the joint density. The sums are exact: O(n^2) time, O(n) memory.
    Dimensions that are constant are ignored.

    If one side is discrete: I = mean log p(x_i | y_i) / p(x_i), y_i the label. Rows whose label
    occurs once have no leave-one-out density; they are left out, and the estimate is flagged. If
    both sides are discrete, the estimate is the plug-in, adjusted for chance.

    Bias: downwards where the bandwidth smooths the dependence away, severely so for strong
    dependence and many dimensions. The estimate with kernels narrower by a factor of sqrt(2) comes
    from the squares of the same kernels. If it is larger by more than 0.12 nats (`MAX_RISE`),
    the estimate is flagged: `ceiling` if it is near the largest value that this bandwidth allows,
    else `fine_structure`. By the Cauchy-Schwarz inequality, S_xy^2 <= S_xx S_yy for the sums S of
    products of kernels, so that

        I <= (C_x + C_y) / 2,    C_x = mean log (n - 1) S_xx / S_x^2.

    Attributes:
        bandwidth: "scott" (default), n^(-1/(D+4)); "silverman", (n (D+2) / 4)^(-1/(D+4)); or a
            number: each in units of the standard deviation of every dimension. D is the number of
            continuous dimensions that vary.
        noise_variance: None (default); or s2 > 0 for I(C;T + Z) instead, where C are the labels of
            the discrete side, T the rows of the other side, and Z normal noise of variance s2 in
            every dimension. T + Z is a mixture of n Gaussians, whose entropy is bounded by
            pairwise distances, see `density.mixture_bounds`. No bandwidth is chosen, and no row is
            left out. Where all labels differ, like the inputs X of a network, this is
            I(X;T + Z) = H(T + Z) - H(Z), which would be infinite for a continuous T without noise.
        variant: with noise, the bound on the entropies: "upper" (default, Kullback-Leibler) or
            "lower" (Bhattacharyya). Where all labels differ the result is a bound on I, since H(Z)
            is known. If labels repeat, it is a difference of two bounds, which is no bound.
        correction: for two discrete sides only. "auto" (default): adjusted for chance, see
            `docs/labels.md`; None, the plug-in; "miller-madow" or another of its corrections.

    Raises:
        InputError: if both `bandwidth` and `noise_variance` are given.

    References:
        Moon, Rajagopalan & Lall 1995, doi:10.1103/PhysRevE.52.2318.
        Bandwidths: Scott 1992, doi:10.1002/9780470316849;
            Silverman 1986, doi:10.1201/9781315140919.
        Noise: Kolchinsky & Tracey 2017, doi:10.3390/e19070361, as used by
            Saxe et al. 2019, doi:10.1088/1742-5468/ab3985.
        Labels: Vinh, Epps & Bailey 2010, https://jmlr.org/papers/v11/vinh10a.html;
            Grassberger 2003, arXiv:physics/0307138.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=500)
        >>> KDE().estimate(x, x + 1).nats > 1
        True
    """

    bandwidth: Annotated[float, Field(gt=0)] | Literal["scott", "silverman"] = "scott"
    noise_variance: Annotated[float, Field(gt=0)] | None = None
    variant: Variant = "upper"
    correction: LabelCorrection | None = "auto"
    quadratic: ClassVar[bool] = True
    warm_up_with: ClassVar[tuple[dict[str, Any], ...]] = ({"noise_variance": 1.0},)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.noise_variance is not None and self.bandwidth != "scott":
            raise InputError(
                f"KDE: bandwidth={self.bandwidth} and noise_variance={self.noise_variance:g} are "
                "two ways to smooth: set only one of them"
            )

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return information_of_labels(x, y, self.correction)
        if self.noise_variance is not None:
            labels, values = (x, y) if x.discrete else (y, x)
            return self._noisy(values, [labels], self.noise_variance)[0]
        factor = self._bandwidth_sd(x.n, _varying(x) + _varying(y))
        info = {"method": "kernel density", "bandwidth_sd": factor}
        if x.discrete or y.discrete:
            labels, values = (x, y) if x.discrete else (y, x)
            smoothed, notes = _mean_log_ratio_of_labels(_scaled(values, factor), labels)
        else:
            smoothed, notes = _mean_log_ratio(_scaled(x, factor), _scaled(y, factor)), {}
        notes = notes | _few_samples(x, y) | _heavy_tails(x, y)
        ceiling = math.log(x.n)
        if smoothed.rise > MAX_RISE:
            ceiling = min(ceiling, smoothed.most)
            if not flags.is_near(smoothed.nats, ceiling):
                step = "narrowing the kernels by a factor of 1.41"
                remedy = "Use knn, or a smaller bandwidth with more rows."
                notes.update([flags.fine_structure(smoothed.rise, step, remedy)])
        return Estimate(smoothed.nats, notes, info, ceiling)

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        if self.noise_variance is None or t.discrete:
            return super()._estimate_each(t, others)
        return self._noisy(t, others, self.noise_variance)

    def _noisy(
        self, values: Variable, labels: Sequence[Variable], noise_variance: float
    ) -> list[Estimate]:
        """The estimate for each labelling of the same values."""
        if not all(side.discrete for side in labels):
            raise InputError(
                f"kde: noise_variance={noise_variance:g} needs one side of labels: declare that "
                "side discrete, or leave noise_variance out for two continuous sides"
            )
        info = {
            "method": "mixture of Gaussians", "noise_variance": noise_variance,
            "variant": self.variant,
        }  # fmt: skip
        information = mixture_information(values, labels, noise_variance, self.variant)
        return [Estimate(nats, {}, info) for nats in information]

    def _bandwidth_sd(self, n: int, dims: int) -> float:
        if self.bandwidth == "scott":
            return float(n ** (-1 / (dims + 4)))
        if self.bandwidth == "silverman":
            return float((n * (dims + 2) / 4) ** (-1 / (dims + 4)))
        return self.bandwidth


def _scaled(v: Variable, factor: float) -> Float:
    """The columns that vary, divided by their bandwidths."""
    with np.errstate(over="ignore"):  # `_log_sums` raises an error for a bandwidth too small
        return standardized(v.float64[v.low < v.high]) / factor


@dataclass(frozen=True)
class _Smoothed:
    """An estimate in nats, and what kernels narrower by sqrt(2) add to it.

    most: the largest value that these kernels allow for any relation of such sides.
    """

    nats: float
    rise: float
    most: float = math.inf


def _mean_log_ratio(x: Float, y: Float) -> _Smoothed:
    """Mean of log (n - 1) S_xy / (S_x S_y), where S are leave-one-out kernel sums; see `KDE`."""
    n = x.shape[1]
    partial_sums, blocks = np.zeros((PARTIAL_SUMS, 6, n)), -(-n // BLOCK)

    def add(first: int, last: int) -> None:
        for p in range(first, last):
            pair_sums(x, y, p, blocks, PARTIAL_SUMS, partial_sums[p])

    share_rows(add, PARTIAL_SUMS, 1)
    sums = partial_sums.sum(axis=0)
    same_label = np.zeros(n, np.int64)
    spaces = (x, y, np.concatenate([x, y]))
    logs = [_log_sums(s, columns, same_label) for s, columns in zip(sums[:3], spaces, strict=True)]
    nats = float(np.mean(logs[2] - logs[0] - logs[1])) + math.log(n - 1)
    in_x, in_y, in_both, in_xx, in_yy, in_all = _logs_without_underflow(sums)
    rise = _mean_rise(in_all - in_xx - in_yy - (in_both - in_x - in_y))
    bounds = (in_xx + in_yy) / 2 - in_x - in_y
    most = float(bounds.mean()) + math.log(n - 1) if len(bounds) else math.inf
    return _Smoothed(nats, rise, most)


def _logs_without_underflow(sums: Float) -> Float:
    """Logs of sums (s, n) at the rows where no sum has underflowed."""
    return np.asarray(np.log(sums[:, (sums >= MIN_SUM).all(axis=0)]))


def _mean_rise(rises: Float) -> float:
    """The mean of what narrower kernels add to the terms of rows; 0 of no rows."""
    return float(np.maximum(rises, -MAX_FALL).mean()) if len(rises) else 0.0


def _mean_log_ratio_of_labels(x: Float, labels: Variable) -> tuple[_Smoothed, dict[str, str]]:
    """Mean of log [S_same / (n_label - 1)] / [S_x / (n - 1)] over rows that share their label."""
    n = x.shape[1]
    symbols = labels.symbols
    counts = labels.counts[symbols]
    repeated = counts > 1
    if not repeated.any():
        raise InputError(
            f"all {n} labels differ, so no row shares its label with another, and densities within "
            "labels do not exist: treat that side as continuous, or use binning"
        )
    sums = np.empty((4, n))
    share_rows(lambda a, b: label_sums(x, symbols, a, b, sums), n, MIN_ROWS_PER_THREAD)
    all_, same = (
        _log_sums(s, x, which, repeated)
        for s, which in zip(sums[:2], (np.zeros_like(symbols), symbols), strict=True)
    )
    # Rows of single labels are left out of the mean only: p(x) is estimated from all rows.
    terms = same - np.log(counts[repeated] - 1.0) - all_ + math.log(n - 1)
    left_out = int(n - repeated.sum())
    in_x, in_label, in_xx, in_label_squared = _logs_without_underflow(sums[:, repeated])
    rise = _mean_rise(in_label_squared - in_xx - (in_label - in_x))
    notes = dict([flags.rare_labels(left_out, n)] if left_out else [])
    return _Smoothed(float(np.mean(terms)), rise), notes


def _log_sums(
    sums: Float, columns: Float, labels: NDArray[np.int64], used: NDArray[np.bool_] | None = None
) -> Float:
    """Log of the sums (n,) of the used rows. Sums that underflowed are computed again, shifted."""
    rows = np.arange(len(sums)) if used is None else np.flatnonzero(used)
    used_sums = sums[rows]
    with np.errstate(divide="ignore"):
        logs = np.log(used_sums)
    again = np.flatnonzero(used_sums < MIN_SUM)
    if len(again):
        ids = rows[again]
        targets, shifted = np.ascontiguousarray(columns[:, ids]), np.empty(len(again))
        share_rows(
            lambda a, b: log_sums(targets, ids, columns, labels, a, b, shifted),
            len(again),
            MIN_ROWS_PER_THREAD,
        )
        logs[again] = shifted
    if not np.isfinite(logs).all():
        raise InputError(
            "kde: the bandwidth is so small that the distances between rows, in units of it, "
            "overflow: use a larger bandwidth"
        )
    return logs


def _varying(v: Variable) -> int:
    """The number of dimensions that vary; 0 for labels."""
    return int((v.low < v.high).sum())


def _few_samples(x: Variable, y: Variable) -> dict[str, str]:
    dims = _varying(x) + _varying(y)
    return dict([flags.few_samples(x.n, dims)] if math.log2(x.n) < dims else [])


def _heavy_tails(x: Variable, y: Variable) -> dict[str, str]:
    """A flag if most values lie within a small fraction of a standard deviation.

    The standard deviation, the unit of the bandwidth, is then far too wide for them.
    """
    for v in (x, y):
        if v.discrete:
            continue
        low, high = np.quantile(standardized(v.float64), [0.25, 0.75], axis=1)
        narrow = (high - low)[high > low]
        if len(narrow) and narrow.min() < MIN_QUARTILE_RANGE_SD:
            reason = f"half of the values lie within {narrow.min():.2g} standard deviations"
            return dict([flags.outliers(reason)])
    return {}
