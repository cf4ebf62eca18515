"""Summaries as one HTML page that needs only a browser.

The numbers come from `mibench.summary`. In the payload, a "case" is a task at one sample size, and
a "cell" is the summary of one estimator on one case.
"""

import html
import math
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import summary
from ..contract.flags import FLAGS
from ..errors import InputError
from ..records.commands import STORE, commands, earlier
from ..tasks.catalogue import find_tasks
from ..tasks.suites import ALL_SUITES
from ..types import SESSION
from .looks import Look, looks
from .standalone import SHARED, standalone_page

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ..types import Task

SCRIPTS = ("core.js", "tables.js", "heatmap.js", "charts.js", "save.js", "start.js")
DIGITS = 6  # significant digits of the numbers in the page, which keeps it small
# Groups of tasks by the larger of their two dimensions: name, smallest, largest.
WIDTHS = (
    ("one dimension per side", 1, 1),
    ("2 to 5 dimensions", 2, 5),
    ("6 or more dimensions", 6, math.inf),
)
CELL_COLUMNS = (
    "mean_nats", "sd_nats", "bias_nats", "bias_low_nats", "bias_high_nats", "rmse_nats",
    "rmse_low_nats", "rmse_high_nats", "seeds", "failures", "seconds", "best", "flags",
)  # fmt: skip


def page(records: "pd.DataFrame", units: str = "bits") -> str:
    """The page of a comparison, as HTML that contains its style, script and numbers.

    records: as `mibench.compare` returns them. units: "bits" or "nats", shown at first.
    Texts of records are stored as JSON, with the characters of HTML markup escaped.
    """
    content = payload(records, units)
    return standalone_page(
        SHARED, "page.html", ["page.css"], SCRIPTS, content, scope=html.escape(_scope(content))
    )


def payload(records: "pd.DataFrame", units: str) -> dict[str, Any]:
    """Everything that the page shows, in nats, as values for JSON; None for NaN and infinity."""
    cases = summary.by_case(records)
    names = list(dict.fromkeys(records["estimator"]))
    look_of = looks(names)
    sizes = sorted(int(n) for n in records["n"].unique())
    known_tasks = _tasks_by_name()
    tasks = cases.drop_duplicates("task").set_index("task", drop=False)
    positions = {"task": list(tasks.index), "n": sizes, "estimator": names}
    groups = _groups(positions["task"])
    versions = records[["estimator", "parameters", "version"]].drop_duplicates()
    task_versions = records[["task", "task_version"]].drop_duplicates()
    return {
        "units": units,
        "made": date.today().isoformat(),
        "estimators": [
            _estimator(name, look_of[name], versions[versions["estimator"] == name])
            for name in names
        ],
        "sizes": sizes,
        "groups": [{"name": name, "of": size} for name, _, size in groups],
        "widths": [name for name, _, _ in WIDTHS],
        "tasks": [
            {
                "name": row["task"],
                "dims": [int(row["dim_x"]), int(row["dim_y"])],
                "mi": _plain(row["mi_nats"]),
                "groups": [g for g, (_, members, _) in enumerate(groups) if row["task"] in members],
                "width": _width(row),
                "versions": _distinct(
                    task_versions.loc[task_versions["task"] == row["task"], "task_version"]
                ),
                **_source(known_tasks.get(row["task"])),
            }
            for _, row in tasks.iterrows()
        ],
        "cells": _packed(cases, positions, CELL_COLUMNS),
        **_views(records, cases, tasks, groups, sizes, names),
        "failures": _packed(summary.failures(records), positions, ("times", "error")),
        "flags": _packed(summary.flag_counts(records), positions, ("flag", "cells", "of")),
        "meanings": FLAGS,
        "counts": {"cells": len(records), "failed": int(records["nats"].isna().sum())},
        "seeds": _distinct(records["seed"]),
        "reproduce": {
            "commands": [*commands(records), f"mibench report {STORE} -o report.html"],
            "earlier": earlier(records),
            "machines": _distinct(records["machine"]),
            "libraries": _distinct(records["libraries"]),
        },
    }


def _estimator(name: str, look: Look, records: "pd.DataFrame") -> dict[str, Any]:
    versions = _distinct(records["version"])
    return {
        "name": name,
        "colour": look.colour,
        "marker": look.marker,
        "parameters": _distinct(records["parameters"]),
        "versions": versions,
        "session": SESSION in versions,
    }


def _groups(tasks: list[str]) -> list[tuple[str, set[str], int]]:
    """All tasks, and each suite that has some of them: name, these tasks, size of the suite."""
    groups = [("all", set(tasks), len(tasks))]
    for name, members in ALL_SUITES.items():
        if common := set(members) & set(tasks):
            groups.append((name, common, len(set(members))))
    return groups


def _views(
    records: "pd.DataFrame",
    cases: "pd.DataFrame",
    tasks: "pd.DataFrame",
    groups: list[tuple[str, set[str], int]],
    sizes: list[int],
    names: list[str],
) -> dict[str, Any]:
    """The rankings of all selections that the page offers: group of tasks, sample size, width.

    rankings: each has "of", the number of its samples (task, n, seed), of which it leaves out those
    on which an estimator failed. Selections of the same cases share a ranking.
    views: "group,size,width" -> index in rankings; 0 for all sizes or widths, i + 1 for the i-th.
    A selection without cases is absent.
    steady: "group,width" -> the index in rankings for each size, restricted to the tasks that were
    run at every size. Only those show how an error falls with n.
    """
    width_of = {task: _width(row) for task, row in tasks.iterrows()}
    keys = cases.drop_duplicates(["task", "n"])[["task", "n"]].itertuples(index=False, name=None)
    ids = {key: case_id for case_id, key in enumerate(keys)}
    id_of_record, id_of_row = _ids(records, ids), _ids(cases, ids)
    sample = records.groupby(["task", "n", "seed"], sort=False).ngroup().to_numpy()
    needed = records[["task", "n", "seed", "estimator", "nats", "mi_nats", "seconds", "memory"]]
    needed = needed.astype({"task": "category", "estimator": "category"})  # grouped many times
    index_of: dict[frozenset[int], int] = {}
    rankings: list[dict[str, Any]] = []

    def ranking_index(case_ids: frozenset[int]) -> int:
        if case_ids not in index_of:
            index_of[case_ids] = len(rankings)
            chosen = np.isin(id_of_record, list(case_ids))
            ranks = summary.ranking(needed[chosen], cases[np.isin(id_of_row, list(case_ids))])
            samples = int(np.count_nonzero(np.bincount(sample[chosen])))
            rankings.append(_packed(ranks, {"estimator": names}) | {"of": samples})
        return index_of[case_ids]

    at_every_size = {task for task, _ in ids if all((task, n) in ids for n in sizes)}
    views: dict[str, int] = {}
    steady: dict[str, list[int]] = {}
    for g, w in product(range(len(groups)), range(len(WIDTHS) + 1)):
        members = {task for task in groups[g][1] if not w or width_of[task] == w - 1}
        for s in range(len(sizes) + 1):
            case_ids = frozenset(
                case_id
                for (task, n), case_id in ids.items()
                if task in members and (not s or n == sizes[s - 1])
            )
            if case_ids:
                views[f"{g},{s},{w}"] = ranking_index(case_ids)
        if complete := members & at_every_size:
            steady[f"{g},{w}"] = [
                ranking_index(frozenset(ids[task, n] for task in complete)) for n in sizes
            ]
    return {"views": views, "steady": steady, "rankings": rankings}


def _ids(table: "pd.DataFrame", ids: dict[tuple[str, int], int]) -> "NDArray[np.int64]":
    numbers = [ids[key] for key in zip(table["task"], table["n"], strict=True)]
    return np.array(numbers)


def _packed(
    table: "pd.DataFrame", lists: dict[str, list[Any]], columns: Iterable[str] | None = None
) -> dict[str, Any]:
    """A table as column names and rows.

    lists: column -> all its values; such a column holds positions in this list instead of values.
    columns: the other columns to include; None for all.
    """
    keys = [name for name in lists if name in table]
    others = [c for c in (table.columns if columns is None else columns) if c not in keys]
    position = {name: {value: i for i, value in enumerate(lists[name])} for name in keys}
    rows: list[list[Any]] = []
    if not table.empty:
        for row in table[[*keys, *others]].itertuples(index=False, name=None):
            positions = [position[name][value] for name, value in zip(keys, row, strict=False)]
            rows.append(positions + [_plain(value) for value in row[len(keys) :]])
    return {"fields": [*keys, *others], "rows": rows}


def _plain(value: object) -> object:
    """A value for JSON: numbers with 6 significant digits, None for NaN and infinity."""
    item = getattr(value, "item", None)  # a NumPy scalar
    value = item() if callable(item) else value
    if isinstance(value, float):
        short = float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
        return int(short) if short is not None and short.is_integer() else short
    return value


def _distinct(values: "pd.Series[Any]") -> list[Any]:
    return [_plain(value) for value in dict.fromkeys(values) if value != ""]


def _width(row: "pd.Series[Any]") -> int:
    """The index in WIDTHS of a task."""
    larger = max(row["dim_x"], row["dim_y"])
    return next(i for i, (_, low, high) in enumerate(WIDTHS) if low <= larger <= high)


def _tasks_by_name() -> "dict[str, Task]":
    """The tasks of the catalogue; none if a package breaks it, as the page needs only records."""
    with suppress(InputError):
        return {task.name: task for task in find_tasks(None, "all,conditional")}
    return {}


def _source(task: "Task | None") -> dict[str, Any]:
    return {} if task is None else {"source": task.source, "current": task.version}


def _scope(content: dict[str, Any]) -> str:
    """What was compared, in one sentence."""
    estimators, tasks, seeds = (len(content[name]) for name in ("estimators", "tasks", "seeds"))
    sizes = [f"{n:,}" for n in content["sizes"]]
    estimates, failed = content["counts"]["cells"], content["counts"]["failed"]
    return (
        f"{_count(estimators, 'estimator')} of mutual information on "
        f"{_count(tasks, 'task')} whose true value is known, with samples of size "
        f"{_join(sizes)} and {_count(seeds, 'seed')}: {_count(estimates, 'estimate')}, "
        f"of which {f'{failed:,}' if failed else 'none'} failed."
    )


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _join(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
