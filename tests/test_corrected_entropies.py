"""Corrections of the entropy of labels: peers, naive versions, truths, and the MI made of them."""

import itertools
import logging
import math
from collections import Counter
from dataclasses import replace

import infomeasure
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma, gammaln, polygamma

from mibench import InputError
from mibench.estimators import KNN, Adaptive, Uniform, entropy_of_counts_nats
from mibench.estimators.binning.corrected import ENTROPIES

from .statistics_of_seeds import correlated, mean_and_error

PEERS = {
    None: "discrete", "miller-madow": "miller_madow", "grassberger-1988": "grassberger",
    "chao-shen": "chao_shen", "chao-wang-jost": "chao_wang_jost", "shrinkage": "shrink",
}  # fmt: skip


def zipf(n, kinds, seed):
    shares = 1 / np.arange(1, kinds + 1)
    return np.random.default_rng(seed).choice(kinds, n, p=shares / shares.sum())


def counts(labels):
    return np.unique(labels, return_counts=True)[1]


LABELS = {
    "few labels": zipf(500, 5, 0),
    "many labels": zipf(300, 500, 1),
    "nearly all differ": np.r_[0, np.arange(60)],
    "once and thrice": np.r_[np.arange(20), np.repeat([50, 51], 3)],
    "all differ": np.arange(30),
    "none once": np.repeat([1, 2, 3], [2, 5, 40]),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("correction", PEERS)
def test_entropies_equal_those_of_infomeasure(correction, name):
    labels = LABELS[name]
    logging.disable()
    try:
        want = infomeasure.entropy(labels, approach=PEERS[correction], base="e")
    finally:
        logging.disable(logging.NOTSET)
    # Sums of some hundred terms; infomeasure's sum for chao-wang-jost loses some digits.
    assert entropy_of_counts_nats(counts(labels), correction) == pytest.approx(want, abs=1e-10)


def test_grassberger_is_the_recursion_of_his_paper():
    g = [0.0, -np.euler_gamma - math.log(2), 2 - np.euler_gamma - math.log(2)]
    for c in range(3, 60):  # G(2m + 1) = G(2m), and G(2m + 2) = G(2m) + 2 / (2m + 1)
        g.append(g[c - 1] if c % 2 else g[c - 2] + 2 / (c - 1))
    c = np.array([1, 1, 1, 2, 3, 8, 59])
    want = math.log(c.sum()) - sum(v * g[v] for v in c) / c.sum()
    assert entropy_of_counts_nats(c, "grassberger") == pytest.approx(want, abs=1e-12)


def test_jackknife_leaves_out_one_row_at_a_time():
    labels = LABELS["once and thrice"].tolist()
    n = len(labels)

    def plug_in(rows):
        return -sum(c / len(rows) * math.log(c / len(rows)) for c in Counter(rows).values())

    others = np.mean([plug_in(labels[:i] + labels[i + 1 :]) for i in range(n)])
    want = n * plug_in(labels) - (n - 1) * others
    assert entropy_of_counts_nats(counts(labels), "jackknife") == pytest.approx(want, abs=1e-11)


@pytest.mark.parametrize(("name", "kinds"), [("few labels", 5), ("many labels", 2000)])
def test_nsb_is_the_integral_of_its_paper(name, kinds):
    """Equations 4, 5 and 10, by quadrature over log beta in pieces."""
    c = counts(LABELS[name])
    n = c.sum()
    unseen = np.r_[c, np.zeros(kinds - len(c), int)]

    def log_weight(u):
        b = math.exp(u)
        evidence = gammaln(kinds * b) - gammaln(n + kinds * b)
        evidence += (gammaln(unseen + b) - gammaln(b)).sum()
        slope = kinds * polygamma(1, kinds * b + 1) - polygamma(1, b + 1)
        return evidence + math.log(slope) + u

    def entropy(u):
        b = math.exp(u)
        a = n + kinds * b
        return digamma(a + 1) - ((unseen + b) * digamma(unseen + b + 1)).sum() / a

    top = max(map(log_weight, np.linspace(-15, 15, 200)))
    edges = np.linspace(-15, 15, 13)
    below, above = 0.0, 0.0
    for a, b in itertools.pairwise(edges):
        below += quad(lambda u: math.exp(log_weight(u) - top), a, b)[0]
        above += quad(lambda u: math.exp(log_weight(u) - top) * entropy(u), a, b)[0]
    want = above / below
    assert entropy_of_counts_nats(c, "nsb", kinds) == pytest.approx(want, abs=1e-7)


def test_corrections_reduce_the_bias_of_few_rows():
    """100 rows of 40 labels of Zipf's distribution; the plug-in is 0.17 nats too low."""
    shares = 1 / np.arange(1, 41)
    shares /= shares.sum()
    true = -float((shares * np.log(shares)).sum())
    samples = [counts(zipf(100, 40, seed)) for seed in range(60)]
    errors = {
        name: mean_and_error([entropy_of_counts_nats(c, name, 40) - true for c in samples])
        for name in (None, *ENTROPIES)
    }
    plain, error = errors.pop(None)
    assert plain < -0.12 - 4 * error
    for name, (mean, _) in errors.items():
        if name == "shrinkage":  # towards equal shares, which Zipf's are far from: too high
            assert mean > 0
        assert abs(mean) < 0.8 * abs(plain), name


@pytest.mark.parametrize("correction", [None, *ENTROPIES])
def test_many_rows_of_few_labels_need_no_correction(correction):
    c = np.array([30_000, 20_000, 50_000])
    want = -sum(p * math.log(p) for p in (0.3, 0.2, 0.5))
    assert entropy_of_counts_nats(c, correction) == pytest.approx(want, abs=3e-5)
    one_kind = entropy_of_counts_nats([1000], correction)
    assert one_kind == pytest.approx(0, abs=3e-3)
    assert math.isfinite(entropy_of_counts_nats([1], correction))


def test_bad_counts_are_refused():
    for bad in ([0, 0], [1.5], [-1, 2], [[1]], [math.nan], ["a"], []):
        with pytest.raises(InputError, match="counts must be"):
            entropy_of_counts_nats(bad)
    with pytest.raises(InputError, match=r"unknown correction 'nbs': use miller-madow, .*nsb"):
        entropy_of_counts_nats([1], "nbs")
    with pytest.raises(InputError, match="kinds=1, but 2 labels occur"):
        entropy_of_counts_nats([1, 1], "nsb", 1)


# -- the MI ------------------------------------------------------------------------------------


@pytest.mark.parametrize("correction", ENTROPIES)
@pytest.mark.parametrize("estimator", [KNN(), Uniform()], ids=repr)
def test_the_mi_of_labels_is_that_of_three_entropies(estimator, correction):
    x, y = zipf(200, 12, 0), (zipf(200, 12, 0) + zipf(200, 4, 1)) % 9
    both = [counts(x), counts(y), counts(x * 100 + y)]
    kinds = len(both[0]) * len(both[1])
    if correction == "shrinkage":  # of the table of pairs, from which the sides follow
        table = np.histogram2d(x, y, bins=(np.arange(13) - 0.5, np.arange(10) - 0.5))[0] / 200
        table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
        spread = (table * (1 - table)).sum() / 199
        weight = min(1.0, spread / ((table - 1 / table.size) ** 2).sum())
        shrunk = (1 - weight) * table + weight / table.size
        margins = shrunk.sum(axis=1, keepdims=True) * shrunk.sum(axis=0)
        want = float((shrunk * np.log(shrunk / margins)).sum())
    else:
        a, b = (entropy_of_counts_nats(c, correction) for c in both[:2])
        want = a + b - entropy_of_counts_nats(both[2], correction, kinds)
    labels = {"discrete_x": True, "discrete_y": True}
    estimate = replace(estimator, correction=correction).estimate(x, y, **labels)
    assert estimate.nats == pytest.approx(want, abs=1e-10)
    assert estimate.info["correction"] == correction


@pytest.mark.parametrize("kind", [Uniform, Adaptive])
@pytest.mark.parametrize("correction", ENTROPIES)
def test_bins_are_corrected_like_labels(kind, correction):
    """However they are counted: in a table (few bins) or by keys (many)."""
    x, y = correlated(0.6, 300, 0, 2, 1)
    for bins in (3, 12):
        estimator = kind(bins=bins, correction=correction)
        estimate = estimator.estimate(x, y)
        parts = [estimate.info[f"entropy_{side}_nats"] for side in ("x", "y", "xy")]
        assert estimate.nats == pytest.approx(parts[0] + parts[1] - parts[2], abs=1e-12)
        assert parts != [
            replace(estimator, correction=None).estimate(x, y).info[f"entropy_{side}_nats"]
            for side in ("x", "y", "xy")
        ]
        codes = [
            np.digitize(s, np.linspace(s.min(), s.max(), bins + 1)[1:-1]) for s in (*x.T, *y.T)
        ]
        if kind is Uniform:
            as_labels = np.c_[codes[0], codes[1]], codes[2]
            labels = {"discrete_x": True, "discrete_y": True}
            of_labels = estimator.estimate(*as_labels, **labels).nats
            assert estimate.nats == pytest.approx(of_labels, abs=1e-10)


def test_sparse_labels_are_flagged_with_what_corrections_do():
    x, y = np.random.default_rng(0).integers(0, 50, (2, 200))
    labels = {"discrete_x": True, "discrete_y": True}
    said = KNN(correction="nsb").estimate(x, y, **labels).flags["sparse_labels"]
    assert "Correcting each entropy does not help" in said
