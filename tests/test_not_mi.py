"""`renyi` and `sliced`: equal to their definitions, and honest that they are not the MI."""

import math

import numpy as np
import pytest

from mibench import InputError, get_task
from mibench.estimators import KNN, Renyi, Sliced
from mibench.estimators.neighbours.sorted_column import side_on_common_scale

from .samples import normal
from .statistics_of_seeds import correlated, mean_and_error


def gram(side, width=None):
    n, d = side.shape
    scaled = side_on_common_scale(np.ascontiguousarray(side.T)).columns.T
    width = width or (4 / (n * (d + 2))) ** (1 / (d + 4))
    squared = ((scaled[:, np.newaxis] - scaled) ** 2).sum(axis=2)
    return np.exp(-squared / (2 * width**2))


def entropy(a, alpha):
    eigenvalues = np.linalg.eigvalsh(a / np.trace(a))
    return math.log((np.clip(eigenvalues, 0, None) ** alpha).sum()) / (1 - alpha)


def naive_renyi(k, other, alpha):
    return entropy(k, alpha) + entropy(other, alpha) - entropy(k * other, alpha)


@pytest.mark.parametrize("alpha", [0.5, 1.01, 2.0, 3.0])
@pytest.mark.parametrize("width", [None, 0.7])
def test_renyi_equals_its_definition(alpha, width):
    x, y = normal(80, 2, 3)
    estimator = Renyi(alpha=alpha, bandwidth=width or "silverman")
    want = naive_renyi(gram(x, width), gram(y, width), alpha)
    assert estimator.estimate(x, y).nats == pytest.approx(want, abs=1e-9)
    labels = np.arange(80) % 3
    same = (labels[:, np.newaxis] == labels).astype(float)
    want = naive_renyi(gram(x, width), same, alpha)
    assert estimator.estimate(x, labels, discrete_y=True).nats == pytest.approx(want, abs=1e-9)
    assert estimator.estimate(labels, x, discrete_x=True).nats == pytest.approx(want, abs=1e-9)


def test_renyi_of_order_2_is_continuous_in_its_order():
    x, y = correlated(0.8, 100, 0)
    near = Renyi(alpha=2 + 1e-6).estimate(x, y).nats
    assert Renyi().estimate(x, y).nats == pytest.approx(near, abs=1e-5)


def test_renyi_is_not_the_mi():
    """A copy has an infinite MI; independent sides of 5+5 columns have none."""
    x = normal(400, 5, 5)[0]
    rng = np.random.default_rng(0)
    independent = Renyi().estimate(x, rng.normal(size=(400, 5)))
    assert independent.nats > 4
    assert {"not_mi", "few_samples"} <= independent.flags.keys()
    assert Renyi().estimate(x[:, 0], x[:, 0]).nats < 2


def test_what_renyi_refuses():
    with pytest.raises(InputError, match="alpha=1 has no formula"):
        Renyi(alpha=1)
    x = np.random.default_rng(0).normal(size=3001)
    with pytest.raises(InputError, match="at most 3000 rows are allowed: use alpha=2"):
        Renyi(alpha=1.01).estimate(x, x)


def mean_over_directions(rho, dims):
    """The sliced MI of normals whose columns correlate pairwise by rho: E[-log(1 - r^2) / 2]."""
    rng = np.random.default_rng(0)
    a, b = (
        v / np.linalg.norm(v, axis=1, keepdims=True) for v in rng.normal(size=(2, 200_000, dims))
    )
    return float(-0.5 * np.log1p(-((rho * (a * b).sum(axis=1)) ** 2)).mean())


def test_sliced_is_the_mean_over_directions_and_below_the_mi():
    true = mean_over_directions(0.9, 3)
    nats = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(500, 3))
        y = 0.9 * x + math.sqrt(0.19) * rng.normal(size=(500, 3))
        estimate = Sliced(seed=seed).estimate(x, y)
        assert "not_mi" in estimate.flags
        nats.append(estimate.nats)
    mean, error = mean_and_error(nats)
    assert abs(mean - true) < 0.02 + 4 * error
    assert mean < 0.5 < 3 * -0.5 * math.log(0.19)  # 2.49 nats


def test_sliced_of_independent_sides_is_0():
    nats = [
        Sliced(slices=20).estimate(*np.random.default_rng(s).normal(size=(2, 300, 4))).nats
        for s in range(6)
    ]
    mean, error = mean_and_error(nats)
    assert abs(mean) < 0.01 + 4 * error


def test_sliced_of_one_column_per_side_is_knn():
    x, y = correlated(0.6, 300, 0)
    assert Sliced().estimate(x, y).nats == KNN().estimate(x, y).nats
    assert Sliced(k=7).estimate(x, y).nats == KNN(k=7).estimate(x, y).nats


def test_sliced_uses_directions_of_one_column_and_labels_as_they_are():
    x, labels = get_task("clusters-5-5-2-10").sample(200, 0)[0], np.arange(200) % 4
    x = np.c_[x, labels]
    estimate = Sliced(slices=10).estimate(x, labels, discrete_y=True)
    assert 0 < estimate.nats < KNN().estimate(labels, labels, discrete_x=True, discrete_y=True).nats
    assert estimate.info["standard_error_nats"] > 0
    assert Sliced(slices=10, seed=1).estimate(x, labels, discrete_y=True).nats != estimate.nats
