"""The information of layers with noise is that of the mixture, to the stated standard error."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp

from mibench.contract.variables import as_variable
from mibench.errors import InputError
from mibench.estimators import KDE
from mibench.ibnet.cli.options import FOR_LAYERS_ALONE, layer_estimator_names
from mibench.ibnet.measuring import noisy
from mibench.ibnet.measuring.noisy import Noisy
from mibench.ibnet.measuring.of_layers import OF_LAYERS

N = 200
# A value further than this from the truth, in standard errors, has a probability of 6e-7.
SIGMAS = 5


def layer(n=N, width=2, seed=0):
    rng = np.random.default_rng(seed)
    return np.tanh(rng.normal(size=(n, 3)) @ rng.normal(size=(3, width))).astype(np.float32)


def labels(n=N, seed=1):
    return np.random.default_rng(seed).integers(3, size=n)


def information(rows, symbols, **parameters):
    return Noisy(**parameters).estimate(symbols, rows, discrete_x=True)


def error_nats(estimate):
    return estimate.info["standard_error_nats"]


@pytest.mark.parametrize("distance", [0.3, 2.0, 5.0])
def test_two_inputs_are_a_binary_channel_with_normal_noise(distance):
    def integrand(t):  # of log 2 - I, for outputs at 0 and `distance` and noise of variance 1
        density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
        return density * math.log1p(math.exp(distance * t - distance**2 / 2))

    truth = math.log(2) - quad(integrand, -12, 12)[0]
    found = information([0.0, distance], [0, 1], noise_variance=1.0)
    assert error_nats(found) <= 0.01 * math.log(2)
    assert abs(found.nats - truth) < SIGMAS * error_nats(found)


@pytest.mark.parametrize("noise_variance", [1e-3, 0.03, 1.0])
@pytest.mark.parametrize("width", [1, 2, 6])
def test_a_naive_sum_over_other_noise_agrees(width, noise_variance):
    rows, kinds, n = layer(width=width).astype(float), labels(), N
    z = np.random.default_rng(7).normal(size=(40, n, width)) * math.sqrt(noise_variance)
    values = {"inputs": [], "labels": []}
    for noise in z:
        squares = ((rows + noise)[:, None] - rows[None]) ** 2
        logs = -squares.sum(axis=2) / (2 * noise_variance)
        whole = logsumexp(logs, axis=1)
        values["inputs"].append(np.diag(logs) - whole + math.log(n))
        same = np.where(kinds[:, None] == kinds[None], logs, -np.inf)
        p = np.bincount(kinds)[kinds] / n
        values["labels"].append(logsumexp(same, axis=1) - whole - np.log(p))
    for name, symbols in (("inputs", np.arange(n)), ("labels", kinds)):
        found = information(rows, symbols, noise_variance=noise_variance)
        of_rounds = np.array(values[name])
        error = math.sqrt(of_rounds.var(axis=0, ddof=1).sum() / len(z)) / n
        # Sums of N numbers of float32 are right to 1e-5.
        allowed = SIGMAS * math.hypot(error, error_nats(found)) + 1e-5
        assert abs(found.nats - of_rounds.mean()) < allowed


@pytest.mark.parametrize("many", [False, True])
def test_the_standard_error_is_that_of_other_seeds(many, monkeypatch):
    # N rows: with fewer draws a round, some rows are drawn in each.
    monkeypatch.setattr(noisy, "DRAWS", 60 if many else N)
    rows = layer(width=2)
    found = [
        information(rows, labels(), noise_variance=0.05, seed=seed, standard_error=0.03)
        for seed in range(60)
    ]
    spread = np.std([one.nats for one in found], ddof=1)
    stated = np.mean([error_nats(one) for one in found])
    # The standard deviation of 60 numbers is known to 1 / sqrt(2 * 59) = 9%. Rows drawn without
    # replacement make the error smaller than stated, by sqrt(1 - 60 / N) = 0.89 at most.
    assert (0.55 if many else 0.65) < spread / stated < 1.35


def test_bounds_by_pairwise_distances_enclose_it():
    """Kolchinsky & Tracey 2017, doi:10.3390/e19070361."""
    for width in (1, 3, 8):
        rows = layer(width=width)
        value = information(rows, np.arange(N), noise_variance=0.01)
        low, high = (
            KDE(noise_variance=0.01, variant=variant).estimate(np.arange(N), rows, discrete_x=True)
            for variant in ("lower", "upper")
        )
        allowed = SIGMAS * error_nats(value) + 1e-6
        assert low.nats - allowed < value.nats < high.nats + allowed


def test_layer_after_layer_it_loses_information():
    """X - T - f(T) + noise: a layer of which one column is left out."""
    rows = layer(width=4)
    values = [information(rows[:, :width], np.arange(N)) for width in (4, 3, 2, 1)]
    for more, less in itertools.pairwise(values):
        assert less.nats < more.nats + SIGMAS * (error_nats(more) + error_nats(less))


def test_limits_of_noise():
    rows = np.array([0.0, 0, 1, 1, 2, 2, 2, 2])
    apart = information(rows, np.arange(8), noise_variance=1e-4)
    assert apart.bits == pytest.approx(1.5, abs=1e-6)  # the entropy of 1/4, 1/4, 1/2
    kinds = [0, 0, 0, 0, 1, 1, 1, 1]
    assert information(rows, kinds, noise_variance=1e-4).bits == pytest.approx(1, abs=1e-6)
    drowned = information(rows, np.arange(8), noise_variance=1e8)
    assert abs(drowned.bits) < 1e-3
    assert information(np.ones(8), np.arange(8)).nats == 0


def test_inputs_and_labels_are_measured_together_as_each_alone():
    t = as_variable(layer(), "t", False)
    x, y = as_variable(np.arange(N), "x", True), as_variable(labels(), "y", True)
    both = Noisy().estimate_each(t, (x, y))
    # The number of rounds is that of the value with the larger error; so rounds are fixed.
    fixed = Noisy(max_rounds=3, standard_error=1e-9)
    both = fixed.estimate_each(t, (x, y))
    assert both[0].nats == pytest.approx(fixed.estimate_variables(x, t).nats, abs=1e-6)
    assert both[1].nats == fixed.estimate_variables(y, t).nats
    assert "monte_carlo_error" in both[0].flags
    assert "3e-" not in both[0].flags["monte_carlo_error"]


def test_equal_inputs_count_as_one():
    rows = layer(40)
    twice = information(np.r_[rows, rows], np.r_[np.arange(40), np.arange(40)], seed=1)
    once = information(rows, np.arange(40), seed=2)
    allowed = SIGMAS * math.hypot(error_nats(once), error_nats(twice))
    assert abs(twice.nats - once.nats) < allowed


def test_far_parts_and_many_columns_underflow_to_no_wrong_number():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 400)) * 1e-3  # exp(-200) is no float32
    found = information(rows, np.arange(50) % 2, noise_variance=1.0)
    assert abs(found.bits) < 0.01
    far = information(rng.normal(size=(50, 3)) * 1e9, np.arange(50) % 2, noise_variance=1e-3)
    assert far.bits == pytest.approx(1)


def test_bad_input():
    with pytest.raises(InputError, match="noisy needs labels on one side"):
        Noisy().estimate(layer(), layer())
    with pytest.raises(InputError, match="too small for a layer"):
        information(layer() * 1e30, labels(), noise_variance=1e-30)
    for wrong in ({"noise_variance": 0}, {"standard_error": -1}, {"max_rounds": 1}, {"seed": -1}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            Noisy(**wrong)


def test_shells_offer_the_estimators_of_layers():
    assert set(OF_LAYERS) == set(FOR_LAYERS_ALONE)
    assert {"knn", "noisy"} <= set(layer_estimator_names())
