"""The numbers of the page of information planes, as values for JSON; None for NaN."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mibench.contract.specs import name_in
from mibench.errors import InputError
from mibench.output.safe import visible

from ..inputs import heading
from . import _numbers, _style
from ._limit import limit_of
from ._plane_grid import MOST_OF_H_X, runs_text

TRUTHS = ("exact", "noisy")  # estimators whose values are true, by name
MAX_STEPS = 100  # epochs of the slider
MAX_RUNS = 40  # single runs; means are over all
FEWEST_COMMON = 20  # epochs that all estimators measured, from which the slider has no others
PARTS = 1000  # of a bit; numbers in the page are whole multiples of 1/PARTS
ERROR_PARTS = 10_000  # of a rate
MAX_FAILURES = 5  # lines
Bits = NDArray[np.float64]


def payload(trajectories: xr.Dataset, estimators: Sequence[str] | None = None) -> dict[str, Any]:
    """Everything that the page shows, as values for JSON; None for NaN.

    Series hold a list for the mean over runs, and then one for each of the runs; in each, a list of
    numbers for each layer, by the estimator's own steps. I(X;T) and I(T;Y) are in 1/1000 bit.
    """
    names = list(dict.fromkeys(_numbers.select_estimators(trajectories, estimators)))
    if not names:
        raise InputError("estimators=[] leaves nothing to show: give at least one")
    data = trajectories[list(_numbers.INFORMATION)].sel(estimator=names)
    data = data.transpose("estimator", "run", "epoch", "layer")
    x, y = (data[name].values for name in _numbers.INFORMATION)
    finite = np.isfinite(x) & np.isfinite(y)
    by_epoch = finite.any(axis=(1, 3))  # (estimator, epoch)
    some = [i for i, measured in enumerate(by_epoch) if measured.any()]
    if not some:
        _numbers.information_rows(trajectories, names[0])  # says why, and what to do
    some.sort(key=lambda i: not _is_truth(names[i]))  # truths first
    epochs = data["epoch"].values
    steps = _steps(epochs, by_epoch[some])
    runs = np.flatnonzero(finite.any(axis=(0, 2, 3)))
    kept = runs[:MAX_RUNS]
    shown = []
    for i in some:
        own_steps = np.flatnonzero(by_epoch[i, steps])  # positions among the steps
        is_finite = finite[i][:, steps[own_steps]]
        values = [
            np.where(is_finite, v[i][:, steps[own_steps]].astype(np.float64), np.nan)
            for v in (x, y)
        ]
        shown.append(_estimator(trajectories, names[i], own_steps, len(steps), values, kept))
    layer_names = _numbers.layer_names(trajectories)
    return {
        "made": date.today().isoformat(),
        "title": heading(str(trajectories.attrs.get("training", "")) or "networks", trajectories),
        "networks": _describe(trajectories, len(runs)),
        "epochs": [int(e) for e in epochs[steps]],
        "runs": [int(r) for r in data["run"].values[kept]],
        "all_runs": len(runs),
        "layers": [
            {
                "number": int(number),
                "name": visible(layer_names.get(int(number), "")),
                "units": int(width),
                "colour": _style.layer_colour(int(number)),
                "marker": _style.layer_marker(int(number)),
            }
            for number, width in zip(data["layer"].values, data["width"].values, strict=True)
        ],
        "estimators": shown,
        "h_x": _limit(trajectories, "h_x_bits"),
        "h_y": _limit(trajectories, "h_y_bits"),
        "i_xy": _limit(trajectories, "i_xy_bits"),
        "curve": limit_of(trajectories).curve.round(5).tolist(),
        "most_of_h_x": MOST_OF_H_X,
        "errors": _errors(trajectories, steps, runs, kept),
        "notes": _notes(trajectories, names, some, by_epoch, len(steps), len(runs)),
    }


def _is_truth(spec: str) -> bool:
    return name_in(spec) in TRUTHS


def _steps(epochs: NDArray[np.integer], measured: NDArray[np.bool_]) -> NDArray[np.integer]:
    """The positions of the epochs of the slider, at most about 100.

    measured: (estimator, epoch). Those that all estimators measured, if they suffice. Otherwise the
    one of each short span of log time that most measured, and the ends of each estimator.
    """
    union, common = np.flatnonzero(measured.any(axis=0)), np.flatnonzero(measured.all(axis=0))
    if len(common) >= min(FEWEST_COMMON, len(union)) and set(common[[0, -1]]) == set(
        union[[0, -1]]
    ):
        thin = _numbers.thin_epochs(epochs[common], MAX_STEPS)
        return common[np.searchsorted(epochs[common], thin)]
    if len(union) <= MAX_STEPS:
        return union
    edges = np.geomspace(max(epochs[union[0]], 1), epochs[union[-1]], MAX_STEPS + 1)[1:-1]
    spans = np.searchsorted(edges, epochs[union], side="right")
    counts = measured[:, union].sum(axis=0)
    best = [
        union[members[counts[members].argmax()]]
        for span in np.unique(spans)
        for members in [np.flatnonzero(spans == span)]
    ]
    ends = [np.flatnonzero(of_estimator)[[0, -1]] for of_estimator in measured]
    return np.unique(np.concatenate([best, *ends]))


def _estimator(
    trajectories: xr.Dataset,
    name: str,
    own_steps: NDArray[np.integer],
    steps: int,
    values: Sequence[Bits],
    kept: NDArray[np.integer],
) -> dict[str, Any]:
    """An estimator for the page. values: I(X;T) and I(T;Y), (run, own step, layer)."""
    return {
        "name": visible(name),
        "truth": _is_truth(name),
        "steps": None if len(own_steps) == steps else own_steps.tolist(),
        "ceiling": _numbers.layers_at_ceiling(trajectories, name),
        "runs": int(np.isfinite(values[0]).any(axis=(1, 2)).sum()),
        "x": _series(values[0], kept),
        "y": _series(values[1], kept),
    }


def _series(values: Bits, kept: NDArray[np.integer]) -> list[Any]:
    """(run, step, layer) as the mean over all runs and then the runs kept: [run][layer][step]."""
    together = np.concatenate([_mean(values)[np.newaxis], values[kept]])
    return _whole(together.transpose(0, 2, 1), PARTS)


def _mean(values: Bits) -> Bits:
    """The mean over runs, the first axis, of the values that are there."""
    count = np.isfinite(values).sum(axis=0)
    total = np.nansum(values, axis=0)
    mean: Bits = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def _whole(values: Bits, parts: int) -> list[Any]:
    """Nested lists of whole multiples of 1 / parts; None for NaN."""
    whole = np.rint(values * parts)
    missing = np.isnan(whole)
    as_objects = np.where(missing, 0, whole).astype(np.int64).astype(object)
    as_objects[missing] = None
    nested: list[Any] = as_objects.tolist()
    return nested


def _limit(trajectories: xr.Dataset, name: str) -> float | None:
    value = float(trajectories.attrs.get(name, np.nan))
    return round(value, 5) if np.isfinite(value) else None


def _errors(
    trajectories: xr.Dataset,
    steps: NDArray[np.integer],
    runs: NDArray[np.integer],
    kept: NDArray[np.integer],
) -> dict[str, list[Any]] | None:
    """Rates in 1/10000, [mean, run, run, ...][step], by kind; None if they are unknown."""
    rates_by_kind = {}
    for kind in ("train", "test"):
        if f"{kind}_error" not in trajectories:
            return None
        rates = trajectories[f"{kind}_error"].transpose("run", "epoch").values[:, steps]
        rates = rates.astype(np.float64)
        if not np.isfinite(rates).any():
            return None
        rates[~np.isfinite(rates)] = np.nan
        together = np.concatenate([_mean(rates[runs])[np.newaxis], rates[kept]])
        rates_by_kind[kind] = _whole(together, ERROR_PARTS)
    return rates_by_kind


def _describe(trajectories: xr.Dataset, runs: int) -> str:
    """What was trained, in one line."""
    get = trajectories.attrs.get
    widths = "-".join(str(int(w)) for w in trajectories["width"].values)
    batch, bits = str(get("batch", "")), get("quantize", 0)
    parts = [
        runs_text(runs),
        f"layers of {widths} units",
        str(get("activation", "")),
        {"": "", "full": "full batch"}.get(batch, f"batches of {batch}"),
        f"quantised to {bits} bits" if bits else "",
    ]
    return visible(", ".join(part for part in parts if part))


def _notes(
    trajectories: xr.Dataset,
    names: Sequence[str],
    some: Sequence[int],
    by_epoch: NDArray[np.bool_],
    steps: int,
    runs: int,
) -> list[str]:
    """What the page leaves out, and what failed, in sentences."""
    measured = int(by_epoch.any(axis=0).sum())
    notes = []
    if steps < measured:
        notes.append(f"{steps} of {measured} measured epochs are shown, evenly on a log scale.")
    if runs > MAX_RUNS:
        notes.append(f"Means are over all {runs} runs. Of single runs, the first {MAX_RUNS} are "
                     "here.")  # fmt: skip
    notes.append("Numbers are rounded to 0.001 bits.")
    nothing = [visible(name) for i, name in enumerate(names) if i not in some]
    if nothing:
        notes.append(f"Nothing is measured by {', '.join(nothing)}.")
    failed = [str(line) for line in json.loads(trajectories.attrs.get("failures", "[]"))]
    notes += [f"Failed: {visible(line)}." for line in failed[:MAX_FAILURES]]
    if len(failed) > MAX_FAILURES:
        notes.append(f"{len(failed) - MAX_FAILURES} more kinds of failures are not listed.")
    return notes
