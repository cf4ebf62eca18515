"""`edge`: a naive version, what its weights cancel, and when it is flagged."""

import math
from collections import Counter

import numpy as np
import pytest

from mibench import get_task
from mibench.estimators import KNN, Edge
from mibench.estimators.edge import FACTORS, OFFSET, weights_without_bias
from mibench.estimators.neighbours.sorted_column import side_on_common_scale

from .samples import normal
from .statistics_of_seeds import correlated, mean_and_error, true_nats


def scaled(side):
    return side_on_common_scale(np.ascontiguousarray(side.T)).columns.T


def naive(x, y, bandwidth, dims, cap=math.inf, labels=None):
    """The plug-in of each width, by counting tuples; labels in place of the cells of y."""
    n, results = len(x), []
    for t in FACTORS:
        width = bandwidth * n ** (-1 / (2 * dims)) * t
        a, b = (
            [tuple(row) for row in np.floor((v - (v.min(axis=0) - OFFSET * width)) / width)]
            for v in (x, y)
        )
        b = b if labels is None else labels
        of_a, of_b, both = Counter(a), Counter(b), Counter(zip(a, b, strict=True))
        terms = (
            count / n * min(math.log(n * count / (of_a[i] * of_b[j])), cap)
            for (i, j), count in both.items()
        )
        results.append(math.fsum(terms))
    return np.array(results)


@pytest.mark.parametrize(("dx", "dy"), [(1, 1), (2, 1), (5, 5)])
@pytest.mark.parametrize("cap", [None, 0.7])
def test_it_equals_counting_tuples(dx, dy, cap):
    x, y = normal(300, dx, dy)
    want = naive(scaled(x), scaled(y), 2.0, dx + dy, cap or math.inf)
    for ensemble, combined in (
        ("weights", weights_without_bias(dx + dy) @ want),
        ("median", np.median(want)),
    ):
        estimate = Edge(ensemble=ensemble, cap=cap).estimate(x, y)
        assert estimate.nats == pytest.approx(combined, abs=1e-9)
        assert estimate.info["nats_of_widths"] == pytest.approx(want, abs=2e-6)


def test_labels_are_cells():
    x, labels = normal(300, 2, 1)[0], np.arange(300) * 7 % 5
    want = weights_without_bias(2) @ naive(scaled(x), x, 2.0, 2, labels=labels.tolist())
    assert Edge().estimate(x, labels, discrete_y=True).nats == pytest.approx(want, abs=1e-9)
    both = {"discrete_x": True, "discrete_y": True}
    of_knn = KNN().estimate(labels, labels // 2, **both).nats
    assert Edge().estimate(labels, labels // 2, **both).nats == of_knn


@pytest.mark.parametrize("dims", [1, 2, 6])
def test_the_weights_cancel_what_they_should(dims):
    weights = weights_without_bias(dims)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    for power in (2, -dims):
        assert weights @ FACTORS**power == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.75])
def test_the_weights_leave_less_bias_than_the_median(rho):
    errors = {
        name: mean_and_error(
            [
                Edge(ensemble=name).estimate(*correlated(rho, 1000, seed)).nats - true_nats(rho)
                for seed in range(20)
            ]
        )
        for name in ("weights", "median")
    }
    assert abs(errors["weights"][0]) < 0.02 + 3 * errors["weights"][1]
    if rho == 0:
        assert errors["median"][0] > 0.03


def test_many_dimensions_are_too_high_and_flagged():
    x, y = get_task("multinormal-dense-5-5-0.5").sample(1000, 0)  # the truth: 0.593 nats
    estimate = Edge().estimate(x, y)
    assert estimate.nats > 1
    assert "more_bins_than_samples" in estimate.flags


def test_the_cap_bounds_the_estimate_and_says_so():
    """Silently, U of the paper's program would turn 0.41 nats into at most U."""
    x, y = correlated(0.75, 1000, 0)
    free, capped = Edge(), Edge(cap=0.3)
    assert "capped" not in free.estimate(x, y).flags
    estimate = capped.estimate(x, y)
    assert "capped" in estimate.flags
    assert estimate.nats < free.estimate(x, y).nats
    assert Edge(ensemble="median", cap=0.3).estimate(x, x).nats <= 0.3
    assert Edge(cap=50.0).estimate(x, y).nats == pytest.approx(free.estimate(x, y).nats, abs=1e-12)


def test_narrow_relations_are_flagged():
    rng = np.random.default_rng(0)
    x = rng.random(1000)
    estimate = Edge().estimate(x, x + 0.01 * rng.random(1000))  # the truth: 4.6 nats
    assert estimate.nats < 2.5
    assert {"ceiling", "bandwidth"} <= estimate.flags.keys()


def test_far_outliers_do_not_make_too_many_cells():
    x, y = correlated(0.75, 500, 0)
    x[0] = 1e30
    assert 0.2 < Edge().estimate(x, y).nats < 0.7
