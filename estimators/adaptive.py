"""Adaptive binning: bins that hold equally many distinct values, then counting."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.estimator import Estimator
from mibench.types import Estimate
from mibench.variables import Variable

from . import _bins
from ._plugin import (
    Correction,
    Symbols,
    bin_rows,
    binned_ceiling,
    crowding,
    plug_in,
    variable_symbols,
)
from .kernels.binning import fold_edges, quantile_edges

Rule = Literal["auto", "sturges", "terrell-scott"]

AUTO_SCALE = 14.0  # fitted by `benchmarks/fit_bins.py`; see `_bins.balanced_bins`


@dataclass(frozen=True)
class Adaptive(Estimator):
    """Plug-in MI of variables cut into bins that hold equally many distinct values.

    Edges stand at the quantiles j / M of the *unique* values (linear interpolation), so that a
    value that occurs often, such as the 0 of a ReLU, cannot take more than one bin.

    bins: bins a dimension, or a rule: "auto" (default) follows n and the dimension, see
        `estimators._bins.balanced_bins`; "sturges" and "terrell-scott" follow n alone.
    pooled: edges from the unique values of all dimensions of a variable together, as the thesis
        that this project grows from does for the neurons of a layer, with 30 bins.
    correction: "miller-madow" raises each entropy by (occupied - 1) / 2n.

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

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        (sx, bins_x), (sy, bins_y) = (self._symbols(v, x, y) for v in (x, y))
        notes = crowding(bins_x + bins_y, x.n)
        limit = binned_ceiling(x, bins_x, y, bins_y)
        info = {"bins_x": bins_x, "bins_y": bins_y, "ceiling_nats": limit}
        return plug_in(sx, sy, self.correction, info, notes)

    def _symbols(self, v: Variable, x: Variable, y: Variable) -> tuple[Symbols, list[int]]:
        """One symbol a row, and the number of bins of each dimension."""
        if v.discrete:
            return variable_symbols(v), [v.cardinality]
        m = self._bin_number(v, x, y)
        varying = v.low < v.high  # a constant dimension is one bin, but its value enters a pool
        columns = np.ascontiguousarray(v.columns[varying])
        edges = padded_edges(v.columns.reshape(1, -1) if self.pooled else columns, m)
        if self.pooled:
            edges = np.repeat(edges, len(columns), axis=0)

        def fold(keys: NDArray[np.int64], first: int, last: int) -> None:
            fold_edges(keys, columns[first:last], edges[first:last], m)

        symbols = bin_rows(v.n, [m] * len(columns), fold)
        return symbols, [m if varies else 1 for varies in varying]

    def _bin_number(self, v: Variable, x: Variable, y: Variable) -> int:
        if isinstance(self.bins, int):
            return self.bins
        if self.bins == "auto":
            return _bins.balanced_bins(v.n, x, y, AUTO_SCALE)
        rule = _bins.sturges if self.bins == "sturges" else _bins.terrell_scott
        return rule(v.columns.size if self.pooled else v.n)


def edge_slots(bins: int) -> int:
    """The length that `fold_edges` wants for the edges of that many bins."""
    return max(8, 1 << (bins - 1).bit_length())


def padded_edges(rows: NDArray[Any], bins: int) -> NDArray[Any]:
    """Each row's bins - 1 inner edges at quantiles of its unique values, padded with +inf.

    Edges are rounded up to the dtype of the values, which changes no comparison value >= edge.
    """
    edges = np.empty((len(rows), bins - 1))
    quantile_edges(np.sort(rows, axis=1), bins, edges)
    padded = np.full((len(rows), edge_slots(bins)), np.inf, dtype=rows.dtype)
    inner = padded[:, : bins - 1]
    inner[:] = edges
    if rows.dtype == np.float32:
        np.nextafter(inner, np.float32(np.inf), out=inner, where=inner < edges)
    return padded
