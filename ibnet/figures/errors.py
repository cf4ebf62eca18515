"""The figure of train and test error by epoch."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mibench.output.looks import COLOURS

from . import _numbers, _style
from ._drawing import Drawing
from ._plane_grid import runs_text

KINDS = {"train": COLOURS[0], "test": COLOURS[1]}


def plot_errors(trainings: _numbers.Trainings) -> Drawing:
    """Draw train and test error by epoch: a panel for each training, all on one scale.

    Lines are means over runs; bands extend from the 10 % to the 90 % quantile over runs, or over
    all of fewer than five runs.

    Args:
        trainings: trajectories, or title -> trajectories.

    Returns:
        The drawing; its table holds rates from 0 to 1.

    Raises:
        InputError: if a training holds no errors.
    """
    rows = {
        title: _numbers.error_rows(data) for title, data in _numbers.by_training(trainings).items()
    }
    shape = _style.grid_shape(len(rows))
    figure = Figure(figsize=_style.grid_size(shape, height=2.0), layout="constrained")
    axes_grid = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False)
    last = max(int(frame["epoch"].max()) for frame in rows.values())
    zero = any(bool((frame["epoch"] == 0).any()) for frame in rows.values())

    tables = []
    for axes, (title, frame) in zip(axes_grid.flat, rows.items(), strict=False):
        means = _numbers.summarise_runs(frame, ["epoch"], [f"{kind}_error" for kind in KINDS])
        epoch = means["epoch"].where(means["epoch"] > 0, _style.BEFORE_FIRST)
        for kind, colour in KINDS.items():
            mean, low, high = (100 * means[f"{kind}_error_{s}"] for s in ("mean", "q10", "q90"))
            _style.draw_band(axes, epoch, low, high, colour)
            axes.plot(epoch, mean, color=colour, linewidth=1.3)
        _style.style_axes(axes, f"{title} ({runs_text(_numbers.count_runs(frame))})")
        means.insert(0, "training", title)
        tables.append(means)
    _style.epoch_axis(axes_grid[0, 0], last, zero=zero)
    axes_grid[0, 0].set_ylim(bottom=0)
    used = [min(len(rows) - first, shape[1]) for first in range(0, len(rows), shape[1])]
    _style.label_grid(axes_grid, used, "epoch", "error (%)")
    handles = [Line2D([], [], color=c, linewidth=1.8, label=kind) for kind, c in KINDS.items()]
    _style.legend_below(figure, handles, columns=2)
    span = _style.span_text(map(_numbers.count_runs, rows.values()), _numbers.FEW_RUNS)
    _style.caption(figure, f"error: {_style.MEAN}" + (f", bands {span}" if span else ""))
    return Drawing(figure, pd.concat(tables, ignore_index=True))
