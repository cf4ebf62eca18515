"""Binning a network's layer against its label: the work that an information plane repeats."""

import numpy as np
import pytest

from mibench.estimators import Adaptive, Uniform

GROUPS = {
    "uniform": "uniform, (4096, 10) float32 layer and label, 30 bins",
    "adaptive": "adaptive, (4096, 10) float32 layer and label, 30 bins, pooled",
}
OURS = {"uniform": Uniform(bins=30, range=(-1, 1)), "adaptive": Adaptive(bins=30, pooled=True)}


def layer() -> tuple[np.ndarray, np.ndarray]:
    """A tanh layer of 10 neurons on 4096 inputs, and a label."""
    rng = np.random.default_rng(0)
    inputs, weights = rng.standard_normal((4096, 12)), rng.standard_normal((12, 10))
    return np.tanh(inputs @ weights).astype(np.float32), rng.integers(0, 2, 4096)


def obvious(kind: str, t: np.ndarray, y: np.ndarray) -> float:
    """I(T;Y) in the few lines of NumPy that come to mind."""
    points = np.linspace(0, 1, 31)
    edges = 2 * points - 1 if kind == "uniform" else np.quantile(np.unique(t), points)
    bins = np.digitize(t, edges[1:-1])

    def entropy(symbols: np.ndarray) -> float:
        p = np.unique(symbols, axis=0, return_counts=True)[1] / len(symbols)
        return float(-(p * np.log(p)).sum())

    return entropy(bins) + entropy(y) - entropy(np.column_stack([bins, y]))


@pytest.mark.parametrize("kind", ["uniform", "adaptive"])
@pytest.mark.parametrize("who", ["mibench", "numpy"])
def test_layer(benchmark, kind, who):
    benchmark.group = GROUPS[kind]
    t, y = layer()
    if who == "mibench":

        def work() -> float:
            return OURS[kind].estimate(t, y, discrete_y=True).nats
    else:

        def work() -> float:
            return obvious(kind, t, y)

    found = benchmark.pedantic(work, rounds=200, warmup_rounds=5)
    assert found == pytest.approx(obvious(kind, t, y), abs=1e-9)


@pytest.mark.parametrize("kind", ["uniform", "adaptive"])
def test_ratio(check_ratio, kind):
    check_ratio(GROUPS[kind], 30)
