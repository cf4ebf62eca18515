"""How far each estimator is from the information that `exact` counted, and from its phases."""

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import t as student

from mibench.errors import InputError

from . import _numbers

EXACT = "exact"
NOTABLE = 0.1  # bits: smaller compression, and smaller errors of it, count as none
LEVEL = 0.95  # of intervals over runs

Values = NDArray[np.float64]


def compare_exact(trajectories: xr.Dataset) -> pd.DataFrame:
    """Compare every estimator with the exact information, by layer.

    The error of an estimator is its value minus the exact one, at the epochs that both measured.
    The compression of a run is the largest I(X;T) over these epochs minus that of the last one.

    Args:
        trajectories: from `ibnet.measure`, with the estimator "exact" among them.

    Returns:
        A row for each estimator and layer, "exact" first, with means over the runs, in bits:

        - runs, epochs: how many of them both measured.
        - error_xt, abs_error_xt, error_ty: the error of I(X;T), its size, and that of I(T;Y),
          means over epochs.
        - fitting: by how much I(T;Y) rises above that of the first epoch.
        - compression, its standard deviation over runs, sd_compression, and compressing: the share
          of runs that compress by more than 0.1 bits.
        - error_compression: the estimated compression minus the exact one, with its 95% interval,
          low and high, from the differences of the runs (Student's t; NaN for one run).
        - verdict: "invents" compression if the interval is above 0.1 bits, "hides" it if the
          interval is below -0.1, "agrees" if it is between them, else "unclear".

    Raises:
        InputError: if "exact" is not among the estimators.
    """
    names = _numbers.select_estimators(trajectories, None)
    if EXACT not in names:
        raise InputError(
            "exact is not measured here: measure it, for example with `mibench ibnet measure "
            f"DIRECTORY --estimators {EXACT}`. Networks must be trained with --quantize"
        )
    rows = []
    for name in [EXACT, *(n for n in names if n != EXACT)]:
        pair = trajectories[["i_xt", "i_ty"]].sel(estimator=[EXACT, name]).astype(np.float64)
        measured = pair["i_xt"].notnull().any(("run", "layer")).all("estimator")
        pair = pair.isel(epoch=np.flatnonzero(measured.values))
        if pair.sizes["epoch"]:
            rows += _rows_of(pair.transpose("estimator", "run", "epoch", "layer"), name)
    return pd.DataFrame(rows)


def _rows_of(pair: xr.Dataset, name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, layer in enumerate(pair["layer"].values.tolist()):
        (true_x, x), (true_y, y) = (pair[v].values[..., number] for v in ("i_xt", "i_ty"))
        is_whole = np.isfinite(true_x + x + true_y + y).all(axis=1)  # a run may diverge, or fail
        if not is_whole.any():
            continue
        true_x, x, true_y, y = (values[is_whole] for values in (true_x, x, true_y, y))
        compression = x.max(axis=1) - x[:, -1]
        error = compression - (true_x.max(axis=1) - true_x[:, -1])
        low, high = _interval(error)
        rows.append({
            "estimator": name, "layer": layer, "runs": len(x), "epochs": x.shape[1],
            "error_xt": (x - true_x).mean(), "abs_error_xt": np.abs(x - true_x).mean(),
            "error_ty": (y - true_y).mean(), "fitting": (y.max(axis=1) - y[:, 0]).mean(),
            "compression": compression.mean(),
            "sd_compression": compression.std(ddof=1) if len(x) > 1 else np.nan,
            "compressing": (compression > NOTABLE).mean(),
            "error_compression": error.mean(), "low": low, "high": high,
            "verdict": "" if name == EXACT else _verdict(low, high),
        })  # fmt: skip
    return rows


def _interval(values: Values) -> tuple[float, float]:
    """The interval of the mean over runs."""
    n = len(values)
    if n < 2:
        return np.nan, np.nan
    half = float(student.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return float(values.mean()) - half, float(values.mean()) + half


def _verdict(low: float, high: float) -> str:
    if low > NOTABLE:
        return "invents"
    if high < -NOTABLE:
        return "hides"
    return "agrees" if low >= -NOTABLE and high <= NOTABLE else "unclear"
