"""The mean of a fitted density ratio over pairs of different rows: 1 if the fit is right."""

import math

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]

OTHER_ROWS = 20  # rows of y beside each of x
ERRORS = 3.0  # standard errors of the mean ratio
LIMITS = (1, 20, 100, 400, 1000)  # places among the largest ratios


def other_rows(n: int, count: int = OTHER_ROWS) -> Int:
    """The rows of y (shifts, n) beside each row of x: those at most count / 2 places away.

    They are the same pairs if x and y change places.
    """
    shifts = [sign * step for step in range(1, min(count, n - 1) // 2 + 1) for sign in (-1, 1)]
    return np.array([np.roll(np.arange(n), shift) for shift in shifts]).reshape(-1, n)


def log_of_mean_ratio(logs: Float, others: Int) -> float:
    """The log of the mean of p(x, y) / p(x) p(y) over x of one row and y of another, at least.

    For the true densities it is 0. Where it is larger, the mean of the log ratio over rows is no
    bound of the MI, and is too high by about as much (Donsker & Varadhan 1983,
    doi:10.1002/cpa.3160360204).

    A few large ratios may decide the mean, so that its error is large. Ratios above a limit are
    taken as the limit, which only lowers a mean. Of several limits, the one that gives most is
    chosen, less three standard errors each.

    Args:
        logs: the log ratio of x of row i and y of row others[s, i], (shifts, n).
        others: see there, (shifts, n).

    Returns:
        -inf where nothing can be said.
    """
    largest = np.sort(logs, axis=None)[::-1]
    lower_bounds = [-math.inf]
    for place in LIMITS:
        if 2 * place <= len(largest):
            limit = float(largest[place - 1])
            lower_bounds.append(limit + _log_of_mean(np.exp(np.minimum(logs - limit, 0)), others))
    return max(lower_bounds)


def _log_of_mean(ratios: Float, others: Int) -> float:
    """The log of the mean of ratios (shifts, n), less three errors.

    The error is the larger one of two: from the means over the pairs of each row of x, and of y.
    """
    count, n = ratios.shape
    of_y = np.bincount(others.ravel(), ratios.ravel(), n) / count
    mean = float(ratios.mean())
    error = max(float(means.std()) for means in (ratios.mean(axis=0), of_y)) / math.sqrt(n)
    least = mean - ERRORS * error
    return math.log(least) if least > 0 else -math.inf
