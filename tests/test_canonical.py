"""`canonical`: honest at independence, right where the truth is known, and right about directions.

Statistical tests use fixed seeds, and standard errors of their means.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_t, norm, t

import mibench
from mibench import InputError
from mibench.estimators import KNN, Canonical
from mibench.estimators.cca.features import continuous_features, gaussianised
from mibench.estimators.cca.label_terms import ross_part
from mibench.estimators.cca.pairs import Search, fresh_correlation
from mibench.estimators.cca.row_order import entropy_of_copies, labelled_layout, layout, midranks
from mibench.estimators.cca.terms import (
    beyond_chance,
    gaussian_part,
    gaussian_rows,
    knn_part,
    kraskov_rows,
    unexplained,
)

from .samples import normal
from .statistics_of_seeds import correlated, mean_and_error, true_nats

LAWS = {"normal": math.inf, "Student, 1 degree of freedom": 1.0, "3 degrees": 3.0}


def independent(dims, degrees, n, seed):
    """Two sides that know nothing of each other; within each, one radius for all dimensions."""
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
@pytest.mark.parametrize("law", LAWS)
def test_nothing_is_invented_at_independence(law, dims):
    """The bounds of the design: 0.02 nats in the mean, 0.05 in each case."""
    found = [Canonical().estimate(*independent(dims, LAWS[law], 500, s)).nats for s in range(3)]
    assert np.mean(found) <= 0.02
    assert max(found) <= 0.05


def test_out_of_fold_correlations_of_independent_sides_stay_within_what_chance_reaches():
    passed = 0
    for seed in range(20):
        x, y = (side.T for side in independent(3, 2.0, 300, seed))
        (map_x, _, f), (map_y, _, g) = continuous_features(x), continuous_features(y)
        passed += len(Search(f, g, map_x, map_y, 10).pairs(3).u) > 0
    assert passed <= 1  # at 3.5 standard deviations about one in a thousand


def test_what_chance_reaches_allows_for_heavy_tails_and_for_few_trials():
    """One radius for 50 columns: rows of such leverage scatter three times as much as normal ones.

    At 3.5 standard deviations about one sample in four thousand is above the limit.
    """
    parts = [
        gaussian_part(*(gaussianised(side.T) for side in independent(50, 1.0, 500, s)))
        for s in range(40)
    ]
    assert all(part.rows.mean() <= part.chance for part in parts)
    for m in (5, 60):
        chance = np.random.default_rng(m).normal(size=m)
        errors = t.isf(norm.sf(3.5), m - 1) * math.sqrt(1 + 1 / m)
        want = chance.mean() + errors * chance.std(ddof=1)
        assert beyond_chance(chance) == pytest.approx(want)


def test_independent_labels_have_no_information():
    rng = np.random.default_rng(0)
    for dims in (1, 3, 20):
        found = Canonical().estimate(
            rng.normal(size=(600, dims)), rng.integers(0, 5, 600), discrete_y=True
        )
        assert found.nats <= 0.05
        assert found.nats == 0 or "not_detected" not in found.flags


# -- known truths ------------------------------------------------------------------------------


@pytest.mark.parametrize(("rho", "dims"), [(0.3, 1), (0.8, 1), (0.6, 5), (0.99, 3)])
def test_normal_sides_of_known_information(rho, dims):
    """Unbiased but for what ranks lose of normal margins, some 5 / n of an MI; at 0.99 more."""
    found = [Canonical().estimate(*correlated(rho, 1000, s, dims, dims)).nats for s in range(24)]
    mean, error = mean_and_error(found)
    assert abs(mean - true_nats(rho)) < 4 * error + (0.005 if rho < 0.9 else 0.05)


def test_the_bias_of_the_gaussian_part_is_exact_at_any_dependence():
    """200 samples of 40 rows in 4 + 4 dimensions; without the correction it would be 0.26 nats."""
    found = [
        gaussian_part(*(s.T for s in correlated(0.7, 40, s, 4, 4))).rows.mean() for s in range(200)
    ]
    mean, error = mean_and_error(found)
    assert abs(mean - true_nats(0.7)) < 4 * error
    assert error < 0.02


def test_what_the_gaussian_part_does_not_reach_at_independence():
    parts = [gaussian_part(*(s.T for s in correlated(0.0, 60, s, 3, 3))) for s in range(300)]
    spread = np.std([part.rows.mean() for part in parts], ddof=1)
    said = min(part.chance for part in parts)  # of the formula; permutations can only raise it
    assert 3.5 * spread == pytest.approx(said, rel=4 / math.sqrt(2 * 300))


def test_columns_that_are_functions_of_others_add_nothing():
    """Of (w, w^2) and (v, v^2) with normal w, v of correlation 0.8 a normal law would say 0.65."""
    found = []
    for seed in range(4):
        w, v = correlated(0.8, 2000, seed)
        found.append(Canonical().estimate(np.c_[w, w**2], np.c_[v, v**2]).nats)
    mean, error = mean_and_error(found)
    assert abs(mean - true_nats(0.8)) < 4 * error + 0.01  # for what ranks lose


@pytest.mark.parametrize("more", [lambda w: [], lambda w: [np.cos(w)], lambda w: [abs(w) ** 1.5]])
def test_columns_that_repeat_each_other_are_flagged_and_count_once(more):
    w, v = correlated(0.8, 2000, 0)
    w, v = w[:, 0], v[:, 0]
    # k-NN's own scatter is 0.015 nats here; counted twice, the square would add 0.05 to 0.15.
    found = Canonical().estimate(np.c_[w, w**2, *more(w)], np.c_[v, v**2, *more(v)])
    alone = Canonical().estimate(w, v)
    assert found.nats == pytest.approx(alone.nats, abs=0.03)
    assert "repeated_pairs" in found.flags
    assert "repeated_pairs" not in alone.flags


def test_rows_of_the_gaussian_part_have_its_mean():
    """Their mean is the plug-in information of the sample, -log det of its correlations / 2."""
    x, y = (side.T for side in correlated(0.7, 500, 0, 2, 3))
    dets = [np.linalg.slogdet(np.corrcoef(s))[1] for s in (x, y, np.concatenate([x, y]))]
    assert gaussian_rows(x, y).mean() == pytest.approx((dets[0] + dets[1] - dets[2]) / 2)


@pytest.mark.parametrize(
    ("task", "low", "high"),
    [
        # Means of 3 seeds of some 0.02 nats each. Downward errors are what is expected.
        ("student-identity-5-5-2", -0.10, 0.05),  # the radius alone is shared: no correlation
        ("spiral-multinormal-sparse-5-5-2-2.0", -0.20, 0.05),
        ("multinormal-dense-25-25-0.5", -0.08, 0.08),
        ("swissroll_x-normal_cdf-1v1-normal-0.75", -0.06, 0.06),
    ],
)
def test_dependence_that_neither_correlation_nor_knn_sees(task, low, high):
    task = mibench.get_task(task)
    errors = [
        Canonical().estimate(*task.sample(2000, seed)).nats - task.mi_nats for seed in range(3)
    ]
    assert low < np.mean(errors) < high


def test_a_shared_radius_is_found_whatever_n():
    """Means of 4 seeds, whose standard errors are 0.010 and 0.005 nats."""
    task = mibench.get_task("student-identity-5-5-2")
    for n, most in ((1000, 0.04), (5000, 0.02)):
        errors = [Canonical().estimate(*task.sample(n, s)).nats - task.mi_nats for s in range(4)]
        assert abs(np.mean(errors)) < most


def test_what_is_a_function_of_an_earlier_pair_is_not_new():
    """Two noisy squares of one score are correlated; given the score, they are not."""
    rng = np.random.default_rng(0)
    n = 4000
    w, p, q = rng.normal(size=(3, n))
    first = gaussianised(w[None] + 0.1 * rng.normal(size=(2, n)))
    square = gaussianised(np.stack([w**2 + p, w**2 + q]))
    other = gaussianised(np.stack([p + q, p - 0.5 * q]))
    assert fresh_correlation(*square, first[:0], first[:0]) > 0.5
    assert abs(fresh_correlation(*square, first[:1], first[1:])) < 4 / math.sqrt(n) + 0.02
    alone = fresh_correlation(*other, first[:0], first[:0])
    assert fresh_correlation(*other, first[:1], first[1:]) == pytest.approx(alone, abs=0.02)
    few = slice(0, 14)  # rows for 8 terms
    assert fresh_correlation(*square[:, few], first[:1, few], first[1:, few]) == 0


def test_what_polynomials_leave():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 500))
    scores = np.stack([3 * z[0] ** 8 - z[0], z[0] * z[1] + 2, np.sign(z[1])])
    left = unexplained(scores, z)
    assert abs(left[:2]).max() < 1e-6 * abs(scores).max()
    terms = [z[0] ** i for i in range(9)] + [z[1] ** i for i in range(1, 9)] + [z[0] * z[1]]
    naive, *_ = np.linalg.lstsq(np.stack(terms, axis=1), scores[2], rcond=None)
    assert left[2] == pytest.approx(scores[2] - np.stack(terms, axis=1) @ naive, abs=1e-7)


def test_the_error_falls_with_n():
    task = mibench.get_task("spiral-multinormal-sparse-5-5-2-2.0")
    errors = [
        np.mean([abs(Canonical().estimate(*task.sample(n, s)).nats - task.mi_nats) for s in (0, 1)])
        for n in (500, 4000)
    ]
    assert errors[0] > 2 * errors[1]


@pytest.mark.parametrize("dims", [1, 10])
def test_labels_and_their_shift(dims):
    """C in {-1, 1}, X_1 = C + normal, the others noise: I is an integral over X_1."""

    def integrand(x):
        each = [norm.pdf(x, c) for c in (-1, 1)]
        mean = sum(each) / 2
        return sum(p / 2 * math.log(p / mean) for p in each)

    truth = quad(integrand, -8, 8)[0]
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, 1500)
        x = rng.normal(size=(1500, dims))
        x[:, 0] += 2 * labels - 1
        found.append(Canonical().estimate(np.array(["a", "b"])[labels], x, discrete_x=True).nats)
    mean, error = mean_and_error(found)
    assert abs(mean - truth) < 4 * error + 0.01  # some of the direction is lost


# -- kernels of the estimate against those of knn ------------------------------------------------


def test_rows_of_kraskov_and_ross_have_the_means_of_knn():
    x, y = (side.T for side in normal(400, 2, 2))
    for k in (3, 7):
        want = KNN(k=k).estimate(x.T, y.T).nats
        assert kraskov_rows(x, y, k)[0].mean() == pytest.approx(want, abs=1e-12)
    symbols = (y[0] > 0).astype(int)
    part = ross_part(x, symbols)
    assert part.nats == pytest.approx(KNN(k=part.k).estimate(x.T, symbols, discrete_y=True).nats)


def test_fewer_neighbours_are_taken_where_they_say_more():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(1, 2000))
    noise = rng.normal(size=(1, 2000))
    assert knn_part(gaussianised(u), gaussianised(noise)).k == 15
    wave = gaussianised(u), gaussianised(np.sin(6 * u) + 0.05 * noise)
    taken = knn_part(*wave)
    assert taken.k == 3
    sizes = (15, 7, 3)
    each = [kraskov_rows(*(norm.cdf(side) for side in wave), k)[0].mean() for k in sizes]
    assert taken.nats == pytest.approx(np.polyfit(sizes, each, 1)[1])  # the line at k = 0


def waves(n, seed):
    """y = sin(12 (x_1 + 0.7 x_2)) + 0.1 e for x uniform on a square: 1.70 nats by quadrature."""
    rng = np.random.default_rng([n, seed])
    x = rng.random((n, 2))
    return x, np.sin(12 * (x @ [1, 0.7])) + 0.1 * rng.normal(size=n)


def test_waves_are_seen_by_single_neighbours_and_flagged():
    """The estimate rises towards the truth with rows, and says that there is more."""
    means = []
    for n in (500, 2000, 8000):
        found = [Canonical().estimate(*waves(n, s)) for s in range(3)]
        assert all(one.info["k"] == 1 for one in found)
        assert all("fine_structure" in one.flags for one in found)
        means.append(np.mean([one.nats for one in found]))
    assert 0.8 < means[0] < means[1] < means[2] < 1.7
    assert means[2] > 1.5


# -- what must not matter ------------------------------------------------------------------------


def test_increasing_maps_of_columns_change_nothing():
    for x, y in (normal(600, 3, 2), independent(4, 1.0, 600, 0)):
        want = Canonical().estimate(x, y)
        moved = np.c_[np.exp(x[:, :1]), 1e6 + 3 * x[:, 1:]], np.arctan(y)
        assert Canonical().estimate(*moved) == want


def test_rows_columns_and_sides_in_any_order_to_the_last_bit():
    x, y = normal(500, 3, 3)
    rng = np.random.default_rng(0)
    for a, b in ((x, y), (np.round(x, 1), np.round(y, 1))):  # the second: ties
        want = Canonical().estimate(a, b).nats
        order = rng.permutation(500)
        assert Canonical().estimate(a[order][:, [2, 0, 1]], b[order][:, ::-1]).nats == want
        assert Canonical().estimate(b, a).nats == want


def test_the_layout_is_one_for_all_orders():
    x, y = (np.round(side, 1) for side in normal(300, 3, 2))  # ties
    rng = np.random.default_rng(0)
    order = layout(x.T, y.T)
    want = np.c_[y if order.swapped else x][:, order.first][order.rows]
    rows, columns = rng.permutation(300), rng.permutation(3)
    again = layout(x[rows][:, columns].T, y[rows].T)
    assert again.swapped == order.swapped
    side = y[rows] if again.swapped else x[rows][:, columns]
    assert np.array_equal(side[:, again.first][again.rows], want)


def test_copies_of_a_row_lie_in_all_folds():
    """Half of the rows are one row: of each tenth of the order, half, within 5 deviations."""
    rng = np.random.default_rng(0)
    x = np.where(np.arange(2000)[:, None] < 1000, 0.0, rng.normal(size=(2000, 3)))
    y, label = x[:, :2] + 1, np.arange(2000) % 2
    for rows in (layout(x.T, y.T).rows, labelled_layout(x.T, label)[1]):
        each = (rows < 1000).reshape(10, 200).sum(axis=1)
        assert abs(each - 100).max() < 5 * math.sqrt(200 / 4)


@pytest.mark.parametrize(("noise", "dims", "n"), [(0.3, 2, 500), (0.1, 3, 500), (0.01, 2, 2000)])
def test_functions_of_normal_columns_are_not_counted_beside_their_linear_part(noise, dims, n):
    """Where x and y are close, so are any functions that are alike, and G knows of all of them.

    Without samples of the normal law the first case is 0.5 nats too high, the last 1.5.
    """
    truth = dims / 2 * math.log(1 + 1 / noise**2)
    errors = []
    for seed in range(4):
        rng = np.random.default_rng([n, seed])
        x = rng.normal(size=(n, dims))
        found = Canonical().estimate(x, x + noise * rng.normal(size=(n, dims)))
        errors.append(found.nats - truth)
    assert -0.05 * truth < np.mean(errors) < 0.06  # downwards by the coarseness of ranks


def test_functions_of_a_common_radius_are_not_counted_beside_the_linear_part():
    """Student with 2 degrees of freedom, 3+3 dimensions, 14.1 nats by the entropies of the laws.

    Seed 1 is 17.0 where the linear part of the second pair, though small, counts in full.
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
    """The nearest other row is the copy; one neighbour would say 6 nats of a tenth of a nat."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 2))
    y = 0.5 * x[:, 0] * x[:, 1] + rng.normal(size=500)
    for noise in (0.0, 1e-3):
        twice = np.tile(x, (2, 1)) + noise * rng.normal(size=(1000, 2))
        found = Canonical().estimate(twice, np.tile(y, 2) + noise * rng.normal(size=1000))
        assert found.info["k"] > 1
        assert found.nats < 1.2
        assert "fine_structure" not in found.flags


@pytest.mark.parametrize("n", [500, 2000])
def test_no_side_knows_more_than_its_own_entropy(n):
    """Whole numbers given as if they were continuous: by fold, scores would tell more."""
    rng = np.random.default_rng(n)
    x = rng.integers(0, 4, (n, 2))
    exclusive = Canonical().estimate(x.astype(float), (x[:, 0] ^ x[:, 1]).astype(float))
    assert exclusive.nats == pytest.approx(math.log(4), abs=0.03)
    squares = Canonical().estimate(x.astype(float), x[:, ::-1] ** 2.0)
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
    """Normal classes, one out in each dimension, and what a million draws say of I(X;C)."""
    rng = np.random.default_rng([count, seed])
    label = rng.integers(0, count, n)
    return apart * np.eye(count)[label] + rng.normal(size=(n, count)), label


def information_of_classes(x, label, apart=3.0):
    """log p(c | x) / p(c) in the mean, of the true law of `separate_classes`."""
    fit = apart * x
    own = fit[np.arange(len(x)), label]
    return math.log(x.shape[1]) + np.mean(own - logsumexp(fit, axis=1))


@pytest.mark.parametrize("count", [6, 12])
def test_many_labels_part_in_many_directions(count):
    """A pair for each class but one; three of them know two thirds at most."""
    truth = information_of_classes(*separate_classes(count, 100_000, 1))
    errors = []
    for seed in range(3):
        x, label = separate_classes(count, 2000, seed)
        found = Canonical().estimate(x, label, discrete_y=True)
        assert found.info["method"] == f"Ross on {count - 1} pair(s)"
        assert found.info["pairs_used"] == count - 1
        assert "more_pairs" not in found.flags
        errors.append(found.nats - truth)
    assert -0.04 * truth < np.mean(errors) < 0.02


def test_labels_of_few_rows():
    """Those of a single row are left out, wherever their number lies among the others."""
    x, label = separate_classes(4, 400, 0)
    rare = label * 100
    rare[:60] = 1000 + np.arange(60)
    found = Canonical().estimate(x, rare, discrete_y=True)
    assert "rare_labels" in found.flags
    assert found.nats == pytest.approx(
        Canonical().estimate(x[60:], label[60:], discrete_y=True).nats, abs=1e-9
    )


def test_labels_of_which_one_is_left():
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
    want = Canonical().estimate(x, label, discrete_y=True)
    for _ in range(3):
        rows = rng.permutation(300)
        assert Canonical().estimate(x[rows], label[rows], discrete_y=True) == want


def test_normal_columns_do_not_repeat_each_other_in_few_rows():
    for seed in range(20):
        x, y = (side.T for side in correlated(0.9, 50, seed, 5, 5))
        assert gaussian_part(x, y).repeats == 0


def test_labels_beside_exact_zeros():
    """A quarter of the rows have no active unit; truth 0.24 nats, deviation of a seed 0.02."""
    task = mibench.get_task("network-relu-lossy-12-12-label")
    errors = [
        Canonical().estimate(*task.sample(2000, s), discrete_y=True).nats - task.mi_nats
        for s in range(4)
    ]
    assert abs(np.mean(errors)) < 0.04


def test_midranks():
    assert midranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


# -- what it finds -------------------------------------------------------------------------------


def planted(n, seed):
    """The first of 6 columns of y is a product of two of 6 columns of x, plus noise."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n, 6))
    y[:, 0] = x[:, 0] * x[:, 1] + 0.5 * y[:, 0]
    return x, y


def test_directions_recover_what_was_planted_on_new_rows():
    fit = Canonical().fit(*planted(2000, 0))
    x, y = planted(2000, 1)
    u, v = fit.scores_x(x), fit.scores_y(y)
    assert u.shape == v.shape
    assert u.shape[1] >= 1
    assert abs(np.corrcoef(u[:, 0], x[:, 0] * x[:, 1])[0, 1]) > 0.95
    assert abs(np.corrcoef(v[:, 0], gaussianised(y[:, :1].T)[0])[0, 1]) > 0.9
    assert fit.estimate.info["gaussian_nats"] == 0
    assert fit.estimate == Canonical().estimate(*planted(2000, 0))


def test_directions_go_with_their_columns_and_sides():
    x, y = planted(1500, 0)
    fit, turned = Canonical().fit(x, y), Canonical().fit(y[:, ::-1], np.c_[np.ones(1500), x])
    assert np.allclose(fit.scores_x(x), turned.scores_y(np.c_[np.ones(1500), x]))
    assert np.allclose(fit.scores_y(y), turned.scores_x(y[:, ::-1]))


def test_directions_of_labels_part_them():
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


def test_the_parts_add_up():
    for x, y in (normal(800, 4, 4), planted(800, 0), normal(300)):
        found = Canonical().estimate(x, y)
        parts = found.info["gaussian_nats"] + found.info["non_gaussian_nats"]
        assert found.nats == pytest.approx(parts, abs=1e-9)
        assert len(found.info["pairs_nats"]) == found.info["pairs"] >= found.info["pairs_used"]


# -- edges ---------------------------------------------------------------------------------------


def test_fewer_samples_than_features():
    """n = 60 of 50 + 50 dimensions: what is strong is seen, what is absent is not."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(60, 1))
    x, y = (common + 0.3 * rng.normal(size=(60, 50)) for _ in range(2))
    found = Canonical().estimate(x, y)
    assert found.nats > 0.5
    assert "beyond_evidence" in found.flags
    assert Canonical().estimate(*rng.normal(size=(2, 60, 50))).nats <= 0.05


def test_many_columns_and_labels():
    """As of digits: 100 columns, of which all depend on the label a little."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 1000)
    x = rng.normal(size=(1000, 100)) + rng.normal(size=(10, 100))[labels]
    found = Canonical().estimate(x, labels, discrete_y=True)
    assert 1.0 < found.nats <= math.log(10)
    assert found.info["features_x"] < 1000


def test_columns_with_atoms():
    x, y = normal(800, 3, 3, noise=0.3)
    assert Canonical().estimate(np.maximum(x, 0), np.maximum(y, 0)).nats > 0.5


def test_what_cannot_be_fitted_is_refused():
    x, y = normal(50)
    with pytest.raises(InputError, match="y is constant"):
        Canonical().fit(x, np.ones(50))
    with pytest.raises(InputError, match="two discrete sides"):
        Canonical().fit(x > 0, y > 0, discrete_x=True, discrete_y=True)
    with pytest.raises(InputError, match="at least 10 rows, got 9"):
        Canonical().estimate(x[:9], y[:9])
    with pytest.raises(InputError, match="occur only once"):
        Canonical().estimate(x, np.arange(50), discrete_y=True)
