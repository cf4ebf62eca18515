"""Base class of the binning estimators: cut both sides into bins, count, and apply the plug-in."""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.blocks import PairBlocks
from mibench.contract.completing import SHOWN_AS_ZERO
from mibench.contract.variables import NO_COLUMNS, NO_SYMBOLS, Variable, as_pair
from mibench.errors import InputError
from mibench.types import Estimate

from ..shared.threads import share_rows
from .all_pairs import BinnedBlocks
from .given import information_given_bins, with_coarse_condition
from .labels import LabelCorrection, information_of_labels
from .orders import nats_of_orders
from .plug_in import (
    RowSymbols,
    SymbolCounts,
    as_labels,
    chance_in_bins,
    counts_of_pairs,
    is_much,
    joint_entropy,
    key_symbols,
    margins_of_table,
    plug_in_counts,
    symbols_of_bins,
    variable_symbols,
)

Int = NDArray[np.int64]

MIN_ROWS_PER_THREAD = 2**15
WARM_UP_BINS = (2, 40)  # few edges, which are all compared, and many, which are searched
# Share of the entropy of the bins from which an estimate is flagged: the relation is then narrower
# than the bins, and the estimate says little about how narrow.
NEAR_CEILING = 0.85
MAX_TABLE_BINS = 1024  # joint bins of X and Y counted in a table; or n, if that is more


@dataclass(frozen=True)
class SideBins:
    """How one side is cut into bins, in the form that the kernels take.

    bins: the number of bins of each dimension, 1 for constant ones. columns (d, n): the columns to
    cut; column_bins (d,): their numbers of bins; column_arguments: arrays with one row per column,
    or a single row for all columns; scalar_arguments: arguments that all columns share. Labels have
    only symbols (n,), and each label is a bin. joint_bins: the product of bins, a float, since it
    may exceed any machine integer.
    """

    bins: list[int]
    column_bins: list[int]
    columns: NDArray[Any]
    column_arguments: tuple[NDArray[Any], ...]
    scalar_arguments: tuple[Any, ...] = ()
    symbols: Int = field(default_factory=lambda: NO_SYMBOLS)
    joint_bins: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "joint_bins", math.prod(map(float, self.bins)))
        # numba compiles read-only and writable arrays separately, and users' arrays may be
        # read-only: so all arrays are made read-only.
        columns = self.columns.view()
        columns.flags.writeable = False
        object.__setattr__(self, "columns", columns)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments of a kernel for all columns."""
        return (self.columns, *self.column_arguments, *self.scalar_arguments)

    def arguments_of(self, first: int, last: int) -> tuple[Any, ...]:
        """The arguments of a kernel for the columns [first, last)."""
        if last - first == len(self.columns):
            return self.arguments
        of_columns = (a if len(a) == 1 else a[first:last] for a in self.column_arguments)
        return (self.columns[first:last], *of_columns, *self.scalar_arguments)


@dataclass(frozen=True)
class BinnedSide:
    """One side, its bins, and how often each of its joint bins occurs."""

    variable: Variable
    bins: SideBins
    counted: SymbolCounts

    @property
    def loses_nothing(self) -> bool:
        """Whether no bin holds two different values, so that bins are labels of the values."""
        if self.variable.discrete:
            return True
        ordered = self.variable.columns[:, np.lexsort(self.variable.columns)]
        changes = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
        return int(changes.sum()) + 1 == len(self.counted.counts)


class BinningEstimator(Estimator):
    """Plug-in MI of binned sides. A subclass defines the bins of a continuous side, and kernels.

    fold: the kernel of `kernels.binning` that combines the bins of columns into one key per row;
    tally: the kernel that counts the joint bins of both sides in one pass over the data, without
    keys. The subclass has the fields `bins` and `correction`.
    """

    bins: int | str
    correction: LabelCorrection | None
    sees_near_copies: ClassVar[bool] = False
    fold: ClassVar[Callable[..., None]]
    tally: ClassVar[Callable[..., None]]

    def warm_up(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        discrete_x: bool = False,
        discrete_y: bool = False,
        rows: int | None = None,
    ) -> None:
        """Compile both ways of counting and of finding bins; n and bins decide which is used."""
        super().warm_up(x, y, discrete_x=discrete_x, discrete_y=discrete_y)
        sides = _first_column(x, discrete_x), _first_column(y, discrete_y)
        a, b = as_pair(*sides, discrete_x, discrete_y)
        for bins in WARM_UP_BINS:
            estimator: BinningEstimator = replace(cast(Any, self), bins=bins)
            bins_a, bins_b = estimator._bins_of_both(a, b)
            joint_entropy(estimator._symbols(a, bins_a), estimator._symbols(b, bins_b))
            if not (a.discrete and b.discrete):
                margins_of_table(estimator._table(a.n, bins_a, bins_b))

    def estimate_permuted(self, x: Variable, y: Variable, orders: Sequence[Int]) -> list[float]:
        """Estimate for each order of the rows of Y; no order changes the bins.

        Args:
            x: the side X, laid out.
            y: the side Y, laid out.
            orders: permutations of the row numbers, each (n,).
        """
        of_bins = None if self.correction == "auto" else self.correction
        return self._permuted(x, y, orders, of_bins)

    def _permuted(
        self, x: Variable, y: Variable, orders: Sequence[Int], correction: LabelCorrection | None
    ) -> list[float]:
        """The estimate for each order; `correction` is that of bins."""
        if x.constant or y.constant:
            return [0.0] * len(orders)
        labels = x.discrete and y.discrete
        bins_x, bins_y = self._bins_of_both(x, y)
        sides = self._symbols(x, bins_x), self._symbols(y, bins_y)
        return nats_of_orders(*sides, orders, self.correction if labels else correction)

    def estimate_blocks(self, columns: Sequence[Variable], device: str = "cpu") -> PairBlocks:
        """The blocks of all pairs of columns, as `EstimatesBlocks.estimate_blocks` describes.

        Args:
            columns: columns of the same rows, laid out.
            device: "cpu", "cuda" to count by products of matrices on a GPU, with torch, or "auto"
                for a GPU if there is one.
        """
        return BinnedBlocks(self, columns, SHOWN_AS_ZERO, device)

    def binned_side(self, v: Variable, other: Variable) -> BinnedSide:
        """A side of numbers with its bins, beside another side of as many dimensions."""
        bins = self._bins_of(v, [other])
        return BinnedSide(v, bins, self._symbols(v, bins))

    def flags_of_sides(self, x: BinnedSide, y: BinnedSide) -> dict[str, str]:
        """The flags that the bins of the sides raise, whatever the estimate."""
        return self._extra_flags(x, y)

    @abstractmethod
    def _cut(self, v: Variable, others: Sequence[Variable]) -> SideBins:
        """The bins of a continuous v. Only bins="auto" may depend on the other sides."""

    def _extra_flags(self, x: BinnedSide, y: BinnedSide) -> dict[str, str]:
        """Flags that only the subclass raises."""
        return {}

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return self._of_labels(x, y)
        bins_x, bins_y = self._bins_of_both(x, y)
        if bins_x.joint_bins * bins_y.joint_bins <= max(x.n, MAX_TABLE_BINS):
            table = self._table(x.n, bins_x, bins_y)
            counts_x, counts_y, joint = margins_of_table(table)
            return self._plug_in(
                BinnedSide(x, bins_x, counts_x),
                BinnedSide(y, bins_y, counts_y),
                joint,
                lambda: table[table > 0],
            )
        symbols_x, symbols_y = self._symbols(x, bins_x), self._symbols(y, bins_y)
        return self._plug_in(
            BinnedSide(x, bins_x, symbols_x),
            BinnedSide(y, bins_y, symbols_y),
            joint_entropy(symbols_x, symbols_y),
            lambda: counts_of_pairs(symbols_x, symbols_y),
        )

    def _of_labels(self, x: Variable, y: Variable) -> Estimate:
        info = {"bins_x": [x.cardinality], "bins_y": [y.cardinality]}
        return information_of_labels(x, y, self.correction, info)

    def _estimate_given(self, x: Variable, y: Variable, z: Variable) -> Estimate:
        (of_x, of_y, of_z), bins = self._binned_given(x, y, z)
        estimate = information_given_bins(of_x, of_y, of_z, self.correction)
        used = {f"bins_{name}": b.bins for name, b in zip("xyz", bins, strict=True)}
        return replace(estimate, info={**estimate.info, **used})

    def _check_given(self, estimate: Estimate, x: Variable, y: Variable, z: Variable) -> Estimate:
        (of_x, of_y, of_z), _ = self._binned_given(x, y, z)
        return with_coarse_condition(estimate, of_x, of_y, z, of_z)

    def _binned_given(self, *sides: Variable) -> tuple[list[Variable], list[SideBins]]:
        """The bins of x, y and z as labels, and how they were cut."""
        bins = [self._bins_of(v, [o for j, o in enumerate(sides) if j != i])
                for i, v in enumerate(sides)]  # fmt: skip
        labels = [as_labels(self._symbols(v, b)) for v, b in zip(sides, bins, strict=True)]
        return labels, bins

    def _within(self, x: Variable, y: Variable, numbers: Variable | None) -> Estimate:
        """Rows of one label of Z are few, and there may be many labels: adjusted for chance."""
        if numbers is not None or self.correction != "auto" or x.constant or y.constant:
            return super()._within(x, y, numbers)
        bins_x, bins_y = self._bins_of_both(x, y)
        labels_x, labels_y = self._symbols(x, bins_x), self._symbols(y, bins_y)
        return information_of_labels(as_labels(labels_x), as_labels(labels_y))

    def _permuted_within(self, x: Variable, y: Variable, orders: Sequence[Int]) -> list[float]:
        """As `_within`: bins of the rows of one label are adjusted for chance as well."""
        return self._permuted(x, y, orders, self.correction)

    def _local(self, x: Variable, y: Variable, z: Variable | None) -> NDArray[np.float64]:
        if z is not None or (x.discrete and y.discrete) or self.correction == "miller-madow":
            raise InputError(
                "local values of bins are those of the plug-in: leave out correction, given "
                "numbers, and labels on both sides, or use knn"
            )
        bins_x, bins_y = self._bins_of_both(x, y)
        a, b = self._symbols(x, bins_x), self._symbols(y, bins_y)
        pairs = key_symbols(a.symbols * len(b.counts) + b.symbols, 0)
        of_pair, of_x, of_y = (s.counts[s.symbols] / x.n for s in (pairs, a, b))
        return np.asarray(np.log(of_pair / (of_x * of_y)))

    def _bins_of_both(self, x: Variable, y: Variable) -> tuple[SideBins, SideBins]:
        if x.n < MIN_ROWS_PER_THREAD:
            return self._bins_of(x, [y]), self._bins_of(y, [x])
        # Sorting takes most of the time of adaptive bins: one thread per side.
        pairs = [(x, [y]), (y, [x])]
        bins_of_side: dict[int, SideBins] = {}

        def cut(start: int, stop: int) -> None:
            bins_of_side.update((i, self._bins_of(*pairs[i])) for i in range(start, stop))

        share_rows(cut, 2, 1)
        return bins_of_side[0], bins_of_side[1]

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        # The bins of t may depend on the other side, and labels have none.
        if self.bins == "auto" or t.discrete:
            return super()._estimate_each(t, others)
        bins_t = self._bins_of(t, [t])
        symbols_t = self._symbols(t, bins_t)
        side_t = BinnedSide(t, bins_t, symbols_t)
        estimates = []
        for other in others:
            bins = self._bins_of(other, [t])
            symbols = self._symbols(other, bins)
            joint = joint_entropy(symbols, symbols_t)
            pairs = partial(counts_of_pairs, symbols, symbols_t)
            estimates.append(self._plug_in(BinnedSide(other, bins, symbols), side_t, joint, pairs))
        return estimates

    def _bins_of(self, v: Variable, others: Sequence[Variable]) -> SideBins:
        if v.discrete:
            return SideBins([v.cardinality], [], NO_COLUMNS, (), (), v.symbols)
        return self._cut(v, others)

    def _symbols(self, v: Variable, bins: SideBins) -> RowSymbols:
        """One symbol per row."""
        if v.discrete:
            return variable_symbols(v)

        def fold(keys: Int, first: int, last: int) -> None:
            self.fold(keys, *bins.arguments_of(first, last), 0)

        return symbols_of_bins(v.n, bins.column_bins, fold)

    def _table(self, n: int, x: SideBins, y: SideBins) -> Int:
        """How many rows are in each joint bin, (joint bins of x, joint bins of y)."""
        # The kernel ignores the columns of a side of labels, but needs arrays of the same types.
        of_x = _no_columns(y) if len(x.symbols) else x.arguments
        of_y = _no_columns(x) if len(y.symbols) else y.arguments
        if of_x[0].dtype != of_y[0].dtype:  # changes no comparison, and avoids two more kernels
            of_x, of_y = _widened(of_x), _widened(of_y)
        tables: list[Int] = []

        def tally(start: int, stop: int) -> None:
            table = np.zeros((int(x.joint_bins), int(y.joint_bins)), np.int64)
            self.tally(x.symbols, *of_x, y.symbols, *of_y, start, stop, table)
            tables.append(table)

        share_rows(tally, n, max(MIN_ROWS_PER_THREAD, 4 * int(x.joint_bins * y.joint_bins)))
        return sum(tables[1:], tables[0])

    def _plug_in(
        self, x: BinnedSide, y: BinnedSide, joint: tuple[float, int], pairs: Callable[[], Int]
    ) -> Estimate:
        n, joint_bins = x.variable.n, x.bins.joint_bins * y.bins.joint_bins
        notes = dict([flags.more_bins_than_samples(joint_bins, n)] if joint_bins > n else [])
        notes.update(self._extra_flags(x, y))
        of_bins = None if self.correction == "auto" else self.correction
        info = {"bins_x": x.bins.bins, "bins_y": y.bins.bins}
        estimate = plug_in_counts(x.counted, y.counted, joint, of_bins, info, notes, pairs)
        if of_bins is None and joint_bins <= n:
            bias = chance_in_bins(len(x.counted.counts), len(y.counted.counts), joint[1], n)
            if is_much(bias, estimate.nats):
                notes.update([flags.bin_bias(bias, n)])
        limit = _ceiling_nats(x, y, estimate)
        all_differ = max(x.variable.cardinality, y.variable.cardinality) == n
        if (
            limit < math.log(n)
            and not all_differ
            and flags.is_near(estimate.nats, limit, NEAR_CEILING)
        ):
            notes.update([flags.ceiling(estimate.nats, limit, n)])
        return replace(estimate, flags=notes, ceiling_nats=limit)


def _ceiling_nats(x: BinnedSide, y: BinnedSide, estimate: Estimate) -> float:
    """The largest value that n rows and these bins allow: the entropy of the bins of a side.

    The entropy of a side of labels, or of bins that lose nothing, limits the true MI as well: an
    estimate near it is limited by n alone. Where all labels of the other side differ, any estimate
    is the entropy of the bins, which tells nothing: only the number of bins limits it then.
    """
    most = math.log(x.variable.n)
    entropies: list[float] = [estimate.info[f"entropy_{side}_nats"] for side in "xy"]
    sides = list(zip((x, y), entropies, strict=True))
    sides.sort(key=lambda pair: not pair[0].variable.discrete)  # labels are looked up quickly
    continuous = [(side, entropy) for side, entropy in sides if not side.variable.discrete]
    if sides[0][0].variable.cardinality == x.variable.n:
        return min([most, *(sum(map(math.log, side.bins.bins)) for side, _ in continuous)])
    near = (side for side, h in sides if flags.is_near(estimate.nats, h, NEAR_CEILING))
    if any(side.loses_nothing for side in near):
        return most
    return min([most, *(entropy for _, entropy in continuous)])


def _no_columns(bins: SideBins) -> tuple[Any, ...]:
    """Arguments of a kernel for a side without columns, of the same types as those of `bins`."""
    return (bins.columns[:0], *bins.column_arguments, *bins.scalar_arguments)


def _widened(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments, with float32 arrays and scalars converted to float64."""
    columns, *others = (
        a.astype(np.float64) if getattr(a, "dtype", None) == np.float32 else a for a in arguments
    )
    columns.flags.writeable = False
    return (columns, *others)


def _first_column(values: ArrayLike, discrete: bool) -> ArrayLike:
    array = np.asarray(values)
    return array if discrete or array.ndim < 2 else array[:, :1]
