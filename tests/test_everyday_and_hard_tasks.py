"""What the tasks of `everyday` and `hard` state beside their MI: margins, memory, copies."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import mibench
from mibench.tasks import counts, functions, obscured
from mibench.types import Task

from . import everyday_recomputed, hard_recomputed

N = 20_000
LEAST = 1e-6  # of p values: about 4.9 standard deviations


def sample(name: str, n: int = N) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return mibench.get_task(name).sample(n, seed=1)


# --- everyday ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*everyday_recomputed.COUNTS, "binary-3-3-0.1"])
def test_counts_fill_their_joint_table(name: str) -> None:
    x, y = (side.astype(int) for side in sample(name))
    if name in everyday_recomputed.BITS:
        table = everyday_recomputed.bit_table(3)
        x, y = (side @ [[4], [2], [1]] for side in (x, y))
    else:
        table = everyday_recomputed.count_table(name)
    observed, expected = np.zeros(table.shape), N * table
    np.add.at(observed, (x[:, 0], y[:, 0]), 1)
    frequent = expected >= 5  # as chi-square requires; all others are one class
    pairs = [np.append(t[frequent], t[~frequent].sum()) for t in (observed, expected)]
    used = slice(None) if pairs[1][-1] > 0 else slice(-1)
    assert stats.chisquare(pairs[0][used], pairs[1][used]).pvalue > LEAST


def test_a_count_s_table_is_complete() -> None:
    # A table that leaves out a share e of the rows would be off by about e log(1/e).
    for mean in (2, 18, 58):
        assert counts.poisson(mean, int(60 + 15 * 60**0.5)).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", everyday_recomputed.CLUSTERS)
def test_clusters_show_their_label_in_each_column(name: str) -> None:
    weights, _ = everyday_recomputed.CLUSTERS[name]
    distance = float(name.split("-")[4])
    for side in sample(name):
        place = np.round(side / distance)  # 5 standard deviations of the noise to the next one
        assert stats.kstest((side - distance * place).ravel(), stats.norm.cdf).pvalue > LEAST
        _, count = np.unique(place, axis=0, return_counts=True)
        shares = np.sort(count[count > N / 1000]) / N  # without rows rounded to a wrong place
        assert shares == pytest.approx(np.sort(weights), abs=5 * 0.5 / N**0.5)


@pytest.mark.parametrize("name", [*everyday_recomputed.ANGLES, *everyday_recomputed.SPHERES])
def test_directions_have_length_one_and_are_uniform(name: str) -> None:
    for side in sample(name):
        np.testing.assert_allclose(np.linalg.norm(side, axis=1), 1, atol=1e-12)
        if side.shape[1] == 2:
            turn = np.arctan2(side[:, 1], side[:, 0])
            assert stats.kstest(turn, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > LEAST
        else:  # each coordinate of a uniform point on the sphere is uniform (Archimedes)
            for column in side.T:
                assert stats.kstest(column, stats.uniform(-1, 2).cdf).pvalue > LEAST


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("censored-0.8-0.8", 0.8),
        ("censored-0.95-0.9", 0.95),
        ("shared_zeros-3-3-0.5-0.6", 0.5),
        ("shared_zero_rows-3-3-0.5-0.6", 0.5),
        ("zero_inflated-1-1-0.8-independent", 0.8),
        ("zero_inflated-5-5-0.8-independent", 0.8),
    ],
)
def test_zeros_have_their_share(name: str, share: float) -> None:
    for side in sample(name):
        sd = np.sqrt(share * (1 - share) / N)
        assert (np.abs((side == 0).mean(axis=0) - share) < 5 * sd).all()


def test_rows_of_zeros_are_whole_and_single_zeros_are_not() -> None:
    for name, whole in (
        ("shared_zero_rows-3-3-0.5-0.6", True),
        ("shared_zeros-3-3-0.5-0.6", False),
    ):
        zero = sample(name)[0] == 0
        assert (zero.any(axis=1) == zero.all(axis=1)).all() == whole


def test_independent_columns_of_zeros_and_labels_are_independent() -> None:
    x, y = sample("zero_inflated-1-1-0.8-independent")
    table = np.histogram2d(x[:, 0] > 0, y[:, 0] > 0, bins=2)[0]
    assert stats.chi2_contingency(table).pvalue > LEAST
    for kx, ky in ((26, 26), (26, 100), (100, 100)):
        x, y = sample(f"labels-{kx}-{ky}-independent", n=200_000)
        observed = np.histogram2d(x[:, 0], y[:, 0], bins=(range(kx + 1), range(ky + 1)))[0]
        assert stats.chisquare(observed.ravel()).pvalue > LEAST


@pytest.mark.parametrize("name", everyday_recomputed.ROUNDED)
def test_rounded_values_are_multiples(name: str) -> None:
    multiples = np.concatenate(sample(name)) / everyday_recomputed.ROUNDED[name]
    np.testing.assert_array_equal(multiples, np.round(multiples))


@pytest.mark.parametrize(
    ("name", "memory", "first"),
    [
        ("ar1-1-1-0.99", 0.99, 0),
        ("ar1-5-5-0.9", 0.9, 0),
        ("random_walks-1-1", 1.0, 0),
        ("random_walks-3-3", 1.0, 0),
        ("normal-0.9-beside-ar1-10-10-0.99", 0.99, 1),
    ],
)
def test_steps_of_a_series_are_independent_normals(name: str, memory: float, first: int) -> None:
    columns = np.hstack([side[:, first:] for side in sample(name)])
    scale = 1.0 if memory == 1 else np.sqrt(1 - memory**2)
    steps = (columns[1:] - memory * columns[:-1]) / scale
    for column in steps.T:
        assert stats.kstest(column, stats.norm.cdf).pvalue > LEAST
    # Covariances now and with the step before, within 5 standard errors.
    error = 5 * np.sqrt((1 + np.eye(columns.shape[1])) / N)
    assert (np.abs(steps.T @ steps / N - np.eye(columns.shape[1])) < error).all()
    assert (np.abs(steps[1:].T @ steps[:-1] / N) < 5 / np.sqrt(N)).all()


def test_a_stationary_series_has_unit_variance_from_its_first_row_on() -> None:
    task = mibench.get_task("ar1-5-5-0.9")
    first = np.array([np.hstack(task.sample(3, seed)) for seed in range(400)])  # (400, 3, 10)
    # The variance of 4000 standard normals has a standard error of sqrt(2 / 4000).
    assert np.abs(first.var(axis=(0, 2)) - 1).max() < 5 * np.sqrt(2 / 4000)


@pytest.mark.parametrize("dim", [1, 5])
def test_doubled_rows_appear_twice_and_bootstrapped_ones_as_poisson_says(dim: int) -> None:
    both = np.hstack(sample(f"rows_doubled-{dim}-{dim}"))
    distinct, count = np.unique(both, axis=0, return_counts=True)
    assert (count == 2).all()
    assert (np.abs(np.corrcoef(distinct.T) - np.eye(2 * dim)) < 5 / np.sqrt(N / 2)).all()
    both = np.hstack(sample(f"bootstrap-{dim}-{dim}"))
    distinct = np.unique(both, axis=0)
    # A row is missing with probability 1/e; the count of distinct rows has variance 0.097 n.
    assert abs(len(distinct) - (1 - np.exp(-1)) * N) < 5 * np.sqrt(0.097 * N)
    assert (np.abs(np.corrcoef(distinct.T) - np.eye(2 * dim)) < 5 / np.sqrt(N / 2)).all()


def test_a_rare_class_is_repeated_until_it_is_half_of_the_rows() -> None:
    x, y = sample("oversampled-5-9", n=3600)
    assert y.mean() == 0.5
    for label, rows, times in ((0, 1800, 1), (1, 200, 9)):
        distinct, count = np.unique(x[y[:, 0] == label], axis=0, return_counts=True)
        assert len(distinct) == rows
        assert (count == times).all()
        for column in distinct.T:
            assert stats.kstest(column, stats.norm.cdf).pvalue > LEAST


# --- hard --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in hard_recomputed.FUNCTIONS if "friedman" not in n])
def test_constants_are_the_entropy_of_a_mixture_of_normals(name: str) -> None:
    nats = mibench.get_task(name).mi_nats
    assert hard_recomputed.mixture_information(name, step=0.2) == pytest.approx(nats, abs=1e-11)


# The columns of the others are mixtures: the test of the mean log density ratio unmixes them.
UNMIXED = [
    task
    for task in [*functions.tasks(), *obscured.tasks()]
    if not task.name.startswith(("mixed-", "classes-"))
]


@pytest.mark.parametrize("task", UNMIXED, ids=lambda t: t.name)
def test_columns_of_x_are_standard_normal_or_uniform(task: Task) -> None:
    x, _ = task.sample(N, seed=3)
    uniform = task.name.startswith(("friedman-", "sum_modulo-"))
    for column in x.T:
        assert stats.kstest(column, "uniform" if uniform else "norm").pvalue > LEAST
    of_columns = np.corrcoef(x.T) - np.eye(x.shape[1])
    assert (np.abs(of_columns) < 5.5 / np.sqrt(N)).all()


def test_mixing_has_no_direction_of_small_variance() -> None:
    for seed in (7, 9):
        assert np.linalg.cond(obscured.mixing_matrix(5, seed)) < 11
