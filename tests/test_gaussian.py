"""`gaussian` and `gaussian_copula`: exact for normal rows, and the direction of their errors."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import multivariate_normal, norm, rankdata

from mibench import InputError, get_task
from mibench.estimators import Gaussian, GaussianCopula
from mibench.estimators.normal import canonical_correlations
from mibench.estimators.shared import mean_ratio

from .statistics_of_seeds import mean_and_error

BOTH = [Gaussian(), GaussianCopula()]


def normal_pair(n, dx, dy, r, seed):
    """The first min(dx, dy) columns of the two sides correlate pairwise by r."""
    rng = np.random.default_rng([seed, n, dx, dy])
    x, y = rng.normal(size=(n, dx)), rng.normal(size=(n, dy))
    m = min(dx, dy)
    y[:, :m] = r * x[:, :m] + math.sqrt(1 - r * r) * y[:, :m]
    return x, y


def by_determinants(x, y):
    """The naive version: log determinants of covariances, and the mean of Wishart's."""
    n, d = len(x), x.shape[1]
    s = np.cov(np.hstack([x, y]), rowvar=False)
    plug_in = sum(np.linalg.slogdet(part)[1] for part in (s[:d, :d], s[d:, d:]))
    plug_in = (plug_in - np.linalg.slogdet(s)[1]) / 2

    def wishart(dims):
        return sum(digamma((n - 1 - i) / 2) for i in range(dims))

    return plug_in - (wishart(d) + wishart(len(s) - d) - wishart(len(s))) / 2


@pytest.mark.parametrize(("n", "dx", "dy"), [(12, 3, 4), (200, 1, 1), (200, 5, 2), (60, 20, 30)])
def test_gaussian_equals_log_determinants(n, dx, dy):
    x, y = normal_pair(n, dx, dy, 0.8, 0)
    # Determinants of a few dozen numbers of order 1 lose some digits.
    assert Gaussian().estimate(x, y).nats == pytest.approx(by_determinants(x, y), abs=1e-9)


@pytest.mark.parametrize(("dx", "dy"), [(1, 1), (2, 3)])
def test_gaussian_copula_equals_gaussian_of_normal_scores(dx, dy):
    x, y = (np.exp(side) for side in normal_pair(100, dx, dy, 0.7, 0))
    x[:20] = x[0]  # equal values share their mean rank
    scores = (norm.ppf(rankdata(side, axis=0) / 101) for side in (x, y))
    want = by_determinants(*scores)
    assert GaussianCopula().estimate(x, y).nats == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize(
    ("n", "dx", "dy", "r"), [(7, 2, 3, 0.5), (30, 1, 1, 0.99), (50, 10, 20, 0.5), (200, 3, 3, 0.0)]
)
def test_gaussian_has_no_bias_for_normal_rows(n, dx, dy, r):
    true = -0.5 * min(dx, dy) * math.log1p(-r * r)
    nats = [Gaussian().estimate(*normal_pair(n, dx, dy, r, seed)).nats for seed in range(150)]
    mean, error = mean_and_error(nats)
    assert abs(mean - true) < 4 * error
    if n < 100:  # the plug-in would be too high by far more
        terms = digamma((n - 1 - np.arange(dx + dy)) / 2)
        bias = (terms[:dx].sum() + terms[:dy].sum() - terms.sum()) / 2
        assert bias > 0
        assert dx * dy == 1 or bias > 6 * error


def test_the_copula_of_a_normal_distribution_has_nearly_no_bias():
    """Of order 1 / n: at n = 400, less than 0.02 nats of 0.51."""
    nats = [GaussianCopula().estimate(*normal_pair(400, 1, 1, 0.8, s)).nats for s in range(100)]
    mean, error = mean_and_error(nats)
    assert -0.02 - 4 * error < mean + 0.5 * math.log(1 - 0.64) < 4 * error


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_linear_or_increasing_maps_change_nothing(estimator):
    x, y = normal_pair(300, 2, 3, 0.6, 1)
    want = estimator.estimate(x, y).nats
    if isinstance(estimator, Gaussian):
        map_x = np.random.default_rng(0).normal(size=(2, 2))
        moved = x @ map_x + 1e3, 1e-9 * y
    else:
        moved = np.exp(x), y**3
    assert estimator.estimate(*moved).nats == pytest.approx(want, abs=1e-8)
    more = np.c_[x, x[:, :1] - 2 * x[:, 1:]]  # a column that is linear in others
    if isinstance(estimator, Gaussian):
        assert estimator.estimate(more, y).nats == pytest.approx(want, abs=1e-8)


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_with_normal_margins_the_estimate_is_below_the_mi(estimator):
    """A mixture of correlations 0.9 and -0.9: each column is normal, and their correlation is 0."""
    rng = np.random.default_rng(0)
    x, sign = rng.normal(size=4000), rng.choice([-1, 1], 4000)
    y = 0.9 * sign * x + math.sqrt(0.19) * rng.normal(size=4000)
    estimate = estimator.estimate(x, y)
    density = [multivariate_normal([0, 0], [[1, r], [r, 1]]).pdf(np.c_[x, y]) for r in (0.9, -0.9)]
    log_ratio = np.log(np.mean(density, axis=0)) - norm.logpdf(x) - norm.logpdf(y)
    mean, error = mean_and_error(log_ratio)
    assert mean - 4 * error > 0.3
    assert estimate.nats < 0.01
    assert "not_normal" not in estimate.flags


def test_columns_that_are_not_jointly_normal_can_raise_the_estimate_and_are_flagged():
    """X = (a, s a) with a random sign s. I <= log(1 + 2 / 0.01) / 2 + log 2 nats."""
    rng = np.random.default_rng(0)
    a, sign = rng.normal(size=4000), rng.choice([-1, 1], 4000)
    x = np.c_[a, sign * a]
    y = x + 0.1 * rng.normal(size=x.shape)
    most = 0.5 * math.log(1 + 2 / 0.01) + math.log(2)
    for estimator in BOTH:
        estimate = estimator.estimate(x, y)
        assert estimate.nats > most + 1
        assert "not_normal" in estimate.flags


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("clusters", "dims"), [(2, 5), (2, 30), (4, 30)])
def test_clusters_raise_the_estimate_and_the_flag_says_by_how_much(clusters, dims, seed):
    """I(X;Y) = H(label): clusters 20 standard deviations apart tell the label, and no more.

    Mardia's kurtosis of 30 columns does not show them. The excess is that of the estimate but for
    the errors of both, some tenths of a nat.
    """
    rng = np.random.default_rng([seed, 1])
    n, labels = 1000, rng.integers(0, clusters, 1000)
    centres = 20 / math.sqrt(2) * np.linalg.qr(rng.normal(size=(dims, dims)))[0][:clusters]
    x, y = (centres[labels] + rng.normal(size=(n, dims)) for _ in "xy")
    estimate = Gaussian().estimate(x, y)
    error = estimate.nats - math.log(clusters)
    assert error > 0.7
    text = estimate.flags["not_normal"]
    assert "too high by " in text
    assert float(re.search(r"\(([0-9.]+) nats\)", text)[1]) == pytest.approx(error, rel=0.3)


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
@pytest.mark.parametrize(("dims", "n"), [(1, 50), (3, 100), (10, 200), (25, 500), (25, 2000)])
def test_normal_rows_have_no_excess(estimator, dims, n):
    """Also where the ratio is so large that few pairs of rows decide its mean."""
    for seed, correlation in itertools.product(range(3), (0.3, 0.7, 0.95, 0.999)):
        x, y = normal_pair(n, dims, dims, correlation, seed)
        assert "not_normal" not in estimator.estimate(x, y).flags


def test_the_excess_is_that_of_the_naive_ratio(monkeypatch):
    """p(x, y) / p(x) p(y) by SciPy, over the same pairs of rows, with no error taken off."""
    monkeypatch.setattr(mean_ratio, "ERRORS", 0.0)
    rng = np.random.default_rng(0)
    n, r = 70, np.array([0.8, 0.3])
    x, y = (np.linalg.qr(rng.normal(size=(n, 2)))[0].T for _ in "xy")
    found = canonical_correlations.excess_of_ratio(x, y, 1 - r**2)
    order = np.random.default_rng(n).permutation(n)  # in which rows are taken
    x, y = (math.sqrt(n) * side[:, order] for side in (x, y))
    ratios = []
    for shift in [*range(-10, 0), *range(1, 11)]:
        pairs = np.stack([x, np.roll(y, shift, axis=1)], axis=2)  # (2, n, 2)
        logs = [
            multivariate_normal([0, 0], [[1, r[i]], [r[i], 1]]).logpdf(pairs[i])
            - norm.logpdf(pairs[i]).sum(axis=1)
            for i in range(2)
        ]
        ratios.append(np.exp(np.sum(logs, axis=0)))
    assert found == pytest.approx(math.log(np.mean(ratios)), abs=1e-9)


def angle_pair(rng, n):
    """20 sines and cosines of an angle that both sides see: the MI is about 5 nats."""
    angle = rng.uniform(0, 2 * np.pi, (n, 1)) * np.arange(1, 21)
    return (np.c_[np.sin(angle), np.cos(angle)] + 0.3 * rng.normal(size=(n, 40)) for _ in "xy")


def many_centres(rng, n):
    """100 centres in 20 columns that both sides see: the MI is log 100."""
    centres = rng.normal(size=(100, 20))[rng.integers(0, 100, n)]
    return (centres + 0.1 * rng.normal(size=(n, 20)) for _ in "xy")


@pytest.mark.parametrize("sample", [angle_pair, many_centres])
@pytest.mark.parametrize("seed", range(3))
def test_large_excess_that_few_pairs_decide_is_flagged(sample, seed):
    x, y = sample(np.random.default_rng([seed, 2]), 1000)
    estimate = Gaussian().estimate(x, y)
    assert estimate.nats > 20
    assert "too high by " in estimate.flags["not_normal"]
    assert estimate.flags == Gaussian().estimate(y, x).flags


def test_large_ratios_are_tested_in_groups_of_columns():
    """Four unit vectors side by side, mixed: too few rows show the excess of all columns."""
    task = get_task("random-judge-416")
    x, y = task.sample(2000, 0)
    for estimator in BOTH:
        estimate = estimator.estimate(x, y)
        [amount] = re.findall(r"too high by .* \(([0-9.]+) nats\)", estimate.flags["not_normal"])
        assert 0.5 < float(amount) < 1.5 * (estimate.nats - task.mi_nats)


@pytest.mark.parametrize(("dims", "nats"), [(3, 6.0), (12, 12.0), (40, 8.0)])
def test_large_ratios_of_normal_sides_are_not_flagged(dims, nats):
    unexplained = np.exp(-2 * nats * np.arange(1, dims + 1) / (dims * (dims + 1) / 2))
    for seed in range(10):
        x, z = np.random.default_rng(seed).normal(size=(2, 1000, dims))
        estimate = Gaussian().estimate(x, np.sqrt(1 - unexplained) * x + np.sqrt(unexplained) * z)
        assert estimate.nats == pytest.approx(nats, abs=0.5)
        assert "not_normal" not in estimate.flags


def test_a_shared_outlier_is_flagged_and_ranks_ignore_it():
    x, y = normal_pair(500, 1, 1, 0.0, 0)
    x[0] = y[0] = 1e4
    estimate = Gaussian().estimate(x, y)
    assert estimate.nats > 3
    assert "not_normal" in estimate.flags
    assert abs(GaussianCopula().estimate(x, y).nats) < 0.05


@pytest.mark.parametrize("n", [50, 1000])
def test_a_copy_has_no_finite_mi_and_is_flagged(n):
    x = np.random.default_rng(0).normal(size=(n, 2))
    other = np.random.default_rng(1).normal(size=n)
    for estimator in BOTH:
        for y in (x, np.c_[x[:, 0], other]):  # both pairs are exact, or one of two
            estimate = estimator.estimate(x, y)
            assert "ceiling" in estimate.flags
            assert estimate.nats == estimate.ceiling_nats
    # Ranks do not see how narrow the noise is: the estimate is below the MI of 18 nats.
    noisy = GaussianCopula().estimate(x[:, 0], x[:, 0] + 1e-8 * other)
    assert noisy.nats < 1.5 * math.log(n)
    assert "ceiling" in noisy.flags


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_what_is_refused(estimator):
    x, y = normal_pair(7, 3, 3, 0.5, 1)
    with pytest.raises(InputError, match=r"at least 8 for 3\+3 dimensions, got 7: add rows"):
        estimator.estimate(x, y)
    labels = np.arange(7) % 2
    for sides, declared in (((labels, y), "discrete_x"), ((y, labels), "discrete_y")):
        with pytest.raises(InputError, match=r"holds labels: use canonical or knn"):
            estimator.estimate(*sides, **{declared: True})
