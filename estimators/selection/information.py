"""What columns tell of a target: alone, shared with each other, and given another column."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mibench.contract.base import Estimator
from mibench.contract.variables import Variable, as_variable
from mibench.errors import InputError
from mibench.types import Estimate

from ..kernels.strata import information_in_strata, rows_by_symbol
from ..shared.threads import share_rows
from .codes import bins_for, coded

Float = NDArray[np.float64]


class Information(Protocol):
    """What a selection asks for. Each answer is (d,), in nats."""

    def relevance(self) -> Float:
        """I(X;Y) of each column X and the target Y."""

    def shared(self, place: int) -> Float:
        """I(X;Z) of each column X and column Z at this place."""

    def given(self, place: int) -> Float:
        """I(X;Y|Z) of each column X and the target Y, given column Z at this place."""


class CountedInformation:
    """Plug-in information of binned columns, less what chance gives.

    I(X;Y|Z) is the mean over the rows of J - E in each stratum of Z: J is the plug-in I(X;Y) of its
    rows, and E the mean of J over all pairings of these rows (exact, by hypergeometric sums). So a
    column that is independent of Y in each stratum of Z has 0 on average, however many labels or
    bins it has. Bias: downwards for strong dependence, since then less than E is due to chance; and
    by the detail that is lost in bins.

    Args:
        columns: d columns of one dimension.
        target: the target.
        bins: how many bins numbers are cut into; None: as `codes.bins_for` says.
        adjust: whether E is subtracted; if not, the plug-in, which is biased upwards.
    """

    def __init__(
        self,
        columns: Sequence[Variable],
        target: Variable,
        bins: int | None = None,
        adjust: bool = True,
    ) -> None:
        self._adjust = adjust
        self.bins = bins_for(target.n, target) if bins is None else bins
        self._codes = coded(columns, self.bins)
        self._target = coded([target], self.bins)
        counts = np.arange(target.n + 1, dtype=np.float64)
        self._terms = counts * np.log(np.maximum(counts, 1))

    def relevance(self) -> Float:
        """I(X;Y) of each column X and the target Y."""
        return self._of(self._target.symbols[0], int(self._target.sizes[0]), None)

    def shared(self, place: int) -> Float:
        """I(X;Z) of each column X and column Z at this place."""
        return self._of(self._codes.symbols[place], int(self._codes.sizes[place]), None)

    def given(self, place: int) -> Float:
        """I(X;Y|Z) of each column X and the target Y, given column Z at this place."""
        return self._of(self._target.symbols[0], int(self._target.sizes[0]), place)

    def _of(self, y: NDArray[np.int32], count_y: int, given: int | None) -> Float:
        symbols, sizes = self._codes.symbols, self._codes.sizes
        if given is None:
            rows, starts = np.arange(len(y)), np.array([0, len(y)])
        else:
            rows, starts = rows_by_symbol(symbols[given], int(sizes[given]))
        nats = np.empty(len(symbols))

        def estimate(first: int, last: int) -> None:
            information_in_strata(
                symbols, sizes, y, count_y, rows, starts, self._terms, self._adjust, first, last,
                nats,
            )  # fmt: skip

        share_rows(estimate, len(symbols), 1)
        return nats


class EstimatedInformation:
    """Information by an estimator of MI, from columns that are joined to one side.

    I(X;Y|Z) = I((X, Z);Y) - I(Z;Y). Columns of numbers can be joined, and so can columns of labels;
    a column of each cannot.

    Args:
        columns: d columns of one dimension.
        target: the target.
        estimator: the estimator.
        names: of the columns, for messages.
    """

    def __init__(
        self,
        columns: Sequence[Variable],
        target: Variable,
        estimator: Estimator,
        names: Sequence[str],
    ) -> None:
        self._columns, self._target, self._names = columns, target, names
        self._estimator = estimator
        self._relevance = self._estimates([(x, target) for x in columns], names)

    def relevance(self) -> Float:
        """I(X;Y) of each column X and the target Y."""
        return self._relevance

    def shared(self, place: int) -> Float:
        """I(X;Z) of each column X and column Z at this place; NaN for Z itself."""
        z = self._columns[place]
        others = [i for i in range(len(self._columns)) if i != place]
        nats = np.full(len(self._columns), np.nan)
        pairs = [(self._columns[i], z) for i in others]
        nats[others] = self._estimates(pairs, [self._names[i] for i in others])
        return nats

    def given(self, place: int) -> Float:
        """I(X;Y|Z) of each column X and the target Y; NaN for Z itself."""
        others = [i for i in range(len(self._columns)) if i != place]
        nats = np.full(len(self._columns), np.nan)
        pairs = [(self._joined(i, place), self._target) for i in others]
        of_joined = self._estimates(pairs, [self._names[i] for i in others])
        nats[others] = of_joined - self._relevance[place]
        return nats

    def _joined(self, i: int, j: int) -> Variable:
        x, z = self._columns[i], self._columns[j]
        if x.discrete != z.discrete:
            names = f"{self._names[i]!r} and {self._names[j]!r}"
            raise InputError(
                f"columns {names} cannot be joined, as one holds labels and the other numbers: "
                "leave estimator out, or select by mim or mrmr"
            )
        if x.discrete:
            return as_variable(np.column_stack([x.symbols, z.symbols]), "x", True)
        return as_variable(np.vstack([x.float64, z.float64]).T, "x", False)

    def _estimates(self, pairs: Sequence[tuple[Variable, Variable]], names: Sequence[str]) -> Float:
        nats = np.empty(len(pairs))
        for i, estimate_or_error in enumerate(self._estimator.estimate_pairs(pairs)):
            if not isinstance(estimate_or_error, Estimate):
                why = estimate_or_error.removeprefix("InputError: ")
                raise InputError(f"column {names[i]!r} failed: {why}")
            nats[i] = estimate_or_error.nats
        return nats
