"""What `canonical` finds in residuals by features of other kinds, and the flag `left_over`."""

import math

import numpy as np
import pytest
from scipy import stats

from mibench.estimators import Canonical
from mibench.estimators.cca.features import normal_scores
from mibench.estimators.cca.found_features import find_features
from mibench.estimators.cca.known_scores import known_basis, rest
from mibench.estimators.cca.residual_learner import Direction, Found, find
from mibench.estimators.cca.tuning import Tuning
from mibench.estimators.cca.waves import frequencies, polished
from mibench.tasks.catalogue import get_task

TUNING = Tuning()
LIMITS = TUNING.left_over


def white(values):
    values = np.atleast_2d(values)
    centred = values - values.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1, keepdims=True)


def oblique(columns, length, seed=0):
    w = np.random.default_rng(seed).normal(size=columns)
    return length * w / np.linalg.norm(w)


# -- features ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "length"), [(2, 3.0), (4, 5.0), (6, 4.0)])
def test_the_frequency_of_a_wave_is_found(columns, length):
    rng = np.random.default_rng(1)
    z, w = normal_scores(rng.normal(size=(columns, 1000))), oblique(columns, length)
    y = white(np.sin(w @ z) + 0.3 * rng.normal(size=1000))
    found = polished(frequencies(z, y, 2, LIMITS), z, y[0], LIMITS, 1)[0]
    # least squares: about sqrt(2) noise / sqrt(n) for each column; five times that is allowed
    assert min(abs(found - w).max(), abs(found + w).max()) < 5 * math.sqrt(2) * 0.3 / 1000**0.5


def test_columns_of_a_product_are_found():
    rng = np.random.default_rng(0)
    z = normal_scores(rng.normal(size=(12, 1000)))
    y = white(z[2] * z[5] * z[11] + 0.5 * rng.normal(size=1000))
    assert ((2, 5, 11), False) in find_features(z, y, y, LIMITS).products
    y = white(np.sign(z[1] * z[7]) + 0.5 * rng.normal(size=1000))
    assert ((1, 7), True) in find_features(z, y, y, LIMITS).products


def test_two_sums_of_squares_are_told_apart():
    """The two sums of squares that raise and that lower the target are features of their own."""
    rng = np.random.default_rng(0)
    z = normal_scores(rng.normal(size=(6, 4000)))
    up, down = (z[:3] ** 2).sum(axis=0), (z[3:] ** 2).sum(axis=0)
    y = white(np.log(up / down))
    features = find_features(z, y, y, LIMITS)(z)
    for part in (up, down):
        assert max(abs(np.corrcoef(part, f)[0, 1]) for f in features) > 0.99


def test_features_are_functions_of_a_row():
    rng = np.random.default_rng(0)
    z = normal_scores(rng.normal(size=(5, 600)))
    features = find_features(z, white(z[0]), white(z[1]), LIMITS)
    np.testing.assert_allclose(features(z)[:, 100:120], features(z[:, 100:120]), atol=1e-9)


# -- known scores --------------------------------------------------------------------------------


def test_steps_of_a_known_score_leave_nothing():
    """As where a score tells clusters apart: a polynomial would leave a step."""
    rng = np.random.default_rng(0)
    score = rng.normal(size=(1, 2000))
    step = np.where(score > 0.3, 1.0, -1.0)
    left = rest(step, known_basis(rng.normal(size=(3, 2000)), score, step, LIMITS))
    assert left.var() < 0.02 * step.var()  # a place of a cut is one hundredth of the rows


def test_what_known_scores_explain_is_not_found_again():
    rng = np.random.default_rng(0)
    z = normal_scores(rng.normal(size=(6, 1500)))
    wave = np.sin(oblique(6, 4.0) @ z)
    y = normal_scores(white(wave + 0.3 * rng.normal(size=1500)))
    unknown, known = (Direction(z, z, scores, y, "x") for scores in (z[:0], white(wave)))
    assert find(known, False, TUNING) is None
    found = find(unknown, False, TUNING)
    assert found is not None
    # a perfect prediction, of correlation sqrt(0.5 / 0.59), would show 0.94 nats
    assert 0.3 < found.nats(2.0) < -0.5 * math.log(1 - 0.5 / 0.59)


# -- how much is left over -----------------------------------------------------------------------


def found_with(beyond, unexplained, spread=1.0):
    none = np.zeros((1, len(beyond)))
    return Found(none[0], none[0], none, beyond, unexplained, spread)


@pytest.mark.parametrize("correlation", [0.3, 0.9])
def test_normal_residuals_of_a_correlation_have_at_least_the_information_of_the_normal(correlation):
    rng = np.random.default_rng(0)
    a, z = rng.normal(size=(2, 100_000))
    b = correlation * a + math.sqrt(1 - correlation**2) * z
    truth = -0.5 * math.log(1 - correlation**2)
    assert found_with(a, b).nats(0.0) == pytest.approx(truth, rel=0.02)
    assert found_with(a, b).nats(3.0) < truth


@pytest.mark.parametrize("error", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_the_bound_of_labels_is_below_their_information(error, share):
    rng = np.random.default_rng(0)
    cause = rng.random(50_000) < share
    label = cause ^ (rng.random(50_000) < error)
    p = share * (1 - error) + (1 - share) * error
    truth = stats.bernoulli(p).entropy() - stats.bernoulli(error).entropy()
    sides = [white(side.astype(float))[0] for side in (cause, label)]
    bound = found_with(*sides, float(np.ptp(sides[1]))).nats_of_labels(0.0)
    assert 0 < bound <= truth + 0.01


# -- estimates and the flag ----------------------------------------------------------------------


def assert_found(name, least, n=2000):
    task = get_task(name)
    estimate = Canonical().estimate(*task.sample(n, 0), discrete_y=task.discrete_y)
    assert least * task.mi_nats < estimate.nats < max(1.05 * task.mi_nats, task.mi_nats + 0.05)


def test_a_wave_beside_a_line_is_found():
    assert_found("line_and_wave-5-0.4-4-0.22", 0.75, 1000)  # 0.19 without


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("rotated_wave-6-6-4-0.2", 0.85),  # 0 without
        ("product-10-3-0.3", 0.85),  # 0.29
        ("maximum-20-0.2", 0.8),  # 0.64
        ("norm_ratio-10-0.11", 0.9),  # 0.65
        ("sum_modulo-5-0.25", 0.75),  # 0
        ("parity-10-3-noise-0.7", 0.75),  # 0.15
        ("parity-10-3-error-0.0", 0.75),  # 0.52
    ],
)
def test_kinds_that_pairs_and_trees_miss_are_found(name, least):
    assert_found(name, least)


def product_of_four(rng, n):
    x = rng.normal(size=(n, 6))
    return x, x[:, :4].prod(axis=1) + 0.2 * rng.normal(size=n)


@pytest.mark.slow
def test_what_is_left_over_is_flagged_and_is_no_more_than_there_is():
    """The truth is k-NN in two dimensions on the product itself."""
    x, y = product_of_four(np.random.default_rng(0), 2000)
    estimate = Canonical().estimate(x, y)
    truth = Canonical().estimate(*product_of_two_dimensions(50_000)).nats
    left_over = estimate.info["left_over_nats"]
    assert "left_over" in estimate.flags
    assert f"({left_over:.2f} nats)" in estimate.flags["left_over"]
    assert 0.1 < left_over < truth - estimate.nats


def product_of_two_dimensions(n):
    x, y = product_of_four(np.random.default_rng(1), n)
    return x[:, :4].prod(axis=1), y


INDEPENDENT = {
    "normal": lambda rng: rng.normal(size=(2, 500, 4)),
    "Cauchy": lambda rng: rng.standard_cauchy(size=(2, 500, 3)),
    "zeros": lambda rng: np.maximum(rng.normal(size=(2, 500, 3)), 0.8),
    "clusters": lambda rng: rng.normal(size=(2, 500, 4)) + 9 * rng.integers(0, 2, (2, 500, 1)),
    "uniform": lambda rng: (rng.random((500, 6)), rng.random(500)),
}


@pytest.mark.parametrize("law", INDEPENDENT)
def test_nothing_is_left_over_of_independent_sides(law):
    for seed in range(4):
        estimate = Canonical().estimate(*INDEPENDENT[law](np.random.default_rng([seed, 5])))
        assert estimate.nats < 0.03
        assert estimate.info["left_over_nats"] == 0


@pytest.mark.parametrize("dims", [3, 8])
def test_nothing_is_left_over_of_normal_sides(dims):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, dims))
    estimate = Canonical().estimate(x, x[:, ::-1] + rng.normal(size=(1000, dims)))
    assert estimate.nats == pytest.approx(dims * math.log(2) / 2, abs=0.15)
    assert estimate.info["left_over_nats"] == 0


def test_zeros_of_whole_rows_do_not_show_their_fold():
    """In each fold the scores of zeros were other values: 1.36 of 1.03 nats."""
    task = get_task("shared_zero_rows-3-3-0.5-0.6")
    assert Canonical().estimate(*task.sample(500, 0)).nats < task.mi_nats + 0.05
