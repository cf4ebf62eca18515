"""All estimators equal their naive implementations in `naive.py`.

Tests with "small" in their names also run without numba's JIT, see `test_kernels_nojit.py`.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mibench.estimators import KDE, KNN, Adaptive, Uniform
from mibench.estimators.neighbours.ties import break_ties

from . import naive
from .samples import DATA, WHOLE, Data, labelled, normal, properties, samples, sides_of

# In nats. Both implementations sum some thousand terms of order 1 to 10, in different orders.
CLOSE = 1e-10

ESTIMATORS = [
    *(Uniform(bins=b) for b in ("auto", "sturges", "scott", "freedman-diaconis", "terrell-scott")),
    *(Uniform(bins=b) for b in (1, 2, 7, 30, 100_000)),
    Uniform(bins=10, pooled=True),
    Uniform(bins="scott", pooled=True),
    Uniform(bins=10, range=(-1, 1)),
    Uniform(bins=3, range=(-1e9, 2), pooled=True),
    Uniform(correction="miller-madow"),
    *(Adaptive(bins=b) for b in ("auto", "sturges", "terrell-scott", 1, 2, 7, 70, 100_000)),
    Adaptive(bins=30, pooled=True),
    Adaptive(bins="sturges", pooled=True),
    Adaptive(correction="miller-madow"),
    Adaptive(bins=7, own_bin=0),
    Adaptive(bins=30, pooled=True, own_bin=0),
    Adaptive(own_bin=-1),
    Adaptive(bins=30, pooled=True, own_bin=0, rule="ibbsc"),
    Adaptive(bins=7, own_bin=-1, rule="ibbsc"),
    Adaptive(bins=30, pooled=True, own_bin=0, rule="ebab"),
    KDE(),
    KDE(bandwidth="silverman"),
    KDE(bandwidth=0.05),
    KDE(bandwidth=3),
    KNN(),
    KNN(variant=2),
    KNN(standardize=True),
    KNN(standardize=False),
    KNN(k=1, standardize=False),
    KNN(variant=2, standardize=False),
    KNN(variant=2, k=1, standardize=False, algorithm="tree"),
    KNN(algorithm="tree"),
]

CORRECTIONS = ("auto", "miller-madow", None)

# Estimators that add noise. One side of each sample is labels, which repeat or all differ.
NOISY = [
    KDE(noise_variance=0.1),
    KDE(noise_variance=1e-3),
    KDE(noise_variance=30, variant="lower"),
    KDE(noise_variance=1e-3, variant="lower"),
    KNN(noise_variance=0.1),
    KNN(noise_variance=1e-3, k=1, algorithm="tree"),
    KNN(noise_variance=10, k=5, seed=7),
]

# Whether distances in different dimensions are equal after division by standard deviations depends
# on the last digit. So estimators that standardize are compared on data without ties.
TIED = {
    "copies-of-x", "rounded", "lattice", "lattice-1+1", "lattice-of-20", "binary", "relu", "tanh",
    "atoms-and-normal", "one-atom", "label-y-lattice", "offset-1e12", "float32", "copies",
    "label-y-copies", "outlier",
}  # fmt: skip


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@pytest.mark.parametrize("name", DATA)
def test_estimator_equals_its_naive_implementation(estimator, name):
    data = DATA[name]
    if isinstance(estimator, KNN) and estimator.standardize and name in TIED:
        data = untied(data)
    nats = estimator.estimate(data.x, data.y, **data.sides).nats
    assert nats == pytest.approx(naive.estimate(estimator, data.x, data.y, **data.sides), abs=CLOSE)


def labelled_once(name):
    """The continuous side of the sample, x or y, with labels that all differ."""
    data = DATA[name]
    return Data(np.arange(len(data.x)), data.y if data.discrete_x else data.x, discrete_x=True)


LABELLED = [name for name, data in DATA.items() if data.discrete_x != data.discrete_y]
PLAIN = ("normal-1+2", "normal-5+5", "float32", "offset-1e6", "copies", "relu", "constant-columns")


@pytest.mark.parametrize("estimator", NOISY, ids=repr)
@pytest.mark.parametrize("name", [*LABELLED, *PLAIN])
def test_noise_equals_its_naive_implementation(estimator, name):
    samples_ = [labelled_once(name)] + ([DATA[name]] if name in LABELLED else [])
    for data in samples_:
        nats = estimator.estimate(data.x, data.y, **data.sides).nats
        naive_nats = naive.estimate(estimator, data.x, data.y, **data.sides)
        assert nats == pytest.approx(naive_nats, abs=CLOSE)


def untied(data):
    """The sample with uniform noise on its continuous sides, and values clipped to 1e6 medians."""
    rng = np.random.default_rng(2)

    def without_ties(side):
        far = 1e6 * max(1, np.median(np.abs(side)))
        return np.clip(side, -far, far) + rng.uniform(size=side.shape)

    sides = {
        name: side if discrete else without_ties(side)
        for name, side, discrete in (
            ("x", data.x, data.discrete_x),
            ("y", data.y, data.discrete_y),
        )
    }
    return replace(data, **sides)


def test_the_samples_have_the_properties_in_their_names():
    knn = KNN()
    for name in ("copies", "lattice", "binary", "relu", "rounded", "label-y-copies"):
        assert "ties" in knn.estimate(DATA[name].x, DATA[name].y, **DATA[name].sides).flags, name
    assert "rare_labels" in knn.estimate(*sides_of("label-y-rare"), discrete_y=True).flags
    assert np.ptp(DATA["outlier"].x) == pytest.approx(1e15, rel=1e-6)
    assert DATA["float32"].x.dtype == np.float32


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@pytest.mark.parametrize("name", ["five-rows", "four-rows-2+2", "short-lattice", "short-labels"])
def test_small_estimator_equals_its_naive_implementation(estimator, name):
    short = {
        "short-lattice": Data(DATA["lattice"].x[:40], DATA["lattice"].y[:40]),
        "short-labels": Data(*(v[:40] for v in sides_of("label-y-rare")), discrete_y=True),
    }
    data = {**DATA, **short}[name]
    if isinstance(estimator, KNN) and estimator.standardize:
        data = untied(data)
    if getattr(estimator, "bins", None) == 100_000:  # so many bins take too long without JIT
        estimator = replace(estimator, bins=1000)
    nats = estimator.estimate(data.x, data.y, **data.sides).nats
    assert nats == pytest.approx(naive.estimate(estimator, data.x, data.y, **data.sides), abs=CLOSE)


@pytest.mark.parametrize("estimator", NOISY, ids=repr)
def test_small_noise_equals_its_naive_implementation(estimator):
    for x in (normal(40, 3)[0], np.maximum(normal(40, 2)[0], 0), normal(7)[0]):
        for labels in (np.arange(len(x)), np.arange(len(x)) % 2):
            nats = estimator.estimate(x, labels, discrete_y=True).nats
            naive_nats = naive.estimate(estimator, x, labels, discrete_y=True)
            assert nats == pytest.approx(naive_nats, abs=CLOSE)


@pytest.mark.parametrize("k", [1, 2, 5, 20, 59])
@pytest.mark.parametrize("variant", [1, 2])
def test_knn_equals_its_naive_implementation_for_every_k(k, variant):
    for x, y in (normal(60), normal(60, 3, 2), (np.arange(60) % 7, np.arange(60) % 5)):
        for algorithm in ("auto", "tree", "brute"):
            estimator = KNN(k=k, variant=variant, standardize=False, algorithm=algorithm)
            assert estimator.estimate(x, y).nats == pytest.approx(
                naive.estimate(estimator, x, y), abs=CLOSE
            )
        code = np.arange(60) % 4
        estimator = KNN(k=k)
        nats = estimator.estimate(x, code, discrete_y=True).nats
        assert nats == pytest.approx(naive.estimate(estimator, x, code, discrete_y=True), abs=CLOSE)


def test_kde_leaves_constant_columns_out():
    x, y = normal(100)
    with_constant = np.c_[x, np.full(100, 3.0)]
    for bandwidth in ("scott", "silverman", 0.3):
        estimator = KDE(bandwidth=bandwidth)
        assert estimator.estimate(with_constant, y).nats == pytest.approx(
            estimator.estimate(x, y).nats, abs=CLOSE
        )


# -- breaking ties -----------------------------------------------------------------------------

TIED_COLUMNS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(2, 30)),
    elements=st.integers(-6, 6).map(lambda i: i / 4),
)


@properties
@given(TIED_COLUMNS, st.sampled_from([0, -400, 400]))
def test_small_noise_makes_values_distinct_and_moves_them_little(columns, power):
    columns = columns * 2.0**power
    moved = break_ties(columns) - columns
    gaps = [np.median(np.diff(np.unique(c))) for c in columns if np.ptp(c) > 0]
    # The docstring: at most a thousandth of the smallest typical gap in either direction, around
    # the median of each column. Sums of up to 3, twelve such gaps, are rounded in their 16th digit.
    allowed = 2 * (1e-3 + 1e-14) * min(gaps, default=0)
    for before, change in zip(columns, moved, strict=True):
        assert np.ptp(change) <= (allowed if np.ptp(before) > 0 else 0)
        assert np.ptp(before) == 0 or len(set((before + change).tolist())) == len(before)


@properties
@given(TIED_COLUMNS, st.integers(0, 10**6))
def test_small_noise_depends_on_the_data_and_not_on_their_order(columns, seed):
    order = np.random.default_rng(seed).permutation(columns.shape[1])
    broken, reordered = break_ties(columns), break_ties(columns[:, order])
    # Copies may exchange their noise: as sets of rows the two are the same.
    assert sorted(map(tuple, broken.T.tolist())) == sorted(map(tuple, reordered.T.tolist()))
    assert np.array_equal(broken, break_ties(columns))


@pytest.mark.parametrize("far", [-1e20, 1e20])
def test_noise_keeps_the_differences_of_values_next_to_an_outlier(far):
    """Whatever is subtracted from the column, the differences of all other values must survive."""
    columns = np.stack([np.arange(50) % 7, np.arange(50) % 5]).astype(float)
    with_outlier = np.c_[columns, [far, far]]
    broken = break_ties(with_outlier)[:, :50]
    moved = (broken - broken[:, :1]) - (columns - columns[:, :1])
    assert np.abs(moved).max() <= 2e-3
    assert len(set(broken[0].tolist())) == 50


# -- by property -------------------------------------------------------------------------------


@properties
@given(samples(), st.integers(1, 40), st.booleans(), st.sampled_from(CORRECTIONS))
def test_small_uniform_property(sample, bins, pooled, correction):
    assert_agrees(Uniform(bins=bins, pooled=pooled, correction=correction), *sample)
    assert_agrees(Uniform(bins=bins, range=(-1, 2), pooled=pooled), *sample)


@properties
@given(samples(), st.sampled_from(["auto", "sturges", "scott", "freedman-diaconis"]))
def test_small_uniform_rules_property(sample, rule):
    assert_agrees(Uniform(bins=rule), *sample)


@properties
@given(samples(), st.integers(1, 40), st.booleans())
def test_small_adaptive_property(sample, bins, pooled):
    assert_agrees(Adaptive(bins=bins, pooled=pooled), *sample)


@properties
@given(samples(), st.integers(2, 12), st.booleans(), st.sampled_from([0.0, 1.0, -3.0, 1 / 3]))
def test_small_own_bin_property(sample, bins, pooled, own_value):
    assert_agrees(Adaptive(bins=bins, pooled=pooled, own_bin=own_value), *sample)


# A value so far away that the last digits of the others are lost.
FAR_VALUE = np.array([[0.0], [0.6875], [-1e6], [0.737001642]]), np.array([0, 0, 1, 1])


@properties
@given(labelled(), st.sampled_from([1e-3, 0.5, 100.0]), st.sampled_from(["upper", "lower"]))
@example(FAR_VALUE, 1e-3, "upper")
def test_small_mixture_property(sample, variance, variant):
    values, codes = sample
    # Both round values to some eps * max |value|, each at another step. That moves a distance in
    # units of the noise by as much over its standard deviation; those over 8 units add nothing.
    rounding = 8 * np.finfo(float).eps * np.abs(values).max() / np.sqrt(variance)
    kde = KDE(noise_variance=variance, variant=variant)
    assert_agrees(kde, values, codes, rounding, discrete_y=True)


@properties
@given(samples(), st.sampled_from(["scott", "silverman", 0.2, 2.0]))
def test_small_kde_property(sample, bandwidth):
    varying = [side[:, np.ptp(side, axis=0) > 0] for side in sample]
    if all(side.size for side in varying):
        assert_agrees(KDE(bandwidth=bandwidth), *varying)


@properties
@given(samples(min_rows=5), st.integers(1, 4), st.sampled_from([1, 2]))
def test_small_knn_property(sample, k, variant):
    for algorithm in ("auto", "tree", "brute"):
        assert_agrees(KNN(k=k, variant=variant, standardize=False, algorithm=algorithm), *sample)


@properties
@given(labelled(), st.integers(1, 5))
def test_small_label_property(sample, k):
    values, codes = sample
    for estimator in (KNN(k=k, standardize=False), KDE(bandwidth=0.5), Uniform(), Adaptive()):
        assert_agrees(estimator, values, codes, discrete_y=True)
        assert_agrees(estimator, codes, values, discrete_x=True)


@properties
@given(samples(values=WHOLE))
def test_small_labels_property(sample):
    for estimator in (KNN(), KDE(), Uniform(), Adaptive()):
        for correction in CORRECTIONS:
            changed = replace(estimator, correction=correction)
            assert_agrees(changed, *sample, discrete_x=True, discrete_y=True)


def assert_agrees(estimator, x, y, rounding=0.0, **discrete):
    nats = estimator.estimate(x, y, **discrete).nats
    naive_nats = naive.estimate(estimator, x, y, **discrete)
    # A bandwidth far below the gaps gives estimates of thousands of nats.
    assert nats == pytest.approx(naive_nats, abs=CLOSE + rounding, rel=1e-12)


# -- the same result in another way ------------------------------------------------------------


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("variant", [1, 2])
def test_tree_equals_brute_exactly(name, variant):
    data = DATA[name]
    for k, standardize in itertools.product((1, 3), (False, True, "auto")):
        tree, brute_, auto = (
            KNN(k, variant, standardize, a).estimate(data.x, data.y, **data.sides).nats
            for a in ("tree", "brute", "auto")
        )
        assert tree == brute_ == auto


@properties
@given(samples(min_rows=5), st.integers(1, 4), st.sampled_from([1, 2]))
def test_small_tree_equals_brute_property(sample, k, variant):
    tree, brute_ = (KNN(k, variant, algorithm=a).estimate(*sample).nats for a in ("tree", "brute"))
    assert tree == brute_


def test_kde_of_isolated_rows_equals_the_naive_one():
    """Sums below 1e-280 are computed again in logarithms, which gives the same density."""
    x, y = normal(80)
    for gap in (10, 20, 30, 36, 38, 50, 1e5):  # exp(-gap^2 / 2) crosses 1e-280 at 36
        for far in (np.r_[x[:, 0], gap], np.r_[x[:, 0], gap, -gap]):
            other = np.resize(y, len(far))
            for estimator in (KDE(bandwidth=0.5), KDE(bandwidth=0.02)):
                assert_agrees(estimator, far, other)


def test_a_large_constant_column_changes_nothing():
    """Values that lie on the edges of bins would show any difference in rounding of the edges."""
    code = np.arange(31)
    for low, high in ((-0.2, 0.5), (0.1, 0.7), (-1.0, 1 / 3)):
        values = np.linspace(low, high, 31)
        with_constant = np.c_[values, np.full(31, 1e17)]
        alone, both = (
            Uniform(bins=30).estimate(v, code, discrete_y=True).nats
            for v in (values, with_constant)
        )
        assert both == pytest.approx(alone, abs=CLOSE)


@pytest.mark.parametrize("name", ["normal-1+1", "normal-2+3", "normal-5+5", "cauchy", "rounded"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_float32_equals_its_float64_copy(estimator, name):
    x, y = (v.astype(np.float32) for v in sides_of(name))
    wide = estimator.estimate(x.astype(np.float64), y.astype(np.float64))
    assert estimator.estimate(x, y).nats == wide.nats
