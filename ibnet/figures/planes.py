"""Figures of information planes: by estimator, training, half of the runs, or single run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from mibench.errors import InputError
from mibench.output.safe import plain_math

from ..inputs import heading
from . import _numbers, _style
from ._drawing import Drawing
from ._plane_grid import Panel, Spread, draw_planes, runs_text, wrap_panels


def plot_plane(
    trajectories: xr.Dataset,
    estimators: Sequence[str] | None = None,
    *,
    spread: Spread = "band",
) -> Drawing:
    """Draw the information plane for each estimator, side by side on one scale.

    An estimator far beyond H(X), which no true I(X;T) exceeds, has a scale of its own, so that it
    does not squeeze the others.

    Args:
        trajectories: from `ibnet.measure`.
        estimators: which ones, in which order; None: all.
        spread: how to show the spread over runs: "band" (bars from the 10 % to the 90 % quantile at
            epochs 1, 10, 100, ..., over all of fewer than five runs), "runs" (a thin line for each
            run) or "none".

    Returns:
        The drawing; its table holds means and quantiles over runs, in bits.

    Raises:
        InputError: for an estimator that is unknown or measured nothing.
    """
    names = _numbers.select_estimators(trajectories, estimators)
    training = str(trajectories.attrs.get("training", ""))
    panels = [Panel.from_trajectories(trajectories, name, training=training) for name in names]
    return draw_planes(wrap_panels(panels), spread, _style.describe_training(trajectories))


def plot_planes(
    trainings: Mapping[str, xr.Dataset],
    estimators: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    *,
    spread: Spread = "band",
) -> Drawing:
    """Draw the information planes of several trainings on one scale.

    Each training has a row, and each estimator a column. If every training has one estimator, the
    panels are side by side instead.

    Args:
        trainings: title -> trajectories.
        estimators: the same for all trainings, or title -> estimators; None: all.
        spread: as in `plot_plane`.

    Returns:
        The drawing; its table holds means and quantiles over runs, in bits.

    Raises:
        InputError: for an unknown title, and for an estimator that is unknown or measured nothing.
    """
    data = _numbers.by_training(trainings)
    by_title = estimators if isinstance(estimators, Mapping) else dict.fromkeys(data, estimators)
    for title in by_title:
        if title not in data:
            raise InputError(f"estimators of {title!r}: the trainings are {', '.join(data)}")
    grid: list[Sequence[Panel]] = [
        [
            Panel.from_trajectories(
                trajectories, name, heading(title, trajectories), training=title
            )
            for name in _numbers.select_estimators(trajectories, by_title.get(title))
        ]
        for title, trajectories in data.items()
    ]
    if all(len(row) == 1 for row in grid):
        grid = wrap_panels([row[0] for row in grid])
    return draw_planes(grid, spread)


def plot_median_split(
    trajectories: xr.Dataset,
    estimators: Sequence[str] | None = None,
    *,
    spread: Spread = "band",
) -> Drawing:
    """Draw the planes of the runs with smaller and with larger maximum activation.

    The larger half contains the runs whose largest finite activation, over layers and epochs, is
    above the median over runs. The smaller half contains all others. Each estimator has a row.

    Args:
        trajectories: from `ibnet.measure`.
        estimators: which ones, in which order; None: all.
        spread: as in `plot_plane`.

    Returns:
        The drawing; its table holds means and quantiles over the runs of each half, in bits.

    Raises:
        InputError: for an estimator that is unknown or measured nothing, and if no run is above the
            median: for one run, or for equal maxima.
    """
    top = _numbers.maximum_rows(trajectories).groupby("run")["max_activation"].max()
    above = top > top.median()
    if not above.any():
        raise InputError(
            f"no halves of {runs_text(len(top))} with maximum activations from {top.min():g} to "
            f"{top.max():g}: give runs of different maxima"
        )
    halves = {"smaller": top[~above], "larger": top[above]}
    training = str(trajectories.attrs.get("training", ""))
    grid = []
    for name in _numbers.select_estimators(trajectories, estimators):
        row = []
        for half, maxima in halves.items():
            span = _numbers.distinct_range(float(maxima.min()), float(maxima.max()))
            heading = f"{half} maxima, {span}"
            runs = trajectories.sel(run=np.sort(maxima.index.to_numpy()))
            row.append(Panel.from_trajectories(runs, name, heading, training=training, half=half))
        grid.append(row)
    return draw_planes(grid, spread, _style.describe_training(trajectories))


def plot_runs(
    trajectories: xr.Dataset, estimator: str, runs: Sequence[int] | None = None
) -> Drawing:
    """Draw the planes of single runs, one panel each, on one scale.

    Args:
        trajectories: from `ibnet.measure`.
        estimator: one of the estimators of the trajectories.
        runs: the numbers of the runs; None: the first six that were measured, so that the choice
            does not depend on the results.

    Returns:
        The drawing; its table holds the values of each run, in bits.

    Raises:
        InputError: for an unknown estimator, or for runs that were not measured.
    """
    _numbers.select_estimators(trajectories, [estimator])
    measured = np.unique(_numbers.information_rows(trajectories, estimator)["run"])
    numbers = [int(run) for run in (measured[:6] if runs is None else runs)]
    for run in numbers:
        if run not in measured:
            raise InputError(
                f"run {run} is not measured by {estimator!r}: give runs of "
                f"{', '.join(str(r) for r in measured)}"
            )
    if not numbers:
        raise InputError("runs=[] leaves nothing to draw: give at least one run")
    training = str(trajectories.attrs.get("training", ""))
    panels = []
    for run in numbers:
        single = trajectories.sel(run=[run])
        panel = Panel.from_trajectories(single, estimator, training=training, run=run)
        panels.append(replace(panel, title=f"run {run}"))
    captions = (
        _style.describe_training(trajectories),
        f"single runs under {plain_math(estimator)}",
    )
    drawing = draw_planes(wrap_panels(panels), None, *captions)
    table = drawing.table.drop(columns="runs").filter(regex="^(?!.*_(q[19]0|sd)_)")
    return Drawing(drawing.figure, table.rename(columns=lambda name: name.replace("_mean", "")))
