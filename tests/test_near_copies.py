"""Copies with noise, and rows that were made from others, are flagged; other close rows are not."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

import mibench
from mibench.contract.kernels.near_rows import nearest_rows
from mibench.contract.near_copies import are_near_copies
from mibench.contract.rows import row_flags
from mibench.contract.variables import as_pair
from mibench.estimators import Adaptive, Gaussian, GaussianCopula, Uniform

N = 1000


def flagged(x, y, labels=False):
    return are_near_copies(*as_pair(x, y, False, labels))


def independent(rng, dims, n=N):
    return rng.normal(size=(2, n, dims))


def with_noise(rng, columns, rows, sd):
    return columns[rows] + sd * rng.normal(size=(len(rows), columns.shape[1]))


def doubled(rng):
    return rng.permutation(np.tile(np.arange(N // 2), 2))


def drawn_again(rng):
    return rng.integers(0, N, N)


def measured_three_times(rng):
    return rng.permutation(np.repeat(np.arange(N // 3), 3))


# In five dimensions rows are farther apart, so more noise hides no copy.
@pytest.mark.parametrize(("dims", "sd"), [(1, 1e-6), (1, 1e-3), (2, 1e-2), (5, 1e-3), (5, 0.1)])
@pytest.mark.parametrize("rows_of", [doubled, drawn_again, measured_three_times])
@pytest.mark.parametrize("seed", range(3))
def test_copies_with_noise_are_flagged(rows_of, dims, sd, seed):
    rng = np.random.default_rng([seed, 1])
    x, y = independent(rng, dims)
    rows = rows_of(rng)
    assert flagged(with_noise(rng, x, rows, sd), with_noise(rng, y, rows, sd))


@pytest.mark.parametrize(("dims", "sd"), [(1, 1e-6), (1, 1e-3), (5, 0.1)])
def test_copies_with_noise_in_one_side_are_flagged(dims, sd):
    """As of data that are augmented: the target is kept."""
    rng = np.random.default_rng(2)
    x, y = independent(rng, dims)
    rows = rng.permutation(np.tile(np.arange(N // 5), 5))
    assert flagged(with_noise(rng, x, rows, sd), y[rows])
    assert flagged(y[rows], with_noise(rng, x, rows, sd))
    labels = (rng.random(N) < 0.5)[rows]
    assert flagged(with_noise(rng, x, rows, sd / 10), labels, labels=True)


def made_from_neighbours(rng, rows, count):
    """SMOTE: rows between a row and one of its five nearest."""
    near = cKDTree(rows).query(rows, 6)[1]
    first = rng.integers(0, len(rows), count)
    second = near[first, rng.integers(1, 6, count)]
    return rows[first] + rng.random((count, 1)) * (rows[second] - rows[first])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("dims", [2, 3, 10])
@pytest.mark.parametrize("seed", range(3))
def test_a_class_filled_up_with_rows_between_others_is_flagged(dims, dtype, seed):
    rng = np.random.default_rng([seed, 3])
    x = rng.normal(size=(550, dims))
    labels = np.arange(N) < 50
    more = made_from_neighbours(rng, x[:50], 450)
    order = rng.permutation(N)
    rows = np.r_[x[:50], more, x[50:]]
    labels = np.r_[np.ones(500, int), np.zeros(500, int)]
    assert flagged(rows[order].astype(dtype), labels[order], labels=True)


@pytest.mark.parametrize("more", ["constant", "rounded", "binary"])
def test_columns_that_are_not_drawn_hide_no_rows_between_others(more):
    rng = np.random.default_rng(13)
    rows = np.r_[
        made_from_neighbours(rng, rng.normal(size=(50, 3)), 500), rng.normal(size=(500, 3))
    ]
    labels = np.arange(N) < 500
    columns = {
        "constant": np.ones(N),
        "rounded": (10 * rows[:, 0]).round(),
        "binary": rng.integers(0, 2, N),
    }
    assert flagged(np.c_[columns[more], rows], labels, labels=True)


def test_rows_between_others_are_flagged_where_both_sides_are_numbers():
    rng = np.random.default_rng(4)
    both = rng.normal(size=(N // 2, 2))
    both = rng.permutation(np.r_[both, made_from_neighbours(rng, both, N // 2)])
    assert flagged(both[:, 0], both[:, 1])


def curves(rng):
    t = rng.random(N)
    angle = 30 * t
    yield "a line", t, 2 * t
    yield "kinks", t - 0.5, np.abs(t - 0.5)
    yield "waves", t, np.sin(200 * t)
    yield "a spiral", angle * np.cos(angle), angle * np.sin(angle)
    yield "narrow noise", t, t + 1e-7 * rng.normal(size=N)
    yield "many scales", np.exp(50 * t), np.exp(50 * rng.random(N))


def values_that_repeat(rng):
    z = rng.normal(size=N)
    ages = rng.integers(20, 80, N)
    answers = rng.integers(1, 6, (N, 5))
    for sd in (1e-10, 1e-6, 1e-2):
        others = ages + rng.integers(-3, 4, N)
        yield "ages", *(side + sd * rng.normal(size=N) for side in (ages, others))
        noise = sd * rng.normal(size=(N, 5))
        yield "answers", answers + noise, rng.permutation(answers) + noise[::-1]
    yield "two decimals", z.round(2), (z + 0.01 * rng.normal(size=N)).round(2)
    yield "counts", np.log1p(rng.poisson(30, N)), np.log1p(rng.poisson(30, N))
    yield "zeros", np.maximum(z, 0), np.maximum(z + rng.normal(size=N), 0)
    yield "means for what is missing", np.where(z < 0, 0.1, z), rng.normal(size=N)


def formulas(rng):
    price, z = rng.lognormal(3, 0.5, N), rng.normal(size=N)
    yield "price x quantity", price, price * rng.integers(1, 21, N)
    yield "taxes", price, price * (1 + rng.choice([0.05, 0.1, 0.2], N))
    yield "end = start + days", z, z + rng.integers(1, 30, N)
    yield "modulo", z, (7 * z) % 1
    yield "some equal", z, np.where(rng.random(N) < 0.15, z, rng.normal(size=N))
    yield "filled by regression", z, np.where(rng.random(N) < 0.2, 0.5 * z, z + rng.normal(size=N))


def noise_on_few_values(rng):
    ages = rng.integers(20, 80, N)
    for sd in (1e-5, 1e-3, 1e-2):
        x = ages + sd * rng.normal(size=N)
        yield "a function", x, np.log(x)
        yield "two columns", np.c_[x, ages // 10 + sd * rng.normal(size=N)], rng.normal(size=N)
    z = rng.normal(size=N).round(2)
    yield "a parabola", z + 1e-5 * rng.normal(size=N), (z**2).round(2) + 1e-5 * rng.normal(size=N)


def clusters(rng):
    centres = 100 * rng.normal(size=(6, 5))
    for labels in (rng.integers(0, 6, N), rng.integers(0, 3, N)):
        others = rng.integers(0, 6, N)
        yield "clusters", *(centres[k] + rng.normal(size=(N, 5)) for k in (labels, others))
        yield "the same", *(centres[labels] + rng.normal(size=(N, 5)) for _ in "xy")


def heavy_tails(rng):
    yield "Cauchy", *rng.standard_cauchy((2, N, 5))
    yield "far from 0", (1e6 + rng.normal(size=N)).astype(np.float32), rng.normal(size=N)
    z = rng.normal(size=N)
    u = rng.normal(size=(N, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    yield "unit vectors", u, u + 0.01 * rng.normal(size=(N, 3))
    yield "Pareto", *rng.pareto(0.3, (2, N, 10))
    yield "lognormal", *rng.lognormal(0, 8, (2, 200, 10))
    yield "small", 1e-310 * rng.normal(size=N), rng.normal(size=N)
    yield "one large", np.r_[1e300, 1e-10 * rng.normal(size=N - 1)], rng.normal(size=N)
    yield "the largest", 4e307 * rng.uniform(-1, 1, N), rng.normal(size=N)
    yield "some large", rng.normal(size=N) * np.where(rng.random(N) < 0.3, 1e306, 1e-12), z


@pytest.mark.parametrize(
    "kind",
    [curves, values_that_repeat, formulas, noise_on_few_values, clusters, heavy_tails],
)
@pytest.mark.parametrize("seed", range(5))
def test_other_close_rows_are_not_flagged(kind, seed):
    for name, x, y in kind(np.random.default_rng([seed, 5])):
        assert not flagged(x, y), name


@pytest.mark.parametrize("seed", range(5))
def test_labels_of_any_number_beside_anything_are_not_flagged(seed):
    """A label of few rows has the tails of its distribution near."""
    rng = np.random.default_rng([seed, 12])
    for count in (2, 20, 50, 250):
        labels = rng.integers(0, count, N)
        for x in (rng.normal(size=N), rng.lognormal(0, 2, N), rng.standard_cauchy((N, 3))):
            assert not flagged(x, labels, labels=True)
    ages = rng.integers(20, 80, N) + 1e-3 * rng.normal(size=N)
    assert not flagged(ages, ages > 50.5, labels=True)
    assert not flagged(ages, rng.integers(0, 2, N), labels=True)


def test_labels_with_few_rows_each_are_not_flagged():
    """The rows of a label are close together, and all that have it."""
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 60, N)
    assert not flagged(100 * labels[:, np.newaxis] + rng.normal(size=(N, 3)), labels, labels=True)


def test_order_and_units_and_sides_change_nothing():
    """But for which rows are looked at, so that copies of all rows are flagged whatever happens."""
    rng = np.random.default_rng(7)
    x, y = independent(rng, 2)
    rows = doubled(rng)
    x, y = (with_noise(rng, side, rows, 1e-3) for side in (x, y))
    order = rng.permutation(N)
    for first, second in ((x[order], y[order]), (y, x), (1e9 * x + 1, 1e-9 * y), (x[:, ::-1], y)):
        assert flagged(first, second)


def test_exact_copies_have_a_flag_of_their_own():
    rng = np.random.default_rng(8)
    x, y = independent(rng, 2)
    rows = doubled(rng)
    assert not flagged(x[rows], y[rows])
    assert set(row_flags(*as_pair(x[rows], y[rows], False, False))) == {"copied_rows"}


@pytest.mark.parametrize("estimator", [Uniform(), Adaptive(), Gaussian(), GaussianCopula()])
def test_estimators_that_copies_hardly_change_have_no_flag(estimator):
    """Their estimate is that of half of the rows, but for noise of 1e-6."""
    rng = np.random.default_rng(9)
    x, y = independent(rng, 1)
    rows = np.tile(np.arange(N // 2), 2)
    estimate = estimator.estimate(*(with_noise(rng, side, rows, 1e-6) for side in (x, y)))
    assert "near_copies" not in estimate.flags
    assert abs(estimate.nats - estimator.estimate(x[: N // 2], y[: N // 2]).nats) < 0.05
    knn = mibench.estimate(*(with_noise(rng, side, rows, 1e-6) for side in (x, y)), "knn")
    assert knn.nats > 0.5  # of 0
    assert "near_copies" in knn.flags


def test_intervals_of_near_copies_begin_at_zero():
    rng = np.random.default_rng(10)
    x, y = independent(rng, 1)
    rows = doubled(rng)
    pair = [with_noise(rng, side, rows, 1e-4) for side in (x, y)]
    estimate = mibench.estimate(*pair, "knn", interval=0.9)
    assert estimate.interval[0] == 0
    assert "near_copies" in estimate.flags


@pytest.mark.parametrize("dims", [1, 4])
def test_the_nearest_rows_are_those_of_all_pairs(dims):
    """The naive twin: the Chebyshev distances to all rows of the same symbol, sorted."""
    rng = np.random.default_rng(11)
    columns, symbols = rng.normal(size=(dims, 300)), rng.integers(0, 2, 300)
    order = np.argsort(columns[0])
    places = np.arange(0, 300, 7)
    distances, rows = np.empty((len(places), 10)), np.empty((len(places), 10), np.int64)
    nearest_rows(columns[:1], columns[1:], symbols, order, places, distances, rows)
    targets = order[places]
    pairs = np.abs(columns[:, targets, np.newaxis] - columns[:, np.newaxis]).max(axis=0)
    pairs[symbols[targets, np.newaxis] != symbols] = np.inf
    pairs[np.arange(len(targets)), targets] = np.inf
    np.testing.assert_array_equal(distances, np.sort(pairs, axis=1)[:, :10])
    np.testing.assert_array_equal(np.take_along_axis(pairs, rows, 1), distances)
