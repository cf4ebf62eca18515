"""Reads and selects the records of a store, without computing anything."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.specs import split_specs
from ..errors import InputError
from ..tasks.catalogue import find_tasks, list_tasks
from ..types import Record
from .files import read_records
from .table import table_of

if TYPE_CHECKING:
    import pandas as pd


def results(
    store: str | Path,
    *,
    estimators: str | Iterable[str] | None = None,
    tasks: str | Iterable[str] | None = None,
    suite: str | None = None,
    samples: int | Iterable[int] | None = None,
) -> "pd.DataFrame":
    """The records of a store as a table, as `mibench.compare` returns it.

    If several versions of an estimator or of a task were run on a sample, the last record counts.

    Args:
        store: A file written by `compare(store=...)`, a .parquet file of records, or "reference"
            for the results that mibench comes with.
        estimators: Estimator strings ("knn:k=5"), or names that stand for an estimator with any
            parameters ("knn"). None: all.
        tasks: Names of tasks. None: all.
        suite: A suite of tasks, instead of `tasks`.
        samples: Sample sizes n. None: all.

    Returns:
        One row per estimate, sorted by task, n, seed and name of the estimator.

    Raises:
        InputError: The file does not exist or is not a store, or no record fits the selection.
    """
    records = read_records(store)
    conditions = [_has_estimator(estimators), _has_task(tasks, suite), _has_size(samples)]
    selected = [record for record in records if all(fits(record) for fits in conditions)]
    if not selected:
        raise InputError(f"{store} holds no such result. {_contents(records)}")
    last = {(r.task, r.estimator, r.n, r.seed): r for r in selected}
    position_of_task = {name: position for position, name in enumerate(list_tasks())}

    def order(r: Record) -> tuple[object, ...]:
        # The order of `compare`, which does not depend on which estimate finished first.
        position = position_of_task.get(r.task, len(position_of_task))
        return position, r.task, r.n, r.seed, r.estimator

    return table_of(sorted(last.values(), key=order))


Condition = Callable[[Record], bool]


def _has_estimator(estimators: str | Iterable[str] | None) -> Condition:
    if estimators is None:
        return lambda _: True
    texts = [estimators] if isinstance(estimators, str) else estimators
    names = {spec for text in texts for spec in split_specs(text)}
    return lambda record: bool({record.estimator, record.estimator.partition(":")[0]} & names)


def _has_task(tasks: str | Iterable[str] | None, suite: str | None) -> Condition:
    if suite is not None:
        names = {task.name for task in find_tasks(tasks, suite)}
    elif tasks is not None:  # not looked up: the package of a task need not be installed here
        texts = [tasks] if isinstance(tasks, str) else tasks
        names = {name.strip() for text in texts for name in text.split(",")}
    else:
        return lambda _: True
    return lambda record: record.task in names


def _has_size(samples: int | Iterable[int] | None) -> Condition:
    if samples is None:
        return lambda _: True
    sizes = {samples} if isinstance(samples, int) else set(samples)
    return lambda record: record.n in sizes


def _contents(records: list[Record]) -> str:
    """A sentence that names the estimators, tasks and sample sizes of the records."""
    if not records:
        return "It is empty."
    estimators = ", ".join(sorted({r.estimator for r in records}))
    sizes = ", ".join(map(str, sorted({r.n for r in records})))
    count = len({r.task for r in records})
    return f"It holds {estimators} on {count} task(s) with n = {sizes}"
