"""Which tasks are like some data, and how far estimators err on them.

Data are described by their dimensions, by which sides are labels, by what each estimator says of
them, and by the flags that are raised. The description needs no truth, so that of a task can be
compared with that of a user's data.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a difference weighs. Two dimensions differ by 1 if one is e times the other; two estimates,
# if one is about e times the other (SMALL nats are added to both). A flag weighs little, but for
# those that say that rows are no independent samples, since they change every estimate.
OF_LABELS, OF_FLAG, SMALL = 3.0, 0.5, 0.05
OF_ROWS, ABOUT_ROWS = 2.0, ("dependent_rows", "copied_rows", "near_copies")
# Beyond this distance a task is unlike the data. Of the tasks of the suites, 88% have a task of
# another family within it, and the errors of the others are eight times as large as expected
# (`python benchmarks/recommendation.py suites`).
ALIKE = 3.0
# Data with fewer rows than this share of a task's smallest sample are unlike all tasks, and so are
# data of which more estimators fail: what is not known cannot differ, so the distance is too small.
FEWEST_ROWS, MOST_FAILED = 0.5, 1
# An estimate is called too high if it is so by more than both of these.
TOO_HIGH_NATS, TOO_HIGH_SHARE = 0.1, 0.15

Labels = tuple[bool, bool]


def description(
    dims: tuple[int, int], labels: Labels, nats: Mapping[str, float], flags: Iterable[str]
) -> dict[str, float]:
    """The description of data, as numbers whose differences make up a distance.

    The sides may be swapped. nats: the estimates by estimator, NaN for one that failed. flags: of
    all estimators, as "estimator code".
    """
    low, high = sorted(dims)
    some, all_ = sorted(map(float, labels), reverse=True)
    return {
        "dims_low": float(np.log(low)),
        "dims_high": float(np.log(high)),
        "labels_some": OF_LABELS * some,
        "labels_all": OF_LABELS * all_,
        **{f"nats {name}": float(np.log(max(value, 0.0) + SMALL)) for name, value in nats.items()},
        **{f"flag {name}": _weight(name) for name in flags},
    }


def _weight(flag: str) -> float:
    return OF_ROWS if flag.endswith(ABOUT_ROWS) else OF_FLAG


def described_tasks(records: pd.DataFrame, labels: Mapping[str, Labels], rows: int) -> pd.DataFrame:
    """The descriptions of the tasks in `records`, at the sample size that is nearest to `rows`.

    Returns one row a task, with its name as the index: the means over the seeds, and the sample
    size as the column "n".
    """
    sizes = records[["task", "n"]].drop_duplicates()
    nearest = sizes.loc[np.log(sizes["n"] / rows).abs().groupby(sizes["task"]).idxmin()]
    n = nearest.set_index("task")["n"]
    samples = records.loc[
        records["n"] == records["task"].map(n),
        ["task", "estimator", "seed", "nats", "flags", "dim_x", "dim_y"],
    ]
    nats = samples.groupby(["task", "estimator"])["nats"].mean().unstack()
    first = samples.drop_duplicates("task").set_index("task")
    dims = first[["dim_x", "dim_y"]].to_numpy(int)
    table = pd.DataFrame(
        [
            description((x, y), labels[str(task)], dict(nats.loc[task]), ())
            for task, (x, y) in zip(first.index, dims, strict=True)
        ],
        index=first.index,
    )
    table.insert(0, "n", n)
    described: pd.DataFrame = table.join(_shares_of_flags(samples))
    return described


def _shares_of_flags(samples: pd.DataFrame) -> pd.DataFrame:
    """How often each flag of each estimator was raised, times its weight: tasks by flags."""
    raised = samples.assign(flags=samples["flags"].str.split(";")).explode("flags")
    raised = raised[raised["flags"] != ""]
    seeds = samples.groupby("task")["seed"].nunique()
    counts = pd.crosstab(raised["task"], "flag " + raised["estimator"] + " " + raised["flags"])
    weights = [_weight(name) for name in counts.columns]
    return counts.reindex(seeds.index, fill_value=0).div(seeds, axis=0) * weights


def distances(tasks: pd.DataFrame, data: Mapping[str, float]) -> "pd.Series[float]":
    """The distance of each task to the data: Euclidean, over what is known of both.

    A flag that one of them lacks was not raised.
    """
    names = [name for name in tasks.columns if name != "n"]
    names += [name for name in data if name.startswith("flag ") and name not in names]
    table = tasks.reindex(columns=names)
    flags = [name for name in names if name.startswith("flag ")]
    table[flags] = table[flags].fillna(0.0)
    here = np.array([data.get(name, 0.0 if name in flags else np.nan) for name in names])
    differences: NDArray[np.float64] = table.to_numpy(float) - here
    return pd.Series(np.sqrt(np.nansum(differences**2, axis=1)), index=tasks.index)


def are_alike(distance: float, rows: int, records: pd.DataFrame, failed: int) -> bool:
    """Whether a task at this distance is like data of so many rows and failed estimators."""
    enough = rows >= FEWEST_ROWS * records["n"].min()
    return bool(distance <= ALIKE and enough and failed <= MOST_FAILED)


def errors_on(records: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """The errors of each estimator on these tasks, each at its sample size `n`.

    Returns one row for each estimator and task: task, estimator, and the means over the seeds of
    error_nats (absolute), bias_nats and too_high (a share).
    """
    size = records["task"].map(tasks["n"])
    return _mean_errors(records[records["n"] == size]).drop(columns="n")


def _mean_errors(records: pd.DataFrame) -> pd.DataFrame:
    """Means over the seeds of each task, estimator and n; NaN where all failed."""
    errors = records["nats"] - records["mi_nats"]
    limit = np.maximum(TOO_HIGH_NATS, TOO_HIGH_SHARE * records["mi_nats"])
    measured = records[["task", "estimator", "n"]].assign(
        error_nats=errors.abs(), bias_nats=errors, too_high=(errors > limit).where(errors.notna())
    )
    measured["too_high"] = measured["too_high"].astype(float)
    return measured.groupby(["task", "estimator", "n"], sort=False, as_index=False).mean()


def errors_of_others(
    records: pd.DataFrame, tasks: pd.DataFrame, rows: int, reference: pd.DataFrame, best: str
) -> pd.DataFrame:
    """Other estimators by their mean absolute error on these tasks, the smallest first.

    Each has its own sample size, the nearest to `rows` that it was run at. So it stands beside the
    error of `best` on the same tasks and sizes. An estimator with estimates for less than half of
    the tasks, or whose estimates are not the MI, is left out.

    Args:
        records: of the other estimators.
        tasks: as `described_tasks`.
        rows: of the data.
        reference: the records of `best`.
        best: an estimator.

    Returns:
        Columns: estimator; tasks, the number of tasks with an estimate; error_nats, bias_nats and
        too_high; best_error_nats, the mean absolute error of `best`.
    """
    other = records.loc[records["flags"].str.contains("not_mi", regex=False), "estimator"]
    chosen = records[records["task"].isin(tasks.index) & records["nats"].notna()]
    chosen = chosen[~chosen["estimator"].isin(other.unique())]
    apart = np.log(chosen["n"] / rows).abs()
    nearest = apart.groupby([chosen["task"], chosen["estimator"]]).transform("min")
    errors = _mean_errors(chosen[apart == nearest])
    of_best = _mean_errors(reference[reference["estimator"] == best])
    of_best = (
        of_best[["task", "n", "error_nats"]]
        .dropna()
        .rename(columns={"error_nats": "best_error_nats"})
    )
    by_estimator = errors.merge(of_best, on=["task", "n"]).groupby("estimator", sort=False)
    columns: list[Any] = ["error_nats", "bias_nats", "too_high", "best_error_nats"]
    table = by_estimator[columns].mean()
    table.insert(0, "tasks", by_estimator.size())
    table = table[table["tasks"] >= len(tasks) / 2]
    return table.sort_values("error_nats", kind="stable").reset_index()


def ranking(errors: pd.DataFrame) -> pd.DataFrame:
    """The estimators by their mean absolute error over the tasks, the smallest first.

    Each task counts as one. An estimator that failed on all of them comes last, with NaN.
    """
    columns: list[Any] = ["error_nats", "bias_nats", "too_high"]
    means = errors.groupby("estimator", sort=False)[columns].mean()
    return means.sort_values("error_nats", kind="stable", na_position="last").reset_index()
