"""Noise that is narrower than the gaps between points, measured by discordant pairs of rows.

The samples have a normal x and y = x + s e, for noise e of several distributions. For small s the
MI is h(x) - h(e) - log s, to O(s^2): the error is below 1e-4 from 5 nats on. Statistical tests use
fixed seeds.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kendalltau, tukeylambda

from mibench.estimators import KNN, Canonical
from mibench.estimators.canonical import WithAllFlags
from mibench.estimators.cca.narrow_noise import (
    ENTROPIES,
    MEAN_DIFFERENCES,
    NORMAL_ENTROPY,
    RATIOS,
    SHAPES,
    NarrowNoise,
    fit_narrow_noise,
    max_nats,
    spacing_of,
)
from mibench.estimators.cca.tuning import Tuning
from mibench.estimators.kernels import discordance

TUNING = Tuning().narrow
NOISE = {  # samples, and the entropy
    "normal": (lambda rng, n: rng.standard_normal(n), NORMAL_ENTROPY),
    "logistic": (lambda rng, n: rng.logistic(size=n), 2.0),
    "Laplace": (lambda rng, n: rng.laplace(size=n), 1 + math.log(2)),
    "uniform": (lambda rng, n: rng.random(n), 0.0),
}


def noisy(kind, nats, n, seed):
    """A normal x and y = x + s e, with this MI."""
    noise, entropy = NOISE[kind]
    rng = np.random.default_rng([seed, n])
    x = rng.normal(size=n)
    return x, x + math.exp(NORMAL_ENTROPY - entropy - nats) * noise(rng, n)


def heteroscedastic(nats, n, seed):
    """Normal noise of standard deviation s exp(x): it adds the mean of x, 0, to h(y|x)."""
    rng = np.random.default_rng([seed, n])
    x = rng.normal(size=n)
    return x, x + math.exp(-nats) * np.exp(x) * rng.standard_normal(n)


def errors(sample, nats, seeds):
    return np.array([Canonical().estimate(*sample(s)).nats - nats for s in range(seeds)])


# -- the count of discordant pairs ---------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 20, 57])
def test_small_discordance_equals_its_naive_version(n):
    ranks = np.random.default_rng(n).permutation(n)
    counts, lags = np.empty(n, np.int64), np.empty(n, np.int64)
    discordance.discordant(ranks, counts, lags)
    for i in range(n):
        discordant = [j for j in range(n) if (j - i) * (ranks[j] - ranks[i]) < 0]
        assert counts[i] == len(discordant)
        assert lags[i] == sum(abs(j - i) for j in discordant)


@pytest.mark.parametrize("least", [1, 6, 1000])
@pytest.mark.parametrize("rows", [1, 4])
def test_small_stretches_are_as_short_as_possible(least, rows):
    counts = np.random.default_rng(least).integers(0, 4, 60)
    stretch_of_row = np.empty(60, np.int64)
    discordance.stretches(counts, least, rows, stretch_of_row)
    assert stretch_of_row[0] == 0
    assert set(np.diff(stretch_of_row)) <= {0, 1}
    stretches = [counts[stretch_of_row == k] for k in range(stretch_of_row[-1] + 1)]
    for stretch in stretches[:-1]:
        assert stretch.sum() >= least
        assert len(stretch) >= rows
        assert stretch[:-1].sum() < least or len(stretch) == rows
    if len(stretches) > 1:
        assert stretches[-1].sum() >= least
        assert len(stretches[-1]) >= rows


def test_the_share_of_discordant_pairs_is_that_of_kendall():
    x, y = noisy("normal", 3, 500, 0)
    counts, lags = np.empty(500, np.int64), np.empty(500, np.int64)
    discordance.discordant(np.argsort(np.argsort(y))[np.argsort(x)], counts, lags)
    assert counts.sum() / (500 * 499) == pytest.approx((1 - kendalltau(x, y).statistic) / 2)


# -- the distribution of the noise ---------------------------------------------------------------


@pytest.mark.parametrize("shape", [0.0, 0.13, 0.5, 1.0])
def test_the_tables_are_those_of_tukeys_lambda(shape):
    """Entropy and variance as in SciPy, E|D| by quadrature of 2 F (1 - F)."""
    tukey = tukeylambda(shape)
    entropy, mean, ratio = (
        np.interp(shape, SHAPES, table) for table in (ENTROPIES, MEAN_DIFFERENCES, RATIOS)
    )
    assert entropy == pytest.approx(float(tukey.entropy()), abs=2e-4)
    end = 1 / shape if shape > 0 else 40.0
    by_quadrature, _ = quad(lambda x: 2 * tukey.cdf(x) * tukey.sf(x), -end, end)
    assert mean == pytest.approx(by_quadrature, rel=1e-4)
    assert ratio == pytest.approx(mean**2 / (2 * tukey.var()), rel=1e-4)


def test_no_noise_of_the_same_mean_difference_has_more_entropy_than_the_logistic():
    """2 + log(E|D| / 2), with E|D| from a million rows; the logistic distribution attains it."""
    rng = np.random.default_rng(0)
    for kind, (noise, entropy) in NOISE.items():
        difference = np.abs(noise(rng, 10**6) - noise(rng, 10**6)).mean()
        excess = 2 + math.log(difference / 2) - entropy
        assert excess > -0.003  # 3 standard errors of the mean
        assert (excess < 0.003) == (kind == "logistic")


@pytest.mark.parametrize(("kind", "low", "high"), [
    ("logistic", 0.0, 0.06), ("Laplace", 0.0, 0.01), ("normal", 0.03, 0.25), ("uniform", 0.6, 1.0),
])  # fmt: skip
def test_the_distances_of_discordant_rows_show_the_shape_of_the_noise(kind, low, high):
    """A normal distribution is nearest to 0.135; one standard error is subtracted."""
    shapes = [fit_narrow_noise(*noisy(kind, 5, 10_000, s), TUNING).shape for s in range(4)]
    assert low <= np.mean(shapes) <= high


def test_broad_noise_is_not_fitted():
    rng = np.random.default_rng(0)
    x, e = rng.normal(size=(2, 1000))
    assert fit_narrow_noise(x, x + e, TUNING) is None
    assert fit_narrow_noise(x, e, TUNING) is None
    assert isinstance(fit_narrow_noise(x, x + 0.1 * e, TUNING), NarrowNoise)
    assert isinstance(fit_narrow_noise(x, -x + 0.1 * e, TUNING), NarrowNoise)


# -- the estimate --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "logistic", "Laplace"])
@pytest.mark.parametrize("nats", [3, 5, 8])
def test_narrow_noise_is_measured_where_knn_ends_at_log_n(kind, nats):
    """Log n is 7.6; the noise of 8 nats is about a tenth of the gaps between rows.

    Poisson counts scatter by 1 / sqrt(discordant pairs): 0.08 for 8 nats, and their mean over 8
    seeds by 0.03. 0.06 are allowed for the shape of the noise and its width in the tails.
    """
    deviations = errors(lambda s: noisy(kind, nats, 2000, s), nats, 8)
    assert abs(deviations.mean()) < 0.06 + 3 * deviations.std(ddof=1) / math.sqrt(8)
    if nats == 8:
        assert KNN().estimate(*noisy(kind, nats, 2000, 0)).nats < 6.8


@pytest.mark.slow
def test_uniform_noise_is_underestimated_until_rows_show_its_shape():
    """By at most 0.208 nats, by which logistic noise of the same E|D|, 1/3, has more entropy."""
    bound = 2 + math.log((1 / 3) / 2)
    few = errors(lambda s: noisy("uniform", 6, 1000, s), 6, 8)
    many = errors(lambda s: noisy("uniform", 6, 20_000, s), 6, 4)
    assert -bound - 0.05 < few.mean() < -0.1
    assert abs(many.mean()) < 0.05


def test_noise_of_varying_width():
    deviations = errors(lambda s: heteroscedastic(6, 5000, s), 6, 6)
    assert abs(deviations.mean()) < 0.04


@pytest.mark.slow
@pytest.mark.parametrize("nats", [4, 10])
def test_the_error_falls_with_the_number_of_rows(nats):
    means = [np.abs(errors(lambda s, n=n: noisy("normal", nats, n, s), nats, 6)).mean()
             for n in (200, 1000, 5000)]  # fmt: skip
    assert means[0] > means[1] > means[2]


def test_increasing_and_decreasing_maps_change_nothing():
    """A decreasing map can exchange which side is sorted by the other."""
    x, y = noisy("normal", 6, 600, 1)
    nats = Canonical().estimate(x, y).nats
    assert Canonical().estimate(np.exp(x), y**3).nats == nats
    assert Canonical().estimate(x, -y).nats == pytest.approx(nats, abs=0.02)


def test_rounded_values_do_not_count_as_perfect_order():
    """Rounded to 0.1, y has an entropy of 3.72 nats, and no MI exceeds it."""
    x = np.random.default_rng(0).normal(size=2000)
    entropy = NORMAL_ENTROPY - math.log(0.1)
    for pair in ((x, x.round(1)), (x.round(1), x.round(1))):
        estimate = WithAllFlags().estimate(*pair)
        assert abs(estimate.nats - entropy) < 0.12
        assert "ties" in estimate.flags


def test_a_few_outliers_do_not_hide_narrow_noise():
    """3 of 100 rows independent: 0.97 (I + log 0.97) + 0.03 log 0.03, I = 4.6 nats."""
    rng = np.random.default_rng(0)
    x, e, other = rng.normal(size=(3, 3000))
    y = np.where(rng.random(3000) < 0.03, other, x + 0.01 * e)
    truth = 0.97 * (-math.log(0.01) + math.log(0.97)) + 0.03 * math.log(0.03)
    assert Canonical().estimate(x, y).nats == pytest.approx(truth, abs=0.1)


# -- rows that do not lie at random --------------------------------------------------------------


@pytest.mark.parametrize("axis", [lambda t: t, np.exp, lambda t: np.repeat(t[::4], 4)])
@pytest.mark.parametrize("n", [100, 2000])
def test_nothing_is_added_along_a_time_axis(axis, n):
    """Noise below the step of a grid makes no pairs discordant, and so cannot be measured."""
    t = np.linspace(0, 3, n)
    noise = 0.6 / n * np.random.default_rng(n).normal(size=n)
    for pair in ((axis(t), t + noise), (t + noise, axis(t))):
        estimate = Canonical().estimate(*pair)
        assert estimate.info["unseen_nats"] == 0
        assert estimate.nats < math.log(n)


def spacing(values):
    return spacing_of([np.sort(values)], TUNING)


def test_spacing_tells_random_values_from_grids_and_copies():
    """Values of a narrow or a rough density are random; coarsely rounded ones lie on a grid."""
    rng = np.random.default_rng(0)
    for n in (10, 100, 10_000):
        for values in (rng.normal(size=n), rng.random(n), rng.standard_cauchy(n),
                       np.r_[rng.normal(size=n), 100 + rng.normal(size=n)]):  # fmt: skip
            assert spacing(values) == "random"
        assert spacing(np.linspace(0, 3, n)) == "even"
        if n > 10:  # which would be too few to decide by 4 standard errors
            assert spacing(np.exp(np.linspace(0, 3, n))) == "even"
            assert spacing(np.arange(n) + 0.2 * rng.random(n)) == "even"
            copies = np.repeat(rng.normal(size=n), 2)
            assert spacing(copies + 1e-6 * rng.normal(size=2 * n)) == "clumped"
    assert all(spacing(rng.normal(size=5000)) == "random" for _ in range(200))
    assert spacing(np.unique(rng.normal(size=1000).round(1))) == "even"
    assert spacing(np.array([0.0, 1.0])) == "even"
    both = np.sort(rng.normal(size=99)), np.arange(99.0)
    assert spacing_of(both, TUNING) == "even"


@pytest.mark.parametrize("n", [300, 1000, 4000])
def test_copies_with_a_little_noise_are_not_taken_for_noise_of_few_values(n):
    """A single neighbour of such a row is its copy, and shows the noise between the two."""
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = x + 0.02 * rng.normal(size=n)
    drawn = rng.integers(0, n // 2, n)
    jittered = [side[drawn] + 1e-6 * rng.normal(size=n) for side in (x, y)]
    estimate = Canonical().estimate(*jittered)
    assert estimate.info["k"] == 3
    assert "fine_structure" not in estimate.flags


def test_discordant_neighbours_alone_are_no_noise():
    i = np.arange(3000.0)
    exchanged = (np.arange(3000) ^ 1).astype(float)
    assert fit_narrow_noise(i, exchanged, TUNING).shape is None
    assert Canonical().estimate(i, exchanged).nats < math.log(3000)
    twice = np.repeat(np.random.default_rng(0).normal(size=1500), 2)
    assert np.isfinite(Canonical().estimate(twice, twice + 1e-9 * np.arange(3000)).nats)


# -- info and flags ------------------------------------------------------------------------------


def test_nats_that_only_the_noise_model_gives_are_in_info_and_flagged():
    estimate = Canonical().estimate(*noisy("normal", 8, 1000, 0))
    assert estimate.info["method"] == "k-NN on all columns, narrow noise"
    assert estimate.info["unseen_nats"] > 2
    assert f"{estimate.info['unseen_nats']:.2f} nats" in estimate.flags["unseen"]
    assert "unseen" not in Canonical().estimate(*noisy("normal", 3, 5000, 0)).flags


@pytest.mark.parametrize("n", [20, 200, 2000])
def test_the_same_order_on_both_sides_is_at_the_ceiling(n):
    """No discordant pair: about 2 log n - 1.3 nats, and the true MI may be infinite."""
    x = np.random.default_rng(n).normal(size=n)
    expected = 2 * math.log(n) - 1.27
    assert max_nats(n, TUNING) == pytest.approx(expected, abs=0.05 + 5 / n)
    estimate = Canonical().estimate(x, np.exp(x))
    assert estimate.nats == pytest.approx(max_nats(n, TUNING), abs=0.05)
    assert "ceiling" in estimate.flags


@pytest.mark.parametrize("values", [(-0.1, 0.1), (-0.1, 0, 0.1)])
def test_noise_of_few_values_is_narrower_than_its_model(values):
    """The noise is one of some values plus a narrow normal part: the MI is h(Y) - h(noise).

    A model of one smooth width misses 1.6 nats and more. The rest is missed with a flag.
    """
    rng, spread = np.random.default_rng(0), 1e-3
    truth = NORMAL_ENTROPY - (NORMAL_ENTROPY + math.log(spread) + math.log(len(values)))
    missed = []
    for n in (500, 2000, 8000):
        x = rng.normal(size=n)
        y = x + rng.choice(values, n) + spread * rng.normal(size=n)
        estimate = Canonical().estimate(x, y)
        assert "fine_structure" in estimate.flags
        missed.append(truth - estimate.nats)
    assert missed[0] > missed[1] > missed[2] > 0
    assert missed[1] < 1.25


@pytest.mark.parametrize("shape", ["normal", "uniform", "laplace"])
@pytest.mark.parametrize("n", [200, 2000])
def test_smooth_noise_is_not_taken_for_noise_of_few_values(shape, n):
    rng = np.random.default_rng(n)
    for width in (1e-4, 1e-2):
        x = rng.normal(size=n)
        noise = getattr(rng, shape)(size=n)
        assert Canonical().estimate(x, x + width * noise).info["k"] == 3
