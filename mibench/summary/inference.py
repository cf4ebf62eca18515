"""Inference from the seeds: confidence intervals of errors, and which estimator is better.

The tasks are fixed: the intervals and tests are about these tasks, and only the seeds are random.
With one seed of each task, the differences between tasks stand for those between seeds, and are
larger as a rule. Estimators are compared sample by sample, since they saw the same samples.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.05
MAX_FREEDOM = 1e12  # a chi-square variable with more equals its mean to 5 digits
# Differences below this share of the sum of squared errors may come from rounding, which differs
# between processors and libraries.
ROUNDING = 1e-9


class Intervals(NamedTuple):
    """Confidence intervals: lower and upper ends, (2, estimators) each."""

    bias: Array
    rmse: Array


def confidence_intervals(tasks: Sequence[Array], level: float = LEVEL) -> Intervals:
    """Intervals of each estimator's mean error and RMSE over all samples of all tasks.

    The bias has a t interval. With n_k seeds and variances s_k^2 of the errors in task k, and N
    samples in all, its standard error is sqrt(sum n_k s_k^2) / N, with the degrees of freedom of
    Satterthwaite (1946, doi:10.2307/3002019).

    For the RMSE, the mean squared error m is taken to have nu m / E m ~ chi-square of nu = 2 / r^2
    degrees of freedom, where r is its relative standard error: the larger of the one estimated from
    the squared errors, and the one that normal errors of the same bias and variance would have.
    The latter is widened by t / z, since s_k is estimated, up to that of unbiased normal errors.

    Coverage of 95 % intervals, over 4000 repetitions, for 3, 5, 10 and 20 seeds of one task:

        bias   normal errors 94 to 96 %; exponential errors 88, 88, 90, 92 %
        RMSE   normal errors, biased or not, 94 to 96 %; exponential errors (their mean subtracted)
               90, 90, 86, 83 %; Student errors with 5 degrees of freedom 89 to 91 %

    For comparison, percentile bootstrap intervals of ten seeds cover the RMSE of normal errors in
    83 to 90 %, and BCa intervals in 87 %.

    Args:
        tasks: For each task at one n the errors (seeds, estimators), none of them missing.
        level: How often an interval may miss, about.

    Returns:
        The two intervals; NaN for one task of one seed.
    """
    from scipy.special import chdtri, ndtri, stdtrit

    repeated = _with_variance(tasks)
    if not repeated:
        unknown = np.full((2, tasks[0].shape[1]), np.nan)
        return Intervals(unknown, unknown)
    tails = np.array([[level / 2], [1 - level / 2]])
    count = sum(map(len, tasks))
    mean = np.sum([errors.sum(axis=0) for errors in tasks], axis=0) / count
    mean_square = np.sum([(errors**2).sum(axis=0) for errors in tasks], axis=0) / count

    seeds = np.array([[len(errors)] for errors in repeated])
    biases = np.array([errors.mean(axis=0) for errors in repeated])  # (tasks, estimators)
    variances = np.array([errors.var(axis=0, ddof=1) for errors in repeated])
    squares = np.array([(errors**2).mean(axis=0) for errors in repeated])
    estimated = np.array([(errors**2).var(axis=0, ddof=1) for errors in repeated])

    of_sums = seeds * variances  # of the sum of errors of each task
    freedom = _ratio(of_sums.sum(axis=0) ** 2, (of_sums**2 / (seeds - 1)).sum(axis=0))
    t = stdtrit(freedom, 1 - tails)
    bias = mean - t * np.sqrt(of_sums.sum(axis=0)) / count

    unbiased = seeds * 2 * squares**2
    normal = seeds * (
        2 * variances**2 + 4 * variances * np.maximum(biases**2 - variances / seeds, 0)
    )
    widening = (t[0] / ndtri(1 - level / 2)) ** 2
    of_sum = np.minimum(widening * normal.sum(axis=0), unbiased.sum(axis=0))
    of_sum = np.maximum(of_sum, (seeds * estimated).sum(axis=0))
    degrees = _ratio(2 * (mean_square * count) ** 2, of_sum)
    relative = np.where(degrees < MAX_FREEDOM, degrees / chdtri(degrees, tails), 1.0)
    return Intervals(bias, np.sqrt(mean_square * relative))


def _with_variance(tasks: Sequence[Array]) -> list[Array]:
    """The tasks of several seeds, and those of one seed as if they were one task of several.

    The differences between these tasks are taken for those between seeds. So their variance is too
    large rather than too small, as of collapsed strata (Cochran 1977, Sampling Techniques, 5A.12).
    """
    repeated = [errors for errors in tasks if len(errors) > 1]
    single = [errors for errors in tasks if len(errors) == 1]
    return [*repeated, np.concatenate(single)] if len(single) > 1 else repeated


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Degrees of freedom, at most MAX_FREEDOM: without variance the denominator is 0."""
    ratio = np.full_like(numerator, MAX_FREEDOM)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return np.minimum(ratio, MAX_FREEDOM)


def significantly_better(tasks: Sequence[Array], tests: int = 1) -> NDArray[np.bool_]:
    """Which estimators are better than which: (estimators, estimators), row better than column.

    Better means a smaller mean squared error over all samples of all tasks. A paired t-test
    compares the difference of squared errors, sample by sample, with its standard error over the
    seeds within tasks. Its degrees of freedom are those of Satterthwaite (1946,
    doi:10.2307/3002019). Holm's method (1979, Scand. J. Statist. 6:65) holds the level of 5 % over
    all pairs. One task of one seed says nothing about the variance, and is left out.

    Args:
        tasks: For each task at one n the errors (seeds, estimators), none of them missing.
        tests: The number of calls of this function that share the 5 %.
    """
    count = tasks[0].shape[1]
    pairs = [(a, b) for a in range(count) for b in range(a)]
    repeated = _with_variance(tasks)
    differences = [_difference(repeated, a, b) for a, b in pairs]
    better = np.zeros((count, count), dtype=bool)
    order = np.argsort([p_value for _, p_value in differences], kind="stable")
    for rejected, index in enumerate(order):
        excess, p_value = differences[index]
        if not p_value <= LEVEL / tests / (len(pairs) - rejected):  # NaN if a square overflowed
            break
        a, b = pairs[index] if excess < 0 else pairs[index][::-1]
        better[a, b] = True
    return better


def apart(tasks: Sequence[Array]) -> NDArray[np.bool_]:
    """Which estimators have an RMSE below which others: (estimators, estimators), row below column.

    For tasks of one seed each. Their squared errors differ by powers of ten, so that a paired
    t-test over all pairs hardly tells estimators apart. Here two conditions must hold: the
    intervals of the RMSE do not overlap, those of 95 % for all estimators together (Bonferroni);
    and the paired t-test of these two says so at 5 %.

    Eight equal estimators are all said to be alike in 99 % of 400 comparisons of 20 and of 60 tasks
    if errors are normal, whatever their scales on the tasks; in 93 and 98 % if they are
    exponential, and in 91 and 92 % if they are lognormal.

    Args:
        tasks: For each task at one n the errors (seeds, estimators), none of them missing.
    """
    count = tasks[0].shape[1]
    low, high = confidence_intervals(tasks, LEVEL / count).rmse
    below = np.asarray(high[:, np.newaxis] < low * (1 - ROUNDING))  # false for NaN
    pooled = _with_variance(tasks)
    for a, b in np.argwhere(below):
        below[a, b] = _difference(pooled, a, b)[1] <= LEVEL
    return below


def _difference(tasks: Sequence[Array], a: int, b: int) -> tuple[float, float]:
    """The sum of a's squared errors minus that of b's, and its two-sided p-value."""
    from scipy.special import stdtr

    total, size, variance, spread = 0.0, 0.0, 0.0, 0.0
    for errors in tasks:
        excess = errors[:, a] ** 2 - errors[:, b] ** 2
        of_task = len(excess) * float(excess.var(ddof=1))
        total += float(excess.sum())
        size += float((errors[:, [a, b]] ** 2).sum())
        variance += of_task
        spread += of_task**2 / (len(excess) - 1)
    if abs(total) <= ROUNDING * size:
        return total, 1.0
    if variance == 0:  # the difference is the same for all seeds of each task
        return total, 0.0
    freedom = variance**2 / spread
    return total, 2 * float(stdtr(freedom, -abs(total) / variance**0.5))
