"""The units of the columns, and their scales, change no estimate of `knn` by default."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mibench
from mibench.estimators import KNN
from mibench.estimators.shared.columns import standardized

from .samples import normal, properties
from .statistics_of_seeds import correlated

# In nats: sums of some hundred digammas of the same counts.
CLOSE = 1e-9


def columns(n, dx, dy, seed, far):
    """Normal sides, the first column with tied values, and an outlier if `far`."""
    x, y = normal(n, dx, dy, seed=seed)
    x[:, 0] = np.round(x[:, 0] * 4) / 4
    if far:
        y[0, -1] = 1e6
    return x, y


SAMPLES = st.tuples(
    st.just(80), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99), st.booleans()
)


@properties
@given(SAMPLES, st.lists(st.integers(-300, 300), min_size=6, max_size=6), st.sampled_from([1, 2]))
def test_powers_of_two_change_no_bit(sample, powers, variant):
    x, y = columns(*sample)
    scales = 2.0 ** np.array(powers)
    scaled = x * scales[: x.shape[1]], y * scales[3 : 3 + y.shape[1]]
    estimator = KNN(variant=variant)
    assert estimator.estimate(*scaled).nats == estimator.estimate(x, y).nats
    codes = np.arange(80) % 3
    before, after = (
        estimator.estimate(side, codes, discrete_y=True).nats for side in (x, scaled[0])
    )
    assert before == pytest.approx(after, abs=CLOSE)


@properties
@given(SAMPLES, st.lists(st.floats(1e-9, 1e9), min_size=6, max_size=6), st.sampled_from([1, 2]))
def test_other_units_change_nothing(sample, units, variant):
    x, y = columns(*sample)
    scaled = x * units[: x.shape[1]], y * units[3 : 3 + y.shape[1]]
    estimator = KNN(variant=variant)
    before, after = estimator.estimate(x, y), estimator.estimate(*scaled)
    assert after.nats == pytest.approx(before.nats, abs=CLOSE)
    assert after.flags.keys() == before.flags.keys()


@pytest.mark.parametrize("n", [30, 100, 1000, 5000])
def test_one_quantity_in_two_units_is_at_the_ceiling(n):
    """Rounding makes the two columns differ, and must not separate them."""
    pascal = 101_325 + 100 * np.random.default_rng(n).normal(size=n)
    pairs = mibench.pairwise({"Pa": pascal, "kPa": pascal / 1000, "psi": pascal / 6894.757})
    same = mibench.estimate(pascal, pascal, "knn")
    assert same.nats == pytest.approx(same.ceiling_nats, abs=CLOSE)
    assert pairs.table["nats"].to_numpy() == pytest.approx(same.nats, abs=CLOSE)
    assert set(pairs.table["flags"]) == {"ceiling"}


def test_without_outliers_it_is_the_standard_deviation():
    x, y = normal(300, 2, 3)
    scaled = [np.ascontiguousarray(standardized(side.T).T) for side in (x, y)]
    for variant in (1, 2):
        nats = KNN(variant=variant).estimate(x, y).nats
        assert nats == KNN(variant=variant, standardize=True).estimate(x, y).nats
        assert nats == KNN(variant=variant, standardize=False).estimate(*scaled).nats


@pytest.mark.parametrize("far", [1e3, 1e9, 1e300])
def test_an_outlier_hides_nothing(far):
    """One row of 400 changes the counts of few others, and I by less than (log n) / n = 0.015.

    The standard deviation of that side then comes from 399 rows and one at 10 quartile ranges,
    which changes it by a fifth, and the estimate by much less than its error of 0.05.
    """
    x, y = (side[:, 0] for side in correlated(0.9, 400, 0))
    outlying = np.r_[far, x[1:]]
    assert abs(KNN().estimate(outlying, y).nats - KNN().estimate(x, y).nats) < 0.04
    assert KNN(standardize=True).estimate(np.r_[1e9, x[1:]], y).nats < 0.1


def test_the_unit_of_a_single_column_next_to_labels_is_left_alone():
    x, y = (side[:, 0] for side in correlated(0.5, 300, 1))
    for constant in (x, np.c_[x, np.ones(300)]):
        nats = [KNN(standardize=s).estimate(constant, y > 0, discrete_y=True).nats
                for s in ("auto", False)]  # fmt: skip
        assert nats[0] == nats[1]
    two = np.c_[x, 1e6 * y]
    scaled, plain = (
        KNN(standardize=s).estimate(two, y > 0, discrete_y=True).nats for s in ("auto", False)
    )
    assert scaled > plain - 0.2 > math.log(2) - 0.4


def test_with_noise_auto_standardizes_nothing():
    x, y = normal(200, 2, 1)
    codes = (y[:, 0] > 0).astype(int)
    for labels in (codes, np.arange(200)):
        estimates = [
            KNN(noise_variance=0.1, standardize=s).estimate(x * [1, 50], labels, discrete_y=True)
            for s in ("auto", False)
        ]
        assert estimates[0].nats == estimates[1].nats
