"""The figure of train and test error by epoch."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mibench.output.looks import COLOURS

from . import _numbers, _style
from ._drawing import Drawing
from ._epoch_panels import draw_epoch_panels, draw_line

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
    panels = draw_epoch_panels(
        rows, ["epoch"], [f"{kind}_error" for kind in KINDS], _both_errors, "error (%)", height=2.0
    )
    panels.axes.set_ylim(bottom=0)
    handles = [Line2D([], [], color=c, linewidth=1.8, label=kind) for kind, c in KINDS.items()]
    _style.legend_below(panels.figure, handles, columns=2)
    _style.caption(panels.figure, f"error: {panels.spread}")
    return Drawing(panels.figure, panels.table)


def _both_errors(axes: Axes, means: pd.DataFrame) -> None:
    for kind, colour in KINDS.items():
        draw_line(axes, means, f"{kind}_error", colour, scale=100, linewidth=1.3)
