"""Information planes: of estimators, of trainings, of halves of the runs, of single runs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from mibench.errors import InputError

from . import _numbers, _style
from ._drawing import Drawing
from ._plane_grid import Panel, Spread, draw_planes, plural, spread_words, wrapped


def plot_plane(
    trajectories: xr.Dataset,
    estimators: Sequence[str] | None = None,
    *,
    spread: Spread = "band",
) -> Drawing:
    """The information plane under each estimator, side by side on one scale.

    trajectories: as from `ibnet.measure`. estimators: which, and in which order; None: all.
    spread: over runs, "band" (10 to 90 % bars at epochs 1, 10, 100, ...), "runs" (a thin line
        for each run) or "none".

    Raises InputError for an estimator that is unknown or measured nothing.
    """
    names = _numbers.chosen(trajectories, estimators)
    training = str(trajectories.attrs.get("training", ""))
    panels = [Panel.of(trajectories, name, training=training) for name in names]
    return draw_planes(wrapped(panels), spread, _style.describe(trajectories), spread_words(spread))


def plot_planes(
    trainings: Mapping[str, xr.Dataset],
    estimators: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    *,
    spread: Spread = "band",
) -> Drawing:
    """Planes of several trainings on one scale: a row for each, a column for each estimator.

    trainings: title -> trajectories. estimators: the same for all, or by title; None: all of
    each. Where every training has one estimator, the panels stand side by side instead.
    spread: as in `plot_plane`. Raises InputError as `plot_plane` does.
    """
    data = _numbers.by_training(trainings)
    by_title = estimators if isinstance(estimators, Mapping) else dict.fromkeys(data, estimators)
    for title in by_title:
        if title not in data:
            raise InputError(f"estimators of {title!r}: the trainings are {', '.join(data)}")
    grid: list[Sequence[Panel]] = [
        [
            Panel.of(trajectories, name, title, training=title)
            for name in _numbers.chosen(trajectories, by_title.get(title))
        ]
        for title, trajectories in data.items()
    ]
    if all(len(row) == 1 for row in grid):
        grid = wrapped([row[0] for row in grid])
    return draw_planes(grid, spread, spread_words(spread))


def plot_median_split(
    trajectories: xr.Dataset,
    estimators: Sequence[str] | None = None,
    *,
    spread: Spread = "band",
) -> Drawing:
    """Planes of the runs with the smaller and with the larger maximum activation.

    The larger half are the runs whose largest finite activation over layers and epochs lies above
    the median over runs, the smaller half all others. A row for each estimator.

    Raises InputError where no run lies above the median: with one run, or with equal maxima.
    """
    top = _numbers.maxima(trajectories).groupby("run")["max_activation"].max()
    above = top > top.median()
    if not above.any():
        raise InputError(
            f"no halves of {plural(len(top))} with maximum activations from {top.min():g} to "
            f"{top.max():g}: give runs of different maxima"
        )
    halves = {"smaller": top[~above], "larger": top[above]}
    training = str(trajectories.attrs.get("training", ""))
    grid = []
    for name in _numbers.chosen(trajectories, estimators):
        row = []
        for half, of_runs in halves.items():
            heading = f"{half} maxima, {of_runs.min():.3g} to {of_runs.max():.3g}"
            part = trajectories.sel(run=np.sort(of_runs.index.to_numpy()))
            row.append(Panel.of(part, name, heading, training=training, half=half))
        grid.append(row)
    return draw_planes(grid, spread, _style.describe(trajectories), spread_words(spread))


def plot_runs(
    trajectories: xr.Dataset, estimator: str, runs: Sequence[int] | None = None
) -> Drawing:
    """Planes of single runs, one panel each, on one scale.

    estimator: one of the trajectories'. runs: which; None: the first six that were measured, so
    that nobody has picked them.

    Raises InputError for an unknown estimator, or for runs of which nothing is measured.
    """
    _numbers.chosen(trajectories, [estimator])
    measured = np.unique(_numbers.information(trajectories, estimator)["run"])
    wanted = [int(run) for run in (measured[:6] if runs is None else runs)]
    for run in wanted:
        if run not in measured:
            raise InputError(
                f"run {run} is not measured by {estimator!r}: give runs of "
                f"{', '.join(str(r) for r in measured)}"
            )
    if not wanted:
        raise InputError("runs=[] leaves nothing to draw: give at least one run")
    training = str(trajectories.attrs.get("training", ""))
    panels = []
    for run in wanted:
        one = trajectories.sel(run=[run])
        panel = Panel.of(one, estimator, training=training, run=run)
        panels.append(replace(panel, title=f"run {run}"))
    captions = (_style.describe(trajectories), f"single runs under {estimator}")
    drawing = draw_planes(wrapped(panels), "none", *captions)
    table = drawing.table.drop(columns="runs").filter(regex="^(?!.*_q[19]0_)")
    return Drawing(drawing.figure, table.rename(columns=lambda name: name.replace("_mean", "")))
