"""Panels of one quantity by epoch: one for each training, all on one scale."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import _numbers, _style
from ._plane_grid import runs_text


@dataclass(frozen=True)
class EpochPanels:
    """The panels of a figure that has no legend yet.

    Attributes:
        figure: the matplotlib figure.
        axes: the first panel, whose scale is that of all.
        table: means, standard deviations and quantiles over runs, by training.
        spread: what lines and bands show, in words.
    """

    figure: Figure
    axes: Axes
    table: pd.DataFrame
    spread: str


def draw_epoch_panels(
    rows: Mapping[str, pd.DataFrame],
    groups: Sequence[str],
    values: Sequence[str],
    draw: Callable[[Axes, pd.DataFrame], None],
    label: str,
    height: float,
) -> EpochPanels:
    """Draw a panel for each training.

    rows: title -> a row for each run, epoch and whatever else `groups` names. values: the columns
    that are summarised over runs. draw: draws the summary on the axes. label: of the vertical axis.
    height: of a panel, in inches.
    """
    shape = _style.grid_shape(len(rows))
    figure = Figure(figsize=_style.grid_size(shape, height), layout="constrained")
    axes_grid = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False)
    tables = []
    for axes, (title, frame) in zip(axes_grid.flat, rows.items(), strict=False):
        means = _numbers.summarise_runs(frame, groups, values)
        draw(axes, means)
        _style.style_axes(axes, f"{title} ({runs_text(_numbers.count_runs(frame))})")
        means.insert(0, "training", title)
        tables.append(means)
    table = pd.concat(tables, ignore_index=True)
    zero = bool((table["epoch"] == 0).any())
    _style.epoch_axis(axes_grid[0, 0], int(table["epoch"].max()), zero=zero)
    used = [min(len(rows) - first, shape[1]) for first in range(0, len(rows), shape[1])]
    _style.label_grid(axes_grid, used, "epoch", label)
    span = _style.span_text(map(_numbers.count_runs, rows.values()), _numbers.FEW_RUNS)
    spread = _style.MEAN + (f", bands {span}" if span else "")
    return EpochPanels(figure, axes_grid[0, 0], table, spread)


def draw_line(
    axes: Axes, means: pd.DataFrame, value: str, colour: str, *, scale: float = 1.0, **look: Any
) -> None:
    """Draw mean and band of a value by epoch; epoch 0 is drawn just before epoch 1."""
    epoch = means["epoch"].where(means["epoch"] > 0, _style.BEFORE_FIRST)
    mean, low, high = (scale * means[_numbers.statistic(value, s)] for s in ("mean", "q10", "q90"))
    _style.draw_band(axes, epoch, low, high, colour)
    axes.plot(epoch, mean, color=colour, **look)
