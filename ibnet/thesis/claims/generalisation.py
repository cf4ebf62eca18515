"""Claim 20 by layer: how I(X;T) goes with the test error over the runs, with controls."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ...settings import ADAPTIVE
from .bootstrap import RESAMPLES, counts_of, quantile_interval
from .claims_11_to_15 import DEAD_ERROR
from .parts import MIN_RUNS, hidden
from .ranks import given_third, rank_correlations
from .runs import CompleteRuns, Source, TrajectoryReader
from .statistics import compression
from .windows import Floats

ACTIVATIONS = ("tanh", "relu", "elu", "relu6")
ALL_HIDDEN = "all hidden"

# Key -> heading. What is correlated with the test error at the end.
QUANTITIES = {
    "end": "I(X;T) at the end",
    "start": "I(X;T) at epoch 0",
    "given_train_error": "at the end, given the training error",
    "given_start": "at the end, given I(X;T) at epoch 0",
    "without_dead": "at the end, without dead networks",
    "fall": "fall of I(X;T) from its peak",
}


def generalisation_table(trainings: Mapping[str, xr.Dataset], seed: int = 0) -> pd.DataFrame:
    """Spearman correlations of I(X;T) with the test error, by activation, layer and quantity.

    Args:
        trainings: as for `claims_table`; those that are missing or have fewer than three complete
            runs are left out.
        seed: of the bootstrap.

    Returns:
        One row for each training, layer ("T1" ... "T6" and "all hidden", the sum over hidden
        layers) and quantity (`QUANTITIES`): rho, its 95 % percentile bootstrap interval over runs,
        and the number of runs. rho is NaN where a quantity is the same in all runs.
    """
    reader = TrajectoryReader(trainings)
    rows: list[dict[str, object]] = []
    for place, activation in enumerate(ACTIVATIONS):
        source = Source(f"{activation}-256", ADAPTIVE)
        if reader.missing([source]):
            continue
        [runs] = reader.get([source])
        if len(runs) >= MIN_RUNS:
            rows += _rows(runs, seed=[seed, place])
    columns = ["training", "layer", "quantity", "rho", "low", "high", "runs"]
    return pd.DataFrame(rows, columns=columns)


def _rows(runs: CompleteRuns, seed: list[int]) -> list[dict[str, object]]:
    learned = runs.train_error[:, -1] <= DEAD_ERROR
    rng = np.random.default_rng(seed)
    every = _correlations(runs, np.ones(len(runs), np.bool_), rng)
    living = _correlations(runs, learned, rng) if learned.sum() >= MIN_RUNS else None
    rows = []
    for key in QUANTITIES:
        of_quantity = every.get(key) if key != "without_dead" else (living or {}).get("end")
        if of_quantity is None:
            continue
        for layer, name in enumerate(_layer_names(runs)):
            low, high = quantile_interval(of_quantity[1:, layer])
            rows.append(
                {
                    "training": runs.training, "layer": name, "quantity": key,
                    "rho": of_quantity[0, layer], "low": low, "high": high,
                    "runs": int(learned.sum()) if key == "without_dead" else len(runs),
                }
            )  # fmt: skip
    return rows


def _layer_names(runs: CompleteRuns) -> list[str]:
    return [ALL_HIDDEN, *(f"T{n}" for n in range(1, runs.i_xt.shape[2] + 1))]


def _correlations(
    runs: CompleteRuns, included: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, Floats]:
    """Correlations with the test error, by quantity: (1 + resample, 1 + layer).

    The first row is that of the runs as they are.
    """
    end, start = (_with_sum(runs.i_xt[:, place]) for place in (-1, 0))
    fall = _with_sum(compression(runs.i_xt))
    errors = np.column_stack([runs.test_error[:, -1], runs.train_error[:, -1]])
    sample = np.hstack([errors, end, start, fall])[included]
    total = len(sample)
    draws = np.vstack([np.arange(total), rng.integers(0, total, (RESAMPLES, total))])
    rho = rank_correlations(sample, counts_of(draws))
    layers = end.shape[1]
    ends, starts, falls = (slice(2 + i * layers, 2 + (i + 1) * layers) for i in range(3))
    with_start = np.diagonal(rho[:, ends, starts], axis1=1, axis2=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "end": rho[:, 0, ends],
            "start": rho[:, 0, starts],
            "fall": rho[:, 0, falls],
            "given_train_error": given_third(rho[:, 0, ends], rho[:, 1, ends], rho[:, 0, 1, None]),
            "given_start": given_third(rho[:, 0, ends], with_start, rho[:, 0, starts]),
        }


def _with_sum(values: Floats) -> Floats:
    """The sum over hidden layers before the layers: (run, layer) -> (run, 1 + layer)."""
    return np.column_stack([hidden(values).sum(axis=1), values])
