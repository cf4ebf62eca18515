"""`recommend`: estimators ranked by their errors on tasks that are like the user's data."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING, Any

from .contract.frames import Names, both_sides
from .contract.resolve import resolve_estimators
from .contract.sides import Side, as_side, check_index, check_missing, without_gaps
from .contract.variables import as_pair
from .errors import InputError
from .output.notebook import plain_table
from .records.query import results
from .running.given import estimates_of
from .tasks.catalogue import get_task
from .types import Estimate

if TYPE_CHECKING:
    import pandas as pd

REFERENCE, ALL = "reference", "reference-all"
SIMILAR = 20  # tasks; the advice of 5 or 10 is worse: `benchmarks/recommendation.py suites 5 10`
MOST_SIMILAR = 100


@dataclass(frozen=True, eq=False, repr=False)
class Recommendation:
    """Estimators ranked for some data, as `mibench.recommend` returns it.

    Attributes:
        rows: The number of rows.
        dims: The numbers of columns of x and of y.
        labels: Whether x, and whether y, holds labels.
        estimators: One row for each estimator, the one with the smallest error first. Columns:
            estimator; nats and bits, the estimate for the data (NaN if it failed); flags, the codes
            joined by ";"; failure, the message of the error; error_nats and error_bits, the mean
            absolute error on the similar tasks; bias_nats and bias_bits, the mean error; too_high,
            the share of estimates that were too high by more than 0.1 nats and 15%.
        tasks: The similar tasks, the most similar first. Columns: task, distance, n, mi_nats (the
            true MI), and for each estimator its mean absolute error in nats.
        others: The other estimators with results for half of these tasks, which are not run on the
            data. Columns: estimator; tasks, how many have results; error_nats, error_bits,
            bias_nats, bias_bits and too_high as above, at the sample size nearest to the number of
            rows; best_error_nats and best_error_bits, the mean absolute error of `best` there.
        alike: Whether the first of these tasks is like the data. If not, the errors tell little.
    """

    rows: int
    dims: tuple[int, int]
    labels: tuple[bool, bool]
    estimators: "pd.DataFrame"
    tasks: "pd.DataFrame"
    others: "pd.DataFrame"
    alike: bool

    @property
    def best(self) -> str:
        """The name of the estimator with the smallest mean error that did not fail here."""
        return str(_first_usable(self.estimators)["estimator"])

    def sentence(self, units: str = "bits") -> str:
        """The advice in words, with the errors in "bits" or "nats"."""
        if units not in ("bits", "nats"):
            raise InputError(f"units is {units!r}: give bits or nats")
        first = _first_usable(self.estimators)
        if first["failure"]:
            return f"Every estimator failed: {first['failure']}"
        bias = first[f"bias_{units}"]
        side = "high" if bias > 0 else "low"
        advice = (
            f"{self.best} has the smallest error on the {len(self.tasks)} most similar tasks: "
            f"{first[f'error_{units}']:.2g} {units} on average "
            f"({abs(bias):.2g} {units} too {side} in the mean)"
        )
        if self.alike:
            return advice
        return (
            f"{advice}. But no task is like these data, so these errors tell little: trust an "
            "estimate only if estimators agree"
        )

    def __repr__(self) -> str:
        columns = ["estimator", "bits", "error_bits", "bias_bits", "too_high", "flags"]
        table = self.estimators[columns].to_string(index=False, float_format="%.3f")
        return f"Recommendation: {self.sentence()}\n{table}"

    def _repr_html_(self) -> str:
        """The ranking and the similar tasks, in notebooks."""
        ranked = plain_table(self.estimators, self.sentence())
        others = plain_table(self.others, "others, on the similar tasks")
        return ranked + others + plain_table(self.tasks, "similar tasks")


def recommend(
    *data: Any,
    x: "Any | Names" = None,
    y: "Any | Names" = None,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
    missing: str = "error",
    similar: int = SIMILAR,
) -> Recommendation:
    """Rank estimators by their errors on the tasks that are most like your data.

    Call it as `recommend(x, y)`, or with a table as `recommend(table, x="a", y=["b", "c"])`. The
    data are described by their dimensions, by which sides are labels, by what each estimator
    says, and by the flags that it raises. The tasks are those of the reference results, at the
    sample size nearest to the number of rows. `docs/recommend.md` says how good the advice is.

    Args:
        data: As in `mibench.estimate`.
        x: As in `mibench.estimate`.
        y: As in `mibench.estimate`.
        discrete_x: As in `mibench.estimate`.
        discrete_y: As in `mibench.estimate`.
        missing: As in `mibench.estimate`.
        similar: How many similar tasks to average over, 1 to 100.

    Returns:
        A `Recommendation`: `.best`, `.estimators`, `.others`, `.tasks`, `.alike`, `.sentence()`.

    Raises:
        InputError: For bad data as `mibench.estimate`, for a constant side, and for a bad number of
            similar tasks.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=500)
        >>> y = x + np.random.default_rng(1).normal(size=500)
        >>> recommend(x, y).best
        'canonical'
    """
    a, b, *more = both_sides(data, x, y)
    if more:
        raise InputError(f"recommend ranks all estimators, so it takes none: leave out {more[0]!r}")
    check_missing(missing)
    check_index(a, b)
    side_x, side_y = as_side(a, "x", discrete_x), as_side(b, "y", discrete_y)
    if missing != "error":
        (side_x, side_y), _ = without_gaps(side_x, side_y)
    return recommend_for(side_x, side_y, similar=similar)


def recommend_for(
    x: Side,
    y: Side,
    *,
    similar: int = SIMILAR,
    time_limit: float | None = None,
    jobs: int = 1,
    reference: "pd.DataFrame | None" = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> Recommendation:
    """As `recommend`, for sides that are read already.

    time_limit: the most seconds for one estimate. jobs: the number of processes. reference: records
    of all tasks to choose from. on_progress: called with the numbers of estimates, done and of all.
    """
    check_similar(similar)
    sides = as_pair(x.values, y.values, x.discrete, y.discrete)
    for name, side in zip("xy", sides, strict=True):
        if side.constant:
            raise InputError(
                f"{name} is constant, so its MI with anything is 0, whatever the estimator: choose "
                "columns that vary"
            )
    records = results(REFERENCE) if reference is None else reference
    resolved = resolve_estimators(list(records["estimator"].unique()))
    estimates: dict[str, Estimate | str] = {}
    sample = tuple(side.values.reshape(len(side.values), -1) for side in (x, y))
    if on_progress is not None:
        on_progress(0, len(resolved))
    for spec, estimate, _ in estimates_of(
        resolved, (sample[0], sample[1]), discrete_x=x.discrete, discrete_y=y.discrete,
        time_limit=time_limit, jobs=jobs,
    ):  # fmt: skip
        estimates[spec] = estimate
        if on_progress is not None:
            on_progress(len(estimates), len(resolved))
    about = sides[0].n, (sides[0].dims, sides[1].dims), (x.discrete, y.discrete)
    return _ranked(*about, estimates, records, similar)


def check_similar(similar: int) -> None:
    """Raises InputError for a bad number of similar tasks."""
    whole = isinstance(similar, Integral) and not isinstance(similar, bool)
    if not whole or not 1 <= similar <= MOST_SIMILAR:
        raise InputError(
            f"{similar!r} similar tasks: give a whole number of 1 to {MOST_SIMILAR}, such as "
            f"{SIMILAR}"
        )


def _ranked(
    rows: int,
    dims: tuple[int, int],
    labels: tuple[bool, bool],
    estimates: Mapping[str, Estimate | str],
    records: "pd.DataFrame",
    count: int,
) -> Recommendation:
    from .summary import similar as tasks_like

    successes = {name: e for name, e in estimates.items() if isinstance(e, Estimate)}
    failures = {name: e for name, e in estimates.items() if isinstance(e, str)}
    nats = {name: estimate.nats for name, estimate in successes.items()}
    flags = [f"{name} {code}" for name, estimate in successes.items() for code in estimate.flags]
    described = tasks_like.described_tasks(records, _labels_of(records), rows)
    distance = tasks_like.distances(described, tasks_like.description(dims, labels, nats, flags))
    distance = distance.nsmallest(count, keep="first")
    errors = tasks_like.errors_on(records, described.loc[distance.index])

    ranked = tasks_like.ranking(errors)
    names = ranked["estimator"]
    ranked.insert(1, "nats", names.map(nats).astype(float))
    _add_bits(ranked, ("nats", "error_nats", "bias_nats"))
    ranked["flags"] = [";".join(successes[e].flags) if e in successes else "" for e in names]
    ranked["failure"] = [failures.get(e, "") for e in names]

    tasks = errors.pivot(index="task", columns="estimator", values="error_nats")
    tasks = tasks.loc[distance.index, list(names)]
    truths = records.drop_duplicates("task").set_index("task")["mi_nats"]
    tasks.insert(0, "mi_nats", truths[distance.index])
    tasks.insert(0, "n", described.loc[distance.index, "n"].astype(int))
    tasks.insert(0, "distance", distance)
    alike = tasks_like.are_alike(float(distance.iloc[0]), rows, records, len(failures))
    more = _all_results()
    others = tasks_like.errors_of_others(
        more[~more["estimator"].isin(names)], described.loc[distance.index], rows, records,
        str(_first_usable(ranked)["estimator"]),
    )  # fmt: skip
    _add_bits(others, ("error_nats", "bias_nats", "best_error_nats"))
    tasks = tasks.reset_index(names="task")
    return Recommendation(rows, dims, labels, ranked, tasks, others, alike)


def _first_usable(ranked: "pd.DataFrame") -> "pd.Series[Any]":
    """The row of the first estimator that did not fail here, or of the first one."""
    usable = ranked[(ranked["failure"] == "") & ranked["error_nats"].notna()]
    return (usable if len(usable) else ranked).iloc[0]


@cache
def _all_results() -> "pd.DataFrame":
    return results(ALL)


def _add_bits(table: "pd.DataFrame", columns: Iterable[str]) -> None:
    """Put the same in bits behind each column of nats."""
    for column in columns:
        place = list(table.columns).index(column) + 1
        table.insert(place, column.replace("nats", "bits"), table[column] / math.log(2))


def _labels_of(records: "pd.DataFrame") -> dict[str, tuple[bool, bool]]:
    """Which sides of each task are labels."""
    tasks = {str(name): get_task(str(name)) for name in records["task"].unique()}
    return {name: (task.discrete_x, task.discrete_y) for name, task in tasks.items()}
