"""The mutual information of all pairs of columns of a table."""

import math
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..contract.base import Estimator
from ..contract.functions import as_rows
from ..contract.registry import get_estimator
from ..contract.resolve import as_estimator
from ..contract.variables import Variable, as_variable
from ..errors import InputError, unknown
from ..running.processes import in_processes
from ..types import Estimate, EstimatorLike, SupportsEstimate
from .files import column_values

if TYPE_CHECKING:
    import pandas as pd

Found: TypeAlias = Estimate | str  # a str is the error
Places: TypeAlias = tuple[int, int]
Batch: TypeAlias = tuple[int, list[tuple[Variable, Variable]]]  # the first pair's place, and pairs

PAIRS_A_CORE = 16  # between two reports of progress


@dataclass(frozen=True, eq=False)
class Pairwise:
    """The MI of all pairs of columns, as `mibench.pairwise` gives it.

    columns: their names. table: a row a pair, with columns x, y, nats, bits, flags (codes joined
    by ";") and error; where an estimate failed, error says why, and nats and bits are NaN.
    """

    columns: "pd.Index[Any]"
    table: "pd.DataFrame"

    @property
    def nats(self) -> "pd.DataFrame":
        """The MI in nats, columns by columns: symmetric, and NaN on the diagonal.

        The MI of a continuous variable with itself is infinite, of labels their entropy: neither
        is a pair's, and neither belongs on one scale with them.
        """
        return self._matrix("nats")

    @property
    def bits(self) -> "pd.DataFrame":
        """The MI in bits, laid out as `nats`."""
        return self._matrix("bits")

    def _matrix(self, units: str) -> "pd.DataFrame":
        import pandas as pd

        d = len(self.columns)
        values = np.full((d, d), np.nan)
        above = np.triu_indices(d, 1)
        values[above] = values.T[above] = self.table[units]
        return pd.DataFrame(values, index=self.columns, columns=self.columns)


def pairwise(
    table: Any,
    estimator: EstimatorLike = "knn",
    *,
    discrete: bool | str | Iterable[Hashable] = False,
    jobs: int = 1,
    on_progress: Callable[[int, int], object] | None = None,
) -> Pairwise:
    """Estimate the mutual information of all pairs of columns.

    table: a DataFrame, a dict of columns, or an array (n, d), whose columns are named 0 to d - 1.
    estimator: as in `mibench.estimate`. discrete: the columns that are labels, by name or as d
    booleans, or True for all.
    jobs: processes, -1 for one a core; knn uses all cores without them. The numbers depend neither
    on it nor on threads, and are those of `mibench.estimate(a, b)`, a standing before b in the
    table. on_progress: called with the number of pairs done and in all.

    Returns a `Pairwise`: `.bits` and `.nats` are matrices, `.table` has a row a pair, with the
    flags. A pair that fails is a row with its error. Raises InputError for bad data.

    >>> pairs = pairwise({"a": [0, 0, 1, 1], "b": [5, 5, 7, 7], "c": [3, 4, 3, 4]}, discrete=True)
    >>> float(pairs.bits.loc["a", "b"])
    1.0
    >>> pairs.table.nlargest(2, "bits")[["x", "y", "bits"]].to_numpy().tolist()
    [['a', 'b', 1.0], ['a', 'c', 0.0]]
    """
    import pandas as pd

    chosen = get_estimator(estimator) if isinstance(estimator, str) else as_estimator(estimator)
    columns, arrays = _columns_of(table)
    labels = _which(discrete, columns)
    sides = [
        _side(values, name, name in labels) for name, values in zip(columns, arrays, strict=True)
    ]
    # By the later column, which the pairs of a batch then share.
    places = [(i, j) for j in range(len(sides)) for i in range(j)]
    size = PAIRS_A_CORE * (os.cpu_count() or 1 if jobs == 1 else 1)
    found: dict[Places, Found] = {}
    for at, results in in_processes(
        partial(_estimate, chosen), _batches(sides, places, size), jobs
    ):
        found.update(zip(places[at : at + size], results, strict=True))
        if on_progress is not None:
            on_progress(len(found), len(places))
    cells = [_cells(columns, pair, found[pair]) for pair in sorted(places)]
    return Pairwise(columns, pd.DataFrame(cells))


def _batches(sides: list[Variable], places: list[Places], size: int) -> Iterator[Batch]:
    for at in range(0, len(places), size):
        yield at, [(sides[i], sides[j]) for i, j in places[at : at + size]]


def _estimate(estimator: SupportsEstimate, batch: Batch) -> tuple[int, list[Found]]:
    at, pairs = batch
    if isinstance(estimator, Estimator):
        return at, estimator.estimate_pairs(pairs)
    return at, [_attempt(estimator, x, y) for x, y in pairs]


def _attempt(estimator: SupportsEstimate, x: Variable, y: Variable) -> Found:
    """By an estimator that is no `Estimator`, and knows arrays alone."""
    kinds = {"discrete_x": x.discrete, "discrete_y": y.discrete}
    try:
        found = estimator.estimate(as_rows(x), as_rows(y), **kinds)
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    if not isinstance(found, Estimate):
        return f"TypeError: estimate() returned a {type(found).__name__}, not a mibench.Estimate"
    return found


def _cells(columns: "pd.Index[Any]", pair: Places, found: Found) -> dict[str, Any]:
    failed = isinstance(found, str)
    return {
        "x": columns[pair[0]],
        "y": columns[pair[1]],
        "nats": math.nan if isinstance(found, str) else found.nats,
        "bits": math.nan if isinstance(found, str) else found.bits,
        "flags": "" if isinstance(found, str) else ";".join(found.flags),
        "error": found if failed else "",
    }


def _columns_of(table: Any) -> tuple["pd.Index[Any]", Sequence[NDArray[Any]]]:
    """Names and values of the columns. Raises InputError for what is no table of several."""
    import pandas as pd

    if hasattr(table, "to_pandas"):  # of polars or pyarrow
        table = table.to_pandas()
    try:
        if isinstance(table, dict):
            table = pd.DataFrame(table)
        elif not isinstance(table, pd.DataFrame):
            table = table if isinstance(table, np.ma.MaskedArray) else np.asarray(table)
    except ValueError as error:
        raise InputError(f"the table cannot be read: {error}. Give columns of one length") from None
    if len(table.shape) != 2:
        raise InputError(f"the table has shape {table.shape}: give (n, d), n rows of d columns")
    if table.shape[1] < 2:
        raise InputError(f"the table has {table.shape[1]} column(s): pairs need at least 2")
    if not isinstance(table, pd.DataFrame):
        return pd.RangeIndex(table.shape[1]), table.T
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise InputError(f"several columns are named {twice!r}: rename them")
    return table.columns, [column_values(table.iloc[:, i]) for i in range(table.shape[1])]


def _which(discrete: bool | str | Iterable[Hashable], columns: "pd.Index[Any]") -> set[Hashable]:
    """The names of the columns of labels."""
    if isinstance(discrete, bool):
        return set(columns) if discrete else set()
    if isinstance(discrete, str) or not isinstance(discrete, Iterable):
        discrete = [discrete]
    chosen = list(discrete)
    if chosen and all(isinstance(one, bool | np.bool_) for one in chosen):
        if len(chosen) != len(columns):
            raise InputError(
                f"discrete holds {len(chosen)} booleans for {len(columns)} columns: give one each"
            )
        return {name for name, one in zip(columns, chosen, strict=True) if one}
    for one in chosen:
        if not isinstance(one, Hashable) or one not in columns:
            raise InputError(f"discrete: {unknown('column', str(one), map(str, columns))}")
    return set(chosen)


def _side(values: NDArray[Any], name: Hashable, discrete: bool) -> Variable:
    if not discrete and values.dtype.kind not in "buif":
        raise InputError(
            f"column {name!r} holds {values.dtype} values such as {values.flat[0]!r}: convert them "
            f"to numbers, leave it out, or declare it labels with discrete=[{name!r}]"
        )
    if not discrete and not np.ma.is_masked(values):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise InputError(
                f"column {name!r} holds {values[bad[0]]} in row {bad[0]} ({len(bad)} such "
                "value(s)): remove those rows or fill them in"
            )
    return as_variable(values, f"column {name!r}", discrete)
