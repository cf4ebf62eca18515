"""What the neural estimators are made of: bounds, networks, training and parts, each as naively."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from mibench.contract.variables import as_variable
from mibench.estimators import Smile
from mibench.estimators.neural import sides
from mibench.estimators.neural.doubts import less_than_knn

from .samples import normal

torch = pytest.importorskip("torch")

from mibench.estimators.neural import bounds  # noqa: E402
from mibench.estimators.neural.autoregressive import Autoregressive  # noqa: E402
from mibench.estimators.neural.critics import spread_shifts, values  # noqa: E402
from mibench.estimators.neural.descriptions import (  # noqa: E402
    by_mixtures,
    log_density_of_mixture,
)
from mibench.estimators.neural.device import generator_of, one_thread  # noqa: E402
from mibench.estimators.neural.network import Critics, Perceptrons  # noqa: E402
from mibench.estimators.neural.normal_fit import normal_fit  # noqa: E402
from mibench.estimators.neural.parts import MismatchedPairs, Parts  # noqa: E402
from mibench.estimators.neural.training import Adam, of_other_parts, train  # noqa: E402

CPU = torch.device("cpu")
CLOSE = 1e-5  # float32, of sums of some hundred terms of order 1
NUMBERS = 2 * np.random.default_rng(0).normal(size=(3, 6, 20))  # networks, 1 + others, rows


def naive(f, bound):
    """A bound of one network from f (1 + s, n), pair by pair."""
    own, others = f[0], f[1:].ravel()
    mean_exp = sum(math.exp(v) for v in others) / len(others)
    if bound == "donsker_varadhan":
        return own.mean() - math.log(mean_exp)
    if bound == "nguyen_wainwright_jordan":
        return (1 + own).mean() - sum(math.exp(1 + v - 1) for v in others) / len(others)
    if bound == "jensen_shannon":
        return -sum(math.log1p(math.exp(-v)) for v in own) / len(own) - sum(
            math.log1p(math.exp(v)) for v in others
        ) / len(others)
    rows = [f[:, i] if bound == "infonce" else f[1:, i] for i in range(f.shape[1])]
    return sum(
        v - math.log(sum(math.exp(o) for o in row) / len(row))
        for v, row in zip(own, rows, strict=True)
    ) / len(own)


@pytest.mark.parametrize(
    "bound",
    ["donsker_varadhan", "nguyen_wainwright_jordan", "jensen_shannon", "infonce", "leave_one_out"],
)
def test_bounds_equal_sums_over_pairs(bound):
    found = getattr(bounds, bound)(torch.tensor(NUMBERS))
    assert found.tolist() == pytest.approx([naive(f, bound) for f in NUMBERS], abs=1e-12)


def test_bounds_are_in_the_order_that_they_must_be():
    """For any f: NWJ <= Donsker-Varadhan, and InfoNCE is below its ceiling and leave-one-out."""
    f = torch.tensor(NUMBERS)
    assert (bounds.nguyen_wainwright_jordan(f) <= bounds.donsker_varadhan(f)).all()
    assert (bounds.infonce(100 * f) <= math.log(6)).all()
    one_left_out, with_all = (
        bounds.leave_one_out(f + 5 * (torch.arange(6) == 0)[:, None]),
        (bounds.infonce(f + 5 * (torch.arange(6) == 0)[:, None])),
    )
    assert (one_left_out > with_all).all()


def test_clipping_is_of_the_second_term():
    f = torch.tensor(NUMBERS)
    clipped = bounds.clipped_donsker_varadhan
    assert clipped(f, 100.0).tolist() == bounds.donsker_varadhan(f).tolist()
    want = [f[0].mean() - math.log(np.exp(np.clip(f[1:], -1, 1)).mean()) for f in NUMBERS]
    assert clipped(f, 1.0).tolist() == pytest.approx(want, abs=1e-12)
    assert (clipped(f, 1.0) > bounds.donsker_varadhan(f)).all()  # large f are more than small ones


def test_the_corrected_gradient_divides_by_the_average_over_batches():
    gain, average = bounds.CorrectedGain(rate=0.1), None
    for seed in range(3):
        numbers = np.random.default_rng(seed).normal(size=(1, 4, 5))
        f = torch.tensor(numbers, requires_grad=True)
        (gradient,) = torch.autograd.grad(gain(f).sum(), f)
        mean_exp = np.exp(numbers[:, 1:]).mean()
        average = mean_exp if average is None else 0.9 * average + 0.1 * mean_exp
        want = -np.exp(numbers[0, 1:]) / 20 / average * (20 / 15)
        assert gradient[0, 1:].numpy() == pytest.approx(want, abs=1e-12)
        assert gradient[0, 0].numpy() == pytest.approx(np.full(5, 0.2), abs=1e-12)


def test_critics_are_perceptrons_of_both_sides():
    generator = generator_of(0)
    critics = Critics(2, (2, 3), 8, generator, CPU)
    for parameter in critics.parameters:
        parameter.data = torch.randn(parameter.shape, generator=generator)
    x, y = (torch.randn(2, 7, d, generator=generator) for d in (2, 3))
    with torch.no_grad():
        found = values(critics, x, y, [0, 2, 5])
        assert torch.equal(found, critics(x, y, [0, 2, 5]))
    whole = Perceptrons(2, [5, 8, 8, 1], generator, CPU)
    first = torch.cat([critics.of_x, critics.of_y], 1)
    whole.weights = [first, *critics.rest.weights]
    whole.biases = [critics.bias, *critics.rest.biases]
    for place, shift in enumerate([0, 2, 5]):
        for i in range(7):
            pair = torch.cat([x[:, i], y[:, (i + shift) % 7]], 1)[:, None]
            want = whole(pair)[:, 0, 0].tolist()
            assert found[:, place, i].tolist() == pytest.approx(want, abs=CLOSE)


def test_perceptrons_equal_loops():
    generator = generator_of(1)
    networks = Perceptrons(2, [3, 4, 2], generator, CPU)
    rows = torch.randn(2, 5, 3, generator=generator)
    networks.biases[0].data += 0.3
    for k in range(2):
        a = rows[k].numpy() @ networks.weights[0][k].detach().numpy() + 0.3
        want = (a / (1 + np.exp(-a))) @ networks.weights[1][k].detach().numpy()
        assert networks(rows)[k].detach().numpy() == pytest.approx(want, abs=CLOSE)


@pytest.mark.parametrize("columns", [1, 3, 20])
def test_a_column_is_described_by_those_before_it_and_by_x_where_shown(columns):
    generator = generator_of(0)
    networks = Autoregressive(2, 2, torch.zeros(columns, 3), 12, generator, CPU)
    for parameter in networks.parameters:
        parameter.data = torch.randn(parameter.shape, generator=generator)
    x, y = torch.randn(4, 5, 2, generator=generator), torch.randn(4, 5, columns)
    with torch.no_grad():
        before = networks(x, y)
        assert before.shape == (4, 5, columns, 3)
        other_x = (networks(x + 1, y) != before).flatten(1).any(1)
        assert other_x.tolist() == [True, True, False, False]
        for m in range(columns):
            changed = y.clone()
            changed[..., m] += 1
            depends = (networks(x, changed) != before).any(3).any(1).any(0)
            assert not depends[: m + 1].any()
            assert depends[m + 1 :].all()


def test_adam_equals_its_formulas():
    start, rate = np.array([[1.0, -2.0]]), 0.1
    parameter = torch.tensor(start)
    adam, mean, square, want = Adam([parameter], rate), 0.0, 0.0, start.copy()
    for t in range(1, 6):
        gradient = np.array([[t * 0.5, -1.0]])
        adam.ascend([torch.tensor(gradient)])
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        want += rate * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
        assert parameter.numpy() == pytest.approx(want, rel=1e-9)


def test_other_parts():
    found = of_other_parts(torch.tensor([1.0, 2.0, 6.0, 10.0, 20.0, 60.0]), 3)
    assert found.tolist() == [4.0, 3.5, 1.5, 40.0, 35.0, 15.0]


def trained(curves, steps):
    """Networks whose only weight counts the steps; what is held out follows curves (networks,)."""
    weight = torch.zeros(len(curves), 1, requires_grad=True)
    checks = iter(range(10**6))

    def held_out():
        step = next(checks)
        return torch.tensor([curve(step) for curve in curves])

    settings = Smile(steps=steps, batch=10, learning_rate=0.1, folds=len(curves))
    course = train([weight], lambda rows: weight.sum(1), held_out, 50, generator_of(0), settings)
    return course, weight.detach()[:, 0]


def test_training_stops_by_the_other_parts():
    """Each of two is measured at the best check of the other one."""
    course, weight = trained([lambda i: -abs(i - 2.0), lambda i: -abs(i - 5.0)], 1000)
    assert course.steps == [100, 40]
    assert course.doubt is None
    assert weight[0] > weight[1] > 0


def test_training_says_if_it_was_too_short_and_survives_nan():
    course, _ = trained([float, float], 200)
    assert course.steps == [200, 200]
    assert "after 200 steps of training" in course.doubt[1]
    course, weight = trained([lambda i: math.nan if i == 2 else float(i)] * 2, 200)
    assert course.steps == [20, 20]
    assert "after 40 steps, networks gave values that are not finite" in course.doubt[1]
    assert torch.isfinite(weight).all()


def test_no_row_is_measured_by_a_network_that_it_trained():
    x, y = normal(101, 2, 1)
    columns = sides.columns_of(*(as_variable(v, "x", False) for v in (x, y)), "ranks")
    parts = Parts(columns, 4, generator_of(0), CPU)
    held = [set(rows.tolist()) for rows in parts.of_part]
    for mine, others in zip(held, parts.of_others, strict=True):
        assert not mine & set(others.tolist())
        assert len(mine) + len(set(others.tolist())) == 100
    assert len(set().union(*held)) == 100


def test_shifts_are_different_and_pair_no_row_with_itself():
    for rows, most in ((5, 24), (1000, 24), (25, 24), (26, 24), (2, 1)):
        shifts = spread_shifts(rows, most)
        assert len(shifts) == len(set(shifts)) == 1 + min(most, rows - 1)
        assert (shifts[0], max(shifts) < rows) == (0, True)


def test_mixtures_equal_sums_of_normal_densities():
    rng = np.random.default_rng(0)
    outputs, x = rng.normal(size=(4, 2, 9)), rng.normal(size=(4, 2))
    logits, means, log_widths = np.split(outputs, 3, axis=2)
    weights = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    density = (weights * norm.pdf(x[..., None], means, np.exp(log_widths))).sum(axis=2)
    scales = rng.uniform(0.1, 3, size=(4, 2))
    found = log_density_of_mixture(*map(torch.tensor, (outputs, x, scales)), 1e-3)
    assert found.numpy() == pytest.approx(np.log(density / scales), abs=1e-12)
    narrow, at_limit = torch.tensor([[0.0, 0.0, -100.0]]), norm.logpdf(0, 0, 0.01)
    for scale in (1.0, 0.02, 5.0):
        found = log_density_of_mixture(narrow, torch.zeros(1), torch.tensor([scale]), 0.01)
        assert found.item() == pytest.approx(at_limit)


@pytest.mark.parametrize(("rows", "columns"), [(600, 1), (600, 4), (24, 9)])
def test_mixtures_begin_with_the_normal_distribution_of_the_rows(rows, columns):
    """With X and without. 9 columns of 8 rows in each part have no covariance to speak of."""
    x, y = normal(rows, 10, columns)
    y[:, 0] += 2 * x[:, 0]
    sample = sides.exchanged(
        sides.columns_of(*(as_variable(v, "x", False) for v in (y, x)), "ranks")
    )
    parts = Parts(sample, 3, generator_of(0), CPU)
    outputs = torch.zeros(parts.b.shape[1], 3)  # one component, standard normal
    networks = Autoregressive(3, parts.a.shape[1], outputs, 8, generator_of(0), CPU)
    with torch.no_grad():
        found = by_mixtures(parts, 1e-3)(networks, parts.of_part, parts.of_part).sum(2).numpy()
    fit = normal_fit(parts.a[parts.of_others], parts.b[parts.of_others], 1e-6)
    for network in range(6):
        a, b = (v[parts.of_part[network % 3]].numpy().astype(float) for v in (parts.a, parts.b))
        axes = fit.directions[network].numpy().astype(float)
        covariance = axes * fit.variances[network].numpy() @ axes.T
        if rows == 24:
            covariance = np.diag(np.diag(covariance))
        means = a @ fit.slopes[network].numpy()
        want = [multivariate_normal(m, covariance).logpdf(v) for m, v in zip(means, b, strict=True)]
        assert found[network] == pytest.approx(np.array(want), abs=1e-3)  # float32


def test_no_normal_distribution_is_fitted_to_clusters():
    """One bit seen through 30 columns on each side: correlations of 1 and 0.69 nats."""
    rng = np.random.default_rng(0)
    bit = rng.integers(0, 2, 600)
    x, y = (6.0 * bit[:, None] + rng.normal(size=(600, 30)) for _ in range(2))
    x, y = (torch.from_numpy((v - v.mean(0)) / v.std(0)).float()[None] for v in (x, y))
    assert not normal_fit(x, y).slopes.any()
    z, noise = (torch.randn(1, 600, 30, generator=generator_of(seed)) for seed in (0, 1))
    assert normal_fit(z, 0.8 * z + 0.6 * noise).slopes[0].any()


def test_mismatched_pairs_are_of_one_part_and_have_a_mean_ratio_of_one():
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(rng.permutation(900).reshape(3, 300))
    pairs = MismatchedPairs(rows)
    assert (pairs.of_x != pairs.of_y).all()
    for part, x, y in zip(rows, pairs.of_x, pairs.of_y, strict=True):
        assert set(x.tolist()) == set(y.tolist()) == set(part.tolist())
    r = 0.6
    x, noise = rng.normal(size=(2, 900))
    y = r * x + np.sqrt(1 - r**2) * noise
    a, b = x[pairs.of_x.numpy()], y[pairs.of_y.numpy()]
    logs = norm.logpdf(b, r * a, np.sqrt(1 - r**2)) - norm.logpdf(b)
    assert -0.2 < pairs.log_of_mean_ratio(torch.from_numpy(logs)) < 0.02  # 3 errors below 0
    assert pairs.log_of_mean_ratio(torch.from_numpy(logs + 1.0)) > 0.8


def test_bins_hold_as_many_rows_and_equal_values_share_one():
    columns = np.array([np.arange(12.0)[::-1], np.repeat([3.0, 1.0, 2.0], 4)], np.float32)
    assert sides.equal_bins(columns, 4).tolist() == [
        [3, 3, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0],
        [3] * 4 + [0] * 4 + [2] * 4,
    ]


def test_ties_are_broken_in_random_order():
    columns = np.array([np.arange(60.0), np.repeat([1.0, 0.0, 5.0], 20)], np.float32)
    found = sides.without_ties(columns, 0)
    assert (found[0] == columns[0]).all()
    assert found[1, 20:40].max() < found[1, :20].min() < found[1, :20].max() < found[1, 40:].min()
    assert abs(np.corrcoef(found[1, :20], np.arange(20))[0, 1]) < 0.7  # 4 standard errors: 0.9
    assert not (found == sides.without_ties(columns, 1)).all()


@pytest.mark.parametrize("transform", ["ranks", "standardize"])
def test_columns_are_the_same_for_any_order_and_units(transform):
    x, y = normal(50, 2, 2)
    rows = np.random.default_rng(0).permutation(50)
    want = sides.columns_of(*(as_variable(v, "x", False) for v in (x, y)), transform)
    for pair in ((y, x), (x[rows], y[rows]), (x[:, ::-1], y), (4 * x, y + 8)):
        found = sides.columns_of(*(as_variable(v, "x", False) for v in pair), transform)
        for a, b in zip(found[:2], want[:2], strict=True):
            assert a == pytest.approx(b, abs=1e-6)
    assert want.a.mean(axis=1) == pytest.approx(np.zeros(2), abs=1e-6)


def test_labels_are_a_column_each():
    labels, x = np.repeat([5, 7, 9], [10, 20, 30]), np.arange(60.0)
    found = sides.columns_of(as_variable(labels, "x", True), as_variable(x, "y", False), "ranks")
    assert found.labels
    assert found.b.sum(axis=1).tolist() == [10, 20, 30]
    assert (found.b.argmax(axis=0) == np.repeat([0, 1, 2], [10, 20, 30])).all()


def test_threads_of_torch_are_the_users_again():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        with torch.no_grad(), one_thread():
            assert torch.get_num_threads() == 1
            assert torch.is_grad_enabled()
            with one_thread():
                pass
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_what_knn_finds_more_of_many_rows_is_that_of_some_and_no_order_matters():
    x = np.random.default_rng(0).normal(size=(12_000, 1))
    sides = (as_variable(v, name, discrete=False) for name, v in (("x", x), ("y", x + 0.1)))
    x, y = sides
    said = less_than_knn(0.5, "mine", x, y)
    assert "and mine 0.72 bits (0.50 nats)" in said["knn_finds_more"]
    order = np.random.default_rng(1).permutation(12_000)
    assert less_than_knn(0.5, "mine", x.reordered(order), y.reordered(order)) == said
    assert less_than_knn(20.0, "mine", x, y) == {}
    labels = as_variable(np.arange(12_000) % 3, "y", discrete=True)
    assert less_than_knn(0.0, "mine", x, labels) == {}
    assert less_than_knn(0.0, "mine", labels, x) == {}
