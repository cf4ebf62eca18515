"""Every column of a table against one target: its MI, a test, and which better column shows it."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contract.sides import check_missing
from ..errors import InputError, unknown
from ..types import EstimatorLike
from .gaps import Column, column_of, complete_arrays, present
from .given_table import columns_of_table, label_columns
from .ranked_columns import (
    AUTO,
    DEFAULT,
    TOP,
    Progress,
    RankingSettings,
    ranked,
)
from .ranked_given import GivenColumns

if TYPE_CHECKING:
    import pandas as pd

    from .column_table import ColumnTable


def rank(
    table: Any,
    target: Any,
    estimator: EstimatorLike = DEFAULT,
    *,
    features: Iterable[Hashable] | None = None,
    given: Hashable | Iterable[Hashable] | None = None,
    discrete: bool | str | Iterable[Hashable] | None = None,
    missing: str = "pairwise",
    permutations: int | str | None = AUTO,
    test: EstimatorLike | None = AUTO,
    top: int | None = TOP,
    seed: int = 0,
    jobs: int = 1,
    on_progress: Progress | None = None,
) -> "pd.DataFrame":
    """Rank every column of a table by its mutual information with a target.

    Numbers and labels may be mixed. A column that cannot be used is a row with an error, and the
    others are ranked all the same.

    Args:
        table: As in `mibench.pairwise`.
        target: The name of a column, or the values (n,) of a target that is not in the table.
        estimator: As in `mibench.estimate`. The default, k-NN with ten neighbours, ranks columns of
            different kinds best (`docs/selection.md`), since no kind is too high.
        features: The names of the columns to rank. Default: all but the target and those given.
        given: The names of columns Z, or of one. All MI is then I(X;Y|Z), what a column tells of
            the target beyond Z: `docs/conditional.md` says how well. Rows that miss a value of Z
            are left out.
        discrete: As in `mibench.pairwise`: the columns that hold labels. Text, booleans and
            categories do by themselves; class numbers must be named.
        missing: What to do about NaN, None and masked values: "pairwise" (default) leaves out the
            rows that miss the column or the target; "complete" the rows that miss any value; with
            "error" a column with gaps fails.
        permutations: The most random orders of the target's rows for the p-value of a column.
            "auto" (default): 20 for each column, at least 999, so that a single column can reach a
            q-value of 0.05. None: no test. Rows of a series are shifted in time, as in
            `mibench.estimate`.
        test: The estimator whose estimates from permuted rows are compared. The test is exact
            whatever it is. "auto" (default) compares correlations of ranks, of their squares, and
            counts in six bins together, which finds weak dependence more often than k-NN, in less
            time; given columns, it is the estimator itself. None: the estimator itself. Given
            numbers, the test is approximate.
        top: How many of the first columns are compared with each other, to show redundancy; None
            for all.
        seed: Of the random orders.
        jobs: Number of processes for the estimates; -1 for one per core.
        on_progress: Called now and then with the number of steps done and of all.

    Returns:
        One row for each column, the largest MI first and failures last. Its columns: feature; kind
        (numbers or labels); nats and bits; p_value, of independence of the target; q_value: of the
        columns with a q-value of at most 0.05, about 5% are independent of the target (Benjamini &
        Hochberg 1995); redundant_with, the better-ranked column with which it shares most, and
        redundancy_nats and redundancy_bits, the MI of the two; rows, how many were used; flags,
        codes joined by ";"; error.

    Raises:
        InputError: The target, the table or an argument cannot be used.

    References:
        Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
        Besag & Clifford 1991, doi:10.1093/biomet/78.2.301.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> size, noise = rng.normal(size=500), rng.normal(size=500)
        >>> shop = np.where(rng.random(500) < 0.5, "A", "B")
        >>> table = {"size": size, "shop": shop, "noise": noise, "sales": size + (shop == "A")}
        >>> ranked = rank(table, "sales")
        >>> ranked["feature"].tolist()
        ['size', 'shop', 'noise']
        >>> (ranked["q_value"] < 0.05).tolist()
        [True, True, False]
    """
    check_missing(missing)
    settings = RankingSettings(estimator, test, permutations, top, seed, jobs)
    by_name = isinstance(target, Hashable)
    names, arrays, by_type = columns_of_table(table, "features and target", 2 if by_name else 1)
    labels = label_columns(discrete, names)
    if discrete is not False:
        labels |= by_type
    values = dict(zip(names, arrays, strict=True))
    if not by_name:
        target, values, labels = _with_target(target, values, labels, discrete)
    elif target not in values:
        raise InputError(f"target: {unknown('column', str(target), map(str, names))}")
    given_names = _names_of_given(given, target, names)
    left_out = {target, *given_names}
    chosen = [n for n in names if n not in left_out] if features is None else list(features)
    for name in chosen:
        if name not in values:
            raise InputError(f"features: {unknown('column', str(name), map(str, names))}")
    empty = {name for name in chosen if not present(values[name]).any()}
    if missing == "complete":
        used = list(dict.fromkeys([*(n for n in chosen if n not in empty), target, *given_names]))
        whole = complete_arrays([values[name] for name in used])
        values.update(zip(used, whole, strict=True))
    gaps = missing == "pairwise"
    columns: list[Column | str] = []
    for name in chosen:
        if name == target:
            columns.append(f"column {name!r} is the target: leave it out of the features")
        elif name in given_names:
            columns.append(f"column {name!r} is given: leave it out of the features")
        elif name in empty:
            columns.append(no_value(name))
        else:
            columns.append(_column_or_error(values[name], name, name in labels, gaps))
    of_target = _column_or_error(values[target], target, target in labels, gaps)
    of_given = [_column_or_error(values[n], n, n in labels, gaps) for n in given_names]
    settings = replace(settings, given=_given(of_given))
    return ranked(chosen, columns, _usable(of_target, target), settings, on_progress)


def rank_of_file(
    data: "ColumnTable",
    target: str,
    settings: RankingSettings,
    on_progress: Progress | None = None,
    given: Sequence[str] = (),
) -> "pd.DataFrame":
    """As `rank`, of columns of a file; `given` are titles."""

    def column(title: str) -> Column | str:
        if title in data.unusable:
            return data.unusable[title]
        return _column_or_error(data.values[title], title, title in data.labels, True)

    of_target = _usable(column(target), target)
    settings = replace(settings, given=_given([column(title) for title in given]))
    titles = [title for title in data.titles if title != target and title not in given]
    return ranked(titles, [column(title) for title in titles], of_target, settings, on_progress)


def _names_of_given(given: Any, target: Hashable, names: Iterable[Hashable]) -> list[Hashable]:
    """The names of the given columns. Raises InputError for the target, and for unknown ones."""
    if given is None:
        return []
    known = list(names)
    alone = isinstance(given, str) or not isinstance(given, Iterable) or (
        isinstance(given, Hashable) and given in known
    )  # fmt: skip
    chosen = list(dict.fromkeys([given] if alone else given))
    for name in chosen:
        if name == target:
            raise InputError(f"given: column {name!r} is the target: leave it out")
        if name not in known:
            raise InputError(f"given: {unknown('column', str(name), map(str, known))}")
    return chosen


def _given(columns: Sequence[Column | str]) -> GivenColumns | None:
    """Z, or None without columns. Raises InputError for a column that cannot be used."""
    for column in columns:
        if isinstance(column, str):
            raise InputError(f"given: {column}")
    usable = [column for column in columns if isinstance(column, Column)]
    return GivenColumns.of(usable) if usable else None


def no_value(name: Hashable) -> str:
    """The message for a column without any value."""
    return f"column {name!r} has no value in any row: leave it out"


def _with_target(
    target: Any, values: dict[Hashable, Any], labels: set[Hashable], discrete: Any
) -> tuple[Hashable, dict[Hashable, Any], set[Hashable]]:
    """The columns with a target that was given as values, under the name "target" or its own."""
    titled = target if hasattr(target, "columns") or isinstance(target, dict) else None
    name = getattr(target, "name", None)
    name = name if isinstance(name, Hashable) and name is not None else "target"
    while name in values:
        name = f"{name}_"
    if titled is None and np.ndim(target) != 1:
        raise InputError(f"target has shape {np.shape(target)}: give one value for each row")
    names, arrays, by_type = columns_of_table(
        target if titled is not None else {name: target}, "target", 1
    )
    if len(names) != 1:
        raise InputError(f"target has {len(names)} columns: give one")
    rows = {len(array) for array in values.values()}
    if rows != {len(arrays[0])}:
        raise InputError(
            f"target has {len(arrays[0])} rows and the table has {max(rows)}: row i of the target "
            "must belong to row i of the table"
        )
    is_label = discrete is True or (discrete is not False and bool(by_type))
    return name, {**values, name: arrays[0]}, labels | ({name} if is_label else set())


def _column_or_error(values: Any, name: Hashable, label: bool, gaps: bool) -> Column | str:
    try:
        return column_of(values, name, label, gaps=gaps)
    except InputError as error:
        return str(error)


def _usable(column: Column | str, name: Hashable) -> Column:
    """The target. Raises InputError if it cannot be used."""
    if isinstance(column, str):
        why = column.removesuffix(": leave it out")
        raise InputError(
            f"target: {why}: choose another one" if why != column else f"target: {why}"
        )
    if not column.present.any():
        raise InputError(f"the target {name!r} has no value in any row: choose another one")
    if column.whole is not None and column.whole.constant:
        raise InputError(
            f"the target {name!r} is constant, so its MI with anything is 0: choose another one"
        )
    return column
