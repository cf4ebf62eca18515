"""The figure of estimators beside the true information of layers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mibench.output.looks import Look, looks

from . import _numbers, _style
from ._drawing import Drawing
from ._plane_grid import runs_text
from .audit_numbers import audit

MEAN_XT = "i_xt_mean_bits"
ROOM = 1.06  # of H(X): estimates beyond it leave the panels
BLACK = Look("black", "o")
LOG_N = "own codes: exact is log N"  # of noisy, no layer is flagged so
OFFSETS = 0.5  # of the width of a layer, over which the estimators are spread


def plot_audit(trajectories: xr.Dataset, truth: str | None = None) -> Drawing:
    """Draw I(X;T) of each layer by epoch, true and estimated, and the compression of each layer.

    Above, a panel for each layer: black is the true I(X;T), colours are the estimators. Below, the
    compression of each layer: the largest I(X;T) minus the last, means over runs, with 95 %
    intervals of their differences from the true one. An estimator above the black mark invents
    compression, one below hides it.

    Args:
        trajectories: from `ibnet.measure`, with "exact" or "noisy" among its estimators.
        truth: which estimator is the truth; None: as in `audit`.

    Returns:
        The drawing; its table holds means and quantiles over runs, in bits.

    Raises:
        InputError: if the truth is not among the estimators.
    """
    compared = audit(trajectories, truth)
    names = [str(name) for name in compared["estimator"].unique()]
    truth, *others = names
    look = _looks(truth, others)
    values = list(_numbers.INFORMATION.values())
    tables = []
    for name in names:
        rows = _numbers.information_rows(trajectories, name)
        tables.append(_numbers.summarise_runs(rows, ["layer", "epoch"], values))
        tables[-1].insert(0, "estimator", name)
    table = pd.concat(tables, ignore_index=True)
    layers = sorted(int(layer) for layer in table["layer"].unique())
    shape = _style.grid_shape(len(layers))
    figure = Figure(figsize=(_style.PAGE, 1.75 * shape[0] + 2.9), layout="constrained")
    grid = figure.add_gridspec(shape[0] + 1, shape[1], height_ratios=[*[1.0] * shape[0], 1.25])
    names_of_layers = _numbers.layer_names(trajectories)
    top = ROOM * float(trajectories.attrs.get("h_x_bits", np.nan))
    highest = float(table[MEAN_XT].max())
    is_log_n = _numbers.layers_at_ceiling(trajectories, truth)
    first: Axes | None = None
    for place, layer in enumerate(layers):
        row, column = divmod(place, shape[1])
        axes = figure.add_subplot(grid[row, column], sharex=first, sharey=first)
        first = axes if first is None else first
        _style.style_axes(axes)
        axes.set_title(
            _style.layer_name(layer, names_of_layers), fontsize=_style.NORMAL, loc="left"
        )
        if layer in is_log_n:
            axes.set_title(LOG_N, fontsize=_style.SMALL - 0.5, color="0.35", loc="right")
        _curves(axes, table[table["layer"] == layer], look)
        below = place + shape[1] >= len(layers)
        axes.tick_params(labelleft=column == 0, labelbottom=below)
        axes.set_ylabel(_style.I_XT if column == 0 else "", fontsize=_style.NORMAL)
        axes.set_xlabel("epoch" if below else "", fontsize=_style.NORMAL)
    assert first is not None
    first.set_ylim(0, min(top, ROOM * highest) if np.isfinite(top) else ROOM * highest)
    _style.epoch_axis(first, int(table["epoch"].max()), zero=bool((table["epoch"] == 0).any()))
    _compression(figure.add_subplot(grid[shape[0], :]), compared, look, names_of_layers)
    handles = [Line2D([], [], label=name, **_line(name, look)) for name in names]
    _style.legend_below(figure, handles, columns=_style.legend_columns(figure, handles))
    runs = _numbers.count_runs(_numbers.information_rows(trajectories, truth))
    beyond = "curves above H(X) leave the panels" if highest > top else ""
    _style.caption(
        figure, _style.describe_training(trajectories),
        f"mean over {runs_text(runs)}", f"below: 95% intervals of the difference from {truth}",
        beyond,
    )  # fmt: skip
    return Drawing(figure, table.merge(compared, on=["estimator", "layer"], suffixes=("", "_both")))


def _looks(truth: str, others: list[str]) -> Mapping[str, Look]:
    """Black for the truth; the look of an estimator's name, if no other has that name."""
    short = {name: name.partition(":")[0] for name in others}
    if len(set(short.values())) < len(short):
        short = {name: name for name in short}
    by_name = looks(short.values())
    return {truth: BLACK} | {name: by_name[s] for name, s in short.items()}


def _line(name: str, look: Mapping[str, Look]) -> dict[str, Any]:
    is_truth = look[name] is BLACK
    return {
        "color": look[name].colour, "marker": look[name].marker, "markersize": 4,
        "linewidth": 2.2 if is_truth else 1.2, "zorder": 3 if is_truth else 4,
    }  # fmt: skip


def _curves(axes: Axes, means: pd.DataFrame, look: Mapping[str, Look]) -> None:
    for number, name in enumerate(means["estimator"].unique()):
        of_name = means[means["estimator"] == name]
        later, first = of_name[of_name["epoch"] > 0], of_name[of_name["epoch"] == 0]
        line = _line(str(name), look)
        place = [_style.BEFORE_FIRST * 1.12 ** (number - 2)] * len(first)
        axes.plot(place, first[MEAN_XT], **(line | {"linestyle": "none", "markersize": 3}))
        axes.plot(later["epoch"], later[MEAN_XT], **(line | {"marker": None}))


def _compression(
    axes: Axes, compared: pd.DataFrame, look: Mapping[str, Look], names: Mapping[int, str]
) -> None:
    """Draw the compression of each layer: a black bar for the true one, marks for estimators."""
    _style.style_axes(axes, "compression: the largest I(X;T) minus the last")
    layers = sorted(compared["layer"].unique())
    truth, *others = look
    true = compared[compared["estimator"] == truth]
    axes.bar(true["layer"], true["compression"], width=0.75, color="0.85", zorder=1)
    axes.hlines(
        true["compression"], true["layer"] - 0.375, true["layer"] + 0.375, color="black",
        linewidth=2.2, zorder=2,
    )  # fmt: skip
    for name, offset in zip(others, np.linspace(-0.5, 0.5, len(others) + 2)[1:-1], strict=True):
        rows = compared[compared["estimator"] == name]
        place = rows["layer"] + OFFSETS * 1.3 * offset
        half = ((rows["high"] - rows["low"]) / 2).fillna(0)
        axes.errorbar(
            place, rows["compression"], half, color=look[name].colour, marker=look[name].marker,
            markersize=4, linestyle="none", linewidth=1.0, zorder=3,
        )  # fmt: skip
    axes.set_xticks(layers, [_style.layer_name(int(n), names) for n in layers])
    axes.set_ylabel("bits", fontsize=_style.NORMAL)
    axes.set_ylim(bottom=0)
    axes.grid(visible=False, axis="x")
