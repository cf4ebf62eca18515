"""The truth of each task of I(X;Y|Z) by a second route: the mean of the log of a density ratio.

I(X;Y|Z) = E[log p(x, y | z) - log p(x | z) - log p(y | z)]
"""

import math

import numpy as np
import pytest
from scipy import special, stats

from mibench import InputError, compare, get_task
from mibench.tasks import conditional
from mibench.tasks.catalogue import suite_names
from mibench.tasks.suites import GIVEN_SUITES
from mibench.types import Task

TASKS = GIVEN_SUITES["conditional"]
N = 40_000
SIGMA = 4.5  # of 19 tests of one mean each: one in 7,000 runs fails by chance


def log_normal(rows, covariance):
    return stats.multivariate_normal(np.zeros(len(covariance)), covariance).logpdf(rows)


def normal_ratio(name):
    """log p(x,y,z) + log p(z) - log p(x,z) - log p(y,z) from densities of scipy."""

    def ratio(x, y, z):
        covariance = get_task(name).sampler.keywords["covariance"]
        both, columns = np.hstack([x, y, z]), np.arange(len(covariance))
        of_x, of_y, of_z = np.split(columns, np.cumsum([x.shape[1], y.shape[1]]))

        def density(*parts):
            chosen = np.concatenate(parts)
            return log_normal(both[:, chosen], covariance[np.ix_(chosen, chosen)])

        whole, given = density(of_x, of_y, of_z), density(of_z)
        return whole + given - density(of_x, of_z) - density(of_y, of_z)

    return ratio


def signs_ratio(x, y, z):
    return stats.norm.logpdf(y, x * np.sign(z), 0.5) - stats.norm.logpdf(y, 0, math.hypot(1, 0.5))


def product_ratio(x, y, z):
    noise = conditional.OF_PRODUCT
    return stats.norm.logpdf(y, x * z, noise) - stats.norm.logpdf(y, 0, np.hypot(z, noise))


def xor_ratio(x, y, z):
    flipped = conditional.FLIPPED
    return np.log(np.where(x ^ z == y, 1 - flipped, flipped) / 0.5)


def label_ratio(x, y, z):
    r = np.array(conditional.CORRELATIONS)[z]
    x, y = x - 3 * z, y + 2 * z
    return stats.norm.logpdf(y, r * x, np.sqrt(1 - r**2)) - stats.norm.logpdf(y)


def mixture_ratio(x, y, z):
    """p(y | x) = 1/2 on [x, x + 2]; p(y) is the mean of these."""
    of_each = (y >= np.arange(conditional.SYMBOLS)) & (y <= np.arange(conditional.SYMBOLS) + 2)
    return math.log(0.5) - np.log(of_each.mean(axis=1, keepdims=True) / 2)


def zero_inflated_ratio(x, y, z, zeros=conditional.ZEROS):
    given = stats.poisson.logpmf(y, x) + math.log(1 - zeros)
    whole = stats.geom.logpmf(y + 1, 0.5) + math.log(1 - zeros)
    more = np.where(y == 0, math.log(zeros), -np.inf)
    return special.logsumexp(np.broadcast_arrays(given, more), axis=0) - special.logsumexp(
        np.broadcast_arrays(whole, more), axis=0
    )


RATIOS = {
    "given-signs": signs_ratio,
    "given-product": product_ratio,
    "given-xor": xor_ratio,
    "given-label": label_ratio,
    "given-mixture": mixture_ratio,
    "given-zero-inflated": zero_inflated_ratio,
}
LINEAR = ("given-chain", "given-fork", "given-fork-dependent", "given-collider")


@pytest.mark.parametrize("name", TASKS)
def test_the_truth_is_the_mean_log_ratio(name):
    task = get_task(name)
    sample = task.sample(N, 0)
    assert [side.shape for side in sample] == [
        (N, task.dim_x), (N, task.dim_y), (N, task.dim_z)
    ]  # fmt: skip
    if name in LINEAR or name.startswith("given-normal"):
        values = normal_ratio(name)(*sample)
    elif name in RATIOS:
        values = RATIOS[name](*sample)
    else:
        # X and Y are functions of Z and of noise of their own, which the residuals show.
        assert task.mi_nats == 0
        values = residual_correlations(task)
    error = values.std(ddof=1) / math.sqrt(len(values.ravel()))
    assert abs(values.mean() - task.mi_nats) < SIGMA * error + 1e-9


def residual_correlations(task: Task):
    """Products of what is left of X and Y without their means given Z: their mean is 0."""
    x, y, z = task.sample(N, 0)
    means = {
        "given-fork-of-functions": (np.sin(3 * z), z**2),
        "given-label-fork": (stats.norm.cdf(z / conditional.NOISE), z),
    }.get(task.name, (z, z))
    return (x - means[0]) * (y - means[1])


def test_normal_closed_form_against_partial_correlation():
    """For one column a side, I = -log(1 - r^2) / 2 with the partial correlation r."""
    covariance = np.array([[2.0, 0.7, 0.5], [0.7, 1.5, -0.4], [0.5, -0.4, 1.0]])
    inverse = np.linalg.inv(covariance)
    r = -inverse[0, 1] / math.sqrt(inverse[0, 0] * inverse[1, 1])
    nats = conditional.normal_conditional_information(covariance, 1, 1)
    assert nats == pytest.approx(-math.log1p(-(r**2)) / 2, abs=1e-12)


def test_they_are_a_suite_of_their_own():
    assert set(TASKS) == {task.name for task in conditional.tasks()}
    assert not set(TASKS) & set(suite_names("all"))
    assert all(get_task(name).dim_z >= 1 for name in TASKS)


def test_a_comparison_runs_them_and_records_who_cannot():
    table = compare(["knn", "kde"], tasks=["given-chain", "given-xor"], samples=100, seeds=1)
    failed = table[table["nats"].isna()]
    assert failed[["task", "estimator"]].to_numpy().tolist() == [["given-chain", "kde"]]
    assert "KDE has no MI given numbers" in failed["error"].iloc[0]
    x, y, z = get_task("given-xor").sample(100, 0)
    assert len(x) == len(y) == len(z) == 100


def test_own_estimators_get_the_rows_of_each_label():
    seen = []

    def count(x, y):
        seen.append(len(x))
        return 0.0

    compare(count, tasks="given-xor", samples=100, seeds=1)
    assert sum(seen[-2:]) == 100  # two labels of Z
    table = compare(count, tasks="given-fork", samples=100, seeds=1)
    assert InputError.__name__ in table["error"].iloc[0]


@pytest.mark.parametrize("zeros", [0.05, 0.15, 0.7])
def test_zero_inflated_counts_by_quadrature(zeros):
    t = np.linspace(-45, 7, 3001)  # x = exp(t), so that the trapezoidal rule is exact to rounding
    x, counts = np.exp(t), np.arange(150)[:, None]
    given = (1 - zeros) * stats.poisson.pmf(counts, x) + zeros * (counts == 0)
    terms = given * zero_inflated_ratio(x, counts, None, zeros)
    by_quadrature = np.trapezoid((terms * np.exp(t - x)).sum(axis=0), t)
    assert conditional.zero_inflated_information(zeros) == pytest.approx(by_quadrature, abs=1e-10)
