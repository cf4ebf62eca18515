"""Turns records into bias, standard deviation, RMSE, ranking, failures and time.

Pure functions of a table of records. The column `case` of some tables means a task at one sample
size n, and `cells` counts samples (task, n, seed) or estimates.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from . import inference
from .samples import Errors, errors_by_sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

TASK_AND_SIZE = ["task", "n"]
TOLERANCE_NATS = 1e-3  # of an RMSE: another processor or library may change it by this much


def by_case(records: pd.DataFrame) -> pd.DataFrame:
    """Summarise the seeds of each (task, n, estimator). MI is in nats.

    Args:
        records: As `mibench.compare` returns them.

    Returns:
        One row for each (task, n, estimator), in order of first appearance, with these columns.

        - task, n, estimator, dim_x, dim_y, mi_nats: what was estimated; mi_nats is the true MI.
        - mean_nats, sd_nats (ddof=1), bias_nats = mean - truth, rmse_nats: over the seeds whose
          estimate succeeded. NaN if none did; sd is NaN for one seed as well.
        - bias_low_nats, bias_high_nats, rmse_low_nats, rmse_high_nats: 95 % confidence intervals
          (`mibench.summary.inference`), NaN for one seed.
        - relative_error: rmse / truth, NaN for a truth of 0.
        - seeds, failures: the number of seeds, and of those that failed.
        - seconds: the median time of an estimate.
        - memory: the largest number of bytes that an estimate took.
        - flags: codes of the flags that were raised, joined by ";", most frequent first.
        - best: whether the RMSE is the smallest of this task and n, among the estimators that did
          not fail there, over the seeds that all of these have.
    """
    rows = []
    identity = (*TASK_AND_SIZE, "estimator", "dim_x", "dim_y", "mi_nats")
    for group in _groups_of_seeds(records):
        first = {name: group[name][0] for name in identity}
        nats, truth = group["nats"].astype(float), first["mi_nats"]
        nats = nats[~np.isnan(nats)]
        errors = nats - truth
        intervals = inference.confidence_intervals([errors[:, np.newaxis]])
        rmse = _rmse(errors)
        rows.append(
            first
            | {
                "mean_nats": nats.mean() if len(nats) else np.nan,
                "sd_nats": nats.std(ddof=1) if len(nats) > 1 else np.nan,
                "bias_nats": errors.mean() if len(nats) else np.nan,
                "bias_low_nats": float(intervals.bias[0, 0]),
                "bias_high_nats": float(intervals.bias[1, 0]),
                "rmse_nats": rmse,
                "rmse_low_nats": float(intervals.rmse[0, 0]),
                "rmse_high_nats": float(intervals.rmse[1, 0]),
                "relative_error": rmse / truth if truth else np.nan,
                "seeds": len(group["nats"]),
                "failures": len(group["nats"]) - len(nats),
                "seconds": _median_time(group["seconds"], group["nats"]),
                "memory": np.fmax.reduce(group["memory"].astype(float)),  # NaN if all are NaN
                "flags": _common_flags(group["flags"]),
            }
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    case = [table[c] for c in TASK_AND_SIZE]
    rivals = _rmse_over_common_seeds(records, table)
    table["best"] = rivals.eq(rivals.groupby(case).transform("min"))
    return table


def _rmse_over_common_seeds(records: pd.DataFrame, table: pd.DataFrame) -> "pd.Series[float]":
    """For each row of `by_case` the RMSE over the seeds that all estimators without failures have.

    NaN for an estimator that failed. If there are no such seeds, the RMSE over all of its own.
    """
    whole = table["rmse_nats"].where(table["failures"] == 0)
    distinct = records.groupby(TASK_AND_SIZE)["seed"].nunique()
    if (table.groupby(TASK_AND_SIZE)["seeds"].min() == distinct).all():
        return whole  # all have all seeds, as in any comparison that was not interrupted
    errors = errors_by_sample(records)
    column = {name: place for place, name in enumerate(errors.names)}
    rmse = whole.to_numpy(copy=True)
    blocks = errors.by_case()  # in the order of task and n
    for block, rows in zip(blocks, table.groupby(TASK_AND_SIZE).indices.values(), strict=True):
        rivals = rows[np.isfinite(rmse[rows])]
        values = block[:, [column[name] for name in table["estimator"].iloc[rivals]]]
        common = values[~np.isnan(values).any(axis=1)]
        if len(common):
            rmse[rivals] = np.sqrt((common**2).mean(axis=0))
    return pd.Series(rmse, table.index)


def _groups_of_seeds(records: pd.DataFrame) -> "Iterator[dict[str, NDArray[Any]]]":
    """The columns of each (task, n, estimator) as arrays, in order of first appearance.

    Written by hand, since building a DataFrame for each of thousands of groups takes seconds.
    """
    if records.empty:
        return
    group = records.groupby([*TASK_AND_SIZE, "estimator"], sort=False).ngroup().to_numpy()
    columns = {str(name): records[name].to_numpy() for name in records}
    order = np.argsort(group, kind="stable")
    for indices in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        yield {name: values[indices] for name, values in columns.items()}


def ranking(records: pd.DataFrame, cases: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rank the estimators by their RMSE over the samples on which none of them failed.

    So all estimators are compared on the same samples (task, n, seed), and none gains by failing on
    a hard one. An estimator that has no estimate for more than half of the (task, n) excludes no
    samples, and is not ranked. MI is in nats.

    Args:
        records: As `mibench.compare` returns them.
        cases: `by_case(records)`, if it has been computed already.

    Returns:
        One row for each estimator, smallest RMSE first, with these columns.

        - rank: 1 + the number of estimators that are significantly better
          (`mibench.summary.inference.significantly_better`; `apart` if each task has one seed), so
          that ranks may be shared. Those that are not ranked come last.
        - rmse_nats, bias_nats, mae_nats (mean absolute error): over the common samples.
        - rmse_low_nats, rmse_high_nats, bias_low_nats, bias_high_nats: 95 % confidence intervals.
        - cells: the number of the common samples.
        - relative_error: the median over (task, n) of rmse / truth.
        - wins: the number of (task, n) in which the estimator had the smallest RMSE.
        - failures, failure_rate: number and share of all its estimates.
        - seconds: the median time of an estimate.
        - memory: the largest number of bytes that an estimate took.
        - efficient: it never failed, and no other estimator that never failed has both a smaller
          RMSE and a shorter time.
    """
    cases = by_case(records) if cases is None else cases
    common = errors_by_sample(records).common()  # an estimate that was not run is missing too
    by_name = cases.groupby("estimator")
    columns = records[["estimator", "nats", "seconds", "memory"]]
    rows = []
    for name, estimates in columns.groupby("estimator", sort=False, observed=True):
        errors = common.values[:, [i for i, n in enumerate(common.names) if n == name]].ravel()
        of_estimator = by_name.get_group(name)
        rows.append(
            {
                "estimator": name,
                "rmse_nats": _rmse(errors),
                "bias_nats": errors.mean() if len(errors) else np.nan,
                "mae_nats": np.abs(errors).mean() if len(errors) else np.nan,
                "relative_error": of_estimator["relative_error"].median(),
                "cells": len(errors),
                "wins": int(of_estimator["best"].sum()),
                "failures": int(estimates["nats"].isna().sum()),
                "failure_rate": estimates["nats"].isna().mean(),
                "seconds": _median_time(
                    estimates["seconds"].to_numpy(), estimates["nats"].to_numpy(float)
                ),
                "memory": estimates["memory"].max(),
            }
        )
    table = pd.DataFrame(rows).join(_inference(common), on="estimator")
    table = table.sort_values("rmse_nats", kind="stable", na_position="last")
    table.insert(0, "rank", 1 + table.pop("worse_than").fillna(table["rmse_nats"].notna().sum()))
    table["rank"] = table["rank"].astype(int)
    times = table["seconds"].where(
        table["failures"] == 0
    )  # a quick failure does not count as speed
    table["efficient"] = times < times.shift().cummin().ffill().fillna(np.inf)
    return table.reset_index(drop=True)


def _inference(errors: Errors) -> pd.DataFrame:
    """For each estimator: intervals of RMSE and bias, and how many others are better.

    errors: none is missing.
    """
    columns = ["rmse_low_nats", "rmse_high_nats", "bias_low_nats", "bias_high_nats", "worse_than"]
    if errors.values.size == 0:
        return pd.DataFrame(columns=columns, dtype=float)
    tasks = errors.by_case()
    one_seed = all(len(task) == 1 for task in tasks)
    better = inference.apart(tasks) if one_seed else inference.significantly_better(tasks)
    worse_than = better.sum(axis=0)
    intervals = inference.confidence_intervals(tasks)
    values = np.vstack([intervals.rmse, intervals.bias, worse_than])
    return pd.DataFrame(values.T, index=errors.names, columns=columns)


def worsened(records: pd.DataFrame, earlier: "Mapping[str, str]") -> pd.DataFrame:
    """Find estimators whose error has grown significantly since earlier results.

    An error has grown if a paired t-test says so at 5 % over all tests of the estimator, and if the
    RMSE grew by more than 0.001 nats. A smaller growth may come from another processor or library.

    Args:
        records: New and earlier results of the same samples, in one table.
        earlier: Estimator -> the name of its earlier results in `records`.

    Returns:
        One row for each estimator and (task, n) where the error has grown or an estimate now fails.
        Columns: estimator; task and n ("all" and 0 for all tasks together); rmse_before_nats;
        rmse_nats; failures, the number of failed samples that had an estimate before.
    """
    rows: list[dict[str, object]] = []
    for new, old in earlier.items():
        both = records[records["estimator"].isin([new, old])]
        wide = both.assign(error=both["nats"] - both["mi_nats"]).pivot_table(
            "error",
            [*TASK_AND_SIZE, "seed"],
            "estimator",
            aggfunc="first",
            dropna=False,
            observed=True,
        )
        if {new, old} <= set(wide):
            rows += [
                {"estimator": new, **row} for row in _grown(wide[[new, old]].dropna(how="all"))
            ]
    columns = ["estimator", *TASK_AND_SIZE, "rmse_before_nats", "rmse_nats", "failures"]
    return pd.DataFrame(rows, columns=columns)


def _grown(errors: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of `worsened` for one estimator; errors: new and old, by task, n and seed."""
    groups = [(("all", 0), errors), *errors.groupby(TASK_AND_SIZE, sort=False)]
    rows = []
    for (task, n), samples in groups:
        common = samples.dropna()
        tasks = [group.to_numpy() for _, group in common.groupby(TASK_AND_SIZE, sort=False)]
        now, before = (_rmse(common[name]) for name in errors)
        failed = int((samples.iloc[:, 0].isna() & samples.iloc[:, 1].notna()).sum())
        grown = (
            now > before + TOLERANCE_NATS
            and inference.significantly_better(tasks, tests=len(groups))[1, 0]
        )
        if failed or grown:
            names = ("task", "n", "rmse_before_nats", "rmse_nats", "failures")
            rows.append(dict(zip(names, (task, n, before, now, failed), strict=True)))
    return rows


def failures(records: pd.DataFrame) -> pd.DataFrame:
    """Count the failures.

    Args:
        records: As `mibench.compare` returns them.

    Returns:
        One row for each distinct error: estimator, task, n, error (the message) and times, how
        often it occurred.
    """
    failed = records[records["nats"].isna()]
    grouped = failed.groupby(["estimator", "task", "n", "error"], sort=False)
    return grouped.size().rename("times").reset_index()


def flag_counts(records: pd.DataFrame) -> pd.DataFrame:
    """Count how often each flag was raised.

    Args:
        records: As `mibench.compare` returns them.

    Returns:
        One row for each flag and estimator: flag, estimator, cells (the number of estimates that
        raised the flag) and of (the number of all estimates of this estimator).
    """
    flags = records.assign(flag=records["flags"].str.split(";")).explode("flag")
    flags = flags[flags["flag"] != ""]
    counts = flags.groupby(["flag", "estimator"]).size().rename("cells").reset_index()
    return counts.assign(of=counts["estimator"].map(records["estimator"].value_counts()))


def in_units(table: pd.DataFrame, units: str) -> pd.DataFrame:
    """Convert the MI columns of a table.

    Args:
        table: A table whose columns `nats` and `*_nats` are in nats.
        units: "bits" or "nats".

    Returns:
        The table in these units. For bits, the columns are renamed to `bits` and `*_bits`.
    """
    if units == "nats":
        return table
    out = table.copy()
    for column in out.columns:
        if column == "nats" or column.endswith("_nats"):
            out[column] = out[column] / np.log(2)
    return out.rename(
        columns=lambda c: c.removesuffix("nats") + "bits" if c.endswith("nats") else c
    )


def _rmse(errors: "pd.Series[float] | NDArray[np.float64]") -> float:
    return float(np.sqrt(np.mean(np.square(errors)))) if len(errors) else float("nan")


def _median_time(seconds: "NDArray[np.float64]", nats: "NDArray[np.float64]") -> float:
    """The median time of the estimates that succeeded, or else of the failures."""
    succeeded = seconds[~np.isnan(nats.astype(float))]
    return float(np.median(succeeded if len(succeeded) else seconds))


def _common_flags(flags: "Iterable[str]") -> str:
    counts = Counter(f for joined in flags for f in joined.split(";") if f)
    return ";".join(flag for flag, _ in counts.most_common())
