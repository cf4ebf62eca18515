"""`lnc`, `geometric` and the entropies: naive versions, and the direction of their errors."""

import math

import numpy as np
import pytest
from scipy.special import digamma

from mibench import InputError
from mibench.estimators import (
    KNN,
    LNC,
    Geometric,
    geometric_entropy_nats,
    knn_entropy_nats,
    kozachenko_leonenko_nats,
)
from mibench.estimators.neighbours.local_shape import shares_of_uniform_rows
from mibench.estimators.neighbours.sorted_column import side_on_common_scale

from .samples import normal
from .statistics_of_seeds import mean_and_error

# In nats. Sums of some hundred terms in another order, and eigenvectors by another routine.
CLOSE = 1e-9
NORMAL = 0.5 * math.log(2 * math.pi * math.e)


def scaled(side):
    return side_on_common_scale(np.ascontiguousarray(side.T)).columns.T


def neighbours_of(rows, i, k, norm):
    """The vectors from row i to its k nearest other rows."""
    vectors = np.delete(rows - rows[i], i, axis=0)
    return vectors[np.argsort(np.linalg.norm(vectors, ord=norm, axis=1))[:k]]


def naive_lnc(x, y, k):
    x, y = scaled(x), scaled(y)
    rows, total = np.hstack([x, y]), 0.0
    n, dx = len(x), x.shape[1]
    for i in range(n):
        vectors = neighbours_of(rows, i, k, np.inf)
        extents = [np.abs(part).max() for part in (vectors[:, :dx], vectors[:, dx:])]
        for side, extent in zip((x, y), extents, strict=True):
            total -= digamma((np.abs(side - side[i]).max(axis=1) <= extent + 1e-12).sum() - 1)
        for part, sign in ((vectors[:, :dx], 1), (vectors[:, dx:], 1), (vectors, -1)):
            total += sign * naive_term(part, k)
    return digamma(n) + digamma(k) - 1 / k + total / n


def naive_term(vectors, k):
    dims = vectors.shape[1]
    if dims == 1:
        return 0.0
    axes = np.linalg.svd(vectors)[2]  # the principal axes of neighbours about the row
    boxes = [np.prod(np.abs(v).max(axis=0)) for v in (vectors @ axes.T, vectors)]
    share = math.log(boxes[0] / boxes[1])
    rare, usual = shares_of_uniform_rows(k, dims)
    return share - usual if share < rare else 0.0


def naive_geometric_entropy(rows, k):
    n, d = rows.shape
    total = 0.0
    for i in range(n):
        vectors = neighbours_of(rows, i, k, 2)
        e = np.linalg.norm(vectors[-1])
        _, s, axes = np.linalg.svd(np.vstack([vectors, np.zeros(d)]) - vectors.sum(0) / (k + 1))
        semi = e * s / s[0]
        inside = sum(((axes @ v / semi) ** 2).sum() <= 1 + 1e-12 for v in vectors)
        total += np.log(semi).sum() - math.log(max(inside, 1))
    return math.log(n) + math.log(math.pi ** (d / 2) / math.gamma(1 + d / 2)) + total / n


def along_a_line(n, noise, seed):
    rng = np.random.default_rng(seed)
    x = rng.random((n, 1))
    return x, x + noise * rng.random((n, 1))


@pytest.mark.parametrize(("k", "dims"), [(6, (1, 1)), (12, (2, 2)), (9, (1, 2))])
def test_lnc_equals_a_loop_over_rows(k, dims):
    x, y = normal(60, *dims)
    x[:, -1] = x[:, 0] + 1e-2 * x[:, -1]  # a thin side, if it has two columns
    y = np.c_[y[:, :-1], x[:, 0] + 1e-3 * y[:, -1]]
    want = naive_lnc(x, y, k)
    estimate = LNC(k=k).estimate(x, y)
    assert estimate.nats == pytest.approx(want, abs=CLOSE)
    assert estimate.info["corrected_rows"] > 0


@pytest.mark.parametrize("dims", [(1, 1), (2, 1), (1, 3)])
def test_geometric_equals_a_loop_over_rows(dims):
    x, y = normal(60, *dims)
    parts = scaled(x), scaled(y), np.hstack([scaled(x), scaled(y)])
    h_x, h_y, h_xy = (naive_geometric_entropy(part, 15) for part in parts)
    assert Geometric(k=15).estimate(x, y).nats == pytest.approx(h_x + h_y - h_xy, abs=CLOSE)
    assert geometric_entropy_nats(parts[2], 15) == pytest.approx(h_xy, abs=CLOSE)


def test_without_correction_lnc_is_kraskov_2():
    x, y = normal(300, 2, 3)
    plain = KNN(k=10, variant=2).estimate(x, y).nats
    assert LNC(k=10, alpha=0).estimate(x, y).nats == pytest.approx(plain, abs=CLOSE)
    assert LNC(k=10).estimate(x, y).nats == pytest.approx(plain, abs=CLOSE)  # k < 3 * 5
    assert "few_samples" not in LNC(k=6).estimate(x, y).flags
    assert "few_samples" in LNC(k=10).estimate(x[:100], y[:100]).flags


@pytest.mark.parametrize("estimator", [LNC(), Geometric()], ids=repr)
@pytest.mark.parametrize("noise", [1e-2, 1e-4, 1e-8])
def test_strong_dependence_is_found_where_knn_cannot(estimator, noise):
    """Below the MI, -log(noise) nats up to a term of order noise, and within 0.7 nats of it."""
    for seed in range(3):
        estimate = estimator.estimate(*along_a_line(1000, noise, seed))
        assert -0.7 < estimate.nats + math.log(noise) < 0
        assert noise > 1e-3 or "straight_lines" in estimate.flags
        assert "ceiling" not in estimate.flags
    assert KNN().estimate(*along_a_line(1000, 1e-8, 0)).nats < 6


@pytest.mark.parametrize("estimator", [LNC(), Geometric()], ids=repr)
def test_a_copy_is_at_the_ceiling(estimator):
    x = np.random.default_rng(0).normal(size=500)
    assert "ceiling" in estimator.estimate(x, x).flags
    assert "ceiling" in estimator.estimate(101_325 + 100 * x, x).flags


@pytest.mark.parametrize(
    ("estimator", "low", "high"), [(LNC(), -0.01, 0.03), (Geometric(), -0.11, 0.02)], ids=repr
)
@pytest.mark.parametrize("dims", [1, 2])
def test_independent_sides(estimator, low, high, dims):
    nats = [
        estimator.estimate(*np.random.default_rng(seed).normal(size=(2, 200, dims))).nats
        for seed in range(12)
    ]
    mean, error = mean_and_error(nats)
    assert low - 3 * error < mean < high + 3 * error


def test_a_side_that_is_thin_by_itself_adds_little():
    """Without the terms of the sides, thin sides would give several nats."""
    nats = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        sides = [rng.normal(size=(500, 1)) + 1e-3 * rng.normal(size=(500, 2)) for _ in "xy"]
        nats.append(LNC().estimate(*sides).nats)
    assert abs(np.mean(nats)) < 0.12


# -- entropies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dims", [1, 3])
def test_knn_entropies_equal_loops_over_rows(dims):
    rows = normal(80, dims, 1)[0]
    e = [np.linalg.norm(neighbours_of(rows, i, 4, np.inf)[-1], ord=np.inf) for i in range(80)]
    want = digamma(80) - digamma(4) + dims * (math.log(2) + np.log(e).mean())
    assert knn_entropy_nats(rows, 4) == pytest.approx(want, abs=CLOSE)
    e = [np.linalg.norm(neighbours_of(rows, i, 1, 2)[-1]) for i in range(80)]
    ball = {1: 2.0, 3: 4 / 3 * math.pi}[dims]
    want = math.log(79) - digamma(1) + math.log(ball) + dims * np.log(e).mean()
    assert kozachenko_leonenko_nats(rows) == pytest.approx(want, abs=CLOSE)


@pytest.mark.parametrize(
    "entropy", [knn_entropy_nats, kozachenko_leonenko_nats, geometric_entropy_nats]
)
def test_entropies_of_known_distributions_and_units(entropy):
    for dims in (1, 2):
        samples = [np.random.default_rng(s).normal(size=(1000, dims)) for s in range(6)]
        mean, error = mean_and_error([entropy(sample) for sample in samples])
        assert abs(mean - dims * NORMAL) < 0.05 + 4 * error
        shifted = entropy(1e3 * samples[0] + 7)
        assert shifted == pytest.approx(entropy(samples[0]) + dims * math.log(1e3), abs=1e-8)


def test_entropies_refuse_what_has_none():
    copies = np.repeat(np.random.default_rng(0).normal(size=20), 30)
    for entropy in (knn_entropy_nats, kozachenko_leonenko_nats, geometric_entropy_nats):
        with pytest.raises(InputError, match="copies, so the differential entropy is minus inf"):
            entropy(copies)
        with pytest.raises(InputError, match="x holds nan in row 0"):
            entropy([math.nan, 1.0, 2.0])
    with pytest.raises(InputError, match="k=0 is no number of neighbours"):
        knn_entropy_nats([1.0, 2.0], 0)
    with pytest.raises(InputError, match="x has 2 rows: k=3 neighbours need more"):
        knn_entropy_nats([1.0, 2.0])
    for refused in (
        lambda x: geometric_entropy_nats(x, 5),
        lambda x: Geometric(k=5).estimate(x, x),
    ):
        with pytest.raises(InputError, match="k=5 neighbours do not show a shape in"):
            refused(normal(50, 2, 2)[0])
