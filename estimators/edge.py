"""Cells of a grid at several widths, combined so that their biases cancel: linear time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.types import Estimate

from .binning.labels import LabelCorrection, information_of_labels
from .binning.plug_in import (
    RowSymbols,
    joint_entropy,
    key_symbols,
    symbols_of_bins,
    variable_symbols,
)
from .kernels.cells import fold_cells
from .neighbours.sorted_column import varying_side
from .shared.threads import share_rows

Float = NDArray[np.float64]
Int = NDArray[np.int64]

FACTORS = np.linspace(1.0, 2.5, 6)  # of the narrowest width: the ensemble
OFFSET = 0.3819660112501051  # of a width, so that round values lie within a cell
MAX_CELLS = 2**20  # of a column; what lies beyond belongs to the outermost
MAX_SPREAD = 0.25  # of the estimates of the ensemble, relative to the estimate; more is flagged
LEAST_NATS = 0.4  # below which a spread is compared with this
NEAR_CEILING = 0.75
MIN_ROWS_PER_CELL = 2.0  # on average; fewer are flagged


@dataclass(frozen=True)
class Edge(Estimator):
    """MI from an ensemble of dependence graphs: the plug-in over cells, for several widths.

    For a width w, each row falls into a cell of X and a cell of Y of a grid. The cells are the
    nodes of a graph, and its edges the pairs of cells that rows share. With N_i and N_j rows in the
    cells, and N_ij in a pair (Noshad, Zeng & Hero 2019):

        I(w) = sum_ij N_ij / n  log(n N_ij / (N_i N_j))

    The ensemble has six widths w = t s, t = 1 ... 2.5, with s = bandwidth n^(-1 / 2d) standard
    deviations, d the number of continuous dimensions of both sides. Wide cells lose information,
    about in proportion to t^2, and narrow ones find too much by chance, about in proportion to
    t^-d. "weights" combines the I(w) with weights of least norm that sum to 1 and make these two
    terms vanish. The paper's weights make t, t^2, ..., t^d vanish: with these widths, they give
    0.3 nats for 1000 rows of independent normals, where the ones here give 0.02. "median" is the
    median of the I(w), as in the authors' program.

    Cells are found exactly; the hash of the paper, which may put two cells into one, is not needed
    for linear time. Labels are cells. Dimensions are divided by their standard deviations without
    far outliers.

    Bias: small for smooth densities in 1+1 dimensions and a few nats of MI. Downwards where the
    relation is narrower than the cells. Upwards, by nats, in many dimensions, where most cells
    hold one row: the flag `more_bins_than_samples`. The estimate depends on `bandwidth`: the flag
    `bandwidth` is raised if the I(w) differ much.

    Attributes:
        bandwidth: the narrowest width, in the units above; 2 by default.
        ensemble: "weights" (default) or "median".
        cap: a limit in nats on each log(n N_ij / (N_i N_j)), U in the paper, where it bounds the
            MI that can be found. None (default): no limit.
        correction: for two discrete sides only, as in `knn`.

    References:
        Noshad, Zeng & Hero 2019, arXiv:1801.09125, doi:10.1109/ICASSP.2019.8683351.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=5000)
        >>> estimate = Edge().estimate(x, x + rng.normal(size=5000))  # the truth: 0.5 bits
        >>> abs(estimate.bits - 0.5) < 0.1
        True
    """

    bandwidth: Annotated[float, Field(gt=0)] = 2.0
    ensemble: Literal["weights", "median"] = "weights"
    cap: Annotated[float, Field(gt=0)] | None = None
    correction: LabelCorrection | None = "auto"
    by_default: ClassVar[bool] = False
    warm_up_with: ClassVar[tuple[dict[str, float], ...]] = ({"cap": 1.0},)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return information_of_labels(x, y, self.correction)
        sides = [None if v.discrete else varying_side(v).columns for v in (x, y)]
        dims = sum(len(side) for side in sides if side is not None)
        narrowest = self.bandwidth * math.pow(x.n, -1 / (2 * dims))
        members: list[Member] = [NOTHING] * len(FACTORS)

        def measure(start: int, stop: int) -> None:
            for i in range(start, stop):
                width = float(narrowest * FACTORS[i])
                a, b = (
                    variable_symbols(v) if side is None else cells_of(side, width)
                    for v, side in zip((x, y), sides, strict=True)
                )
                # Labels limit the MI itself, and cells what is found of it.
                cells = [s for s, side in zip((a, b), sides, strict=True) if side is not None]
                most = min(symbols.entropy_nats for symbols in cells)
                members[i] = _member(a, b, most, self.cap)

        share_rows(measure, len(FACTORS), 1)
        return self._combined(members, x.n, dims)

    def _combined(self, members: Sequence["Member"], n: int, dims: int) -> Estimate:
        nats = np.array([member.nats for member in members])
        most = np.array([member.most for member in members])
        if self.ensemble == "weights":
            weights = weights_without_bias(dims)
            estimate, ceiling = float(weights @ nats), float(weights @ most)
        else:
            estimate, ceiling = float(np.median(nats)), float(np.median(most))
        notes: dict[str, str] = {}
        pairs = members[0].pairs
        if pairs * MIN_ROWS_PER_CELL > n:
            notes.update([flags.more_bins_than_samples(pairs, n)])
        if float(np.ptp(nats)) > MAX_SPREAD * max(estimate, LEAST_NATS):
            notes.update([flags.bandwidth(float(nats[0]), float(nats[-1]))])
        if self.cap is not None and any(member.capped for member in members):
            ceiling = min(ceiling, self.cap)
            notes.update([flags.capped(max(member.capped for member in members), n, self.cap)])
        if flags.is_near(estimate, ceiling, NEAR_CEILING):
            notes.update([flags.ceiling(estimate, ceiling, n)])
        info = {"method": f"EDGE, {self.ensemble}", "nats_of_widths": nats.round(6).tolist()}
        return Estimate(estimate, notes, info, ceiling)


@dataclass(frozen=True)
class Member:
    """One width: its I(w), the largest I(w) that its cells allow, pairs of cells, rows capped."""

    nats: float
    most: float
    pairs: int
    capped: int


NOTHING = Member(0.0, 0.0, 0, 0)


def weights_without_bias(dims: int) -> Float:
    """The weights (6,) of least norm with sum 1, against terms in t^2 and t^-dims."""
    conditions = np.stack([np.ones_like(FACTORS), FACTORS**2, FACTORS ** -float(dims)])
    return np.asarray(np.linalg.pinv(conditions)[:, 0])


def cells_of(columns: Float, width: float) -> RowSymbols:
    """The cell of each row of columns (d, n), in a grid of cells of this width."""
    low = columns.min(axis=1) - OFFSET * width
    with np.errstate(over="ignore"):
        spans = (columns.max(axis=1) - low) / width
    cells = (np.minimum(spans, MAX_CELLS - 1) + 1).astype(np.int64)

    def fold(keys: Int, first: int, last: int) -> None:
        fold_cells(keys, columns[first:last], low[first:last], width, cells[first:last])

    return symbols_of_bins(columns.shape[1], cells.tolist(), fold)


def _member(x: RowSymbols, y: RowSymbols, most: float, cap: float | None) -> Member:
    h_xy, pairs = joint_entropy(x, y)
    nats = x.entropy_nats + y.entropy_nats - h_xy
    if cap is None:
        return Member(nats, most, pairs, 0)
    together = key_symbols(x.symbols * len(y.counts) + y.symbols, 0)
    n = x.n
    n_i, n_j = x.counts[x.symbols], y.counts[y.symbols]
    logs = np.log(n * together.counts[together.symbols] / (n_i * n_j.astype(np.float64)))
    capped = int((logs > cap).sum())
    return Member(float(np.sort(np.minimum(logs, cap)).mean()), most, pairs, capped)
