"""The figure of I(X;T) and I(T;Y) by epoch."""

from collections.abc import Sequence

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..inputs import heading
from . import _numbers, _style
from ._drawing import Drawing
from ._plane_grid import Panel

VALUES = {"i_xt_bits": _style.I_XT, "i_ty_bits": _style.I_TY}


def plot_epochs(trainings: _numbers.Trainings, estimators: Sequence[str] | None = None) -> Drawing:
    """Draw I(X;T) and I(T;Y), in bits, by epoch.

    I(X;T) is on the left and I(T;Y) on the right, with a row for each training and estimator, and a
    line for each layer. Lines are means over runs; bands extend from the 10 % to the 90 % quantile
    over runs, or over all of fewer than five runs. Epoch 0, the untrained network, is drawn
    separately before epoch 1.

    Args:
        trainings: from `ibnet.measure`, or title -> trajectories.
        estimators: which ones, in which order; None: all.

    Returns:
        The drawing; its table holds means, standard deviations and quantiles over runs, in bits.

    Raises:
        InputError: for an estimator that is unknown or measured nothing.
    """
    data = _numbers.by_training(trainings)
    has_titles = not isinstance(trainings, xr.Dataset)
    panels = [
        Panel.from_trajectories(
            trajectories, name, heading(title, trajectories) if has_titles else "", training=title
        )
        for title, trajectories in data.items()
        for name in _numbers.select_estimators(trajectories, estimators)
    ]
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
        panel.limit.mark(row[1])
    for axes, room in zip(axes_grid[-1], (0, 0.06), strict=True):
        low, high = axes.get_ylim()
        axes.set_ylim(min(0.0, low), high + room * (high - low))
        axes.set_xlabel("epoch", fontsize=_style.NORMAL)
    _style.epoch_axis(axes_grid[0, 0], last, zero=zero)
    layer_names = {n: name for panel in panels for n, name in panel.names.items()}
    handles = _style.layer_handles(layers, layer_names)
    _style.legend_below(figure, handles, columns=_style.legend_columns(figure, handles))
    span = _style.span_text((_numbers.count_runs(p.rows) for p in panels), _numbers.FEW_RUNS)
    spread = _style.MEAN + (f", bands {span}" if span else "")
    described = (
        []
        if has_titles
        else [_style.describe_training(trajectories) for trajectories in data.values()]
    )
    _style.caption(figure, *described, spread)
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
