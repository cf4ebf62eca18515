"""Do the phases of the gradients and those of compression coincide?"""

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ..studies.numbers import mean_interval

COMPRESSION = 0.1  # bits: with less, a layer of a run has no phase of compression
Values = NDArray[np.float64]


def phase_table(trajectories: xr.Dataset, gradients: xr.Dataset) -> pd.DataFrame:
    """When the gradients begin to diffuse, and when compression begins, by estimator and layer.

    Diffusion begins at the first epoch after the largest ratio of signal to noise at which noise
    exceeds signal. Compression begins at the epoch of the largest I(X;T), where the last one is at
    least 0.1 bits smaller. Epoch 0 counts as 0.5, since ratios are of epochs.

    Args:
        trajectories: from `ibnet.measure`.
        gradients: from `ibnet.gradient_noise`, of the same networks.

    Returns:
        A row for each estimator and layer: runs with both phases; diffusion and compression, the
        geometric means of the epochs in which they begin; ratio, that of compression to diffusion,
        with its 95% interval, ratio_low and ratio_high (Student's t of the logarithms); and
        correlation, Spearman's over runs, NaN for fewer than 3 runs.
    """
    from scipy.stats import spearmanr  # takes half a second to import

    rows = []
    diffusion = diffusion_epochs(gradients)
    for estimator in map(str, trajectories["estimator"].values):
        begins = compression_epochs(trajectories, estimator)
        for place, layer in enumerate(gradients["layer"].values.tolist()):
            first, second = (np.log(np.maximum(v[:, place], 0.5)) for v in (diffusion, begins))
            both = np.isfinite(first + second)
            low, high = mean_interval((second - first)[both])
            rank = np.nan
            if both.sum() >= 3 and np.ptp(first[both]) > 0 and np.ptp(second[both]) > 0:
                rank = float(spearmanr(first[both], second[both]).statistic)
            rows.append({
                "estimator": estimator, "layer": layer, "runs": int(both.sum()),
                "diffusion": _geometric(first[both]), "compression": _geometric(second[both]),
                "ratio": _geometric((second - first)[both]), "ratio_low": np.exp(low),
                "ratio_high": np.exp(high), "correlation": rank,
            })  # fmt: skip
    return pd.DataFrame(rows)


def phase_rows(table: pd.DataFrame) -> tuple[list[str], list[list[object]]]:
    """Headings and rows of a `phase_table` to read."""

    def shown(*values: float) -> list[str]:
        return ["" if value != value else f"{value:.3g}" for value in values]

    headings = ["estimator", "layer", "runs", "diffusion", "compression", "ratio", "correlation"]
    rows: list[list[object]] = []
    for row in table.to_dict("records"):
        ratio, low, high = shown(row["ratio"], row["ratio_low"], row["ratio_high"])
        span = f"{ratio} ({low} to {high})" if low else ratio
        first = shown(row["diffusion"], row["compression"])
        rows.append([
            row["estimator"], row["layer"], row["runs"], *first, span, *shown(row["correlation"]),
        ])  # fmt: skip
    return headings, rows


def diffusion_epochs(gradients: xr.Dataset) -> Values:
    """(runs, layers) The first epoch after that of the largest ratio with more noise than signal.

    NaN if there is none. Later epochs whose ratio is above 1 by chance change nothing.
    """
    ordered = gradients.transpose("run", "epoch", "layer")
    ratio = (ordered["signal"] / ordered["noise"]).values
    epochs = ordered["epoch"].values.astype(np.float64)
    largest = np.where(np.isfinite(ratio), ratio, -1.0).argmax(axis=1)
    after = np.arange(len(epochs))[:, np.newaxis] >= largest[:, np.newaxis]
    diffuses = after & (ratio < 1)
    return np.where(diffuses.any(axis=1), epochs[diffuses.argmax(axis=1)], np.nan)


def compression_epochs(trajectories: xr.Dataset, estimator: str) -> Values:
    """(runs, layers) The epoch of the largest I(X;T), from which it falls; NaN if it does not."""
    data = trajectories["i_xt"].sel(estimator=estimator).transpose("run", "epoch", "layer")
    data = data.isel(epoch=data.notnull().any(("run", "layer")).values)
    values, epochs = data.values.astype(np.float64), data["epoch"].values.astype(np.float64)
    whole = np.isfinite(values).all(axis=1)
    values = np.where(np.isfinite(values), values, -np.inf)
    falls = whole & (values.max(axis=1) - values[:, -1] >= COMPRESSION)
    return np.where(falls, epochs[values.argmax(axis=1)], np.nan)


def _geometric(logs: Values) -> float:
    return float(np.exp(logs.mean())) if len(logs) else np.nan
