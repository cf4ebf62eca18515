"""Summaries as one page that needs nothing but a browser. Computes no statistic."""

import base64
import hashlib
import html
import json
import math
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from importlib.resources import files
from itertools import product
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import summary
from ..contract.flags import FLAGS
from ..errors import InputError
from ..records.commands import STORE, commands, earlier
from ..tasks.catalogue import find_tasks
from ..tasks.suites import SUITES
from ..types import SESSION
from .figures import COLOURS, MARKERS

if TYPE_CHECKING:
    import pandas as pd

    from ..types import Task

SCRIPTS = ("core.js", "tables.js", "heatmap.js", "charts.js", "start.js")
DIGITS = 6  # significant; nobody reads more, and the page stays small
# Cases by the larger of their two dimensions.
WIDTHS = (
    ("one dimension a side", 1, 1),
    ("2 to 5 dimensions", 2, 5),
    ("6 or more dimensions", 6, math.inf),
)
CELL = (
    "mean_nats", "sd_nats", "bias_nats", "bias_low_nats", "bias_high_nats", "rmse_nats",
    "rmse_low_nats", "rmse_high_nats", "seeds", "failures", "seconds", "best", "flags",
)  # fmt: skip


def page(records: "pd.DataFrame", units: str = "bits") -> str:
    """The page of a comparison, as HTML: style, script and numbers are in it.

    records: as from `mibench.compare`. units: "bits" or "nats", shown first.
    What comes from records reaches the page as JSON, of which no character is markup.
    """
    folder = files(__package__) / "assets"
    read = {name: (folder / name).read_text("utf-8") for name in ("page.html", "page.css")}
    script = "\n".join((folder / name).read_text("utf-8") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    shown = payload(records, units)
    return Template(read["page.html"]).substitute(
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=read["page.css"],
        script=script,
        scope=html.escape(_scope(shown)),
        data=_harmless(json.dumps(shown, separators=(",", ":"), allow_nan=False)),
    )


def payload(records: "pd.DataFrame", units: str) -> dict[str, Any]:
    """Everything that the page shows, in nats, as values that JSON knows; None for no number."""
    cases = summary.by_case(records)
    names = list(dict.fromkeys(records["estimator"]))
    sizes = sorted(int(n) for n in records["n"].unique())
    known = _known()
    tasks = cases.drop_duplicates("task").set_index("task", drop=False)
    places = {"task": list(tasks.index), "n": sizes, "estimator": names}
    groups = _groups(places["task"])
    return {
        "units": units,
        "made": date.today().isoformat(),
        "estimators": [
            _estimator(at, name, records[records["estimator"] == name])
            for at, name in enumerate(names)
        ],
        "sizes": sizes,
        "groups": [{"name": name, "of": of} for name, _, of in groups],
        "widths": [name for name, _, _ in WIDTHS],
        "tasks": [
            {
                "name": row["task"],
                "dims": [int(row["dim_x"]), int(row["dim_y"])],
                "mi": _plain(row["mi_nats"]),
                "groups": [g for g, (_, members, _) in enumerate(groups) if row["task"] in members],
                "width": _width(row),
                "versions": _distinct(records.loc[records["task"] == row["task"], "task_version"]),
                **_source(known.get(row["task"])),
            }
            for _, row in tasks.iterrows()
        ],
        "cells": _packed(cases, places, CELL),
        **_views(records, cases, tasks, groups, sizes, names),
        "failures": _packed(summary.failures(records), places, ("times", "error")),
        "flags": _packed(summary.flag_counts(records), places, ("flag", "cells", "of")),
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


def _estimator(place: int, name: str, records: "pd.DataFrame") -> dict[str, Any]:
    versions = _distinct(records["version"])
    return {
        "name": name,
        "colour": COLOURS[place % len(COLOURS)],
        "marker": MARKERS[place % len(MARKERS)],
        "parameters": _distinct(records["parameters"]),
        "versions": versions,
        "session": SESSION in versions,
    }


def _groups(tasks: list[str]) -> list[tuple[str, set[str], int]]:
    """All tasks, and each suite that has some of them: name, which, of how many."""
    here = {
        name: (set(members) & set(tasks), len(set(members))) for name, members in SUITES.items()
    }
    found = [("all", set(tasks), len(tasks))]
    return found + [(name, own, of) for name, (own, of) in here.items() if own]


def _views(
    records: "pd.DataFrame",
    cases: "pd.DataFrame",
    tasks: "pd.DataFrame",
    groups: list[tuple[str, set[str], int]],
    sizes: list[int],
    names: list[str],
) -> dict[str, Any]:
    """The ranking of each choice that the page offers: group, size and width of the cases.

    views: "group,size,width" -> place in rankings, with 0 for all and i + 1 for the i-th size or
    width. Choices of the same cases share a ranking; one without a case has none. of: how many
    samples (task, n, seed) there are, of which the ranking may have to leave out some.
    steady: "group,width" -> places of the rankings at each size, of the cases that were run at
    every size: only they show how an error falls with n.
    """
    wide = {task: _width(row) for task, row in tasks.iterrows()}
    keys = cases.drop_duplicates(["task", "n"])[["task", "n"]].itertuples(index=False, name=None)
    ids = {key: at for at, key in enumerate(keys)}
    of_record, of_row = _ids(records, ids), _ids(cases, ids)
    by_cases: dict[frozenset[int], int] = {}
    rankings: list[dict[str, Any]] = []

    def place_of(chosen: frozenset[int]) -> int:
        if chosen not in by_cases:
            by_cases[chosen] = len(rankings)
            own = records[np.isin(of_record, list(chosen))]
            ranks = summary.ranking(own, cases[np.isin(of_row, list(chosen))])
            of = len(own[["task", "n", "seed"]].drop_duplicates())
            rankings.append(_packed(ranks, {"estimator": names}) | {"of": of})
        return by_cases[chosen]

    at_every_size = {task for task, _ in ids if all((task, n) in ids for n in sizes)}
    views: dict[str, int] = {}
    steady: dict[str, list[int]] = {}
    for g, w in product(range(len(groups)), range(len(WIDTHS) + 1)):
        own = {t for t in groups[g][1] if not w or wide[t] == w - 1}
        for s in range(len(sizes) + 1):
            chosen = frozenset(
                at for (t, n), at in ids.items() if t in own and (not s or n == sizes[s - 1])
            )
            if chosen:
                views[f"{g},{s},{w}"] = place_of(chosen)
        if kept := own & at_every_size:
            steady[f"{g},{w}"] = [place_of(frozenset(ids[t, n] for t in kept)) for n in sizes]
    return {"views": views, "steady": steady, "rankings": rankings}


def _ids(table: "pd.DataFrame", ids: dict[tuple[str, int], int]) -> list[int]:
    return [ids[key] for key in zip(table["task"], table["n"], strict=True)]


def _packed(
    table: "pd.DataFrame", places: dict[str, list[Any]], columns: Iterable[str] | None = None
) -> dict[str, Any]:
    """A table as column names and rows; what has a place in a list is given by that."""
    keys = [name for name in places if name in table]
    rest = [c for c in (table.columns if columns is None else columns) if c not in keys]
    at = {name: {value: i for i, value in enumerate(places[name])} for name in keys}
    rows: list[list[Any]] = []
    if not table.empty:
        for row in table[[*keys, *rest]].itertuples(index=False, name=None):
            here = [at[name][value] for name, value in zip(keys, row, strict=False)]
            rows.append(here + [_plain(value) for value in row[len(keys) :]])
    return {"fields": [*keys, *rest], "rows": rows}


def _plain(value: object) -> object:
    """A value that JSON knows, numbers to 6 significant digits, None for what is none."""
    item = getattr(value, "item", None)  # a NumPy scalar
    value = item() if callable(item) else value
    if isinstance(value, float):
        short = float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
        return int(short) if short is not None and short.is_integer() else short
    return value


def _distinct(values: "pd.Series[Any]") -> list[Any]:
    return [_plain(value) for value in dict.fromkeys(values) if value != ""]


def _width(row: "pd.Series[Any]") -> int:
    larger = max(row["dim_x"], row["dim_y"])
    return next(at for at, (_, low, high) in enumerate(WIDTHS) if low <= larger <= high)


def _known() -> "dict[str, Task]":
    """The tasks of the catalogue; none where a package spoils it, since the numbers are here."""
    with suppress(InputError):
        return {task.name: task for task in find_tasks(None, "all")}
    return {}


def _source(task: "Task | None") -> dict[str, Any]:
    return {} if task is None else {"source": task.source, "current": task.version}


def _scope(shown: dict[str, Any]) -> str:
    """What was compared, in one sentence."""
    count = len(shown["estimators"])
    sizes = [f"{n:,}" for n in shown["sizes"]]
    seeds, cells, failed = len(shown["seeds"]), shown["counts"]["cells"], shown["counts"]["failed"]
    return (
        f"{_several(count, 'estimator')} of mutual information on "
        f"{_several(len(shown['tasks']), 'case')} whose truth is known, with {_listed(sizes)} "
        f"samples and {_several(seeds, 'seed')}: {_several(cells, 'cell')} "
        f"measured, {f'{failed:,}' if failed else 'none'} of them failed."
    )


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _harmless(text: str) -> str:
    """JSON without a character that could end the element that holds it."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
