"""Binning a layer of a network and its label: the work that an information plane repeats."""

import numpy as np
import pytest

from mibench.estimators import Adaptive, Uniform

# Name, estimator of mibench, and the required speed-up over NumPy. For pooled edges both sort all
# 40,960 values at once, which takes more than a third of the time of mibench.
KINDS = {
    "uniform": (Uniform(bins=30, range=(-1, 1)), 30),
    "adaptive": (Adaptive(bins=30), 30),
    "adaptive pooled": (Adaptive(bins=30, pooled=True), 25),
}


def group(kind: str) -> str:
    return f"{kind}, (4096, 10) float32 layer and label, 30 bins"


def layer() -> tuple[np.ndarray, np.ndarray]:
    """A tanh layer of 10 neurons on 4096 inputs, and a label."""
    rng = np.random.default_rng(0)
    inputs, weights = rng.standard_normal((4096, 12)), rng.standard_normal((12, 10))
    return np.tanh(inputs @ weights).astype(np.float32), rng.integers(0, 2, 4096)


def by_numpy(kind: str, t: np.ndarray, y: np.ndarray) -> float:
    """I(T;Y) in a few straightforward lines of NumPy."""
    points = np.linspace(0, 1, 31)
    if kind == "uniform":
        bins = np.digitize(t, 2 * points[1:-1] - 1)
    elif kind == "adaptive":
        columns = [np.digitize(c, np.quantile(np.unique(c), points[1:-1])) for c in t.T]
        bins = np.column_stack(columns)
    else:
        bins = np.digitize(t, np.quantile(np.unique(t), points[1:-1]))

    def entropy(symbols: np.ndarray) -> float:
        p = np.unique(symbols, axis=0, return_counts=True)[1] / len(symbols)
        return float(-(p * np.log(p)).sum())

    return entropy(bins) + entropy(y) - entropy(np.column_stack([bins, y]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", ["mibench", "numpy"])
def test_layer(benchmark, kind, who):
    benchmark.group = group(kind)
    t, y = layer()
    rounds = 200
    if who == "mibench":
        rounds = 2000  # as many seconds as NumPy: other programs disturb both as much

        def work() -> float:
            return KINDS[kind][0].estimate(t, y, discrete_y=True).nats
    else:

        def work() -> float:
            return by_numpy(kind, t, y)

    nats = benchmark.pedantic(work, rounds=rounds, warmup_rounds=5)
    assert nats == pytest.approx(by_numpy(kind, t, y), abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_ratio(check_ratio, kind):
    # An estimate also checks whether its rows are independent, some ten calls of NumPy. On slow
    # processors these take a third of the time, which the short form allows for.
    check_ratio(group(kind), KINDS[kind][1], floor=0.5 * KINDS[kind][1])
