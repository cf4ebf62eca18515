"""The parts of `canonical` that keep it from being too high, and those that find more."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import mibench
from mibench.contract.variables import as_pair
from mibench.estimators.cca.boosted import boosted_predictions
from mibench.estimators.cca.class_posterior import posterior_rows
from mibench.estimators.cca.estimation import estimate_canonical
from mibench.estimators.cca.features import normal_scores, normal_scores_without_ties
from mibench.estimators.cca.held_out import held_out_ratio, ratio_of_pairs
from mibench.estimators.cca.pairs import fold_slices
from mibench.estimators.cca.tuning import Tuning
from mibench.estimators.cca.unmixing import unmixing
from mibench.estimators.kernels.trees import boost
from mibench.tasks.manifolds import fisher_information, sample_fisher, von_mises_information

TUNING = Tuning()


def normal_sides(rng, n, dims, correlation):
    x = rng.normal(size=(dims, n))
    return x, correlation * x + math.sqrt(1 - correlation**2) * rng.normal(size=(dims, n))


# -- the Gaussian term on rows held out ----------------------------------------------------------


def naive_ratio(x, y, folds):
    """The normal's log density ratio at each row, learned on the other folds, by scipy."""
    rows = np.empty(x.shape[1])
    for fold in folds:
        others = np.ones(x.shape[1], bool)
        others[fold] = False
        both = np.concatenate([x, y])
        # Moments about the mean of all rows, as the estimator's.
        centred = both - both.mean(axis=1, keepdims=True)
        covariance = centred[:, others] @ centred[:, others].T / others.sum()
        joint, of_x, of_y = (
            stats.multivariate_normal(np.zeros(len(part)), covariance[np.ix_(part, part)])
            for part in (
                np.arange(len(both)), np.arange(len(x)), np.arange(len(x), len(both)),
            )
        )  # fmt: skip
        held = centred[:, fold].T
        rows[fold] = (
            joint.logpdf(held) - of_x.logpdf(held[:, : len(x)]) - of_y.logpdf(held[:, len(x) :])
        )
    return rows


@pytest.mark.parametrize(("dims", "correlation"), [(1, 0.5), (2, 0.9), (4, 0.6)])
def test_the_ratio_is_that_of_the_fitted_normal(dims, correlation):
    x, y = normal_sides(np.random.default_rng(0), 400, dims, correlation)
    folds = fold_slices(400, 5)
    ratio = held_out_ratio(x, y, folds, TUNING)
    assert not ratio.is_too_high
    np.testing.assert_allclose(ratio.rows, naive_ratio(x, y, folds), atol=1e-6)


@pytest.mark.parametrize(
    ("n", "dims", "correlation"), [(300, 1, 0.0), (300, 5, 0.7), (1000, 20, 0.5), (1000, 2, 0.999)]
)
def test_normal_sides_are_never_too_high(n, dims, correlation):
    for seed in range(10):
        x, y = normal_sides(np.random.default_rng(seed), n, dims, correlation)
        assert not held_out_ratio(x, y, fold_slices(n, 10), TUNING).is_too_high


def clusters(rng, n, dims, distance=10.0):
    label = rng.integers(0, 2, n)
    return (distance * label + rng.normal(size=(2, dims, n))).astype(float)


def angles(rng, n, kappa):
    angle = rng.uniform(0, 2 * np.pi, n)
    noisy = angle + rng.vonmises(0, kappa, n)
    return tuple(np.stack([np.cos(a), np.sin(a)]) for a in (angle, noisy))


TOO_HIGH = {
    "clusters": (lambda rng, n: clusters(rng, n, 5), math.log(2)),
    "clusters in 30 columns": (lambda rng, n: clusters(rng, n, 30), math.log(2)),
    "angles": (
        lambda rng, n: angles(rng, n, 20),
        math.log(2 * math.pi) - float(stats.vonmises(20).entropy()),
    ),
    "a column and its square": (
        lambda rng, n: [np.concatenate([w, w**2]) for w in normal_sides(rng, n, 1, 0.8)],
        -0.5 * math.log(1 - 0.64),
    ),
}


@pytest.mark.parametrize("kind", TOO_HIGH)
@pytest.mark.parametrize("n", [500, 2000])
def test_where_the_normal_is_too_sure_the_bound_is_below_the_truth(kind, n):
    sample, truth = TOO_HIGH[kind]
    bounds = []
    for seed in range(5):
        sides = sample(np.random.default_rng(seed), n)
        x, y = (normal_scores(np.ascontiguousarray(side)) for side in sides)
        ratio = held_out_ratio(x, y, fold_slices(n, 10), TUNING)
        assert ratio.is_too_high
        bounds.append(ratio.bound_rows.mean())
    error = np.std(bounds, ddof=1) / math.sqrt(5)
    assert np.mean(bounds) < truth + 3 * error
    assert np.mean(bounds) > 0.7 * truth  # a bound that says something


def vectors(rng, n, kappas):
    """Unit vectors in space beside each other, (3 k, n), with noise of different concentrations."""
    sides = zip(*(sample_fisher(n, rng, kappa=kappa) for kappa in kappas), strict=True)
    return [np.hstack(side).T for side in sides]


def many_angles(rng, n, kappas):
    sides = zip(*(angles(rng, n, kappa) for kappa in kappas), strict=True)
    return [np.concatenate(side) for side in sides]


def mixed(rng, side):
    return np.linalg.qr(rng.normal(size=(len(side), len(side))))[0] @ side


# The MI is so large that no mismatched rows show that the ratio of all columns is too high.
KAPPAS = (5.0, 20.0, 80.0, 300.0)
LARGE = {
    "unit vectors": (vectors, KAPPAS, sum(map(fisher_information, KAPPAS))),
    "angles": (many_angles, (*KAPPAS, 1000.0), sum(map(von_mises_information, (*KAPPAS, 1000.0)))),
}


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize("n", [500, 3000])
def test_a_large_ratio_is_tested_in_groups(kind, n):
    sample, kappas, nats = LARGE[kind]
    bounds = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        sides = (mixed(rng, side) for side in sample(rng, n, kappas))
        x, y = (normal_scores(np.ascontiguousarray(side)) for side in sides)
        ratio = held_out_ratio(x, y, fold_slices(n, 10), TUNING)
        assert ratio.rows.mean() > 1.1 * nats
        assert ratio.is_too_high
        bounds.append(ratio.bound_rows.mean())
    assert np.mean(bounds) < 1.03 * nats
    assert np.mean(bounds) > 0.8 * nats


@pytest.mark.slow
def test_groups_lower_the_estimate_for_unit_vectors():
    """The numbers of docs/canonical.md: 14.9 without groups and 11.9 with them, of 12.4 nats."""
    sides = as_pair(*mibench.get_task("random-judge-416").sample(4006, 1), False, False)
    without = replace(TUNING, held_out=replace(TUNING.held_out, grouped_nats=math.inf))
    found = [estimate_canonical(*sides, 10, 3, tuning)[0].nats for tuning in (without, TUNING)]
    assert found == pytest.approx([14.86, 11.86], abs=0.005)


def test_a_large_ratio_of_sides_that_are_not_normal_is_flagged():
    """Equal concentrations: canonical pairs mix the vectors, so no group of them is one vector."""
    rng = np.random.default_rng(0)
    x, y = (mixed(rng, side).T for side in vectors(rng, 3000, (30.0,) * 4))
    found, of_auto = (mibench.estimate(x, y, name) for name in ("canonical", "auto"))
    assert "not_normal" in found.flags
    assert 1.10 < found.nats / (4 * fisher_information(30.0)) < 1.35
    assert of_auto.flags.keys() >= {"not_normal", "uncalibrated"}
    assert of_auto.nats == found.nats  # nothing is added to what may be too high
    few_x, few_y = vectors(rng, 3000, (30.0,))  # 3 nats, which the rows can bound
    assert "not_normal" not in mibench.estimate(few_x.T, few_y.T, "canonical").flags


@pytest.mark.parametrize(("dims", "nats"), [(2, 4.0), (5, 6.0), (12, 6.0), (12, 12.0), (30, 10.0)])
def test_large_ratios_of_normal_sides_are_not_too_high(dims, nats):
    """Of 5 x 10 samples, all of which are tested in groups of up to ten sizes."""
    for seed in range(10):
        rng = np.random.default_rng([seed, dims])
        shares = rng.gamma(1.0, size=(dims, 1)) + 1e-9
        unexplained = np.exp(-2 * nats * shares / shares.sum())
        x = rng.normal(size=(dims, 1000))
        y = np.sqrt(1 - unexplained) * x + np.sqrt(unexplained) * rng.normal(size=x.shape)
        ratio = held_out_ratio(normal_scores(x), normal_scores(y), fold_slices(1000, 10), TUNING)
        assert not ratio.is_too_high
        assert not ratio.is_unsure


def test_pairs_that_repeat_each_other_are_not_added_up():
    """Ten copies of a pair: their sum is ten times too high, and the bound is not."""
    for seed in range(5):
        x, y = normal_sides(np.random.default_rng(seed), 1000, 1, 0.8)
        ratio = ratio_of_pairs(
            np.tile(x, (10, 1)), np.tile(y, (10, 1)), fold_slices(1000, 10), TUNING
        )
        assert ratio.is_too_high
        assert ratio.rows.mean() > 4
        assert ratio.bound_rows.mean() < -0.5 * math.log(1 - 0.64) + 0.05  # 2 sd of 5 seeds


def test_independent_pairs_are_added_up():
    x, y = normal_sides(np.random.default_rng(0), 5000, 4, 0.6)
    ratio = ratio_of_pairs(x, y, fold_slices(5000, 10), TUNING)
    assert not ratio.is_too_high
    # 4 pairs, each with a standard deviation of 0.6 / sqrt(5000) = 0.0085
    assert abs(ratio.rows.mean() + 2 * math.log(1 - 0.36)) < 4 * 0.017


def test_ties_of_both_sides_are_ranked_independently():
    """Two constant scores share nothing: their ranks within each fold must not agree."""
    scores, folds = np.zeros((1, 2000)), fold_slices(2000, 10)
    x, y = (normal_scores_without_ties(scores, folds, seed)[0] for seed in (0, 1))
    assert abs(np.corrcoef(x, y)[0, 1]) < 4 / math.sqrt(2000)


# -- independent components ----------------------------------------------------------------------


@pytest.mark.parametrize("source", [lambda z: z**3, np.exp, lambda z: (z > 0) + 0.1 * z])
def test_mixed_sources_are_found_again(source):
    rng = np.random.default_rng(0)
    sources = source(rng.normal(size=(4, 3000)))
    columns = rng.normal(size=(4, 4)) @ sources
    components = unmixing(columns, TUNING.unmixing)(columns)
    agreement = np.abs(np.corrcoef(np.concatenate([sources, components]))[:4, 4:])
    assert (agreement.max(axis=0) > 0.97).all()
    assert sorted(agreement.argmax(axis=0)) == [0, 1, 2, 3]


def test_normal_columns_are_left_alone():
    rng = np.random.default_rng(1)
    assert unmixing(rng.normal(size=(4, 4)) @ rng.normal(size=(4, 2000)), TUNING.unmixing) is None


def test_columns_that_are_linear_in_others_are_left_alone():
    z = np.exp(np.random.default_rng(2).normal(size=(2, 500)))
    assert unmixing(np.concatenate([z, z.sum(axis=0)[np.newaxis]]), TUNING.unmixing) is None


# -- boosted trees ---------------------------------------------------------------------------------


def naive_boost(bins, targets, other_bins, bin_count, trees, depth, rate, min_rows):
    """The same predictions by the plainest code: every split of every leaf is tried."""
    predictions = np.repeat(targets.mean(axis=1, keepdims=True), other_bins.shape[1], axis=1)
    residuals = targets - targets.mean(axis=1, keepdims=True)

    def gain(rows, left):
        sums = [residuals[:, part].sum(axis=1) for part in (rows & left, rows & ~left, rows)]
        sizes = [(rows & left).sum(), (rows & ~left).sum(), rows.sum()]
        if min(sizes[:2]) < min_rows:
            return 0.0
        a, b, c = (float(s @ s) / size for s, size in zip(sums, sizes, strict=True))
        return a + b - c

    def split(rows, others, level):
        if level == depth:
            yield rows, others
            return
        candidates = [(c, b) for c in range(len(bins)) for b in range(bin_count - 1)]
        best = max(candidates, key=lambda cb: round(gain(rows, bins[cb[0]] <= cb[1]), 12))
        if rows.sum() == 0 or gain(rows, bins[best[0]] <= best[1]) <= 1e-12:
            yield from split(rows, others, level + 1)
            return
        left, other_left = bins[best[0]] <= best[1], other_bins[best[0]] <= best[1]
        yield from split(rows & left, others & other_left, level + 1)
        yield from split(rows & ~left, others & ~other_left, level + 1)

    for _ in range(trees):
        leaves = list(split(np.ones(bins.shape[1], bool), np.ones(other_bins.shape[1], bool), 0))
        steps = [rate * residuals[:, rows].mean(axis=1) if rows.any() else 0 for rows, _ in leaves]
        for (rows, others), step in zip(leaves, steps, strict=True):
            predictions[:, others] += np.reshape(step, (-1, 1))
            residuals[:, rows] -= np.reshape(step, (-1, 1))
    return predictions


@pytest.mark.parametrize("targets", [1, 3])
def test_small_boosted_trees_equal_their_naive_version(targets):
    rng = np.random.default_rng(targets)
    bins, other_bins = (rng.integers(0, 6, (3, n)).astype(np.uint8) for n in (80, 30))
    y = rng.normal(size=(targets, 80)) + (bins[0] > 2) * (bins[1] > 3)
    predictions = np.empty((targets, 30))
    boost(bins, y, other_bins, 6, 4, 2, 0.5, 5, predictions)
    np.testing.assert_allclose(
        predictions, naive_boost(bins, y, other_bins, 6, 4, 2, 0.5, 5), atol=1e-12
    )


def test_trees_see_an_interaction_and_nothing_in_noise():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(6, 2000))
    signs = np.sign(z[0] * z[1])[np.newaxis]
    noise = rng.normal(size=(1, 2000))
    for predicted in boosted_predictions(z, z, signs, TUNING.trees)[:1]:
        assert np.corrcoef(predicted, signs)[0, 1] > 0.7
    for predicted in boosted_predictions(z, z, noise, TUNING.trees):
        assert np.corrcoef(predicted, noise)[0, 1] < 4 / math.sqrt(2000)


# -- labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dims", [3, 15])
def test_posteriors_of_normal_classes_are_a_tight_bound(dims):
    """Two classes, distance 2: the true MI is log 2 less the mean entropy of the posterior."""
    rng = np.random.default_rng(0)
    u = rng.normal(size=200_000) + 2
    truth = math.log(2) - float(np.logaddexp(0, -2 * (u - 1)).mean())
    values = []
    for _ in range(5):
        labels = rng.integers(0, 2, 2000)
        z = rng.normal(size=(dims, 2000))
        z[0] += 2 * labels
        rows, _ = posterior_rows(z, labels, fold_slices(2000, 10), TUNING.classes)
        values.append(rows.mean())
    error = np.std(values, ddof=1) / math.sqrt(5)
    assert np.mean(values) < truth + 3 * error
    assert np.mean(values) > truth - 0.02 - 3 * error  # dims / n nats are lost in learning


def test_classes_of_different_covariance_are_seen_by_the_quadratic_bound():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 2000)
    z = rng.normal(size=(10, 2000)) * np.where(labels, 3, 1)
    linear, quadratic = posterior_rows(z, labels, fold_slices(2000, 10), TUNING.classes)
    assert linear.mean() < 0.05
    assert 0.6 < quadratic.mean() < math.log(2)


def test_labels_that_tell_nothing_give_no_information():
    rng = np.random.default_rng(2)
    z, labels = rng.normal(size=(10, 1000)), rng.integers(0, 3, 1000)
    for rows in posterior_rows(z, labels, fold_slices(1000, 10), TUNING.classes):
        assert rows.mean() < 3 * rows.std() / math.sqrt(1000)


def test_steps_can_be_left_out():
    z, targets = np.random.default_rng(3).normal(size=(2, 2, 300))
    off = replace(TUNING.trees, used=False)
    assert boosted_predictions(z, z, targets, off) == []
