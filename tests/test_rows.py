"""Rows that are not independent are flagged, and independent ones are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

import mibench
from mibench.contract.copies import copied_rows
from mibench.contract.rows import need_shifts, row_flags, serial_correlation
from mibench.contract.variables import as_pair, as_variable


def series(rng, n, dims, memory):
    """dims independent columns of n rows, each memory times the row before plus noise."""
    return lfilter([1], [1, -memory], rng.normal(size=(n + 500, dims)), axis=0)[500:]


def codes(x, y, discrete_y=False):
    return set(row_flags(*as_pair(x, y, False, discrete_y)))


@pytest.mark.parametrize("memory", [0.6, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("dims", [1, 5])
def test_series_are_flagged(memory, dims):
    rng = np.random.default_rng(0)
    for _ in range(10):
        x, y = (series(rng, 500, dims, memory) for _ in range(2))
        assert codes(x, y) == {"dependent_rows"}


def test_one_series_among_independent_columns_is_seen():
    rng = np.random.default_rng(1)
    x, y = (np.c_[rng.normal(size=(500, 4)), series(rng, 500, 1, 0.9)] for _ in range(2))
    assert codes(x, y) == {"dependent_rows"}


def test_a_series_beside_independent_rows_does_no_harm():
    """The correlation of two series scatters too far only if both have a memory."""
    rng = np.random.default_rng(2)
    assert codes(series(rng, 500, 1, 0.9), rng.normal(size=500)) == set()


def test_labels_that_last_are_a_series():
    rng = np.random.default_rng(3)
    labels = np.cumsum(rng.random(600) < 0.1) % 3
    assert codes(series(rng, 600, 1, 0.9), labels, discrete_y=True) == {"dependent_rows"}
    assert codes(series(rng, 600, 1, 0.9), rng.permutation(labels), discrete_y=True) == set()


def test_sorted_rows_are_no_series():
    rng = np.random.default_rng(4)
    x = np.sort(rng.normal(size=500))
    assert codes(x, np.sin(x) + 0.1 * rng.normal(size=500)) == set()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.sampled_from([50, 200, 1000]))
def test_independent_rows_are_not_flagged(seed, dims, n):
    """5 standard errors, in up to 20 columns: less than one false alarm in 10^5 samples."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dims))
    assert codes(x, x + rng.standard_cauchy(size=(n, dims))) == set()


@pytest.mark.parametrize("dims", [1, 3])
def test_copies_are_flagged_and_counted(dims):
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 300, dims))
    twice = np.tile(np.arange(300), 2)
    again = rng.integers(0, 300, 300)
    for rows in (twice, again):
        sides = as_pair(x[rows], y[rows], False, False)
        assert set(row_flags(*sides)) == {"copied_rows"}
        assert copied_rows(*sides) == len(rows) - len(set(rows.tolist()))


def test_an_oversampled_class_is_flagged():
    rng = np.random.default_rng(6)
    x, labels = rng.normal(size=(500, 4)), rng.random(500) < 0.1
    rows = np.r_[np.arange(500), rng.choice(np.flatnonzero(labels), 400)]
    assert codes(x[rows], labels[rows], discrete_y=True) == {"copied_rows"}


@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_rounded_values_are_no_copies(decimals):
    rng = np.random.default_rng(7)
    x = rng.normal(size=2000)
    y = x + 0.2 * rng.normal(size=2000)
    assert codes(x.round(decimals), y.round(decimals)) == set()
    assert codes(x.round(decimals), (2 * x.round(decimals)) ** 2) == set()
    assert codes(x.round(decimals), np.exp(x.round(decimals))) == set()


@pytest.mark.parametrize("decimals", [0, 1, 2])
@pytest.mark.parametrize("name", ["standard_cauchy", "lognormal"])
def test_rounded_values_with_heavy_tails_are_no_copies(name, decimals):
    """Their range is large, so the unit of rounding looks small beside it."""
    rng = np.random.default_rng(12)
    options = {"sigma": 2.0} if name == "lognormal" else {}
    y = getattr(rng, name)(size=2000, **options).round(decimals)
    labels = rng.integers(0, 5, 2000)
    assert codes(y, labels, discrete_y=True) == set()
    assert codes(y, (y > 1).astype(int), discrete_y=True) == set()
    assert codes(y, rng.permutation(y)) == set()


@pytest.mark.parametrize("times", [2, 3])
def test_a_table_repeated_is_flagged_however_coarse_its_values_are(times):
    """Rounding alone makes no count of rows a multiple of the same number."""
    rng = np.random.default_rng(13)
    x, labels = rng.normal(size=300).round(1), rng.integers(0, 5, 300)
    order = rng.permutation(np.tile(np.arange(300), times))
    assert codes(x, labels, discrete_y=True) == set()
    assert codes(x[order], labels[order], discrete_y=True) == {"copied_rows"}
    assert codes(x[order], (3 * x[order]).round()) == {"copied_rows"}


def bootstrapped(rng, x, y):
    rows = rng.integers(0, len(x), len(x))
    return codes(x[rows], y[rows])


@pytest.mark.parametrize("dims", [1, 3])
def test_a_bootstrap_sample_of_rounded_values_is_flagged(dims):
    """More pairs of rows agree than the pairs at one and two units let expect.

    The excess of 1000 rows with two decimals is 6 standard errors, and 2.5 are needed.
    """
    flagged = 0
    for seed in range(10):
        rng = np.random.default_rng([seed, 14])
        x = rng.normal(size=(1000, dims))
        y = x + rng.normal(size=(1000, dims))
        assert codes(x.round(2), y.round(2)) == set()
        flagged += bootstrapped(rng, x.round(2), y.round(2)) == {"copied_rows"}
    assert flagged >= 7


@pytest.mark.parametrize("seed", range(5))
def test_what_makes_rounded_values_frequent_is_no_copy(seed):
    rng = np.random.default_rng([seed, 15])
    n = 2000
    age = (50 + 15 * rng.normal(size=n)).round()
    heaped = np.where(rng.random(n) < 0.3, 5 * (age / 5).round(), age)
    weight = (70 + 0.2 * heaped + 10 * rng.normal(size=n)).round()
    heaped_weight = np.where(rng.random(n) < 0.3, 5 * (weight / 5).round(), weight)
    rain = np.where(rng.random(n) < 0.5, 0, rng.exponential(size=n).round(2))
    snow = np.where(rain == 0, 0, (rain + rng.exponential(size=n)).round(2))
    for x, y in ((heaped, heaped_weight), (heaped, 12 * heaped), (rain, snow), (age, weight)):
        assert codes(x, y) == set()


def test_copies_are_seen_where_one_side_is_rounded():
    rng = np.random.default_rng(11)
    x = rng.normal(size=500)
    y = (3 * x).round()
    assert codes(np.tile(x, 2), np.tile(y, 2)) == {"copied_rows"}


def test_shared_zeros_are_no_copies():
    rng = np.random.default_rng(8)
    x = np.maximum(rng.normal(size=(2000, 3)), 0.5)
    assert codes(x, np.maximum(x + 0.3 * rng.normal(size=(2000, 3)), 0.5)) == set()


def test_the_correlation_is_that_of_numpy():
    rng = np.random.default_rng(9)
    column = series(rng, 500, 1, 0.7)[:, 0]
    expected = np.corrcoef(column[1:], column[:-1])[0, 1]
    for scale in (1.0, 1e-200, 1e200):
        found = serial_correlation(as_variable(column * scale, "x", False))
        assert found == pytest.approx(expected, abs=0.01)  # ends of the column differ by some 1/n


@pytest.mark.parametrize("estimator", ["uniform", "adaptive", "kde", "knn", "canonical"])
def test_every_estimator_says_it(estimator):
    rng = np.random.default_rng(10)
    x, y = series(rng, 300, 1, 0.99), series(rng, 300, 1, 0.99)
    assert "dependent_rows" in mibench.estimate(x, y, estimator).flags
    table = mibench.pairwise(np.c_[x, y], estimator).table
    assert "dependent_rows" in table["flags"][0].split(";")


# -- shifts in time ------------------------------------------------------------------------------


def weak_series(rng, memory, n, share=1.0, d=1):
    """`share` of AR(1) of variance 1, and white noise of variance 1 - share."""
    start = 200
    noise = rng.normal(size=(start + n, d)) * np.sqrt(1 - memory**2)
    series = lfilter([1], [1, -memory], noise, axis=0)[start:]
    return np.sqrt(share) * series + np.sqrt(1 - share) * rng.normal(size=(n, d))


def shares_of_shifts(sample, count=40):
    needed = []
    for seed in range(count):
        x, y = sample(np.random.default_rng([seed, 31]))
        needed.append(need_shifts(as_variable(x, "x", False), as_variable(y, "y", False)))
    return np.mean(needed)


@pytest.mark.parametrize(
    ("memory", "n", "share", "d"),
    [(0.97, 300, 0.27, 1), (0.35, 1000, 1.0, 1), (0.35, 300, 1.0, 1), (0.3, 300, 1.0, 5)],
)
def test_weakly_dependent_rows_of_both_sides_are_shifted(memory, n, share, d):
    """At least half of 40; the shares of 300 samples are 75% to 100%."""
    sides = lambda rng: [weak_series(rng, memory, n, share, d) for _ in "xy"]  # noqa: E731
    assert shares_of_shifts(sides) >= 0.5


@pytest.mark.parametrize(
    "name", ["independent", "equal", "x alone", "heavy tails", "two values", "sorted", "5+5"]
)
def test_independent_rows_have_random_orders(name):
    """At most one of 40: the share is below 1%, also where Y depends on X."""

    def sides(rng):
        x, y = rng.normal(size=(2, 200))
        return {
            "independent": (x, y),
            "equal": (x, x),
            "x alone": (weak_series(rng, 0.9, 200), y),
            "heavy tails": (1 / x, 1 / x + 1 / y),
            "two values": (1.0 * (x > 0), 1.0 * (x + y > 0)),
            "sorted": (np.sort(x), np.sort(x) + y),
            "5+5": (rng.normal(size=(200, 5)), rng.normal(size=(200, 5))),
        }[name]

    assert shares_of_shifts(sides) <= 1 / 40
