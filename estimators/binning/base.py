"""What the estimators that cut values into bins share: each side binned, then counted."""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import NO_COLUMNS, NO_SYMBOLS, Variable, as_pair
from mibench.types import Estimate

from ..shared.threads import share_rows
from .plug_in import (
    Correction,
    Counted,
    Symbols,
    bin_rows,
    joint_of,
    plug_in_counts,
    sides_of_table,
    variable_symbols,
)

Int = NDArray[np.int64]

LEAST_ROWS = 2**15  # that a thread is worth waking for
WARM_UP_BINS = (2, 40)  # few edges, which are all compared, and many
TABLE_CELLS = 1024  # up to this many, or up to n, pairs of cells are counted in a table


@dataclass(frozen=True)
class Cuts:
    """How a side is cut into cells, as the kernels want it.

    bins: of each dimension, constant ones too (1). columns (d, n): those to cut, into inner[j] bins
    each; each: arrays with a row a column, or a single row for all; rest: scalars. Of labels only
    symbols (n,) are set, whose cells are their kinds. cells: the product of bins, a float, for it
    may be beyond any integer of the machine.
    """

    bins: list[int]
    inner: list[int]
    columns: NDArray[Any]
    each: tuple[NDArray[Any], ...]
    rest: tuple[Any, ...] = ()
    symbols: Int = field(default_factory=lambda: NO_SYMBOLS)
    cells: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", math.prod(map(float, self.bins)))
        # numba compiles anew for arrays that cannot be written to, as users' may be: all are such.
        columns = self.columns.view()
        columns.flags.writeable = False
        object.__setattr__(self, "columns", columns)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Of a kernel, for all columns."""
        return (self.columns, *self.each, *self.rest)

    def arguments_of(self, first: int, last: int) -> tuple[Any, ...]:
        """Of a kernel, for the columns [first, last)."""
        if last - first == len(self.columns):
            return self.arguments
        each = (rows if len(rows) == 1 else rows[first:last] for rows in self.each)
        return (self.columns[first:last], *each, *self.rest)


@dataclass(frozen=True)
class Binned:
    """One side, its cuts, and how often each of its cells occurs."""

    variable: Variable
    cuts: Cuts
    counted: Counted

    @property
    def ceiling_nats(self) -> float:
        """The most that the plug-in can say; infinite for labels, which bound the truth too."""
        return math.inf if self.variable.discrete else sum(map(math.log, self.cuts.bins))


class BinningEstimator(Estimator):
    """Plug-in MI of binned sides; a subclass says how a continuous side is cut, and the kernels.

    fold: of `kernels.binning`, puts the bins of columns into keys; tally: counts pairs of cells of
    both sides in one pass over the data, without a key for each row. The fields `bins` and
    `correction` are the subclass's.
    """

    bins: int | str
    correction: Correction | None
    fold: ClassVar[Callable[..., None]]
    tally: ClassVar[Callable[..., None]]

    def warm_up(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> None:
        """Compile both ways of counting, and both of finding bins; n and bins choose."""
        super().warm_up(x, y, discrete_x=discrete_x, discrete_y=discrete_y)
        sides = _first_column(x, discrete_x), _first_column(y, discrete_y)
        a, b = as_pair(*sides, discrete_x, discrete_y)
        for bins in WARM_UP_BINS:
            one: BinningEstimator = replace(cast(Any, self), bins=bins)
            cuts_a, cuts_b = one._both_cuts(a, b)
            joint_of(one._symbols(a, cuts_a), one._symbols(b, cuts_b))
            if not (a.discrete and b.discrete):
                sides_of_table(one._table(a.n, cuts_a, cuts_b))

    @abstractmethod
    def _cut(self, v: Variable, other: Variable) -> Cuts:
        """The cuts of a continuous v. Only bins="auto" may look at the other side."""

    def _notes(self, x: Binned, y: Binned) -> dict[str, str]:
        """Flags of a subclass's own."""
        return {}

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        a, b = self._both_cuts(x, y)
        labels_alone = x.discrete and y.discrete
        if a.cells * b.cells <= max(x.n, TABLE_CELLS) and not labels_alone:
            of_x, of_y, joint = sides_of_table(self._table(x.n, a, b))
            return self._count(Binned(x, a, of_x), Binned(y, b, of_y), joint)
        symbols_x, symbols_y = self._symbols(x, a), self._symbols(y, b)
        sides = Binned(x, a, symbols_x), Binned(y, b, symbols_y)
        return self._count(*sides, joint_of(symbols_x, symbols_y))

    def _both_cuts(self, x: Variable, y: Variable) -> tuple[Cuts, Cuts]:
        if x.n < LEAST_ROWS:
            return self._cuts(x, y), self._cuts(y, x)
        # Sorting is most of the work of adaptive bins: a thread for each side.
        pairs = [(x, y), (y, x)]
        found: dict[int, Cuts] = {}

        def cut(start: int, stop: int) -> None:
            found.update((i, self._cuts(*pairs[i])) for i in range(start, stop))

        share_rows(cut, 2, 1)
        return found[0], found[1]

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        if self.bins == "auto":  # bins of t that differ from one other side to the next
            return super()._estimate_each(t, others)
        cuts = self._cuts(t, t)
        symbols = self._symbols(t, cuts)
        side = Binned(t, cuts, symbols)
        found = []
        for o in others:
            own = self._cuts(o, t)
            theirs = self._symbols(o, own)
            found.append(self._count(Binned(o, own, theirs), side, joint_of(theirs, symbols)))
        return found

    def _cuts(self, v: Variable, other: Variable) -> Cuts:
        if v.discrete:
            return Cuts([v.cardinality], [], NO_COLUMNS, (), (), v.symbols)
        return self._cut(v, other)

    def _symbols(self, v: Variable, cuts: Cuts) -> Symbols:
        """One symbol a row."""
        if v.discrete:
            return variable_symbols(v)

        def fold(keys: Int, first: int, last: int) -> None:
            self.fold(keys, *cuts.arguments_of(first, last), 0)

        return bin_rows(v.n, cuts.inner, fold)

    def _table(self, n: int, x: Cuts, y: Cuts) -> Int:
        """How many rows fall in each pair of cells, (cells of x, cells of y)."""
        # The kernel reads nothing of the cuts of labels, but wants some.
        of_x = (y.columns[:0], *y.each, *y.rest) if len(x.symbols) else x.arguments
        of_y = (x.columns[:0], *x.each, *x.rest) if len(y.symbols) else y.arguments
        if of_x[0].dtype != of_y[0].dtype:  # which changes no comparison, and saves two kernels
            of_x, of_y = _widened(of_x), _widened(of_y)
        tables: list[Int] = []

        def tally(start: int, stop: int) -> None:
            table = np.zeros((int(x.cells), int(y.cells)), np.int64)
            self.tally(x.symbols, *of_x, y.symbols, *of_y, start, stop, table)
            tables.append(table)

        share_rows(tally, n, max(LEAST_ROWS, 4 * int(x.cells * y.cells)))
        return sum(tables[1:], tables[0])

    def _count(self, x: Binned, y: Binned, joint: tuple[float, int]) -> Estimate:
        n, cells = x.variable.n, x.cuts.cells * y.cuts.cells
        notes = dict([flags.more_bins_than_samples(cells, n)] if cells > n else [])
        notes.update(self._notes(x, y))
        limit = min(math.log(n), x.ceiling_nats, y.ceiling_nats)
        info = {"bins_x": x.cuts.bins, "bins_y": y.cuts.bins}
        found = plug_in_counts(x.counted, y.counted, joint, self.correction, info, notes)
        return replace(found, ceiling_nats=limit)


def _widened(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same with float64 for float32."""
    columns, *rest = (
        a.astype(np.float64) if getattr(a, "dtype", None) == np.float32 else a for a in arguments
    )
    columns.flags.writeable = False
    return (columns, *rest)


def _first_column(values: ArrayLike, discrete: bool) -> ArrayLike:
    array = np.asarray(values)
    return array if discrete or array.ndim < 2 else array[:, :1]
