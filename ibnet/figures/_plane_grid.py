"""Draws information planes in a grid, all on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mibench.errors import InputError

from . import _numbers, _style
from ._drawing import Drawing
from ._limit import Limit, limit_of

Spread = Literal["band", "runs", "none"]

MOST_OF_H_X = 1.25  # of H(X): estimates beyond it have a scale of their own
AT_CEILING = "at ceiling: I(X;T) is mostly about the largest value that the estimator can return"
SINGLE_RUN_POINTS = 50  # epochs of the line of a single run
X, Y = ("i_xt_mean_bits", "i_ty_mean_bits")


@dataclass(frozen=True)
class Panel:
    """One plane: its title, the columns that identify it in the table, and the rows of its runs."""

    title: str
    labels: dict[str, str | int]
    rows: pd.DataFrame  # as from `_numbers.information_rows`
    h_x: float  # bits; NaN if unknown
    limit: Limit
    names: Mapping[int, str]  # of layers, by number; empty if they have none
    at_ceiling: Sequence[int]  # layers

    @classmethod
    def from_trajectories(
        cls, trajectories: xr.Dataset, estimator: str, heading: str = "", **labels: str | int
    ) -> "Panel":
        """The plane of an estimator; the title is the heading, its name and its number of runs."""
        rows = _numbers.information_rows(trajectories, estimator)
        title = f"{estimator} ({runs_text(_numbers.count_runs(rows))})"
        h_x = float(trajectories.attrs.get("h_x_bits", np.nan))
        title = f"{heading}\n{title}" if heading else title
        names = _numbers.layer_names(trajectories)
        ceiling = _numbers.layers_at_ceiling(trajectories, estimator)
        return cls(
            title,
            labels | {"estimator": estimator},
            rows,
            h_x,
            limit_of(trajectories),
            names,
            ceiling,
        )

    def means(self) -> pd.DataFrame:
        """Mean, sd and quantiles over runs by layer and epoch; the first columns are the labels."""
        values = list(_numbers.INFORMATION.values())
        table = _numbers.summarise_runs(self.rows, ["layer", "epoch"], values)
        for place, (name, value) in enumerate(self.labels.items()):
            table.insert(place, name, value)
        return table


def runs_text(runs: int) -> str:
    return f"{runs} run" + ("s" if runs != 1 else "")


def _spread_text(spread: str, runs: Sequence[int]) -> str:
    """What lines and bars show, for the caption. Raises InputError for an unknown spread."""
    span = _style.span_text(runs, _numbers.FEW_RUNS)
    texts = {
        "band": _style.MEAN + (f", bars {span}" if span else ""),
        "runs": f"{_style.MEAN}, thin lines are single runs",
        "none": _style.MEAN,
    }
    if spread not in texts:
        raise InputError(f"spread={spread!r} is unknown: give {', '.join(texts)}")
    return texts[spread]


def wrap_panels(panels: Sequence[Panel]) -> list[Sequence[Panel]]:
    """Panels side by side, in several rows if there are many."""
    _, columns = _style.grid_shape(len(panels))
    return [panels[first : first + columns] for first in range(0, len(panels), columns)]


def draw_planes(grid: Sequence[Sequence[Panel]], spread: Spread | None, *captions: str) -> Drawing:
    """Draw each panel as a plane: I(X;T) to the right, I(T;Y) upwards, a path for each layer.

    All have one scale, apart from panels far beyond H(X) among others that are not.
    spread: as in `planes.plot_plane`; None: single runs, without a spread.

    The table holds, for each panel, layer and drawn epoch, the number of runs, and the mean, the
    standard deviation and the 10 % and 90 % quantiles over runs of I(X;T) and I(T;Y). With spread
    "runs" it also holds the values of each run, in rows whose column `run` is filled.
    """
    shape = len(grid), max(map(len, grid))
    if spread is not None:
        runs = [_numbers.count_runs(panel.rows) for row in grid for panel in row]
        captions += (_spread_text(spread, runs),)
    figure = Figure(figsize=_style.grid_size(shape, height=2.4), layout="constrained")
    axes_grid = figure.subplots(*shape, sharey=True, squeeze=False)
    last = max(int(panel.rows["epoch"].max()) for row in grid for panel in row)
    tables_of_panels: list[list[pd.DataFrame]] = []
    all_axes = []
    for axes_row, row in zip(axes_grid, grid, strict=True):
        for axes, panel in zip(axes_row, row, strict=False):
            means = panel.means()
            tables_of_panels.append([means])
            if spread == "runs":
                tables_of_panels[-1].append(_single_run_rows(panel))
                _faint_runs(axes, tables_of_panels[-1][-1])
            _paths(axes, means, last, bars=spread == "band")
            panel.limit.mark(axes)
            panel.limit.mark_curve(axes)
            _style.mark_ceiling(axes, panel.at_ceiling)
            _style.style_axes(axes, panel.title)
            all_axes.append(axes)
    table = pd.concat([t for of_panel in tables_of_panels for t in of_panel], ignore_index=True)
    panels = [panel for row in grid for panel in row]
    own_scales = _own_scales(panels, tables_of_panels)
    for axes, panel_tables, is_own in zip(all_axes, tables_of_panels, own_scales, strict=True):
        common = [
            t
            for of_panel, o in zip(tables_of_panels, own_scales, strict=True)
            if not o
            for t in of_panel
        ]
        _limits(axes, "i_xt", pd.concat(panel_tables if is_own else common), [])
    _limits(all_axes[0], "i_ty", table, [panel.limit.bits for panel in panels])
    captions += _mark_h_x(all_axes, table, panels[0])
    captions += ("a panel beyond it has its own scale",) if any(own_scales) else ()
    captions += (AT_CEILING,) if any(panel.at_ceiling for panel in panels) else ()
    used = [len(row) for row in grid]
    _style.label_grid(axes_grid, used, _style.I_XT, _style.I_TY)
    _hide_repeated_ticks(axes_grid, used, own_scales)
    _style.epoch_colour_bar(figure, all_axes, last)
    names = {number: name for panel in panels for number, name in panel.names.items()}
    layers = sorted(table["layer"].unique())
    _legend(figure, layers, names, zero=bool((table["epoch"] == 0).any()))
    _style.caption(figure, *captions)
    return Drawing(figure, table)


def _mark_h_x(all_axes: Sequence[Axes], table: pd.DataFrame, panel: Panel) -> tuple[str, ...]:
    """Draw a line at H(X) if a path exceeds it, which no true I(X;T) does; return its caption.

    The line ends at the limit of I(T;Y), because the name of that limit is above.
    """
    if not table[X].max() > 1.02 * panel.h_x:
        return ()
    bottom, top = all_axes[0].get_ylim()
    highest = panel.limit.bits
    end = (highest - bottom) / (top - bottom) if np.isfinite(highest) else 1.0
    look: dict[str, Any] = {"color": "0.35", "linewidth": 0.9, "linestyle": ":", "zorder": 1.5}
    for axes in all_axes:
        axes.axvline(panel.h_x, ymax=end, **look)
    return (f"dotted: H(X) = {panel.h_x:.3g} bit, which no true I(X;T) exceeds",)


def _paths(axes: Axes, means: pd.DataFrame, last: int, *, bars: bool) -> None:
    """Draw the mean of each layer: a path in its colour, and points in the colour of the epoch."""
    epochs: dict[str, Any] = {"cmap": _style.EPOCH_COLOURS, "norm": _style.epoch_norm(last)}
    for layer, path in _numbers.by_layer(means):
        colour = _style.layer_colour(layer)
        size = max(20, 58 - 14 * layer)  # so that layers at the same position are all visible
        mark: dict[str, Any] = {"marker": _style.layer_marker(layer), "s": size}
        mark |= {"edgecolors": colour, "linewidths": 1.0}
        first, later = path[path["epoch"] == 0], path[path["epoch"] > 0]
        stops = later[later["epoch"].isin(_style.milestones(later["epoch"].to_numpy()))]
        axes.plot(path[X], path[Y], color=colour, linewidth=3.6, alpha=0.4, zorder=2)
        if bars:
            _quantile_bars(axes, stops, colour)
        axes.scatter(later[X], later[Y], s=3.5, c=later["epoch"], linewidths=0, zorder=4, **epochs)
        axes.scatter(stops[X], stops[Y], c=stops["epoch"], zorder=5, **epochs, **mark)
        axes.scatter(first[X], first[Y], facecolors="white", zorder=6, **mark)


def _quantile_bars(axes: Axes, stops: pd.DataFrame, colour: str) -> None:
    """Draw bars from the 10 % to the 90 % quantile over runs, in both directions."""
    low, high = ([f"{value}_{q}_bits" for value in ("i_xt", "i_ty")] for q in _numbers.QUANTILES)
    look: dict[str, Any] = {"color": colour, "linewidth": 0.7, "alpha": 0.6, "zorder": 3}
    axes.hlines(stops[Y], stops[low[0]], stops[high[0]], **look)
    axes.vlines(stops[X], stops[low[1]], stops[high[1]], **look)


def _faint_runs(axes: Axes, rows: pd.DataFrame) -> None:
    look: dict[str, Any] = {"linewidth": 0.4, "alpha": 0.2, "zorder": 1, "rasterized": True}
    for layer, of_layer in _numbers.by_layer(rows):
        for _, path in of_layer.groupby("run"):
            axes.plot(path[X], path[Y], color=_style.layer_colour(layer), **look)


def _single_run_rows(panel: Panel) -> pd.DataFrame:
    """The values of each run at fewer epochs, in the columns of the means."""
    epochs = np.unique(panel.rows["epoch"].to_numpy())
    few = panel.rows["epoch"].isin(_numbers.thin_epochs(epochs, SINGLE_RUN_POINTS))
    rows = panel.rows[few].rename(columns={"i_xt_bits": X, "i_ty_bits": Y}).assign(runs=1)
    for place, (name, value) in enumerate(panel.labels.items()):
        rows.insert(place, name, value)
    return rows


def _own_scales(panels: Sequence[Panel], tables: Sequence[Sequence[pd.DataFrame]]) -> list[bool]:
    """Which panels exceed H(X) by so much that they would squeeze those that do not."""
    values = [np.concatenate([_values(t, "i_xt") for t in panel_tables]) for panel_tables in tables]
    tops = [float(np.nanmax(of_panel)) for of_panel in values]
    beyond = [top > MOST_OF_H_X * panel.h_x for top, panel in zip(tops, panels, strict=True)]
    others = [top for top, is_beyond in zip(tops, beyond, strict=True) if not is_beyond]
    return [is_beyond and bool(others) for is_beyond in beyond]


def _limits(axes: Axes, value: str, table: pd.DataFrame, marks: Sequence[float]) -> None:
    """Set limits so that 0, every number drawn, and the limit with its name are inside."""
    numbers = np.concatenate([[0.0], _values(table, value), marks])
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    low, high = low - 0.03 * (high - low), high + (0.04 if value == "i_xt" else 0.1) * (high - low)
    locator = MaxNLocator(7, steps=[1, 2, 4, 10])
    if value == "i_xt":
        axes.set_xlim(low, high)
        axes.xaxis.set_major_locator(locator)
    else:
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(locator)


def _values(table: pd.DataFrame, value: str) -> NDArray[np.float64]:
    return table.filter(regex=f"^{value}_").to_numpy(dtype=float).ravel()


def _hide_repeated_ticks(axes_grid: Any, used: Sequence[int], own_scales: Sequence[bool]) -> None:
    """Leave numbers at the horizontal axis where no panel of the same scale stands below."""
    places = [(row, column) for row, count in enumerate(used) for column in range(count)]
    is_own = dict(zip(places, own_scales, strict=True))
    for row, column in places:
        below = is_own.get((row + 1, column))
        if below is not None and not below and not is_own[row, column]:
            axes_grid[row, column].tick_params(labelbottom=False)


def _legend(figure: Figure, layers: Sequence[int], names: Mapping[int, str], *, zero: bool) -> None:
    handles = []
    for layer in layers:
        colour = _style.layer_colour(layer)
        mark: dict[str, Any] = {"marker": _style.layer_marker(layer), "markersize": 5}
        mark |= {"markeredgecolor": colour, "markeredgewidth": 1.0, "markerfacecolor": "0.6"}
        line: dict[str, Any] = {"color": to_rgba(colour, 0.4), "linewidth": 3.6}
        handles.append(Line2D([], [], label=_style.layer_name(layer, names), **line, **mark))
    if zero:
        mark = {"marker": "o", "markeredgecolor": "0.3", "markerfacecolor": "white"}
        handles.append(Line2D([], [], linestyle="none", markersize=5, label="epoch 0", **mark))
    _style.legend_below(figure, handles, columns=_style.legend_columns(figure, handles))
