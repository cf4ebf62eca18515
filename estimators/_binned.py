"""What the estimators that cut values into bins share: each side binned, then counted."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from mibench import flags
from mibench.estimator import Estimator
from mibench.types import Estimate
from mibench.variables import Variable

from ._plugin import Correction, Symbols, plug_in, variable_symbols


@dataclass(frozen=True)
class Binned:
    """One side in bins.

    bins: the number of bins of each dimension; cells: their product; ceiling_nats: its log, the
    most that the plug-in can say, infinite for labels: they bound the truth too.
    """

    variable: Variable
    symbols: Symbols
    bins: list[int]
    cells: float
    ceiling_nats: float


class BinningEstimator(Estimator):
    """Plug-in MI of binned sides; a subclass says how a continuous side is binned.

    The fields `bins` and `correction` are the subclass's.
    """

    bins: int | str
    correction: Correction | None

    @abstractmethod
    def _bin(self, v: Variable, other: Variable) -> tuple[Symbols, list[int]]:
        """One symbol a row of a continuous v, and the number of bins of each dimension.

        Only bins="auto" may look at the other side.
        """

    def _notes(self, x: Binned, y: Binned) -> dict[str, str]:
        """Flags of a subclass's own."""
        return {}

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        return self._count(self._side(x, y), self._side(y, x))

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        if self.bins == "auto":  # bins of t that differ from one other side to the next
            return super()._estimate_each(t, others)
        side = self._side(t, t)
        return [self._count(self._side(o, t), side) for o in others]

    def _side(self, v: Variable, other: Variable) -> Binned:
        if v.discrete:
            labels = v.cardinality
            return Binned(v, variable_symbols(v), [labels], float(labels), math.inf)
        symbols, bins = self._bin(v, other)
        cells = math.prod(map(float, bins))  # as floats, which may be infinitely many
        return Binned(v, symbols, bins, cells, sum(map(math.log, bins)))

    def _count(self, x: Binned, y: Binned) -> Estimate:
        n, cells = x.variable.n, x.cells * y.cells
        notes = dict([flags.more_bins_than_samples(cells, n)] if cells > n else [])
        notes.update(self._notes(x, y))
        limit = min(math.log(n), x.ceiling_nats, y.ceiling_nats)
        info = {"bins_x": x.bins, "bins_y": y.bins, "ceiling_nats": limit}
        return plug_in(x.symbols, y.symbols, self.correction, info, notes)
