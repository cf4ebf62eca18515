"""`mixed`: equal to Kraskov's and Ross's estimates without ties, and right where values repeat."""

import math

import numpy as np
import pytest
from scipy.special import digamma

from mibench import get_task
from mibench.estimators import KNN, Mixed
from mibench.estimators.neighbours.sorted_column import side_on_common_scale

from .samples import normal
from .statistics_of_seeds import correlated, mean_and_error


def naive(x, y, k):
    """Loops over rows; x and y (n, d) on a common scale."""
    n = len(x)
    total = 0.0
    for i in range(n):
        in_x, in_y = (np.abs(side - side[i]).max(axis=1) for side in (x, y))
        both = np.maximum(in_x, in_y)
        others = np.delete(both, i)
        e = np.sort(others)[k - 1]
        k_i = (others <= e).sum()
        m = [
            max((np.delete(side, i) <= e).sum(), (np.delete(side, i) < e).sum() + (e > 0))
            for side in (in_x, in_y)
        ]
        total += digamma(k_i) - digamma(m[0]) - digamma(m[1])
    return digamma(n) + total / n


def scaled(side):
    return side_on_common_scale(np.ascontiguousarray(side.T)).columns.T


def repeating(n, seed, dims=1):
    """Normals, some of them rounded, some of them 0."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dims))
    x[: n // 3] = np.rint(x[: n // 3])
    x[n // 3 : n // 2] = 0.0
    y = x + rng.normal(size=(n, dims)) * (rng.random((n, dims)) < 0.5)
    return x, y


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("dims", [1, 2])
def test_it_equals_a_loop_over_rows(k, dims):
    for n in (30, 200):
        x, y = repeating(n, 0, dims)
        want = naive(scaled(x), scaled(y), k)
        assert Mixed(k=k).estimate(x, y).nats == pytest.approx(want, abs=1e-10)


@pytest.mark.parametrize("k", [1, 5])
def test_without_ties_it_is_that_of_kraskov_or_ross(k):
    x, y = normal(300, 2, 3)
    assert Mixed(k=k).estimate(x, y).nats == pytest.approx(KNN(k=k).estimate(x, y).nats, abs=1e-10)
    labels = np.r_[97, 98, np.arange(298) % 5]  # two labels occur once
    for sides, declared in (((x, labels), "discrete_y"), ((labels, x), "discrete_x")):
        mixed, ross = (e(k=k).estimate(*sides, **{declared: True}) for e in (Mixed, KNN))
        assert mixed.nats == pytest.approx(ross.nats, abs=1e-10)
        assert mixed.flags.keys() == ross.flags.keys() == {"rare_labels"}


def test_whole_numbers_that_repeat_often_are_like_labels():
    """The plug-in has a bias of 12 / 2n; psi of counts less 1 moves it by as much again."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, 2000)
    y = (x + (rng.random(2000) < 0.3)) % 5
    plug_in = KNN(correction=None).estimate(x, y, discrete_x=True, discrete_y=True).nats
    estimate = Mixed().estimate(x, y)
    assert estimate.nats == pytest.approx(plug_in, abs=0.01)
    assert estimate.info["rows_in_atoms"] == 2000


@pytest.mark.parametrize(
    "task", ["zero_inflated-1-1-0.8-independent", "zero_inflated-5-5-0.8-independent"]
)
def test_zeros_that_are_independent_show_no_dependence(task):
    """Gao's own counts give 0.03 and 0.33 nats here."""
    nats = [Mixed().estimate(*get_task(task).sample(1000, seed)).nats for seed in range(8)]
    mean, error = mean_and_error(nats)
    assert abs(mean) < 0.005 + 4 * error


@pytest.mark.parametrize("step", [0.1, 0.5, 1.0])
def test_independent_values_on_a_grid_show_no_more_than_0(step):
    grids = ((np.rint(side / step) for side in correlated(0.0, 500, s)) for s in range(10))
    mean, error = mean_and_error([Mixed().estimate(*grid).nats for grid in grids])
    assert -0.06 < mean < 3 * error


def test_one_side_of_values_that_repeat():
    """X is one of five values, and Y uniform on [X, X + 2]: the MI is log 5 - 4/5 log 2.

    A copy of a density has an infinite MI, and is flagged; that of five values has H(X).
    """
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, 3000)
    nats = Mixed().estimate(x, x + 2 * rng.random(3000)).nats
    assert nats == pytest.approx(math.log(5) - 0.8 * math.log(2), abs=0.04)
    atoms = np.where(rng.random(1000) < 0.5, 0.0, rng.random(1000))
    assert "ceiling" in Mixed().estimate(atoms, atoms).flags
    assert "ceiling" not in Mixed().estimate(x, x).flags  # H(X), which no rows can exceed
    assert Mixed().estimate(x, x).nats == pytest.approx(math.log(5), abs=0.01)
