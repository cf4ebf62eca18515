"""The tables and figures of `docs/performance.md`, from the numbers of `scaling.py`.

Tables stand in the page between `<!-- scaling:begin NAME -->` and `<!-- scaling:end -->`, and
nothing else of it is written.
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
from scaling_labels import part, settle
from scaling_limits import LIMITS

from mibench.output.figures import COLOURS, MARKERS, save

Row = dict[str, Any]

OURS = ("uniform", "adaptive", "kde", "knn", "canonical")
GREYS = {"scikit-learn knn": ("0.25", "x"), "ennemi knn": ("0.5", "+"),
         "infomeasure knn": ("0.4", "1"), "scikit-learn kde": ("0.25", "2"),
         "infomeasure kde": ("0.5", "3")}  # fmt: skip
DIMS_ROWS = 10_000
SEEN_BYTES = 4 * 2**20  # less is of pages that the process already had, and not shown


def draw(output: Path, cells: list[Row], ratios: list[Row], machine: list[Row]) -> None:
    """Write the figures into a folder, and the tables into the page that has its name."""
    known = {row["what"]: row["value"] for row in machine}
    cells = sorted(cells, key=lambda r: (*_place(r["estimator"]), r["dims"], r["n"]))
    measured = [r for r in cells if not r["not_run"]]
    save(by_rows(measured), output / "rows.png")
    save(by_dims(measured), output / "dimensions.png")
    blocks = {
        "machine": machine_line(known),
        "ratios": ratio_table(ratios) + large(measured),
        "limits": limit_table(measured, known),
        "exponents": exponent_table(measured),
        "omitted": omitted(cells, known["limit_seconds"]),
    }
    page = output.with_suffix(".md")
    text = page.read_text() if page.exists() else ""
    for name, block in blocks.items():
        begin, end = f"<!-- scaling:begin {name} -->", "<!-- scaling:end -->"
        new = f"{begin}\n{block}\n{end}"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        text = pattern.sub(lambda _, new=new: new, text) if begin in text else f"{text}\n{new}\n"
    page.write_text(text)


def _place(name: str) -> tuple[int, str]:
    return (OURS.index(name), name) if name in OURS else (len(OURS), name)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_three(seconds / size)} {unit}"
    return f"{_three(seconds / 1e-6)} µs"


def _three(value: float) -> str:
    """Three significant digits, without an exponent."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{digits}f}"


def machine_line(machine: dict[str, Any]) -> str:
    """What the numbers were measured on."""
    rates = (
        f"reads {machine['bytes'] / 1e9:.3g} GB, does {machine['multiply_adds'] / 1e9:.3g} · 10⁹ "
        f"multiply-adds or {machine['comparisons'] / 1e9:.3g} · 10⁹ comparisons "
        "(subtract, abs, max) a second"
    )
    return (
        f"{machine['machine']}; {machine['threads']:g} threads. {machine['versions']}.\n"
        f"In loops of nothing else, in float64 and on all threads, it {rates}, and sorts two "
        f"columns of 10⁷ in {_time(machine['sorts_10000000'])}.\n"
        f"Its load average was {machine['load']:.1f} when the measuring began; quiet is below 0.5."
    )


def ratio_table(ratios: list[Row]) -> str:
    """Each piece of work by mibench and by each peer."""
    rows = []
    for name, group in GROUPS.items():
        own = {r["who"]: r for r in ratios if r["work"] == name}
        if not own:
            continue
        mine = own.pop("mibench")
        least = f"{group.target:.2g}" if mine["n"] == group.n else "n/a (short form)"
        for who, row in own.items():
            rows.append([
                name.split(",")[0], f"{mine['n']:,}", _time(mine["seconds"]), who,
                _time(row["seconds"]), f"{_three(row['seconds'] / mine['seconds'])}", least,
            ])  # fmt: skip
    return _table(("work", "rows", "mibench", "peer", "its time", "times as fast", "wanted"), rows)


def large(cells: list[Row]) -> str:
    """What ten million pairs of scalars cost `knn`."""
    for row in cells:
        if (row["estimator"], row["n"], row["dims"]) == ("knn", 10**7, 1):
            return (
                f"\n\n`knn` of ten million pairs of scalars takes {_time(row['seconds'])}, and "
                f"{row['bytes'] / 1e9:.2g} GB beside the data."
            )
    return ""


def limit_table(cells: list[Row], machine: dict[str, Any]) -> str:
    """How far each core is from what it needs at least."""
    rows = []
    for limit in LIMITS:
        key = (limit.estimator, limit.dims, limit.n)
        found = [r for r in cells if (r["estimator"], r["dims"], r["n"]) == key]
        if found:
            least, took = limit.seconds(machine), found[0]["seconds"]
            rows.append([
                f"{limit.estimator} {limit.dims}+{limit.dims}", f"{limit.n:,}", limit.needs,
                limit.by, _time(least), _time(took), _three(took / least),
            ])  # fmt: skip
    head = ("core", "rows", "needs at least", "bound by", "limit", "measured", "measured / limit")
    return _table(head, rows)


def _series(cells: list[Row], name: str, along: str, what: str, **fixed: int) -> np.ndarray:
    """(points, 2): what against rows or dimensions, in ascending order."""
    own = [r for r in cells if r["estimator"] == name and all(r[k] == v for k, v in fixed.items())]
    least = SEEN_BYTES if what == "bytes" else 0
    points = [(r[along], r[what]) for r in own if r[what] > least]
    return np.array(sorted(points), float).reshape(-1, 2)


def exponent(points: np.ndarray) -> str:
    """Slope of the upper half of a log-log line by least squares, its standard error, points."""
    if len(points) < 2:
        return ""
    x, y = np.log(points.T)
    upper = x >= (x[0] + x[-1]) / 2 - 1e-9
    if upper.sum() < 2:
        upper[-2:] = True
    x, y = x[upper] - x[upper].mean(), y[upper] - y[upper].mean()
    slope = (x @ y) / (x @ x)
    if len(x) == 2:
        return f"{slope:.2f} (2)"
    error = math.sqrt(((y - slope * x) ** 2).sum() / (len(x) - 2) / (x @ x))
    return f"{slope:.2f} ± {error:.2f} ({len(x)})"


def exponent_table(cells: list[Row]) -> str:
    """Fitted exponents of time and memory."""
    rows = []
    for name in dict.fromkeys(r["estimator"] for r in cells):
        row = [name]
        for what in ("seconds", "bytes"):
            row += [exponent(_series(cells, name, "n", what, dims=dims)) for dims in (1, 5)]
        row.append(exponent(_series(cells, name, "dims", "seconds", n=DIMS_ROWS)))
        rows.append(row)
    head = ("estimator", "time in n, 1+1", "time in n, 5+5", "memory in n, 1+1",
            "memory in n, 5+5", f"time in dimensions, n = {DIMS_ROWS:,}")  # fmt: skip
    return _table(head, rows)


def omitted(cells: list[Row], limit: float) -> str:
    """What was not run, and why."""
    left = [r for r in cells if r["not_run"]]
    if not left:
        return "Every cell was run."
    why = (
        f"A line ends where its next point would take more than {limit:g} s, or half of the free "
        "memory,\nif it went on as from the last point but one to the last:\n\n"
    )
    rows = [[r["estimator"], f"{r['dims']}+{r['dims']}", f"{r['n']:,}", r["not_run"]] for r in left]
    return why + _table(("estimator", "dimensions", "first rows not run", "would take"), rows)


def _style(name: str) -> dict[str, Any]:
    if name in OURS:
        place = OURS.index(name)
        return {"color": COLOURS[place], "marker": MARKERS[place], "linewidth": 1.6,
                "markersize": 4.5, "zorder": 3}  # fmt: skip
    grey, marker = GREYS.get(name, ("0.4", "."))
    return {"color": grey, "marker": marker, "linestyle": (0, (4, 2)), "linewidth": 1.1,
            "markersize": 5.5, "zorder": 2}  # fmt: skip


def _lines(axes: Axes, cells: list[Row], along: str, what: str, **fixed: int) -> list[Annotation]:
    """A line an estimator, with its name at its end."""
    labels = []
    for name in dict.fromkeys(r["estimator"] for r in cells):
        points = _series(cells, name, along, what, **fixed)
        if len(points) < 2:
            continue
        values = points[:, 1] / (2**20 if what == "bytes" else 1)
        axes.loglog(points[:, 0], values, **_style(name))
        label = axes.annotate(
            name, (points[-1, 0], values[-1]), (7, 0), textcoords="offset points",
            va="center", fontsize=8, color=_style(name)["color"], zorder=4,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip
        label.set_in_layout(False)  # or the panels would move with it
        labels.append(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    return labels


def by_rows(cells: list[Row]) -> Figure:
    """Time and memory against rows, for scalars and for five dimensions a side."""
    figure = Figure(figsize=(11, 8.4), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey="col")
    largest = max(r["n"] for r in cells)
    everything = []
    for row, dims in zip(panels, (1, 5), strict=True):
        for axes, what in zip(row, ("seconds", "bytes"), strict=True):
            everything.append((axes, _lines(axes, cells, "n", what, dims=dims)))
            unit = "time (s)" if what == "seconds" else "memory above the data (MiB)"
            axes.set_ylabel(f"{unit}, {dims}+{dims} dimensions")
            axes.set_xlim(700, 30 * largest)  # room for the names
            axes.set_xticks([10.0**e for e in range(3, 8) if 10**e <= largest])
            axes.xaxis.set_minor_locator(NullLocator())
    for axes in panels[0]:
        axes.set_ylim(top=5 * axes.get_ylim()[1])  # and here
    for axes in panels[1]:
        axes.set_xlabel("rows n")
    settle(figure)
    for axes, labels in everything:
        part(figure, axes, labels)
    return figure


def by_dims(cells: list[Row]) -> Figure:
    """Time against dimensions."""
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.subplots()
    labels = _lines(axes, cells, "dims", "seconds", n=DIMS_ROWS)
    dims = sorted({r["dims"] for r in cells})
    axes.set_xlim(0.9, 4 * dims[-1])
    axes.set_xticks(dims, [f"{d}+{d}" for d in dims])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("dimensions")
    axes.set_ylabel(f"time (s), n = {DIMS_ROWS:,}")
    settle(figure)
    part(figure, axes, labels)
    return figure
