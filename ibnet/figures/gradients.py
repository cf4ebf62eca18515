"""The figure of the gradients' signal and noise beside I(X;T), by epoch."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from . import _numbers, _style
from ._drawing import Drawing


def plot_gradients(
    trajectories: xr.Dataset, gradients: xr.Dataset, estimators: Sequence[str] | None = None
) -> Drawing:
    """Draw the gradients' ratio of signal to noise, and below it I(X;T), by epoch.

    Lines are means over runs, of the ratio geometric ones. Below 1, noise exceeds signal. A signal
    below 1 / sqrt(B) of the noise cannot be seen in B batches: such ratios are drawn at this limit.

    Args:
        trajectories: from `ibnet.measure`.
        gradients: from `ibnet.gradient_noise`, of the same networks.
        estimators: which ones, in which order; None: all.

    Returns:
        The drawing; its table holds both, with the epoch.

    Raises:
        InputError: for an estimator that is unknown or measured nothing.
    """
    names = _numbers.select_estimators(trajectories, estimators)
    ratios = _ratios(gradients)
    tables = [ratios.assign(estimator="signal / noise").rename(columns={"ratio": "mean"})]
    for name in names:
        rows = _numbers.information_rows(trajectories, name)
        means = _numbers.summarise_runs(rows, ["layer", "epoch"], ["i_xt_bits"])
        means = means.rename(columns={"i_xt_mean_bits": "mean"})
        tables.append(means[["layer", "epoch", "mean"]].assign(estimator=f"I(X;T), {name}"))
    table = pd.concat(tables, ignore_index=True)
    figure = Figure(figsize=(4.8, 1.7 * len(tables) + 1.1), layout="constrained")
    axes_column = figure.subplots(len(tables), 1, sharex=True, squeeze=False)[:, 0]
    for axes, of_panel in zip(axes_column, tables, strict=True):
        title = str(of_panel["estimator"].iloc[0])
        _style.style_axes(
            axes,
            "signal / noise of the gradients"
            if axes is axes_column[0]
            else title.partition(", ")[2],
        )
        axes.set_ylabel("ratio" if axes is axes_column[0] else _style.I_XT, fontsize=_style.NORMAL)
        _lines(axes, of_panel)
    axes_column[0].set_yscale("log")
    axes_column[0].axhline(1, color="0.35", linewidth=0.9, linestyle="--")
    axes_column[0].axhline(gradients.attrs["batches"] ** -0.5, color="0.6", linewidth=0.7)
    axes_column[-1].set_xlabel("epoch", fontsize=_style.NORMAL)
    zero = bool((table["epoch"] == 0).any())
    _style.epoch_axis(axes_column[-1], int(table["epoch"].max()), zero=zero)
    layers = sorted(map(int, table["layer"].unique()))
    handles = [
        Line2D([], [], color=_style.layer_colour(n), linewidth=1.8, label=_style.layer_name(n))
        for n in layers
    ]
    _style.legend_below(figure, handles, columns=_style.legend_columns(figure, handles))
    runs = f"{_style.MEAN} ({gradients.sizes['run']} runs)"
    limit = "gray line: a smaller signal cannot be seen"
    _style.caption(figure, _style.describe_training(trajectories), runs, limit)
    return Drawing(figure, table)


def _ratios(gradients: xr.Dataset) -> pd.DataFrame:
    """Geometric means over runs of signal / noise, at least what can be seen."""
    least = gradients.attrs["batches"] ** -0.5
    ratio = (gradients["signal"] / gradients["noise"]).clip(min=least)
    logs: xr.DataArray = xr.apply_ufunc(np.log, ratio)
    table = logs.mean("run").to_dataframe("ratio").dropna().reset_index()
    return table[["layer", "epoch"]].assign(ratio=np.exp(table["ratio"]))


def _lines(axes: Axes, means: pd.DataFrame) -> None:
    for layer, of_layer in _numbers.by_layer(means):
        colour, style = _style.layer_colour(layer), _style.layer_line(layer)
        later, first = of_layer[of_layer["epoch"] > 0], of_layer[of_layer["epoch"] == 0]
        axes.plot(later["epoch"], later["mean"], color=colour, linestyle=style, linewidth=1.2)
        place = [_style.BEFORE_FIRST] * len(first)
        axes.plot(place, first["mean"], color=colour, marker="o", markersize=2.5, linestyle="none")
