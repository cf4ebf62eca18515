"""What the seeds can tell and what they cannot: bootstrap intervals, and who is better than whom.

Seeds are resampled within each case, with all estimators of a case together, since they saw the
same samples. The cases stay: what is found is about them, and not about cases never run.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

REPEATS = 4000  # a p-value of 2 / 4001 is the smallest: enough for 100 pairs at 5 %
LEVEL = 0.05


@cache
def resamples(seeds: int) -> Array:
    """How often each seed occurs in each resample: (REPEATS, seeds), the same at every call."""
    rng = np.random.default_rng(seeds)
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=REPEATS).astype(float)


def intervals(errors: Array) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals, 95 %, of the mean error ("bias") and the "rmse" over seeds.

    errors: (seeds,). NaN for fewer than two. For few seeds they are narrow, by about
    sqrt(1 - 1 / seeds).
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


def better(rmse: Array) -> NDArray[np.bool_]:
    """(estimators, estimators): whether the first is better than the second, as the seeds say.

    rmse: resampled, (REPEATS, estimators). Two-sided bootstrap p-values of the difference, held to
    5 % over all pairs by Holm's method (1979, Scand. J. Statist. 6:65).
    """
    count = rmse.shape[1]
    pairs = [(a, b) for a in range(count) for b in range(a)]
    differences = [rmse[:, a] - rmse[:, b] for a, b in pairs]
    values = [_p_value(d) for d in differences]
    found = np.zeros((count, count), dtype=bool)
    for passed, at in enumerate(np.argsort(values, kind="stable")):
        if values[at] > LEVEL / (len(pairs) - passed):
            break
        a, b = pairs[at] if np.median(differences[at]) < 0 else pairs[at][::-1]
        found[a, b] = True
    return found


def _p_value(differences: Array) -> float:
    """Two-sided, that a difference is of either sign by chance; ties count for both."""
    least = min((differences <= 0).sum(), (differences >= 0).sum())
    return min(1.0, 2 * float(least + 1) / (len(differences) + 1))


def interval(values: Array) -> Array:
    """The middle 95 % of each column: (2, columns)."""
    return np.asarray(np.quantile(values, [LEVEL / 2, 1 - LEVEL / 2], axis=0))


def _middle(values: Array) -> tuple[float, float]:
    low, high = interval(values)
    return float(low), float(high)
