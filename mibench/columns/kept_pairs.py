"""Which pairs are kept: above a threshold, significant, the strongest of each, the direct ones."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..memory import check_memory

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Kept:
    """Which pairs are kept, as the arguments of `pairwise` of the same names say."""

    threshold_nats: float | None = None
    strongest: int | None = None
    aracne: float | None = None
    max_q: float | None = None

    def __post_init__(self) -> None:
        if self.threshold_nats is not None and not _is_number(self.threshold_nats):
            raise InputError(f"threshold_nats is {self.threshold_nats!r}: give a finite number")
        k = self.strongest
        if k is not None and (not isinstance(k, Integral) or isinstance(k, bool) or k < 1):
            raise InputError(f"strongest is {k!r}: give a whole number of pairs for each column")
        if self.aracne is not None and not (_is_number(self.aracne) and 0 <= self.aracne < 1):
            raise InputError(
                f"aracne is {self.aracne!r}: give a tolerance from 0 to below 1, such as 0.1"
            )
        if self.max_q is not None and not (_is_number(self.max_q) and 0 < self.max_q <= 1):
            raise InputError(
                f"max_q is {self.max_q!r}: give a share above 0 and at most 1, such as 0.05"
            )

    @property
    def all(self) -> bool:
        """Whether all pairs are kept."""
        return self.threshold_nats is self.strongest is self.aracne is self.max_q is None

    def of_block(self, nats: Floats, wanted: Bools) -> Bools:
        """Which of the wanted pairs of a block may be kept when all are known."""
        keep = wanted.copy()
        if self.threshold_nats is not None:
            keep &= nats >= self.threshold_nats
        if self.strongest is not None and self.aracne is None:
            ranked = np.where(keep, nats, -np.inf)
            of_rows, of_columns = (_largest(ranked, self.strongest, axis) for axis in (1, 0))
            keep &= of_rows | of_columns
        return keep

    def of_all(
        self, d: int, i: Ints, j: Ints, nats: Floats, q_values: Floats | None = None
    ) -> Bools:
        """Which pairs (i, j) of d columns are kept; those of an estimate that failed are."""
        failed = np.isnan(nats)
        keep = ~failed
        if self.max_q is not None and q_values is not None:
            keep &= np.nan_to_num(q_values, nan=np.inf) <= self.max_q
        if self.threshold_nats is not None:
            keep &= np.nan_to_num(nats, nan=-np.inf) >= self.threshold_nats
        if self.aracne is not None:
            places = np.flatnonzero(keep)
            direct = not_explained(d, i[places], j[places], nats[places], self.aracne)
            keep[places[~direct]] = False
        if self.strongest is not None:
            places = np.flatnonzero(keep)
            strong = _strongest(i[places], j[places], nats[places], self.strongest)
            keep[places[~strong]] = False
        return keep | failed


def not_explained(d: int, i: Ints, j: Ints, nats: Floats, tolerance: float) -> Bools:
    """Which pairs of columns no third column explains, by the data-processing inequality.

    The pair (i, j) is explained if a column k is paired with both, and I(i;j) is below
    (1 - tolerance) min(I(i;k), I(k;j)): then i and j may depend on each other through k alone. All
    pairs are judged by all others, as ARACNe does (Margolin et al. 2006,
    doi:10.1186/1471-2105-7-S1-S7).
    """
    check_memory(10 * d * d, f"the matrix of {d:,} columns")
    matrix = np.full((d, d), -np.inf)
    matrix[i, j] = matrix[j, i] = nats
    keep = np.ones(len(nats), np.bool_)
    order = np.argsort(i, kind="stable")
    starts = np.searchsorted(i[order], np.arange(d + 1))
    for column in range(d):
        places = order[starts[column] : starts[column + 1]]
        if not len(places):
            continue
        others = np.flatnonzero(matrix[column] > -np.inf)
        through = np.minimum(matrix[column, others], matrix[np.ix_(j[places], others)])
        strongest = through.max(axis=1, initial=-np.inf)
        keep[places] = nats[places] >= (1 - tolerance) * strongest
    return keep


def places_of(table: "pd.DataFrame", names: "pd.Index[Any]") -> tuple[Ints, Ints]:
    """The places of the columns x and y of a table of pairs among these names."""
    import pandas as pd

    i, j = (names.get_indexer_for(pd.Index(table[side])) for side in "xy")
    return i, j


def _largest(values: Floats, count: int, axis: int) -> Bools:
    """Where the largest `count` values along an axis are, and those equal to the last of them."""
    size = values.shape[axis]
    if count >= size:
        return np.ones(values.shape, np.bool_)
    least = np.partition(values, size - count, axis=axis).take([size - count], axis=axis)
    return np.asarray(values >= least)


def _strongest(i: Ints, j: Ints, nats: Floats, count: int) -> Bools:
    """Which pairs are among the strongest of either column; of equal ones, the first."""
    keep = np.zeros(len(nats), np.bool_)
    ends = np.concatenate([i, j])
    places = np.tile(np.arange(len(nats)), 2)
    order = np.lexsort((places, -nats[places], ends))
    ends, places = ends[order], places[order]
    begins = np.flatnonzero(np.r_[True, ends[1:] != ends[:-1]]) if len(ends) else ends
    ranks = np.arange(len(ends)) - np.repeat(begins, np.diff(np.r_[begins, len(ends)]))
    keep[places[ranks < count]] = True
    return keep


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(float(value))
