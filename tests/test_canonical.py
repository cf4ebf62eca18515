"""`canonical`: estimates at independence and for known MI, and the directions that it finds.

Statistical tests use fixed seeds, and standard errors of their means.
"""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_t, norm, t

import mibench
from mibench import InputError
from mibench.contract.variables import as_pair
from mibench.estimators import KNN, Canonical
from mibench.estimators.canonical import WithAllFlags
from mibench.estimators.cca.estimation import estimate_canonical
from mibench.estimators.cca.features import continuous_features, normal_scores
from mibench.estimators.cca.gaussian import beyond_chance, gaussian_rows, gaussian_term
from mibench.estimators.cca.knn_terms import knn_term, kraskov_rows, ross_term
from mibench.estimators.cca.pairs import PairSearch, residual_correlation
from mibench.estimators.cca.polynomials import polynomial_residuals
from mibench.estimators.cca.row_order import (
    data_order,
    entropy_of_copies,
    labelled_data_order,
    midranks,
)
from mibench.estimators.cca.tuning import Tuning

from .samples import normal
from .statistics_of_seeds import correlated, mean_and_error, sampled_nats, true_nats

TUNING = Tuning()
DEGREES = {"normal": math.inf, "Student, 1 degree of freedom": 1.0, "3 degrees": 3.0}


def independent(dims, degrees, n, seed):
    """Two independent sides (n, dims); the dimensions of a side share one radius."""
    rng = np.random.default_rng([seed, dims, n])
    sides = []
    for _ in range(2):
        z = rng.normal(size=(n, dims))
        if math.isfinite(degrees):
            z /= np.sqrt(rng.chisquare(degrees, size=(n, 1)) / degrees)
        sides.append(z)
    return sides


# -- independence ------------------------------------------------------------------------------


@pytest.mark.parametrize("dims", [1, 2, 5, 25])
@pytest.mark.parametrize(
    "distribution",
    ["normal", "Student, 1 degree of freedom", pytest.param("3 degrees", marks=pytest.mark.slow)],
)
def test_independent_sides_give_nearly_zero(distribution, dims):
    """The bounds of the design: 0.02 nats on average, 0.05 for any sample."""
    degrees = DEGREES[distribution]
    nats = [Canonical().estimate(*independent(dims, degrees, 500, s)).nats for s in range(3)]
    assert np.mean(nats) <= 0.02
    assert max(nats) <= 0.05


@pytest.mark.slow
def test_pairs_of_independent_sides_are_not_significant():
    samples_with_pairs = 0
    for seed in range(20):
        x, y = (side.T for side in independent(3, 2.0, 300, seed))
        features_x, _, f = continuous_features(x, TUNING.features)
        features_y, _, g = continuous_features(y, TUNING.features)
        search = PairSearch(f, g, features_x, features_y, 10, TUNING)
        samples_with_pairs += len(search.pairs(3).u) > 0
    assert samples_with_pairs <= 1  # at 3.5 standard deviations about one in a thousand


@pytest.mark.slow
def test_the_limit_of_chance_allows_for_heavy_tails_and_for_few_permutations():
    """With one radius for 50 columns, rows of large leverage scatter three times as much.

    At 3.5 standard deviations about one sample in four thousand is above the limit.
    """
    terms = [
        gaussian_term(*(normal_scores(side.T) for side in independent(50, 1.0, 500, s)), TUNING)
        for s in range(40)
    ]
    assert all(term.rows.mean() <= term.chance for term in terms)
    for m in (5, 60):
        chance = np.random.default_rng(m).normal(size=m)
        errors = t.isf(norm.sf(3.5), m - 1) * math.sqrt(1 + 1 / m)
        expected = chance.mean() + errors * chance.std(ddof=1)
        assert beyond_chance(chance, 3.5) == pytest.approx(expected)


def test_independent_labels_give_nearly_zero():
    rng = np.random.default_rng(0)
    for dims in (1, 3, 20):
        estimate = Canonical().estimate(
            rng.normal(size=(600, dims)), rng.integers(0, 5, 600), discrete_y=True
        )
        assert estimate.nats <= 0.05
        assert estimate.nats == 0 or "not_detected" not in estimate.flags


# -- known MI ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("rho", "dims"), [(0.3, 1), (0.8, 1), (0.6, 5), (0.99, 3)])
def test_normal_sides_of_known_mi(rho, dims):
    """Unbiased but for what ranks lose of normal margins: about 5 / n of the MI, more at 0.99."""
    samples = [correlated(rho, 1000, s, dims, dims) for s in range(10)]
    errors = [Canonical().estimate(x, y).nats - sampled_nats(rho, x, y) for x, y in samples]
    mean, error = mean_and_error(errors)
    assert error < 0.005  # what 24 seeds have if the samples' own scatter is not taken away
    assert abs(mean) < 4 * error + (0.005 if rho < 0.9 else 0.05)


@pytest.mark.slow
def test_the_gaussian_term_is_unbiased_at_any_dependence():
    """200 samples of 40 rows in 4 + 4 dimensions; without correction the bias is 0.26 nats."""
    nats = []
    for seed in range(200):
        x, y = (side.T for side in correlated(0.7, 40, seed, 4, 4))
        nats.append(gaussian_term(x, y, TUNING).rows.mean())
    mean, error = mean_and_error(nats)
    assert abs(mean - true_nats(0.7)) < 4 * error
    assert error < 0.02


def test_the_limit_of_the_gaussian_term_is_3_5_standard_deviations_at_independence():
    terms = []
    for seed in range(300):
        x, y = (side.T for side in correlated(0.0, 60, seed, 3, 3))
        terms.append(gaussian_term(x, y, TUNING))
    sd = np.std([term.rows.mean() for term in terms], ddof=1)
    limit = min(term.chance for term in terms)  # of the formula; permutations can only raise it
    assert 3.5 * sd == pytest.approx(limit, rel=4 / math.sqrt(2 * 300))


def test_columns_that_are_functions_of_others_add_nothing():
    """(w, w^2) and (v, v^2), w and v normal with correlation 0.8; a normal fit has 0.65 nats."""
    nats = []
    for seed in range(4):
        w, v = correlated(0.8, 2000, seed)
        nats.append(Canonical().estimate(np.c_[w, w**2], np.c_[v, v**2]).nats)
    mean, error = mean_and_error(nats)
    assert abs(mean - true_nats(0.8)) < 4 * error + 0.01  # for what ranks lose


@pytest.mark.parametrize(
    "functions", [lambda w: [], lambda w: [np.cos(w)], lambda w: [abs(w) ** 1.5]]
)
def test_columns_that_repeat_each_other_count_once(functions):
    w, v = correlated(0.8, 2000, 0)
    w, v = w[:, 0], v[:, 0]
    # k-NN scatters by 0.015 nats here; counted twice, the square would add 0.05 to 0.15.
    repeated = Canonical().estimate(np.c_[w, w**2, *functions(w)], np.c_[v, v**2, *functions(v)])
    alone = Canonical().estimate(w, v)
    assert repeated.nats == pytest.approx(alone.nats, abs=0.03)


def test_the_rows_of_the_normal_fit_have_its_plug_in_mi_as_their_mean():
    """It is -log det of the sample's correlations / 2."""
    x, y = (side.T for side in correlated(0.7, 500, 0, 2, 3))
    dets = [np.linalg.slogdet(np.corrcoef(s))[1] for s in (x, y, np.concatenate([x, y]))]
    nats = gaussian_rows(x, y, TUNING).mean()
    assert nats == pytest.approx((dets[0] + dets[1] - dets[2]) / 2)


@pytest.mark.parametrize(
    ("task", "low", "high"),
    [
        # Means over 3 seeds, which scatter by about 0.02 nats each. Downward errors are expected.
        ("student-identity-5-5-2", -0.10, 0.05),  # only the radius is shared: no correlation
        pytest.param("spiral-multinormal-sparse-5-5-2-2.0", -0.20, 0.05, marks=pytest.mark.slow),
        pytest.param("multinormal-dense-25-25-0.5", -0.08, 0.08, marks=pytest.mark.slow),
        ("swissroll_x-normal_cdf-1v1-normal-0.75", -0.06, 0.06),
    ],
)
def test_dependence_that_neither_correlation_nor_knn_on_the_columns_sees(task, low, high):
    task = mibench.get_task(task)
    errors = [
        Canonical().estimate(*task.sample(2000, seed)).nats - task.mi_nats for seed in range(3)
    ]
    assert low < np.mean(errors) < high


@pytest.mark.slow
def test_a_shared_radius_is_found_at_any_n():
    """Means over 4 seeds, whose standard errors are 0.010 and 0.005 nats."""
    task = mibench.get_task("student-identity-5-5-2")
    for n, max_error in ((1000, 0.04), (5000, 0.02)):
        errors = [Canonical().estimate(*task.sample(n, s)).nats - task.mi_nats for s in range(4)]
        assert abs(np.mean(errors)) < max_error


def test_a_function_of_an_earlier_pair_is_not_new():
    """Two noisy squares of one score are correlated; given the score, they are not."""
    polynomials = TUNING.polynomials
    rng = np.random.default_rng(0)
    n = 4000
    w, p, q = rng.normal(size=(3, n))
    first = normal_scores(w[None] + 0.1 * rng.normal(size=(2, n)))
    square = normal_scores(np.stack([w**2 + p, w**2 + q]))
    other = normal_scores(np.stack([p + q, p - 0.5 * q]))
    none = first[:0]
    assert residual_correlation(*square, none, none, polynomials) > 0.5
    given_first = residual_correlation(*square, first[:1], first[1:], polynomials)
    assert abs(given_first) < 4 / math.sqrt(n) + 0.02
    alone = residual_correlation(*other, none, none, polynomials)
    given_first = residual_correlation(*other, first[:1], first[1:], polynomials)
    assert given_first == pytest.approx(alone, abs=0.02)
    few = slice(0, 14)  # rows for 8 terms
    earlier = first[:1, few], first[1:, few]
    assert residual_correlation(*square[:, few], *earlier, polynomials) == 0


def test_polynomial_residuals_are_those_of_least_squares():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 500))
    scores = np.stack([3 * z[0] ** 8 - z[0], z[0] * z[1] + 2, np.sign(z[1])])
    residuals = polynomial_residuals(scores, z, TUNING.polynomials)
    assert abs(residuals[:2]).max() < 1e-6 * abs(scores).max()
    terms = [z[0] ** i for i in range(9)] + [z[1] ** i for i in range(1, 9)] + [z[0] * z[1]]
    naive, *_ = np.linalg.lstsq(np.stack(terms, axis=1), scores[2], rcond=None)
    assert residuals[2] == pytest.approx(scores[2] - np.stack(terms, axis=1) @ naive, abs=1e-7)


@pytest.mark.slow
def test_the_error_falls_with_n():
    task = mibench.get_task("spiral-multinormal-sparse-5-5-2-2.0")
    errors = [
        np.mean([abs(Canonical().estimate(*task.sample(n, s)).nats - task.mi_nats) for s in (0, 1)])
        for n in (500, 4000)
    ]
    assert errors[0] > 2 * errors[1]


@pytest.mark.parametrize("dims", [1, 10])
def test_two_labels_shift_one_column(dims):
    """C in {-1, 1}, X_1 = C + normal, the others noise: I is an integral over X_1."""

    def integrand(x):
        densities = [norm.pdf(x, c) for c in (-1, 1)]
        mean = sum(densities) / 2
        return sum(p / 2 * math.log(p / mean) for p in densities)

    truth = quad(integrand, -8, 8)[0]
    nats = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, 1500)
        x = rng.normal(size=(1500, dims))
        x[:, 0] += 2 * labels - 1
        nats.append(Canonical().estimate(np.array(["a", "b"])[labels], x, discrete_x=True).nats)
    mean, error = mean_and_error(nats)
    assert abs(mean - truth) < 4 * error + 0.01  # the direction is learned with an error


# -- the k-NN terms against the estimator knn --------------------------------------------------


def test_rows_of_kraskov_and_ross_have_the_means_of_knn():
    x, y = (side.T for side in normal(400, 2, 2))
    for k in (3, 7):
        expected = KNN(k=k, standardize=False).estimate(x.T, y.T).nats
        assert kraskov_rows(x, y, k)[0].mean() == pytest.approx(expected, abs=1e-12)
    symbols = (y[0] > 0).astype(int)
    term = ross_term(x, symbols, TUNING.knn)
    ross = KNN(k=term.k, standardize=False).estimate(x.T, symbols, discrete_y=True)
    assert term.nats == pytest.approx(ross.nats)


def test_fewer_neighbours_are_accepted_where_they_give_more():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(1, 2000))
    noise = rng.normal(size=(1, 2000))
    assert knn_term(normal_scores(u), normal_scores(noise), TUNING).k == 15
    wave = normal_scores(u), normal_scores(np.sin(6 * u) + 0.05 * noise)
    term = knn_term(*wave, TUNING)
    assert term.k == 3
    sizes = (15, 7, 3)
    nats = [kraskov_rows(*(norm.cdf(side) for side in wave), k)[0].mean() for k in sizes]
    assert term.nats == pytest.approx(np.polyfit(sizes, nats, 1)[1])  # the line at k = 0


def waves(n, seed):
    """y = sin(12 (x_1 + 0.7 x_2)) + 0.1 e for x uniform on a square: 1.70 nats by quadrature."""
    rng = np.random.default_rng([n, seed])
    x = rng.random((n, 2))
    return x, np.sin(12 * (x @ [1, 0.7])) + 0.1 * rng.normal(size=n)


@pytest.mark.slow
def test_waves_are_seen_and_flagged():
    """The estimate rises towards the true MI with rows, and is flagged as too low."""
    means = []
    for n in (500, 2000, 8000):
        estimates = [Canonical().estimate(*waves(n, s)) for s in range(3)]
        assert all("fine_structure" in estimate.flags for estimate in estimates)
        means.append(np.mean([estimate.nats for estimate in estimates]))
        # Where rows are dense, a single neighbour sees them without a sought wave.
        assert n < 8000 or all(estimate.info["k"] == 1 for estimate in estimates)
    assert 0.8 < means[0] < means[1] < means[2] < 1.7
    assert means[1] > 1.5


# -- changes of the data that change nothing ---------------------------------------------------


def test_increasing_maps_of_columns_change_nothing():
    for x, y in (normal(600, 3, 2), independent(4, 1.0, 600, 0)):
        expected = Canonical().estimate(x, y)
        mapped = np.c_[np.exp(x[:, :1]), 1e6 + 3 * x[:, 1:]], np.arctan(y)
        assert Canonical().estimate(*mapped) == expected


def test_the_order_of_rows_columns_and_sides_changes_no_bit():
    x, y = normal(500, 3, 3)
    rng = np.random.default_rng(0)
    for a, b in ((x, y), (np.round(x, 1), np.round(y, 1))):  # the second: ties
        expected = Canonical().estimate(a, b).nats
        order = rng.permutation(500)
        assert Canonical().estimate(a[order][:, [2, 0, 1]], b[order][:, ::-1]).nats == expected
        assert Canonical().estimate(b, a).nats == expected


def test_data_in_any_order_are_laid_out_in_the_same_order():
    x, y = (np.round(side, 1) for side in normal(300, 3, 2))  # ties
    rng = np.random.default_rng(0)
    order = data_order(x.T, y.T)
    expected = np.c_[y if order.swapped else x][:, order.columns_x][order.rows]
    rows, columns = rng.permutation(300), rng.permutation(3)
    permuted = data_order(x[rows][:, columns].T, y[rows].T)
    assert permuted.swapped == order.swapped
    side = y[rows] if permuted.swapped else x[rows][:, columns]
    assert np.array_equal(side[:, permuted.columns_x][permuted.rows], expected)


def test_copies_of_a_row_lie_in_all_folds():
    """Half of the rows are one row: so is half of each tenth, within 5 standard deviations."""
    rng = np.random.default_rng(0)
    x = np.where(np.arange(2000)[:, None] < 1000, 0.0, rng.normal(size=(2000, 3)))
    y, label = x[:, :2] + 1, np.arange(2000) % 2
    for rows in (data_order(x.T, y.T).rows, labelled_data_order(x.T, label).rows):
        counts = (rows < 1000).reshape(10, 200).sum(axis=1)
        assert abs(counts - 100).max() < 5 * math.sqrt(200 / 4)


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "dims", "n"), [(0.3, 2, 500), (0.1, 3, 500), (0.01, 2, 2000)])
def test_functions_of_close_normal_columns_are_not_counted_twice(noise, dims, n):
    """Where x and y are close, so are similar functions of them, and G contains all of these.

    Without the normal surrogate, the first is 0.5 nats too high, and the last 1.5.
    """
    truth = dims / 2 * math.log(1 + 1 / noise**2)
    errors = []
    for seed in range(4):
        rng = np.random.default_rng([n, seed])
        x = rng.normal(size=(n, dims))
        estimate = Canonical().estimate(x, x + noise * rng.normal(size=(n, dims)))
        errors.append(estimate.nats - truth)
    assert -0.05 * truth < np.mean(errors) < 0.06  # downwards since ranks are coarse


def test_functions_of_a_common_radius_are_not_counted_twice():
    """Student with 2 degrees of freedom, 3+3 dimensions: 14.1 nats by the entropies.

    This sample gives 17.0 if the linear part of the second pair, though small, counts in full.
    """
    rng = np.random.default_rng([1, 7])
    z = rng.normal(size=(2000, 3))
    common = np.sqrt(2 / rng.chisquare(2, size=(2000, 1)))
    y = common * (z + 0.01 * rng.normal(size=(2000, 3)))
    truth = 2 * multivariate_t(shape=np.eye(3), df=2).entropy()
    truth -= multivariate_t(shape=np.eye(6), df=2).entropy() - 1.5 * math.log(1 + 1e4)
    assert truth == pytest.approx(14.107, abs=0.002)
    assert 12.5 < Canonical().estimate(common * z, y).nats < truth


def test_copies_of_rows_are_no_fine_structure():
    """The nearest other row is the copy: with one neighbour, 0.1 nats would become 6."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 2))
    y = 0.5 * x[:, 0] * x[:, 1] + rng.normal(size=500)
    for noise in (0.0, 1e-3):
        twice = np.tile(x, (2, 1)) + noise * rng.normal(size=(1000, 2))
        estimate = Canonical().estimate(twice, np.tile(y, 2) + noise * rng.normal(size=1000))
        assert estimate.info["k"] > 1
        assert estimate.nats < 1.2
        assert "fine_structure" not in estimate.flags


@pytest.mark.parametrize("n", [500, 2000])
def test_no_estimate_exceeds_the_entropy_of_a_side(n):
    """Whole numbers passed as continuous; if fold membership leaked, scores would give more."""
    rng = np.random.default_rng(n)
    x = rng.integers(0, 4, (n, 2))
    exclusive = WithAllFlags().estimate(x.astype(float), (x[:, 0] ^ x[:, 1]).astype(float))
    assert exclusive.nats == pytest.approx(math.log(4), abs=0.03)
    squares = WithAllFlags().estimate(x.astype(float), x[:, ::-1] ** 2.0)
    assert squares.nats == pytest.approx(2 * math.log(4), abs=0.06)
    assert "ties" in exclusive.flags
    assert "ties" in squares.flags
    assert Canonical().estimate(x.astype(float), rng.integers(0, 4, n).astype(float)).nats < 0.05


def test_entropy_of_copies():
    keys = np.repeat(np.arange(4, dtype=np.uint64), [1, 1, 2, 4])
    plug_in = 0.5 * math.log(2) + 0.25 * math.log(4) + 0.25 * math.log(8)
    assert entropy_of_copies(np.tile(keys, 4)) == pytest.approx(plug_in + 3 / 64)
    assert entropy_of_copies(keys) == pytest.approx(math.log(4))  # never more
    assert entropy_of_copies(np.arange(5, dtype=np.uint64)) == math.inf


@pytest.mark.parametrize("dims", [(2, 1), (2, 2)])
def test_linear_functions_are_at_the_ceiling(dims):
    x = np.random.default_rng(0).normal(size=(1000, 2))
    assert "ceiling" in Canonical().estimate(x[:, : dims[0]], x[:, : dims[1]]).flags
    twice = np.c_[x, x][:, ::2]  # the same column two times
    assert "ceiling" in Canonical().estimate(twice, twice).flags


def separate_classes(count, n, seed, apart=3.0):
    """Normal classes, the centre of each `apart` out in a dimension of its own: x, labels."""
    rng = np.random.default_rng([count, seed])
    label = rng.integers(0, count, n)
    return apart * np.eye(count)[label] + rng.normal(size=(n, count)), label


def mi_of_classes(x, label, apart=3.0):
    """The mean of log p(c | x) / p(c) for the distribution of `separate_classes`, in nats."""
    logits = apart * x
    label_logits = logits[np.arange(len(x)), label]
    return math.log(x.shape[1]) + np.mean(label_logits - logsumexp(logits, axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("count", [6, 12])
def test_many_labels_need_many_directions(count):
    """A pair for each class but one; three of them give at most two thirds of the MI."""
    truth = mi_of_classes(*separate_classes(count, 100_000, 1))
    errors = []
    for seed in range(3):
        x, label = separate_classes(count, 2000, seed)
        estimate = Canonical().estimate(x, label, discrete_y=True)
        assert estimate.info["method"] == f"Ross on {count - 1} pair(s)"
        assert estimate.info["pairs_used"] == count - 1
        assert "more_pairs" not in estimate.flags
        errors.append(estimate.nats - truth)
    assert -0.04 * truth < np.mean(errors) < 0.02


def test_labels_of_a_single_row_are_left_out():
    """This holds wherever their number lies among the others."""
    x, label = separate_classes(4, 400, 0)
    rare = label * 100
    rare[:60] = 1000 + np.arange(60)
    estimate = Canonical().estimate(x, rare, discrete_y=True)
    assert "rare_labels" in estimate.flags
    assert estimate.nats == pytest.approx(
        Canonical().estimate(x[60:], label[60:], discrete_y=True).nats, abs=1e-9
    )


def test_a_side_that_is_constant_without_rare_labels_is_refused():
    rng = np.random.default_rng(0)
    label = np.r_[np.arange(190), np.repeat(999, 10)]
    with pytest.raises(InputError, match=r"190 labels that occur only once, one side is constant"):
        Canonical().estimate(label, rng.normal(size=(200, 5)), discrete_x=True)
    x = np.r_[rng.normal(size=100), np.zeros(100)]
    with pytest.raises(InputError, match=r"100 labels that occur only once, one side is constant"):
        Canonical().estimate(x, np.r_[np.arange(100), 1000 + np.arange(100) % 2], discrete_y=True)


def test_labels_with_the_same_rows_in_any_order():
    rng = np.random.default_rng(0)
    x, label = np.tile(rng.normal(size=(150, 4)), (2, 1)), np.repeat([0, 1], 150)
    expected = Canonical().estimate(x, label, discrete_y=True)
    for _ in range(3):
        rows = rng.permutation(300)
        assert Canonical().estimate(x[rows], label[rows], discrete_y=True) == expected


def test_labels_of_rows_with_exact_zeros():
    """A quarter of the rows have no active unit. The MI is 0.24 nats; estimates scatter by 0.02.

    The bound is 2.8 standard errors of the mean of two.
    """
    task = mibench.get_task("network-relu-lossy-12-12-label")
    errors = [
        Canonical().estimate(*task.sample(2000, s), discrete_y=True).nats - task.mi_nats
        for s in range(2)
    ]
    assert abs(np.mean(errors)) < 0.04


def test_midranks():
    assert midranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


# -- the canonical pairs as functions ----------------------------------------------------------


def planted(n, seed):
    """The first of 6 columns of y is a product of two of 6 columns of x, plus noise."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n, 6))
    y[:, 0] = x[:, 0] * x[:, 1] + 0.5 * y[:, 0]
    return x, y


def test_directions_recover_a_planted_dependence_on_new_rows():
    fit = Canonical().fit(*planted(2000, 0))
    x, y = planted(2000, 1)
    u, v = fit.scores_x(x), fit.scores_y(y)
    assert u.shape == v.shape
    assert u.shape[1] >= 1
    assert abs(np.corrcoef(u[:, 0], x[:, 0] * x[:, 1])[0, 1]) > 0.95
    assert abs(np.corrcoef(v[:, 0], normal_scores(y[:, :1].T)[0])[0, 1]) > 0.9
    assert fit.estimate.info["gaussian_nats"] == 0
    assert fit.estimate == Canonical().estimate(*planted(2000, 0))


def test_directions_belong_to_their_columns_and_sides():
    x, y = planted(1500, 0)
    fit, swapped = Canonical().fit(x, y), Canonical().fit(y[:, ::-1], np.c_[np.ones(1500), x])
    assert np.allclose(fit.scores_x(x), swapped.scores_y(np.c_[np.ones(1500), x]))
    assert np.allclose(fit.scores_y(y), swapped.scores_x(y[:, ::-1]))


def test_directions_of_labels_separate_them():
    rng = np.random.default_rng(0)
    labels = np.array(["red", "green", "blue"])[rng.integers(0, 3, 900)]
    x = rng.normal(size=(900, 5))
    x[labels == "red", 2] += 3
    fit = Canonical().fit(x, labels, discrete_y=True)
    u, v = fit.scores_x(x)[:, 0], fit.scores_y(labels)[:, 0]
    assert np.corrcoef(u, v)[0, 1] > 0.7
    red, blue, other = fit.scores_y(["red", "blue", "unheard of"])[:, 0]
    assert abs(red - blue) > 1
    assert min(red, blue) < other < max(red, blue)


def test_the_parts_in_info_add_up():
    for x, y in (normal(800, 4, 4), planted(800, 0), normal(300)):
        estimate = Canonical().estimate(x, y)
        info = estimate.info
        total = info["gaussian_nats"] + info["non_gaussian_nats"]
        assert estimate.nats == pytest.approx(total, abs=1e-9)
        assert len(info["pairs_nats"]) == info["pairs"] >= info["pairs_used"]


# -- extreme data ------------------------------------------------------------------------------


@pytest.mark.slow
def test_fewer_rows_than_features():
    """60 rows in 50 + 50 dimensions: a strong dependence is seen, and none where there is none."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(60, 1))
    x, y = (common + 0.3 * rng.normal(size=(60, 50)) for _ in range(2))
    estimate = Canonical().estimate(x, y)
    assert estimate.nats > 0.5
    assert "beyond_evidence" in estimate.flags
    assert Canonical().estimate(*rng.normal(size=(2, 60, 50))).nats <= 0.05


@pytest.mark.slow
def test_many_columns_and_labels():
    """Like images of digits: 100 columns, each of which depends on the label a little."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 1000)
    x = rng.normal(size=(1000, 100)) + rng.normal(size=(10, 100))[labels]
    estimate = Canonical().estimate(x, labels, discrete_y=True)
    assert 1.0 < estimate.nats <= math.log(10)
    assert estimate.info["features_x"] < 1000


def test_columns_with_many_equal_values():
    x, y = normal(800, 3, 3, noise=0.3)
    assert Canonical().estimate(np.maximum(x, 0), np.maximum(y, 0)).nats > 0.5


@pytest.mark.slow
def test_steps_can_be_switched_off():
    """Each tuning gives the estimate that is left without that step."""
    x, y = planted(800, 0)
    sides = as_pair(x, y + x, False, False)

    def nats(**groups):
        estimate, *_ = estimate_canonical(*sides, 10, 3, replace(TUNING, **groups))
        return estimate.nats, estimate.info

    default, info = nats()
    assert default == Canonical().estimate(x, y + x).nats > info["gaussian_nats"] > 0
    assert nats(knn=replace(TUNING.knn, used=False))[0] == info["gaussian_nats"]
    without_gaussian, info = nats(gaussian=replace(TUNING.gaussian, used=False))
    assert info["gaussian_nats"] == 0
    assert 0 < without_gaussian < default
    without_products, _ = nats(features=replace(TUNING.features, max_products=-1))
    assert without_products < default


def test_the_example_of_an_ablation_runs():
    page = (Path(__file__).parents[1] / "docs" / "canonical.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    names = {}
    exec(compile(code, "canonical.md", "exec"), names)
    assert names["estimate"].nats > 0.5


def test_data_that_cannot_be_fitted_are_refused():
    x, y = normal(50)
    with pytest.raises(InputError, match="y is constant"):
        Canonical().fit(x, np.ones(50))
    with pytest.raises(InputError, match="two discrete sides"):
        Canonical().fit(x > 0, y > 0, discrete_x=True, discrete_y=True)
    with pytest.raises(InputError, match="at least 10 rows, got 9"):
        Canonical().estimate(x[:9], y[:9])
    with pytest.raises(InputError, match="occur only once"):
        Canonical().estimate(x, np.arange(50), discrete_y=True)
