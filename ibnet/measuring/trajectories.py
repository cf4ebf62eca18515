"""Trajectories: I(X;T) and I(T;Y) by estimator, run, epoch and layer, as labelled arrays."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mibench.errors import InputError
from mibench.output.files import check_path, whole_file

from .._extra import needs
from ..networks.archive import explain_read_errors, stored_array
from ..networks.trained import Trained
from .binding import resolve_for_layers
from .cells import FAILED, FLAG_BITS, MISSING
from .store import RESULT_ARRAYS, StoredResults, stored_results

with needs("xarray", "zarr"):
    import xarray as xr


def trajectories(trained: Trained, measured: Sequence[StoredResults]) -> xr.Dataset:
    """All results by estimator, run, epoch and layer, at the epochs where any was measured."""
    kept = [_read(m, trained.epochs + 1) for m in measured]
    states = np.stack([one["state"] for one in kept])  # (estimator, epoch, run)
    epochs = np.flatnonzero((states != MISSING).any(axis=(0, 2)))
    states = states[:, epochs]
    values: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {
        name: (("estimator", "epoch", "run", "layer"), np.stack([k[name][epochs] for k in kept]))
        for name in ("i_xt", "i_ty", "flags")
    }
    unmeasured = states == MISSING
    for name in ("i_xt", "i_ty"):
        values[name][1][unmeasured] = np.nan
    values["failed"] = (("estimator", "epoch", "run"), states >= FAILED)
    networks = trained.dataset.isel(epoch=epochs)
    with explain_read_errors(trained.directory):
        notes = networks.drop_vars(["weights", "min_activation"]).load()
    found = notes.assign(values).assign_coords(estimator=[m.spec for m in measured])
    for name in ("i_xt", "i_ty"):
        found[name].attrs["units"] = "bits"
    found["flags"].attrs = {
        "flag_masks": np.array(list(FLAG_BITS.values()), np.int32),
        "flag_meanings": " ".join(FLAG_BITS),
    }
    found.attrs["failures"] = json.dumps(
        [f"{m.spec}: {text} ({n} cells)" for m in measured for text, n in _errors(m)]
    )
    order = ("estimator", "run", "epoch", "layer")
    return found.transpose(*order, missing_dims="ignore")


def _read(measured: StoredResults, length: int) -> dict[str, NDArray[Any]]:
    """An estimator's arrays for `length` epochs; of a lengthened training it may know fewer."""
    found = {}
    for name in RESULT_ARRAYS:
        stored = stored_array(measured.group, name)
        with measured.reading():
            values = stored[:length]
        pad = [(0, length - len(values))] + [(0, 0)] * (values.ndim - 1)
        found[name] = np.pad(values, pad, constant_values=stored.fill_value)
    return found


def _errors(measured: StoredResults) -> Iterator[tuple[str, int]]:
    state = stored_array(measured.group, "state")[: measured.length]
    for number, text in enumerate(measured.messages()):
        count = int((state == FAILED + number).sum())
        if count:
            yield text, count


def read_measured(trained: Trained, specs: Sequence[str] | None = None) -> xr.Dataset:
    """The trajectories that are kept beside the networks, without measuring anything.

    specs: which estimators'; None: all of them.
    """
    found = stored_results(trained)
    specs = [one.spec for one in resolve_for_layers(specs)] if specs else None
    lacking = [s for s in specs or [] if s not in found]
    if lacking or not found:
        wanted = ",".join(lacking) or ",".join(trained.setting.estimators)
        raise InputError(
            f"{trained.directory} holds no measurement by {wanted}: make it with `mibench ibnet "
            f"measure {trained.directory} --estimators {wanted}`"
        )
    return trajectories(trained, [found[s] for s in specs or found])


def failures(found: xr.Dataset) -> list[str]:
    """What failed in trajectories, in words, with the number of cells."""
    return [str(line) for line in json.loads(found.attrs.get("failures", "[]"))]


def tidy(found: xr.Dataset, units: str = "bits") -> pd.DataFrame:
    """Trajectories as a table, a row for each estimator, run, epoch and layer measured."""
    factor = 1.0 if units == "bits" else math.log(2)
    table = found[["i_xt", "i_ty"]].to_dataframe()[["i_xt", "i_ty"]].dropna() * factor
    names = {"i_xt": f"i_xt_{units}", "i_ty": f"i_ty_{units}"}
    return table.rename(columns=names).reset_index()


def layer_rows(found: xr.Dataset, units: str = "bits") -> tuple[list[str], list[list[object]]]:
    """Headings and rows: the information of each layer under each estimator, means over runs.

    First and last are the first and last epoch that the estimator measured; sd is over runs.
    """
    factor = 1.0 if units == "bits" else math.log(2)
    headings = [
        "estimator", "layer", "neurons", "runs", "I(X;T) first", "I(X;T) highest", "I(X;T) last",
        "sd of I(X;T)", "I(T;Y) first", "I(T;Y) last", "sd of I(T;Y)",
    ]  # fmt: skip
    rows: list[list[object]] = []
    for spec in found.estimator.values:
        one = found.sel(estimator=spec)
        one = one.isel(epoch=np.flatnonzero(one.i_xt.notnull().any(("run", "layer"))))
        for layer in found.layer.values if one.epoch.size else []:
            x, y = (factor * one[name].sel(layer=layer) for name in ("i_xt", "i_ty"))
            last_x, last_y = x.isel(epoch=-1), y.isel(epoch=-1)
            parts = (
                x.isel(epoch=0).mean(), x.max("epoch").mean(), last_x.mean(), last_x.std(),
                y.isel(epoch=0).mean(), last_y.mean(), last_y.std(),
            )  # fmt: skip
            width, runs = int(found.width.sel(layer=layer)), int(last_x.notnull().sum())
            rows.append([str(spec), int(layer), width, runs, *(p.item() for p in parts)])
    return headings, rows


def save_trajectories(found: xr.Dataset, path: str | Path) -> None:
    """Write trajectories to one netCDF file, to be read by `load_trajectories` or any tool."""
    with whole_file(check_path(Path(path), (".nc",), "trajectories")) as part:
        found.to_netcdf(part, engine="scipy")


def load_trajectories(path: str | Path) -> xr.Dataset:
    """Trajectories from a file of `save_trajectories`."""
    try:
        return xr.load_dataset(path, engine="scipy")
    except (OSError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be read as trajectories: {error}") from error
