"""Bootstrap: a number computed from runs, with its 95 % interval."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .ranks import rank_correlations
from .windows import Floats, Ints

RESAMPLES = 2000
LEVEL = 0.95
NORMAL_QUANTILE = 1.959964  # of (1 + LEVEL) / 2

Reduce = Callable[[Floats, Ints], Floats]


def counts_of(draws: Ints) -> Ints:
    """How often each run was drawn: (resample, run) -> (resample, run)."""
    resamples, runs = draws.shape
    positions = draws + runs * np.arange(resamples)[:, None]
    counts: Ints = np.bincount(positions.ravel(), minlength=draws.size).reshape(draws.shape)
    return counts


def resampled_means(sample: Floats, draws: Ints) -> Floats:
    """Means over resampled runs: sample (run, m), draws (resample, run) -> (resample, m)."""
    total: Floats = counts_of(draws) @ sample
    total /= draws.shape[1]
    return total


def resampled_medians(sample: Floats, draws: Ints) -> Floats:
    """Medians over resampled runs: sample (run, m) -> (resample, m)."""
    medians: Floats = np.median(sample[draws], axis=1)
    return medians


def resampled_deciles(sample: Floats, draws: Ints) -> Floats:
    """10th and 90th percentile over resampled runs: sample (run, 1) -> (resample, 2)."""
    deciles: Floats = np.quantile(sample[draws, 0], [0.1, 0.9], axis=1)
    return deciles.T


def resampled_rank_correlations(sample: Floats, draws: Ints) -> Floats:
    """Spearman correlations of all pairs of columns: sample (run, m) -> (resample, m * m)."""
    correlations = rank_correlations(sample, counts_of(draws))
    return correlations.reshape(len(draws), -1)


def bootstrap(
    samples: Sequence[Floats],
    value_of: Callable[..., Floats],
    *,
    seed: int | Sequence[int],
    reduce: Reduce = resampled_means,
    paired: bool = False,
) -> tuple[float, float, float]:
    """Return the value, and the lower and upper end of its 95 % percentile interval.

    A percentile interval of a mean of few runs is narrower than Student's: for normal values it
    covers about 94 % at 40 runs, 90 % at 10 and 83 % at 5.

    Args:
        samples: one array (run, m) for each group of runs.
        value_of: computes the value from one reduced row per group, (resample, m) -> (resample,).
        seed: of the random draws.
        reduce: computes the row of a group from its resampled runs; by default their mean.
        paired: run i of every group starts from the same weights, so all groups are resampled
            together. Otherwise each group is resampled independently of the others.
    """
    rng = np.random.default_rng(seed)
    all_runs = [np.arange(len(sample))[None] for sample in samples]
    if paired:
        (runs,) = {len(sample) for sample in samples}
        draws = [rng.integers(0, runs, (RESAMPLES, runs))] * len(samples)
    else:
        draws = [rng.integers(0, len(s), (RESAMPLES, len(s))) for s in samples]
    value = value_of(*map(reduce, samples, all_runs))[0]
    resampled: NDArray[np.float64] = value_of(*map(reduce, samples, draws))
    return float(value), *quantile_interval(resampled)


def quantile_interval(resampled: Floats) -> tuple[float, float]:
    """The 95 % interval of resampled values, (resample,); NaN if one of them is."""
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def share_interval(share: float, runs: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of runs (doi:10.1080/01621459.1927.10502953).

    Unlike a bootstrap, it has a width if all runs, or none, are counted.
    """
    z2 = NORMAL_QUANTILE**2
    centre = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    spread = np.sqrt(share * (1 - share) / runs + z2 / (4 * runs**2))
    half = NORMAL_QUANTILE * float(spread) / (1 + z2 / runs)
    return max(0.0, centre - half), min(1.0, centre + half)
