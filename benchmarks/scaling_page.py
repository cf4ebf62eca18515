"""Make the tables and figures of `docs/performance.md` from the measurements of `scaling.py`.

In the page, each table is between `<!-- scaling:begin NAME -->` and `<!-- scaling:end -->`. The
rest of the page is left unchanged.
"""

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import NullLocator
from peers import GROUPS
from scaling_labels import separate, settle
from scaling_limits import LIMITS

from mibench.output.figures import save
from mibench.output.looks import looks

Row = dict[str, Any]

OURS = ("uniform", "adaptive", "kde", "knn", "canonical")
PEER_STYLES = {"scikit-learn knn": ("0.25", "x"), "ennemi knn": ("0.5", "+"),
         "infomeasure knn": ("0.4", "1"), "scikit-learn kde": ("0.25", "2"),
         "infomeasure kde": ("0.5", "3")}  # fmt: skip
DIMS_ROWS = 10_000
MIN_BYTES_SHOWN = 4 * 2**20  # smaller peaks may come from memory that the process already had


def draw(output: Path, points: list[Row], ratios: list[Row], machine: list[Row]) -> None:
    """Write the figures to the folder, and the tables to the page of the same name."""
    machine_values = {row["what"]: row["value"] for row in machine}
    points = sorted(points, key=lambda r: (*_sort_key(r["estimator"]), r["dims"], r["n"]))
    measured = [r for r in points if not r["not_run"]]
    save(by_rows(measured), output / "rows.png")
    save(by_dims(measured), output / "dimensions.png")
    blocks = {
        "machine": machine_line(machine_values),
        "ratios": ratio_table(ratios) + large(measured),
        "limits": limit_table(measured, machine_values),
        "exponents": exponent_table(measured),
        "omitted": omitted(points, machine_values["limit_seconds"]),
    }
    page = output.with_suffix(".md")
    text = page.read_text() if page.exists() else ""
    for name, block in blocks.items():
        begin, end = f"<!-- scaling:begin {name} -->", "<!-- scaling:end -->"
        new = f"{begin}\n{block}\n{end}"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        text = pattern.sub(lambda _, new=new: new, text) if begin in text else f"{text}\n{new}\n"
    page.write_text(text)


def _sort_key(name: str) -> tuple[int, str]:
    return (OURS.index(name), name) if name in OURS else (len(OURS), name)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-6)} µs"


def _three_digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{digits}f}"


def machine_line(machine: dict[str, Any]) -> str:
    """A description of the machine that was measured."""
    rates = (
        f"read {machine['bytes'] / 1e9:.3g} GB, do {machine['multiply_adds'] / 1e9:.3g} · 10⁹ "
        f"multiply-adds or {machine['comparisons'] / 1e9:.3g} · 10⁹ comparisons "
        "(subtract, abs, max) per second"
    )
    return (
        f"{machine['machine']}; {machine['threads']:g} threads. {machine['versions']}.\n"
        f"Pure loops in float64 on all threads {rates}, and sort two columns of 10⁷ values in "
        f"{_time(machine['sorts_10000000'])}.\n"
        f"The load average was {machine['load']:.1f} at the start; below 0.5 a machine is quiet."
    )


def ratio_table(ratios: list[Row]) -> str:
    """The table of each piece of work, by mibench and by each peer."""
    rows = []
    for name, group in GROUPS.items():
        times = {r["who"]: r for r in ratios if r["work"] == name}
        if not times:
            continue
        mibench = times.pop("mibench")
        required = f"{group.target:.2g}" if mibench["n"] == group.n else "n/a (short form)"
        for peer, row in times.items():
            rows.append([
                name.split(",")[0], f"{mibench['n']:,}", _time(mibench["seconds"]), peer,
                _time(row["seconds"]), _three_digits(row["seconds"] / mibench["seconds"]),
                required,
            ])  # fmt: skip
    return _table(("work", "rows", "mibench", "peer", "time of peer", "speed-up", "required"), rows)


def large(points: list[Row]) -> str:
    """A sentence on the time and memory of `knn` for ten million pairs of scalars."""
    for row in points:
        if (row["estimator"], row["n"], row["dims"]) == ("knn", 10**7, 1):
            return (
                f"\n\n`knn` of ten million pairs of scalars takes {_time(row['seconds'])}, and "
                f"{row['bytes'] / 1e9:.2g} GB in addition to the data."
            )
    return ""


def limit_table(points: list[Row], machine: dict[str, Any]) -> str:
    """The table of how far each core is from the minimal work of its method."""
    rows = []
    for limit in LIMITS:
        key = (limit.estimator, limit.dims, limit.n)
        rows_of_limit = [r for r in points if (r["estimator"], r["dims"], r["n"]) == key]
        if rows_of_limit:
            minimum, measured = limit.seconds(machine), rows_of_limit[0]["seconds"]
            rows.append([
                f"{limit.estimator} {limit.dims}+{limit.dims}", f"{limit.n:,}", limit.needs,
                limit.by, _time(minimum), _time(measured), _three_digits(measured / minimum),
            ])  # fmt: skip
    head = ("core", "rows", "minimal work", "bound by", "limit", "measured", "measured / limit")
    return _table(head, rows)


def _series(points: list[Row], name: str, along: str, what: str, **fixed: int) -> np.ndarray:
    """Rows or dimensions in ascending order, and the measured quantity: (points, 2)."""
    rows = [
        r for r in points if r["estimator"] == name and all(r[k] == v for k, v in fixed.items())
    ]
    smallest = MIN_BYTES_SHOWN if what == "bytes" else 0
    pairs = [(r[along], r[what]) for r in rows if r[what] > smallest]
    return np.array(sorted(pairs), float).reshape(-1, 2)


def exponent(series: np.ndarray) -> str:
    """The slope of the upper half of a log-log line, its standard error, the number of points."""
    if len(series) < 2:
        return ""
    x, y = np.log(series.T)
    upper = x >= (x[0] + x[-1]) / 2 - 1e-9
    if upper.sum() < 2:
        upper[-2:] = True
    x, y = x[upper] - x[upper].mean(), y[upper] - y[upper].mean()
    slope = (x @ y) / (x @ x)
    if len(x) == 2:
        return f"{slope:.2f} (2)"
    error = math.sqrt(((y - slope * x) ** 2).sum() / (len(x) - 2) / (x @ x))
    return f"{slope:.2f} ± {error:.2f} ({len(x)})"


def exponent_table(points: list[Row]) -> str:
    """The table of fitted exponents of time and memory."""
    rows = []
    for name in dict.fromkeys(r["estimator"] for r in points):
        row = [name]
        for what in ("seconds", "bytes"):
            row += [exponent(_series(points, name, "n", what, dims=dims)) for dims in (1, 5)]
        row.append(exponent(_series(points, name, "dims", "seconds", n=DIMS_ROWS)))
        rows.append(row)
    head = ("estimator", "time in n, 1+1", "time in n, 5+5", "memory in n, 1+1",
            "memory in n, 5+5", f"time in dimensions, n = {DIMS_ROWS:,}")  # fmt: skip
    return _table(head, rows)


def omitted(points: list[Row], limit: float) -> str:
    """The table of what was not run, and why."""
    not_run = [r for r in points if r["not_run"]]
    if not not_run:
        return "All points were measured."
    why = (
        f"A line ends where its next point would take more than {limit:g} s, or half of the free "
        "memory,\naccording to the slope between its last two points:\n\n"
    )
    rows = [
        [r["estimator"], f"{r['dims']}+{r['dims']}", f"{r['n']:,}", r["not_run"]] for r in not_run
    ]
    return why + _table(("estimator", "dimensions", "rows not run", "would take"), rows)


def _style(name: str) -> dict[str, Any]:
    if name in OURS:
        colour, marker = looks(OURS)[name]
        return {"color": colour, "marker": marker, "linewidth": 1.6,
                "markersize": 4.5, "zorder": 3}  # fmt: skip
    grey, marker = PEER_STYLES.get(name, ("0.4", "."))
    return {"color": grey, "marker": marker, "linestyle": (0, (4, 2)), "linewidth": 1.1,
            "markersize": 5.5, "zorder": 2}  # fmt: skip


def _lines(axes: Axes, points: list[Row], along: str, what: str, **fixed: int) -> list[Annotation]:
    """Draw one line per estimator, with its name at the end."""
    labels = []
    for name in dict.fromkeys(r["estimator"] for r in points):
        series = _series(points, name, along, what, **fixed)
        if len(series) < 2:
            continue
        values = series[:, 1] / (2**20 if what == "bytes" else 1)
        axes.loglog(series[:, 0], values, **_style(name))
        label = axes.annotate(
            name, (series[-1, 0], values[-1]), (7, 0), textcoords="offset points",
            va="center", fontsize=8, color=_style(name)["color"], zorder=4,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip
        label.set_in_layout(False)  # otherwise the layout of the panels would change with it
        labels.append(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    return labels


def by_rows(points: list[Row]) -> Figure:
    """Time and memory against rows, for one and for five dimensions per side."""
    figure = Figure(figsize=(11, 8.4), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey="col")
    largest = max(r["n"] for r in points)
    labels_of_axes = []
    for row, dims in zip(panels, (1, 5), strict=True):
        for axes, what in zip(row, ("seconds", "bytes"), strict=True):
            labels_of_axes.append((axes, _lines(axes, points, "n", what, dims=dims)))
            unit = "time (s)" if what == "seconds" else "memory above the data (MiB)"
            axes.set_ylabel(f"{unit}, {dims}+{dims} dimensions")
            axes.set_xlim(700, 30 * largest)  # space for the names
            axes.set_xticks([10.0**e for e in range(3, 8) if 10**e <= largest])
            axes.xaxis.set_minor_locator(NullLocator())
    for axes in panels[0]:
        axes.set_ylim(top=5 * axes.get_ylim()[1])  # space for the names
    for axes in panels[1]:
        axes.set_xlabel("rows n")
    settle(figure)
    for axes, labels in labels_of_axes:
        separate(figure, axes, labels)
    return figure


def by_dims(points: list[Row]) -> Figure:
    """Time against dimensions."""
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.subplots()
    labels = _lines(axes, points, "dims", "seconds", n=DIMS_ROWS)
    dims = sorted({r["dims"] for r in points})
    axes.set_xlim(0.9, 4 * dims[-1])
    axes.set_xticks(dims, [f"{d}+{d}" for d in dims])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("dimensions")
    axes.set_ylabel(f"time (s), n = {DIMS_ROWS:,}")
    settle(figure)
    separate(figure, axes, labels)
    return figure
