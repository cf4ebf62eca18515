"""Maximum activations: by run, and by layer."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import _numbers, _style
from ._drawing import Drawing
from ._plane_grid import plural


def plot_maxima(trainings: _numbers.Trainings) -> Drawing:
    """Maximum activations over all epochs; left of each run, sorted, right of each layer.

    trainings: trajectories, or title -> trajectories, each a row of two panels. Left, a point is
    the largest over a run's layers and epochs. Right, a point is a run's largest in that layer,
    and the line across is the median over runs. The table has a row for each run and layer.

    Raises InputError where a training holds no finite activation.
    """
    data = _numbers.by_training(trainings)
    figure = Figure(figsize=(_style.PAGE, 2.1 * len(data) + 0.5), layout="constrained")
    spots = figure.subplots(len(data), 2, sharey="row", squeeze=False)
    tables = []
    for (left, right), (title, trajectories) in zip(spots, data.items(), strict=True):
        rows = _numbers.maxima(trajectories)
        _style.dress(left, f"{title} ({plural(_numbers.count_runs(rows))})")
        _style.dress(right)
        _by_run(left, rows)
        _by_layer(right, rows)
        left.set_ylabel("maximum activation", fontsize=_style.NORMAL)
        left.set_ylim(0, 1.06 * rows["max_activation"].max())
        rows.insert(0, "training", title)
        tables.append(rows)
    spots[-1, 0].set_xlabel("run, by its maximum", fontsize=_style.NORMAL)
    spots[-1, 1].set_xlabel("layer", fontsize=_style.NORMAL)
    _style.caption(figure, "maximum activation over epochs; lines: median over runs")
    return Drawing(figure, pd.concat(tables, ignore_index=True))


def _by_run(axes: Axes, rows: pd.DataFrame) -> None:
    top = rows.loc[rows.groupby("run")["max_activation"].idxmax()]
    top = top.sort_values("max_activation")
    place = pd.Series(np.arange(1, len(top) + 1), index=top.index)
    for layer, own in _numbers.by_layer(top):
        look: dict[str, Any] = {"marker": _style.layer_marker(layer), "markersize": 3.5}
        look |= {"color": _style.layer_colour(layer), "linestyle": "none"}
        label = f"in {_style.layer_name(layer)}"
        axes.plot(place[own.index], own["max_activation"], label=label, **look)
    axes.axhline(top["max_activation"].median(), color="0.35", linewidth=0.9)
    axes.legend(fontsize=_style.SMALL, frameon=False, handletextpad=0.2, loc="best")


def _by_layer(axes: Axes, rows: pd.DataFrame) -> None:
    """Each run's maximum in each layer, points a little apart, and the median across."""
    for layer, own in _numbers.by_layer(rows):
        runs = own["max_activation"].sort_values().to_numpy()
        # The golden ratio's multiples spread neighbouring values well apart, the same each time.
        apart = layer + 0.5 * ((np.arange(len(runs)) * 0.618034) % 1 - 0.5)
        look: dict[str, Any] = {"marker": _style.layer_marker(layer), "markersize": 3}
        look |= {"color": _style.layer_colour(layer), "linestyle": "none", "markeredgewidth": 0}
        axes.plot(apart, runs, alpha=0.75, **look)
        axes.hlines(np.median(runs), layer - 0.33, layer + 0.33, color="0.35", linewidth=1.2)
    layers = sorted(rows["layer"].unique())
    axes.set_xticks(layers, [_style.layer_name(layer) for layer in layers])
    axes.tick_params(labelleft=False)
