"""k-NN against scikit-learn."""

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from mibench.estimators import KNN

N = 100_000
PAIR = f"knn 1+1, n = {N:,}"
LABEL = f"knn 1 + a label, n = {N:,}"


@pytest.mark.parametrize("who", ["mibench", "scikit-learn"])
@pytest.mark.benchmark(group=PAIR)
def test_pair(benchmark, rounds, who):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(N)
    y = 0.6 * x + 0.8 * rng.standard_normal(N)
    work = {
        "mibench": lambda: KNN().estimate(x, y).nats,
        "scikit-learn": lambda: mutual_info_regression(x[:, None], y, n_neighbors=3)[0],
    }[who]
    found = benchmark.pedantic(work, rounds=rounds, warmup_rounds=1)
    assert abs(found + 0.5 * np.log(1 - 0.36)) < 0.02


@pytest.mark.parametrize("who", ["mibench", "scikit-learn"])
@pytest.mark.benchmark(group=LABEL)
def test_label(benchmark, rounds, who):
    rng = np.random.default_rng(0)
    label = rng.integers(3, size=N)
    x = rng.standard_normal(N) + label
    work = {
        "mibench": lambda: KNN().estimate(x, label, discrete_y=True).nats,
        "scikit-learn": lambda: mutual_info_classif(x[:, None], label, n_neighbors=3)[0],
    }[who]
    found = benchmark.pedantic(work, rounds=rounds, warmup_rounds=1)
    # A mixture of three normal laws one apart: h(X) - h(X|label) by quadrature.
    grid = np.linspace(-9, 11, 4001)
    density = np.exp(-((grid[:, None] - np.arange(3)) ** 2) / 2).mean(axis=1) / np.sqrt(2 * np.pi)
    entropy = -(density * np.log(density)).sum() * (grid[1] - grid[0])
    assert abs(found - (entropy - 0.5 * np.log(2 * np.pi * np.e))) < 0.02


def test_ratio(check_ratio):
    check_ratio(PAIR, 8)
    check_ratio(LABEL, 8)
