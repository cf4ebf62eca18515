"""Gradients equal those of plain torch; signal, noise and phases are those of known ones."""

import math

import numpy as np
import pytest
import torch
import xarray as xr

from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.data.dataset import Data
from mibench.ibnet.gradients.layers import batch_gradients, layer_weights
from mibench.ibnet.gradients.noise import _signal_and_noise
from mibench.ibnet.gradients.phases import compression_epochs, diffusion_epochs
from mibench.ibnet.networks.initial import initial_parameters
from mibench.ibnet.settings import Setting

RNG = np.random.default_rng(5)
SMALL = Data("small", RNG.normal(size=(96, 5)).astype(np.float32), np.arange(96) % 3, 3)
FUNCTIONS = {
    "tanh": torch.tanh, "relu": torch.relu, "elu": torch.nn.functional.elu,
    "relu6": torch.nn.functional.relu6, "linear": lambda z: z,
}  # fmt: skip


def setting(activation="tanh", **changes):
    return Setting("small", (5, 6, 4, 3), activation, 16, data="small", **changes)


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_gradients_equal_those_of_torch(activation):
    small = setting(activation)
    parameters = 3 * initial_parameters(small, np.random.default_rng(0)).astype(np.float64)
    inputs, taught = SMALL.inputs.astype(np.float64), SMALL.labels
    found = batch_gradients(small, parameters, inputs, taught, 20)  # 16 of 96 inputs are left out
    layers = [[torch.tensor(part, requires_grad=True) for part in pair]
              for pair in layer_weights(small, parameters)]  # fmt: skip
    for batch in range(4):
        rows = slice(20 * batch, 20 * batch + 20)
        a = torch.tensor(inputs[rows])
        for number, (weight, bias) in enumerate(layers):
            z = a @ weight.T + bias
            a = z if number == 2 else FUNCTIONS[activation](z)
        loss = torch.nn.functional.cross_entropy(a, torch.tensor(taught[rows]))
        expected = torch.autograd.grad(loss, [weight for weight, _ in layers])
        for of_layer, gradient in zip(found, expected, strict=True):
            assert len(of_layer) == 4
            np.testing.assert_allclose(of_layer[batch], gradient.numpy(), atol=1e-12)


def test_signal_and_noise_of_known_gradients():
    """Elements with mean 0.3 and standard deviation 2, in 20,000 batches: errors below 2%."""
    rng = np.random.default_rng(0)
    gradients = 0.3 + 2 * rng.normal(size=(20_000, 4, 5))
    signal, noise = _signal_and_noise([gradients], [np.float64(10)])
    assert signal[0] == pytest.approx(0.3 * math.sqrt(20) / 10, rel=0.1)
    assert noise[0] == pytest.approx(2 * math.sqrt(20) / 10, rel=0.02)


def test_batches_without_signal_show_none():
    """The norm of the mean of 16 batches alone would be a quarter of the noise."""
    rng = np.random.default_rng(1)
    squares = [
        _signal_and_noise([rng.normal(size=(16, 4, 5))], [np.float64(1)])[0][0] ** 2
        for _ in range(200)
    ]
    # sum s^2 / B = 20 / 16; half of the values are 0, the others a third of that.
    assert np.mean(squares) < 0.2 * 20 / 16
    assert np.median(squares) < 0.1 * 20 / 16


def test_gradients_of_stored_networks():
    trained = ibnet.train(setting(runs=2, epochs=6, learning_rate=1e-2), data=SMALL)
    found = ibnet.gradient_noise(trained, "0,3,6")
    assert found["epoch"].values.tolist() == [0, 3, 6]
    assert np.isfinite(found["signal"]).all()
    assert (found["noise"] > 0).all()
    again = ibnet.gradient_noise(trained, "3")
    np.testing.assert_array_equal(again["signal"][:, 0], found["signal"].sel(epoch=3))
    # A fifth of 96 inputs, of each class, is for tests: 78 are trained on.
    assert (found.attrs["batch"], found.attrs["batches"]) == (16, 4)


def fakes(ratios, i_xt, epochs):
    """Trajectories and gradients of one layer: (runs, epochs) each."""
    ratios, i_xt = np.asarray(ratios, float)[..., None], np.asarray(i_xt, float)[..., None]
    coords = {"run": range(len(ratios)), "epoch": epochs, "layer": [1]}
    dims = ("run", "epoch", "layer")
    gradients = xr.Dataset(
        {"signal": (dims, ratios), "noise": (dims, np.ones_like(ratios))}, coords=coords
    )
    trajectories = xr.Dataset(
        {"i_xt": (("estimator", *dims), i_xt[None])}, coords={**coords, "estimator": ["kde"]}
    )
    return trajectories, gradients


def test_phases_begin_where_they_last():
    epochs = [0, 1, 10, 100]
    trajectories, gradients = fakes(
        [[0.5, 3, 0.5, 2], [0.5] * 4, [2, 2, 2, 2], [2, 2, 0.5, np.nan]],
        [[3, 5, 4, 2], [5, 4, 3, 2], [2, 3, 4, 3.95], [2, 3, np.nan, 1]],
        epochs,
    )
    np.testing.assert_array_equal(diffusion_epochs(gradients)[:, 0], [10, 0, np.nan, 10])
    begins = compression_epochs(trajectories, "kde")[:, 0]
    np.testing.assert_array_equal(begins, [1, 0, np.nan, np.nan])
    (row,) = ibnet.phase_table(trajectories, gradients).to_dict("records")
    assert row["runs"] == 2
    assert row["diffusion"] == pytest.approx(math.sqrt(10 * 0.5))
    assert row["ratio"] == pytest.approx(math.sqrt(0.1 * 1))
    assert math.isnan(row["correlation"])


def test_phases_that_go_together_are_seen():
    epochs = [0, *range(1, 60)]
    turns = np.random.default_rng(3).integers(10, 50, 12)
    ratios = [[2.0 if e < turn else 0.5 for e in epochs] for turn in turns]
    i_xt = [[-abs(e - 2 * turn // 3) for e in epochs] for turn in turns]
    trajectories, gradients = fakes(ratios, i_xt, epochs)
    (row,) = ibnet.phase_table(trajectories, gradients).to_dict("records")
    assert row["correlation"] > 0.95
    assert row["ratio"] == pytest.approx(2 / 3, rel=0.03)  # epochs are whole numbers
    assert row["ratio_high"] < 0.7


@pytest.mark.slow
def test_the_command_shows_and_draws(mibench, tmp_path):
    assert mibench("ibnet", "train", "2.1", "--runs", 2, "--epochs", 4, "-o", "d").returncode == 0
    done = mibench("ibnet", "gradients", "d", "-e", "uniform:bins=30", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "diffusion" in done.stdout
    assert (tmp_path / "d" / "figures" / "gradients.png").exists()


def test_bad_input():
    trained = ibnet.train(setting(runs=1, epochs=1), data=SMALL)
    for batch, message in ((0, "batch=0"), (60, "makes 1 batches")):
        with pytest.raises(InputError, match=message):
            ibnet.gradient_noise(trained, batch=batch)
    with pytest.raises(InputError, match="trained are epochs"):
        ibnet.gradient_noise(trained, "7")
    quantised = ibnet.train(setting(runs=1, epochs=1, quantize=8), data=SMALL)
    with pytest.raises(InputError, match="train without quantize"):
        ibnet.gradient_noise(quantised)
