"""Comparisons on a Dask cluster: a real scheduler, and workers in real processes."""

import logging
import signal
import sys

import pandas as pd
import psutil
import pytest

import mibench
from mibench.records.store import Store
from mibench.running import backends, dask

from .cluster import Cluster

pytestmark = pytest.mark.slow  # each test waits for processes to start, to connect or to end

MEASURED = ["seconds", "memory"]
GRID = {"tasks": "1v1-normal-0.75,multinormal-dense-5-5-0.5", "samples": [600], "seeds": 10}


def test_a_cluster_returns_the_same_numbers_even_if_a_worker_is_killed(cluster, tmp_path, awkward):
    estimators = ["uniform", "knn", awkward.Slow()]
    alone = mibench.compare(estimators, **GRID)
    progress = []

    def kill_a_worker_midway(done, total):
        progress.append(done)
        if done == 12:
            cluster.workers[0].kill()

    got = mibench.compare(
        estimators, backend="dask", scheduler=cluster.address, store=tmp_path / "r.jsonl",
        on_progress=kill_a_worker_midway, **GRID,
    )  # fmt: skip
    assert cluster.workers[0].wait(timeout=5) == -signal.SIGKILL
    assert progress == list(range(1, 61))
    pd.testing.assert_frame_equal(alone.drop(columns=MEASURED), got.drop(columns=MEASURED))
    assert len(list(Store(tmp_path / "r.jsonl"))) == 60


def test_a_result_that_does_not_arrive_is_waited_for_again(cluster, monkeypatch, awkward):
    """As if a worker died after the estimate: at first its result cannot be had."""
    original, late = dask._result, []

    def lost_at_first(future, *others):
        if future not in late and len(late) < 3:
            late.append(future)
            raise TimeoutError
        return original(future, *others)

    monkeypatch.setattr(dask, "_result", lost_at_first)
    got = mibench.compare([awkward.Slow()], backend="dask", scheduler=cluster.address, **GRID)
    assert len(late) == 3
    assert got["error"].tolist() == [""] * 20


def test_compare_ends_some_time_after_the_last_worker(cluster, tmp_path, monkeypatch, awkward):
    def leave(done, total):
        if done == 5:
            for worker in cluster.workers:
                worker.kill()

    monkeypatch.setattr(dask, "WORKER_SECONDS", 1.0)
    monkeypatch.setattr(dask, "RESULT_SECONDS", 1.0)
    with pytest.raises(mibench.InputError, match="the last worker left the Dask scheduler"):
        mibench.compare(
            [awkward.Slow()], backend="dask", scheduler=cluster.address,
            store=tmp_path / "r.jsonl", on_progress=leave, **GRID,
        )  # fmt: skip
    assert len(list(Store(tmp_path / "r.jsonl"))) >= 5


def test_an_estimator_that_kills_its_workers_is_a_failure(tmp_path, awkward):
    """Three workers die before Dask gives up; the others compute the rest."""
    large = Cluster(tmp_path, workers=5)
    try:
        got = mibench.compare(
            [awkward.Awkward("leave"), "knn"], tasks="1v1-normal-0.75", samples=500, seeds=1,
            backend="dask", scheduler=large.address,
        )  # fmt: skip
    finally:
        large.close()
    assert got["error"][0].startswith("KilledWorker: ")
    assert got["nats"].notna().tolist() == [False, True]


def test_limits_hold_on_a_cluster_too(cluster, awkward):
    got = mibench.compare(
        [awkward.Awkward("spin"), "knn"], tasks="1v1-normal-0.75", samples=500, seeds=2,
        backend="dask", scheduler=cluster.address, time_limit=0.5,
    )  # fmt: skip
    assert got["error"].tolist() == ["TimeLimit: stopped after 0.5 s", ""] * 2
    for worker in cluster.workers:  # the processes that it started end with a worker
        children = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
        worker.wait()
        assert psutil.wait_procs(children, timeout=20)[1] == []


def test_the_command_runs_on_a_cluster_and_continues_elsewhere(cluster, mibench):
    command = ["compare", "-e", "knn", "--seeds", "3", "--samples", "100", "--store", "r.jsonl",
               "--format", "csv"]  # fmt: skip
    on_cluster = mibench(*command, "--backend", "dask", "--scheduler", cluster.address)
    assert on_cluster.returncode == 0, on_cluster.stderr
    cluster.close()
    without_cluster = mibench(*command)
    # Also the same times, so nothing was computed again.
    assert without_cluster.stdout == on_cluster.stdout


def test_results_are_kept_if_the_scheduler_goes_away(cluster, tmp_path, awkward):
    def leave(done, total):
        if done == 5:
            cluster.close()

    with pytest.raises(mibench.InputError, match="went away"):
        mibench.compare(
            [awkward.Slow()], backend="dask", scheduler=cluster.address,
            store=tmp_path / "r.jsonl", on_progress=leave, **GRID,
        )  # fmt: skip
    assert len(list(Store(tmp_path / "r.jsonl"))) >= 5


def test_another_version_on_a_worker_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(backends, "package_version", lambda name: "99")
    with pytest.raises(mibench.InputError, match="install the same version everywhere"):
        mibench.compare("uniform", backend="dask", scheduler=cluster.address, **GRID)


def test_a_missing_scheduler_is_reported(mibench):
    done = mibench("compare", "--backend", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:9'" in done.stderr
    done = mibench("compare", "--backend", "dask", "--scheduler", "nonsense")
    assert done.returncode == 2
    assert (
        "'nonsense' (missing port number" in done.stderr
    )  # the fixture checks that there is no traceback


def test_a_cluster_without_workers_is_reported(tmp_path, monkeypatch):
    empty = Cluster(tmp_path, workers=0)
    warnings = []

    def start_a_worker(text, *values):
        warnings.append(text % values)
        empty.workers.append(empty.worker(0))

    monkeypatch.setattr(logging.getLogger("mibench.running.dask"), "warning", start_a_worker)
    try:
        got = mibench.compare(
            "uniform", tasks="1v1-normal-0.75", samples=100, seeds=1,
            backend="dask", scheduler=empty.address,
        )  # fmt: skip
    finally:
        empty.close()
    assert warnings == [
        f"waiting for workers at {empty.address}: there is none yet. Start some with `dask worker`"
    ]
    assert got["nats"].notna().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--backend", "dask"], "belong together"),
        (["--scheduler", "tcp://127.0.0.1:9"], "belong together"),
        (["--backend", "dask", "--scheduler", "x", "--jobs", "2"], "has its own workers"),
    ],
)
def test_options_that_contradict_each_other_are_refused(mibench, options, message):
    done = mibench("compare", *options)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(mibench.InputError, match=r"pip install 'mibench\[dask\]'"):
        mibench.compare("uniform", backend="dask", scheduler="tcp://127.0.0.1:9", **GRID)
