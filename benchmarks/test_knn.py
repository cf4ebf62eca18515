"""k-NN against scikit-learn."""

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_regression

from mibench.estimators import KNN

GROUP = "knn 1+1, n = 100,000"


@pytest.mark.parametrize("who", ["mibench", "scikit-learn"])
@pytest.mark.benchmark(group=GROUP)
def test_pair(benchmark, rounds, who):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(100_000)
    y = 0.6 * x + 0.8 * rng.standard_normal(100_000)
    work = {
        "mibench": lambda: KNN().estimate(x, y).nats,
        "scikit-learn": lambda: mutual_info_regression(x[:, None], y, n_neighbors=3)[0],
    }[who]
    found = benchmark.pedantic(work, rounds=rounds, warmup_rounds=1)
    assert abs(found + 0.5 * np.log(1 - 0.36)) < 0.02


def test_ratio(check_ratio):
    check_ratio(GROUP, 4)
