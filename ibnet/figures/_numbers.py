"""Computes the tables that figures show from trajectories: thinned epochs, means, quantiles."""

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mibench.errors import InputError

CURVE_POINTS = 200  # log-spaced epochs of a curve; of 8000 epochs, about 160 different ones
QUANTILES = {"q10": 0.1, "q90": 0.9}  # of the runs; bands and bars show them
FEW_RUNS = 5  # below it, quantiles over runs would be made up between the runs
CEILINGS = ("ceiling_of_i_xt", "own_codes")  # flags of trajectories
INFORMATION = {"i_xt": "i_xt_bits", "i_ty": "i_ty_bits"}

Trainings = xr.Dataset | Mapping[str, xr.Dataset]


def by_training(trainings: Trainings) -> dict[str, xr.Dataset]:
    """Title -> trajectories; the title of a single data set is the name of its training."""
    if isinstance(trainings, xr.Dataset):
        return {str(trainings.attrs.get("training", "")): trainings}
    if not trainings:
        raise InputError("no trajectories to draw: give at least one training")
    return dict(trainings)


def select_estimators(trajectories: xr.Dataset, estimators: Sequence[str] | None) -> list[str]:
    """The given estimators, or all. Raises InputError for one that was not measured."""
    known = [str(name) for name in trajectories["estimator"].values]
    if estimators is None:
        return known
    if isinstance(estimators, str):
        raise InputError(f"estimators={estimators!r} must be a list: give [{estimators!r}]")
    for name in estimators:
        if name not in known:
            raise InputError(f"estimator {name!r} is not measured here: {', '.join(known)} are")
    return list(estimators)


def thin_epochs(epochs: NDArray[np.integer], points: int = CURVE_POINTS) -> NDArray[np.integer]:
    """The first and the last epoch, and those nearest to `points` log-spaced ones between them."""
    if len(epochs) <= points:
        return epochs
    targets = np.geomspace(max(epochs[0], 1), epochs[-1], points)
    right = np.searchsorted(epochs, targets).clip(1, len(epochs) - 1)
    nearer = targets - epochs[right - 1] < epochs[right] - targets
    return np.unique(np.concatenate([epochs[:1], epochs[right - nearer]]))


def information_rows(trajectories: xr.Dataset, estimator: str) -> pd.DataFrame:
    """One row per run, epoch and layer for which an estimator gave I(X;T) and I(T;Y), in bits.

    The measured epochs are thinned. Raises InputError if there are none.
    """
    data = trajectories[list(INFORMATION)].sel(estimator=estimator, drop=True)
    finite = data.map(np.isfinite).to_array().all("variable")
    measured = data["epoch"].values[finite.any(["run", "layer"]).values]
    if not len(measured):
        failed = [
            line
            for line in json.loads(trajectories.attrs.get("failures", "[]"))
            if line.startswith(f"{estimator}: ")
        ]
        raise InputError(
            f"{_name(trajectories)}: nothing is measured by {estimator!r}: "
            + (f"it failed, {failed[0]}. Leave it out" if failed else "measure it, or leave it out")
        )
    return _rows(data.where(finite).sel(epoch=thin_epochs(measured)).rename(INFORMATION))


def layers_at_ceiling(trajectories: xr.Dataset, estimator: str) -> list[int]:
    """The layers whose I(X;T) is at the estimator's ceiling in at least half of what it measured.

    Empty if the trajectories do not tell.
    """
    flags = trajectories.get("flags", xr.DataArray())
    masks = np.atleast_1d(flags.attrs.get("flag_masks", []))
    by_name = dict(zip(flags.attrs.get("flag_meanings", "").split(), masks, strict=False))
    mask = sum(int(by_name[name]) for name in CEILINGS if name in by_name)
    if not mask:
        return []
    data = trajectories[["i_xt", "flags"]].sel(estimator=estimator)
    is_measured = data["i_xt"].notnull()
    at_ceiling = ((data["flags"] & mask) > 0) & is_measured
    counts, most = (b.sum(["run", "epoch"]).values for b in (at_ceiling, is_measured))
    return [
        int(layer)
        for layer, count, of in zip(trajectories["layer"].values, counts, most, strict=True)
        if count > 0 and 2 * count >= of
    ]


def layer_names(trajectories: xr.Dataset) -> dict[int, str]:
    """The names of layers by number; none if they are named by their numbers."""
    if "layer_name" not in trajectories.coords:
        return {}
    names = map(str, trajectories["layer_name"].values)
    by_layer = dict(zip(map(int, trajectories["layer"].values), names, strict=True))
    return by_layer if any(name != str(layer) for layer, name in by_layer.items()) else {}


def error_rows(trajectories: xr.Dataset) -> pd.DataFrame:
    """One row per run and thinned epoch: train_error and test_error, as rates from 0 to 1."""
    if "train_error" not in trajectories:
        raise InputError(f"{_name(trajectories)}: holds no errors of the networks")
    data = trajectories[["train_error", "test_error"]]
    both = data["train_error"].notnull() & data["test_error"].notnull()
    measured = data["epoch"].values[both.any("run").values]
    if not len(measured):
        raise InputError(
            f"{_name(trajectories)}: holds no errors to draw: only ibnet.train records them"
        )
    return _rows(data.sel(epoch=thin_epochs(measured)))


def maximum_rows(trajectories: xr.Dataset) -> pd.DataFrame:
    """One row per run and layer: the largest finite max_activation over epochs."""
    data = trajectories["max_activation"]
    rows = _rows(data.where(np.isfinite(data)).max("epoch").to_dataset())
    if rows.empty:
        raise InputError(f"{_name(trajectories)}: holds no finite maximum activation")
    return rows


def maximum_by_epoch_rows(trajectories: xr.Dataset) -> pd.DataFrame:
    """One row per run, thinned epoch and layer: max_activation, where it is finite."""
    data = trajectories["max_activation"]
    thinned = data.where(np.isfinite(data)).sel(epoch=thin_epochs(data["epoch"].values))
    rows = _rows(thinned.to_dataset())
    if rows.empty:
        raise InputError(f"{_name(trajectories)}: holds no finite maximum activation")
    return rows


def summarise_runs(rows: pd.DataFrame, by: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """The number of runs of each group, and mean, sd, q10 and q90 of each value over these runs.

    The value i_xt_bits gives i_xt_mean_bits, i_xt_sd_bits, i_xt_q10_bits and i_xt_q90_bits. The
    standard deviation has n - 1 in its divisor; a single run has none. Of fewer than `FEW_RUNS`
    runs, q10 and q90 are the smallest and the largest.
    """
    groups = rows.groupby(list(by), sort=True)
    table = pd.DataFrame({"runs": groups["run"].nunique()})
    few = table["runs"] < FEW_RUNS
    for value in values:
        table[statistic(value, "mean")] = groups[value].mean()
        table[statistic(value, "sd")] = groups[value].std()
        extremes = {"q10": groups[value].min(), "q90": groups[value].max()}
        for name, share in QUANTILES.items():
            quantile = groups[value].quantile(share)
            table[statistic(value, name)] = quantile.where(~few, extremes[name])
    return table.reset_index()


def statistic(value: str, name: str) -> str:
    """The name of the column of a statistic: ("i_xt_bits", "mean") -> "i_xt_mean_bits"."""
    stem, bits, _ = value.partition("_bits")
    return f"{stem}_{name}{bits}"


def by_layer(table: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Each layer and its rows."""
    for layer in np.unique(table["layer"].to_numpy()):
        yield int(layer), table[table["layer"] == layer]


def count_runs(rows: pd.DataFrame) -> int:
    """The number of runs that have any value."""
    return int(rows["run"].nunique())


def distinct_range(low: float, high: float) -> str:
    """A range as text, with as many digits as tell its ends apart.

    >>> distinct_range(0.99112, 0.99148), distinct_range(2.0, 24.4), distinct_range(3.0, 3.0)
    ('0.9911 to 0.9915', '2 to 24.4', '3')
    """
    if low == high:
        return f"{low:.3g}"
    digits = next((d for d in range(3, 17) if f"{low:.{d}g}" != f"{high:.{d}g}"), 17)
    return f"{low:.{digits}g} to {high:.{digits}g}"


def _rows(data: xr.Dataset) -> pd.DataFrame:
    """Tidy rows without missing values, in float64, so that means lose no digits."""
    frame = data.reset_coords(drop=True).to_dataframe().dropna().astype(np.float64)
    return frame.reset_index()


def _name(trajectories: xr.Dataset) -> str:
    return str(trajectories.attrs.get("training", "trajectories"))
