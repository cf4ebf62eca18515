"""Kernel density: leave-one-out Gaussian kernels in place of the densities."""

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

from .binning.plug_in import plug_in, variable_symbols
from .density.mixture_bounds import Variant, mixture_information
from .kernels.density import BLOCK, label_sums, log_sums, pair_sums
from .shared.columns import standardized
from .shared.threads import share_rows

Float = NDArray[np.float64]

TINY = 1e-280  # smaller sums have lost terms to underflow and are done again, shifted
LEAST_ROWS = 64
STRIPS = 8  # sums of their own; a fixed number, so that threads change no rounding
NARROW = 0.15  # quartiles this few sd apart (normal: 1.35) raise a flag


@dataclass(frozen=True)
class KDE(Estimator):
    """MI by leave-one-out Gaussian kernel density estimates.

    I = (1/n) sum_i log p(x_i, y_i) / (p(x_i) p(y_i)), each density the mean over j != i of a
    Gaussian kernel with the same diagonal bandwidth matrix in the joint space and the margins,
    so that the margins are those of the joint density. Exact: O(n^2) time, O(n) memory.

    bandwidth: "scott" n^(-1/(D+4)), "silverman" (n (D+2) / 4)^(-1/(D+4)), or a number, each in
        units of every dimension's own standard deviation; D is the number of continuous
        dimensions that vary. Constant ones play no part.

    A discrete side enters through its labels: I = mean log p(x_i | y_i) / p(x_i). Rows whose
    label occurs once have no leave-one-out density and are left out, with a flag. Two discrete
    sides: plug-in.

    noise_variance: s2 > 0 asks for I(C;T + Z) instead, C the labels of the discrete side, T the
        rows of the other, Z normal noise of that variance in every dimension: the entropy of a
        mixture of n Gaussians, from pairwise distances; see `estimators._mixture`. No bandwidth is
        chosen and no row left out. Where all labels differ, as those of a network's inputs X,
        I(X;T + Z) = H(T + Z) - H(Z), which would be infinite for a continuous T without noise.
    variant: with noise, the bound on the entropies: "upper" (Kullback-Leibler) or "lower"
        (Bhattacharyya). Where all labels differ the result is a bound on I, since H(Z) is known.
        For labels that repeat it is the difference of two bounds, which is no bound itself.

    Bias: downwards where the bandwidth smooths the dependence away, severely so for strong
    dependence and many dimensions. Source: Moon, Rajagopalan & Lall 1995,
    doi:10.1103/PhysRevE.52.2318; bandwidths: Scott 1992, doi:10.1002/9780470316849; Silverman
    1986, doi:10.1201/9781315140919; noise: Kolchinsky & Tracey 2017, doi:10.3390/e19070361, as in
    Saxe et al. 2019, doi:10.1088/1742-5468/ab3985.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=500)
    >>> KDE().estimate(x, x + 1).nats > 1
    True
    """

    bandwidth: Annotated[float, Field(gt=0)] | Literal["scott", "silverman"] = "scott"
    noise_variance: Annotated[float, Field(gt=0)] | None = None
    variant: Variant = "upper"
    quadratic: ClassVar[bool] = True
    warm_up_with: ClassVar[tuple[dict[str, Any], ...]] = ({"noise_variance": 1.0},)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.noise_variance is not None and self.bandwidth != "scott":
            raise InputError(
                f"KDE: bandwidth={self.bandwidth} and noise_variance={self.noise_variance:g} are "
                "two ways to smooth: give one of them"
            )

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return plug_in(variable_symbols(x), variable_symbols(y))
        if self.noise_variance is not None:
            labels, values = (x, y) if x.discrete else (y, x)
            return self._noisy(values, [labels], self.noise_variance)[0]
        factor = self._factor(x.n, _varying(x) + _varying(y))
        info = {"method": "kernel density", "bandwidth_sd": factor}
        if x.discrete or y.discrete:
            labels, values = (x, y) if x.discrete else (y, x)
            nats, notes = _labelled(_scaled(values, factor), labels)
        else:
            nats, notes = _paired(_scaled(x, factor), _scaled(y, factor)), {}
        notes = notes | _sparse(x, y) | _heavy_tails(x, y)
        return Estimate(nats, notes, info, ceiling_nats=math.log(x.n))

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        if self.noise_variance is None or t.discrete:
            return super()._estimate_each(t, others)
        return self._noisy(t, others, self.noise_variance)

    def _noisy(
        self, values: Variable, labels: Sequence[Variable], noise_variance: float
    ) -> list[Estimate]:
        """The estimate for each labelling of the same values."""
        if not all(one.discrete for one in labels):
            raise InputError(
                f"kde: noise_variance={noise_variance:g} needs one side of labels: declare it "
                "discrete, or leave noise_variance out for two continuous sides"
            )
        info = {
            "method": "mixture of Gaussians", "noise_variance": noise_variance,
            "variant": self.variant,
        }  # fmt: skip
        found = mixture_information(values, labels, noise_variance, self.variant)
        return [Estimate(nats, {}, info) for nats in found]

    def _factor(self, n: int, dims: int) -> float:
        if self.bandwidth == "scott":
            return float(n ** (-1 / (dims + 4)))
        if self.bandwidth == "silverman":
            return float((n * (dims + 2) / 4) ** (-1 / (dims + 4)))
        return self.bandwidth


def _scaled(v: Variable, factor: float) -> Float:
    """The columns that vary, divided by their bandwidths."""
    with np.errstate(over="ignore"):  # `_logs` explains a bandwidth that is too small
        return standardized(v.float64[v.low < v.high]) / factor


def _paired(x: Float, y: Float) -> float:
    """Mean log (n - 1) S_xy / (S_x S_y), S the leave-one-out kernel sums; see `KDE`."""
    n = x.shape[1]
    parts, blocks = np.zeros((STRIPS, 3, n)), -(-n // BLOCK)

    def strips(first: int, last: int) -> None:
        for s in range(first, last):
            pair_sums(x, y, s, blocks, STRIPS, parts[s])

    share_rows(strips, STRIPS, 1)
    sums = parts.sum(axis=0)
    nobody = np.zeros(n, np.int64)
    spaces = (x, y, np.concatenate([x, y]))
    logs = [_logs(s, columns, nobody) for s, columns in zip(sums, spaces, strict=True)]
    return float(np.mean(logs[2] - logs[0] - logs[1])) + math.log(n - 1)


def _labelled(x: Float, labels: Variable) -> tuple[float, dict[str, str]]:
    """Mean log [S_same / (n_label - 1)] / [S_x / (n - 1)] over rows that share their label."""
    n = x.shape[1]
    symbols = labels.symbols
    counts = labels.counts[symbols]
    kept = counts > 1
    if not kept.any():
        raise InputError(
            f"all {n} labels differ, so no row shares its label with another: kernel densities "
            "within labels do not exist. Treat that side as continuous, or use binning"
        )
    sums = np.empty((2, n))
    share_rows(lambda a, b: label_sums(x, symbols, a, b, *sums), n, LEAST_ROWS)
    all_, same = (
        _logs(s, x, which, kept)
        for s, which in zip(sums, (np.zeros_like(symbols), symbols), strict=True)
    )
    # The rows left out are left out of the mean only; p(x) is estimated from all rows.
    terms = same - np.log(counts[kept] - 1.0) - all_ + math.log(n - 1)
    left_out = int(n - kept.sum())
    return float(np.mean(terms)), dict([flags.rare_labels(left_out, n)] if left_out else [])


def _logs(
    sums: Float, columns: Float, labels: NDArray[np.int64], kept: NDArray[np.bool_] | None = None
) -> Float:
    """Log of the sums, those that underflowed computed again, shifted."""
    rows = np.arange(len(sums)) if kept is None else np.flatnonzero(kept)
    chosen = sums[rows]
    with np.errstate(divide="ignore"):
        logs = np.log(chosen)
    again = np.flatnonzero(chosen < TINY)
    if len(again):
        ids = rows[again]
        targets, shifted = np.ascontiguousarray(columns[:, ids]), np.empty(len(again))
        share_rows(
            lambda a, b: log_sums(targets, ids, columns, labels, a, b, shifted),
            len(again),
            LEAST_ROWS,
        )
        logs[again] = shifted
    if not np.isfinite(logs).all():
        raise InputError(
            "kde: the bandwidth is so small that the distances between rows, in units of it, "
            "overflow: give a larger one"
        )
    return logs


def _varying(v: Variable) -> int:
    """The number of dimensions that a density is estimated in."""
    return int((v.low < v.high).sum())


def _sparse(x: Variable, y: Variable) -> dict[str, str]:
    dims = _varying(x) + _varying(y)
    return dict([flags.few_samples(x.n, dims)] if math.log2(x.n) < dims else [])


def _heavy_tails(x: Variable, y: Variable) -> dict[str, str]:
    """Whether a standard deviation, the unit of the bandwidth, says nothing of most values."""
    for v in (x, y):
        if v.discrete:
            continue
        low, high = np.quantile(standardized(v.float64), [0.25, 0.75], axis=1)
        narrow = (high - low)[high > low]
        if len(narrow) and narrow.min() < NARROW:
            ratio = f"half of the values lie within {narrow.min():.2g} standard deviations"
            return dict([flags.outliers(ratio)])
    return {}
