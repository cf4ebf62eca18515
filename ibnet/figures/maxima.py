"""The figures of maximum activations: by run and by layer, and by epoch."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from . import _numbers, _style
from ._drawing import Drawing
from ._epoch_panels import draw_epoch_panels, draw_line
from ._plane_grid import runs_text


def plot_maxima(trainings: _numbers.Trainings) -> Drawing:
    """Draw maximum activations over all epochs: by run on the left, by layer on the right.

    On the left, a point is the maximum over the layers and epochs of a run; the runs are sorted. On
    the right, a point is the maximum of a run in that layer, and a line is the median over runs.

    Args:
        trainings: trajectories, or title -> trajectories; each is a row of two panels.

    Returns:
        The drawing; its table has a row for each run and layer.

    Raises:
        InputError: if a training holds no finite activation.
    """
    data = _numbers.by_training(trainings)
    figure = Figure(figsize=(_style.PAGE, 2.1 * len(data) + 0.5), layout="constrained")
    axes_grid = figure.subplots(len(data), 2, sharey="row", squeeze=False)
    tables = []
    for (left, right), (title, trajectories) in zip(axes_grid, data.items(), strict=True):
        rows = _numbers.maximum_rows(trajectories)
        _style.style_axes(left, f"{title} ({runs_text(_numbers.count_runs(rows))})")
        _style.style_axes(right)
        _by_run(left, rows)
        _by_layer(right, rows)
        left.set_ylabel("maximum activation", fontsize=_style.NORMAL)
        left.set_ylim(0, 1.06 * rows["max_activation"].max())
        rows.insert(0, "training", title)
        tables.append(rows)
    axes_grid[-1, 0].set_xlabel("run, by its maximum", fontsize=_style.NORMAL)
    axes_grid[-1, 1].set_xlabel("layer", fontsize=_style.NORMAL)
    _style.caption(figure, "maximum activation over epochs; lines: median over runs")
    return Drawing(figure, pd.concat(tables, ignore_index=True))


def _by_run(axes: Axes, rows: pd.DataFrame) -> None:
    top = rows.loc[rows.groupby("run")["max_activation"].idxmax()]
    top = top.sort_values("max_activation")
    place = pd.Series(np.arange(1, len(top) + 1), index=top.index)
    for layer, of_layer in _numbers.by_layer(top):
        size = _marker_size(3.5, len(top))
        look: dict[str, Any] = {"marker": _style.layer_marker(layer), "markersize": size}
        look |= {"color": _style.layer_colour(layer), "linestyle": "none"}
        look["zorder"] = 3 - len(of_layer) / len(top)  # a layer of few runs is not hidden
        label = f"in {_style.layer_name(layer)}"
        axes.plot(place[of_layer.index], of_layer["max_activation"], label=label, **look)
    axes.axhline(top["max_activation"].median(), color="0.35", linewidth=0.9)
    axes.legend(fontsize=_style.SMALL, frameon=False, handletextpad=0.2, loc="best")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))


def _marker_size(size: float, runs: int) -> float:
    """A size in points, smaller where there are more than a hundred runs."""
    return size * math.sqrt(min(1.0, 100 / runs))


def _by_layer(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the maximum of each run in each layer, and the median; points do not overlap."""
    for layer, of_layer in _numbers.by_layer(rows):
        runs = of_layer["max_activation"].sort_values().to_numpy()
        # Multiples of the golden ratio separate neighbouring values well, always in the same way.
        position = layer + 0.5 * ((np.arange(len(runs)) * 0.618034) % 1 - 0.5)
        size = _marker_size(3.0, len(runs))
        look: dict[str, Any] = {"marker": _style.layer_marker(layer), "markersize": size}
        look |= {"color": _style.layer_colour(layer), "linestyle": "none", "markeredgewidth": 0}
        axes.plot(position, runs, alpha=0.75, **look)
        axes.hlines(np.median(runs), layer - 0.33, layer + 0.33, color="0.35", linewidth=1.2)
    layers = sorted(rows["layer"].unique())
    axes.set_xticks(layers, [_style.layer_name(layer) for layer in layers])
    axes.tick_params(labelleft=False)


def plot_maxima_by_epoch(trainings: _numbers.Trainings) -> Drawing:
    """Draw the maximum activation of each layer by epoch, with a panel for each training.

    Lines are means over runs; bands extend from the 10 % to the 90 % quantile over runs, or over
    all of fewer than five runs. The maximum is over the inputs and the neurons of a layer.

    Args:
        trainings: trajectories, or title -> trajectories.

    Returns:
        The drawing; its table holds means, standard deviations and quantiles over runs.

    Raises:
        InputError: if a training holds no finite activation.
    """
    data = _numbers.by_training(trainings)
    rows = {
        title: _numbers.maximum_by_epoch_rows(trajectories) for title, trajectories in data.items()
    }
    panels = draw_epoch_panels(
        rows, ["layer", "epoch"], ["max_activation"], _each_layer, "maximum activation", height=2.4
    )
    panels.axes.set_ylim(bottom=min(0.0, panels.table["max_activation_q10"].min()))
    handles = _style.layer_handles(sorted(panels.table["layer"].unique()))
    _style.legend_below(panels.figure, handles, _style.legend_columns(panels.figure, handles))
    _style.caption(panels.figure, panels.spread)
    return Drawing(panels.figure, panels.table)


def _each_layer(axes: Axes, means: pd.DataFrame) -> None:
    for layer, of_layer in _numbers.by_layer(means):
        colour, style = _style.layer_colour(layer), _style.layer_line(layer)
        draw_line(axes, of_layer, "max_activation", colour, linestyle=style, linewidth=1.2)
