"""The mutual information of all pairs of columns of a table."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..contract.resolve import resolved_estimator
from ..contract.sides import check_missing
from ..errors import InputError
from ..memory import check_memory
from ..output.notebook import heat_table, plain_table
from ..output.safe import visible_lines
from ..running.backends import Workers
from ..types import EstimatorLike
from .found_pairs import FoundPairs
from .gaps import Column, column_of, complete_arrays
from .given_table import columns_of_table, label_columns
from .kept_pairs import Kept, places_of
from .pair_keeping import keeping
from .pair_run import PairRun
from .pair_tests import Tested
from .wide_pairs import check_device, whole_columns

if TYPE_CHECKING:
    import pandas as pd

    from .column_table import ColumnTable

Progress: TypeAlias = Callable[[int, int], object]

BYTES_OF_PAIR = 1000  # of a row of the result, while it is made
BYTES_OF_COUNTED_PAIR = 300  # the same, of pairs that are counted by blocks
LISTED = 20  # pairs that are shown for many columns
MAX_COLUMNS_IN_NOTEBOOKS = 30  # of a heat map


@dataclass(frozen=True)
class Where:
    """Where pairs are estimated and kept, as the arguments of `pairwise` of the same names say."""

    jobs: int = 1
    backend: str = "processes"
    scheduler: str | None = None
    device: str = "cpu"
    store: str | Path | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Pairwise:
    """The mutual information of all pairs of columns, as `mibench.pairwise` returns it.

    In a notebook it shows itself as a heat map.

    Attributes:
        columns: The names of the columns.
        table: One row per pair, with the columns x, y, nats, bits, p_value and q_value (if
            permutations were asked for), rows (how many were used), flags (codes joined by ";") and
            error. Where an estimate failed, error holds the message, and
            nats and bits are NaN.
    """

    columns: "pd.Index[Any]"
    table: "pd.DataFrame"

    @property
    def nats(self) -> "pd.DataFrame":
        """The MI in nats as a symmetric matrix, columns by columns, with NaN on the diagonal.

        It is NaN for pairs that failed, and for those that were not kept.

        The diagonal is left out because the MI of a variable with itself is not comparable with
        the MI of a pair: it is infinite for a continuous variable, and the entropy for labels.
        """
        return self._matrix("nats")

    @property
    def bits(self) -> "pd.DataFrame":
        """The MI in bits, in the same layout as `nats`."""
        return self._matrix("bits")

    def __repr__(self) -> str:
        d, pairs = len(self.columns), len(self.table)
        largest = self.table.nlargest(LISTED, "bits").to_string(index=False)
        return f"Pairwise: {d} columns, {pairs} pairs, the largest first\n{visible_lines(largest)}"

    def _repr_html_(self) -> str:
        """The matrix in bits as a heat map, or the largest pairs of many columns, in notebooks."""
        if len(self.columns) <= MAX_COLUMNS_IN_NOTEBOOKS:
            return heat_table(self.bits, "I(X;Y) in bits")
        return plain_table(self.table.nlargest(LISTED, "bits"), "the largest pairs")

    def _matrix(self, units: str) -> "pd.DataFrame":
        import pandas as pd

        d = len(self.columns)
        values = np.full((d, d), np.nan)
        i, j = places_of(self.table, self.columns)
        values[i, j] = values[j, i] = self.table[units]
        return pd.DataFrame(values, index=self.columns, columns=self.columns)


def pairwise(
    table: Any,
    estimator: EstimatorLike = "knn",
    *,
    discrete: bool | str | Iterable[Hashable] | None = None,
    missing: str = "error",
    permutations: int | None = None,
    seed: int = 0,
    max_q: float | None = None,
    threshold_nats: float | None = None,
    strongest: int | None = None,
    aracne: float | None = None,
    jobs: int = 1,
    backend: str = "processes",
    scheduler: str | None = None,
    device: str = "cpu",
    store: str | Path | None = None,
    on_progress: Progress | None = None,
) -> Pairwise:
    """Estimate the mutual information of all pairs of columns of a table.

    Each number equals `mibench.estimate(a, b)`, where column a comes before column b in the table.
    The numbers depend neither on the number of processes nor on the number of threads.

    Args:
        table: A data frame of pandas, polars, pyarrow or another library that narwhals knows, a
            dict of columns, or an array (n, d), whose columns are named 0 to d - 1.
        estimator: As in `mibench.estimate`.
        discrete: The columns that hold labels, by name or as d booleans; True for all columns,
            False for none. Columns of text, booleans or categories are labels if they are not
            named, unless it is False.
        missing: What to do about NaN, None and masked values: "error", since in an array a NaN is
            often a mistake; "pairwise" leaves out the rows that miss a value of the pair;
            "complete" leaves out the rows that miss any value.
        permutations: How many estimates to make for each pair from rows in random order, for
            p-values, as in `mibench.estimate`. With p-values come q-values: of the pairs with a
            q-value of at most 0.05, about 5% are independent (Benjamini & Hochberg 1995).
        seed: Of the random orders.
        max_q: Keep only pairs with at most this q-value, such as 0.05. Needs `permutations`. The
            q-values are those of all pairs.
        threshold_nats: Keep only pairs with at least so much.
        strongest: Keep a pair only if it is among so many strongest ones of either column.
        aracne: Drop a pair (i, j) if a column k is paired with both, and I(i;j) is below
            (1 - aracne) min(I(i;k), I(k;j)): by the data-processing inequality, i and j may then
            depend on each other through k alone (Margolin et al. 2006). 0 drops the weakest pair of
            each three; a tolerance such as 0.1 allows for errors of the estimates. Pairs below the
            threshold, and those of larger q-values, are left out before, and the strongest are
            chosen after.
        jobs: Number of processes; -1 for one per core. knn uses all cores even with jobs=1, and so
            do `uniform` and `adaptive`, which count many columns by blocks.
        backend: "processes" on this machine, "dask" for a Dask cluster, as in `mibench.compare`.
        scheduler: The address of the Dask scheduler, with backend="dask".
        device: Where `uniform` and `adaptive` count pairs of columns by blocks, without
            permutations: "cpu"; "cuda", a GPU, with torch; "auto", a GPU if torch finds one. The
            numbers are the same to the last bit.
        store: A file that keeps each block or batch of pairs as soon as it is estimated. Pairs that
            it holds are not estimated again if the columns, the estimator with its parameters and
            the version of its code, and the permutations with their seed are the same. It may hold
            several tables and estimators, and it keeps all pairs, whatever is kept of the result.
        on_progress: Called after each batch with the number of pairs done and of all pairs.

    Returns:
        A `Pairwise`: `.bits` and `.nats` are matrices, and `.table` has one row per pair, with its
        flags. A pair that fails is a row with the error's message, and is always kept.

    Raises:
        InputError: The table or an argument is bad. The message names the column and a remedy.
        InterruptedPairs: On Ctrl-C. It holds the table of the pairs that are done.

    References:
        Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x;
        Margolin et al. 2006, doi:10.1186/1471-2105-7-S1-S7.

    >>> a = [0, 1, 2, 3] * 25
    >>> table = {"a": a, "half": [v // 2 for v in a], "order": [i // 50 for i in range(100)]}
    >>> pairs = pairwise(table, discrete=True)
    >>> round(float(pairs.bits.loc["a", "half"]), 6)
    1.0
    >>> pairs.table.nlargest(1, "bits")[["x", "y"]].to_numpy().tolist()
    [['a', 'half']]
    """
    check_missing(missing)
    kept = Kept(threshold_nats, strongest, aracne, max_q)
    resolved = resolved_estimator(estimator)
    names, arrays, by_type = columns_of_table(table)
    labels = label_columns(discrete, names)
    if discrete is not False:
        labels |= by_type
    if missing == "complete":
        arrays = complete_arrays(arrays)
    columns = [
        column_of(values, name, name in labels, gaps=missing == "pairwise")
        for name, values in zip(names, arrays, strict=True)
    ]
    tested = Tested(resolved, permutations, seed)
    where = Where(jobs, backend, scheduler, device, store)
    return _of_columns(names, columns, estimator, tested, kept, where, on_progress)


def pairwise_of_file(
    data: "ColumnTable",
    estimator: EstimatorLike,
    *,
    permutations: int | None = None,
    kept: Kept = Kept(),  # noqa: B008  it is frozen
    where: Where = Where(),
    on_progress: Progress | None = None,
) -> Pairwise:
    """As `pairwise`, of columns of a file. A column that cannot be used fails in its pairs alone.

    Raises InputError if fewer than two columns can be used.
    """
    import pandas as pd

    tested = Tested(resolved_estimator(estimator), permutations)
    columns: list[Column | str] = []
    for title in data.titles:
        if title in data.unusable:
            columns.append(data.unusable[title])
            continue
        try:
            columns.append(column_of(data.values[title], title, title in data.labels, gaps=True))
        except InputError as error:
            columns.append(str(error))
    usable = sum(isinstance(column, Column) for column in columns)
    if usable < 2:
        why = "".join(f"; {column}" for column in columns if isinstance(column, str))
        raise InputError(f"the table has {usable} column(s): pairs need at least 2{why}")
    names = pd.Index(data.titles, dtype=object)
    return _of_columns(names, columns, estimator, tested, kept, where, on_progress)


def _of_columns(
    names: "pd.Index[Any]",
    columns: Sequence[Column | str],
    estimator: EstimatorLike,
    tested: Tested,
    kept: Kept,
    where: Where,
    on_progress: Progress | None,
) -> Pairwise:
    """The estimates of all pairs. A str stands for a column that cannot be used, and says why."""
    if kept.max_q is not None and tested.permutations is None:
        raise InputError(
            f"max_q is {kept.max_q}, and pairs have no q-values without a test: give permutations "
            "too, such as 1000"
        )
    count = len(columns) * (len(columns) - 1) // 2
    check_device(where.device, tested)
    workers = Workers(where.jobs, where.backend, where.scheduler)
    counted = bool(whole_columns(tested, columns, where.device))
    if kept.all or not counted:
        bytes_of_pair = BYTES_OF_COUNTED_PAIR if counted else BYTES_OF_PAIR
        check_memory(bytes_of_pair * count, f"the table of {count:,} pairs of columns")
    found_pairs = FoundPairs(kept, tested.permutations is not None)
    try:
        with (
            keeping(where.store, estimator, tested, columns) as keep,
            closing(PairRun(columns, tested, workers, where.device, keep).into(found_pairs)) as run,
        ):
            for done in run:
                if on_progress is not None:
                    on_progress(done, count)
    except KeyboardInterrupt:
        raise InterruptedPairs(found_pairs.table(names), found_pairs.done, count) from None
    return Pairwise(names, found_pairs.table(names))


class InterruptedPairs(KeyboardInterrupt):
    """Ctrl-C during `pairwise`.

    Attributes:
        table: the pairs that are done, as `Pairwise.table`.
        done: the number of these pairs.
    """

    def __init__(self, table: "pd.DataFrame", done: int, total: int) -> None:
        super().__init__(f"interrupted after {done} of {total} pairs")
        self.table = table
        self.done = done
