"""Adaptive binning: bins that hold equally many distinct values, then counting."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract.variables import Variable
from mibench.errors import InputError

from .binning import bin_rules as _bins
from .binning.base import BinningEstimator, Cuts
from .binning.plug_in import Correction
from .kernels.binning import (
    INTERVALS_PER_EDGE,
    MAX_LINEAR_EDGES,
    fold_edges,
    guide_edges,
    quantile_edges,
    tally_edges,
)

Guides = tuple[NDArray[np.int32], NDArray[np.float64]]

NO_GUIDES: Guides = np.zeros((1, 2), np.int32), np.zeros((1, 2))
Rule = Literal["auto", "sturges", "terrell-scott"]

AUTO_SCALE = 14.0  # fitted by `benchmarks/fit_bins.py`; see `_bins.balanced_bins`


@dataclass(frozen=True)
class Adaptive(BinningEstimator):
    """Plug-in MI of variables cut into bins that hold equally many distinct values.

    Edges stand at the quantiles j / M of the *unique* values (linear interpolation), so that a
    value that occurs often, such as the 0 of a ReLU, cannot take more than one bin.

    bins: bins a dimension, or a rule: "auto" (default) follows n and the dimension, see
        `estimators._bins.balanced_bins`; "sturges" and "terrell-scott" follow n alone.
    pooled: edges from the unique values of all dimensions of a variable together, as the thesis
        that this project grows from does for the neurons of a layer, with 30 bins.
    correction: "miller-madow" raises each entropy by (occupied - 1) / 2n.
    own_bin: a value that gets a bin of its own, in every dimension where it occurs: the lower bound
        of an activation (0 for ReLU, -1 for tanh and ELU), where that thesis does the same. All
        other values, below it or above, are cut into the remaining bins - 1 by quantiles of their
        own. Where it does not occur, all bins are cut by quantiles as ever.

    Bias: upwards by about (Kx - 1)(Ky - 1) / 2n for K occupied cells a side, downwards by the
    detail that too few bins lose. Unless pooled, bins depend on ranks alone, so increasing
    transformations of a dimension change nothing. Discrete sides are used as they are. Source:
    Chelombiev, Houghton & O'Donnell, ICLR 2019, arXiv:1902.09037; Darbellay & Vajda 1999,
    doi:10.1109/18.761290.

    >>> import numpy as np
    >>> x = np.arange(8.0)
    >>> round(Adaptive(bins=4).estimate(x, x**3).bits, 6)
    2.0
    """

    bins: Annotated[int, Field(ge=1, le=_bins.MOST_BINS)] | Rule = "auto"
    pooled: bool = False
    correction: Correction | None = None
    own_bin: float | None = None
    fold = staticmethod(fold_edges)
    tally = staticmethod(tally_edges)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.own_bin is not None and self.bins == 1:
            raise InputError(
                f"Adaptive: own_bin={self.own_bin:g} leaves none of bins=1 for other values: "
                "give bins >= 2"
            )

    def _cut(self, v: Variable, other: Variable) -> Cuts:
        m = self._bin_number(v, other)
        with np.errstate(over="ignore"):  # infinite in float32: then it is no value of the data
            own = v.columns.dtype.type(math.nan if self.own_bin is None else self.own_bin)
        varies = [a < b for a, b in zip(v.low.tolist(), v.high.tolist(), strict=True)]
        # A constant dimension is one bin, but its value enters a pool.
        columns = v.columns if all(varies) else np.ascontiguousarray(v.columns[varies])
        edges = padded_edges(v.columns.reshape(1, -1) if self.pooled else columns, m, own)
        bins = [m if varying else 1 for varying in varies]
        return Cuts(bins, [m] * len(columns), columns, (edges, *guides(edges)), (m, own))

    def _bin_number(self, v: Variable, other: Variable) -> int:
        if isinstance(self.bins, int):
            return self.bins
        if self.bins == "auto":
            return _bins.balanced_bins(v.n, v, other, AUTO_SCALE)
        rule = _bins.sturges if self.bins == "sturges" else _bins.terrell_scott
        return rule(v.columns.size if self.pooled else v.n)


def edge_slots(bins: int) -> int:
    """The length that `fold_edges` wants for the edges of that many bins."""
    return max(8, 1 << (bins - 1).bit_length())


def padded_edges(rows: NDArray[Any], bins: int, own: float = math.nan) -> NDArray[Any]:
    """Each row's inner edges at quantiles of its unique values other than `own`, then +inf.

    Edges are in the dtype of the values, as `kernels.binning.fold_edges` wants them.
    """
    padded = np.empty((len(rows), edge_slots(bins)), rows.dtype)
    quantile_edges(np.sort(rows, axis=1), bins, rows.dtype.type(own), padded)
    return padded


def guides(padded: NDArray[Any]) -> Guides:
    """Where to begin the search among each row of edges; see `kernels.binning.guide_edges`."""
    rows, size = padded.shape
    if size <= MAX_LINEAR_EDGES:  # nobody reads them
        return NO_GUIDES
    guide, spans = np.empty((rows, INTERVALS_PER_EDGE * size + 1), np.int32), np.empty((rows, 2))
    guide_edges(padded, guide, spans)
    return guide, spans
