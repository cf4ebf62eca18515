"""The layers of the suite `network`: what their ids state, and the information of a feature.

test_tasks.py checks their true MI and the distributions of their samples.
"""

import numpy as np
import pytest
from scipy import special, stats

from mibench.tasks import layer, network
from mibench.tasks.network_information import (
    FREQUENCIES,
    label_information,
    normal_feature,
    relu_feature,
    tanh_feature,
)
from mibench.tasks.suites import SUITES

from .network_recomputed import binary_normal_information, cosines, features_from_outputs, weights

TASKS = {task.name: task for task in network.tasks()}
LAYERS = {f"network-{net.kind}-{net.inputs}-{net.units}": net for net in network.LAYERS}


def of_kind(*kinds: str) -> pytest.MarkDecorator:
    names = [name for name, net in LAYERS.items() if net.kind in kinds]
    assert names
    return pytest.mark.parametrize("name", names)


# --- the suite ---------------------------------------------------------------------------------


def test_suite_has_each_layer_with_its_input_and_its_label_and_the_12_bit_layers() -> None:
    expected = [*TASKS, *(task.name for task in layer.tasks())]
    assert sorted(SUITES["network"]) == sorted(expected)
    assert set(TASKS) == {name + end for name in LAYERS for end in ("", "-label")}


def test_suite_has_12_to_1024_dimensions_each_kind_of_layer_and_little_and_much_information() -> (
    None
):
    assert {net.units for net in LAYERS.values()} == {12, 64, 256, 1024}
    assert {net.inputs for net in LAYERS.values()} == {12, 64, 784, 1024}
    kinds = {"tanh", "relu", "relu-lossy", "low-rank", "low-rank-tanh"}
    assert {net.kind for net in LAYERS.values()} == kinds
    of_input = [TASKS[name].mi_nats for name in LAYERS]
    assert 1 < min(of_input) < 2
    assert 6 < max(of_input) < np.log(1000)
    of_label = [TASKS[f"{name}-label"].mi_nats for name in LAYERS]
    assert 0.1 < min(of_label) < 0.2
    assert 0.59 < max(of_label) < 0.65 < np.log(2)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_has_more_information_about_its_input_than_about_the_label(name: str) -> None:
    # Y - X - T is a Markov chain, and I(X;Y) is that of the normal features of X.
    of_input, of_label = TASKS[name].mi_nats, TASKS[f"{name}-label"].mi_nats
    net = LAYERS[name]
    assert of_label < of_input
    assert of_label < binary_normal_information(net.shift * net.features**0.5) < np.log(2)


@pytest.mark.parametrize("name", LAYERS)
def test_label_tasks_hold_the_layer_and_the_label(name: str) -> None:
    net, pair = LAYERS[name], TASKS[f"{name}-label"]
    assert (pair.dim_x, pair.dim_y) == (net.units, 1)
    assert (pair.discrete_x, pair.discrete_y) == (False, True)
    labels = pair.sample(2_000, seed=1)[1][:, 0]
    assert stats.chisquare(np.bincount(labels, minlength=2)).pvalue > 1e-6
    plain = TASKS[name]
    assert (plain.dim_x, plain.dim_y) == (net.inputs, net.units)
    assert (plain.discrete_x, plain.discrete_y) == (False, False)


# --- the input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "dim"), [(1, 1), (4, 12), (12, 12), (8, 784), (64, 1024)])
def test_directions_are_orthonormal_cosines(count: int, dim: int) -> None:
    rows = network.directions(count, dim, seed=0)
    np.testing.assert_allclose(rows @ rows.T, np.eye(count), atol=1e-13)
    np.testing.assert_allclose(rows, cosines(dim, 0)[:count], atol=1e-14)


@pytest.mark.parametrize("name", LAYERS)
def test_inputs_are_normal_about_two_opposite_means(name: str) -> None:
    n, net = 1_000, LAYERS[name]
    x, _, y = network.draw(n, np.random.default_rng(0), net)
    mean = net.shift * cosines(net.inputs, 0)[: net.features].sum(axis=0)
    z = (x - np.where(y == 1, 1, -1) * mean) @ cosines(net.inputs, 0).T
    # p > 1e-6: about 4.9 sigma, over 11 layers.
    assert stats.kstest(z.ravel(), stats.norm.cdf).pvalue > 1e-6
    assert stats.kstest(z[:, : net.features].ravel(), stats.norm.cdf).pvalue > 1e-6
    second = z[:, : net.features].T @ z / n - np.eye(net.features, net.inputs)
    # 6 sigma (of a variance: 6 sqrt(2 / n)), for up to 12,288 entries.
    assert (np.abs(second) < 6 * np.sqrt(2 / n)).all()


# --- the layers --------------------------------------------------------------------------------


def outputs(name: str, n: int = 2_000) -> np.ndarray:
    return TASKS[name].sample(n, seed=2)[1]


@of_kind("relu", "relu-lossy")
def test_relu_layers_are_sparse_and_no_unit_is_dead(name: str) -> None:
    active = (outputs(name) > 0).mean(axis=0)
    assert 0.85 < 1 - active.mean() < 0.95
    assert active.min() > 0.03


@of_kind("tanh", "low-rank-tanh")
def test_more_than_half_of_the_tanh_are_saturated(name: str) -> None:
    # Before their noise is added: the activations of tanh layers hold noise.
    net = LAYERS[name]
    x, t = TASKS[name].sample(2_000, seed=2)
    if net.kind == "tanh":
        u = x @ cosines(net.inputs, 0)[: net.features].T
        noiseless = np.tanh(3 * u)
        # Each unit is a copy of a feature, plus its noise.
        copies = t.reshape(len(t), -1, net.features)
        residual = np.abs(copies) - np.abs(noiseless)[:, None, :]
        assert np.sqrt((residual**2).mean()) < 1.1 * net.noise
    else:
        noiseless = t
    assert 0.5 < (np.abs(noiseless) > 0.95).mean() < 0.8


@of_kind("low-rank", "low-rank-tanh")
def test_low_rank_layers_have_the_rank_of_their_features(name: str) -> None:
    net, t = LAYERS[name], outputs(name)
    if net.kind == "low-rank":
        variances = np.linalg.eigvalsh(np.cov(t.T))[::-1]
        # Jitter of 0.05 in all others; the largest of 248 sample variances is 1.8 times theirs
        # (Marchenko and Pastur: (1 + sqrt(248 / 2000))^2), and the features' are far larger.
        assert variances[net.features - 1] > 100 * variances[net.features]
        assert 1.5 * 0.05**2 < variances[net.features] < 2.1 * 0.05**2
    else:
        # A surface: a point can move in k directions.
        a, _ = weights(name)
        slopes = (1 - t[0] ** 2)[:, None] * a
        assert np.linalg.matrix_rank(slopes) == np.linalg.matrix_rank(a) == net.features


@of_kind("relu", "low-rank-tanh")
def test_noisy_features_can_be_computed_from_injective_layers(name: str) -> None:
    net = LAYERS[name]
    u = np.random.default_rng(3).standard_normal((1_000, net.features))
    v = net.noisy(u, np.random.default_rng(4))
    t = net.activations(u, np.random.default_rng(4))
    # 1e-6: a tanh at 9 has lost 8 of 16 digits.
    np.testing.assert_allclose(features_from_outputs(name, t), v, rtol=0, atol=1e-6)


# --- information -------------------------------------------------------------------------------


@pytest.mark.parametrize("given_1", [[0.3, 0.7], [0.6, 0.4], [1.0, 0.0]])
@pytest.mark.parametrize("given_0", [[0.9, 0.1], [0.6, 0.4], [0.0, 1.0]])
def test_label_information_of_two_distributions_is_that_of_their_table(
    given_1: list[float], given_0: list[float]
) -> None:
    # They do not mirror each other, so that the overlap is complex.
    table = np.array([given_1, given_0]) / 2
    expected = special.rel_entr(table, table.sum(axis=0) / 2).sum()
    p, q = (np.array(given, complex)[:, None] for given in (given_1, given_0))
    overlap = (p ** (0.5 + 1j * FREQUENCIES) * q ** (0.5 - 1j * FREQUENCIES)).sum(axis=0)
    # 1e-14: rounding; the rule itself is exact to exp(-12 pi).
    assert label_information(overlap) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("distance", [0.0, 0.1, 1.0, 3.0, 10.0])
def test_label_information_of_two_normal_distributions(distance: float) -> None:
    nats = label_information(normal_feature(1.0, distance * 2**0.5).overlap)
    assert nats == pytest.approx(binary_normal_information(distance), abs=1e-12)


@pytest.mark.parametrize("net", [x for x in network.LAYERS if x.kind == "tanh"], ids=str)
def test_quadrature_of_tanh_has_converged(net: network.Tanh) -> None:
    noise = net.noise / (net.units / net.features) ** 0.5
    feature, finer = (tanh_feature(net.gain, noise, net.shift, finer=f) for f in (1.0, 2.0))
    # The error that the tasks state.
    assert feature.information == pytest.approx(
        finer.information, abs=net.error_nats / net.features
    )
    of_label, finer_of_label = (
        label_information(f.overlap**net.features) for f in (feature, finer)
    )
    assert of_label == pytest.approx(finer_of_label, abs=net.error_nats)


@pytest.mark.parametrize("net", [x for x in network.LAYERS if x.kind == "relu-lossy"], ids=str)
def test_quadrature_of_relu_has_converged(net: network.LossyRelu) -> None:
    feature, finer = (
        relu_feature(net.threshold, net.noise, net.shift, finer=f) for f in (1.0, 2.0)
    )
    assert feature.information == pytest.approx(
        finer.information, abs=net.error_nats / net.features
    )
    of_label, finer_of_label = (
        label_information(f.overlap**net.features) for f in (feature, finer)
    )
    assert of_label == pytest.approx(finer_of_label, abs=net.error_nats)


def test_a_tanh_with_small_gain_is_linear_and_with_large_gain_a_sign() -> None:
    # A gain of 0.001 changes a feature by a relative 1e-6; with 1e4, tanh is +-1 beyond 1e-4.
    linear, feature = normal_feature(0.5, 0.7), tanh_feature(1e-3, 5e-4, 0.7)
    assert feature.information == pytest.approx(linear.information, abs=1e-5)
    assert label_information(feature.overlap) == pytest.approx(
        label_information(linear.overlap), abs=1e-6
    )
    of_sign = tanh_feature(1e4, 0.5, 0.0).information
    assert of_sign == pytest.approx(binary_normal_information(2.0), abs=1e-3)


def test_a_relu_with_low_threshold_loses_nothing_and_with_high_threshold_everything() -> None:
    linear, feature = normal_feature(0.5, 0.7), relu_feature(-20.0, 0.5, 0.7)
    assert feature.information == pytest.approx(linear.information, abs=1e-12)
    assert label_information(feature.overlap) == pytest.approx(
        label_information(linear.overlap), abs=1e-12
    )
    feature = relu_feature(8.0, 0.5, 0.7)
    assert 0 < feature.information < 1e-8
    assert 0 < label_information(feature.overlap) < 1e-8
