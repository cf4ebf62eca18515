"""The two calls of the library: `estimate` on your data, `compare` on cases of known MI."""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from numbers import Integral
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from numpy.typing import ArrayLike

from .contract.registry import SESSION, as_estimator, get_estimator, resolve_estimators
from .errors import InputError
from .records.against import earlier_records
from .records.store import COLUMNS, Key, Store, row_of
from .running.backends import check_backend, run_cells
from .running.cells import Cell, plan
from .running.limits import Limits, read_bytes
from .tasks.catalogue import find_tasks
from .types import Estimate, EstimatorLike, Record, Task

if TYPE_CHECKING:
    import pandas as pd


def estimate(
    x: ArrayLike,
    y: ArrayLike,
    estimator: EstimatorLike = "knn",
    *,
    discrete_x: bool = False,
    discrete_y: bool = False,
) -> Estimate:
    """Estimate the mutual information I(X;Y).

    x: (n,) or (n, dx), y: (n,) or (n, dy), row i of x belonging to row i of y; with discrete_x
    or discrete_y that side is labels. estimator: a spec string as on the command line, an
    estimator, or a function f(x, y) -> nats, see `mibench.contract.functions.FunctionEstimator`.
    Returns an `Estimate`: `.nats`, `.bits`, `.flags`, `.info`.
    Raises InputError for bad data or an unknown estimator.

    >>> result = estimate([0, 0, 1, 1], [5, 5, 7, 7], "uniform", discrete_x=True, discrete_y=True)
    >>> result.bits
    1.0
    """
    chosen = get_estimator(estimator) if isinstance(estimator, str) else as_estimator(estimator)
    return chosen.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)


def compare(
    estimators: EstimatorLike | Iterable[EstimatorLike],
    *,
    tasks: str | Task | Iterable[str | Task] | None = None,
    suite: str | None = None,
    samples: int | Sequence[int] = 1000,
    seeds: int | Sequence[int] = 10,
    jobs: int = 1,
    backend: str = "joblib",
    scheduler: str | None = None,
    time_limit: float | None = None,
    memory_limit: int | str | None = None,
    store: str | Path | None = None,
    against: str | Path | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> "pd.DataFrame":
    """Run estimators on tasks of known MI; one row a cell (estimator, task, n, seed).

    estimators: specs, estimators, functions f(x, y) -> nats, or a mix. A function is shown by its
    name. tasks: names or tasks; or all those of a suite (default: quick).
    samples: sample sizes. seeds: a number of seeds (0, 1, ...), or the seeds. jobs: processes,
    -1 for one a core; or backend="dask" with the address of a scheduler. The numbers do not depend
    on it.
    time_limit: seconds of one estimate; memory_limit: bytes by which one may grow the process, or
    a text such as "2GB". An estimate beyond them is stopped and recorded as a failure.
    store: a file that keeps every finished cell; cells that it holds an estimate of (same task and
    version, estimator, parameters and version, n and seed) are not computed again.
    against: earlier results whose rows for the same cells join the table: "reference" for those
    that mibench comes with, or a store or .parquet file. on_progress: called with the number of
    cells done and in all.

    Columns: those of `mibench.types.Record`; `nats` is NaN and `error` says why where an
    estimator failed. `mibench.summary` has bias, RMSE and ranking of such a table.
    """
    check_backend(backend, scheduler, jobs)
    limits = Limits(time_limit, read_bytes(memory_limit))
    cells = plan(
        find_tasks(tasks, suite),
        _whole_numbers(samples, "samples"),
        range(_whole_numbers(seeds, "seeds")[0])
        if isinstance(seeds, Integral)
        else _whole_numbers(seeds, "seeds"),
        resolve_estimators(estimators),
        run=uuid4().hex,
    )
    earlier = [] if against is None else earlier_records(against, cells)
    shelf = None if store is None else Store(Path(store))
    known = {} if shelf is None else shelf.successes()
    done = {at: kept for at, cell in enumerate(cells) if (kept := _reusable(known, cell))}
    missing = [at for at in range(len(cells)) if at not in done]

    def table() -> "pd.DataFrame":  # in the order of the plan, whatever finished first
        return table_of([*(done[at] for at in range(len(cells)) if at in done), *earlier])

    try:
        with nullcontext() if shelf is None else shelf.adding() as add:
            work = run_cells([cells[at] for at in missing], limits, jobs, scheduler)
            for place, record in work:
                if add is not None:
                    add(record)
                done[missing[place]] = record
                if on_progress is not None:
                    on_progress(len(done), len(cells))
    except KeyboardInterrupt:
        raise Interrupted(table(), len(done), len(cells)) from None
    return table()


def _reusable(known: dict[Key, Record], cell: Cell) -> Record | None:
    """The stored record of this cell, if it may stand for another run.

    Not for a class of the session, which may have changed, nor for a task whose truth has.
    """
    task, one = cell.task, cell.one
    key = (task.name, task.version, one.spec, one.parameters, one.version, cell.n, cell.seed)
    record = known.get(key)
    fits = (
        record is not None
        and one.version != SESSION
        and math.isclose(record.mi_nats, task.mi_nats, rel_tol=1e-9)
    )
    return record if fits else None


def _whole_numbers(values: object, what: str) -> list[int]:
    try:
        several = isinstance(values, Iterable) and not isinstance(values, str)
        return [index(value) for value in (values if several else [values])]  # type: ignore
    except TypeError:
        raise InputError(f"{what} is {values!r}: give a whole number or several") from None


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during `compare`; holds the cells that were finished, and how many."""

    def __init__(self, table: "pd.DataFrame", done: int, total: int) -> None:
        super().__init__(f"interrupted after {done} of {total} cells")
        self.table = table
        self.done = done


def table_of(records: Sequence[Record]) -> "pd.DataFrame":
    """Records as a table, a row each."""
    import pandas as pd

    table = pd.DataFrame(list(map(row_of, records)), columns=list(COLUMNS))
    for column in ("nats", "memory"):
        table[column] = table[column].astype(float)
    return table
