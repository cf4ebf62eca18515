"""Records -> bias, standard deviation, RMSE, failures, time. Pure functions over a table."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

CASE = ["task", "n"]


def by_case(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each (task, n, estimator), in order of first appearance; MI in nats.

    mean, sd (over seeds, ddof=1, NaN for one seed), bias = mean - truth, rmse: over the seeds
    that succeeded, NaN where none did. seeds, failures: how many; seconds: median time of an
    estimate; flags: those raised, most frequent first; best: has the smallest RMSE of its case,
    among estimators without a failure there.
    """
    rows = []
    for key, cell in records.groupby([*CASE, "estimator"], sort=False):
        nats = cell["nats"].dropna()
        truth = cell["mi_nats"].iloc[0]
        rows.append(
            dict(zip([*CASE, "estimator"], key, strict=True))
            | {
                "dim_x": cell["dim_x"].iloc[0],
                "dim_y": cell["dim_y"].iloc[0],
                "mi_nats": truth,
                "mean_nats": nats.mean(),
                "sd_nats": nats.std(ddof=1),
                "bias_nats": nats.mean() - truth,
                "rmse_nats": _rmse(nats - truth),
                "seeds": len(cell),
                "failures": int(cell["nats"].isna().sum()),
                "seconds": cell["seconds"].median(),
                "flags": _common_flags(cell["flags"]),
            }
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    rivals = table["rmse_nats"].where(table["failures"] == 0)
    table["best"] = rivals.eq(rivals.groupby([table[c] for c in CASE]).transform("min"))
    return table


def ranking(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each estimator, best RMSE first; MI in nats.

    RMSE and bias are over the cells (task, n, seed) in which no estimator failed, so that all
    are judged by the same cells (`cells` of them) and nobody gains by failing at a hard one. An
    estimator that failed at everything does not count for that. wins: cases in which it was best.
    """
    wide = records.pivot_table(
        "nats", [*CASE, "seed"], "estimator", aggfunc="first", dropna=False, observed=True
    )
    usable = wide.loc[:, wide.notna().any()].dropna()  # an absent cell is no cell of this one
    cells_of = records.set_index([*CASE, "seed"]).index
    common = records[cells_of.isin(usable.index)]
    wins = by_case(records).groupby("estimator")["best"].sum()
    rows = []
    for name, cells in records.groupby("estimator", sort=False):
        own = common.loc[common["estimator"] == name]
        errors = (own["nats"] - own["mi_nats"]).dropna()
        rows.append(
            {
                "estimator": name,
                "rmse_nats": _rmse(errors),
                "bias_nats": errors.mean(),
                "cells": len(errors),
                "wins": int(wins[name]),
                "failures": int(cells["nats"].isna().sum()),
                "seconds": cells["seconds"].median(),
            }
        )
    table = pd.DataFrame(rows).sort_values("rmse_nats", kind="stable", na_position="last")
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table.reset_index(drop=True)


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


def _rmse(errors: "pd.Series[float]") -> float:
    return float(np.sqrt(np.mean(np.square(errors)))) if len(errors) else float("nan")


def _common_flags(flags: "Iterable[str]") -> str:
    counts = pd.Series([f for joined in flags for f in joined.split(";") if f]).value_counts()
    return ";".join(counts.index)
