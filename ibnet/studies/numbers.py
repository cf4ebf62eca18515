"""Compression and test error by condition, and whether they go together."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import stdtrit

from mibench.errors import InputError

LEVEL = 0.95  # of intervals over runs
RESAMPLES = 2000
MIN_RUNS = 3  # of a rank correlation
Values = NDArray[np.float64]


def study_table(study: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Compression and test error of each condition, with 95% intervals over runs.

    The compression of a layer in a run is its largest I(X;T) over the measured epochs minus the
    last. The first condition is compared with each other one run by run: runs of one number share
    their seed. Intervals are those of Student's t.

    Args:
        study: from `ibnet.study`, or any title -> trajectories of the same layers and runs.

    Returns:
        A row for each estimator, condition and layer: runs; compression in bits with low and high;
        test_error, a rate, with error_low and error_high; and change, the compression minus that of
        the first condition, in bits, with change_low and change_high. Runs without finite values
        are left out.

    Raises:
        InputError: for no conditions, or conditions that were not measured by the same estimators.
    """
    rows: list[dict[str, object]] = []
    for estimator in _estimators(study):
        squeezed_by_title = {t: compressions(data, estimator) for t, data in study.items()}
        first = next(iter(squeezed_by_title.values()))
        for title, trajectories in study.items():
            squeezed, error = squeezed_by_title[title], final_errors(trajectories)
            same_layers = squeezed.shape == first.shape
            changes = squeezed - first if same_layers else np.full_like(squeezed, np.nan)
            for place, layer in enumerate(trajectories["layer"].values.tolist()):
                values = squeezed[:, place]
                known = np.isfinite(values)
                low, high = mean_interval(values)
                error_low, error_high = mean_interval(error[known])
                change = changes[:, place]
                change_low, change_high = mean_interval(change)
                rows.append({
                    "estimator": estimator, "condition": title, "layer": layer,
                    "runs": int(known.sum()),
                    "compression": _mean(values), "low": low, "high": high,
                    "test_error": _mean(error[known]), "error_low": error_low,
                    "error_high": error_high, "change": _mean(change), "change_low": change_low,
                    "change_high": change_high,
                })  # fmt: skip
    return pd.DataFrame(rows)


def study_ranks(study: Mapping[str, xr.Dataset], *, seed: int = 0) -> pd.DataFrame:
    """Whether compression and test error go together: Spearman's rank correlation, by layer.

    Args:
        study: from `ibnet.study`.
        seed: of the bootstrap, which draws run numbers, in all conditions together, since runs of
            one number share their seed.

    Returns:
        A row for each estimator and layer: within, the mean over conditions of the correlation over
        the runs of a condition, and between, the correlation over all runs of all conditions, each
        with a 95% interval, low and high. NaN where compression or error is the same in all runs,
        or runs are fewer than 3.

    Raises:
        InputError: as `study_table`.
    """
    rows: list[dict[str, object]] = []
    rng = np.random.default_rng(seed)
    for estimator in _estimators(study):
        pairs = [(compressions(d, estimator), final_errors(d)) for d in study.values()]
        runs = min(len(error) for _, error in pairs)
        for place in range(max(squeezed.shape[1] for squeezed, _ in pairs)):
            having = [(s[:runs, place], e[:runs]) for s, e in pairs if place < s.shape[1]]
            squeezed, errors = (np.stack(values) for values in zip(*having, strict=True))
            is_whole = np.isfinite(squeezed + errors).all(axis=0)
            squeezed, errors = squeezed[:, is_whole], errors[:, is_whole]
            n = int(is_whole.sum())
            draws = rng.integers(n, size=(RESAMPLES, n)) if n >= MIN_RUNS else None
            row: dict[str, object] = {"estimator": estimator, "layer": place + 1, "runs": n}
            for name, correlation in (("within", _within), ("between", _between)):
                values = [np.nan] * 3
                if draws is not None:
                    values = _with_interval(correlation, squeezed, errors, draws)
                row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
            rows.append(row)
    return pd.DataFrame(rows)


def _with_interval(
    correlation: Callable[[Values, Values], Values],
    squeezed: Values,
    errors: Values,
    draws: NDArray[np.int64],
) -> list[float]:
    """A correlation with its bootstrap interval. draws: (resamples, runs), numbers of runs."""
    value = float(correlation(squeezed[:, None], errors[:, None])[0])
    if not np.isfinite(value):
        return [value, np.nan, np.nan]
    values = correlation(squeezed[:, draws], errors[:, draws])
    return [value, *np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()]


def compressions(trajectories: xr.Dataset, estimator: str) -> Values:
    """(runs, layers) The largest I(X;T) over the measured epochs minus the last, in bits."""
    data = trajectories["i_xt"].sel(estimator=estimator)
    data = data.transpose("run", "epoch", "layer")
    values = data.isel(epoch=data.notnull().any(("run", "layer")).values).values.astype(np.float64)
    if not values.shape[1]:
        return np.full((values.shape[0], values.shape[2]), np.nan)
    squeezed: Values = values.max(axis=1) - values[:, -1]  # NaN where a run diverged
    return squeezed


def final_errors(trajectories: xr.Dataset) -> Values:
    """(runs,) The test error of the last epoch, a rate."""
    errors: Values = trajectories["test_error"].isel(epoch=-1).values.astype(np.float64)
    return errors


def mean_interval(values: Values) -> tuple[float, float]:
    """The interval of the mean of finite values; NaN for fewer than two."""
    values = values[np.isfinite(values)]
    n = len(values)
    if n < 2:
        return np.nan, np.nan
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2) * values.std(ddof=1) / np.sqrt(n))
    return float(values.mean()) - half, float(values.mean()) + half


def _mean(values: Values) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else np.nan


def _within(a: Values, b: Values) -> Values:
    """(draws,) The mean over conditions of Spearman's correlation; a, b: (conditions, draws, n)."""
    by_condition = _correlation(_ranks(a), _ranks(b))
    known = np.isfinite(by_condition)
    with np.errstate(invalid="ignore"):
        mean: Values = np.where(known, by_condition, 0).sum(axis=0) / known.sum(axis=0)
    return mean


def _between(a: Values, b: Values) -> Values:
    """(draws,) Spearman's correlation over all conditions."""
    together = [np.moveaxis(v, 0, 1).reshape(v.shape[1], -1) for v in (a, b)]
    return _correlation(*map(_ranks, together))


def _ranks(values: Values) -> Values:
    """Ranks along the last axis; equal values share theirs."""
    from scipy.stats import rankdata  # takes half a second to import

    ranks: Values = rankdata(values, axis=-1)
    return ranks


def _correlation(a: Values, b: Values) -> Values:
    """Pearson's correlation along the last axis; NaN where one side is constant."""
    a = a - a.mean(axis=-1, keepdims=True)
    b = b - b.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Values = (a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    return result


def _estimators(study: Mapping[str, xr.Dataset]) -> list[str]:
    """The estimators of all conditions."""
    if not study:
        raise InputError("no conditions: give what ibnet.study returns")
    measured = [list(map(str, data["estimator"].values)) for data in study.values()]
    shared = [name for name in measured[0] if all(name in others for others in measured)]
    if not shared:
        raise InputError("no estimator measured all conditions: measure them with the same ones")
    return shared
