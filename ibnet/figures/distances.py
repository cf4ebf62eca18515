"""The figure of how far each layer is below the limit of the information plane, by epoch."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from mibench.errors import InputError

from . import _numbers, _style
from ._drawing import Drawing
from ._epoch_panels import draw_epoch_panels, draw_line
from ._limit import limit_of

DISTANCE = "distance_bits"


def plot_distances(trajectories: xr.Dataset, estimators: Sequence[str] | None = None) -> Drawing:
    """Draw how far I(T;Y) of each layer is below the limit, by epoch, a panel for each estimator.

    The limit is the largest I(T;Y) of any T with the I(X;T) of the layer: min(I(X;T), H(Y)) if the
    inputs determine the labels (Kolchinsky et al. 2019), and otherwise the bottleneck curve, or
    min(I(X;T), I(X;Y)) where the curve is not known. A layer at distance 0 says all of Y that is
    possible. True values are not below 0, but for the error of the curve, about 1e-4 bits;
    estimates may be. Of train or test inputs, H(Y) and I(X;Y) are the largest over runs. Lines are
    means over runs; bands extend from the 10 % to the 90 % quantile over runs, or over all of fewer
    than five runs.

    Args:
        trajectories: from `ibnet.measure`.
        estimators: which ones, in which order; None: all.

    Returns:
        The drawing; its table holds means, standard deviations and quantiles over runs, in bits.

    Raises:
        InputError: for an estimator that is unknown or measured nothing, and for trajectories that
            do not tell H(Y).

    References:
        Kolchinsky, Tracey & Van Kuyk 2019, arXiv:1808.07593.
    """
    limit = limit_of(trajectories)
    if not np.isfinite(limit.bits):
        raise InputError(
            "these trajectories do not tell H(Y), so there is no limit: measure the networks again"
        )
    rows = {}
    for name in _numbers.select_estimators(trajectories, estimators):
        of_name = _numbers.information_rows(trajectories, name)
        rows[name] = of_name.assign(
            **{DISTANCE: limit.at(of_name["i_xt_bits"].to_numpy()) - of_name["i_ty_bits"]}
        )
    panels = draw_epoch_panels(
        rows, ["layer", "epoch"], [DISTANCE], _each_layer, "limit $- I(T;Y)$ (bits)", height=2.4
    )
    lowest = panels.table[_numbers.statistic(DISTANCE, "q10")].min()
    panels.axes.set_ylim(bottom=min(0.0, lowest))
    names = _numbers.layer_names(trajectories)
    handles = _style.layer_handles(sorted(panels.table["layer"].unique()), names)
    _style.legend_below(panels.figure, handles, _style.legend_columns(panels.figure, handles))
    what = (
        "limit: the bottleneck curve" if len(limit.curve) else f"limit: min$(I(X;T), {limit.name})$"
    )
    _style.caption(panels.figure, _style.describe_training(trajectories), what, panels.spread)
    return Drawing(panels.figure, panels.table.rename(columns={"training": "estimator"}))


def _each_layer(axes: Axes, means: pd.DataFrame) -> None:
    for layer, of_layer in _numbers.by_layer(means):
        colour, style = _style.layer_colour(layer), _style.layer_line(layer)
        draw_line(axes, of_layer, DISTANCE, colour, linestyle=style, linewidth=1.2)
