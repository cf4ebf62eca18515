"""k-NN between all pairs of ten columns, against ennemi; `peers` has the same of 50 columns."""

import numpy as np
import pytest

from .peers import correlated_columns, knn_of_pairs, pairs_by_ennemi

N, COLUMNS = 10_000, 10
TABLE = f"knn, all pairs of ({N:,}, {COLUMNS})"
WORK = {"mibench": knn_of_pairs, "ennemi": pairs_by_ennemi}


@pytest.mark.parametrize("who", WORK)
@pytest.mark.benchmark(group=TABLE)
def test_all_pairs(benchmark, short, who):
    data = correlated_columns(N, COLUMNS)
    rounds = 1 if short and who == "ennemi" else 3  # 1.8 s each
    mean_nats = benchmark.pedantic(WORK[who], data, rounds=rounds, warmup_rounds=1)
    assert mean_nats == pytest.approx(-0.5 * np.log(1 - 0.5**2), abs=0.02)
    few = data[0][:, :3], data[1]
    assert knn_of_pairs(*few) == pytest.approx(pairs_by_ennemi(*few), abs=1e-5)


def test_ratio(check_ratio):
    check_ratio(TABLE, 8)
