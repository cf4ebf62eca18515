"""The two main calls: `estimate` on your own data, `compare` on tasks whose MI is known."""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, nullcontext
from copy import copy
from dataclasses import replace
from numbers import Integral
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload
from uuid import uuid4

from .contract.base import Estimator
from .contract.conditions import conditions_of_sides, sides_of_z
from .contract.frames import Names, all_sides
from .contract.given import GivenEstimator
from .contract.resolve import EstimatorsLike, resolve_estimators, resolved_estimator
from .contract.sides import Side, as_side, check_index, check_missing, without_gaps
from .contract.variables import as_variable
from .errors import InputError
from .records.against import earlier_records
from .records.appended import StoreLostError
from .records.store import Key, Store
from .records.table import table_of
from .running.backends import check_backend, run_evaluations
from .running.evaluation import Evaluation, plan
from .running.intervals import wanted, with_interval
from .running.limits import Limits, read_bytes
from .running.permutations import null_distribution, with_p_value
from .running.steps import Progress, Step
from .tasks.catalogue import find_tasks
from .types import SESSION, Estimate, EstimatorLike, Record, Task

if TYPE_CHECKING:
    import pandas as pd

DEFAULT = "auto"  # the estimator, if none is named


@overload
def estimate(
    x: Any,
    y: Any,
    estimator: EstimatorLike | None = None,
    *,
    z: Any = None,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
    discrete_z: bool | None = None,
    missing: str = "error",
    interval: float | str | None = None,
    dependent: bool | int | None = None,
    permutations: int | None = None,
    shifts: bool | None = None,
    local: bool = False,
    seed: int = 0,
) -> Estimate: ...
@overload
def estimate(
    table: Any,
    /,
    estimator: EstimatorLike | None = None,
    *,
    x: Names,
    y: Names,
    z: Names | None = None,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
    discrete_z: bool | None = None,
    missing: str = "error",
    interval: float | str | None = None,
    dependent: bool | int | None = None,
    permutations: int | None = None,
    shifts: bool | None = None,
    local: bool = False,
    seed: int = 0,
) -> Estimate: ...
def estimate(  # noqa: D417, its arguments are those of the overloads
    *data: Any,
    x: Any = None,
    y: Any = None,
    z: Any = None,
    estimator: EstimatorLike | None = None,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
    discrete_z: bool | None = None,
    missing: str = "error",
    interval: float | str | None = None,
    dependent: bool | int | None = None,
    permutations: int | None = None,
    shifts: bool | None = None,
    local: bool = False,
    seed: int = 0,
) -> Estimate:
    """Estimate the mutual information I(X;Y) of paired rows.

    With z it is the conditional mutual information I(X;Y|Z): what X and Y share beyond Z.

    Call it as `estimate(x, y)`, or with a table as `estimate(table, x="a", y=["b", "c"])`.

    Args:
        x: (n,) or (n, dx). Row i of x belongs to row i of y. An array, a list, a series or data
            frame of pandas, polars, pyarrow or another library that narwhals knows, a dict of
            columns, a DataArray of xarray, or a tensor of torch. With a table: one or several
            names of its columns.
        y: (n,) or (n, dy), as x.
        table: a data frame, a dict of columns, or an array (n, d), whose columns have the names
            0 to d - 1.
        z: what is given, (n,) or (n, dz), as x. Its columns may be numbers and labels together.
            Labels are conditions for any estimator. Numbers are for auto, canonical, knn, uniform,
            adaptive, gaussian and gaussian_copula.
        estimator: a spec as on the command line ("knn:k=5"), an estimator, or a function
            f(x, y) -> nats (see `mibench.FunctionEstimator`). Default: "auto".
        discrete_x: whether x holds labels. A row of several columns is then one label. None: text,
            booleans and categories are labels, and numbers are not.
        discrete_y: the same for y.
        discrete_z: whether all columns of z hold labels. None: those of text, booleans and
            categories do.
        missing: what to do about NaN, infinity, None and masked values: "error", since in an array
            a NaN is often a mistake; "complete" (or "pairwise") leaves out the rows that miss a
            value.
        interval: 0.95, or another probability with which an interval shall hold the true MI; for
            `auto`, `canonical` and `knn`. Or "sampling" (or "sampling:0.9"), for any estimator: an
            interval of the sampling error alone, without the bias.
        dependent: for a sampling error: whether rows are a series, or into how many blocks of
            consecutive rows it is cut. None (default): if the flag `dependent_rows` is raised.
        permutations: how many estimates to make from rows of y in random order, for a p-value:
            1000, for example. Fewer are made if many of them are as large as the estimate.
        shifts: whether to shift y in time instead, since rows of a series are not independent.
            None (default): if rows of both sides resemble the next ones, be it less than the
            flag `dependent_rows` says. With z, each row of y moves to a row of similar z instead
            (Runge 2018), and rows must be independent.
        local: whether to give the estimate of each row too, as `.local`; for knn, and for uniform
            and adaptive of numbers.
        seed: of the random orders, and of the random halves for a sampling error.

    Returns:
        An `Estimate` with `.nats`, `.bits`, `.flags` and `.info`. `info["labels"]` names the sides
        that are labels by their type, and `info["rows_left_out"]` counts the rows that miss a
        value, and `info["missing_values"]` those of each column. With an interval, it has
        `.interval` in nats, `.interval_bits` and `.interval_info`. With permutations, it has
        `.p_value`, and its info the mean and quantiles of the estimates from permuted rows.

    Raises:
        InputError: for bad data (rows that do not match, NaN, infinity, too few rows), for an
            unknown column, and for an unknown estimator; for an interval that cannot be had.

    References:
        Conditional MI: Frenzel & Pompe 2007, doi:10.1103/PhysRevLett.99.204101; its test: Runge
            2018, https://proceedings.mlr.press/v84/runge18a.html. `docs/conditional.md` has more.

    Example:
        >>> table = {"size": ["S", "S", "L", "L"], "shop": ["A", "A", "B", "B"]}
        >>> estimate(table, "uniform", x="size", y="shop").bits
        1.0
        >>> same = {"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "a xor b": [0, 1, 1, 0]}
        >>> estimate(
        ...     same, "uniform:correction=none", x="a", y="b", z="a xor b",
        ...     discrete_x=True, discrete_y=True, discrete_z=True,
        ... ).bits
        1.0
    """
    x, y, z, *given = all_sides(data, x, y, z)
    if given and estimator is not None:
        raise InputError(f"two estimators are given, {given[0]!r} and {estimator!r}: give one")
    chosen = given[0] if given else DEFAULT if estimator is None else estimator
    resolved = resolved_estimator(chosen)
    check_missing(missing)
    plain = missing == "error" and permutations is interval is z is None and not local
    if isinstance(resolved, Estimator) and plain:
        return resolved.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)
    check_index(x, y)
    a, b = as_side(x, "x", discrete_x), as_side(y, "y", discrete_y)
    of_z: list[Side] = []
    if z is not None:
        check_index(x, z)
        of_z = sides_of_z(z, discrete_z)
    info: dict[str, object] = {}
    if missing != "error":
        (a, b, *of_z), about_gaps = without_gaps(a, b, *of_z)
        info.update(about_gaps)
    named = [("x", a), ("y", b), *(("z", side) for side in of_z)]
    by_type = [f"{name} ({side.reason})" for name, side in named if side.reason]
    if by_type:
        info["labels"] = ", ".join(by_type)
    kinds = {"discrete_x": a.discrete, "discrete_y": b.discrete}
    if of_z:
        resolved = GivenEstimator(resolved, conditions_of_sides(of_z))
    if interval is None and not local:
        result = resolved.estimate(a.values, b.values, **kinds)
    else:
        if interval is not None:
            wanted(interval)  # a bad level is refused before anything is estimated
        sides = as_variable(a.values, "x", a.discrete), as_variable(b.values, "y", b.discrete)
        if isinstance(resolved, Estimator):
            result = resolved.estimate_sides(*sides)
        else:
            result = resolved.estimate(a.values, b.values, **kinds)
    if not isinstance(result, Estimate):
        return result
    result = replace(result, info={**result.info, **info})
    if local:
        if not isinstance(resolved, Estimator):
            raise InputError(f"{type(resolved).__name__} has no local values: use knn")
        result = replace(result, local=resolved.local_values(*sides))
    if interval is not None:
        result = with_interval(result, resolved, *sides, interval, dependent=dependent, seed=seed)
    if permutations is None:
        return result
    null = null_distribution(
        resolved, a.values, b.values, result.nats, permutations, seed=seed, shifts=shifts, **kinds
    )
    return with_p_value(result, null)


def compare(
    estimators: EstimatorsLike,
    *,
    tasks: str | Task | Iterable[str | Task] | None = None,
    suite: str | Iterable[str] | None = None,
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
    on_step: Callable[[Step], object] | None = None,
) -> "pd.DataFrame":
    """Run estimators on samples of tasks whose mutual information is known.

    Each estimator runs once on each sample, that is for each task, sample size and seed. The
    numbers do not depend on the number of processes, nor on the backend.

    Args:
        estimators: specs ("knn:k=5"), estimators, functions f(x, y) -> nats, or several of them.
            The name of a function stands for it in the table.
        tasks: names of tasks, patterns such as "1v1-*", or `Task`s. Default: those of the suite.
        suite: the name of a suite, or of several, whose tasks are run. Default: "quick".
        samples: one or several sample sizes.
        seeds: the number of seeds (0, 1, ...), or a list of seeds. Each seed gives one sample.
        jobs: the number of processes; -1 for one per core, but a single one for short work.
        backend: "processes" on this machine, "dask" for a Dask cluster.
        scheduler: the address of the Dask scheduler, with backend="dask".
        time_limit: the most seconds for one estimate. A longer one is stopped and recorded as
            a failure.
        memory_limit: the most memory that one estimate may add to its process, in bytes or as a
            text such as "2GB". An estimate that takes more is stopped and recorded as a failure.
        store: a file that keeps every result as soon as it is computed. A result that the file
            holds already is not computed again if task, estimator, parameters, sample and the
            version of the code are the same.
        against: where earlier results are, which are added to the table if they are of the same
            samples: "reference" for those of mibench (of the default estimators; "reference-all":
                of all), or the path of a store or a .parquet file.
        on_progress: called as on_progress(done, total); both are numbers of results.
        on_step: called with a `mibench.running.steps.Step`: what is compiled or estimated now.

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
    # All kinds of estimates come once before any comes again, so that the time left can be told,
    # and what is done when the user interrupts is about all tasks.
    missing.sort(key=lambda place: evaluations[place].seed)

    def table() -> "pd.DataFrame":
        """The results so far, in the order of the plan, and the earlier ones."""
        planned = [records[place] for place in range(len(evaluations)) if place in records]
        return table_of([*planned, *earlier])

    try:
        todo = [evaluations[place] for place in missing]
        progress = Progress(todo, len(records), on_progress, on_step)
        keep = {} if result_store is None else {"keep": copy(result_store).append}
        with (
            nullcontext() if result_store is None else result_store.pinned(),
            closing(
                run_evaluations(todo, limits, jobs, scheduler, **keep, progress=progress)
            ) as finished,
        ):
            for number, record in finished:
                records[missing[number]] = record
                progress.finished(todo[number], record.seconds)
                if result_store is not None:
                    result_store.expect(record)
        if result_store is not None:
            result_store.check()
    except StoreLostError as lost:
        if (unkept := getattr(lost, "result", None)) is not None:
            records[missing[unkept[0]]] = unkept[1]
        raise InputError(f"{lost}. {_written_again(Path(store or ''), records.values())}") from lost
    except KeyboardInterrupt:
        raise Interrupted(table(), len(records), len(evaluations)) from None
    return table()


MAX_NAME = 200  # characters of the name of a store that another name starts with


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during `compare`.

    Attributes:
        table: the results so far.
        done: the number of these results.
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
    """Write the results of a run whose store was lost to a new one; what was done, as a text.

    If something else is in its place, the new store gets another name in the same folder.
    """
    kept = list(records)
    try:
        Store(path).add(kept)
    except InputError as error:
        other = path.with_name(f"{path.name[:MAX_NAME]}.{uuid4().hex[:8]}")
        try:
            Store(other).add(kept)
        except InputError:
            return f"Its {len(kept)} results are lost, since {error}"
        return (
            f"Something else is in its place, so {other} holds the {len(kept)} results of this "
            "run: name it with --store to compute the rest"
        )
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
