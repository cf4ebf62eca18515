"""The bottleneck, capacity and rate-distortion against closed forms and exhaustive search."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import xlogy
from scipy.stats import norm

from mibench import bottleneck
from mibench.bottleneck.encoders import settled
from mibench.bottleneck.further import further_values
from mibench.bottleneck.probabilities import information
from mibench.errors import InputError

LOG2 = math.log(2)


def h(p):
    """The entropy of a coin, in nats."""
    return -xlogy(p, p) - xlogy(1 - p, 1 - p)


def random_table(seed, shape=(5, 4)):
    table = np.random.default_rng(seed).exponential(size=shape)
    return table / table.sum()


# --- channels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [0.0, 0.01, 0.2, 0.5])
def test_capacity_of_a_binary_symmetric_channel(error):
    found = bottleneck.capacity([[1 - error, error], [error, 1 - error]])
    assert found.nats == pytest.approx(LOG2 - h(error), abs=1e-8)
    assert found.input == pytest.approx([0.5, 0.5], abs=1e-4)


@pytest.mark.parametrize("erased", [0.1, 0.5])
def test_capacity_of_an_erasure_channel(erased):
    channel = [[1 - erased, erased, 0], [0, erased, 1 - erased]]
    assert bottleneck.capacity(channel).bits == pytest.approx(1 - erased, abs=1e-8)


def test_capacity_of_the_z_channel():
    """log2(1 + (1 - e) e^(e / (1 - e))) bits, which needs an uneven input."""
    e = 0.3
    found = bottleneck.capacity([[1, 0], [e, 1 - e]])
    assert found.bits == pytest.approx(math.log2(1 + (1 - e) * e ** (e / (1 - e))), abs=1e-8)
    assert found.input[0] > 0.5


def test_capacity_is_the_largest_information_and_its_gap_is_a_bound():
    channel = random_table(0, (4, 6))
    channel /= channel.sum(axis=1, keepdims=True)
    found = bottleneck.capacity(channel)
    rough = bottleneck.capacity(channel, iterations=3)
    assert rough.nats <= found.nats <= rough.nats + rough.gap
    for seed in range(50):
        p = np.random.default_rng(seed).dirichlet(np.ones(4))
        assert information(p[:, np.newaxis] * channel) <= found.nats + 1e-9
    assert information(found.input[:, np.newaxis] * channel) == pytest.approx(found.nats)


def test_rate_distortion_of_a_binary_source_with_hamming_distance():
    """R(D) = H(p) - H(D) for D below p, the smaller probability."""
    found = bottleneck.rate_distortion([0.3, 0.7], [[0, 1], [1, 0]], np.geomspace(0.9, 8, 20))
    assert (found.distortion < 0.3).all()
    np.testing.assert_allclose(found.nats, h(0.3) - h(found.distortion), atol=1e-8)
    np.testing.assert_allclose(found.distortion, 1 / (1 + np.exp(found.slopes)), atol=1e-6)
    assert (found.gaps <= 1e-9).all()


def test_rate_distortion_without_distortion_and_without_rate():
    p = np.array([0.5, 0.3, 0.2])
    found = bottleneck.rate_distortion(p, 1 - np.eye(3), [0.3, 40.0])
    assert found.nats[0] == pytest.approx(0, abs=1e-6)
    assert found.distortion[0] == pytest.approx(0.5, abs=1e-6)  # the most frequent value, always
    assert found.nats[1] == pytest.approx(-(p * np.log(p)).sum(), abs=1e-6)


# --- the curve -----------------------------------------------------------------------------------


def test_curve_of_a_symmetric_pair_of_bits():
    """Mrs. Gerber's lemma: I(T;Y) = log 2 - h(a * e), where log 2 - h(a) = I(X;T).

    a * e = a (1 - e) + e (1 - a). Wyner & Ziv 1973, doi:10.1109/TIT.1973.1055107.
    """
    e = 0.1
    curve = bottleneck.information_bottleneck([[0.45, 0.05], [0.05, 0.45]])
    some = curve.i_xt > 1e-4
    assert some.sum() > 20
    for i_xt, i_ty in zip(curve.i_xt[some], curve.i_ty[some], strict=True):
        a = brentq(lambda p, i=i_xt: LOG2 - h(p) - i, 0, 0.5)
        assert i_ty == pytest.approx(LOG2 - h(a * (1 - e) + e * (1 - a)), abs=1e-6)
    assert (curve.i_xt[curve.betas < 1 / (1 - 2 * e) ** 2 - 0.01] < 1e-4).all()


def test_curve_of_a_normal_pair():
    """A table of cells of 0.25 standard deviations against the closed form for normal pairs."""
    edges = np.r_[-np.inf, np.arange(-3, 3.01, 0.25), np.inf]
    r = 0.8
    grid = np.linspace(-5, 5, 2001)
    weight = norm.pdf(grid) / norm.pdf(grid).sum()
    given = np.diff(norm.cdf((edges - r * grid[:, np.newaxis]) / math.sqrt(1 - r * r)), axis=1)
    joint = np.array([
        (weight[:, np.newaxis] * given)[(grid >= a) & (grid < b)].sum(axis=0)
        for a, b in itertools.pairwise(edges)
    ])  # fmt: skip
    betas = np.array([5.0, 3.0, 2.0])
    found = bottleneck.information_bottleneck(joint / joint.sum(), betas)
    closed = bottleneck.gaussian_bottleneck([[1, r], [r, 1]], 1, betas)
    # The cells lose 1% of the information.
    np.testing.assert_allclose(found.i_ty, closed.i_ty, atol=0.012)
    np.testing.assert_allclose(found.i_xt, closed.i_xt, atol=0.06)


def test_the_normal_curve_is_that_of_its_canonical_pairs():
    """The sum over pairs, and the derivative dI(T;Y) / dI(X;T) = 1 / beta."""
    covariance = np.eye(5)
    covariance[0, 3] = covariance[3, 0] = 0.9
    covariance[1, 4] = covariance[4, 1] = 0.5
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turned = np.block([[rotation, np.zeros((3, 2))], [np.zeros((2, 3)), np.eye(2)]])
    betas = np.array([1.1, 2.0, 2.001, 10.0, 1e8])
    curve = bottleneck.gaussian_bottleneck(turned @ covariance @ turned.T, 3, betas)
    alone = [bottleneck.gaussian_bottleneck([[1, r], [r, 1]], 1, betas) for r in (0.9, 0.5)]
    np.testing.assert_allclose(curve.i_xt, sum(c.i_xt for c in alone), atol=1e-9)
    np.testing.assert_allclose(curve.correlations, [0.9, 0.5])
    assert curve.i_xt[0] == 0
    slope = (curve.i_ty[2] - curve.i_ty[1]) / (curve.i_xt[2] - curve.i_xt[1])
    assert slope == pytest.approx(1 / 2.0005, rel=1e-3)
    assert curve.i_ty[-1] == pytest.approx(-0.5 * math.log(0.19 * 0.75), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_curve_rises_is_concave_and_keeps_its_bounds(seed):
    joint = random_table(seed)
    curve = bottleneck.information_bottleneck(joint)
    assert (np.diff(curve.i_xt) <= 1e-7).all()  # beta falls
    assert (np.diff(curve.i_ty) <= 1e-7).all()
    assert (curve.i_ty <= curve.limit(curve.i_xt) + 1e-9).all()
    assert curve.i_ty[0] == pytest.approx(information(joint), abs=2e-3)
    assert curve.i_xy == pytest.approx(information(joint))
    # Each point lies on the hull of all, and the slope there is 1 / beta.
    np.testing.assert_allclose(curve.at(curve.i_xt), curve.i_ty, atol=1e-6)
    lagrangian = curve.i_xt - curve.betas[:, np.newaxis] * curve.i_ty
    assert (np.diag(lagrangian) <= lagrangian.min(axis=1) + 1e-7).all()


def test_the_order_of_values_plays_no_part_and_equal_ones_are_one():
    joint = random_table(7)
    order = np.random.default_rng(0).permutation(5)
    betas = [2.0, 5.0, 20.0]
    plain = bottleneck.information_bottleneck(joint, betas)
    turned = bottleneck.information_bottleneck(joint[order], betas)
    np.testing.assert_allclose(plain.i_ty, turned.i_ty, atol=1e-8)
    split = np.r_[joint, joint[:1] / 4]
    split[0] *= 0.75
    again = bottleneck.information_bottleneck(split, betas)
    np.testing.assert_allclose(plain.i_xt, again.i_xt, atol=1e-8)
    assert again.encoders.shape == (3, 6, 5)
    np.testing.assert_allclose(again.encoders[:, 0], again.encoders[:, 5])


def test_if_x_determines_y_the_curve_is_the_limit():
    """Kolchinsky et al. 2019: I(T;Y) = I(X;T) up to H(Y), where the curve ends."""
    joint = np.zeros((6, 3))
    joint[np.arange(6), [0, 0, 1, 1, 2, 2]] = 1 / 6
    curve = bottleneck.information_bottleneck(joint)
    np.testing.assert_allclose(curve.i_ty, curve.i_xt, atol=1e-9)
    assert curve.i_xt.max() == pytest.approx(math.log(3))
    assert curve.limit(10) == pytest.approx(curve.h_y)
    assert curve.at(0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("beta", [1.5, 4.0, 30.0])
def test_hard_encoders_are_functions_and_as_good_as_the_best_of_all(beta):
    """Against all 52 partitions of five values."""
    joint = random_table(3)
    hard = bottleneck.information_bottleneck(joint, [beta], method="hard")
    assert set(np.unique(hard.encoders)) <= {0.0, 1.0}

    def value(encoder):
        joined = encoder.T @ joint
        p = joined.sum(axis=1)
        return -xlogy(p, p).sum() - beta * information(joined)

    best = min(value(np.eye(5)[list(labels)]) for labels in itertools.product(range(5), repeat=5))
    assert value(hard.encoders[0]) == pytest.approx(best, abs=1e-9)


def lagrangian(curve):
    return curve.i_xt - curve.betas * curve.i_ty


@pytest.mark.parametrize("seed", range(3))
def test_no_encoder_is_better_by_more_than_the_gap(seed):
    """The gap says what a search that has not ended may still gain, and is small where it has."""
    joint, betas = random_table(seed, (8, 4)), [20.0, 8.0, 5.0, 3.0]
    found = bottleneck.information_bottleneck(joint, betas)
    rough = bottleneck.information_bottleneck(joint, betas, iterations=6)
    assert (found.gaps <= 1e-5).all()
    assert (rough.gaps > 1e-9).any()
    assert (lagrangian(found) <= lagrangian(rough) + 1e-12).all()
    assert (lagrangian(rough) - 2 * rough.gaps <= lagrangian(found) + 1e-12).all()
    rng = np.random.default_rng(seed)
    p_x = joint.sum(axis=1, keepdims=True)
    for _ in range(200):
        encoder = rng.dirichlet(np.full(8, 0.1), 8)
        value = information(p_x * encoder) - found.betas * information(encoder.T @ joint)
        assert (value >= lagrangian(found) - found.gaps).all()


def test_a_value_of_t_that_the_first_search_loses_is_found_again():
    """From T = X alone, the search for this table ends above the minimum."""
    joint, beta = random_table(41, (10, 5)), np.array([4.0])
    start = settled(joint, np.eye(10)[np.newaxis], beta, 5000)
    found = bottleneck.information_bottleneck(joint, beta)
    alone = information(joint.sum(axis=1, keepdims=True) * start[0])
    alone -= beta * information(start[0].T @ joint)
    assert found.gaps[0] <= 1e-5 < further_values(joint, start, beta)[0][0]
    assert lagrangian(found) < alone - 1e-6


def test_slow_searches_end_near_the_optimum():
    """Where plain steps creep: at beta = 2.5 they take 20,000 for 1e-6 nats."""
    places = np.arange(12)
    joint = np.exp(-np.abs(np.subtract.outer(places, places)))
    joint /= joint.sum()
    few = bottleneck.information_bottleneck(joint, [2.5])
    assert few.gaps[0] <= 1e-5
    assert lagrangian(few)[0] == pytest.approx(-0.7398982, abs=2e-7)
    channel = np.random.default_rng(0).dirichlet(np.ones(8), 16)
    assert bottleneck.capacity(channel, iterations=600).gap <= 1e-9


@pytest.mark.parametrize("beta", [3.0, 20.0])
def test_no_single_value_of_x_moves_to_a_better_cluster(beta):
    joint = random_table(2, (12, 6))
    hard = bottleneck.information_bottleneck(joint, [beta], method="hard").encoders[0]

    def value(encoder):
        p = encoder.T @ joint
        return -xlogy(p.sum(axis=1), p.sum(axis=1)).sum() - beta * information(p)

    for x, cluster in itertools.product(range(12), repeat=2):
        moved = hard.copy()
        moved[x] = np.eye(12)[cluster]
        assert value(moved) >= value(hard) - 1e-10


def test_more_clusters_are_never_worse():
    joint, betas = random_table(6, (10, 6)), [15.0, 6.0, 3.0]
    values = [lagrangian(bottleneck.information_bottleneck(joint, betas, clusters=k))
              for k in (1, 2, 3, 4, 10)]  # fmt: skip
    assert values[0] == pytest.approx(0, abs=1e-12)
    assert (np.diff(values, axis=0) <= 1e-9).all()
    assert (values[2] < values[1] - 1e-3).any()


def test_few_clusters():
    joint = random_table(4, (8, 3))
    curve = bottleneck.information_bottleneck(joint, clusters=2)
    assert curve.encoders.shape[2] == 2
    assert (curve.clusters <= 2).all()
    assert (curve.i_xt <= LOG2 + 1e-9).all()
    whole = bottleneck.information_bottleneck(joint)
    assert (curve.i_ty <= whole.at(curve.i_xt) + 1e-3).all()  # chords between 40 points


# --- merges --------------------------------------------------------------------------------------


def test_the_first_merge_loses_least_of_all_pairs():
    joint = random_table(5)
    merges = bottleneck.agglomerative(joint)

    def left(pair):
        labels = np.arange(5)
        labels[pair[1]] = pair[0]
        return information(np.eye(5)[labels].T @ joint)

    assert merges.i_ty[1] == pytest.approx(max(map(left, itertools.combinations(range(5), 2))))


@pytest.mark.parametrize("seed", range(3))
def test_merges_go_from_all_to_nothing(seed):
    joint = random_table(seed, (7, 3))
    merges = bottleneck.agglomerative(joint)
    assert merges.clusters.tolist() == [7, 6, 5, 4, 3, 2, 1]
    assert [len(np.unique(labels)) for labels in merges.labels] == merges.clusters.tolist()
    assert merges.i_ty[0] == pytest.approx(information(joint))
    assert merges.i_xt[-1] == pytest.approx(0, abs=1e-12)
    assert merges.i_ty[-1] == pytest.approx(0, abs=1e-12)
    assert (np.diff(merges.i_ty) <= 1e-12).all()
    for place in range(6):
        finer, coarser = merges.labels[place : place + 2]
        assert len({*zip(finer.tolist(), coarser.tolist(), strict=True)}) == len(np.unique(finer))


def test_merges_lie_below_the_curve():
    joint = random_table(0, (6, 3))
    merges = bottleneck.agglomerative(joint)
    curve = bottleneck.information_bottleneck(joint)
    assert (merges.i_ty <= curve.at(merges.i_xt) + 1e-3).all()


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: bottleneck.capacity([[0.5, 0.4], [0.5, 0.5]]), "row 0 of channel sums to 0.9"),
        (lambda: bottleneck.capacity([0.5, 0.5]), "shape"),
        (lambda: bottleneck.capacity([["a", "b"]]), "numbers"),
        (lambda: bottleneck.rate_distortion([0.5, 0.6], np.eye(2)), "sums to 1.1"),
        (lambda: bottleneck.rate_distortion([0.5, 0.5], np.eye(3)), "2 inputs"),
        (lambda: bottleneck.rate_distortion([0.5, 0.5], np.eye(2), [0.0]), "above 0"),
        (lambda: bottleneck.information_bottleneck([[0.5, -0.5], [0.5, 0.5]]), "-0.5"),
        (lambda: bottleneck.information_bottleneck([[0.5, np.nan], [0.5, 0]]), "nan"),
        (lambda: bottleneck.information_bottleneck(np.eye(2) / 2, []), "betas"),
        (lambda: bottleneck.information_bottleneck(np.eye(2) / 2, method="x"), "soft or hard"),
        (lambda: bottleneck.information_bottleneck(np.eye(2) / 2, method=np.eye(2)), "soft or"),
        (lambda: bottleneck.information_bottleneck(np.eye(2) / 2, clusters=0), "clusters is 0"),
        (lambda: bottleneck.agglomerative([[1.0, 2.0]]), "sums to 3"),
        (lambda: bottleneck.gaussian_bottleneck(np.ones((2, 2)), 1, [2.0]), "positive definite"),
        (lambda: bottleneck.gaussian_bottleneck(np.eye(2), 2, [2.0]), "dim_x is 2"),
        (lambda: bottleneck.gaussian_bottleneck(np.eye(2), 1.0, [2.0]), "1.0: give a whole"),
        (lambda: bottleneck.gaussian_bottleneck(1.0, 1, [2.0]), r"shape \(\)"),
        (lambda: bottleneck.gaussian_bottleneck([[1, np.nan], [np.nan, 1]], 1, [2.0]), "nan"),
        (lambda: bottleneck.gaussian_bottleneck(np.eye(2), 1, 2.0), "betas are 2.0"),
        (lambda: bottleneck.gaussian_bottleneck(np.eye(2), 1, [-2.0]), "above 0"),
        (lambda: bottleneck.gaussian_bottleneck(np.eye(2), 1, [np.inf]), "inf"),
        (
            lambda: bottleneck.gaussian_bottleneck([[1e-12, 8e-13], [1e-13, 1e-12]], 1, [2.0]),
            "row 0, column 1 holds 8e-13, and row 1, column 0 1e-13",
        ),
        (lambda: bottleneck.capacity(np.eye(2), iterations=0), "iterations is 0"),
        (lambda: bottleneck.capacity(np.eye(2), iterations="3"), "iterations is '3'"),
        (lambda: bottleneck.capacity(np.eye(2), gap=np.nan), "gap is nan"),
        (lambda: bottleneck.capacity(np.eye(2) + 0j), "numbers"),
        (lambda: bottleneck.capacity(np.ma.array(np.eye(2), mask=np.eye(2))), "mask"),
        (lambda: bottleneck.rate_distortion([0.5, 0.5], [["a"], ["b"]]), "distortion holds"),
        (lambda: bottleneck.rate_distortion([0.5, 0.5], [[np.nan, 1], [1, 0]]), "holds nan"),
        (lambda: bottleneck.rate_distortion([0.5, 0.5], np.zeros((2, 0))), r"\(2, 0\)"),
        (lambda: bottleneck.rate_distortion([0.5, 0.5], np.eye(2) * 1e308), "smaller"),
        (lambda: bottleneck.rate_distortion([0.5, 0.5], np.eye(2), ["a"]), "slopes holds"),
        (lambda: bottleneck.information_bottleneck(np.eye(2) / 2, clusters=1.5), "1.5"),
        (lambda: bottleneck.information_bottleneck(np.eye(2) / 2, iterations=0), "is 0"),
    ],
)
def test_mistakes_are_named(call, part):
    with pytest.raises(InputError, match=part):
        call()
