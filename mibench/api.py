"""The two main calls: `estimate` on your own data, `compare` on tasks whose MI is known."""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, nullcontext
from numbers import Integral
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from numpy.typing import ArrayLike

from .contract.registry import get_estimator
from .contract.resolve import EstimatorsLike, as_estimator, resolve_estimators
from .errors import InputError
from .records.against import earlier_records
from .records.store import Key, Store, StoreLostError
from .records.table import table_of
from .running.backends import check_backend, run_evaluations
from .running.evaluation import Evaluation, plan
from .running.limits import Limits, read_bytes
from .running.permutations import null_distribution, with_p_value
from .tasks.catalogue import find_tasks
from .types import SESSION, Estimate, EstimatorLike, Record, Task

if TYPE_CHECKING:
    import pandas as pd


def estimate(
    x: ArrayLike,
    y: ArrayLike,
    estimator: EstimatorLike = "knn",
    *,
    discrete_x: bool = False,
    discrete_y: bool = False,
    permutations: int | None = None,
    shifts: bool | None = None,
    seed: int = 0,
) -> Estimate:
    """Estimate the mutual information I(X;Y) of paired rows.

    Args:
        x: (n,) or (n, dx). Row i of x belongs to row i of y.
        y: (n,) or (n, dy).
        estimator: a spec as on the command line ("knn:k=5"), an estimator, or a function
            f(x, y) -> nats (see `mibench.contract.functions.FunctionEstimator`).
        discrete_x: whether x holds labels. A row of several columns is then one label.
        discrete_y: the same for y.
        permutations: how many estimates to make from rows of y in random order, for a p-value:
            1000, for example. Fewer are made if many of them are as large as the estimate.
        shifts: whether to shift y in time instead, since rows of a series are not independent.
            None (default): if the flag `dependent_rows` is raised.
        seed: of the random orders.

    Returns:
        An `Estimate` with `.nats`, `.bits`, `.flags` and `.info`. With permutations, it has
        `.p_value`, and its info the mean and quantiles of the estimates from permuted rows.

    Raises:
        InputError: for bad data (rows that do not match, NaN, infinity, too few rows), and for
            an unknown estimator.

    Example:
        >>> labels = [0, 0, 1, 1], [5, 5, 7, 7]
        >>> estimate(*labels, "uniform", discrete_x=True, discrete_y=True).bits
        1.0
    """
    resolved = get_estimator(estimator) if isinstance(estimator, str) else as_estimator(estimator)
    kinds = {"discrete_x": discrete_x, "discrete_y": discrete_y}
    result = resolved.estimate(x, y, **kinds)
    if permutations is None:
        return result
    null = null_distribution(
        resolved, x, y, result.nats, permutations, seed=seed, shifts=shifts, **kinds
    )
    return with_p_value(result, null)


def compare(
    estimators: EstimatorsLike,
    *,
    tasks: str | Task | Iterable[str | Task] | None = None,
    suite: str | None = None,
    samples: int | Sequence[int] = 1000,
    seeds: int | Sequence[int] = 10,
    jobs: int = 1,
    backend: str = "processes",
    scheduler: str | None = None,
    time_limit: float | None = None,
    memory_limit: int | str | None = None,
    store: str | Path | None = None,
    against: str | Path | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> "pd.DataFrame":
    """Run estimators on samples of tasks whose mutual information is known.

    Each estimator runs once on each sample, that is for each task, sample size and seed. The
    numbers do not depend on the number of processes, nor on the backend.

    Args:
        estimators: specs ("knn:k=5"), estimators, functions f(x, y) -> nats, or several of them.
            The name of a function stands for it in the table.
        tasks: names of tasks, or `Task`s. Default: those of the suite.
        suite: the name of a suite, whose tasks are run. Default: "quick".
        samples: one or several sample sizes.
        seeds: how many seeds (0, 1, ...), or the seeds themselves.
        jobs: the number of processes; -1 for one per core, if the work takes some seconds.
        backend: "processes" on this machine, "dask" for a Dask cluster.
        scheduler: the address of the Dask scheduler, with backend="dask".
        time_limit: the most seconds for one estimate. A longer one is stopped and recorded as
            a failure.
        memory_limit: the most memory that one estimate may add to its process, in bytes or as a
            text such as "2GB". An estimate that takes more is stopped and recorded as a failure.
        store: a file that keeps every result as soon as it is computed. A result that the file
            holds already is not computed again if task, estimator, parameters, sample and the
            version of the code are the same.
        against: earlier results that join the table for the same samples: "reference" for those
            that come with mibench, or a store or a .parquet file.
        on_progress: called with the number of results so far and in all.

    Returns:
        A table with one row for each estimator and sample. Its columns are the fields of
        `mibench.Record`. Where an estimator failed, `nats` is NaN and `error` says why.
        `mibench.summary` computes bias, RMSE and ranking from such a table.

    Raises:
        InputError: for an unknown estimator, task or suite, and for bad options.
        Interrupted: on Ctrl-C. It holds the table of the results so far.
    """
    check_backend(backend, scheduler, jobs)
    limits = Limits(time_limit, read_bytes(memory_limit))
    evaluations = plan(
        find_tasks(tasks, suite),
        _whole_numbers(samples, "samples"),
        range(_whole_numbers(seeds, "seeds")[0])
        if isinstance(seeds, Integral)
        else _whole_numbers(seeds, "seeds"),
        resolve_estimators(estimators),
        run=uuid4().hex,
    )
    earlier = [] if against is None else earlier_records(against, evaluations)
    result_store = None if store is None else Store(Path(store))
    records = {} if result_store is None else _reusable(result_store, evaluations)
    missing = [place for place in range(len(evaluations)) if place not in records]

    def table() -> "pd.DataFrame":
        """The results so far, in the order of the plan, and the earlier ones."""
        planned = [records[place] for place in range(len(evaluations)) if place in records]
        return table_of([*planned, *earlier])

    try:
        todo = [evaluations[place] for place in missing]
        keep = {} if result_store is None else {"keep": result_store.append}
        with (
            nullcontext() if result_store is None else result_store.pinned(),
            closing(run_evaluations(todo, limits, jobs, scheduler, **keep)) as finished,
        ):
            for number, record in finished:
                records[missing[number]] = record
                if on_progress is not None:
                    on_progress(len(records), len(evaluations))
    except StoreLostError as lost:
        if (unkept := getattr(lost, "result", None)) is not None:
            records[missing[unkept[0]]] = unkept[1]
        raise InputError(f"{lost}. {_written_again(Path(store or ''), records.values())}") from lost
    except KeyboardInterrupt:
        raise Interrupted(table(), len(records), len(evaluations)) from None
    return table()


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during `compare`.

    Attributes:
        table: the results so far.
        done: how many there are.
    """

    def __init__(self, table: "pd.DataFrame", done: int, total: int) -> None:
        super().__init__(f"interrupted after {done} of {total} estimates")
        self.table = table
        self.done = done


def _reusable(store: Store, evaluations: Sequence[Evaluation]) -> dict[int, Record]:
    """Place in `evaluations` -> the stored record of the same measurement, where there is one.

    None for a class of the session, which may have changed since, and for a task whose true MI
    has changed.
    """
    keys: dict[Key, int] = {
        (
            e.task.name, e.task.version, e.estimator.spec, e.estimator.parameters,
            e.estimator.version, e.n, e.seed,
        ): place
        for place, e in enumerate(evaluations)
        if e.estimator.version != SESSION
    }  # fmt: skip
    return {
        keys[key]: record
        for key, record in store.successes(keys).items()
        if math.isclose(record.mi_nats, evaluations[keys[key]].task.mi_nats, rel_tol=1e-9)
    }


def _written_again(path: Path, records: Iterable[Record]) -> str:
    """Write the results of a run whose store was lost to a new one; what was done, as a text."""
    kept = list(records)
    try:
        Store(path).add(kept)
    except InputError as error:
        return f"Its {len(kept)} results are lost, since {error}"
    return (
        f"It holds the {len(kept)} results of this run again: give the same command to compute the "
        "rest"
    )


def _whole_numbers(values: object, what: str) -> list[int]:
    try:
        several = isinstance(values, Iterable) and not isinstance(values, str)
        return [index(value) for value in (values if several else [values])]  # type: ignore
    except TypeError:
        raise InputError(f"{what} is {values!r}: give a whole number or several") from None
