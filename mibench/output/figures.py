"""Summaries as figures. The numbers come from `mibench.summary`."""

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .looks import looks
from .safe import plain_math

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST = 1e300  # of an axis
MOST_ROWS = 45  # cases, beyond which the rows of names would fill several screens
CLOSEST = {"x": 0.07, "y": 0.03}  # shares of an axis that two of its numbers may be apart
FILLS = ("full", "none", "left", "bottom")  # by sample size


def estimate_against_truth(cases: "pd.DataFrame", units: str) -> "Figure":
    """Left: mean estimate against true MI; right: error of each task. Bars are +- 1 sd over seeds.

    cases: as returned by `summary.by_case`, in the given units, for one or more sample sizes. The
    axes are linear near 0 and logarithmic beyond (asinh), so that both an error of ten bits and a
    bias of a tenth of a bit can be read. Many tasks are drawn as a heat map.
    """
    from matplotlib.figure import Figure

    order = cases.drop_duplicates(["task", "n"]).sort_values(f"mi_{units}", kind="stable")
    if len(order) > MOST_ROWS:
        from .many_tasks import errors_of_many_tasks

        return errors_of_many_tasks(cases, units)
    tasks = list(order[["task", "n"]].itertuples(index=False, name=None))
    estimators = list(dict.fromkeys(cases["estimator"]))
    look_of = looks(estimators)
    figure = Figure(figsize=(11, max(4.8, 2 + 0.26 * len(order))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))

    for index, name in enumerate(estimators):
        style: dict[str, Any] = {
            "color": look_of[name].colour,
            "marker": look_of[name].marker,
            "markersize": 4.5,
            "linestyle": "none",
            "elinewidth": 0.9,
            "alpha": 0.9,
        }
        rows = cases[cases["estimator"] == name].set_index(["task", "n"]).reindex(tasks)
        spread = rows[f"sd_{units}"].fillna(0)
        for position, n in enumerate(dict.fromkeys(cases["n"])):
            of_size = rows[rows.index.get_level_values("n") == n]
            left.errorbar(
                of_size[f"mi_{units}"],
                of_size[f"mean_{units}"],
                yerr=of_size[f"sd_{units}"].fillna(0),
                label=plain_math(name) if position == 0 else None,
                fillstyle=FILLS[position % len(FILLS)],
                **style,
            )
        # Shifted vertically, so that estimators with equal errors can all be seen.
        shift = (index - (len(estimators) - 1) / 2) * min(0.18, 0.7 / len(estimators))
        right.errorbar(rows[f"bias_{units}"], np.arange(len(order)) - shift, xerr=spread, **style)

    finish_truth(left, cases, units)
    _finish_errors(right, order, units)
    sizes = [f"{n:,}" for n in dict.fromkeys(cases["n"])]
    if len(sizes) > 1:
        words = cycle(("filled", "open", "left half", "lower half"))
        sizes = [f"{n} ({word})" for n, word in zip(sizes, words, strict=False)]
    seeds = int(cases["seeds"].max())
    what = f"mean ± sd over {seeds} seeds" if seeds > 1 else "one seed"
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="outside upper left",
        ncols=min(len(estimators) + 1, 6),
        frameon=False,
        fontsize=9,
        title=f"{what}, n = {', '.join(sizes)}",
        title_fontsize=9,
        alignment="left",
    )
    return figure


def finish_truth(axes: "Axes", cases: "pd.DataFrame", units: str) -> None:
    """Draw the diagonal, on which estimates should lie, and set limits that show all of them."""
    # An axis of values near the largest float would overflow.
    truths, means, spreads = (
        cases[f"{c}_{units}"].fillna(0).clip(-LARGEST, LARGEST) for c in ("mi", "mean", "sd")
    )
    top = 1.25 * max(0.5, float(truths.max()), float((means + spreads).max()))
    low = 1.25 * min(-0.1, float((means - spreads).min()))
    for which in "xy":  # the same scale on both axes keeps the diagonal straight
        _asinh(axes, which, top_of=max(top, -low, 1.15 * float(truths.max())))
    right = 1.15 * max(0.5, float(truths.max()))
    line = np.linspace(0, right, 200)
    axes.plot(line, line, color="0.3", linewidth=1, zorder=1, label="estimate = truth")
    axes.set_xlim(-0.08, right)
    axes.set_ylim(low, top)
    for which in "xy":
        _thin_out(axes, which)
    axes.set_xlabel(f"true mutual information ({units})")
    axes.set_ylabel(f"estimate ({units})")


def _finish_errors(axes: "Axes", order: "pd.DataFrame", units: str) -> None:
    """Draw the line of zero error, and the names of the tasks."""
    axes.axvline(0, color="0.3", linewidth=1, zorder=1)
    several_n = order["n"].nunique() > 1
    names = [
        plain_math(f"{row.task}  {row.dim_x}+{row.dim_y}" + (f"  n={row.n}" if several_n else ""))
        for row in order.itertuples()
    ]
    axes.set_yticks(range(len(order)), names, fontsize=7.5)
    axes.set_ylim(-0.7, len(order) - 0.3)
    low, high = axes.get_xlim()
    _asinh(axes, "x", top_of=max(-low, high), linear=0.25)
    axes.set_xlim(min(1.15 * low, -0.1), max(1.15 * high, 0.1))
    _thin_out(axes, "x")
    axes.set_xlabel(f"estimate \N{MINUS SIGN} truth ({units})")


def _asinh(axes: "Axes", which: str, *, top_of: float, linear: float = 1.0) -> None:
    """Make an axis linear up to about `linear` and logarithmic beyond, with plain ticks."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    if top_of < 2 * linear:  # nothing beyond the linear part
        return
    ticks = [t for t in (0.5, 1, 2, 5, 10, 20, 50, 100) if linear / 2 <= t <= 1.2 * top_of]
    {"x": axes.set_xscale, "y": axes.set_yscale}[which]("asinh", linear_width=linear)
    axis = {"x": axes.xaxis, "y": axes.yaxis}[which]
    axis.set_major_locator(FixedLocator([*(-t for t in ticks), 0, *ticks]))
    axis.set_minor_locator(NullLocator())
    axis.set_tick_params(labelsize=8.5)
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:g}".replace("-", "\N{MINUS SIGN}"))
    )


def _thin_out(axes: "Axes", which: str) -> None:
    """Leave out ticks whose numbers would touch those nearer to 0. After the limits are set."""
    from matplotlib.ticker import FixedLocator

    axis = {"x": axes.xaxis, "y": axes.yaxis}[which]
    if not isinstance(axis.get_major_locator(), FixedLocator):
        return
    place = axis.get_transform().transform
    low, high = place(np.array(axis.get_view_interval()))
    kept = [0.0]
    for side in (1, -1):
        last = 0.0
        for tick in sorted((t for t in axis.get_majorticklocs() if side * t > 0), key=abs):
            if np.ptp(place(np.array([tick, last]))) >= CLOSEST[which] * (high - low):
                last = tick
                kept.append(tick)
    axis.set_major_locator(FixedLocator(sorted(kept)))


def save(figure: "Figure", path: Path) -> None:
    """Write a figure in the format of the path's ending. Text stays text instead of outlines."""
    import matplotlib

    with matplotlib.rc_context({"pdf.fonttype": 42, "svg.fonttype": "none"}):
        figure.savefig(path, dpi=200)
