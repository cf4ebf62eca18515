"""What a store holds, without computing anything."""

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
    """The records of a store as a table, one row a cell, as from `mibench.compare`.

    store: a file from `compare(store=...)`, a .parquet file of records, or "reference" for the
    results that mibench comes with. estimators: specs ("knn:k=5"), or names that stand for
    all specs of an estimator ("knn"); tasks, suite, samples: which cases. None: all.
    Rows are in the order of tasks, n, seeds and estimators' names.
    Where a cell was measured by several versions of an estimator or of a task, the last one counts.
    Raises InputError for a file that is not there or no store, and where nothing is left.
    """
    every = read_records(store)
    wanted = [_of_estimators(estimators), _of_tasks(tasks, suite), _of_samples(samples)]
    kept = [record for record in every if all(fits(record) for fits in wanted)]
    if not kept:
        raise InputError(f"{store} holds no such result. {_contents(every)}")
    last = {(r.task, r.estimator, r.n, r.seed): r for r in kept}
    places = {name: place for place, name in enumerate(list_tasks())}

    def place(r: Record) -> tuple[object, ...]:  # that of the plan, whatever finished first
        return places.get(r.task, len(places)), r.task, r.n, r.seed, r.estimator

    return table_of(sorted(last.values(), key=place))


Fits = Callable[[Record], bool]


def _of_estimators(estimators: str | Iterable[str] | None) -> Fits:
    if estimators is None:
        return lambda _: True
    given = [estimators] if isinstance(estimators, str) else estimators
    names = {spec for text in given for spec in split_specs(text)}
    return lambda record: bool({record.estimator, record.estimator.partition(":")[0]} & names)


def _of_tasks(tasks: str | Iterable[str] | None, suite: str | None) -> Fits:
    if suite is not None:
        names = {task.name for task in find_tasks(tasks, suite)}
    elif tasks is not None:  # tasks of a package that is not installed here may be asked for too
        given = [tasks] if isinstance(tasks, str) else tasks
        names = {name.strip() for text in given for name in text.split(",")}
    else:
        return lambda _: True
    return lambda record: record.task in names


def _of_samples(samples: int | Iterable[int] | None) -> Fits:
    if samples is None:
        return lambda _: True
    sizes = {samples} if isinstance(samples, int) else set(samples)
    return lambda record: record.n in sizes


def _contents(records: list[Record]) -> str:
    if not records:
        return "It is empty."
    estimators = ", ".join(sorted({r.estimator for r in records}))
    sizes = ", ".join(map(str, sorted({r.n for r in records})))
    count = len({r.task for r in records})
    return f"It holds {estimators} on {count} task(s) with n = {sizes}"
