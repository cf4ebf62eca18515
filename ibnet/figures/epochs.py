"""The figure of I(X;T) and I(T;Y) by epoch."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from . import _numbers, _style
from ._drawing import Drawing
from ._plane_grid import Panel

VALUES = {"i_xt_bits": _style.I_XT, "i_ty_bits": _style.I_TY}


def plot_epochs(trajectories: xr.Dataset, estimators: Sequence[str] | None = None) -> Drawing:
    """Draw I(X;T) and I(T;Y), in bits, by epoch.

    I(X;T) is on the left and I(T;Y) on the right, with a row for each estimator and a line for each
    layer. Lines are means over runs; bands extend from the 10 % to the 90 % quantile over runs, or
    over all of fewer than five runs.
    Epoch 0, the untrained network, is drawn separately before epoch 1.

    Args:
        trajectories: from `ibnet.measure`.
        estimators: which ones, in which order; None: all.

    Returns:
        The drawing.

    Raises:
        InputError: for an estimator that is unknown or measured nothing.
    """
    training = str(trajectories.attrs.get("training", ""))
    names = _numbers.select_estimators(trajectories, estimators)
    panels = [Panel.from_trajectories(trajectories, name, training=training) for name in names]
    tables = [panel.means() for panel in panels]
    table = pd.concat(tables, ignore_index=True)
    layers, last = sorted(table["layer"].unique()), int(table["epoch"].max())
    zero = bool((table["epoch"] == 0).any())

    height = (1.85 if len(panels) > 1 else 2.4) * len(panels) + 0.9
    figure = Figure(figsize=(6.4, height), layout="constrained")
    axes_grid = figure.subplots(len(panels), 2, sharex=True, sharey="col", squeeze=False)
    for row, panel, means in zip(axes_grid, panels, tables, strict=True):
        for axes, (value, label) in zip(row, VALUES.items(), strict=True):
            _style.style_axes(axes, panel.title if axes is row[0] else "")
            axes.set_ylabel(label, fontsize=_style.NORMAL)
            for layer, of_layer in _numbers.by_layer(means):
                shift = (layer - 1) / max(layers) - 0.5
                _line(axes, of_layer, value, layer, shift)
        _style.mark_h_y(row[1], panel.h_y)
    for axes, room in zip(axes_grid[-1], (0, 0.06), strict=True):
        low, high = axes.get_ylim()
        axes.set_ylim(min(0.0, low), high + room * (high - low))
        axes.set_xlabel("epoch", fontsize=_style.NORMAL)
    _style.epoch_axis(axes_grid[0, 0], last, zero=zero)
    layer_names = _numbers.layer_names(trajectories)
    handles = []
    for n in layers:
        look: dict[str, Any] = {"color": _style.layer_colour(n), "linestyle": _style.layer_line(n)}
        handles.append(
            Line2D([], [], linewidth=1.8, label=_style.layer_name(n, layer_names), **look)
        )
    _style.legend_below(figure, handles, columns=_style.legend_columns(figure, handles))
    span = _style.span_text((_numbers.count_runs(p.rows) for p in panels), _numbers.FEW_RUNS)
    spread = _style.MEAN + (f", bands {span}" if span else "")
    _style.caption(figure, _style.describe_training(trajectories), spread)
    return Drawing(figure, table)


def _line(axes: Axes, means: pd.DataFrame, value: str, layer: int, shift: float) -> None:
    """Draw mean and band of a layer; `shift` (-0.5 to 0.5) separates the marks of epoch 0."""
    mean, low, high = (means[_numbers.statistic(value, s)] for s in ("mean", "q10", "q90"))
    colour, style = _style.layer_colour(layer), _style.layer_line(layer)
    later, first = means["epoch"] > 0, means["epoch"] == 0
    epoch = means["epoch"][later]
    _style.draw_band(axes, epoch, low[later], high[later], colour)
    axes.plot(epoch, mean[later], color=colour, linestyle=style, linewidth=1.2)
    place = [_style.BEFORE_FIRST * 2**shift] * int(first.sum())
    axes.vlines(place, low[first], high[first], color=colour, alpha=0.5, linewidth=1.0)
    axes.plot(place, mean[first], color=colour, marker="o", markersize=2.5, linestyle="none")
