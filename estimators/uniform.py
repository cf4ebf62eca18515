"""Uniform binning: cut each dimension into bins of equal width, and count."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract import flags
from mibench.contract.variables import Variable
from mibench.errors import InputError

from .binning import bin_rules
from .binning.base import BinnedSide, BinningEstimator, SideBins
from .binning.labels import LabelCorrection
from .kernels.binning import fold_uniform, tally_uniform

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Rule = Literal["auto", "sturges", "scott", "freedman-diaconis", "terrell-scott"]

MAX_SHARE_IN_BIN = 0.9  # share of the rows in one bin, above which the estimate is flagged
AUTO_SCALE = 22.0  # fitted by `benchmarks/fit_bins.py`; see `bin_rules.balanced_bins`


@dataclass(frozen=True)
class Uniform(BinningEstimator):
    """Plug-in MI of variables cut into bins of equal width.

    I = H(bin X) + H(bin Y) - H(bin X, bin Y), where the bin indices of all dimensions of a side
    together are one symbol. Discrete sides are not binned: each label is a symbol. If both sides
    are discrete, the plug-in is adjusted for chance, so that independent labels give 0 on average.

    Bias: upwards by about (Kx - 1)(Ky - 1) / 2n, where Kx and Ky are the numbers of occupied bins
    of the sides; downwards by the detail that is lost in wide bins. Underestimates unbounded
    variables whose outliers stretch the range.

    Ceiling: no estimate exceeds the smaller of H(bin X) and H(bin Y), whatever the relation of X
    and Y.

    Attributes:
        bins: the number of bins per dimension, or a rule. "auto" (default) depends on n and on the
            number of dimensions, see `bin_rules.balanced_bins`. "sturges" and "terrell-scott"
            depend on n alone; "scott" and "freedman-diaconis" also on the values of each dimension.
            Rasmussen's thesis uses 30 bins, and 100 for ReLU, for layers with 4096 inputs.
            Other data may need other numbers.
        range: (low, high) of all dimensions, for example (-1, 1) for tanh. Values outside go into
            the outermost bins. None (default): the range of the data.
        pooled: whether all dimensions of a side share one set of edges (and the number of bins that
            a rule gives), as the neurons of a layer do. Default: each dimension has its own edges.
        correction: "auto" (default): none for bins; two sides of labels are adjusted for chance,
            see `docs/labels.md`. None: the plug-in. "miller-madow": adds (occupied bins - 1) / 2n
            to each entropy, of bins and of labels; other names, see `entropy_of_counts_nats`,
            correct them otherwise.

    Raises:
        InputError: for an empty or infinite `range`.

    References:
        Labels: Vinh, Epps & Bailey 2010, https://jmlr.org/papers/v11/vinh10a.html;
            Grassberger 2003, arXiv:physics/0307138.
        Cover & Thomas, Elements of Information Theory, ch. 8.
        Miller 1955, Note on the bias of information estimates.
        Panzeri & Treves 1996, doi:10.1088/0954-898X/7/1/006.
        N. L. Rasmussen, Information Bottleneck for Deep Learning: Theory and Experiments (BSc
            thesis, University of Copenhagen).

    Example:
        >>> import numpy as np
        >>> x = np.arange(8.0)
        >>> round(Uniform(bins=4).estimate(x, x).bits, 6)
        2.0
    """

    bins: Annotated[int, Field(ge=1, le=bin_rules.MAX_BINS)] | Rule = "auto"
    range: tuple[float, float] | None = None
    pooled: bool = False
    correction: LabelCorrection | None = "auto"
    fold = staticmethod(fold_uniform)
    tally = staticmethod(tally_uniform)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.range is not None:
            low, high = self.range
            if not low < high:
                raise InputError(
                    f"Uniform: range={low:g}:{high:g} is empty: low must be less than high"
                )
            if not math.isfinite(high - low):
                raise InputError(
                    f"Uniform: range={low:g}:{high:g} is wider than the largest float: narrow it"
                )

    def _extra_flags(self, x: BinnedSide, y: BinnedSide) -> dict[str, str]:
        if self.range is not None:
            low, high = self.range
            outside = _outside(x.variable, low, high) + _outside(y.variable, low, high)
            return dict([flags.outside_range(outside, low, high)] if outside else [])
        notes: dict[str, str] = {}
        for side in (x, y):
            if not side.variable.discrete and max(side.bins.bins) > 2:
                share = side.counted.counts.max() / side.variable.n
                if share > MAX_SHARE_IN_BIN:
                    notes.update([flags.outliers(f"one bin holds {share:.0%} of the rows")])
        return notes

    def _cut(self, v: Variable, others: Sequence[Variable]) -> SideBins:
        edges, bins = self._edges(v, others)
        return SideBins(bins, bins, v.columns, (edges, np.array(bins)))

    def _edges(self, v: Variable, others: Sequence[Variable]) -> tuple[Float, list[int]]:
        """Edges (d, largest number of bins + 1), or one row for all dimensions; bins of each."""
        if self.range is not None and isinstance(self.bins, int):
            return _edges_of_range(*self.range, self.bins), [self.bins] * v.dims
        low, high = self._limits(v)
        bins = self._bin_numbers(v, others, high - low)
        flat = low == high  # a constant dimension has one bin, whatever its edges are
        low, high = np.where(flat, 0.0, low), np.where(flat, 1.0, high)
        numbers: list[int] = np.where(flat, 1, bins).tolist()
        if min(bins) == max(bins):  # one call for all dimensions is much cheaper
            return np.linspace(low, high, bins[0] + 1).T.copy(), numbers
        edges = np.zeros((v.dims, max(bins) + 1))
        for row, a, b, m in zip(edges, low, high, numbers, strict=True):
            row[: m + 1] = np.linspace(a, b, m + 1)
        return edges, numbers

    def _limits(self, v: Variable) -> tuple[Float, Float]:
        if self.range is not None:
            low, high = self.range
        elif self.pooled:
            low, high = float(v.low.min()), float(v.high.max())
        else:
            return v.low, v.high
        return np.full(v.dims, low), np.full(v.dims, high)

    def _bin_numbers(self, v: Variable, others: Sequence[Variable], spans: Float) -> list[int]:
        """The number of bins of each dimension; spans (d,): the widths of the ranges."""
        if isinstance(self.bins, int):
            return [self.bins] * v.dims
        if self.bins == "auto":
            return [bin_rules.balanced_bins(v.n, (v, *others), AUTO_SCALE)] * v.dims
        if self.bins in bin_rules.OF_SIZE:
            size = v.columns.size if self.pooled else v.n
            return [bin_rules.OF_SIZE[self.bins](size)] * v.dims
        by_width = bin_rules.OF_VALUES[self.bins]
        if self.pooled:
            return [by_width(v.float64.ravel(), float(spans[0]))] * v.dims
        return [by_width(u, float(s)) for u, s in zip(v.float64, spans, strict=True)]


@lru_cache(maxsize=64)
def _edges_of_range(low: float, high: float, bins: int) -> Float:
    """The edges (1, bins + 1) of a fixed range. Cached, so callers must not write to them."""
    return np.linspace(low, high, bins + 1)[np.newaxis]


def _outside(v: Variable, low: float, high: float) -> int:
    """How many values of a side are outside the range."""
    if v.discrete or (min(v.low.tolist()) >= low and max(v.high.tolist()) <= high):
        return 0
    return int(((v.columns < low) | (v.columns > high)).sum())
