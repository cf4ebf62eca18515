"""Flags appear when they should and only then, and say what is so."""

import math
import re

import numpy as np
import pytest
from scipy.special import digamma

from mibench import get_task
from mibench.contract import flags
from mibench.estimators import (
    GMM,
    KDE,
    KNN,
    LNC,
    NJEE,
    Adaptive,
    AdaptiveKDE,
    Auto,
    Canonical,
    Edge,
    Gaussian,
    GaussianCopula,
    Geometric,
    InfoNCE,
    Mine,
    Mixed,
    Renyi,
    Sliced,
    Smile,
    Uniform,
)
from mibench.estimators.canonical import WithAllFlags
from mibench.ibnet.measuring.exact import Exact
from mibench.ibnet.measuring.noisy import Noisy

from .samples import normal
from .statistics_of_seeds import correlated

ALL = [Uniform(), Adaptive(), KDE(), KNN()]

X, Y = (side[:, 0] for side in correlated(0.5, 400, 0))
CODE = np.arange(400) % 4
RARE = np.r_[100, 200, CODE[2:]]
LATTICE = np.round(X, 1)
# Every other value in order of size: each row's neighbours have the other label.
AGAINST = np.argsort(np.argsort(X)) % 2
MANY = normal(600, 2, 2)
WAVE = (lambda x: (x, np.sin(12 * x.sum(axis=1))))(np.random.default_rng(0).random((800, 2)))
CLUSTERS = (
    lambda rng, label: [10 * label[:, np.newaxis] + rng.normal(size=(600, 20)) for _ in "xy"]
)(np.random.default_rng(0), np.arange(600) * 7 % 2)
FACTORS = np.random.default_rng(0).normal(size=(500, 5))
WALKS = np.cumsum(np.random.default_rng(1).normal(size=(2, 400)), axis=1)
WIDE = np.random.default_rng(0).normal(size=(30, 5))
NOISE = np.random.default_rng(1).normal(size=400)
OUTLIER = np.r_[1e6, X[1:]]
NEAR_COPIES = [
    np.tile(side, 2) + 1e-6 * np.random.default_rng(2).normal(size=800) for side in (X, NOISE)
]

TWO_VALUES = np.random.default_rng(3).choice([-0.1, 0.1], 400) + 1e-3 * Y[::-1]
FEW_ROWS = get_task("random-train-49").sample(64, 1)
MIXED = get_task("random-train-78").sample(100, 1)
FAR_CLUSTERS = 10 / 20**0.5 * CODE[:, np.newaxis] + np.random.default_rng(4).normal(
    size=(2, 400, 20)
)
SUM = get_task("sum_modulo-3-0.25").sample(200, 1)

SIXTEENTHS, FORTIETHS = np.arange(400) * 16 // 400, np.arange(400) // 10
# estimator, x, y, whether y is labels ("both": x as well), the flags
FLAGGED = [
    (Uniform(), X, Y, False, set()),
    (Adaptive(), X, Y, False, set()),
    (KDE(), X, Y, False, set()),
    (KNN(), X, Y, False, set()),
    (KNN(variant=2), X, Y, False, set()),
    (Uniform(), X, CODE, True, set()),
    (Adaptive(), X, CODE, True, set()),
    # uncalibrated
    (Auto(), X[:50], Y[:50], False, {"uncalibrated", "beyond_evidence"}),
    # likely_off, and why: rising, halves_differ, knn_finds_more; of auto
    (Auto(), X, X + Y, False, {"beyond_evidence"}),
    (Auto(), X, X + TWO_VALUES, False, {"fine_structure", "beyond_evidence"}),
    (Auto(), *SUM, False, {"likely_off", "rising", "knn_finds_more", "beyond_evidence"}),
    (Auto(), *FEW_ROWS, False, {"likely_off", "halves_differ", "beyond_evidence"}),
    (Auto(), *MIXED, False, {"likely_off", "knn_finds_more", "beyond_evidence"}),
    # own_codes: for the layers of networks
    (Exact(), X, X, False, {"own_codes"}),
    (Exact(), X, LATTICE, False, set()),
    # monte_carlo_error: of layers with noise
    (Noisy(max_rounds=2, standard_error=1e-9), X, CODE, True, {"monte_carlo_error"}),
    (Noisy(), X, CODE, True, set()),
    # not_normal: a shared outlier; columns that are each normal, and not together
    (Gaussian(), X, Y, False, set()),
    (Gaussian(), OUTLIER, OUTLIER + Y, False, {"not_normal"}),
    (GaussianCopula(), OUTLIER, OUTLIER + Y, False, set()),
    (GaussianCopula(), np.c_[X, X * (-1) ** CODE], Y, False, {"not_normal"}),
    # misfit: clusters in 20 columns
    (GMM(folds=3), *FAR_CLUSTERS, False, {"misfit"}),
    (GMM(components=1, folds=2), X, Y, False, set()),
    # straight_lines: narrower noise than k-NN can see
    (LNC(), X, X + 1e-6 * NOISE, False, {"straight_lines"}),
    (LNC(), X, X + 0.1 * NOISE, False, set()),
    (Geometric(), X, X + 1e-6 * NOISE, False, {"straight_lines"}),
    (Mixed(), LATTICE, X, False, set()),
    (Mixed(), X, X, False, {"ceiling"}),
    # not_mi
    (Renyi(), X, Y, False, {"not_mi"}),
    (Renyi(), WIDE, WIDE, False, {"not_mi", "few_samples", "ceiling"}),
    (Sliced(slices=4), MANY[0], MANY[1], False, {"not_mi"}),
    (Sliced(), X, Y, False, set()),
    # by_chance: few rows lie within the noise of each other
    (AdaptiveKDE(), MANY[0], np.arange(600) % 5, True, {"by_chance"}),
    (AdaptiveKDE(relative_variance=0.1), MANY[0], np.arange(600) % 5, True, set()),
    (AdaptiveKDE(), X, Y, False, set()),
    # bandwidth, capped
    (Edge(), X, X + 0.1 * NOISE, False, {"bandwidth", "ceiling"}),
    (Edge(), X, X > 0, True, set()),
    (Edge(cap=0.5), X, X > 0, True, {"capped", "ceiling"}),
    # not_converged, overfitted, bounds_disagree: of networks; and knn may find more than they do
    (Mine(steps=40), X, X + 0.1 * NOISE, False, {"not_converged", "knn_finds_more"}),
    (Mine(steps=80), MANY[0], MANY[1], False, set()),
    (Smile(steps=40), X, X, False, {"not_converged", "knn_finds_more"}),
    (InfoNCE(steps=100), WIDE, WIDE, False, {"bounds_disagree", "not_converged", "overfitted"}),
    (NJEE(), WIDE, WIDE, False, {"overfitted", "knn_finds_more"}),
    # constant
    (Uniform(), X, np.ones(400), False, {"constant"}),
    (Adaptive(), np.ones((400, 3)), Y, False, {"constant"}),
    (KDE(), X, np.ones(400), True, {"constant"}),
    (KNN(), X, ["a"] * 400, True, {"constant"}),
    (KNN(), X, np.c_[np.ones(400), Y], False, set()),
    # ties
    (KNN(), LATTICE, LATTICE, False, {"ties"}),
    (KNN(), LATTICE, X, False, {"ties"}),
    (KNN(), LATTICE + CODE, CODE, True, {"ties"}),
    (KNN(), np.r_[0.0, 0.0, X[2:]], np.r_[0.0, 0.1, Y[2:]], False, set()),
    (KDE(), LATTICE, LATTICE + 2 * Y, False, set()),
    (Adaptive(bins=4), LATTICE, X, False, set()),
    # few_samples: fewer than k 2^D rows for knn, 2^D for kde
    (KNN(), WIDE, WIDE + 0.1 * WIDE[::-1], False, {"few_samples", "ceiling"}),
    (KNN(k=1), WIDE[:, :2], WIDE[:, :2] + 2 * WIDE[::-1, 2:4], False, set()),
    (KNN(k=2), WIDE[:, :2], WIDE[:, :2] + 2 * WIDE[::-1, 2:4], False, {"few_samples"}),
    (KDE(), WIDE[:, :2], WIDE[:, :2] + WIDE[::-1, 2:4], False, set()),
    (KDE(), WIDE[:, :3], WIDE[:, :2] + 2 * WIDE[::-1, 2:4], False, {"few_samples"}),
    # more_bins_than_samples, and bin_bias where the bins are not quite as many
    (Uniform(bins=20), X, Y, False, {"bin_bias"}),
    (Uniform(bins=21), X, Y, False, {"more_bins_than_samples"}),
    (Adaptive(bins=20), X, Y, False, {"bin_bias"}),
    (Adaptive(bins=20, correction="miller-madow"), X, Y, False, set()),
    (Adaptive(bins=21), X, Y, False, {"more_bins_than_samples"}),
    (Uniform(bins=100), X, CODE, True, {"bin_bias"}),
    (Uniform(bins=20), X, CODE, True, set()),
    (Uniform(bins=101), X, CODE, True, {"more_bins_than_samples"}),
    # outside_range
    (Uniform(range=(-10, 10)), X, Y, False, set()),
    (Uniform(range=(X.min(), X.max())), X, np.clip(Y, X.min(), X.max()), False, set()),
    (Uniform(range=(-1, 1), bins=8), X, Y, False, {"outside_range"}),
    (Uniform(range=(-10, 10)), X, CODE * 100, True, set()),
    # rare_labels
    (KNN(), X + CODE, RARE, True, {"rare_labels"}),
    (KDE(), X + CODE, RARE, True, {"rare_labels"}),
    (KNN(), X + CODE, CODE, True, set()),
    (KDE(), X + CODE, CODE, True, set()),
    (Uniform(), X + CODE, RARE, True, set()),
    # ceiling
    (KNN(), X, X, False, {"ceiling"}),
    (Uniform(bins=10**6), X, Y, False, {"ceiling", "more_bins_than_samples"}),
    (Adaptive(bins=400), X, X, False, {"ceiling", "more_bins_than_samples"}),
    (Adaptive(bins=20), X, X, False, {"ceiling"}),
    (Adaptive(bins=20), X, CODE, True, set()),
    (KNN(k=1, variant=2), X, X, False, {"ceiling"}),
    (KNN(), 101_325 + 100 * X, 101.325 + 0.1 * X, False, {"ceiling"}),  # Pa and kPa
    # the bins hold less than the relation; not so where bins, or labels, hold all there is
    (Uniform(), X, X, False, {"ceiling"}),
    (Uniform(bins=8), X, 2 * X + 1e-3 * NOISE, False, {"ceiling"}),
    (Adaptive(bins=8), X, X + 0.03 * NOISE, False, {"ceiling"}),
    (Adaptive(bins=8), X, X + 0.2 * NOISE, False, set()),
    (Uniform(correction="miller-madow"), X, X, False, {"ceiling"}),
    (Uniform(), X, X > 0, True, set()),
    (Adaptive(), X, X > 0, True, set()),
    (Uniform(bins=8), 0.01 * X + CODE, CODE, True, set()),
    (Uniform(bins=2), 0.01 * X + CODE, CODE, True, {"ceiling"}),
    (Uniform(bins=8), CODE, CODE, False, set()),
    (Uniform(), np.exp(3 * X), np.exp(3 * X), False, {"ceiling", "outliers"}),
    # the kernels are wider than the relation; not so where they only join the rows of a cluster
    (KDE(), X, X, False, {"ceiling"}),
    (KDE(), X, X + 0.01 * NOISE, False, {"ceiling"}),
    (KDE(), np.c_[X, NOISE], np.c_[X, NOISE], False, {"ceiling"}),
    (KDE(), CODE % 2 + 0.01 * X, 0.01 * NOISE - CODE % 2, False, set()),
    (KDE(), CODE > 1, CODE > 1, False, set()),
    (KDE(), X, X > 0, True, set()),
    # scales: spreads that differ more than tenfold, where distances are what counts
    (KNN(), X, 15 * Y, False, set()),
    (KNN(), np.c_[X, 15 * Y], X > 0, True, set()),
    (KNN(standardize=False), X, 9 * Y, False, set()),
    (KNN(standardize=False), X, 15 * Y, False, {"scales"}),
    (KNN(standardize=False), np.c_[X, 15 * Y], X > 0, True, {"scales"}),
    (KNN(standardize=True), X, 15 * Y, False, set()),
    (KNN(standardize=True), OUTLIER, Y, False, {"scales"}),
    (KNN(), OUTLIER, Y, False, set()),
    (KDE(), X, 15 * Y, False, set()),
    # outliers: one far value stretches the range and the standard deviation
    (Uniform(), np.r_[1e6, X[1:]], Y, False, {"outliers"}),
    (Uniform(range=(-3, 1e6)), np.r_[1e6, X[1:]], np.clip(Y, -3, 3), False, {"outside_range"}),
    (KDE(), np.r_[1e6, X[1:]], Y, False, {"outliers"}),
    (KDE(), np.exp(X), Y, False, set()),
    (Adaptive(), np.r_[1e6, X[1:]], Y, False, set()),
    # unseen: noise narrower than the rows are dense
    (Canonical(), MANY[0][:, 0], MANY[0][:, 0] + 1e-4 * MANY[1][:, 1], False, {"unseen"}),
    # fine_structure: a wave that each step to fewer neighbours shows more of
    (WithAllFlags(), WAVE[0], WAVE[1], False, {"fine_structure"}),
    # and a relation that narrower kernels show more of
    (KDE(), X, X + 0.2 * NOISE, False, {"fine_structure"}),
    (KDE(), X, X**2, False, {"fine_structure"}),
    (KDE(), WAVE[0][:, 0], np.sin(12 * WAVE[0][:, 0]), False, {"fine_structure"}),
    (KDE(), X, np.sin(6 * X) > 0, True, {"fine_structure"}),
    # negative
    (KNN(), X, AGAINST, True, {"negative"}),
    (KDE(), X, AGAINST, True, {"negative"}),
    (Uniform(bins=2), X, AGAINST, True, set()),
    # beyond_evidence: fewer than 500 rows, or more than 50 dimensions a side
    (Canonical(), X, Y, False, {"beyond_evidence"}),
    (Canonical(), *MANY, False, set()),
    (WithAllFlags(), np.tile(MANY[0], 26), MANY[1], False, {"beyond_evidence"}),
    # lower_bound: a normal distribution fits neither side
    (WithAllFlags(), *CLUSTERS, False, {"lower_bound"}),
    # left_over: the product of four columns, of which features see the products of three
    (WithAllFlags(), FACTORS, FACTORS[:, :4].prod(axis=1), False, {"left_over"}),
    # dependent_rows: two random walks
    (KNN(), *WALKS, False, {"dependent_rows"}),
    (Uniform(), WALKS[0], Y, False, set()),
    # copied_rows: each row twice
    (Uniform(), np.tile(X, 2), np.tile(Y, 2), False, {"copied_rows"}),
    (Adaptive(), np.tile(X, 2), np.tile(Y, 2), False, {"copied_rows"}),
    # near_copies: the same with noise, which bins do not see
    (KNN(), *NEAR_COPIES, False, {"near_copies"}),
    (Uniform(), *NEAR_COPIES, False, set()),
    (Adaptive(), np.tile(X, 2), np.r_[Y, Y[::-1]], False, set()),
    # not_detected: no significant dependence
    (Canonical(), MANY[0], MANY[1][::-1], False, {"not_detected"}),
    # more_pairs: two equally strong pairs, of which k-NN uses one
    (Canonical(pairs=1), *MANY, False, {"more_pairs"}),
    # sparse_labels: fewer rows than pairs of labels, both sides declared; 0 for labels that differ
    (Uniform(), SIXTEENTHS, SIXTEENTHS // 2, "both", set()),
    (KNN(), FORTIETHS, FORTIETHS // 2, "both", {"sparse_labels"}),
    (KNN(correction=None), FORTIETHS, FORTIETHS // 2, "both", {"sparse_labels"}),
    (Adaptive(), np.arange(400), CODE, "both", {"sparse_labels"}),
]


@pytest.mark.parametrize(
    ("estimator", "x", "y", "labels", "want"),
    FLAGGED,
    ids=[f"{i}-{type(case[0]).__name__}-{sorted(case[-1])}" for i, case in enumerate(FLAGGED)],
)
def test_flags_appear_when_they_should_and_only_then(estimator, x, y, labels, want):
    estimate = estimator.estimate(x, y, discrete_x=labels == "both", discrete_y=bool(labels))
    assert set(estimate.flags) == want
    assert ("negative" in want) == (estimate.nats < -5e-4)


def test_every_flag_is_tested_above():
    by_tests_of_independence = {"no_p_value"}  # see test_permutations.py
    given = {  # see test_conditional.py
        "rare_conditions", "determined", "constant_condition", "coarse_condition", "unresolved",
        "chain_rule",
    }  # fmt: skip
    of_divergence = {"far_apart"}  # see test_measures.py
    elsewhere = by_tests_of_independence | given | of_divergence
    assert set().union(*(case[-1] for case in FLAGGED)) | elsewhere == set(flags.FLAGS)


def test_flags_count_what_they_say():
    sentence = KNN().estimate(X + CODE, RARE, discrete_y=True).flags["rare_labels"]
    assert sentence.startswith("2 of 400 rows")
    copies = np.r_[np.full(5, 9.0), X[:395]], np.r_[np.full(5, 9.0), Y[:395]]
    assert "5 of 400 rows" in KNN().estimate(*copies).flags["ties"]
    sentence = Uniform(bins=30).estimate(X, Y).flags["more_bins_than_samples"]
    assert "900 joint bins for 400 rows" in sentence
    assert "30 rows in 10 dimensions" in KNN().estimate(WIDE, WIDE[::-1]).flags["few_samples"]


@pytest.mark.parametrize("estimator", [Uniform(bins=20), Adaptive(bins=20), Adaptive(bins=4)])
def test_the_bias_of_bins_is_at_least_what_is_said(estimator):
    """Of independent sides the whole estimate is bias. What is said leaves out empty bins."""
    dims = 2 if estimator.bins == 4 else 1
    errors = []
    for seed in range(20):
        rng = np.random.default_rng([seed, 3])
        estimate = estimator.estimate(*rng.normal(size=(2, 500, dims)))
        said = re.search(r"\(([0-9.]+) nats\)", estimate.flags["bin_bias"])[1]
        errors.append(estimate.nats - float(said))
    assert -0.01 < np.mean(errors) < 0.25
    for seed in range(5):  # more rows have little
        rng = np.random.default_rng([seed, 4])
        assert not estimator.estimate(*rng.normal(size=(2, 20_000, dims))).flags


def test_outside_range_counts_both_sides():
    x, y = np.zeros(50), np.zeros(50)
    x[:3], y[:2] = 5, -5
    for first, second in ((x, y), (y, x)):
        sentence = Uniform(range=(-1, 1), bins=4).estimate(first, second).flags["outside_range"]
        assert sentence.startswith("5 value(s)")


def test_negative_is_not_said_of_rounding():
    """A true 0 that comes out as -1e-16."""
    x, y = np.divmod(np.arange(900), 30)
    for estimator in (Uniform(bins=30), Adaptive(bins=30)):
        estimate = estimator.estimate(x, y)
        assert estimate.nats == pytest.approx(0, abs=1e-12)
        assert "negative" not in estimate.flags


def test_ceiling_names_both_units():
    sentence = KNN().estimate(X, X).flags["ceiling"]
    limit = digamma(400) - digamma(3)
    assert f"{limit:.2f} nats" in sentence
    assert f"{limit / math.log(2):.2f} bits" in sentence


@pytest.mark.parametrize("estimator", [KNN(), KNN(k=1), KNN(k=10), KNN(variant=2)], ids=repr)
@pytest.mark.parametrize(("n", "dims"), [(300, 1), (1000, 1), (1000, 2), (2000, 3)])
def test_knn_that_noise_is_too_narrow_for_is_flagged(estimator, n, dims):
    """The flag begins where the estimate is about 0.25 nats too low."""
    rng = np.random.default_rng(5)
    x, noise = rng.standard_normal((2, n, dims))
    errors = {True: [], False: []}
    for width in np.geomspace(0.0001, 1, 13):
        truth = dims / 2 * math.log1p(1 / width**2)
        estimate = estimator.estimate(x, x + width * noise)
        errors["ceiling" in estimate.flags].append(estimate.nats - truth)
    # The scatter of an estimate is up to 0.1 nats here, and 0.3 nats at k=1.
    assert max(errors[True]) < 0.05
    assert min(errors[False]) > -0.6


# -- what an estimate says of itself -----------------------------------------------------------


def test_info_says_how_it_was_made():
    assert Uniform(bins=5).estimate(X, WIDE_ROWS).info["bins_y"] == [5, 5]
    assert Adaptive(bins=5).estimate(X, Y).info["bins_x"] == [5]
    assert KDE().estimate(X, Y).info["bandwidth_sd"] == pytest.approx(400 ** (-1 / 6))
    assert KNN(algorithm="tree").estimate(X, Y).info["neighbours"] == "tree"
    assert KNN(variant=2).estimate(X, Y).info["method"] == "Kraskov 2"
    assert KNN().estimate(X, CODE, discrete_y=True).info["method"] == "Ross"
    estimate = KNN().estimate(X, WIDE_ROWS)
    assert (estimate.info["n"], estimate.info["dim_x"], estimate.info["dim_y"]) == (400, 1, 2)


WIDE_ROWS = np.c_[X, Y]


@pytest.mark.parametrize("estimator", ALL, ids=repr)
def test_bits_are_nats_over_log_2(estimator):
    estimate = estimator.estimate(X, Y)
    assert estimate.bits == estimate.nats / math.log(2)
