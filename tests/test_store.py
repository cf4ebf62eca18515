"""Results that outlast the process that made them."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench import Estimate, Estimator, runner
from mibench.store import Store, key_of
from mibench.types import Record

from .conftest import MIBENCH

RECORD = Record("t", 1, 1, 1, 0.1 + 0.2, "knn", "{}", 10, 0, 1 / 3, 1e-5, "ties", "", "m 1", "here")
MEASURED = ["seconds", "memory"]
SMALL = {"tasks": ["1v1-normal-0.75", "binary-symmetric-0.1"], "samples": 50, "seeds": 2}


@pytest.fixture
def calls(monkeypatch):
    """The cells that were really computed."""
    made = []
    original = runner._timed

    def counted(one, sample, kinds):
        made.append(one.spec)
        return original(one, sample, kinds)

    monkeypatch.setattr(runner, "_timed", counted)
    return made


def test_what_is_added_is_found_bit_for_bit(tmp_path):
    failed = replace(RECORD, seed=1, nats=None, error="ValueError: no")
    store = Store(tmp_path / "r.db")
    store.add([RECORD, failed])
    assert list(Store(tmp_path / "r.db")) == [RECORD, failed]
    assert store.successes() == {key_of(RECORD): RECORD}
    store.add([replace(failed, nats=2.0, error="")])
    assert len(list(store)) == 2
    assert len(store.successes()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"task": "u"},
        {"task_version": 2},
        {"estimator": "kde"},
        {"parameters": '{"k": 5}'},
        {"version": "m 2"},
        {"n": 11},
        {"seed": 5},
    ],
)
def test_what_makes_another_cell(tmp_path, change):
    store = Store(tmp_path / "r.db")
    store.add([RECORD, replace(RECORD, **change)])
    assert len(list(store)) == 2


def test_a_second_run_computes_nothing_and_gives_the_same(tmp_path, calls):
    path = tmp_path / "r.db"
    first = mibench.compare("uniform,knn", store=path, **SMALL)
    assert len(calls) == 8
    second = mibench.compare("uniform,knn", store=path, **SMALL)
    assert len(calls) == 8
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(
        first.drop(columns=MEASURED),
        mibench.compare("uniform,knn", **SMALL).drop(columns=MEASURED),
    )


def test_a_new_estimator_a_new_seed_or_parameter_computes_only_its_cells(tmp_path, calls):
    path = tmp_path / "r.db"
    mibench.compare("uniform", store=path, **SMALL)
    del calls[:]
    got = mibench.compare("knn,uniform", store=path, **SMALL)
    assert calls == ["knn"] * 4
    assert got["estimator"].tolist() == ["knn", "uniform"] * 4
    del calls[:]
    mibench.compare("uniform,uniform:bins=5", store=path, **{**SMALL, "seeds": 3})
    assert sorted(calls) == ["uniform"] * 2 + ["uniform:bins=5"] * 6


def test_each_cell_is_in_the_file_before_the_next_begins(tmp_path):
    path = tmp_path / "r.db"
    held = []

    def look(done, total):
        held.append((done, len(list(Store(path)))))

    mibench.compare("uniform,knn", store=path, on_progress=look, **SMALL)
    assert held == [(cells, cells) for cells in range(1, 9)]
    assert [p.name for p in tmp_path.iterdir()] == ["r.db"]  # no journal is left beside it


def test_a_sample_is_drawn_once_for_all_estimators():
    drawn = []

    def sampler(n, rng):
        drawn.append(n)
        return rng.normal(size=(2, n))

    task = mibench.Task("mine", 1, 1, 0.0, sampler, "independent")
    mibench.compare("uniform,knn,kde", tasks=[task], samples=[20, 30], seeds=2)
    assert drawn == [20, 20, 30, 30]
    other = mibench.Task("mine", 1, 1, 0.0, lambda n, rng: np.ones((2, n)), "another of its name")
    got = mibench.compare("uniform", tasks=[other], samples=[30], seeds=[1])
    assert got["flags"].tolist() == ["constant"]  # not the sample before


class Writes:
    """Spoils what it gets."""

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        x[:] = 0
        y[:] = 0
        return mibench.Estimate(0.1)


def test_an_estimator_that_writes_into_its_sample_spoils_it_for_no_other():
    both = mibench.compare([Writes(), "knn"], **{**SMALL, "samples": 500})
    alone = mibench.compare("knn", **{**SMALL, "samples": 500})
    assert both[both["estimator"] == "knn"]["nats"].tolist() == alone["nats"].tolist()


def test_an_estimator_that_calls_exit_is_a_failure_like_any_other():
    def leaves(x, y):
        sys.exit("no licence")

    got = mibench.compare([leaves, "knn"], **SMALL)
    assert got["error"].tolist() == ["SystemExit: no licence", ""] * 4


def test_a_record_says_how_and_with_what_it_was_made(tmp_path):
    got = mibench.compare("knn:k=5", tasks="1v1-normal-0.75", samples=50, seeds=1)
    assert json.loads(got["info"][0])["method"]
    assert re.match(r"python 3\S+, numpy \S+, scipy \S+, numba \S+$", got["libraries"][0])
    assert "cores" in got["machine"][0]


def test_a_store_of_another_format_is_refused(tmp_path, mibench):
    Store(tmp_path / "r.db")
    with sqlite3.connect(tmp_path / "r.db") as old:
        old.execute("PRAGMA user_version = 1")
    old.close()
    done = mibench("results", "r.db")
    assert done.returncode == 2
    assert "is of format 1, and this version of mibench writes" in done.stderr


def test_a_failure_is_kept_but_tried_again(tmp_path, calls):
    path = tmp_path / "r.db"
    for _ in range(2):
        got = mibench.compare("knn:k=60", tasks="1v1-normal-0.75", samples=50, seeds=1, store=path)
        assert got["error"][0].startswith("InputError")
    assert len(calls) == 2
    assert len(list(Store(path))) == 1


def test_an_interruption_keeps_the_finished_cells(tmp_path, calls):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mibench.compare("uniform", store=tmp_path / "r.db", on_progress=stop, **SMALL)
    assert len(list(Store(tmp_path / "r.db"))) == 2
    mibench.compare("uniform", store=tmp_path / "r.db", **SMALL)
    assert len(calls) == 4


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_after_kill_9_the_same_command_finishes_what_is_missing(tmp_path, mibench, jobs):
    command = ["compare", "-e", "kde,knn", "--samples", "1500", "--seeds", "12", "--store", "r.db",
               "--tasks", "1v1-normal-0.75,multinormal-dense-2-2-0.5", "--jobs", jobs]  # fmt: skip
    running = subprocess.Popen(
        [MIBENCH, *command], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (tmp_path / "r.db").exists() and len(list(Store(tmp_path / "r.db"))) >= 4:
            break
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    before = {key_of(r): r for r in Store(tmp_path / "r.db")}
    assert len(before) >= 4
    done = mibench(*command)
    assert done.returncode == 0, done.stderr
    after = {key_of(r): r for r in Store(tmp_path / "r.db")}
    assert len(after) == 48
    assert {k: after[k] for k in before} == before  # their times too: they were not run again


def test_two_processes_may_share_a_store(tmp_path):
    both = [
        subprocess.Popen(
            [MIBENCH, "compare", "-e", e, "--seeds", "3", "--samples", "100", "--store", "r.db"],
            cwd=tmp_path, stdout=subprocess.DEVNULL,
        )
        for e in ("uniform", "adaptive")
    ]  # fmt: skip
    assert [p.wait(timeout=60) for p in both] == [0, 0]
    assert len(list(Store(tmp_path / "r.db"))) == 2 * 21 * 3


@pytest.mark.parametrize("content", [b"not a database at all, but long enough", None])
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path, mibench, content):
    path = tmp_path / "r.db"
    if content is None:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE something (a)")
        other.close()
    else:
        path.write_bytes(content)
    size = path.stat().st_size
    done = mibench("compare", "-e", "uniform", "--seeds", 1, "--store", path)
    assert done.returncode == 2
    assert "r.db" in done.stderr
    assert "name another file" in done.stderr
    assert path.stat().st_size == size


@pytest.mark.parametrize(("path", "said"), [(".", "is a directory"), ("no/r.db", "create it")])
def test_a_store_that_cannot_be(mibench, path, said):
    done = mibench("compare", "--store", path)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_estimate_that_is_not_finite_is_a_failure(tmp_path):
    class Endless(Estimator):
        """Claims infinite information."""

        def _estimate(self, x, y):
            return Estimate(float("inf"))

    got = mibench.compare([Endless()], tasks="1v1-normal-0.75", samples=20, seeds=1)
    assert "finite" in got["error"][0]


def test_what_the_session_may_have_changed_is_computed_again(tmp_path):
    def plain(value):
        class Plain:
            def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
                return Estimate(value)

        return Plain()

    def own(truth):
        return mibench.Task("mine", 1, 1, truth, lambda n, rng: rng.normal(size=(2, n)), "none")

    kwargs = {"samples": 20, "seeds": 1, "store": tmp_path / "r.db"}
    for value in (0.1, 0.9):
        got = mibench.compare([plain(value)], tasks=own(0.2), **kwargs)
        assert got["nats"].tolist() == [value]
        assert got["version"].tolist() == ["this session"]
    for truth in (0.2, 0.7):
        assert mibench.compare("uniform", tasks=own(truth), **kwargs)["mi_nats"].tolist() == [truth]


# -- queries -----------------------------------------------------------------------------------


@pytest.fixture
def filled(tmp_path):
    table = mibench.compare(["uniform", "knn", "knn:k=5"], store=tmp_path / "r.db", **SMALL)
    return tmp_path / "r.db", table


def test_results_are_what_was_compared(filled, calls):
    path, table = filled
    found = mibench.results(path)
    key = ["task", "estimator", "seed"]
    pd.testing.assert_frame_equal(
        found.sort_values(key, ignore_index=True), table.sort_values(key, ignore_index=True)
    )
    assert set(mibench.results(path, estimators="knn").estimator) == {"knn", "knn:k=5"}
    assert set(mibench.results(path, estimators=["knn:k=5"]).estimator) == {"knn:k=5"}
    assert set(mibench.results(path, tasks="binary-symmetric-0.1").task) == {"binary-symmetric-0.1"}
    assert set(mibench.results(path, suite="beyond-normal").task) == {"1v1-normal-0.75"}
    assert len(mibench.results(path, samples=50)) == len(table)
    assert calls == []


def test_the_last_version_of_a_cell_counts(filled):
    path, _ = filled
    store = Store(path)
    old = next(r for r in store if r.estimator == "uniform" and r.seed == 1)
    store.add([replace(old, version="mibench 99", nats=7.0)])
    found = mibench.results(path, estimators="uniform", tasks=old.task)
    assert len(found) == 2
    assert found[found.seed == 1].nats.tolist() == [7.0]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"estimators": "kde"}, "no such result. It holds knn, knn:k=5, uniform on 2 task"),
        ({"samples": 7}, "with n = 50"),
        ({"suite": "slow"}, "unknown suite 'slow'"),
    ],
)
def test_queries_that_find_nothing(filled, query, said):
    with pytest.raises(mibench.InputError, match=re.escape(said)):
        mibench.results(filled[0], **query)


def test_the_command_shows_and_exports(request, filled):
    path, run = filled[0], request.getfixturevalue("mibench")
    done = run("results", path, "-e", "knn", "-o", "cells.csv", "--format", "json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert {row["estimator"] for row in shown["ranking"]} == {"knn", "knn:k=5"}
    assert len(pd.read_csv(path.parent / "cells.csv")) == 8
    whole = run("results", path)
    assert "Ranking by RMSE in bits, over the 4 cells" in whole.stdout
    missing = run("results", "gone.db")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "no such file: 'gone.db'" in missing.stderr
    assert not (path.parent / "gone.db").exists()
