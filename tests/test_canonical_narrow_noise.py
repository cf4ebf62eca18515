"""Dependence that is tighter than the rows are dense: told from pairs of rows out of order.

The laws here are a normal x and y = x + s e, for noise e of several laws. For small s the MI is
h(x) - h(e) - log s, to O(s^2): below 1e-4 from 5 nats on. Statistical tests use fixed seeds.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kendalltau, tukeylambda

from mibench.estimators import KNN, Canonical
from mibench.estimators.cca.narrow_noise import (
    ENTROPIES,
    MEANS,
    NORMAL_ENTROPY,
    RATIOS,
    SHAPES,
    Narrow,
    evenly_spaced,
    most_nats,
    narrow,
)
from mibench.estimators.kernels import discordance

NOISE = {  # samples, and the entropy
    "normal": (lambda rng, n: rng.standard_normal(n), NORMAL_ENTROPY),
    "logistic": (lambda rng, n: rng.logistic(size=n), 2.0),
    "Laplace": (lambda rng, n: rng.laplace(size=n), 1 + math.log(2)),
    "uniform": (lambda rng, n: rng.random(n), 0.0),
}


def noisy(kind, nats, n, seed):
    """A normal x and y = x + s e, whose MI is so many nats."""
    draw, entropy = NOISE[kind]
    rng = np.random.default_rng([seed, n])
    x = rng.normal(size=n)
    return x, x + math.exp(NORMAL_ENTROPY - entropy - nats) * draw(rng, n)


def heteroscedastic(nats, n, seed):
    """Normal noise of standard deviation s exp(x): h(y|x) has the mean of x, 0, added."""
    rng = np.random.default_rng([seed, n])
    x = rng.normal(size=n)
    return x, x + math.exp(-nats) * np.exp(x) * rng.standard_normal(n)


def errors(sample, nats, seeds):
    return np.array([Canonical().estimate(*sample(s)).nats - nats for s in range(seeds)])


# -- the count of pairs out of order -----------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 20, 57])
def test_small_discordance_equals_its_twin(n):
    ranks = np.random.default_rng(n).permutation(n)
    counts, lags = np.empty(n, np.int64), np.empty(n, np.int64)
    discordance.discordant(ranks, counts, lags)
    for i in range(n):
        out = [j for j in range(n) if (j - i) * (ranks[j] - ranks[i]) < 0]
        assert counts[i] == len(out)
        assert lags[i] == sum(abs(j - i) for j in out)


@pytest.mark.parametrize("least", [1, 6, 1000])
@pytest.mark.parametrize("rows", [1, 4])
def test_small_stretches_are_as_short_as_can_be(least, rows):
    counts = np.random.default_rng(least).integers(0, 4, 60)
    of = np.empty(60, np.int64)
    discordance.stretches(counts, least, rows, of)
    assert of[0] == 0
    assert set(np.diff(of)) <= {0, 1}
    each = [counts[of == k] for k in range(of[-1] + 1)]
    for stretch in each[:-1]:
        assert stretch.sum() >= least
        assert len(stretch) >= rows
        assert stretch[:-1].sum() < least or len(stretch) == rows
    if len(each) > 1:
        assert each[-1].sum() >= least
        assert len(each[-1]) >= rows


def test_the_share_of_pairs_out_of_order_is_that_of_kendall():
    x, y = noisy("normal", 3, 500, 0)
    counts, lags = np.empty(500, np.int64), np.empty(500, np.int64)
    discordance.discordant(np.argsort(np.argsort(y))[np.argsort(x)], counts, lags)
    assert counts.sum() / (500 * 499) == pytest.approx((1 - kendalltau(x, y).statistic) / 2)


# -- the law of the noise ----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [0.0, 0.13, 0.5, 1.0])
def test_shapes_are_those_of_tukeys_lambda(shape):
    """Entropy and variance as SciPy has them, E|D| by quadrature of 2 F (1 - F)."""
    law = tukeylambda(shape)
    entropy, mean, ratio = (np.interp(shape, SHAPES, table) for table in (ENTROPIES, MEANS, RATIOS))
    assert entropy == pytest.approx(float(law.entropy()), abs=2e-4)
    end = 1 / shape if shape > 0 else 40.0
    by_quadrature, _ = quad(lambda x: 2 * law.cdf(x) * law.sf(x), -end, end)
    assert mean == pytest.approx(by_quadrature, rel=1e-4)
    assert ratio == pytest.approx(mean**2 / (2 * law.var()), rel=1e-4)


def test_no_law_with_the_same_mean_difference_has_more_entropy_than_the_logistic():
    """2 + log(E|D| / 2), E|D| by a million draws; the logistic law attains it."""
    rng = np.random.default_rng(0)
    for kind, (draw, entropy) in NOISE.items():
        difference = np.abs(draw(rng, 10**6) - draw(rng, 10**6)).mean()
        above = 2 + math.log(difference / 2) - entropy
        assert above > -0.003  # 3 standard errors of the draws
        assert (above < 0.003) == (kind == "logistic")


@pytest.mark.parametrize(("kind", "low", "high"), [
    ("logistic", 0.0, 0.06), ("Laplace", 0.0, 0.01), ("normal", 0.03, 0.25), ("uniform", 0.6, 1.0),
])  # fmt: skip
def test_the_shape_of_noise_is_told_from_how_far_rows_are_out_of_order(kind, low, high):
    """The normal law is nearest to 0.135; one standard error is taken off."""
    found = [narrow(*noisy(kind, 5, 10_000, s)).shape for s in range(4)]
    assert low <= np.mean(found) <= high


def test_broad_noise_is_left_to_others():
    rng = np.random.default_rng(0)
    x, e = rng.normal(size=(2, 1000))
    assert narrow(x, x + e) is None
    assert narrow(x, e) is None
    assert isinstance(narrow(x, x + 0.1 * e), Narrow)
    assert isinstance(narrow(x, -x + 0.1 * e), Narrow)


# -- the estimate ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["normal", "logistic", "Laplace"])
@pytest.mark.parametrize("nats", [3, 5, 8])
def test_tight_dependence_is_right_where_knn_ends_at_log_n(kind, nats):
    """log n is 7.6; the noise of 8 nats is some tenth of the gaps between rows.

    Counts of a Poisson kind scatter by 1 / sqrt(pairs out of order): 0.08 for 8 nats, and the mean
    of 8 by 0.03. 0.06 are allowed for the shape of noise and its breadth in the tails.
    """
    found = errors(lambda s: noisy(kind, nats, 2000, s), nats, 8)
    assert abs(found.mean()) < 0.06 + 3 * found.std(ddof=1) / math.sqrt(8)
    if nats == 8:
        assert KNN().estimate(*noisy(kind, nats, 2000, 0)).nats < 6.8


def test_uniform_noise_is_undervalued_until_rows_show_its_shape():
    """By at most the 0.208 nats that logistic noise of the same E|D|, 1/3, has more entropy."""
    most = 2 + math.log((1 / 3) / 2)
    few = errors(lambda s: noisy("uniform", 6, 1000, s), 6, 8)
    many = errors(lambda s: noisy("uniform", 6, 20_000, s), 6, 4)
    assert -most - 0.05 < few.mean() < -0.1
    assert abs(many.mean()) < 0.05


def test_noise_whose_breadth_varies():
    found = errors(lambda s: heteroscedastic(6, 5000, s), 6, 6)
    assert abs(found.mean()) < 0.04


@pytest.mark.parametrize("nats", [4, 10])
def test_error_falls_with_the_number_of_rows(nats):
    means = [np.abs(errors(lambda s, n=n: noisy("normal", nats, n, s), nats, 6)).mean()
             for n in (200, 1000, 5000)]  # fmt: skip
    assert means[0] > means[1] > means[2]


def test_increasing_and_decreasing_maps_change_nothing():
    """A decreasing one may exchange which side is looked at in order of the other."""
    x, y = noisy("normal", 6, 600, 1)
    nats = Canonical().estimate(x, y).nats
    assert Canonical().estimate(np.exp(x), y**3).nats == nats
    assert Canonical().estimate(x, -y).nats == pytest.approx(nats, abs=0.02)


def test_rounded_values_do_not_pass_for_order():
    """Rounded to 0.1, y has 3.72 nats of entropy, and no more can be known of it."""
    x = np.random.default_rng(0).normal(size=2000)
    most = NORMAL_ENTROPY - math.log(0.1)
    for pair in ((x, x.round(1)), (x.round(1), x.round(1))):
        found = Canonical().estimate(*pair)
        assert abs(found.nats - most) < 0.12
        assert "ties" in found.flags


def test_a_few_rows_that_do_not_belong_do_not_hide_the_rest():
    """3 of 100 rows independent: 0.97 (I + log 0.97) + 0.03 log 0.03, I = 4.6 nats."""
    rng = np.random.default_rng(0)
    x, e, other = rng.normal(size=(3, 3000))
    y = np.where(rng.random(3000) < 0.03, other, x + 0.01 * e)
    truth = 0.97 * (-math.log(0.01) + math.log(0.97)) + 0.03 * math.log(0.03)
    assert Canonical().estimate(x, y).nats == pytest.approx(truth, abs=0.1)


# -- rows that do not lie as if drawn at random ------------------------------------------------


@pytest.mark.parametrize("axis", [lambda t: t, np.exp, lambda t: np.repeat(t[::4], 4)])
@pytest.mark.parametrize("n", [100, 2000])
def test_nothing_is_added_along_a_time_axis(axis, n):
    """Of a grid, noise below its step puts no rows out of order, and that says nothing."""
    t = np.linspace(0, 3, n)
    noise = 0.6 / n * np.random.default_rng(n).normal(size=n)
    for pair in ((axis(t), t + noise), (t + noise, axis(t))):
        found = Canonical().estimate(*pair)
        assert found.info["unseen_nats"] == 0
        assert found.nats < math.log(n)


def test_what_is_drawn_is_not_called_even():
    """Nor is a narrow or a rough density; values rounded coarsely are."""
    rng = np.random.default_rng(0)
    for n in (10, 100, 10_000):
        for values in (rng.normal(size=n), rng.random(n), rng.standard_cauchy(n),
                       np.r_[rng.normal(size=n), 100 + rng.normal(size=n)]):  # fmt: skip
            assert not evenly_spaced(np.sort(values))
        assert evenly_spaced(np.linspace(0, 3, n))
        if n > 10:  # which would be too few to tell by 4 standard errors
            assert evenly_spaced(np.exp(np.linspace(0, 3, n)))
            assert evenly_spaced(np.arange(n) + 0.2 * rng.random(n))
    assert not any(evenly_spaced(np.sort(rng.normal(size=5000))) for _ in range(200))
    assert evenly_spaced(np.unique(rng.normal(size=1000).round(1)))
    assert evenly_spaced(np.array([0.0, 1.0]))


def test_pairs_out_of_order_side_by_side_alone_are_no_noise():
    i = np.arange(3000.0)
    neighbours = narrow(i, (np.arange(3000) ^ 1).astype(float))
    assert neighbours.shape is None
    assert Canonical().estimate(i, (np.arange(3000) ^ 1).astype(float)).nats < math.log(3000)
    twice = np.repeat(np.random.default_rng(0).normal(size=1500), 2)
    assert np.isfinite(Canonical().estimate(twice, twice + 1e-9 * np.arange(3000)).nats)


# -- what is said about it ---------------------------------------------------------------------


def test_what_knn_does_not_see_is_told_and_flagged():
    found = Canonical().estimate(*noisy("normal", 8, 1000, 0))
    assert found.info["method"] == "k-NN on all columns, narrow noise"
    assert found.info["unseen_nats"] > 2
    assert f"{found.info['unseen_nats']:.2f} nats" in found.flags["unseen"]
    assert "unseen" not in Canonical().estimate(*noisy("normal", 3, 5000, 0)).flags


@pytest.mark.parametrize("n", [20, 200, 2000])
def test_the_same_order_on_both_sides_is_at_the_ceiling(n):
    """No pair out of order: some 2 log n - 1.3, and the truth may be infinite."""
    x = np.random.default_rng(n).normal(size=n)
    assert most_nats(n) == pytest.approx(2 * math.log(n) - 1.27, abs=0.05 + 5 / n)
    found = Canonical().estimate(x, np.exp(x))
    assert found.nats == pytest.approx(most_nats(n), abs=0.05)
    assert "ceiling" in found.flags
