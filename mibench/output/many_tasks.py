"""Errors on many tasks in one figure: a panel for each estimator, and a heat map of all tasks."""

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .looks import looks
from .safe import plain_math

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

ROWS_OF_BLOCK = 70  # tasks in one column of the heat map
ROW, CELL = 0.135, 0.27  # inches
PANELS_OF_ROW = 5
SMALL = 6.5  # points
LINEAR = 0.1  # colours change linearly up to this error, and with its logarithm beyond


def errors_of_many_tasks(cases: "pd.DataFrame", units: str) -> "Figure":
    """Above: mean estimate against true MI, by estimator. Below: the mean error on each task.

    cases: as returned by `summary.by_case`, in the given units.
    """
    from matplotlib.figure import Figure

    order = cases.drop_duplicates("task").sort_values(f"mi_{units}", kind="stable")
    estimators = list(dict.fromkeys(cases["estimator"]))
    sizes = sorted(cases["n"].unique())
    blocks = math.ceil(len(order) / ROWS_OF_BLOCK)
    length = math.ceil(len(order) / blocks)
    longest = max(len(_task(row)) for row in order.itertuples())
    cells = CELL * len(estimators) * len(sizes)
    width = max(11.0, blocks * (cells + 0.3 + 0.052 * min(longest, 60)))
    panel_rows = math.ceil(len(estimators) / PANELS_OF_ROW)
    above, below = 2.7 * panel_rows + 0.3, ROW * length + 0.06 * max(map(len, estimators)) + 1.1
    figure = Figure(figsize=(width, above + below), layout="constrained")
    upper, lower = cast(Any, figure.subfigures(2, 1, height_ratios=(above, below)))
    _draw_panels(upper, cases, estimators, panel_rows, units)
    _draw_blocks(lower, cases, order, (estimators, sizes, blocks, length), units)
    return figure


def _task(row: Any) -> str:
    return f"{row.task}  {row.dim_x}+{row.dim_y}"


def _draw_panels(
    figure: "SubFigure", cases: "pd.DataFrame", names: list[str], rows: int, units: str
) -> None:
    """Estimate against truth, one panel for each estimator, all on one scale."""
    from .figures import finish_truth

    columns = math.ceil(len(names) / rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        of_name = cases[cases["estimator"] == name]
        sizes = sorted(of_name["n"].unique())
        for place, n in enumerate(sizes):  # larger samples have larger and darker marks
            share = (place + 1) / len(sizes)
            part = of_name[of_name["n"] == n]
            axes.plot(
                part[f"mi_{units}"], part[f"mean_{units}"], linestyle="none",
                color=looks(names)[name].colour, marker=looks(names)[name].marker,
                markersize=2 + 2 * share, alpha=0.35 + 0.4 * share, markeredgewidth=0,
            )  # fmt: skip
        finish_truth(axes, cases, units)
        axes.set_title(plain_math(name), fontsize=8.5, loc="left")
        axes.tick_params(labelsize=SMALL)
        axes.set(xlabel="", ylabel="")
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    figure.supxlabel(f"true mutual information ({units})", fontsize=8.5)
    figure.supylabel(f"estimate ({units})", fontsize=8.5)


def _draw_blocks(
    figure: "SubFigure",
    cases: "pd.DataFrame",
    order: "pd.DataFrame",
    layout: tuple[list[str], list[int], int, int],
    units: str,
) -> None:
    """The mean error on each task as a colour: tasks downwards, estimators and n to the right."""
    from matplotlib.colors import AsinhNorm

    estimators, sizes, blocks, length = layout
    errors = cases.pivot_table(f"bias_{units}", "task", ["estimator", "n"], dropna=False)
    columns = [(name, n) for name in estimators for n in sizes]
    values = errors.reindex(index=order["task"], columns=columns).to_numpy(dtype=float)
    finite = np.abs(values[np.isfinite(values)])
    top = max(0.5, float(finite.max(initial=0.0)))
    axes_of_blocks = figure.subplots(1, blocks, squeeze=False)[0]
    for block, axes in enumerate(axes_of_blocks):
        part = slice(block * length, (block + 1) * length)
        image = axes.pcolormesh(
            np.ma.masked_invalid(values[part]), cmap="RdBu_r",
            norm=AsinhNorm(LINEAR, -top, top), edgecolors="white", linewidth=0.3,
        )  # fmt: skip
        axes.set_facecolor("0.85")
        rows = [plain_math(_shortened(_task(row))) for row in order[part].itertuples()]
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=SMALL)
        axes.set_ylim(length, 0)  # blocks of the same height have rows of the same height
        axes.axhspan(len(rows), length, color="white")
        _name_columns(axes, estimators, sizes)
    bar = figure.colorbar(image, ax=list(axes_of_blocks), location="bottom", aspect=60, pad=0.01)
    ticks = [t for t in (0.1, 0.5, 1, 2, 5, 10, 20, 50) if t <= top]
    ticks = [*(-t for t in reversed(ticks)), 0, *ticks]
    bar.set_ticks(ticks, labels=[f"{t:g}".replace("-", "\N{MINUS SIGN}") for t in ticks])
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=SMALL)
    bar.set_label(
        f"estimate \N{MINUS SIGN} truth ({units}): blue too low, red too high, grey no estimate",
        fontsize=8.5,
    )
    bar.outline.set_visible(False)


def _name_columns(axes: "Axes", estimators: list[str], sizes: list[int]) -> None:
    """Names of the estimators above, each over its sample sizes if there are several."""
    k = len(sizes)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(False)
    if k == 1:
        names = list(map(plain_math, estimators))
        axes.set_xticks(np.arange(len(names)) + 0.5, names, rotation=90, fontsize=SMALL + 0.5)
        return
    places = np.arange(len(estimators) * k) + 0.5
    axes.set_xticks(places, [f"{n:,}" for n in sizes] * len(estimators), rotation=90, fontsize=5.5)
    upper = axes.secondary_xaxis("top")
    upper.set_xticks((np.arange(len(estimators)) + 0.5) * k, list(map(plain_math, estimators)))
    fits = max(map(len, estimators)) * 0.055 < CELL * k
    upper.tick_params(
        length=0, pad=7 + 4 * max(len(f"{n:,}") for n in sizes), labelsize=SMALL + 0.5,
        rotation=0 if fits else 90,
    )  # fmt: skip
    upper.spines[:].set_visible(False)
    for edge in range(k, len(estimators) * k, k):
        axes.axvline(edge, color="white", linewidth=2)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}\N{HORIZONTAL ELLIPSIS}"
