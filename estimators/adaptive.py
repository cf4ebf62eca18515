"""Adaptive binning: cut into bins of equally many distinct values, and count."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract.variables import Variable
from mibench.errors import InputError

from .binning import bin_rules
from .binning.base import BinningEstimator, SideBins
from .binning.labels import LabelCorrection
from .kernels.binning import (
    INTERVALS_PER_EDGE,
    MAX_LINEAR_EDGES,
    fold_edges,
    guide_edges,
    quantile_edges,
    tally_edges,
)

Guides = tuple[NDArray[np.int32], NDArray[np.float64]]

UNUSED_GUIDES: Guides = np.zeros((1, 2), np.int32), np.zeros((1, 2))
Rule = Literal["auto", "sturges", "terrell-scott"]
EdgeRule = Literal["quantiles", "ebab", "ibbsc"]

AUTO_SCALE = 14.0  # fitted by `benchmarks/fit_bins.py`; see `bin_rules.balanced_bins`


@dataclass(frozen=True)
class Adaptive(BinningEstimator):
    """Plug-in MI of variables cut into bins that hold equally many distinct values.

    I = H(bin X) + H(bin Y) - H(bin X, bin Y), where the bin indices of all dimensions of a side
    together are one symbol. The edges are the quantiles j / M of the *unique* values (with linear
    interpolation), so that a frequent value, such as the 0 of a ReLU, occupies at most one bin.
    Discrete sides are not binned: each label is a symbol. If both sides are discrete, the plug-in
    is adjusted for chance, so that independent labels give 0 on average.

    Bias: upwards by about (Kx - 1)(Ky - 1) / 2n, where Kx and Ky are the numbers of occupied bins
    of the sides; downwards by the detail that is lost in wide bins. Unless pooled, bins depend on
    ranks alone, so increasing transformations of a dimension change nothing.

    Ceiling: no estimate exceeds the smaller of H(bin X) and H(bin Y), whatever the relation of X
    and Y.

    Attributes:
        bins: the number of bins per dimension, or a rule. "auto" (default) depends on n and on the
            number of dimensions, see `bin_rules.balanced_bins`; "sturges" and "terrell-scott"
            depend on n alone.
        pooled: whether all dimensions of a variable share edges, from the unique values of all of
            them, as Rasmussen's thesis does for the neurons of a layer, with 30 bins.
            Default: each dimension has its own edges.
        correction: "auto" (default): none for bins; two sides of labels are adjusted for chance,
            see `docs/labels.md`. None: the plug-in. "miller-madow": adds (occupied bins - 1) / 2n
            to each entropy, of bins and of labels; other names, see `entropy_of_counts_nats`,
            correct them otherwise.
        own_bin: a value that has a bin of its own in each dimension where it occurs: the lower
            bound of an activation function (0 for ReLU, -1 for tanh and ELU), as in that thesis.
            All other values, below and above it, go into the other bins - 1 bins, cut at their
            quantiles. Dimensions where it does not occur are cut by quantiles as usual. None
            (default): no such value.
        rule: how the distinct values u, of which there are N, are cut into M bins. "quantiles"
            (default): as above; with `pooled`, the entropy-based adaptive bins (EBAB) of
            Chelombiev et al., bins of equally many distinct values of a layer. "ebab": as their
            published code does. The edges are the values u[floor(k N / M)], k = 0 ... M - 1, of
            the values other than `own_bin`. "ibbsc": as the published code of that thesis does. The
            edges are the values u[i], i from 0 to floor((M - 1) N / M) in M even steps, rounded
            down. With both, the largest value has a bin of its own, and so has `own_bin`, beside
            the M others. So there are up to M + 2 bins.

    Raises:
        InputError: for `own_bin` with bins=1.

    References:
        Labels: Vinh, Epps & Bailey 2010, https://jmlr.org/papers/v11/vinh10a.html;
            Grassberger 2003, arXiv:physics/0307138.
        Chelombiev, Houghton & O'Donnell, ICLR 2019, arXiv:1902.09037.
        Darbellay & Vajda 1999, doi:10.1109/18.761290.
        N. L. Rasmussen, Information Bottleneck for Deep Learning: Theory and Experiments (BSc
            thesis, University of Copenhagen).

    Example:
        >>> import numpy as np
        >>> x = np.arange(8.0)
        >>> round(Adaptive(bins=4).estimate(x, x**3).bits, 6)
        2.0
    """

    bins: Annotated[int, Field(ge=1, le=bin_rules.MAX_BINS)] | Rule = "auto"
    pooled: bool = False
    correction: LabelCorrection | None = "auto"
    own_bin: float | None = None
    rule: EdgeRule = "quantiles"
    fold = staticmethod(fold_edges)
    tally = staticmethod(tally_edges)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.own_bin is not None and self.bins == 1:
            raise InputError(
                f"Adaptive: own_bin={self.own_bin:g} leaves no bin for other values with bins=1: "
                "use bins >= 2"
            )

    def _cut(self, v: Variable, others: Sequence[Variable]) -> SideBins:
        m = self._bin_number(v, others)
        with np.errstate(over="ignore"):  # infinite in float32: then no value of the data is equal
            own_value = v.columns.dtype.type(math.nan if self.own_bin is None else self.own_bin)
        varies = [a < b for a, b in zip(v.low.tolist(), v.high.tolist(), strict=True)]
        # A constant dimension has one bin, but its value counts for pooled edges.
        columns = v.columns if all(varies) else np.ascontiguousarray(v.columns[varies])
        rows = v.columns.reshape(1, -1) if self.pooled else columns
        if self.rule == "quantiles":
            edges = padded_edges(rows, m, own_value)
        else:
            edges, m = edges_on_values(rows, m, self.rule, own_value)
        bins = [m if varying else 1 for varying in varies]
        return SideBins(bins, [m] * len(columns), columns, (edges, *guides(edges)), (m, own_value))

    def _bin_number(self, v: Variable, others: Sequence[Variable]) -> int:
        if isinstance(self.bins, int):
            return self.bins
        if self.bins == "auto":
            return bin_rules.balanced_bins(v.n, (v, *others), AUTO_SCALE)
        return bin_rules.OF_SIZE[self.bins](v.columns.size if self.pooled else v.n)


def edge_slots(bins: int) -> int:
    """The length of the array of edges of so many bins, as `fold_edges` requires it."""
    return max(8, 1 << (bins - 1).bit_length())


def padded_edges(rows: NDArray[Any], bins: int, own_value: float = math.nan) -> NDArray[Any]:
    """Inner edges of each row: quantiles of its unique values other than `own_value`, then +inf.

    Edges have the dtype of the values, as `kernels.binning.fold_edges` requires.
    """
    padded = np.empty((len(rows), edge_slots(bins)), rows.dtype)
    quantile_edges(np.sort(rows, axis=1), bins, rows.dtype.type(own_value), padded)
    return padded


def edges_on_values(
    rows: NDArray[Any], bins: int, rule: EdgeRule, own_value: float
) -> tuple[NDArray[Any], int]:
    """Inner edges of each row by the rule "ebab" or "ibbsc", then +inf; and the number of bins.

    The last bin has no edge: it is that of `own_bin`.
    """
    edges = []
    for row in rows:
        distinct = np.unique(row)
        if rule == "ebab":
            distinct = distinct[distinct != own_value]
            ranks = np.arange(bins) * len(distinct) // bins
        else:
            ranks = np.linspace(0, (bins - 1) * len(distinct) // bins, bins).astype(np.int64)
        inner = np.unique([*distinct[ranks], distinct[-1]])
        edges.append(inner[1:])  # the first is the smallest value: nothing is below it
    bins = 2 + max(map(len, edges), default=0)
    padded = np.full((len(rows), edge_slots(bins)), np.inf, rows.dtype)
    for row, inner in zip(padded, edges, strict=True):
        row[: len(inner)] = inner
    return padded, bins


def guides(padded: NDArray[Any]) -> Guides:
    """Tables that tell where the search for a bin begins; see `kernels.binning.guide_edges`."""
    rows, size = padded.shape
    if size <= MAX_LINEAR_EDGES:  # the kernel compares all edges
        return UNUSED_GUIDES
    guide, spans = np.empty((rows, INTERVALS_PER_EDGE * size + 1), np.int32), np.empty((rows, 2))
    guide_edges(padded, guide, spans)
    return guide, spans
