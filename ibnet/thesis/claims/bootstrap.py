"""A number over runs with its 95 % bootstrap interval; groups of runs are drawn independently."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .windows import Floats, Ints

RESAMPLES = 2000
LEVEL = 0.95

Reduce = Callable[[Floats, Ints], Floats]


def means(sample: Floats, draws: Ints) -> Floats:
    """Means over the runs drawn: sample (run, m), draws (resample, run) -> (resample, m)."""
    resamples, runs = draws.shape
    cells = draws + runs * np.arange(resamples)[:, None]
    counts = np.bincount(cells.ravel(), minlength=draws.size).reshape(draws.shape)
    total: Floats = counts @ sample
    total /= runs
    return total


def deciles(sample: Floats, draws: Ints) -> Floats:
    """The 10th and 90th percentile over the runs drawn: sample (run, 1) -> (resample, 2)."""
    found: Floats = np.quantile(sample[draws, 0], [0.1, 0.9], axis=1)
    return found.T


def bootstrap(
    samples: Sequence[Floats],
    of: Callable[..., Floats],
    *,
    seed: int | Sequence[int],
    reduce: Reduce = means,
) -> tuple[float, float, float]:
    """Value, and the ends of its 95 % percentile interval.

    Args:
        samples: one array (run, m) for each independent group of runs.
        of: what is made of the groups' reduced rows, (resample, m) each, -> (resample,).
        seed: of the draws.
        reduce: how a group's drawn runs become one row; by default their mean.

    A percentile interval of a mean of few runs is narrower than Student's: for normal values it
    covers about 94 % at 40 runs, 90 % at 10 and 83 % at 5.
    """
    rng = np.random.default_rng(seed)
    all_runs = [np.arange(len(sample))[None] for sample in samples]
    draws = [rng.integers(0, len(s), (RESAMPLES, len(s))) for s in samples]
    value = of(*map(reduce, samples, all_runs))[0]
    drawn: NDArray[np.float64] = of(*map(reduce, samples, draws))
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(value), float(low), float(high)
