"""All pairs of the columns of a table on a Dask cluster: `test_cluster.py` starts it."""

import signal

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench.estimators.binning import all_pairs
from mibench.running import dask

from .cluster import Cluster
from .test_wide_pairs import all_kinds

pytestmark = pytest.mark.slow  # each test waits for processes to start, to connect or to end


def test_pairs_on_a_cluster_are_the_same_even_if_a_worker_is_killed(cluster, tmp_path, monkeypatch):
    """By blocks, and one by one."""
    monkeypatch.setattr(all_pairs, "ROWS_OF_BLOCK", 2)
    table, _ = all_kinds()
    where = {"backend": "dask", "scheduler": cluster.address, "store": tmp_path / "p.jsonl"}
    steps, killed = [], []

    def kill_a_worker_midway(done, total):
        steps.append((done, total))
        if done > 30 and not killed:
            killed.append(True)
            cluster.workers[0].kill()

    for spec, more in (("adaptive", {}), ("knn", {}), ("uniform", {"permutations": 19})):
        wanted = mibench.pairwise(table, spec, **more).table
        got = mibench.pairwise(table, spec, on_progress=kill_a_worker_midway, **where, **more)
        pd.testing.assert_frame_equal(got.table, wanted, check_exact=True)
        assert steps[-1] == (78, 78)
        again = mibench.pairwise(table, spec, store=where["store"], **more)
        pd.testing.assert_frame_equal(again.table, wanted, check_exact=True)
    assert cluster.workers[0].wait(timeout=5) == -signal.SIGKILL


def test_pairs_are_kept_if_the_last_worker_leaves(cluster, tmp_path, monkeypatch):
    table = np.random.default_rng(0).normal(size=(60, 12))
    store, steps = tmp_path / "p.jsonl", []

    def leave(done, total):
        steps.append(done)
        if done >= 5:
            for worker in cluster.workers:
                worker.kill()

    monkeypatch.setattr(dask, "WORKER_SECONDS", 1.0)
    monkeypatch.setattr(dask, "RESULT_SECONDS", 1.0)
    where = {"backend": "dask", "scheduler": cluster.address, "store": store}
    with pytest.raises(mibench.InputError, match="the last worker left the Dask scheduler"):
        mibench.pairwise(table, "knn", on_progress=leave, **where)
    kept, steps = steps[-1], []
    mibench.pairwise(table, "knn", store=store, on_progress=lambda *step: steps.append(step))
    assert steps[0] == (kept, 66)
    assert steps[-1] == (66, 66)


def test_a_pair_that_kills_its_workers_is_a_row_with_its_error(tmp_path, awkward):
    large = Cluster(tmp_path, workers=4)
    try:
        got = mibench.pairwise(
            np.random.default_rng(0).normal(size=(500, 2)), awkward.Awkward("leave"),
            backend="dask", scheduler=large.address,
        )  # fmt: skip
    finally:
        large.close()
    assert got.table["error"][0].startswith("KilledWorker: ")


def test_the_command_estimates_pairs_on_a_cluster_and_goes_on_elsewhere(cluster, mibench, tmp_path):
    all_kinds()[0].to_csv(tmp_path / "t.csv", index=False)
    command = ["pairwise", "t.csv", "-e", "adaptive", "--store", "p.jsonl", "--format", "csv"]
    on_cluster = mibench(*command, "--backend", "dask", "--scheduler", cluster.address)
    assert on_cluster.returncode == 0, on_cluster.stderr
    content = (tmp_path / "p.jsonl").read_bytes()
    cluster.close()
    assert mibench(*command).stdout == on_cluster.stdout
    assert (tmp_path / "p.jsonl").read_bytes() == content
    refused = mibench(*command, "--scheduler", cluster.address)
    assert refused.returncode == 2
    assert "belong together" in refused.stderr
