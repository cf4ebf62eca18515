"""Entropy, total correlation, O-information, divergence: closed forms, identities, other code."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import normalized_mutual_info_score

import mibench
from mibench import InputError, measures
from mibench.estimators import entropy_of_counts_nats

PLUG_IN = "uniform:correction=none"
COVARIANCE = np.array([[1, 0.6, 0.3], [0.6, 1, 0.5], [0.3, 0.5, 1]])
RNG = np.random.default_rng(0)
NORMAL = RNG.multivariate_normal(np.zeros(3), COVARIANCE, 2000)
BITS = pd.DataFrame({"a": RNG.integers(0, 2, 400), "b": RNG.integers(0, 3, 400)})
BITS["c"] = (BITS["a"] + BITS["b"] + (RNG.random(400) < 0.1)) % 2


def joint_entropy(table):
    return entropy_of_counts_nats(table.value_counts().to_numpy())


def normal_entropy(covariance):
    return np.linalg.slogdet(2 * np.pi * np.e * covariance)[1] / 2


# -- entropies ---------------------------------------------------------------------------------


def test_entropies_of_normals():
    for dims in (1, 2, 3):
        found = measures.entropy(NORMAL[:, :dims])
        # The scatter of h is about sqrt(d / 2n) = 0.03, and the bias upwards of about as much.
        assert found.nats == pytest.approx(normal_entropy(COVARIANCE[:dims, :dims]), abs=0.12)
        assert found.info["measure"] == "differential entropy"


def test_units_of_columns_add_their_logarithm():
    x = NORMAL[:, :2]
    scale = np.array([1e-7, 1e9])
    alone = measures.entropy(x).nats
    assert measures.entropy(x * scale + 5).nats == pytest.approx(alone + np.log(scale).sum())
    assert measures.entropy(1e300 * x[:, 0]).nats == pytest.approx(
        measures.entropy(x[:, 0]).nats + 300 * math.log(10)
    )


def test_entropies_of_labels():
    labels = np.repeat(["a", "b", "c"], [2, 1, 1])
    plug_in = measures.entropy(labels, correction=None)
    assert plug_in.bits == pytest.approx(1.5)
    assert measures.entropy(["a"] * 5).nats == 0
    for correction in ("grassberger", "chao-shen", "miller-madow"):
        expected = entropy_of_counts_nats([2, 1, 1], correction)
        assert measures.entropy(labels, correction=correction).nats == expected
    two = measures.entropy(BITS[["a", "b"]], discrete=True, correction=None)
    assert two.nats == pytest.approx(joint_entropy(BITS[["a", "b"]]))


def test_labels_of_which_most_occur_once_are_at_the_ceiling():
    assert "ceiling" in measures.entropy([f"user {i}" for i in range(50)]).flags
    assert "ceiling" not in measures.entropy(BITS["a"], discrete=True).flags


def test_conditional_entropies():
    x, y = BITS["c"], BITS[["a", "b"]]
    kinds = {"discrete_x": True, "discrete_y": True}
    of_labels = measures.conditional_entropy(x, y, PLUG_IN, correction=None, **kinds)
    expected = joint_entropy(BITS) - joint_entropy(y)
    assert of_labels.nats == pytest.approx(expected)
    of_numbers = measures.conditional_entropy(NORMAL[:, 0], NORMAL[:, 1], "gaussian")
    left = (1 - 0.6**2) * 2 * math.pi * math.e
    assert of_numbers.nats == pytest.approx(math.log(left) / 2, abs=0.1)  # 4 sigma of h


# -- normalized MI -----------------------------------------------------------------------------


@pytest.mark.parametrize("normalization", ["arithmetic", "geometric", "min", "max"])
def test_plug_ins_are_those_of_scikit_learn(normalization):
    found = measures.normalized_mi(
        BITS["b"], BITS["c"], PLUG_IN, normalization=normalization,
        discrete_x=True, discrete_y=True,
    )  # fmt: skip
    expected = normalized_mutual_info_score(BITS["b"], BITS["c"], average_method=normalization)
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_other_shares_of_entropies():
    x, y = ("label " + BITS[name].astype(str) for name in "bc")
    mi = mibench.estimate(x, y, PLUG_IN).nats
    for name, whole in (("x", BITS[["b"]]), ("y", BITS[["c"]]), ("joint", BITS[["b", "c"]])):
        found = measures.normalized_mi(x, y, PLUG_IN, normalization=name)
        assert found.value == pytest.approx(mi / joint_entropy(whole))
    assert measures.normalized_mi(x, x, PLUG_IN, normalization="joint").value == (pytest.approx(1))
    assert measures.normalized_mi(["a"] * 9, list(x[:9]), normalization="min").value == 0.0


def test_linfoot_of_normals_is_their_correlation():
    found = measures.normalized_mi(NORMAL[:, 0], NORMAL[:, 1], "gaussian")
    assert found.normalization == "linfoot"
    assert found.value == pytest.approx(0.6, abs=0.06)  # 4 sigma of the correlation, 2000 rows
    below = measures.normalized_mi(NORMAL[:9, 0], NORMAL[::-1, 0][:9], "knn")
    assert math.copysign(1, below.value) == math.copysign(1, below.estimate.nats)


# -- several columns ---------------------------------------------------------------------------


def test_plug_ins_of_several_columns_are_sums_of_entropies():
    arguments = {"estimator": PLUG_IN, "discrete": True}
    h = joint_entropy(BITS)
    alone = sum(joint_entropy(BITS[[name]]) for name in BITS)
    left = sum(h - joint_entropy(BITS.drop(columns=name)) for name in BITS)
    total = measures.total_correlation(BITS, **arguments)
    dual = measures.dual_total_correlation(BITS, **arguments)
    o = measures.o_information(BITS, **arguments)
    assert total.nats == pytest.approx(alone - h)
    assert dual.nats == pytest.approx(h - left)
    assert o.nats == pytest.approx(total.nats - dual.nats)
    for order in (["c", "a", "b"], ["b", "c", "a"]):
        assert measures.total_correlation(BITS, order, **arguments).nats == (
            pytest.approx(total.nats)
        )
    of_two = measures.total_correlation(BITS, ["a", "c"], **arguments)
    assert of_two.nats == mibench.estimate(
        BITS["c"], BITS["a"], PLUG_IN, discrete_x=True, discrete_y=True
    ).nats  # fmt: skip
    assert measures.o_information(BITS, ["a", "c"], **arguments).nats == pytest.approx(0)


def test_copies_are_redundant_and_an_exclusive_or_is_synergistic():
    a, b = np.tile([0, 0, 1, 1], 50), np.tile([0, 1, 0, 1], 50)
    xor = {"a": a, "b": b, "c": a ^ b}
    copies = {"a": a, "b": a, "c": a}
    for table, total, o in ((xor, 1, -1), (copies, 2, 1)):
        arguments = {"estimator": PLUG_IN, "discrete": True}
        assert measures.total_correlation(table, **arguments).bits == pytest.approx(total)
        assert measures.o_information(table, **arguments).bits == pytest.approx(o)


@pytest.mark.parametrize("estimator", ["gaussian", "canonical", "knn"])
def test_normal_columns(estimator):
    total = -np.linalg.slogdet(COVARIANCE)[1] / 2
    rest = sum(
        (math.log(1.0) + np.linalg.slogdet(np.delete(np.delete(COVARIANCE, i, 0), i, 1))[1]) / 2
        + total
        for i in range(3)
    )
    allowed = 0.1  # 4 sigma of 2000 rows, and of three terms
    found = measures.total_correlation(NORMAL, estimator=estimator)
    assert found.nats == pytest.approx(total, abs=allowed)
    o = measures.o_information(NORMAL, estimator=estimator)
    assert o.nats == pytest.approx(2 * total - rest, abs=allowed)
    assert sum(found.info["terms_nats"].values()) == pytest.approx(found.nats)


def test_numbers_and_labels_together():
    """The labels are independent of each other, and shift one column of numbers each."""
    rng = np.random.default_rng(3)
    g, h = rng.integers(0, 2, (2, 2000))
    table = pd.DataFrame({"x": 8 * g + rng.normal(size=2000), "g": g, "h": np.array(["u", "v"])[h]})
    table["y"] = 8 * h + table["x"] + rng.normal(size=2000)
    found = measures.total_correlation(table, estimator="knn", discrete="g")
    # I(g; x) = log 2. The parts of y lie at 0, 8 and 16, with entropy 1.5 log 2, and within them
    # it shares log(2) / 2 with x, as normals with r^2 = 1/2.
    expected = (1 + 1.5 + 0.5) * math.log(2)
    assert found.nats == pytest.approx(expected, abs=0.12)  # 4 sigma of knn, 2000 rows
    assert list(found.info["terms_nats"]) == ["I(g; x)", "I(h; x, g)", "I(y; x, g, h)"]


def test_rows_that_miss_a_value_are_left_out_and_flags_name_their_term():
    table = BITS.astype(float)
    table.loc[:9, "b"] = np.nan
    table["flat"] = 1.0
    found = measures.total_correlation(table, estimator="uniform:bins=3")
    assert found.info["n"] == 390
    assert found.flags["constant"].startswith("In I(flat; a, b, c): One side is constant")


# -- divergence --------------------------------------------------------------------------------

SEEDS = 8


@pytest.mark.parametrize(("dims", "shift", "width"), [(1, 0.0, 1.0), (1, 0.7, 1.5), (3, 0.4, 1.2)])
def test_divergence_of_normals(dims, shift, width):
    truth = dims * (math.log(width) + (1 + shift**2) / (2 * width**2) - 0.5)
    found = []
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, dims])
        x, y = rng.normal(size=(1000, dims)), shift + width * rng.normal(size=(1500, dims))
        estimate = measures.kl_divergence(x, y)
        assert "far_apart" not in estimate.flags
        found.append(estimate.nats)
        for unit in (1000, 1e-200, 1e300):
            assert measures.kl_divergence(unit * x, unit * y).nats == pytest.approx(estimate.nats)
    error = np.std(found, ddof=1) / math.sqrt(SEEDS)
    assert abs(np.mean(found) - truth) < 0.02 + 4 * error


def test_a_large_divergence_is_flagged_and_too_low():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 1000))
    estimate = measures.kl_divergence(x, y + 4)
    assert estimate.nats < 8
    assert "far_apart" in estimate.flags


@pytest.mark.parametrize(("width", "shift", "flagged"), [(2.0, 1.0, True), (1.0, 0.0, False)])
@pytest.mark.parametrize("n", [300, 3000])
def test_rows_beyond_all_rows_of_the_other_sample_are_flagged(n, width, shift, flagged):
    """The tails of x, of which y has no rows, have a large part of the divergence."""
    truth = -math.log(width) + (width**2 + shift**2) / 2 - 0.5
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x, y = shift + width * rng.normal(size=n), rng.normal(size=n)
        estimate = measures.kl_divergence(x, y)
        assert ("far_apart" in estimate.flags) == flagged
        if flagged:
            assert estimate.nats < 0.85 * truth


def test_rows_that_repeat_are_flagged():
    x, y = NORMAL[:500, 0], NORMAL[500:, 1]
    assert "ties" not in measures.kl_divergence(x, y).flags
    assert "ties" in measures.kl_divergence(np.repeat(x, 3), y).flags
    assert "ties" in measures.kl_divergence(x, np.repeat(y, 4)).flags


def test_divergence_of_labels_has_no_bias_of_few_rows():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    truth = float((p * np.log(p / q)).sum())
    found = [
        measures.kl_divergence(
            rng.choice(list("abc"), 100, p=p), rng.choice(list("abc"), 150, p=q)
        ).nats
        for rng in map(np.random.default_rng, range(400))
    ]
    error = np.std(found, ddof=1) / math.sqrt(len(found))
    assert abs(np.mean(found) - truth) < 4 * error
    assert 4 * error < 0.03  # the plug-in is 0.027 nats too high


# -- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: measures.entropy([1.0, 1.0, 1.0, 1.0, 2.0]), "minus infinity"),
        (lambda: measures.entropy(["a", "b"], correction="q"), "unknown correction 'q'"),
        (lambda: measures.entropy(np.c_[NORMAL, np.ones(2000)]), "column 3 of x is constant"),
        (lambda: measures.entropy(np.c_[NORMAL, NORMAL.sum(axis=1)]), "linear function"),
        (lambda: measures.kl_divergence(pd.DataFrame(NORMAL, columns=list("abc")),
                                        pd.DataFrame(NORMAL, columns=list("acb"))),
         "x has the columns a, b, c and y has a, c, b"),
        (lambda: measures.entropy([1.0, math.nan, 2.0]), "nan in row 1"),
        (lambda: measures.entropy(np.array(["1", "2"])), "or declare them labels$"),
        (lambda: measures.total_correlation({"a": [1, math.nan], "b": [1, 2]}),
         "so leave out a column$"),
        (lambda: measures.normalized_mi(NORMAL[:, 0], NORMAL[:, 1], "knn", normalization="max"),
         "depends on their units"),
        (lambda: measures.normalized_mi(list("abab"), list("abba"), normalization="most"),
         "unknown normalization 'most'"),
        (lambda: measures.total_correlation(NORMAL, [0]), "two or more"),
        (lambda: measures.total_correlation(NORMAL, [0, 0]), "two or more"),
        (lambda: measures.total_correlation(NORMAL, [0, 9]), "unknown column '9'"),
        (lambda: measures.o_information(NORMAL, estimator="knm"), "unknown estimator 'knm'"),
        (lambda: measures.o_information(NORMAL, estimator=lambda x, y: 0.0, columns=[0, "x"]),
         "unknown column 'x'"),
        (lambda: measures.kl_divergence(NORMAL, NORMAL[:, :2]), "x has 3 column(s) and y has 2"),
        (lambda: measures.kl_divergence(NORMAL[:, 0], list("ab")), "different kinds"),
        (lambda: measures.kl_divergence(list("abc"), list("abb")), "such as c"),
        (lambda: measures.kl_divergence(np.zeros(20), NORMAL[:, 0]), "more than 5 times"),
        (lambda: measures.kl_divergence(NORMAL[:, 0], np.ones(20)), "more than"),
        (lambda: measures.kl_divergence(NORMAL[:3, 0], NORMAL[:, 0]), "k=5 needs more rows"),
        (lambda: measures.kl_divergence(NORMAL, NORMAL, k=0), "k is 0"),
    ],
)  # fmt: skip
def test_bad_input(call, words):
    pattern = re.escape(words.removesuffix("$")) + "$" * words.endswith("$")
    with pytest.raises(InputError, match=pattern):
        call()
