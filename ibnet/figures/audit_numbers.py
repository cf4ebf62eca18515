"""How far each estimator is from the true information, and from its compression."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mibench.errors import InputError

from ..studies.numbers import mean_interval
from . import _numbers

TRUTHS = ("exact", "noisy")
NOTABLE = 0.1  # bits: smaller compression, and smaller errors of it, count as none

Values = NDArray[np.float64]


def audit(trajectories: xr.Dataset, truth: str | None = None) -> pd.DataFrame:
    """Compare every estimator with the true information, by layer.

    The truth is "exact", the counted information of quantised layers, or "noisy", that of layers
    with noise. The error of an estimator is its value minus the true one, at the epochs that both
    measured. The compression of a run is the largest I(X;T) over these epochs minus that of the
    last one.

    Args:
        trajectories: from `ibnet.measure`, with the truth among its estimators.
        truth: which estimator; None: "exact" if it was measured, else the first "noisy".

    Returns:
        A row for each estimator and layer, the truth first, with means over the runs, in bits:

        - runs, epochs: how many of them both measured.
        - error_xt, abs_error_xt, error_ty: the error of I(X;T), its size, and that of I(T;Y),
          means over epochs.
        - fitting: by how much I(T;Y) rises above that of the first epoch.
        - compression, and compressing: the share of runs that compress by more than 0.1 bits.
        - error_compression: the estimated compression minus the true one, with its 95% interval,
          low and high, from the differences of the runs (Student's t; NaN for one run).
        - verdict: "invents" compression if the interval is above 0.1 bits, "hides" it if the
          interval is below -0.1, "agrees" if it is between them, else "unclear".

    Raises:
        InputError: if the truth is not among the estimators.
    """
    names = _numbers.select_estimators(trajectories, None)
    truth = truth_of(names) if truth is None else truth
    if truth not in names:
        raise InputError(
            "no truth is measured here: measure noisy, or exact for networks that were trained "
            "with --quantize, for example with `mibench ibnet measure DIRECTORY --estimators noisy`"
        )
    rows = []
    for name in [truth, *(n for n in names if n != truth)]:
        pair = trajectories[["i_xt", "i_ty"]].sel(estimator=[truth, name]).astype(np.float64)
        measured = pair["i_xt"].notnull().any(("run", "layer")).all("estimator")
        pair = pair.isel(epoch=np.flatnonzero(measured.values))
        if pair.sizes["epoch"]:
            rows += _rows_of(
                pair.transpose("estimator", "run", "epoch", "layer"), name, is_truth=name == truth
            )
    return pd.DataFrame(rows)


def truth_of(names: Sequence[str]) -> str | None:
    """The first of these estimators that gives true values, and `exact` before `noisy`."""
    for truth in TRUTHS:
        for name in names:
            if name.partition(":")[0] == truth:
                return name
    return None


def _rows_of(pair: xr.Dataset, name: str, is_truth: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, layer in enumerate(pair["layer"].values.tolist()):
        (true_x, x), (true_y, y) = (pair[v].values[..., number] for v in ("i_xt", "i_ty"))
        is_whole = np.isfinite(true_x + x + true_y + y).all(axis=1)  # a run may diverge, or fail
        if not is_whole.any():
            continue
        true_x, x, true_y, y = (values[is_whole] for values in (true_x, x, true_y, y))
        compression = x.max(axis=1) - x[:, -1]
        error = compression - (true_x.max(axis=1) - true_x[:, -1])
        low, high = mean_interval(error)
        rows.append({
            "estimator": name, "layer": layer, "runs": len(x), "epochs": x.shape[1],
            "error_xt": (x - true_x).mean(), "abs_error_xt": np.abs(x - true_x).mean(),
            "error_ty": (y - true_y).mean(), "fitting": (y.max(axis=1) - y[:, 0]).mean(),
            "compression": compression.mean(),
            "sd_compression": compression.std(ddof=1) if len(x) > 1 else np.nan,
            "compressing": (compression > NOTABLE).mean(),
            "error_compression": error.mean(), "low": low, "high": high,
            "verdict": "" if is_truth else _verdict(low, high),
        })  # fmt: skip
    return rows


def _verdict(low: float, high: float) -> str:
    if low > NOTABLE:
        return "invents"
    if high < -NOTABLE:
        return "hides"
    return "agrees" if low >= -NOTABLE and high <= NOTABLE else "unclear"
