"""Planes that turn with the radius, and the straight line to a single neighbour, in `canonical`."""

from dataclasses import replace

import numpy as np
import pytest

import mibench
from mibench.contract.variables import as_pair
from mibench.estimators import Canonical
from mibench.estimators.cca.estimation import estimate_canonical
from mibench.estimators.cca.features import continuous_features
from mibench.estimators.cca.knn_terms import choose_k
from mibench.estimators.cca.tuning import Tuning

TUNING = Tuning()
WITHOUT_WAVES = replace(TUNING, features=replace(TUNING.features, max_columns_of_waves=0))


def explained(target, features):
    """The share of the variance of target (n,) that is linear in features (p, n)."""
    coefficients, *_ = np.linalg.lstsq(features.T, target, rcond=None)
    return 1 - (target - coefficients @ features).var() / target.var()


@pytest.mark.parametrize("dims", [2, 3, 5])
@pytest.mark.parametrize("speed", [0.7, 1.3, 2.0])
def test_a_plane_that_turns_with_the_radius_is_linear_in_the_features(dims, speed):
    z = np.random.default_rng(0).normal(size=(dims, 20_000))
    angle = speed * np.sqrt((z**2).sum(axis=0))
    turned = np.cos(angle) * z[0] + np.sin(angle) * z[1]
    _, _, features = continuous_features(z, TUNING.features)
    _, _, polynomials = continuous_features(z, WITHOUT_WAVES.features)
    # Speeds between the waves' 1 and 2 are interpolated by them and by polynomials of the radius.
    assert explained(turned, features) > 0.995
    assert explained(turned, features) > explained(turned, polynomials)


def test_sides_of_many_columns_have_no_waves():
    rng = np.random.default_rng(1)
    for dims, more in ((16, 4 * 16), (17, 0)):
        columns = rng.normal(size=(dims, 300))
        with_waves, without = (
            len(continuous_features(columns, tuning.features)[2])
            for tuning in (TUNING, WITHOUT_WAVES)
        )
        assert with_waves - without == more


def test_spirals_are_nearer_to_their_mi():
    """The mean over three seeds; one estimate scatters by 0.025 nats."""
    task = mibench.get_task("spiral-multinormal-sparse-3-3-2-2.0")
    errors = []
    for seed in range(3):
        sides = as_pair(*task.sample(2000, seed), False, False)
        errors.append([
            estimate_canonical(*sides, 10, 3, tuning)[0].nats - task.mi_nats
            for tuning in (TUNING, WITHOUT_WAVES)
        ])  # fmt: skip
    now, before = np.mean(errors, axis=0)
    assert abs(now) < 0.09 < 0.11 < abs(before)


def rows_of(nats, n=1000):
    """Rows whose mean is this, with little scatter."""
    return nats + 0.01 * np.random.default_rng(int(nats * 1000)).normal(size=n)


def chosen(single, tuning=TUNING.knn):
    candidates = [(rows_of(0.4), 0), (rows_of(0.6), 0), (rows_of(0.8), 0)]
    return choose_k([15, 7, 3], candidates, lambda k: (rows_of(single), 0), tuning)


def test_the_line_through_the_last_two_k_ends_at_no_neighbour():
    term = chosen(1.0)
    assert (term.k, term.extrapolated) == (1, True)
    # From k = 3 to 1 it rises by 0.2, so by 0.1 more to k = 0; the scatter of means is 0.001.
    assert term.rows.mean() == pytest.approx(1.1, abs=0.003)
    assert term.rise == pytest.approx(0.3, abs=0.003)


@pytest.mark.parametrize("single", [0.8, 1.5], ids=["no more", "far more, as of copies"])
def test_there_is_no_line_where_a_single_neighbour_is_not_accepted(single):
    term = chosen(single)
    assert (term.k, term.extrapolated) == (3, False)
    assert term.rows.mean() == pytest.approx(0.8, abs=0.003)


def test_the_line_can_be_left_out():
    term = chosen(1.0, replace(TUNING.knn, single_neighbour_line=False))
    assert (term.k, term.extrapolated) == (1, False)
    assert term.rows.mean() == pytest.approx(1.0, abs=0.003)


def test_fast_waves_are_nearer_to_their_mi_and_not_above():
    """y = sin(25 (a + 0.7 b)) + 0.1 e, 1.70 nats; the mean of five seeds scatters by 0.02 nats."""
    nats = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = rng.random((8000, 2))
        y = np.sin(25 * (x @ [1, 0.7])) + 0.1 * rng.standard_normal(8000)
        nats.append(Canonical().estimate(x, y).nats)
    assert 1.3 < np.mean(nats) < 1.70
