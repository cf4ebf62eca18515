"""Joins the trajectories of networks that were measured one by one."""

import json
from collections.abc import Iterable

import numpy as np

from mibench.errors import InputError

from .._extra import explain_missing_packages
from ..inputs import inputs_of
from .trajectories import failures

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr

SAME = ("estimator", "epoch", "layer", "width", "layer_name", "function")


def join_runs(trajectories: Iterable[xr.Dataset]) -> xr.Dataset:
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
    is_list = isinstance(trajectories, Iterable) and not isinstance(trajectories, xr.Dataset)
    each_one = list(trajectories) if is_list else []
    if not each_one:
        raise InputError("trajectories must be a list of at least one data set: give [a, b, ...]")
    first = each_one[0]
    for number, other in enumerate(each_one):
        if not isinstance(other, xr.Dataset) or not {"run", "epoch", "layer"} <= set(other.dims):
            raise InputError(
                f"trajectories {number} are a {type(other).__name__} without runs, epochs and "
                "layers: give what ibnet.measure returns"
            )
        ours, theirs = (inputs_of(d) for d in (first, other))
        if ours != theirs:
            raise InputError(
                f"trajectories {number} are those of {theirs} inputs, and trajectories 0 those of "
                f"{ours}: measure both with the same `inputs`, or draw them side by side with "
                "plot_planes"
            )
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
        each_one,
        "run",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    )
    joined = joined.assign_coords(run=np.arange(joined.sizes["run"]))
    joined.attrs["failures"] = json.dumps(
        [line for dataset in each_one for line in failures(dataset)]
    )
    return joined
