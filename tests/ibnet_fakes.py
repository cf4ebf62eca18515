"""Synthetic trajectories in the form of `ibnet.measure`: fitting, then compression, with noise."""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

H_Y_BITS = 0.99916


def make_trajectories(
    training: str = "tanh-256",
    estimators: Sequence[str] = ("uniform:bins=30", "adaptive:bins=30"),
    *,
    runs: int = 40,
    epochs: int = 8000,
    widths: Sequence[int] = (10, 7, 5, 4, 3, 2),
    sparse: Sequence[str] = ("kde", "knn"),
    seed: int = 0,
) -> xr.Dataset:
    """Trajectories of epochs 0..epochs; estimators named in `sparse` at about 60 of them.

    I(X;T) rises with the log of the epoch and falls again, more in deeper layers; adaptive
    estimators start high. Maximum activations vary log-normally between runs unless tanh.
    """
    rng = np.random.default_rng(seed)
    activation, batch = training.split("-") if "-" in training else ("relu", "256")
    layers = len(widths)
    all_epochs = np.arange(epochs + 1)
    time = np.log1p(all_epochs)[:, None] / np.log(8001)  # (epoch, 1)
    depth = np.arange(layers) / max(layers - 1, 1)  # 0 for the first layer, 1 for the last
    spread = rng.normal(0, 1, (runs, 1, layers))

    i_xt, i_ty = [], []
    for name in estimators:
        start = 11.5 - (8 if name.startswith("uniform") else 5) * depth**1.2
        fit = 4.0 * depth * _sigmoid((time - 0.45) / 0.06)
        fall = (0.5 + 5.5 * depth) * _sigmoid((time - 0.78) / 0.05)
        fall = fall if activation != "relu" or name.startswith("adaptive") else 0.1 * fall
        xt = start + fit - fall + depth * spread * (0.4 + 0.6 * time)
        xt = xt + rng.normal(0, 0.05, (runs, epochs + 1, layers))
        ty = 0.25 + 0.7 * (1 - depth) ** 0.7 + 0.65 * depth * _sigmoid((time - 0.5) / 0.08)
        ty = ty + 0.05 * spread * depth * (1.2 - time)
        ty = np.where(name.startswith("adaptive"), ty + 0.04, ty)
        ty = ty + rng.normal(0, 0.004, (runs, epochs + 1, layers))
        xt, ty = np.clip(xt, 0.02, 12), np.clip(ty, 0.0, H_Y_BITS)
        if name.startswith(tuple(sparse)):
            unmeasured = np.setdiff1d(all_epochs, np.geomspace(1, epochs, 60).astype(int))
            xt[:, unmeasured], ty[:, unmeasured] = np.nan, np.nan
        i_xt.append(xt)
        i_ty.append(ty)

    error = 0.5 - 0.46 * _sigmoid((time[:, 0] - 0.5) / 0.07)
    error = error + 0.02 * rng.normal(size=(runs, 1)) * (1.3 - time[:, 0])
    dims = ("estimator", "run", "epoch", "layer")
    return xr.Dataset(
        {
            "i_xt": (dims, np.array(i_xt, dtype=np.float32)),
            "i_ty": (dims, np.array(i_ty, dtype=np.float32)),
            "train_error": (dims[1:3], np.clip(error, 0, 1).astype(np.float32)),
            "test_error": (dims[1:3], np.clip(error + 0.02 * time[:, 0], 0, 1).astype(np.float32)),
            "max_activation": (dims[1:], _maxima(rng, activation, runs, time, layers)),
        },
        coords={
            "estimator": list(estimators),
            "run": np.arange(runs),
            "epoch": all_epochs,
            "layer": np.arange(1, layers + 1),
            "width": ("layer", list(widths)),
        },
        attrs={
            "setting": json.dumps({"name": training}),
            "training": training,
            "activation": activation,
            "batch": batch,
            "h_x_bits": 12.0,
            "h_y_bits": H_Y_BITS,
        },
    )


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))


def _maxima(
    rng: np.random.Generator, activation: str, runs: int, time: NDArray[np.float64], layers: int
) -> NDArray[np.float32]:
    """Maximum activation (run, epoch, layer): saturated for tanh, growing otherwise."""
    growth = np.exp(rng.normal(2.2, 0.45, (runs, 1, 1))) * rng.uniform(0.5, 1, (runs, 1, layers))
    maxima = 2 + growth * time[None] ** 2
    if activation == "tanh":
        maxima = 1 - 0.1 * np.exp(-maxima * 3)
    elif activation == "relu6":
        maxima = np.minimum(maxima, 6)
    maxima[..., -1] = 0.6 + 0.4 * time[:, 0]  # softmax
    return maxima.astype(np.float32)
