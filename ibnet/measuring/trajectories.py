"""Trajectories: I(X;T) and I(T;Y) by estimator, run, epoch and layer, as labelled arrays."""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mibench.errors import InputError
from mibench.output.files import check_path, whole_file

from .._extra import explain_missing_packages
from ..inputs import INPUTS, Inputs, inputs_of, part_of_inputs
from ..networks.archive import explain_read_errors
from .binding import resolve_for_layers
from .estimates import FAILED, FLAG_BITS, MISSING
from .sources import Measurable, Source, source_of
from .store import RESULT_ARRAYS, StoredResults, stored_results

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr


FILL = {"i_xt": math.nan, "i_ty": math.nan, "flags": 0, "state": MISSING}  # where nothing is stored


def build_trajectories(source: Source, results: Sequence[StoredResults]) -> xr.Dataset:
    """All results by estimator, run, epoch and layer, at the epochs where any was measured."""
    arrays = [_read_arrays(r, source.length) for r in results]
    states = np.stack([by_name["state"] for by_name in arrays])  # (estimator, epoch, run)
    epochs = np.flatnonzero((states != MISSING).any(axis=(0, 2)))
    states = states[:, epochs]
    dims = ("estimator", "epoch", "run", "layer")
    values: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {
        name: (dims, np.stack([by_name[name][epochs] for by_name in arrays]))
        for name in ("i_xt", "i_ty", "flags")
    }
    unmeasured = states == MISSING
    for name in ("i_xt", "i_ty"):
        values[name][1][unmeasured] = np.nan
    values["failed"] = (("estimator", "epoch", "run"), states >= FAILED)
    with explain_read_errors(source.directory):
        training_record = source.record().isel(epoch=epochs).load()
    trajectories = training_record.assign(values).assign_coords(estimator=[r.spec for r in results])
    for name in ("i_xt", "i_ty"):
        trajectories[name].attrs["units"] = "bits"
    trajectories["flags"].attrs = {
        "flag_masks": np.array(list(FLAG_BITS.values()), np.int32),
        "flag_meanings": " ".join(FLAG_BITS),
    }
    trajectories.attrs["failures"] = json.dumps(
        [f"{r.spec}: {text} ({n} epoch-run pairs)" for r in results for text, n in _errors(r)]
    )
    order = ("estimator", "run", "epoch", "layer")
    return trajectories.transpose(*order, missing_dims="ignore")


def _read_arrays(results: StoredResults, length: int) -> dict[str, NDArray[Any]]:
    """The arrays of an estimator, padded to `length` epochs if it was measured on fewer."""
    arrays = {}
    for name in RESULT_ARRAYS:
        values = results.read(name)[:length]
        pad = [(0, length - len(values))] + [(0, 0)] * (values.ndim - 1)
        arrays[name] = np.pad(values, pad, constant_values=FILL[name])
    return arrays


def _errors(results: StoredResults) -> Iterator[tuple[str, int]]:
    """Each error message that occurred, with its number of epoch-run pairs."""
    state = results.read("state")
    for number, text in enumerate(results.messages()):
        count = int((state == FAILED + number).sum())
        if count:
            yield text, count


def read_measured(
    trained: Measurable, specs: Sequence[str] | None = None, *, inputs: Inputs = "all"
) -> xr.Dataset:
    """Read the trajectories that are stored next to the networks, without measuring anything.

    Args:
        trained: networks in a directory.
        specs: the estimators to read, such as "uniform:bins=30"; None: all stored ones.
        inputs: of which inputs, "all", "train" or "test", as in `measure`.

    Returns:
        The trajectories, as from `measure`.

    Raises:
        InputError: if an estimator has no stored results, or if there are none at all.
    """
    source = source_of(trained, inputs)
    if source.length < 1:
        raise InputError(f"{source.directory} holds no epoch: train, or log one, first")
    stored = stored_results(trained, inputs)
    specs = [resolved.spec for resolved in resolve_for_layers(specs)] if specs else None
    missing = [spec for spec in specs or [] if spec not in stored]
    if missing or not stored:
        names = ",".join(missing) or ",".join(source.estimators())
        option, of = (
            ("", "") if inputs == "all" else (f" --inputs {inputs}", f" of {inputs} inputs")
        )
        raise InputError(
            f"{source.directory} holds no measurement{of} by {names}: make it with `mibench ibnet "
            f"measure {source.directory} --estimators {names}{option}`"
            + _advice_on_other_inputs(trained, inputs)
        )
    return build_trajectories(source, [stored[spec] for spec in specs or stored])


def _advice_on_other_inputs(trained: Measurable, inputs: Inputs) -> str:
    """The advice to read what was measured on other inputs, if anything was."""
    for other in INPUTS:
        with suppress(InputError):  # own networks have no train and test inputs
            if other != inputs and (stored := stored_results(trained, other)):
                return f", or read {','.join(stored)} of {other} inputs with --inputs {other}"
    return ""


def failures(trajectories: xr.Dataset) -> list[str]:
    """What failed: one line for each estimator and error, with the number of epoch-run pairs.

    Args:
        trajectories: from `ibnet.measure`.

    Returns:
        The lines; none if nothing failed.
    """
    return [str(line) for line in json.loads(trajectories.attrs.get("failures", "[]"))]


def tidy(trajectories: xr.Dataset, units: str = "bits") -> pd.DataFrame:
    """Trajectories as a table: one row for each measured estimator, run, epoch and layer.

    The first column, `inputs`, is there if only train or only test inputs were measured.
    """
    factor = 1.0 if units == "bits" else math.log(2)
    table = trajectories[["i_xt", "i_ty"]].to_dataframe()[["i_xt", "i_ty"]].dropna() * factor
    names = {"i_xt": f"i_xt_{units}", "i_ty": f"i_ty_{units}"}
    table = table.rename(columns=names).reset_index()
    if "layer_name" in trajectories.coords:
        of_layers = trajectories.layer_name.to_series()
        place = list(table.columns).index("layer") + 1
        table.insert(place, "layer_name", table["layer"].map(of_layers))
    if part_of_inputs(trajectories):
        table.insert(0, "inputs", inputs_of(trajectories))
    return table


def layer_label(trajectories: xr.Dataset, layer: int) -> int | str:
    """The name of a layer of your own network, or its number."""
    if "layer_name" not in trajectories.coords:
        return layer
    return str(trajectories.layer_name.sel(layer=layer).item())


def layer_rows(
    trajectories: xr.Dataset, units: str = "bits"
) -> tuple[list[str], list[list[object]]]:
    """Headings and rows: the information of each layer by each estimator, as means over runs.

    First and last mean the first and last epoch that the estimator measured; sd is over runs.
    """
    factor = 1.0 if units == "bits" else math.log(2)
    headings = [
        "estimator", "layer", "neurons", "runs", "I(X;T) first", "I(X;T) highest", "I(X;T) last",
        "sd of I(X;T)", "I(T;Y) first", "I(T;Y) last", "sd of I(T;Y)",
    ]  # fmt: skip
    rows: list[list[object]] = []
    for spec in trajectories.estimator.values:
        data = trajectories.sel(estimator=spec)
        data = data.isel(epoch=np.flatnonzero(data.i_xt.notnull().any(("run", "layer"))))
        for layer in trajectories.layer.values if data.epoch.size else []:
            x, y = (factor * data[name].sel(layer=layer) for name in ("i_xt", "i_ty"))
            last_x, last_y = x.isel(epoch=-1), y.isel(epoch=-1)
            numbers = (
                x.isel(epoch=0).mean(), x.max("epoch").mean(), last_x.mean(), last_x.std(),
                y.isel(epoch=0).mean(), last_y.mean(), last_y.std(),
            )  # fmt: skip
            width, runs = int(trajectories.width.sel(layer=layer)), int(last_x.notnull().sum())
            name = layer_label(trajectories, int(layer))
            rows.append([str(spec), name, width, runs, *(n.item() for n in numbers)])
    return headings, rows


def save_trajectories(trajectories: xr.Dataset, path: str | Path) -> None:
    """Write trajectories to a netCDF file, which `load_trajectories` and other tools can read.

    Args:
        trajectories: from `measure` or `read_measured`.
        path: the file; it must end in .nc.

    Raises:
        InputError: for another ending, or a file that cannot be written.
    """
    with whole_file(check_path(Path(path), (".nc",), "trajectories")) as part:
        trajectories.to_netcdf(part, engine="scipy")


def load_trajectories(path: str | Path) -> xr.Dataset:
    """Read trajectories from a file that `save_trajectories` wrote.

    Args:
        path: the file.

    Returns:
        The trajectories.

    Raises:
        InputError: for a file that is missing or is no netCDF file.
    """
    try:
        return xr.load_dataset(path, engine="scipy")
    except (OSError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be read as trajectories: {error}") from error
