"""Ties, and inputs that are legal but extreme: estimates are finite, flagged, near the truth."""

import math

import numpy as np
import pytest

from mibench.errors import InputError
from mibench.estimators import KDE, KNN, Adaptive, Uniform

from .statistics_of_seeds import correlated, mean_and_error, true_nats

# -- ties --------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize("kinds", [2, 5, 10])
@pytest.mark.parametrize("dependent", [True, False])
def test_knn_of_undeclared_labels_finds_their_information(dependent, kinds, variant):
    """Every row has many copies; the noise that breaks ties adds no information.

    y = (x + a coin) mod K has I = log K - log 2, and with K = 2 none.
    """
    estimates = []
    for seed in range(40):
        rng = np.random.default_rng([seed, kinds])
        x = rng.integers(0, kinds, 600)
        y = (x + rng.integers(0, 2, 600)) % kinds if dependent else rng.integers(0, kinds, 600)
        estimate = KNN(variant=variant).estimate(x, y)
        assert "ties" in estimate.flags
        estimates.append(estimate.nats)
    mean, error = mean_and_error(estimates)
    assert abs(mean - (math.log(kinds / 2) if dependent else 0)) < 4 * error
    assert error < 0.01


@pytest.mark.parametrize("rho", [0, 0.6])
@pytest.mark.parametrize("variant", [1, 2])
def test_rounding_the_data_creates_no_information(variant, rho):
    """Normals rounded to a tenth of their standard deviation.

    Rounding of width w is noise of variance w^2 / 12 = 0.0008 on each side, which changes I at
    rho = 0.6 by less than 0.001.
    """
    estimates = []
    for seed in range(40):
        x, y = (np.round(side, 1) for side in correlated(rho, 1000, seed))
        estimate = KNN(variant=variant).estimate(x, y)
        assert "ties" in estimate.flags
        estimates.append(estimate.nats)
    mean, error = mean_and_error(estimates)
    assert abs(mean - true_nats(rho)) < 4 * error + 0.001
    assert error < 0.01


def test_knn_of_tied_values_with_a_declared_label():
    estimates = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        code = rng.integers(0, 3, 600)
        estimate = KNN().estimate(rng.integers(0, 4, 600), code, discrete_y=True)
        assert "ties" in estimate.flags
        estimates.append(estimate.nats)
    mean, error = mean_and_error(estimates)
    assert abs(mean) < 4 * error


def test_standardizing_a_single_column_changes_nothing():
    """One column has one unit. The noise that breaks its ties depends on ranks alone."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        code = rng.integers(0, 2, 300)
        counts = rng.poisson(20, 300) + 5 * code
        plain, standard = (
            KNN(standardize=s).estimate(counts, code, discrete_y=True) for s in (False, True)
        )
        assert "ties" in standard.flags
        assert standard.nats == pytest.approx(plain.nats, abs=1e-9)


def outlying(far, tied):
    rng = np.random.default_rng(0)
    if tied:
        x = rng.integers(0, 10, 300).astype(float)
        y = x + rng.integers(0, 5, 300)
    else:
        x = rng.normal(size=300)
        y = x + rng.normal(size=300)
    x[0], y[0] = far, -far
    return x, y


@pytest.mark.parametrize("far", [1e3, 1e13, 1e15, 1e17, 1e300])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("variant", [1, 2])
def test_data_with_an_outlier_may_be_mirrored(variant, tied, far):
    """Another sign changes at most the noise: estimates then differ randomly, sd about 0.05.

    1e15 and beyond make distances from the outlier equal, and with them ties.
    """
    x, y = outlying(far, tied)
    estimates = [KNN(variant=variant).estimate(*sides).nats for sides in ((x, y), (-x, y), (x, -y))]
    assert np.ptp(estimates) < 0.3


# -- extreme inputs ----------------------------------------------------------------------------


def extreme_inputs():
    """Name -> (x, y), all finite and legal."""
    rng = np.random.default_rng(0)
    x, y = correlated(0.5, 40, 0)
    spike = np.r_[1e300, np.zeros(39)]
    return {
        "two rows": ([0.0, 1.0], [5.0, 3.0]),
        "four rows, k + 1": (x[:4], y[:4]),
        "all rows equal but one": (np.r_[1.0, np.zeros(39)], y),
        "both equal but one": (np.r_[1.0, np.zeros(39)], np.r_[np.zeros(39), 1.0]),
        "the same one": (np.r_[1.0, np.zeros(39)], np.r_[1.0, np.zeros(39)]),
        "spike of 1e300": (spike, y),
        "spikes": (spike, -spike),
        "nearly constant": (1 + np.spacing(1.0) * rng.integers(0, 2, 40), y),
        "next to each other": (1 + np.spacing(1.0) * np.arange(40), np.arange(40)),
        "1e-300": (x * 1e-300, y * 1e-300),
        "subnormal": (x * 1e-310, y * 1e-320),
        "1e307": (x * 1e307, y * 1e307),
        "1e-300 and 1e300": (x * 1e-300, y * 1e300),
        "1e17 + x": (1e17 + 100 * x, y),
        "negative zero": (np.where(x > 0, 0.0, -0.0), y),
        "alternating": (np.arange(40) % 2, np.arange(40) % 2),
        "powers": (2.0 ** np.arange(-1000, 1000, 50), np.arange(40)),
        "equal rows but one": (np.r_[np.repeat(x[:1], 39, axis=0), x[1:2]], y),
        "more dimensions than rows": (rng.normal(size=(10, 50)), rng.normal(size=(10, 60))),
        "integers beyond 2^53": (2**60 + 2**20 * np.arange(40), np.arange(40)),
        "largest float32": (x.astype(np.float32) * np.float32(1e38), y.astype(np.float32)),
    }


@pytest.mark.parametrize("name", extreme_inputs())
@pytest.mark.parametrize(
    "estimator",
    [
        Uniform(), Uniform(bins="scott"), Uniform(bins="freedman-diaconis"), Uniform(pooled=True),
        Uniform(range=(-1, 1)), Adaptive(), Adaptive(pooled=True), KDE(), KDE(bandwidth=1e-3),
        KNN(k=1), KNN(k=1, variant=2), KNN(k=1, standardize=True),
    ],
    ids=repr,
)  # fmt: skip
def test_never_infinite_or_nan(estimator, name):
    """Also without warnings, which are errors in the tests."""
    x, y = extreme_inputs()[name]
    estimates = [estimator.estimate(x, y), estimator.estimate(y, x)]
    code = np.arange(len(x)) // 2
    estimates += [
        estimator.estimate(x, code, discrete_y=True),
        estimator.estimate(code, y, discrete_x=True),
    ]
    assert all(math.isfinite(estimate.nats) for estimate in estimates)
    min_bins = 1 if "scott" in repr(estimator) or "freedman" in repr(estimator) else None
    for estimate in estimates:
        if min_bins is not None and "bins_x" in estimate.info:
            assert min(estimate.info["bins_x"] + estimate.info["bins_y"]) >= min_bins


def nats_or_error(estimator, x, y, **labels):
    """The estimate in nats, or the message of an InputError."""
    try:
        return estimator.estimate(x, y, **labels).nats
    except InputError as error:
        return str(error)


@pytest.mark.parametrize("bandwidth", [1e-160, 1e-300, 5e-324, 1e300])
def test_kde_with_any_bandwidth_returns_a_number_or_an_input_error(bandwidth):
    """Never a warning, and no error but an InputError that names the bandwidth."""
    x, y = correlated(0.5, 40, 0)
    for other, labels in ((y, False), (np.arange(40) % 3, True)):
        nats_or_message = nats_or_error(KDE(bandwidth=bandwidth), x, other, discrete_y=labels)
        assert (
            "bandwidth" in nats_or_message
            if isinstance(nats_or_message, str)
            else math.isfinite(nats_or_message)
        )


@pytest.mark.parametrize("limits", [(-8e307, 8e307), (0, 5e-324), (1, 1 + 2**-52)], ids=str)
def test_uniform_with_any_range_returns_a_finite_estimate(limits):
    for bins in (1, 2, 100, "auto"):
        assert math.isfinite(
            Uniform(range=limits, bins=bins).estimate(*correlated(0.5, 40, 0)).nats
        )


@pytest.mark.parametrize("estimator", [KNN(), KNN(variant=2), KNN(standardize=True)], ids=repr)
@pytest.mark.parametrize("step", [1.0, 0.1])
def test_the_order_of_tied_rows_does_not_matter(estimator, step):
    """Rounding gives 0.0 and -0.0, which are equal and differ in their bytes."""
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=400) / step) * step
    y = np.round((x + rng.normal(size=400)) / step) * step
    orders = [rng.permutation(400) for _ in range(5)]
    assert len({estimator.estimate(x[p], y[p]).nats for p in orders}) == 1


@pytest.mark.parametrize("dims", [600, 1600])
@pytest.mark.parametrize("estimator", [KNN(), KNN(algorithm="tree"), KDE(), Uniform(), Adaptive()])
def test_estimates_in_thousands_of_dimensions_are_flagged(estimator, dims):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, dims))
    estimate = estimator.estimate(x, x + rng.normal(size=x.shape))
    assert {"few_samples", "more_bins_than_samples"} & set(estimate.flags)
