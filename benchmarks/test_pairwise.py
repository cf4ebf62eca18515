"""k-NN between all pairs of columns of a table, against ennemi."""

import numpy as np
import pytest

import mibench

from .conftest import SHORT

N, COLUMNS = 10_000, 10 if SHORT else 50  # ennemi takes half a minute for 50
TABLE = f"knn, all pairs of ({N:,}, {COLUMNS})"
CORRELATION = 0.5
ROUNDS = 3

# In nats, of a pair. Both count rows nearer than a distance, and ennemi rounds that before.
CLOSE = 1e-5


def table():
    """Normal columns, each pair correlated by a half; of unit sd, to which ennemi scales them."""
    rng = np.random.default_rng(0)
    columns = rng.standard_normal((N, 1)) + rng.standard_normal((N, COLUMNS))
    columns -= columns.mean(axis=0)
    return columns / columns.std(axis=0)


@pytest.mark.parametrize("who", ["mibench", "ennemi"])
@pytest.mark.benchmark(group=TABLE)
def test_all_pairs(benchmark, who):
    ennemi = pytest.importorskip("ennemi")
    columns = table()
    work = {
        "mibench": lambda: mibench.pairwise(columns, "knn").nats.to_numpy(),
        "ennemi": lambda: ennemi.pairwise_mi(columns, k=3),  # on all cores, as by default
    }[who]
    found = benchmark.pedantic(work, rounds=ROUNDS, warmup_rounds=int(SHORT or who == "mibench"))
    pairs = found[np.triu_indices(COLUMNS, 1)]
    assert np.abs(pairs + 0.5 * np.log(1 - CORRELATION**2)).max() < 0.05
    few = mibench.pairwise(columns[:, :3], "knn").nats.to_numpy()
    assert np.nanmax(np.abs(found[:3, :3] - few)) < CLOSE


def test_ratio(check_ratio):
    pytest.importorskip("ennemi")
    check_ratio(TABLE, 8)
