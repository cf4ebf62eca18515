"""KNN compared with the two estimators of scikit-learn, which differ only by clipping at 0."""

import math

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.feature_selection._mutual_info import _compute_mi_cc, _compute_mi_cd

from mibench.estimators import KNN

# In nats. Both sum digammas, in different orders.
CLOSE = 1e-8


def sample(n, seed, noise=0.5):
    rng = np.random.default_rng([seed, n])
    x = rng.normal(size=n)
    return x, x + noise * rng.normal(size=n)


@pytest.mark.parametrize("units", [(1, 1), (1e-3, 1e5)])
def test_two_sides_in_any_units(units):
    """mutual_info_regression divides both sides by their deviations, and adds noise of 1e-10."""
    x, y = sample(500, 1)
    want = mutual_info_regression(x[:, np.newaxis], y, random_state=0)[0]
    nats = KNN().estimate(units[0] * x, units[1] * y).nats
    assert nats == pytest.approx(want, abs=1e-6)  # the noise may swap two rows


def test_columns_of_the_diabetes_data():
    """The values are rounded, so both add noise. That of mibench is larger, and breaks all ties."""
    table = load_diabetes(as_frame=True, scaled=False).frame
    bmi, target = table["bmi"].to_numpy(), table["target"].to_numpy()
    wants = [
        mutual_info_regression(bmi[:, np.newaxis], target, random_state=seed)[0]
        for seed in range(10)
    ]
    difference = KNN().estimate(bmi, target).nats - np.mean(wants)
    # Noise of another seed moves either estimate as it moves those of scikit-learn.
    assert abs(difference) < 4 * np.std(wants, ddof=1) * math.sqrt(1 + 1 / 10)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("n", [20, 200, 3000])
def test_two_continuous_sides(n, k, seed):
    x, y = sample(n, seed)
    nats = KNN(k=k, standardize=False).estimate(x, y).nats
    assert nats > 0.1
    assert nats == pytest.approx(_compute_mi_cc(x, y, k), abs=CLOSE)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("n", [20, 200, 3000])
def test_independent_sides(n, k, seed):
    """Where scikit-learn clips to 0, the estimate of mibench is negative."""
    x, y = sample(n, seed)[0], sample(n, seed + 100)[1]
    estimate = KNN(k=k, standardize=False).estimate(x, y)
    assert max(0, estimate.nats) == pytest.approx(_compute_mi_cc(x, y, k), abs=CLOSE)
    assert ("negative" in estimate.flags) == (estimate.nats < 0)


def rounded(x):
    """Round to multiples of 2^-22.

    In classes of at most 2k rows scikit-learn computes distances as the root of aa - 2ab + bb, and
    counts with other distances. The two are equal only if those products are exact.
    """
    return np.rint(2**22 * x) / 2**22


@pytest.mark.parametrize("labels", [2, 7])
@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("n", [40, 200, 3000])
def test_one_side_of_labels(n, k, labels):
    x, y = sample(n, labels)
    x = rounded(x) if n < 1000 else x
    code = np.digitize(y, np.quantile(y, np.arange(1, labels) / labels))
    assert np.bincount(code).min() > 1
    for estimator in (KNN(k=k), KNN(k=k, variant=2), KNN(k=k, algorithm="tree")):
        nats = estimator.estimate(x, code, discrete_y=True).nats
        assert nats == pytest.approx(_compute_mi_cd(x, code, k), abs=CLOSE)
        assert nats == estimator.estimate(code, x, discrete_x=True).nats


@pytest.mark.parametrize("k", [1, 3, 10])
def test_small_classes_and_labels_that_occur_once(k):
    """Classes of 1 to 6 rows: k is lowered to the size of the class, single rows are left out."""
    rng = np.random.default_rng(k)
    code = np.repeat(np.arange(60), rng.integers(1, 7, 60))
    x = rounded(rng.normal(size=len(code)) + 0.1 * code)
    estimate = KNN(k=k).estimate(x, code, discrete_y=True)
    assert estimate.flags.keys() == {"rare_labels"}
    assert estimate.nats == pytest.approx(_compute_mi_cd(x, code, k), abs=CLOSE)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_public_function_with_standardized_columns(scale):
    """mutual_info_classif divides columns by their deviations and adds relative noise of 1e-10."""
    x, y = sample(500, 0)
    code = (y > 0).astype(int)
    want = mutual_info_classif(scale * x[:, np.newaxis], code, random_state=0)[0]
    nats = KNN(standardize=True).estimate(scale * x, code, discrete_y=True).nats
    assert nats == pytest.approx(want, abs=1e-6)  # the noise may swap two rows
