"""The test of independence of `auto`: what it compares, and what it finds."""

import math

import numpy as np
import pytest

import mibench
from mibench.contract.variables import as_variable
from mibench.estimators import KNN
from mibench.estimators.gaussian_copula import normal_scores
from mibench.estimators.independence import Combined
from mibench.estimators.independence.correlations import estimates_by_correlations


def sides(x, y, discrete_x=False):
    return as_variable(x, "x", discrete_x), as_variable(y, "y", False)


def nats_of_each(x, y, discrete_x=False):
    orders = [np.arange(len(y))]
    return [nats[0] for nats, _ in estimates_by_correlations(*sides(x, y, discrete_x), orders)]


def explained(target, features):
    """R^2 of a regression with a constant, by least squares."""
    design = np.column_stack([np.ones(len(target)), *features])
    left = target - design @ np.linalg.lstsq(design, target)[0]
    return 1 - (left @ left) / np.sum((target - target.mean()) ** 2)


def test_correlations_of_one_column_are_those_of_a_regression_of_its_scores():
    x, y = np.random.default_rng(0).normal(size=(2, 60))
    y += x
    a, b = normal_scores(np.array([x, y]))
    straight, _ = nats_of_each(x, y)
    assert straight == pytest.approx(-0.5 * math.log1p(-explained(b, [a])), rel=1e-9)


def test_labels_are_compared_by_their_indicators():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    y = labels + rng.normal(size=60)
    (scores,) = normal_scores(y[np.newaxis])
    straight, _ = nats_of_each(labels, y, True)
    of_labels = explained(scores, [labels == label for label in range(2)])
    assert straight == pytest.approx(-0.5 * math.log1p(-of_labels), rel=1e-9)


def test_squares_and_products_are_compared_too():
    """Against two functions of X, one column of Y is a regression on all features."""
    x = np.random.default_rng(0).normal(size=(200, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(float)  # two values: its square is no new column
    a, b = normal_scores(x.T)
    (scores,) = normal_scores(y[np.newaxis])
    straight, curved = nats_of_each(x, y)
    of_all = explained(scores, [a, b, a**2, b**2, a * b])
    assert curved == pytest.approx(-0.5 * math.log1p(-of_all), rel=1e-9)
    assert straight < 0.05 < curved


@pytest.mark.parametrize(
    ("columns", "rows", "count"),
    [(1, 11, 1), (1, 12, 2), (4, 14, 0), (4, 15, 1), (4, 30, 2), (49, 400, 2), (50, 400, 1)],
)
def test_correlations_need_three_rows_for_each_dimension(columns, rows, count):
    """1+1 columns have 2 dimensions and with squares 4; d+1, if d > 3, 2d + 2."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, columns)), rng.normal(size=rows)
    assert len(nats_of_each(x, y)) == count


def samples(kind, count):
    """Dependent sides of 200 rows."""
    for seed in range(count):
        rng = np.random.default_rng([seed, 3])
        x, y, other = rng.normal(size=(3, 200))
        noise = rng.normal(size=(2, 200, 4))
        yield {
            "line": (x, y + 0.35 * x),
            "parabola": (x, y + 0.5 * x**2),
            "spread": (x, y * np.exp(0.5 * x)),
            "wave": (x, 0.3 * y + np.sin(4 * x)),
            "product": (np.column_stack([x, other]), y + 0.6 * x * other),
            "one of 5+5": (
                np.column_stack([x, noise[0]]),
                np.column_stack([y + 0.5 * x, noise[1]]),
            ),
        }[kind]


@pytest.mark.parametrize("kind", ["line", "parabola", "spread", "wave", "product", "one of 5+5"])
def test_it_finds_many_kinds_of_dependence(kind):
    """At least 14 of 15: a power of 99% gives fewer once in 100 times, one of 60% nearly always."""
    found = 0
    for x, y in samples(kind, 15):
        found += mibench.estimate(x, y, Combined(), permutations=19).p_value <= 0.05
    assert found >= 14


def test_two_sides_of_labels_have_the_test_of_their_counts():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3, (2, 100))
    kinds = {"discrete_x": True, "discrete_y": True, "permutations": 99}
    of_knn, combined = (mibench.estimate(x, y, e, **kinds) for e in (KNN(), Combined()))
    assert combined.p_value == of_knn.p_value


@pytest.mark.parametrize("rows", [4, 6, 10, 11, 12])
def test_few_rows_and_many_labels_have_a_test(rows):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, rows))
    labels = np.arange(rows) // 2
    for side, discrete in ((x, False), (labels, True)):
        p = mibench.estimate(side, y, Combined(), discrete_x=discrete, permutations=19).p_value
        assert 0.05 <= p <= 1


def test_given_z_it_is_exact_for_labels_and_that_of_knn_for_numbers():
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, 60))
    labels = np.repeat([0, 1], 30)
    dependent = {"z": labels, "discrete_z": True, "permutations": 39}
    assert mibench.estimate(x, y + 2 * x, Combined(), **dependent).p_value == 1 / 40
    assert mibench.estimate(x + labels, y + labels, Combined(), **dependent).p_value > 0.05
    of_knn, combined = (
        mibench.estimate(x, y, e, z=z, permutations=39) for e in (KNN(k=10), Combined())
    )
    assert combined.p_value == of_knn.p_value
    assert combined.info["permuted"] == "rows of similar z"
