"""From trajectories to the tidy tables that figures draw: thinned epochs, means, quantiles."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mibench.errors import InputError

POINTS = 200  # log-spaced epochs of a curve; of 8000, about 160 different ones
QUANTILES = {"q10": 0.1, "q90": 0.9}  # the spread over runs that bands and bars show
INFORMATION = {"i_xt": "i_xt_bits", "i_ty": "i_ty_bits"}

Trainings = xr.Dataset | Mapping[str, xr.Dataset]


def by_training(trainings: Trainings) -> dict[str, xr.Dataset]:
    """Title -> trajectories; a single data set goes by its training's name."""
    if isinstance(trainings, xr.Dataset):
        return {str(trainings.attrs.get("training", "")): trainings}
    if not trainings:
        raise InputError("no trajectories to draw: give at least one training")
    return dict(trainings)


def chosen(trajectories: xr.Dataset, estimators: Sequence[str] | None) -> list[str]:
    """The estimators asked for, or all of them."""
    known = [str(name) for name in trajectories["estimator"].values]
    if estimators is None:
        return known
    if isinstance(estimators, str):
        raise InputError(f"estimators={estimators!r} must be a list: give [{estimators!r}]")
    for name in estimators:
        if name not in known:
            raise InputError(f"estimator {name!r} is not measured here: {', '.join(known)} are")
    return list(estimators)


def thin(epochs: NDArray[np.integer], points: int = POINTS) -> NDArray[np.integer]:
    """The first, the last, and those nearest to `points` log-spaced ones between them."""
    if len(epochs) <= points:
        return epochs
    targets = np.geomspace(max(epochs[0], 1), epochs[-1], points)
    right = np.searchsorted(epochs, targets).clip(1, len(epochs) - 1)
    nearer = targets - epochs[right - 1] < epochs[right] - targets
    return np.unique(np.concatenate([epochs[:1], epochs[right - nearer]]))


def information(trajectories: xr.Dataset, estimator: str) -> pd.DataFrame:
    """One row a run, epoch and layer at which an estimator gave both I(X;T) and I(T;Y), in bits.

    Epochs are thinned among those measured. Raises InputError if there are none.
    """
    data = trajectories[list(INFORMATION)].sel(estimator=estimator, drop=True)
    finite = data.map(np.isfinite).to_array().all("variable")
    measured = data["epoch"].values[finite.any(["run", "layer"]).values]
    if not len(measured):
        raise InputError(
            f"{_name(trajectories)}: nothing is measured by {estimator!r}: measure it first, or "
            "leave it out"
        )
    return _rows(data.where(finite).sel(epoch=thin(measured)).rename(INFORMATION))


def errors(trajectories: xr.Dataset) -> pd.DataFrame:
    """One row a run and thinned epoch: train_error and test_error, as rates from 0 to 1."""
    data = trajectories[["train_error", "test_error"]]
    measured = data["epoch"].values[data["train_error"].notnull().any("run").values]
    if not len(measured):
        raise InputError(f"{_name(trajectories)}: holds no errors to draw: train it first")
    return _rows(data.sel(epoch=thin(measured)))


def maxima(trajectories: xr.Dataset) -> pd.DataFrame:
    """One row a run and layer: the largest finite max_activation over epochs."""
    data = trajectories["max_activation"]
    rows = _rows(data.where(np.isfinite(data)).max("epoch").to_dataset())
    if rows.empty:
        raise InputError(f"{_name(trajectories)}: holds no finite maximum activation")
    return rows


def over_runs(rows: pd.DataFrame, by: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """How many runs each group has, and each value's mean, q10 and q90 over them.

    `i_xt_bits` becomes i_xt_mean_bits, i_xt_q10_bits, i_xt_q90_bits.
    """
    groups = rows.groupby(list(by), sort=True)
    table = pd.DataFrame({"runs": groups["run"].nunique()})
    for value in values:
        table[statistic(value, "mean")] = groups[value].mean()
        for name, share in QUANTILES.items():
            table[statistic(value, name)] = groups[value].quantile(share)
    return table.reset_index()


def statistic(value: str, name: str) -> str:
    """The column of a statistic of a value: ("i_xt_bits", "mean") -> "i_xt_mean_bits"."""
    stem, bits, _ = value.partition("_bits")
    return f"{stem}_{name}{bits}"


def by_layer(table: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Each layer and its rows."""
    for layer in np.unique(table["layer"].to_numpy()):
        yield int(layer), table[table["layer"] == layer]


def count_runs(rows: pd.DataFrame) -> int:
    """How many runs have any value."""
    return int(rows["run"].nunique())


def _rows(data: xr.Dataset) -> pd.DataFrame:
    """Tidy rows without missing values, in double precision, so that means lose no digit."""
    frame = data.reset_coords(drop=True).to_dataframe().dropna().astype(np.float64)
    return frame.reset_index()


def _name(trajectories: xr.Dataset) -> str:
    return str(trajectories.attrs.get("training", "trajectories"))
