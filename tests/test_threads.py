"""Rows shared among threads: results do not depend on the number of threads."""

import os

import numpy as np
import pytest

from mibench.estimators import KDE, KNN, Adaptive, Uniform
from mibench.estimators.shared import threads

from .samples import Data, normal

# All kernels cut 5000 rows into several pieces (of at least 1024 rows, for counts on a line).
MANY = {
    "1+1": Data(*normal(5000)),
    "3+2": Data(*normal(5000, 3, 2)),
    "ties": Data(*(np.round(v, 1) for v in normal(5000))),
    "labels": Data(normal(5000)[0], np.arange(5000) % 3, discrete_y=True),
}
THREADED = [KNN(algorithm="tree"), KNN(algorithm="brute", variant=2), KDE(), Uniform(), Adaptive()]


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("estimator", THREADED, ids=repr)
def test_the_number_of_threads_changes_nothing(estimator, name, monkeypatch):
    data = MANY[name]
    nats = []
    for setting in (None, "1"):
        with monkeypatch.context() as patch:
            patch.delenv("NUMBA_NUM_THREADS", raising=False)
            if setting is not None:
                patch.setenv("NUMBA_NUM_THREADS", setting)
                assert threads.thread_count() == 1
            nats.append(estimator.estimate(data.x, data.y, **data.sides).nats)
    for count in (2, 3, 7):  # also where this machine has fewer cores
        with monkeypatch.context() as patch:
            patch.setattr(threads, "thread_count", lambda count=count: count)
            nats.append(estimator.estimate(data.x, data.y, **data.sides).nats)
    assert nats == [nats[0]] * 5


def test_thread_count_follows_the_environment(monkeypatch):
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    cores = threads.thread_count()
    assert 1 <= cores <= os.cpu_count()
    for text, want in (("1", 1), ("0", 1), ("100000", cores), ("many", cores), ("", cores)):
        monkeypatch.setenv("NUMBA_NUM_THREADS", text)
        assert threads.thread_count() == want


@pytest.mark.parametrize("min_rows", [1, 3, 100])
@pytest.mark.parametrize("n", [1, 2, 17, 1000])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_rows_are_shared_without_gap_or_overlap(n, min_rows, count, monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: count)
    pieces = []
    threads.share_rows(lambda a, b: pieces.append((a, b)), n, min_rows)
    assert sorted(i for a, b in pieces for i in range(a, b)) == list(range(n))
    assert len(pieces) == 1 or min(b - a for a, b in pieces) >= min_rows


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 2)

    def work(start, stop):
        if start > 0:
            raise RuntimeError(f"rows {start} to {stop}")

    with pytest.raises(RuntimeError, match="rows"):
        threads.share_rows(work, 100, 10)
