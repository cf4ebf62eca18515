"""Training with dropout and noise: the same as plain torch, reproducible, and off when measured."""

import math

import numpy as np
import pytest
import torch
from scipy.special import ndtri
from scipy.stats import kstest

from mibench import ibnet
from mibench.errors import InputError
from mibench.estimators.shared import threads as _threads
from mibench.ibnet.kernels.random_numbers import normal
from mibench.ibnet.kernels.with_slopes import draw_disturbances
from mibench.ibnet.networks.initial import make_run_start
from mibench.ibnet.networks.trained import EPOCH_ARRAYS
from mibench.ibnet.settings import change_setting
from mibench.ibnet.training.cpu import NumbaEngine
from mibench.ibnet.training.gpu import TorchEngine

from .test_ibnet_training import CLOSE, SMALL, by_engine, forward, refuse, small, stop_at, weights
from .torch_reference import disturbances, train_reference

BOTH = {"dropout": 0.3, "training_noise": 0.2}
EACH = [{"dropout": 0.3}, {"training_noise": 0.2}, BOTH]


# -- the same as plain torch ---------------------------------------------------------------------


def equal_plain_torch(setting):
    expected = np.stack([train_reference(setting, SMALL, run, 12) for run in range(3)])
    for engine, arguments in ((NumbaEngine, ()), (TorchEngine, (torch.device("cpu"),))):
        trained, _ = by_engine(setting, engine, *arguments)
        assert trained == pytest.approx(expected, abs=CLOSE[setting.optimizer])
    plain = change_setting(setting, dropout=0, training_noise=0)
    without, _ = by_engine(plain, NumbaEngine)
    assert np.abs(expected[:, -1] - without[:, -1]).max() > 1e-2  # it changes the weights


@pytest.mark.parametrize("changes", EACH)
def test_both_engines_equal_plain_torch(changes):
    equal_plain_torch(small(batch="full", **changes))


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "batch"), [("adam", 30), ("sgd", 16)])
@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "relu6", "linear"])
def test_every_activation_equals_plain_torch(activation, optimizer, batch):
    rate = {"adam": 1e-2, "sgd": 0.1}[optimizer]
    about = {"activation": activation, "batch": batch, "optimizer": optimizer}
    equal_plain_torch(small(learning_rate=rate, **about, **BOTH))


def test_dropout_and_noise_near_0_change_next_to_nothing():
    """They are trained by another forward pass, which must compute the same network."""
    plain = weights(ibnet.train(small(), data=SMALL))
    for changes in ({"dropout": 1e-12}, {"training_noise": 1e-12}):
        nearly = weights(ibnet.train(small(**changes), data=SMALL))
        assert nearly == pytest.approx(plain, abs=CLOSE["adam"])
    assert not np.array_equal(plain[:, 0], plain[:, -1])


def test_a_network_without_hidden_layers_has_nothing_to_disturb():
    trained = weights(ibnet.train(small(layers=(5, 3), **BOTH), data=SMALL))
    plain = weights(ibnet.train(small(layers=(5, 3)), data=SMALL))
    assert trained == pytest.approx(plain, abs=1e-6)


def test_initial_weights_splits_and_batches_are_those_without():
    disturbed, plain = (make_run_start(s, SMALL, 1) for s in (small(**BOTH), small()))
    for name in ("parameters", "train", "test", "shuffle_key", "taught"):
        assert np.array_equal(getattr(disturbed, name), getattr(plain, name)), name


# -- what is drawn -------------------------------------------------------------------------------

UNITS, INPUTS = 20, 5000


def drawn(key=7, epoch=1, step=0, *, dropout=0.3, noise=0.5, inputs=None):
    """Factors and terms (units, inputs)."""
    numbers = np.arange(INPUTS) if inputs is None else inputs
    factors, terms = np.empty((2, UNITS, len(numbers)), np.float32)
    draw_disturbances((dropout, noise, np.uint64(key)), epoch, step, numbers, factors, terms)
    return factors, terms


@pytest.mark.parametrize("dropout", [0.05, 0.5, 0.9])
def test_dropout_keeps_the_mean(dropout):
    """Each of 100,000 units is dropped independently; the limits are five standard errors."""
    factors, _ = drawn(dropout=dropout)
    assert set(np.unique(factors).tolist()) == {0.0, float(np.float32(1 / (1 - dropout)))}
    dropped = factors == 0
    sd = math.sqrt(dropout * (1 - dropout))
    assert abs(dropped.mean() - dropout) < 5 * sd / math.sqrt(factors.size)
    assert abs(factors.mean() - 1) < 5 * sd / (1 - dropout) / math.sqrt(factors.size)
    # Binomial counts by unit and by input
    for axis, n in ((1, INPUTS), (0, UNITS)):
        counts = dropped.sum(axis=axis)
        assert counts.var() / (n * dropout * (1 - dropout)) == pytest.approx(
            1, abs=5 * math.sqrt(2.5 / len(counts))
        )


def test_noise_is_normal_and_has_its_standard_deviation():
    _, terms = drawn(noise=0.5)
    values = terms.ravel().astype(float)
    assert kstest(values, "norm", (0, 0.5)).pvalue > 0.001
    assert abs(values.mean()) < 5 * 0.5 / math.sqrt(values.size)
    assert abs(values.std() / 0.5 - 1) < 5 / math.sqrt(2 * values.size)


def test_steps_epochs_runs_units_and_inputs_have_numbers_of_their_own():
    """No two of them are correlated: 0 to five standard errors."""
    draws = [drawn(), drawn(key=8), drawn(epoch=2), drawn(step=1), drawn(epoch=0, step=1)]
    rows = [np.r_[factors.ravel(), terms.ravel()] for factors, terms in draws]
    first = draws[0]
    limit = 5 / math.sqrt(first[0].size)
    for values in (np.stack(rows)[:, : first[0].size], np.stack(rows)[:, first[0].size :]):
        together = np.corrcoef(values) - np.eye(len(rows))
        assert np.abs(together).max() < limit
    assert abs(np.corrcoef(first[0].ravel(), first[1].ravel())[0, 1]) < limit
    for values in first:
        of_units = np.corrcoef(values) - np.eye(UNITS)
        assert np.abs(of_units).max() < 5 / math.sqrt(INPUTS)
        neighbours = np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1]
        assert abs(neighbours) < limit


def test_an_input_has_the_same_numbers_wherever_it_is_in_a_batch():
    order = np.random.default_rng(0).permutation(INPUTS)[:100]
    for some, whole in zip(drawn(inputs=order), drawn(), strict=True):
        assert np.array_equal(some, whole[:, order])


def test_the_numbers_are_those_of_the_formulas():
    setting = small(layers=(5, UNITS, 3), dropout=0.3, training_noise=0.5)
    expected = disturbances(setting, 7, 1, 0, np.arange(200))
    for values, by_formula in zip(drawn(inputs=np.arange(200)), expected, strict=True):
        assert np.abs(values.T - by_formula).max() < 1e-6


def test_normal_numbers_are_the_inverse_of_the_distribution_function():
    tails = [0, 1, 2, 10, 1000, 2**20, 2**27, 2**28, 2**29, 2**30, 2**31 - 1000]
    for tail in tails:
        exact = -ndtri((tail + 0.5) / 2**32)
        for sign, bits in ((1, tail), (-1, tail + 2**31)):
            assert normal(np.uint64(bits << 32)) == pytest.approx(sign * exact, rel=1e-6, abs=1e-6)


# -- determinism ---------------------------------------------------------------------------------


def test_runs_are_the_same_in_any_ensemble_and_for_any_threads(monkeypatch):
    four = weights(ibnet.train(small(runs=4, **BOTH), data=SMALL))
    for threads in (1, 3):
        monkeypatch.setattr(_threads, "thread_count", lambda threads=threads: threads)
        two = weights(ibnet.train(small(runs=2, **BOTH), data=SMALL))
        assert np.array_equal(two, four[:2])
    other = weights(ibnet.train(small(runs=2, seed=1, **BOTH), data=SMALL))
    assert not np.array_equal(other[:, -1], four[:2, -1])


@pytest.mark.parametrize("route", ["interrupted", "lengthened"])
def test_a_continued_training_equals_an_uninterrupted_one(tmp_path, monkeypatch, route):
    monkeypatch.setattr("mibench.ibnet.networks.archive.MAX_EPOCHS_PER_CHUNK", 5)
    setting = small(**BOTH)
    straight = ibnet.train(setting, data=SMALL)
    if route == "lengthened":
        ibnet.train(small(epochs=7, **BOTH), data=SMALL, directory=tmp_path / "t")
    else:
        with pytest.raises(KeyboardInterrupt):
            ibnet.train(setting, data=SMALL, directory=tmp_path / "t", on_progress=stop_at(10))
        assert ibnet.load(tmp_path / "t", SMALL).epochs == 4
    again = ibnet.train(setting, data=SMALL, directory=tmp_path / "t")
    for name in EPOCH_ARRAYS:
        assert np.array_equal(again.dataset[name].values, straight.dataset[name].values), name


# -- evaluated and measured without --------------------------------------------------------------


def test_errors_extremes_and_layers_are_those_without_dropout_and_noise():
    setting = small(activation="relu", dropout=0.5, training_noise=1.0)
    trained = ibnet.train(setting, data=SMALL)
    start = make_run_start(setting, SMALL, 0)
    layers = forward(setting, weights(trained)[0, 12], SMALL.inputs)
    stored = trained.dataset.isel(run=0, epoch=12)
    wrong = layers[-1].argmax(axis=1) != SMALL.labels
    assert float(stored.train_error) == pytest.approx(wrong[start.train].mean(), abs=1e-6)
    assert float(stored.test_error) == pytest.approx(wrong[start.test].mean(), abs=1e-6)
    assert stored.max_activation.values == pytest.approx([a.max() for a in layers], abs=1e-5)
    assert stored.min_activation.values == pytest.approx([a.min() for a in layers], abs=1e-5)
    for computed, exact in zip(trained.activations(0, 12), layers, strict=True):
        assert computed == pytest.approx(exact, abs=1e-5)


# -- refusals ------------------------------------------------------------------------------------


def test_other_networks_are_refused_in_the_same_directory(tmp_path):
    ibnet.train(small(epochs=2, dropout=0.2), data=SMALL, directory=tmp_path / "t")
    refuse("holds networks with dropout=0.2, not 0.0", ibnet.train,
           small(epochs=2), data=SMALL, directory=tmp_path / "t")  # fmt: skip
    assert small(training_noise=0.1).training == "small, changed"


@pytest.mark.parametrize("value", [1, -0.1, 2, math.nan, "some"])
def test_dropout_is_a_share_below_1(value):
    refuse(f"dropout={value}", ibnet.get_setting, "2.1", dropout=value)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "some"])
def test_noise_is_a_finite_standard_deviation(value):
    refuse(f"training_noise={value}", ibnet.get_setting, "2.1", training_noise=value)


@pytest.mark.parametrize("changes", [{"dropout": 0.2}, {"training_noise": 0.1}])
def test_quantised_networks_have_neither(changes):
    [(name, value)] = changes.items()
    with pytest.raises(InputError, match=f"quantize=8 cannot be trained with {name}={value}"):
        ibnet.get_setting("2.1", quantize=8, **changes)
    assert ibnet.get_setting("2.1", quantize=8, **{name: 0}).levels == 256
