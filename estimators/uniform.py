"""Uniform binning: M bins of equal width a dimension, then counting."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract import flags
from mibench.contract.variables import Variable
from mibench.errors import InputError

from .binning import bin_rules as _bins
from .binning.base import Binned, BinningEstimator, Cuts
from .binning.plug_in import Correction
from .kernels.binning import fold_uniform, tally_uniform

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Rule = Literal["auto", "sturges", "scott", "freedman-diaconis", "terrell-scott"]

CROWDED = 0.9  # the share of rows in one bin from which a flag says so
AUTO_SCALE = 22.0  # fitted by `benchmarks/fit_bins.py`; see `_bins.balanced_bins`


@dataclass(frozen=True)
class Uniform(BinningEstimator):
    """Plug-in MI of variables cut into bins of equal width.

    I = H(bin X) + H(bin Y) - H(bin X, bin Y), in which a row of bin indices is one symbol.

    bins: bins a dimension, or a rule. "auto" (default) follows n and the dimension, see
        `estimators._bins.balanced_bins`; "sturges" and "terrell-scott" follow n alone, "scott"
        and "freedman-diaconis" each dimension's values. The thesis that this project grows from
        uses 30, and 100 for ReLU: on 4096 inputs and one layer, not a general advice.
    range: (low, high) for every dimension, say (-1, 1) for tanh; values beyond it join the
        outermost bins. None: from the data.
    pooled: one set of edges (and one number of bins by rule) for all dimensions of a variable, as
        for the neurons of a layer, instead of one a dimension.
    correction: "miller-madow" raises each entropy by (occupied - 1) / 2n.

    Bias: upwards by about (Kx - 1)(Ky - 1) / 2n for K occupied cells a side, downwards by the
    detail that too few bins lose; underestimates unbounded variables whose outliers stretch the
    range. Discrete sides are used as they are. Source: Cover & Thomas, Elements of Information
    Theory, ch. 8; Miller 1955; Panzeri & Treves 1996, doi:10.1088/0954-898X/7/1/006.

    >>> import numpy as np
    >>> x = np.arange(8.0)
    >>> round(Uniform(bins=4).estimate(x, x).bits, 6)
    2.0
    """

    bins: Annotated[int, Field(ge=1, le=_bins.MOST_BINS)] | Rule = "auto"
    range: tuple[float, float] | None = None
    pooled: bool = False
    correction: Correction | None = None
    fold = staticmethod(fold_uniform)
    tally = staticmethod(tally_uniform)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.range is not None:
            low, high = self.range
            if not low < high:
                raise InputError(f"Uniform: range={low:g}:{high:g} is empty: give low < high")
            if not math.isfinite(high - low):
                raise InputError(
                    f"Uniform: range={low:g}:{high:g} is wider than a float: narrow it"
                )

    def _notes(self, x: Binned, y: Binned) -> dict[str, str]:
        if self.range is not None:
            low, high = self.range
            outside = _outside(x.variable, low, high) + _outside(y.variable, low, high)
            return dict([flags.outside_range(outside, low, high)] if outside else [])
        notes: dict[str, str] = {}
        for side in (x, y):
            if not side.variable.discrete and max(side.cuts.bins) > 2:
                share = side.counted.counts.max() / side.variable.n
                if share > CROWDED:
                    notes.update([flags.outliers(f"one bin holds {share:.0%} of the rows")])
        return notes

    def _cut(self, v: Variable, other: Variable) -> Cuts:
        edges, bins = self._edges(v, other)
        return Cuts(bins, bins, v.columns, (edges, np.array(bins)))

    def _edges(self, v: Variable, other: Variable) -> tuple[Float, list[int]]:
        """Edges (d, most bins + 1), or one row for all dimensions, and bins of each dimension."""
        if self.range is not None and isinstance(self.bins, int):
            return _edges_of_range(*self.range, self.bins), [self.bins] * v.dims
        low, high = self._limits(v)
        bins = self._bin_numbers(v, other, high - low)
        flat = low == high  # a constant dimension has one bin, whatever its edges
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

    def _bin_numbers(self, v: Variable, other: Variable, spans: Float) -> list[int]:
        """Bins of each dimension, whose edges lie over ranges `spans` wide."""
        if isinstance(self.bins, int):
            return [self.bins] * v.dims
        if self.bins == "auto":
            return [_bins.balanced_bins(v.n, v, other, AUTO_SCALE)] * v.dims
        if self.bins in ("sturges", "terrell-scott"):
            size = v.columns.size if self.pooled else v.n
            rule = _bins.sturges if self.bins == "sturges" else _bins.terrell_scott
            return [rule(size)] * v.dims
        by_width = _bins.scott if self.bins == "scott" else _bins.freedman_diaconis
        if self.pooled:
            return [by_width(v.float64.ravel(), float(spans[0]))] * v.dims
        return [by_width(u, float(s)) for u, s in zip(v.float64, spans, strict=True)]


@lru_cache(maxsize=64)
def _edges_of_range(low: float, high: float, bins: int) -> Float:
    """The edges (1, bins + 1) of a fixed range, made once for all calls; nobody writes to them."""
    return np.linspace(low, high, bins + 1)[np.newaxis]


def _outside(v: Variable, low: float, high: float) -> int:
    """How many values of a side lie outside a range."""
    if v.discrete or (min(v.low.tolist()) >= low and max(v.high.tolist()) <= high):
        return 0
    return int(((v.columns < low) | (v.columns > high)).sum())
