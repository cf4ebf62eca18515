"""Stores: results on disk that survive the process that computed them."""

import errno
import json
import math
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench import Estimate, Estimator
from mibench.errors import InputError
from mibench.records.lines import COLUMNS, FORMAT
from mibench.records.store import Store, key_of
from mibench.running import evaluation
from mibench.types import Record

from .conftest import MIBENCH

RECORD = Record("t", 1, 1, 1, 0.1 + 0.2, "knn", "{}", 10, 0, 1 / 3, 1e-5, "ties", "", "m 1", "here")
MEASURED = ["seconds", "memory"]
HEADER = (
    b'{"mibench store": 3, "columns": ["task", "task_version", "dim_x", "dim_y", "mi_nats", '
    b'"estimator", "parameters", "n", "seed", "nats", "seconds", "flags", "error", "version", '
    b'"machine", "memory", "info", "libraries"]}'
)
SMALL = {"tasks": ["1v1-normal-0.75", "binary-symmetric-0.1"], "samples": 50, "seeds": 2}


@pytest.fixture
def calls(monkeypatch):
    """The estimators of the estimates that were computed."""
    computed = []
    original = evaluation._timed

    def recording(estimator, sample, kinds):
        computed.append(estimator.spec)
        return original(estimator, sample, kinds)

    monkeypatch.setattr(evaluation, "_timed", recording)
    return computed


def test_records_are_read_as_they_were_added(tmp_path):
    failed = replace(RECORD, seed=1, nats=None, error="ValueError: no")
    store_file = Store(tmp_path / "r.jsonl")
    store_file.add([RECORD, failed])
    assert list(Store(tmp_path / "r.jsonl")) == [RECORD, failed]
    keys = [key_of(RECORD), key_of(failed)]
    assert store_file.successes(keys) == {key_of(RECORD): RECORD}
    store_file.add([replace(failed, nats=2.0, error="")])
    assert len(list(store_file)) == 2
    assert len(store_file.successes(keys)) == 2


NUMBERS = [
    5e-324,
    -1.7976931348623157e308,
    0.1,
    1 / 3,
    -0.0,
    1e22,
    2**53 + 2.0,
    123456789.123456789,
]


@pytest.mark.parametrize("value", [*NUMBERS, math.inf, -math.inf, math.nan])
def test_every_float_is_read_as_it_was_added(tmp_path, value):
    Store(tmp_path / "r.jsonl").add([replace(RECORD, seconds=value, mi_nats=value)])
    record = next(iter(Store(tmp_path / "r.jsonl")))
    assert (repr(record.seconds), repr(record.mi_nats)) == (repr(value), repr(value))


TEXTS = [
    "two\nlines\r\n",
    'a "quoted" \\ name',
    "I(X;Y) \u2265 0 \U0001f4ca",
    "\ud800",
    "\0",
    "\u2028\x85",
]


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_is_read_as_it_was_added_and_takes_one_line(tmp_path, text):
    record = replace(RECORD, task=text, nats=None, error=text, info=json.dumps({"said": text}))
    Store(tmp_path / "r.jsonl").add([record, RECORD])
    assert list(Store(tmp_path / "r.jsonl")) == [record, RECORD]
    assert (tmp_path / "r.jsonl").read_bytes().count(b"\n") == 2


def test_numbers_of_numpy_are_kept_as_numbers(tmp_path):
    strange = replace(RECORD, dim_x=np.int64(3), mi_nats=np.float32(0.5), seconds=np.float64(0.1))
    Store(tmp_path / "r.jsonl").add([strange])
    assert list(Store(tmp_path / "r.jsonl")) == [replace(RECORD, dim_x=3, mi_nats=0.5, seconds=0.1)]


def test_the_header_belongs_to_the_format_number(tmp_path):
    """After a change of the columns, increase FORMAT and write the new header here."""
    Store(tmp_path / "r.jsonl").add([RECORD])
    first, second = (tmp_path / "r.jsonl").read_bytes().split(b"\n")
    assert first == HEADER
    assert json.loads(first) == {"mibench store": FORMAT, "columns": list(COLUMNS)}
    assert json.loads(second) == [getattr(RECORD, name) for name in COLUMNS]


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
def test_records_that_differ_in_their_key_are_both_kept(tmp_path, change):
    store_file = Store(tmp_path / "r.jsonl")
    store_file.add([RECORD, replace(RECORD, **change)])
    assert len(list(store_file)) == 2


def test_a_second_run_computes_nothing_and_returns_the_same(tmp_path, calls):
    path = tmp_path / "r.jsonl"
    first = mibench.compare("uniform,knn", store=path, **SMALL)
    assert len(calls) == 8
    second = mibench.compare("uniform,knn", store=path, **SMALL)
    assert len(calls) == 8
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(
        first.drop(columns=MEASURED),
        mibench.compare("uniform,knn", **SMALL).drop(columns=MEASURED),
    )


def test_a_new_estimator_seed_or_parameter_computes_only_its_estimates(tmp_path, calls):
    path = tmp_path / "r.jsonl"
    mibench.compare("uniform", store=path, **SMALL)
    del calls[:]
    got = mibench.compare("knn,uniform", store=path, **SMALL)
    assert calls == ["knn"] * 4
    assert got["estimator"].tolist() == ["knn", "uniform"] * 4
    del calls[:]
    mibench.compare("uniform,uniform:bins=5", store=path, **{**SMALL, "seeds": 3})
    assert sorted(calls) == ["uniform"] * 2 + ["uniform:bins=5"] * 6


def test_each_estimate_is_in_the_file_before_the_next_begins(tmp_path):
    path = tmp_path / "r.jsonl"
    lengths = []

    def look(done, total):
        lengths.append((done, len(list(Store(path)))))

    mibench.compare("uniform,knn", store=path, on_progress=look, **SMALL)
    assert lengths == [(count, count) for count in range(1, 9)]
    assert [p.name for p in tmp_path.iterdir()] == ["r.jsonl"]  # no temporary file is left


def test_a_sample_is_drawn_once_for_all_estimators():
    sizes = []

    def sampler(n, rng):
        sizes.append(n)
        return rng.normal(size=(2, n))

    task = mibench.Task("mine", 1, 1, 0.0, sampler, "independent")
    mibench.compare("uniform,knn,kde", tasks=[task], samples=[20, 30], seeds=2)
    assert sizes == [20, 30, 20, 30]  # seed by seed
    other = mibench.Task(
        "mine", 1, 1, 0.0, lambda n, rng: np.ones((2, n)), "another task of this name"
    )
    got = mibench.compare("uniform", tasks=[other], samples=[30], seeds=[1])
    assert got["flags"].tolist() == ["constant"]  # from its own sample


class Writes:
    """Overwrites its arguments."""

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        x[:] = 0
        y[:] = 0
        return mibench.Estimate(0.1)


def test_an_estimator_that_overwrites_its_sample_does_not_affect_others():
    both = mibench.compare([Writes(), "knn"], **{**SMALL, "samples": 500})
    alone = mibench.compare("knn", **{**SMALL, "samples": 500})
    assert both[both["estimator"] == "knn"]["nats"].tolist() == alone["nats"].tolist()


def test_an_estimator_that_calls_exit_is_a_failure():
    def leaves(x, y):
        sys.exit("no licence")

    got = mibench.compare([leaves, "knn"], **SMALL)
    assert got["error"].tolist() == ["SystemExit: no licence", ""] * 4


def test_a_record_names_method_libraries_and_machine(tmp_path):
    got = mibench.compare("knn:k=5", tasks="1v1-normal-0.75", samples=50, seeds=1)
    assert json.loads(got["info"][0])["method"]
    assert re.match(r"python 3\S+, numpy \S+, scipy \S+, numba \S+$", got["libraries"][0])
    assert "cores" in got["machine"][0]


def test_a_store_of_another_format_is_refused(tmp_path, mibench):
    path = tmp_path / "r.jsonl"
    path.write_bytes(HEADER.replace(b"3", b"17", 1) + b"\n[1]")
    before = path.read_bytes()
    for command in (["results", "r.jsonl"], ["compare", "-e", "uniform", "--store", "r.jsonl"]):
        done = mibench(*command)
        assert done.returncode == 2
        assert "has format 17, and this version of mibench writes format 3: name" in done.stderr
    assert path.read_bytes() == before


def test_a_store_of_an_earlier_version_is_refused_by_name(tmp_path, mibench):
    path = tmp_path / "r.jsonl"
    with sqlite3.connect(path) as old:
        old.execute(f"CREATE TABLE records ({', '.join(COLUMNS)})")
        old.execute("PRAGMA user_version = 2")
    old.close()
    before = path.read_bytes()
    for command in (["results", "r.jsonl"], ["compare", "-e", "uniform", "--store", "r.jsonl"]):
        done = mibench(*command)
        assert done.returncode == 2
        assert "is an SQLite file of an earlier version of mibench, which" in done.stderr
        assert "name another file" in done.stderr
    assert path.read_bytes() == before


def test_a_failure_is_stored_but_tried_again(tmp_path, calls):
    path = tmp_path / "r.jsonl"
    for _ in range(2):
        got = mibench.compare("knn:k=60", tasks="1v1-normal-0.75", samples=50, seeds=1, store=path)
        assert got["error"][0].startswith("InputError")
    assert len(calls) == 2
    assert len(list(Store(path))) == 1


def test_an_interruption_keeps_the_finished_estimates(tmp_path, calls):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mibench.compare("uniform", store=tmp_path / "r.jsonl", on_progress=stop, **SMALL)
    assert len(list(Store(tmp_path / "r.jsonl"))) == 2
    mibench.compare("uniform", store=tmp_path / "r.jsonl", **SMALL)
    assert len(calls) == 4


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_after_kill_9_the_same_command_computes_what_is_missing(tmp_path, mibench, jobs):
    command = ["compare", "-e", "kde,knn", "--samples", "1500", "--seeds", "12",
               "--tasks", "1v1-normal-0.75,multinormal-dense-2-2-0.5", "--jobs", jobs,
               "--store", "r.jsonl"]  # fmt: skip
    running = subprocess.Popen(
        [MIBENCH, *command], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (tmp_path / "r.jsonl").exists() and len(list(Store(tmp_path / "r.jsonl"))) >= 4:
            break
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    before = {key_of(r): r for r in Store(tmp_path / "r.jsonl")}
    assert len(before) >= 4
    done = mibench(*command)
    assert done.returncode == 0, done.stderr
    after = {key_of(r): r for r in Store(tmp_path / "r.jsonl")}
    assert len(after) == 48
    assert {
        k: after[k] for k in before
    } == before  # with the same times, so they were not computed again


@pytest.mark.slow
def test_two_processes_can_share_a_store(tmp_path):
    processes = [
        subprocess.Popen(
            [MIBENCH, "compare", "-e", e, "--seeds", "3", "--samples", "100", "--store", "r.jsonl"],
            cwd=tmp_path, stdout=subprocess.DEVNULL,
        )
        for e in ("uniform", "adaptive")
    ]  # fmt: skip
    assert [p.wait(timeout=60) for p in processes] == [0, 0]
    assert len(list(Store(tmp_path / "r.jsonl"))) == 2 * 21 * 3


ADDS = """
import sys
from dataclasses import replace
from pathlib import Path
from mibench.records.store import Store
from tests.test_store import RECORD
for seed in range({count}):
    long = replace(RECORD, estimator=sys.argv[2], seed=seed, info="x" * (seed % 5000))
    Store(Path(sys.argv[1])).add([long])
"""


@pytest.mark.slow
def test_many_processes_create_and_fill_a_store_at_the_same_time(tmp_path):
    """Each opens the store again for every record, so that all take part in its creation."""
    count, names = 300, ("a", "b", "c", "d")
    root = Path(__file__).parents[1]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ADDS.format(count=count), tmp_path / "r.jsonl", name], cwd=root
        )
        for name in names
    ]
    assert [p.wait(timeout=120) for p in running] == [0] * len(names)
    records = list(Store(tmp_path / "r.jsonl"))
    assert len(records) == count * len(names)
    assert all(r.info == "x" * (r.seed % 5000) for r in records)


# -- damage and failures
# -------------------------------------------------------------------------------


def others(count, **changes):
    return [replace(RECORD, seed=seed, **changes) for seed in range(1, count + 1)]


def test_a_line_that_is_cut_short_hides_no_other(tmp_path):
    path = tmp_path / "r.jsonl"
    first, second = others(2)
    Store(path).add([first])
    complete = len(path.read_bytes())
    Store(path).add([RECORD])
    full = path.read_bytes()
    for size in range(complete, len(full)):
        path.write_bytes(full[:size])
        assert list(Store(path)) == [first]
        Store(path).add([second])
        assert list(Store(path)) == [first, second]
        Store(path).add([RECORD])
        assert list(Store(path)) == [first, second, RECORD]


def test_a_writer_is_not_affected_by_the_unfinished_line_of_another(tmp_path):
    path = tmp_path / "r.jsonl"
    first, second = others(2)
    with Store(path).adding() as add:
        add(first)
        with path.open("ab") as killed:
            killed.write(b'\n["t",1,1,1,0.3')
        add(second)
    assert list(Store(path)) == [first, second]


@pytest.mark.parametrize(
    "junk", [b"\0" * 700, b"\n\n\n", b"\xff\xfe\n[]\n[1,2]\n{}\n7", b"\n" + HEADER]
)
def test_lines_that_are_not_records_are_ignored(tmp_path, junk):
    path = tmp_path / "r.jsonl"
    Store(path).add([RECORD])
    with path.open("ab") as file:
        file.write(b"\n" + junk)
    Store(path).add(others(1))
    assert list(Store(path)) == [RECORD, *others(1)]


def test_an_estimate_whose_line_was_cut_short_is_computed_again(tmp_path, calls):
    path = tmp_path / "r.jsonl"
    complete = mibench.compare("uniform", store=path, **SMALL)
    path.write_bytes(path.read_bytes()[:-40])
    del calls[:]
    again = mibench.compare("uniform", store=path, **SMALL)
    assert calls == ["uniform"]
    pd.testing.assert_frame_equal(complete.drop(columns=MEASURED), again.drop(columns=MEASURED))
    mibench.compare("uniform", store=path, **SMALL)
    assert calls == ["uniform"]


@pytest.fixture
def disk(monkeypatch):
    """A list of the numbers of bytes that the next writes can take; without one, all."""
    room = []
    write = os.write

    def limited(file, data):
        allowed = room.pop(0) if room else None
        if allowed == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data if allowed is None else data[:allowed])

    monkeypatch.setattr(os, "write", limited)
    return room


@pytest.mark.parametrize("part", [1, 2, 50, -1])
def test_a_write_that_was_cut_short_is_repeated(tmp_path, disk, part):
    store_file = Store(tmp_path / "r.jsonl")
    first, second, third = others(3)
    with store_file.adding() as add:
        add(first)
        disk.append(part)
        add(second)
        assert list(store_file) == [first, second]
        add(third)
    assert list(store_file) == [first, second, third]


@pytest.mark.parametrize("room", [[0], [1, 0], [60, 0], [-1, 0], [60, 60], [-1, -1]])
def test_a_full_disk_is_reported_and_damages_nothing(tmp_path, disk, room):
    store_file = Store(tmp_path / "r.jsonl")
    first, second, third = others(3)
    with store_file.adding() as add:
        add(first)
        disk += room
        with pytest.raises(
            mibench.InputError, match=r"r\.jsonl cannot be used .*: free space, or name a file"
        ):
            add(second)
        assert list(store_file) == [first]
        add(third)
    assert list(store_file) == [first, third]


def test_a_comparison_on_a_full_disk_reports_it_and_keeps_its_results(tmp_path, disk, calls):
    path = tmp_path / "r.jsonl"
    told = "No space left on device.*: free space, or name a file on another disk"
    with pytest.raises(mibench.InputError, match=told):
        mibench.compare(
            "uniform", store=path, on_progress=lambda done, _: disk.extend([30, 0] * (done == 2)),
            **SMALL,
        )  # fmt: skip
    assert len(list(Store(path))) == 2
    mibench.compare("uniform", store=path, **SMALL)
    assert len(calls) == 3 + 2  # the third was computed but not stored


@pytest.mark.parametrize("size", [0, 1, 5, 30, len(HEADER) - 1, len(HEADER)])
def test_a_store_with_an_unfinished_header_is_empty(tmp_path, size):
    (tmp_path / "r.jsonl").write_bytes(HEADER[:size])
    assert list(Store(tmp_path / "r.jsonl")) == []
    Store(tmp_path / "r.jsonl").add([RECORD])
    assert list(Store(tmp_path / "r.jsonl")) == [RECORD]


@pytest.mark.parametrize("added", [0, 1, 2])
def test_a_second_header_does_no_harm(tmp_path, monkeypatch, added):
    """It comes from a process that found the file empty while another one created and used it."""
    path = tmp_path / "r.jsonl"
    Store(path).add(others(added))
    with monkeypatch.context() as patch:
        patch.setattr(Store, "_has_header", lambda self: False)
        late = Store(path)
    assert path.read_bytes().count(HEADER) == 2
    assert list(late) == others(added)
    late.add([RECORD])
    assert list(Store(path)) == [*others(added), RECORD]


@pytest.fixture
def read_only(monkeypatch):
    """A store that can only be read, also by the superuser."""
    opened = os.open

    def open_or_refuse(path, flags, *args, **kwargs):
        if flags & (os.O_WRONLY | os.O_RDWR) and str(path).endswith("r.jsonl"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", open_or_refuse)


def test_a_read_only_store_can_be_read(tmp_path, request):
    path = tmp_path / "r.jsonl"
    table = mibench.compare("uniform", store=path, **SMALL)
    path.chmod(0o444)
    request.getfixturevalue("read_only")
    assert sorted(mibench.results(path)["nats"]) == sorted(table["nats"])
    with_uniform = mibench.compare("knn", against=path, **SMALL)
    assert set(with_uniform["estimator"]) == {"uniform", "knn"}
    assert list(Store(path))
    with pytest.raises(mibench.InputError, match="Permission denied"):
        mibench.compare("knn", store=path, **SMALL)
    with pytest.raises(mibench.InputError, match="Permission denied"):
        Store(path.parent / "new-r.jsonl")


def write_other_file(path, kind):
    if kind == "sqlite":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE something (a)")
        other.close()
    elif kind == "parquet":
        pd.DataFrame({"a": [1]}).to_parquet(path)
    else:
        path.write_bytes(kind)


OTHERS = [
    b"not a store at all, but long enough",
    b"\n",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b'[{"task": "t"}]',
    b'{"columns": []}\n',
    b'{"mibench store": "x"}',
    b"\n" + HEADER,
    b"\0" * 9999,
]


@pytest.mark.parametrize("kind", ["sqlite", "parquet", *OTHERS])
def test_a_file_that_is_not_a_store_is_refused_and_not_changed(tmp_path, mibench, kind):
    path = tmp_path / "r.jsonl"
    write_other_file(path, kind)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"r\.jsonl is .*: name another file"):
        Store(path)
    if kind in ("sqlite", OTHERS[0]):
        done = mibench("compare", "-e", "uniform", "--seeds", 1, "--store", path)
        assert done.returncode == 2
        assert "r.jsonl" in done.stderr
        assert "name another file" in done.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("path", "message"), [(".", "is a directory"), ("no/r.jsonl", "create it")]
)
def test_a_store_that_cannot_be_created_is_refused(mibench, path, message):
    done = mibench("compare", "--store", path)
    assert done.returncode == 2
    assert message in done.stderr


def test_an_estimate_that_is_not_finite_is_a_failure(tmp_path):
    class Infinite(Estimator):
        """Returns infinity."""

        def _estimate(self, x, y):
            return Estimate(float("inf"))

    got = mibench.compare([Infinite()], tasks="1v1-normal-0.75", samples=20, seeds=1)
    assert "finite" in got["error"][0]


def test_classes_and_tasks_of_the_session_are_computed_again(tmp_path):
    def plain(value):
        class Plain:
            def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
                return Estimate(value)

        return Plain()

    def task(truth):
        return mibench.Task("mine", 1, 1, truth, lambda n, rng: rng.normal(size=(2, n)), "none")

    kwargs = {"samples": 20, "seeds": 1, "store": tmp_path / "r.jsonl"}
    for value in (0.1, 0.9):
        got = mibench.compare([plain(value)], tasks=task(0.2), **kwargs)
        assert got["nats"].tolist() == [value]
        assert got["version"].tolist() == ["this session"]
    for truth in (0.2, 0.7):
        assert mibench.compare("uniform", tasks=task(truth), **kwargs)["mi_nats"].tolist() == [
            truth
        ]


# -- queries -----------------------------------------------------------------------------------


@pytest.fixture
def filled(tmp_path):
    table = mibench.compare(["uniform", "knn", "knn:k=5"], store=tmp_path / "r.jsonl", **SMALL)
    return tmp_path / "r.jsonl", table


def test_results_are_those_of_compare(filled, calls):
    path, table = filled
    stored = mibench.results(path)
    key = ["task", "estimator", "seed"]
    pd.testing.assert_frame_equal(
        stored.sort_values(key, ignore_index=True), table.sort_values(key, ignore_index=True)
    )
    assert set(mibench.results(path, estimators="knn").estimator) == {"knn", "knn:k=5"}
    assert set(mibench.results(path, estimators=["knn:k=5"]).estimator) == {"knn:k=5"}
    assert set(mibench.results(path, tasks="binary-symmetric-0.1").task) == {"binary-symmetric-0.1"}
    assert set(mibench.results(path, suite="beyond-normal").task) == {"1v1-normal-0.75"}
    assert len(mibench.results(path, samples=50)) == len(table)
    assert calls == []


def test_the_last_version_of_an_estimate_counts(filled):
    path, _ = filled
    store_file = Store(path)
    old = next(r for r in store_file if r.estimator == "uniform" and r.seed == 1)
    store_file.add([replace(old, version="mibench 99", nats=7.0)])
    table = mibench.results(path, estimators="uniform", tasks=old.task)
    assert len(table) == 2
    assert table[table.seed == 1].nats.tolist() == [7.0]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"estimators": "kde"}, "no such result. It holds knn, knn:k=5, uniform on 2 task"),
        ({"samples": 7}, "with n = 50"),
        ({"suite": "slow"}, "unknown suite 'slow'"),
    ],
)
def test_selections_without_a_result_are_refused(filled, query, message):
    with pytest.raises(mibench.InputError, match=re.escape(message)):
        mibench.results(filled[0], **query)


def test_the_command_shows_and_exports(request, filled):
    path, run = filled[0], request.getfixturevalue("mibench")
    done = run("results", path, "-e", "knn", "-o", "cells.csv", "--format", "json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert {row["estimator"] for row in shown["ranking"]} == {"knn", "knn:k=5"}
    assert len(pd.read_csv(path.parent / "cells.csv")) == 8
    complete = run("results", path)
    assert "Ranking by RMSE in bits, over the 4 samples" in complete.stdout
    missing = run("results", "gone.jsonl")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "no such file: 'gone.jsonl'" in missing.stderr
    assert not (path.parent / "gone.jsonl").exists()
