"""Bootstrap: a number computed from runs, with its 95 % interval."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .windows import Floats, Ints

RESAMPLES = 2000
LEVEL = 0.95

Reduce = Callable[[Floats, Ints], Floats]


def resampled_means(sample: Floats, draws: Ints) -> Floats:
    """Means over resampled runs: sample (run, m), draws (resample, run) -> (resample, m)."""
    resamples, runs = draws.shape
    positions = draws + runs * np.arange(resamples)[:, None]
    counts = np.bincount(positions.ravel(), minlength=draws.size).reshape(draws.shape)
    total: Floats = counts @ sample
    total /= runs
    return total


def resampled_deciles(sample: Floats, draws: Ints) -> Floats:
    """10th and 90th percentile over resampled runs: sample (run, 1) -> (resample, 2)."""
    deciles: Floats = np.quantile(sample[draws, 0], [0.1, 0.9], axis=1)
    return deciles.T


def bootstrap(
    samples: Sequence[Floats],
    value_of: Callable[..., Floats],
    *,
    seed: int | Sequence[int],
    reduce: Reduce = resampled_means,
) -> tuple[float, float, float]:
    """Return the value, and the lower and upper end of its 95 % percentile interval.

    A percentile interval of a mean of few runs is narrower than Student's: for normal values it
    covers about 94 % at 40 runs, 90 % at 10 and 83 % at 5.

    Args:
        samples: one array (run, m) for each independent group of runs. Groups are resampled
            independently of each other.
        value_of: computes the value from one reduced row per group, (resample, m) -> (resample,).
        seed: of the random draws.
        reduce: computes the row of a group from its resampled runs; by default their mean.
    """
    rng = np.random.default_rng(seed)
    all_runs = [np.arange(len(sample))[None] for sample in samples]
    draws = [rng.integers(0, len(s), (RESAMPLES, len(s))) for s in samples]
    value = value_of(*map(reduce, samples, all_runs))[0]
    resampled: NDArray[np.float64] = value_of(*map(reduce, samples, draws))
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(value), float(low), float(high)
