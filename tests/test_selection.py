"""Selecting columns: information beyond chance, the criteria, and scikit-learn's rules."""

import itertools
import math
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import mibench
from mibench import InputError
from mibench.contract.variables import as_variable
from mibench.estimators.selection import information as information_module
from mibench.estimators.selection.codes import bins_for, coded
from mibench.estimators.selection.criteria import METHODS, select
from mibench.estimators.selection.information import CountedInformation, EstimatedInformation
from mibench.sklearn import MISelector

JOINT = ("jmi", "jmim", "cmim")


@parametrize_with_checks([MISelector(method) for method in ("mrmr", "cmim")])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([MISelector(method) for method in ("mim", "jmi", "jmim")])
def test_scikit_learn_accepts_the_other_methods(estimator, check):
    check(estimator)


# -- information -------------------------------------------------------------------------------


def plug_in(x, y):
    pairs = list(zip(x, y, strict=True))
    n = len(pairs)
    a, b = list(x), list(y)
    return sum(
        pairs.count(p) / n * math.log(pairs.count(p) * n / (a.count(p[0]) * b.count(p[1])))
        for p in set(pairs)
    )


def beyond_chance(x, y, z):
    """The plug-in less its mean over all orders of y, stratum by stratum, by going through them."""
    total = 0.0
    for stratum in set(z):
        rows = [i for i, value in enumerate(z) if value == stratum]
        a, b = [x[i] for i in rows], [y[i] for i in rows]
        orders = [plug_in(a, order) for order in itertools.permutations(b)]
        total += len(rows) / len(z) * (plug_in(a, b) - sum(orders) / len(orders))
    return total


def labels(values):
    return as_variable(np.array(values), "labels", True)


@pytest.mark.parametrize("seed", range(6))
def test_information_in_small_data_beyond_chance_is_that_over_all_pairings(seed):
    rng = np.random.default_rng(seed)
    n = 11
    z = rng.integers(0, 3, n).tolist()
    xs = [rng.integers(0, size, n).tolist() for size in (2, 3, 6, 30)]
    y = rng.integers(0, 1 + seed, n).tolist()
    if max(z.count(value) for value in set(z)) > 6:
        z = [i % 3 for i in range(n)]
    counted = CountedInformation([*map(labels, xs), labels(z)], labels(y))
    wanted = [beyond_chance(x, y, z) for x in xs]
    np.testing.assert_allclose(counted.given(4)[:4], wanted, atol=1e-12)
    plain = CountedInformation([*map(labels, xs), labels(z)], labels(y), adjust=False)
    wanted = [
        sum(z.count(s) / n * plug_in([x[i] for i in range(n) if z[i] == s],
                                     [y[i] for i in range(n) if z[i] == s]) for s in set(z))
        for x in xs
    ]  # fmt: skip
    np.testing.assert_allclose(plain.given(4)[:4], wanted, atol=1e-12)
    np.testing.assert_allclose(plain.relevance()[:4], [plug_in(x, y) for x in xs], atol=1e-12)
    np.testing.assert_allclose(plain.shared(1)[:4], [plug_in(x, xs[1]) for x in xs], atol=1e-12)


@pytest.mark.parametrize("sizes", [(4000, 4000, 2), (3, 5000, 5000)])
def test_more_pairs_of_labels_than_fit_a_table(sizes):
    """A label that most rows have for themselves tells nothing beyond chance."""
    rng = np.random.default_rng(0)
    x, z, y = (rng.integers(0, size, 3000) for size in sizes)
    counted = CountedInformation([labels(x), labels(z)], labels(y))
    plain = CountedInformation([labels(x), labels(z)], labels(y), adjust=False)
    of_pairs = mibench.estimate(x, y, "uniform:correction=none", discrete_x=True, discrete_y=True)
    assert plain.relevance()[0] == pytest.approx(of_pairs.nats, abs=1e-9)
    # The mean of 20 samples scatters by about 0.003; the plug-in is 0.3 or more.
    assert abs(counted.relevance()[0]) < 0.02 < plain.relevance()[0] / 10


def test_independent_columns_have_zero_on_average_however_many_labels():
    means = np.zeros((2, 4))
    seeds = 60
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        n = 200
        z, y = rng.integers(0, 3, n), rng.integers(0, 3, n)
        xs = [labels(rng.integers(0, size, n)) for size in (2, 20, 150)]
        counted = CountedInformation([*xs, labels(z)], labels(y))
        means += np.array([counted.relevance(), counted.given(3)]) / seeds
    # Four standard errors: one estimate scatters by at most sqrt(2 * 149 * 2) / 400 = 0.06 nats.
    assert np.abs(means[:, :3]).max() < 4 * 0.06 / math.sqrt(seeds)
    assert means[1, 3] == 0  # z itself tells nothing more, given z


def test_numbers_of_few_values_are_not_cut():
    values = np.array([[0.0, 1.0, 5.0, 5.0], [0.1, 0.2, 0.3, 0.4]])
    codes = coded([as_variable(row, "x", False) for row in values], 3)
    assert codes.symbols[0].tolist() == [0, 1, 2, 2]
    assert codes.sizes.tolist() == [3, 3]
    assert sorted(set(codes.symbols[1].tolist())) == [0, 1, 2]
    assert bins_for(1000, labels([0, 1] * 500)) == 9  # (14 * 500)^(1/4)
    assert bins_for(1000, as_variable(np.arange(1000.0), "y", False)) == 7  # 14000^(1/5)


def test_threads_change_nothing(monkeypatch):
    x = np.random.default_rng(0).normal(size=(100, 9))
    sides = [as_variable(column, "x", False) for column in x.T]
    counted = CountedInformation(sides, as_variable(x[:, 0] + x[:, 1], "y", False))
    wanted = counted.given(2)
    monkeypatch.setattr(
        information_module, "share_rows", lambda work, n, least: [work(i, i + 1) for i in range(n)]
    )
    assert (counted.given(2) == wanted).all()


# -- the criteria ------------------------------------------------------------------------------


class Known:
    """Information that is given as arrays."""

    def __init__(self, d, seed):
        rng = np.random.default_rng(seed)
        self.alone, self.both, self.third = (
            rng.normal(size=d), rng.normal(size=(d, d)), rng.normal(size=(d, d)),
        )  # fmt: skip

    def relevance(self):
        return self.alone.copy()

    def shared(self, place):
        return self.both[place].copy()

    def given(self, place):
        return self.third[place].copy()


def score(known, method, x, chosen):
    if not chosen or method == "mim":
        return known.alone[x]
    joined = [known.alone[z] + known.third[z][x] for z in chosen]
    return {
        "mrmr": known.alone[x] - sum(known.both[z][x] for z in chosen) / len(chosen),
        "jmi": sum(joined) / len(joined),
        "jmim": min(joined),
        "cmim": min(known.third[z][x] for z in chosen),
    }[method]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(5))
def test_each_choice_is_the_best_by_the_formula(method, seed):
    known, d, k = Known(9, seed), 9, 5
    found = select(known, k, method)
    chosen = []
    for _ in range(k):
        scores = {x: score(known, method, x, chosen) for x in range(d) if x not in chosen}
        best = max(scores, key=scores.get)
        assert found.order[len(chosen)] == best
        assert found.scores[best] == pytest.approx(scores[best], abs=1e-12)
        last, chosen = scores, [*chosen, best]
    rest = sorted((x for x in range(d) if x not in chosen), key=lambda x: -last[x])
    assert found.order.tolist() == [*chosen, *rest]
    assert sorted(found.order) == list(range(d))


def exclusive_or(n=600, weak=0.25, noise=10, seed=0):
    """Two columns whose exclusive or is the class, the first of which tells a little alone."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 2, n), rng.integers(0, 2, n)
    y = np.where(rng.random(n) < weak, a, a ^ b)
    return np.column_stack([a, b, rng.normal(size=(n, noise))]), y


def test_jmi_finds_the_pair_that_mrmr_misses():
    """The second column tells nothing alone, so mrmr finds it no more often than a column of noise.

    Of 10 columns of noise and it, one is second: 1 in 11. 6 of 12 would have probability 2e-4.
    """
    found = dict.fromkeys(METHODS, 0)
    for seed in range(12):
        x, y = exclusive_or(seed=seed)
        for method in METHODS:
            found[method] += set(MISelector(method, k=2).fit(x, y).get_support(True)) == {0, 1}
    assert found["jmi"] == found["jmim"] == found["cmim"] == 12
    assert max(found["mrmr"], found["mim"]) < 6


@pytest.mark.parametrize("method", JOINT)
def test_a_pair_that_tells_nothing_alone_is_found_among_all_pairs(method):
    x, y = exclusive_or(weak=0.0, noise=20)
    x = x[:, ::-1]  # the pair comes last
    selector = MISelector(method, k=2, start="pair").fit(x, y)
    assert selector.get_support(indices=True).tolist() == [20, 21]
    assert set(MISelector(method, k=2).fit(x, y).get_support(indices=True)) != {20, 21}


def test_noise_of_many_labels_does_not_win():
    rng = np.random.default_rng(0)
    n = 400
    x = pd.DataFrame({f"noise{i}": rng.integers(0, 120, n) for i in range(8)})
    u, v = rng.normal(size=(2, n))
    x["u"], x["v"] = u, v
    y = (u + v + rng.normal(size=n) > 0).astype(int)
    for method in METHODS:
        options = {"k": 2, "discrete_features": [f"noise{i}" for i in range(8)]}
        adjusted = MISelector(method, **options).fit(x, y)
        assert set(adjusted.get_feature_names_out()) == {"u", "v"}
        plain = MISelector(method, **options, correction=None).fit(x, y)
        if method != "mrmr":
            assert not {"u", "v"} & set(plain.get_feature_names_out())


def test_redundant_columns_are_left_by_all_but_mim():
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(2, 2000))
    y = 1.5 * u + v + 0.5 * rng.normal(size=2000)
    x = np.column_stack([u, u + 0.1 * rng.normal(size=2000), v])
    for method in METHODS:
        chosen = MISelector(method, k=2).fit(x, y).get_support(indices=True).tolist()
        assert chosen == ([0, 1] if method == "mim" else [0, 2]), method


# -- the selector ------------------------------------------------------------------------------


def frame(n=300, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = pd.DataFrame(
        {
            "number": z + rng.normal(size=n),
            "text": np.where(z + rng.normal(size=n) > 0, "up", "down"),
            "noise": rng.normal(size=n),
            "kind": pd.Categorical(rng.integers(0, 5, n)),
            "flag": rng.random(n) < 0.5,
        }
    )
    return x, z


@pytest.mark.parametrize("method", METHODS)
def test_data_frames_of_numbers_and_labels(method):
    x, z = frame()
    for y in (z, np.where(z > 0, "high", "low"), (z > 0).astype(int), pd.Series(z)):
        selector = MISelector(method, k=2).set_output(transform="pandas").fit(x, y)
        assert selector.get_feature_names_out().tolist() == ["number", "text"]
        pd.testing.assert_frame_equal(selector.transform(x), x[["number", "text"]])
        assert selector.feature_names_in_.tolist() == list(x)
        assert sorted(selector.ranking_) == [1, 2, 3, 4, 5]
        assert (selector.ranking_ <= 2).tolist() == selector.get_support().tolist()
        assert np.isfinite(selector.scores_).all()


def test_scores_are_never_nan():
    """Also where estimates are below 0, and for constant columns and those that name the rows."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=(40, 6)), np.ones(40), np.arange(40)])
    y = rng.integers(0, 2, 40)
    for method in METHODS:
        for estimator in (None, "adaptive:correction=miller-madow,bins=3"):
            selector = MISelector(method, k=4, estimator=estimator).fit(x, y)
            assert np.isfinite(selector.scores_).all()
            assert np.isfinite(selector.relevance_).all()
            assert (selector.relevance_ < 0).any()


def test_estimates_of_a_given_estimator():
    x, z = frame()
    x = x[["number", "noise"]].assign(third=z + np.abs(x["noise"]))
    selector = MISelector("jmi", k=2, estimator="knn").fit(x, z)
    np.testing.assert_array_equal(selector.relevance_, mibench.scores(x, z, "knn"))
    first, second = np.argsort(selector.ranking_)[:2]
    joined = mibench.estimate(x.iloc[:, [second, first]], z, "knn").nats
    assert selector.scores_[second] == pytest.approx(joined, abs=1e-12)
    mixed = [as_variable(np.arange(9.0), "a", False), labels([0, 1, 2] * 3)]
    target = as_variable(np.arange(9.0), "y", False)
    known = EstimatedInformation(mixed, target, mibench.get_estimator("adaptive:bins=2"), "ab")
    with pytest.raises(InputError, match=r"'b' and 'a' cannot be joined.*mim or mrmr"):
        known.given(0)


def test_whole_numbers_of_a_target_are_classes_if_they_are_few():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 15, 300)
    x = (code % 2)[:, np.newaxis] + 0.1 * rng.normal(size=(300, 1))  # says whether code is odd
    classes = MISelector(k=1).fit(x, code).relevance_[0]
    numbers = MISelector(k=1, discrete_target=False).fit(x, code).relevance_[0]
    assert math.log(2) > classes > 0.5 > 0.3 > numbers  # log 2, less what chance gives
    assert MISelector(k=1).fit(x, code + 0.5 * (code > 3)).relevance_[0] == numbers


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "jmj"}, "unknown method 'jmj'; did you mean 'jmi'"),
        ({"k": 0}, "k is 0"),
        ({"k": "most"}, "k is 'most'"),
        ({"bins": 1}, "bins is 1"),
        ({"correction": "best"}, "correction is 'best'"),
        ({"start": "end"}, "start is 'end'"),
        ({"method": "mim", "start": "pair"}, "which mim does not ask"),
        ({"estimator": "knm"}, "unknown estimator 'knm'"),
        ({"discrete_features": ["b"]}, "unknown column 'b'"),
        ({"discrete_features": "some"}, "discrete_features is 'some'"),
        ({"discrete_features": [True]}, "1 values and X has 2 columns"),
        ({"discrete_target": None}, "discrete_target is None"),
        ({"discrete_target": "some"}, "discrete_target is 'some'"),
        ({"estimator": lambda x, y: 0.0, "k": 1}, "x"),
    ],
)
def test_bad_parameters(options, words):
    x = np.arange(40.0).reshape(20, 2)
    if callable(options.get("estimator")):  # a function is an estimator too
        assert MISelector(**options).fit(x, x[:, 0]).relevance_.tolist() == [0.0, 0.0]
        return
    with pytest.raises(InputError, match=words):
        MISelector(**options).fit(x, x[:, 0])


def test_dates_are_refused_by_words_that_name_the_argument():
    dates = pd.date_range("2020-01-01", periods=40)
    x = pd.DataFrame({"a": np.arange(40.0), "day": dates})
    with pytest.raises(InputError, match=r"column 'day' holds dates.*or leave the column out"):
        MISelector(k=1).fit(x, x["a"] % 3)
    with pytest.raises(InputError, match="y holds dates"):
        MISelector(k=1).fit(x[["a"]], dates)
    with pytest.raises(InputError, match=r"column day .*or declare them labels$"):
        mibench.scores(x, x["a"].to_numpy())


def test_it_works_in_a_pipeline():
    x, y = load_breast_cancer(return_X_y=True)
    work = make_pipeline(MISelector("jmi", k=5), LogisticRegression(max_iter=5000))
    assert cross_val_score(work, x, y, cv=3).mean() > 0.9  # 0.63 of all rows are of one class


def test_scores_select_the_best_columns_in_scikit_learn():
    x, z = frame()
    classes = np.where(z > 0, "high", "low")
    numbers = x[["number", "noise"]]
    best = SelectKBest(mibench.scores, k=1).fit(numbers, z)
    np.testing.assert_array_equal(best.scores_, mibench.scores(numbers, z))
    assert best.get_feature_names_out().tolist() == ["number"]
    of_classes = SelectKBest(mibench.scores, k=1).fit(numbers, classes)
    declared = partial(mibench.scores, discrete_y=True)
    of_numbers = SelectKBest(declared, k=1).fit(numbers, (z > 0).astype(int))
    np.testing.assert_array_equal(of_classes.scores_, of_numbers.scores_)
    assert of_classes.transform(numbers).shape == (300, 1)


def test_scikit_learn_is_asked_for_by_name():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import mibench\n"
        "try:\n    import mibench.sklearn\n"
        "except ImportError as error:\n    print(error)"
    )
    out = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert "pip install 'mibench[sklearn]'" in out.stdout


@pytest.mark.parametrize("target", [np.zeros(50, int), np.full(50, 2.5), ["a"] * 50])
def test_a_constant_target_is_said_to_be_so(target):
    rows = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.warns(UserWarning, match="y is constant"):
        selector = MISelector(k=1).fit(rows, target)
    assert (selector.scores_ == 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_constant_columns_come_last(method):
    """Estimates of columns that tell nothing are negative in half of the samples."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 6))
    x[:, 2] = 1.0
    y = (x[:, 0] > 0).astype(int)
    selector = MISelector(method, k=3).fit(x, y)
    assert selector.ranking_[2] == 6
    assert selector.ranking_[0] == 1
    assert MISelector(method, k="all").fit(x, y).get_support().all()


def test_more_columns_than_there_are_is_said_to_be_all():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    with pytest.warns(UserWarning, match="k is 99, and X has 3 columns: all are selected"):
        selector = MISelector(k=99).fit(x, x[:, 0] > 0)
    assert selector.get_support().all()
