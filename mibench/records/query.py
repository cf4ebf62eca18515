"""Reads and selects the records of a store, without computing anything."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..contract.specs import split_specs
from ..errors import InputError
from ..tasks.catalogue import find_tasks, is_pattern, list_tasks
from .files import read_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def results(
    store: str | Path,
    *,
    estimators: str | Iterable[str] | None = None,
    tasks: str | Iterable[str] | None = None,
    suite: str | Iterable[str] | None = None,
    samples: int | Iterable[int] | None = None,
) -> "pd.DataFrame":
    """The records of a store as a table, as `mibench.compare` returns it.

    If several versions of an estimator or of a task were run on a sample, the last record counts.

    Args:
        store: A file written by `compare(store=...)`, a .parquet file of records, or the
            results that mibench comes with: "reference", of the default estimators, or
            "reference-all", of all estimators, most of them on fewer samples.
        estimators: Estimator strings ("knn:k=5"), or names that stand for an estimator with any
            parameters ("knn"). None: all.
        tasks: Names of tasks, or patterns such as "1v1-*". None: all.
        suite: One or several suites of tasks, instead of `tasks`.
        samples: Sample sizes n. None: all.

    Returns:
        One row per estimate, sorted by task, n, seed and name of the estimator.

    Raises:
        InputError: The file does not exist or is not a store, or no record fits the selection.
    """
    records = read_table(store)
    chosen = (
        _has_estimator(records, estimators) & _has_task(records, tasks, suite)
        & _has_size(records, samples)
    )  # fmt: skip
    if not chosen.any():
        raise InputError(f"{store} holds no such result. {_contents(records)}")
    if not chosen.all():
        records = records[chosen]
    records = records[~records.duplicated(["task", "estimator", "n", "seed"], keep="last")]
    position_of_task = {name: position for position, name in enumerate(list_tasks())}
    # The order of `compare`, which does not depend on which estimate finished first.
    places = records["task"].map(position_of_task).fillna(len(position_of_task))
    order = np.lexsort(
        (
            _ranks(records["estimator"]), records["seed"], records["n"], _ranks(records["task"]),
            places,
        )
    )  # fmt: skip
    return records.iloc[order].reset_index(drop=True)


def _ranks(texts: "pd.Series[str]") -> "NDArray[np.int64]":
    """The place of each text among the distinct texts, sorted."""
    codes, distinct = texts.factorize()  # faster than a sort of the texts
    ranks = np.empty(len(distinct), dtype=np.int64)
    ranks[np.argsort(np.asarray(distinct))] = np.arange(len(distinct))
    return np.asarray(ranks[codes])


def _has_estimator(
    records: "pd.DataFrame", estimators: str | Iterable[str] | None
) -> "pd.Series[bool]":
    if estimators is None:
        return _all(records)
    texts = [estimators] if isinstance(estimators, str) else estimators
    names = {spec for text in texts for spec in split_specs(text)}
    specs = records["estimator"].unique()
    return records["estimator"].isin([s for s in specs if {s, s.partition(":")[0]} & names])


def _has_task(
    records: "pd.DataFrame", tasks: str | Iterable[str] | None, suite: str | Iterable[str] | None
) -> "pd.Series[bool]":
    if suite is not None:
        names = {task.name for task in find_tasks(tasks, suite)}
    elif tasks is not None:  # not looked up: the package of a task need not be installed here
        texts = [tasks] if isinstance(tasks, str) else tasks
        names = {name.strip() for text in texts for name in text.split(",")}
        for pattern in filter(is_pattern, list(names)):
            names.update(n for n in records["task"].unique() if fnmatchcase(n, pattern))
    else:
        return _all(records)
    return records["task"].isin(names)


def _has_size(records: "pd.DataFrame", samples: int | Iterable[int] | None) -> "pd.Series[bool]":
    if samples is None:
        return _all(records)
    return records["n"].isin({samples} if isinstance(samples, int) else set(samples))


def _all(records: "pd.DataFrame") -> "pd.Series[bool]":
    import pandas as pd

    return pd.Series(True, index=records.index)


def _contents(records: "pd.DataFrame") -> str:
    """A sentence that names the estimators, tasks and sample sizes of the records."""
    if records.empty:
        return "It is empty."
    estimators = ", ".join(sorted(records["estimator"].unique()))
    sizes = ", ".join(map(str, sorted(records["n"].unique())))
    count = records["task"].nunique()
    return f"It holds {estimators} on {count} task(s) with n = {sizes}"
