"""Quantised networks: their grids and training; the exact information, which is counted."""

import numpy as np
import pytest

from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.data.dataset import Data
from mibench.ibnet.settings import LOWER_BOUNDS, UPPER_BOUNDS, Setting, change_setting

from .quantised_reference import activations, train_quantised

ACTIVATIONS = ("tanh", "relu", "elu", "relu6", "linear")
RNG = np.random.default_rng(5)
SMALL = Data("small", RNG.normal(size=(90, 5)), np.arange(90) % 3, 3)


def small(**changes):
    base = Setting(
        "small", (5, 6, 4, 3), "tanh", 16, runs=2, epochs=4, learning_rate=0.1, data="small",
        optimizer="sgd", quantize=8,
    )  # fmt: skip
    return change_setting(base, **changes)


def weights(trained):
    """(runs, epochs + 1, P)."""
    return trained.dataset.weights.transpose("run", "epoch", "parameter").values


@pytest.fixture(scope="module")
def networks():
    """Two networks on the data of the thesis, for each activation and number of bits."""
    setting = ibnet.get_setting("2.1", runs=2, epochs=8, learning_rate=0.02)
    return {
        (a, bits): ibnet.train(change_setting(setting, activation=a, quantize=bits))
        for a in ("tanh", "relu")
        for bits in (2, 4, 8)
    }


# -- quantised networks --------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_equals_plain_torch_with_straight_through_gradients(activation):
    """At 16 bits. Float32 moves a few values to the next grid point, which is 3e-5 of the range."""
    setting = small(activation=activation, quantize=16)
    trained = weights(ibnet.train(setting, data=SMALL))
    for run in range(2):
        expected = train_quantised(setting, SMALL, run, 4)
        assert np.abs(expected[-1] - expected[0]).max() > 1e-2  # it did learn
        assert trained[run] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bits", [2, 8])
def test_activations_are_those_of_the_obvious_forward_pass(activation, bits):
    setting = small(activation=activation, quantize=bits, learning_rate=0.02)
    trained = ibnet.train(setting, data=SMALL)
    parameters = weights(trained)[1, 4]
    expected = activations(setting, parameters, SMALL.inputs)
    ranges = parameters[-6:].reshape(3, 2)
    # A value at the border of two grid points may fall on either side in float32, and then all
    # later layers of that input differ: some inputs at 8 bits.
    for layer, other, (low, high) in zip(trained.activations(1, 4), expected, ranges, strict=True):
        differs = np.abs(layer - other.numpy()).max(axis=1) > 1e-5 * (high - low)
        assert differs.mean() < 0.05


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bits", [2, 5])
def test_values_are_on_a_grid_of_the_range(activation, bits):
    trained = ibnet.train(small(activation=activation, quantize=bits), data=SMALL)
    parameters = weights(trained)[0, -1]
    ranges = parameters[-6:].reshape(3, 2)
    for epoch in range(5):
        for layer in trained.activations(0, epoch):
            assert max(len(np.unique(unit)) for unit in layer.T) <= 2**bits
    for layer, (low, high) in zip(trained.activations(0, 4), ranges, strict=True):
        steps = (layer.astype(float) - low) / (float(high) - low) * (2**bits - 1)
        assert steps == pytest.approx(np.round(steps), abs=1e-4)
        assert (layer.min() >= low, layer.max() <= high) == (True, True)
    for bounds, end in ((LOWER_BOUNDS, 0), (UPPER_BOUNDS, 1)):
        if activation in bounds:
            assert (ranges[:-1, end] == bounds[activation]).all()
    assert ranges[-1].tolist() == [0, 1]  # of the softmax


def test_fine_grids_train_like_floats():
    """32 bits: the grid is finer than float32, so that only the order of operations differs."""
    plain, fine = (
        ibnet.train(ibnet.get_setting("2.1", runs=2, epochs=20, quantize=q)) for q in (None, 32)
    )
    size = plain.setting.parameters
    assert weights(fine)[..., :size] == pytest.approx(weights(plain), abs=1e-4)
    plane, other = (ibnet.measure(t, "uniform:bins=30") for t in (plain, fine))
    # A value at the border of two bins may fall on either side: 1 of 4096 inputs is 0.003 bits.
    assert other.i_xt.values == pytest.approx(plane.i_xt.values, abs=0.02)


def test_a_run_depends_on_seed_and_number_alone_and_is_continued(tmp_path):
    setting = small(activation="relu", optimizer="adam", learning_rate=0.01)
    whole = ibnet.train(setting, data=SMALL)
    one = ibnet.train(setting, data=SMALL, runs=1)
    assert np.array_equal(weights(one)[0], weights(whole)[0])
    ibnet.train(setting, data=SMALL, epochs=2, directory=tmp_path / "t")
    continued = ibnet.train(setting, data=SMALL, directory=tmp_path / "t")
    assert np.array_equal(weights(continued), weights(whole))
    loaded = ibnet.load(tmp_path / "t", SMALL)
    assert loaded.setting.quantize == 8
    for a, b in zip(loaded.activations(1, 4), whole.activations(1, 4), strict=True):
        assert np.array_equal(a, b)
