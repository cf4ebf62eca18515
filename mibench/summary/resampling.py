"""What the seeds can tell and what they cannot: bootstrap intervals, and who is better than whom.

Estimators are compared sample by sample, since they saw the same ones. The cases stay as they are:
what is found is about them, and not about cases never run.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

REPEATS = 4000  # the ends of an interval then err by 4 % of the standard deviation
LEVEL = 0.05
ROUNDING = 1e-9  # of the sum of squared errors: another processor or library may do as much


@cache
def resamples(seeds: int) -> Array:
    """How often each seed occurs in each resample: (REPEATS, seeds), the same at every call."""
    rng = np.random.default_rng(seeds)
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=REPEATS).astype(float)


def intervals(errors: Array) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals, 95 %, of the mean error ("bias") and the "rmse" over seeds.

    errors: (seeds,). NaN for fewer than two. For few seeds they are narrow: of ten
    they cover the bias of normal errors in 89 of 100 cases, and their RMSE in 84.
    """
    if len(errors) < 2:
        return {"bias": (np.nan, np.nan), "rmse": (np.nan, np.nan)}
    weights = resamples(len(errors)) / len(errors)
    drawn = {"bias": weights @ errors, "rmse": np.sqrt(weights @ errors**2)}
    return {name: _middle(values) for name, values in drawn.items()}


def overall(cases: Sequence[Array]) -> tuple[Array, Array]:
    """Resampled mean errors and RMSEs over all cells of all cases: (REPEATS, estimators) each.

    cases: for each case the errors (seeds, estimators), none of them missing.
    """
    rng = np.random.default_rng(0)
    total = np.zeros((REPEATS, cases[0].shape[1]))
    squares = np.zeros_like(total)
    for errors in cases:
        # The resamples are exchangeable, so that their order makes those of a case its own.
        weights = resamples(len(errors))[rng.permutation(REPEATS)]
        total += weights @ errors
        squares += weights @ errors**2
    cells = sum(map(len, cases))
    return total / cells, np.sqrt(squares / cells)


def better(cases: Sequence[Array], tests: int = 1) -> NDArray[np.bool_]:
    """(estimators, estimators): whether the first is better than the second, as the seeds say.

    cases: as of `overall`. Better is a smaller mean squared error over all cells. Its difference,
    sample by sample, is held against its standard error over the seeds within cases, in a t-test
    with the degrees of freedom of Satterthwaite (1946, doi:10.2307/3002019), at 5 % over
    all pairs by Holm's method (1979, Scand. J. Statist. 6:65). A bootstrap of few seeds would be
    too bold here. A case of one seed tells nothing of the spread, and is left out. tests: how many
    such calls share the 5 %.
    """
    count = cases[0].shape[1]
    pairs = [(a, b) for a in range(count) for b in range(a)]
    several = [errors for errors in cases if len(errors) > 1]
    differences = [_difference(several, a, b) for a, b in pairs]
    found = np.zeros((count, count), dtype=bool)
    for passed, at in enumerate(np.argsort([p for _, p in differences], kind="stable")):
        excess, p_value = differences[at]
        if not p_value <= LEVEL / tests / (len(pairs) - passed):  # nan: a square overflowed
            break
        a, b = pairs[at] if excess < 0 else pairs[at][::-1]
        found[a, b] = True
    return found


def _difference(cases: Sequence[Array], a: int, b: int) -> tuple[float, float]:
    """The sum of a's squared errors less that of b's, and its two-sided p-value."""
    from scipy.special import stdtr

    total, size, variance, spread = 0.0, 0.0, 0.0, 0.0
    for errors in cases:
        excess = errors[:, a] ** 2 - errors[:, b] ** 2
        own = len(excess) * float(excess.var(ddof=1))
        total += float(excess.sum())
        size += float((errors[:, [a, b]] ** 2).sum())
        variance += own
        spread += own**2 / (len(excess) - 1)
    if abs(total) <= ROUNDING * size:
        return total, 1.0
    if variance == 0:  # the same in every seed of a case
        return total, 0.0
    freedom = variance**2 / spread
    return total, 2 * float(stdtr(freedom, -abs(total) / variance**0.5))


def interval(values: Array) -> Array:
    """The middle 95 % of each column: (2, columns)."""
    return np.asarray(np.quantile(values, [LEVEL / 2, 1 - LEVEL / 2], axis=0))


def _middle(values: Array) -> tuple[float, float]:
    low, high = interval(values)
    return float(low), float(high)
