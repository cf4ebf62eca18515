"""Joins the trajectories of networks that were measured one by one."""

import json
from collections.abc import Sequence

import numpy as np

from mibench.errors import InputError

from .._extra import explain_missing_packages
from .trajectories import failures

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr

SAME = ("estimator", "epoch", "layer", "width", "layer_name", "function")


def join_runs(trajectories: Sequence[xr.Dataset]) -> xr.Dataset:
    """Join trajectories of several networks, as runs 0, 1, 2, ... of one experiment.

    Args:
        trajectories: from `ibnet.measure` or `Watch.measure`, with the same estimators, epochs and
            layers.

    Returns:
        One data set; figures show means and quantiles over its runs. Its attributes are those of
        the first one.

    Raises:
        InputError: if there are none, or if they differ in estimators, epochs or layers.

    Example:
        >>> from mibench import ibnet
        >>> settings = [ibnet.get_setting("2.1", runs=1, epochs=1, seed=s) for s in (0, 1)]
        >>> both = [ibnet.measure(ibnet.train(setting)) for setting in settings]
        >>> ibnet.join_runs(both).i_xt.shape
        (2, 2, 2, 6)
    """
    if isinstance(trajectories, xr.Dataset) or not len(trajectories):
        raise InputError("trajectories must be a list of at least one data set: give [a, b, ...]")
    first = trajectories[0]
    for number, other in enumerate(trajectories):
        for name in SAME:
            ours, theirs = (
                d[name].values.tolist() if name in d.coords else [] for d in (first, other)
            )
            if ours != theirs:
                raise InputError(
                    f"trajectories {number} have {name} {theirs}, and trajectories 0 {ours}: join "
                    "those of the same estimators, epochs and layers"
                )
    joined = xr.concat(
        trajectories,
        "run",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    )
    joined = joined.assign_coords(run=np.arange(joined.sizes["run"]))
    joined.attrs["failures"] = json.dumps(
        [line for each in trajectories for line in failures(each)]
    )
    return joined
