"""Records -> bias, standard deviation, RMSE, failures, time. Pure functions over a table."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from . import resampling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

CASE = ["task", "n"]
SLACK_NATS = 1e-3


def by_case(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each (task, n, estimator), in order of first appearance; MI in nats.

    mean, sd (over seeds, ddof=1, NaN for one seed), bias = mean - truth, rmse: over the seeds
    that succeeded, NaN where none did; *_low, *_high: bootstrap intervals of 95 %, NaN for one
    seed. relative_error: rmse / truth, NaN for a truth of 0. seeds, failures: how many; seconds:
    median time of an estimate; memory: the most bytes that one took; flags: those raised, most
    frequent first; best: has the smallest RMSE of its case, among estimators without a failure
    there.
    """
    rows = []
    for cell in _cells(records):
        first = {name: cell[name][0] for name in (*CASE, "estimator", "dim_x", "dim_y", "mi_nats")}
        nats, truth = cell["nats"].astype(float), first["mi_nats"]
        nats = nats[~np.isnan(nats)]
        errors = nats - truth
        ranges = resampling.intervals(errors)
        rmse = _rmse(errors)
        rows.append(
            first
            | {
                "mean_nats": nats.mean() if len(nats) else np.nan,
                "sd_nats": nats.std(ddof=1) if len(nats) > 1 else np.nan,
                "bias_nats": errors.mean() if len(nats) else np.nan,
                "bias_low_nats": ranges["bias"][0],
                "bias_high_nats": ranges["bias"][1],
                "rmse_nats": rmse,
                "rmse_low_nats": ranges["rmse"][0],
                "rmse_high_nats": ranges["rmse"][1],
                "relative_error": rmse / truth if truth else np.nan,
                "seeds": len(cell["nats"]),
                "failures": len(cell["nats"]) - len(nats),
                "seconds": _time(cell["seconds"], cell["nats"]),
                "memory": np.fmax.reduce(cell["memory"].astype(float)),  # NaN where all are
                "flags": _common_flags(cell["flags"]),
            }
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    rivals = table["rmse_nats"].where(table["failures"] == 0)
    table["best"] = rivals.eq(rivals.groupby([table[c] for c in CASE]).transform("min"))
    return table


def _cells(records: pd.DataFrame) -> "Iterator[dict[str, NDArray[Any]]]":
    """The columns of each (task, n, estimator) as arrays, in order of first appearance.

    By hand, since a DataFrame for each of thousands of groups takes seconds.
    """
    if records.empty:
        return
    group = records.groupby([*CASE, "estimator"], sort=False).ngroup().to_numpy()
    columns = {str(name): records[name].to_numpy() for name in records}
    order = np.argsort(group, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        yield {name: values[at] for name, values in columns.items()}


def ranking(records: pd.DataFrame, cases: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row for each estimator, smallest RMSE first; MI in nats.

    rmse, bias and mae (mean absolute error) are over the cells (task, n, seed) in which no
    estimator failed, so that all are judged by the same cells (`cells` of them) and nobody gains
    by failing at a hard one; *_low, *_high: bootstrap intervals of 95 % over seeds. An estimator
    that failed at everything does not count for that.
    rank: 1 + how many are better, as far as the seeds tell: `mibench.summary.resampling.better`.
    relative_error: median over cases of rmse / truth; wins: cases in which it had the smallest
    RMSE; failures: how many, failure_rate: of all its cells; seconds: median time; memory: the
    most bytes that an estimate took; efficient: it failed nowhere, and no other that did so has
    both a smaller RMSE and a smaller time. cases: `by_case(records)`, if it is at hand.
    """
    cases = by_case(records) if cases is None else cases
    key = [*CASE, "seed"]
    wide = records.assign(error=records["nats"] - records["mi_nats"]).pivot_table(
        "error", key, "estimator", aggfunc="first", dropna=False, observed=True
    )
    usable = wide.loc[:, wide.notna().any()].dropna()  # an absent cell is no cell of this one
    by_name = cases.groupby("estimator")
    rows = []
    for name, cells in records.groupby("estimator", sort=False):
        errors = usable[name] if name in usable else pd.Series(dtype=float)
        own = by_name.get_group(name)
        rows.append(
            {
                "estimator": name,
                "rmse_nats": _rmse(errors),
                "bias_nats": errors.mean(),
                "mae_nats": errors.abs().mean(),
                "relative_error": own["relative_error"].median(),
                "cells": len(errors),
                "wins": int(own["best"].sum()),
                "failures": int(cells["nats"].isna().sum()),
                "failure_rate": cells["nats"].isna().mean(),
                "seconds": _time(cells["seconds"].to_numpy(), cells["nats"].to_numpy(float)),
                "memory": cells["memory"].max(),
            }
        )
    table = pd.DataFrame(rows).join(_told_by_seeds(usable), on="estimator")
    table = table.sort_values("rmse_nats", kind="stable", na_position="last")
    table.insert(0, "rank", 1 + table.pop("worse_than").fillna(table["rmse_nats"].notna().sum()))
    table["rank"] = table["rank"].astype(int)
    times = table["seconds"].where(table["failures"] == 0)  # failing soon is no speed
    table["efficient"] = times < times.shift().cummin().ffill().fillna(np.inf)
    return table.reset_index(drop=True)


def _told_by_seeds(errors: pd.DataFrame) -> pd.DataFrame:
    """By estimator: intervals of RMSE and bias, and how many others are better.

    errors: one row for each (task, n, seed), one column for each estimator, none missing.
    """
    columns = ["rmse_low_nats", "rmse_high_nats", "bias_low_nats", "bias_high_nats", "worse_than"]
    if errors.empty:
        return pd.DataFrame(columns=columns, dtype=float)
    cases = [case.to_numpy() for _, case in errors.groupby(CASE, sort=False)]
    bias, rmse = resampling.overall(cases)
    worse_than = resampling.better(cases).sum(axis=0)
    values = np.vstack([resampling.interval(rmse), resampling.interval(bias), worse_than])
    if max(map(len, cases)) < 2:  # one seed tells nothing of the spread
        values[:4] = np.nan
    return pd.DataFrame(values.T, index=errors.columns, columns=columns)


def worsened(records: pd.DataFrame, earlier: "Mapping[str, str]") -> pd.DataFrame:
    """One row for each estimator, or case of one, whose error has grown beyond what seeds allow.

    earlier: estimator -> the name of its earlier results in the same records. Columns: estimator,
    task and n ("all" and 0: over all its cases), rmse_before_nats, rmse_nats, failures (cells that
    had an estimate before). Grown: by a paired t-test at 5 % over the tests of an estimator, and
    by more than a thousandth of a nat, which another processor or library may do.
    """
    rows: list[dict[str, object]] = []
    for new, old in earlier.items():
        both = records[records["estimator"].isin([new, old])]
        wide = both.assign(error=both["nats"] - both["mi_nats"]).pivot_table(
            "error", [*CASE, "seed"], "estimator", aggfunc="first", dropna=False, observed=True
        )
        if {new, old} <= set(wide):
            rows += [
                {"estimator": new, **row} for row in _grown(wide[[new, old]].dropna(how="all"))
            ]
    columns = ["estimator", *CASE, "rmse_before_nats", "rmse_nats", "failures"]
    return pd.DataFrame(rows, columns=columns)


def _grown(errors: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of `worsened` for one estimator; errors: new and old, by task, n and seed."""
    groups = [(("all", 0), errors), *errors.groupby(CASE, sort=False)]
    rows = []
    for (task, n), cells in groups:
        common = cells.dropna()
        cases = [case.to_numpy() for _, case in common.groupby(CASE, sort=False)]
        now, before = (_rmse(common[name]) for name in errors)
        failed = int((cells.iloc[:, 0].isna() & cells.iloc[:, 1].notna()).sum())
        grown = now > before + SLACK_NATS and resampling.better(cases, tests=len(groups))[1, 0]
        if failed or grown:
            names = ("task", "n", "rmse_before_nats", "rmse_nats", "failures")
            rows.append(dict(zip(names, (task, n, before, now, failed), strict=True)))
    return rows


def failures(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each different error: estimator, task, n, how often, the message."""
    failed = records[records["nats"].isna()]
    grouped = failed.groupby(["estimator", "task", "n", "error"], sort=False)
    return grouped.size().rename("times").reset_index()


def flag_counts(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each flag and estimator: in how many of its cells the flag was raised."""
    flags = records.assign(flag=records["flags"].str.split(";")).explode("flag")
    flags = flags[flags["flag"] != ""]
    counts = flags.groupby(["flag", "estimator"]).size().rename("cells").reset_index()
    return counts.assign(of=counts["estimator"].map(records["estimator"].value_counts()))


def in_units(table: pd.DataFrame, units: str) -> pd.DataFrame:
    """The table with every `*_nats` (and `nats`) column in "bits" or "nats", renamed."""
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


def _time(seconds: "NDArray[np.float64]", nats: "NDArray[np.float64]") -> float:
    """The median time of the estimates that there are; where there are none, of the failures."""
    made = seconds[~np.isnan(nats.astype(float))]
    return float(np.median(made if len(made) else seconds))


def _common_flags(flags: "Iterable[str]") -> str:
    counts = Counter(f for joined in flags for f in joined.split(";") if f)
    return ";".join(flag for flag, _ in counts.most_common())
