"""The MI of two sides of labels: adjusted for chance, in every estimator."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import xlogy
from scipy.stats import entropy
from sklearn.metrics.cluster import adjusted_mutual_info_score, expected_mutual_information

import mibench
from mibench.contract.registry import get_estimator
from mibench.contract.variables import as_pair, as_variable
from mibench.estimators import KDE, KNN, Adaptive, Canonical, Uniform
from mibench.estimators.binning.plug_in import plug_in, variable_symbols
from mibench.estimators.kernels.chance import (
    distinct_counts,
    expected_sum,
    grassberger_terms,
    pair_counts,
    sum_of_terms,
)
from mibench.tasks import discrete

from . import naive
from .samples import properties
from .statistics_of_seeds import correlated, mean_and_error

ALL = [Uniform(), Adaptive(bins=5), KDE(), KNN(), Canonical()]
ROUNDING = 1e-12


def nats(x, y, estimator=ALL[0], correction="auto"):
    estimator = replace(estimator, correction=correction)
    return estimator.estimate(x, y, discrete_x=True, discrete_y=True).nats


def independent(n, kinds_x, kinds_y, seed, zipf=False):
    rng = np.random.default_rng([seed, n])
    return (rng.choice(k, n, p=discrete.zipf(k) if zipf else None) for k in (kinds_x, kinds_y))


# -- closed forms and other implementations ----------------------------------------------------


@pytest.mark.parametrize(("n", "kinds_x", "kinds_y"), [(30, 2, 3), (200, 5, 40), (1000, 26, 100)])
def test_expected_information_equals_that_of_scikit_learn(n, kinds_x, kinds_y):
    x, y = independent(n, kinds_x, kinds_y, 0, zipf=True)
    table = np.zeros((kinds_x, kinds_y), np.int64)
    np.add.at(table, (x, y), 1)
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    margins = table.sum(axis=1), table.sum(axis=0)
    terms = xlogy(np.arange(n + 1), np.arange(n + 1))
    mean = expected_sum(*(a for m in margins for a in distinct_counts(m)), n, terms)
    chance = sum(map(entropy, margins)) - math.log(n) + mean / n
    assert chance == pytest.approx(expected_mutual_information(table, n), abs=1e-10)
    # With these terms, the share is the adjusted MI of scikit-learn, with average_method="min".
    joint = sum_of_terms(*distinct_counts(pair_counts(x, y, kinds_x, kinds_y)), terms)
    most = min(sum_of_terms(*distinct_counts(m), terms) for m in margins)
    want = adjusted_mutual_info_score(x, y, average_method="min")
    assert (joint - mean) / (most - mean) == pytest.approx(want, abs=1e-10)


def test_small_terms_of_grassberger_are_those_of_the_digamma_function():
    c = np.arange(1, 400)
    assert grassberger_terms(399)[1:] == pytest.approx(c * naive.grassberger_g(c), abs=1e-10)


@pytest.mark.parametrize(
    ("x", "y"),
    [([0, 0, 1, 1], [0, 0, 1, 1]), ([0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 1, 2])],
)  # fmt: skip
def test_mean_over_all_pairings_is_0(x, y):
    every = [nats(x, list(pairing)) for pairing in itertools.permutations(y)]
    assert np.mean(every) == pytest.approx(0, abs=ROUNDING)


@pytest.mark.parametrize("estimator", ALL, ids=repr)
def test_all_estimators_agree_and_none_gives_the_plug_in(estimator):
    x, y = independent(300, 7, 30, 0)
    y = np.where(x < 3, x, y)
    plain = plug_in(*map(variable_symbols, as_pair(x, y, True, True))).nats
    assert nats(x, y, estimator, None) == plain
    occupied = len(set(zip(x.tolist(), y.tolist(), strict=True)))
    kinds = len(set(x.tolist())) + len(set(y.tolist()))
    miller = plain + (kinds - 1 - occupied) / 600
    assert nats(x, y, estimator, "miller-madow") == pytest.approx(miller, abs=ROUNDING)
    assert nats(x, y, estimator) == nats(x, y)
    name = type(estimator).__name__.lower()
    assert get_estimator(f"{name}:correction=none").correction is None


@pytest.mark.parametrize("kind", [Uniform, Adaptive])
@pytest.mark.parametrize("bins", ["auto", 6])
def test_binned_sides_are_the_plain_plug_in(kind, bins):
    x, y = correlated(0.5, 300, 0)
    for other, labels in ((y, False), (np.arange(300) % 7, True), (np.arange(300), True)):
        first, second = (
            kind(bins=bins, correction=c).estimate(x, other, discrete_y=labels)
            for c in ("auto", None)
        )
        assert first == second
        sides = (as_variable(other, "y", labels), as_variable(np.arange(300) % 3, "y", True))
        each = [
            kind(bins=bins, correction=c).estimate_each(as_variable(x, "x", False), sides)
            for c in ("auto", None)
        ]
        assert each[0] == each[1]


# -- identities and invariances ----------------------------------------------------------------


def test_a_function_of_the_other_side_has_the_plug_in_entropy():
    for n, kinds in ((20, 3), (500, 40), (500, 400)):
        x = np.random.default_rng(n).integers(0, kinds, n)
        for y in (x, x % 5, x > 1):
            want = entropy(np.unique(y, return_counts=True)[1])
            assert nats(x, y) == pytest.approx(want, abs=ROUNDING)
            assert nats(y, x) == nats(x, y)


@properties
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), min_size=4, max_size=60))
def test_small_labels_are_invariant_and_bounded(rows):
    x, y = (list(side) for side in zip(*rows, strict=True))
    estimate = nats(x, y)
    assert nats(y, x) == estimate
    assert nats(x[::-1], y[::-1]) == estimate
    assert nats([f"{5 - v}" for v in x], [-v for v in y]) == estimate
    assert estimate <= min(naive.entropy(x), naive.entropy(y)) + ROUNDING


def test_labels_that_never_repeat_show_no_dependence():
    """All pairings are alike, so the rows cannot tell dependence from independence."""
    y = np.arange(50) % 3
    for pair in ((np.arange(50), y), (y, np.arange(50)), (np.arange(50), np.arange(50))):
        estimate = KNN().estimate(*pair, discrete_x=True, discrete_y=True)
        assert estimate.nats == 0
        assert "Only 0 rows have a label that repeats" in estimate.flags["sparse_labels"]


# -- bias --------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipf", [False, True])
@pytest.mark.parametrize(
    ("n", "kinds_x", "kinds_y"),
    [(200, 2, 2), (200, 5, 20), (1000, 5, 100), (2000, 26, 26),
     (1000, 26, 26), (1000, 26, 100), (1000, 100, 100), (500, 300, 1000)],
)  # fmt: skip
def test_independent_labels_are_unbiased(n, kinds_x, kinds_y, zipf):
    estimates = [nats(*independent(n, kinds_x, kinds_y, s, zipf)) for s in range(60)]
    mean, error = mean_and_error(estimates)
    assert abs(mean) < 4 * error
    if n >= 2 * kinds_x * kinds_y:
        assert abs(mean) < 0.02
        assert error < 0.006  # else the test would be too weak


@pytest.mark.parametrize(
    ("task", "n", "factor"),
    [("zipf-100-0.5", 200, 3), ("zipf-100-0.5", 1000, 3), ("zipf-100-0.5", 5000, 3),
     ("zipf-1000-0.5", 200, 2), ("zipf-1000-0.5", 1000, 2), ("zipf-1000-0.5", 5000, 3)],
)  # fmt: skip
def test_many_rare_symbols(task, n, factor):
    """The RMSE over 20 seeds is at most 1 / factor of that of the plug-in."""
    task = mibench.get_task(task)
    errors = [
        [nats(*task.sample(n, seed), correction=c) - task.mi_nats for c in ("auto", None)]
        for seed in range(20)
    ]
    rmse, of_plug_in = np.sqrt(np.mean(np.square(errors), axis=0))
    assert rmse < of_plug_in / factor


def test_many_rows_leave_nothing_to_correct():
    """The bias of the plug-in is about 49 / 2n for independent labels, 2.5e-4 nats here."""
    x, y = discrete.sample_channel(100_000, np.random.default_rng(0), symbols=8, error=0.2)
    assert nats(x, y) == pytest.approx(nats(x, y, correction=None), abs=49 / 100_000)
    assert nats(x, y) == pytest.approx(discrete.channel_information(8, 0.2), abs=0.02)


def test_counts_left_as_numbers_beat_counts_declared_as_labels():
    """Poisson counts of mean 60 that share a rate, of the gamma distribution with shape 2.

    The MI, 1.329 nats, is a sum over the joint table: `benchmarks/labels.py`.
    """
    numbers, labels = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, y = rng.poisson(30 * rng.gamma(2, size=1000), size=(2, 1000))
        estimate = KNN().estimate(x, y)
        assert "Leave counts" in estimate.flags["ties"]
        numbers.append(estimate.nats)
        labels.append([nats(x, y), nats(x, y, correction=None)])
    mean, error = mean_and_error(numbers)
    assert abs(mean - 1.329) < 4 * error + 0.02
    adjusted, plain = np.abs(np.mean(labels, axis=0) - 1.329)
    assert abs(mean - 1.329) < adjusted < plain


# -- what an estimate says ---------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ALL, ids=repr)
def test_sparse_labels_are_flagged(estimator):
    x, y = independent(100, 10, 10, 0)
    assert len(set(x)) == len(set(y)) == 10
    for rows, correction, want in ((100, "auto", False), (99, "auto", True), (99, None, True)):
        changed = replace(estimator, correction=correction)
        pair = x[-rows:], y[-rows:]
        estimate = changed.estimate(*pair, discrete_x=True, discrete_y=True)
        assert ("sparse_labels" in estimate.flags) == want
        assert "more_bins_than_samples" not in estimate.flags
        if want:
            sentence = estimate.flags["sparse_labels"]
            assert "10 x 10 labels make 100 pairs, for 99 rows" in sentence
            assert ("too high, even for independent labels" in sentence) == (correction is None)


def test_info_states_the_correction():
    x, y = independent(500, 5, 5, 0)
    for correction, name in (
        ("auto", "adjusted for chance"), ("miller-madow", "miller-madow"), (None, "none"),
    ):  # fmt: skip
        estimate = KNN(correction=correction).estimate(x, y, discrete_x=True, discrete_y=True)
        assert estimate.info["correction"] == name
        assert estimate.info["plug_in_nats"] == nats(x, y, correction=None)
        subtracted = estimate.info["plug_in_nats"] - estimate.nats
        assert estimate.info["subtracted_nats"] == subtracted
        assert (subtracted > 0) == (correction is not None)
