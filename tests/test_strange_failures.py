"""What an estimator raises is a recorded failure; records are read beside lines that are none."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

import mibench
from mibench import Estimate, Estimator, InputError
from mibench.output.files import TABLES, check_path, whole_file
from mibench.records.store import Store

from .test_store import HEADER, RECORD, SMALL, others

ONE = {"tasks": "1v1-normal-0.75", "samples": 50, "seeds": 1}


class Silent(BaseException):
    """Neither an Exception nor able to say what it is."""

    def __str__(self):
        raise SystemError("no text")


def raises(error):
    def estimator(x, y):
        raise error

    return estimator


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Silent(), "Silent: (its message cannot be shown: SystemError)"),
        (GeneratorExit("odd"), "GeneratorExit: odd"),
        (ValueError("\udce9"), "ValueError: \\udce9"),
        (MemoryError("no room"), "MemoryError: no room"),
    ],
)
def test_whatever_is_raised_is_a_failure_that_can_be_stored_and_shown(tmp_path, error, message):
    path = tmp_path / "r.jsonl"
    mibench.compare([raises(error), "uniform"], store=path, **ONE)
    table = mibench.results(path)
    assert sorted(table["error"]) == ["", message]
    table.to_parquet(tmp_path / "r.parquet")
    assert sorted(mibench.results(tmp_path / "r.parquet")["error"]) == ["", message]


def test_a_message_of_five_megabytes_loses_its_middle():
    got = mibench.compare(raises(ValueError("a" + "\n" * 5_000_000 + "z")), **ONE)
    assert len(got["error"][0]) < 2100
    assert got["error"][0].startswith("ValueError: a")
    assert got["error"][0].endswith("z")


@dataclass(frozen=True)
class Hoards(Estimator):
    """Asks for more memory than there is."""

    def _estimate(self, x, y):
        np.empty(2**45)
        return Estimate(0.0)


def test_memory_that_runs_out_is_a_failure():
    assert "Unable to allocate" in mibench.compare([Hoards()], **ONE)["error"][0]


class Odd:
    """Returns an estimate that no text can hold."""

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        return Estimate(0.5, flags={7: "a number is no code"}, info={(1, 2): "no key of JSON"})


def test_flags_and_info_that_cannot_be_stored_are_a_failure():
    assert "cannot be stored" in mibench.compare([Odd()], **ONE)["error"][0]


def test_a_text_that_cannot_be_encoded_is_shown(tmp_path, mibench):
    """A store that holds one already can be read, exported and drawn."""
    failed = [RECORD, *others(2, nats=None, error="ValueError: \udce9", info="\ud800")]
    Store(tmp_path / "r.jsonl").add(failed)
    for options in ([], ["--format", "json"], ["-o", "r.parquet"], ["-o", "r.html"]):
        done = mibench("results", "r.jsonl", *options)
        assert done.returncode == 0, done.stderr
    assert "\\udce9" in mibench("results", "r.jsonl").stdout


# -- lines of a store ---------------------------------------------------------------------------


def line(**changes):
    values = {name: getattr(RECORD, name) for name in json.loads(HEADER)["columns"]}
    return json.dumps(list({**values, **changes}.values())).encode()


BAD_LINES = [
    (b"[" * 100_000 + b"]" * 100_000, "is not JSON"),
    (b"null", "is not a record"),
    (line(task=None), "has null as task"),
    (line(seed=[1]), "has [1] as seed"),
    (line(n=True), "has true as n"),
    (line(n="10"), 'has "10" as n'),
    (line(nats="0.5"), 'has "0.5" as nats'),
    (line(nats=float("nan")), "has nan as nats"),
    (line(nats=float("-inf")), "has -inf as nats"),
    (line(nats=10**400), "has a number that is too large"),
    (line(n=10**30), "has a number that is too large"),
    (line(error="both"), "has both an estimate and an error"),
    (line(nats=None), "has no estimate"),
    (line()[:-20], "is cut short"),
    (b"\xff" * 20 + b"]", "is not JSON"),
]


@pytest.mark.parametrize(("bad", "why"), BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_line_that_is_not_a_record_is_skipped_and_named(tmp_path, caplog, bad, why):
    path = tmp_path / "r.jsonl"
    records = others(2)
    Store(path).add(records[:1])
    with path.open("ab") as file:
        file.write(b"\n" + bad)
    Store(path).add(records[1:])
    assert list(Store(path)) == records
    assert f"r.jsonl: 1 line skipped: line 3 {why}" in caplog.text
    caplog.clear()
    assert len(mibench.results(path)) == 2
    assert f"line 3 {why}" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [{"nats": 1e308}, {"mi_nats": float("inf")}, {"task": "x" * 100_000},
     pytest.param({"nats": -1e308}, marks=pytest.mark.slow),
     pytest.param({"mi_nats": float("nan")}, marks=pytest.mark.slow)],
)  # fmt: skip
def test_records_of_extreme_values_are_drawn(tmp_path, mibench, changes):
    (tmp_path / "r.jsonl").write_bytes(HEADER + b"\n" + line() + b"\n" + line(seed=7, **changes))
    done = mibench("results", "r.jsonl", "--plot", "p.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "p.png").exists()


def test_many_bad_lines_are_counted(tmp_path, mibench):
    path = tmp_path / "r.jsonl"
    Store(path).add([RECORD])
    with path.open("ab") as file:
        file.write(b"\nnull" * 1200)
    done = mibench("results", path)
    assert done.returncode == 0
    assert "1,200 lines skipped: line 3 is not a record, line 4 is" in done.stderr
    assert "and 1,195 more" in done.stderr


def test_a_resumed_run_passes_over_bad_lines_and_other_estimators(tmp_path, caplog):
    path = tmp_path / "r.jsonl"
    first = mibench.compare("uniform,adaptive", store=path, **SMALL)
    with path.open("ab") as file:
        file.write(b"\nnull\n[1]\n" + line()[:30])
    again = mibench.compare("adaptive", store=path, **SMALL)
    assert "3 lines skipped" in caplog.text
    same = first[first["estimator"] == "adaptive"].reset_index(drop=True)
    assert same["seconds"].tolist() == again["seconds"].tolist()


# -- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "jobs"),
    [("remove", 1), ("empty", 1), ("replace", 1), ("replace", 2),
     pytest.param("remove", 2, marks=pytest.mark.slow),
     pytest.param("empty", 2, marks=pytest.mark.slow)],
)  # fmt: skip
def test_a_store_that_is_lost_during_the_run_is_written_again(tmp_path, change, jobs):
    path = tmp_path / "r.jsonl"

    def spoil(done, total):
        if done == 3:
            if change == "empty":
                path.write_bytes(b"")
            else:
                path.unlink()
            if change == "replace":
                Store(path)

    with pytest.raises(InputError, match="was removed, emptied or replaced") as caught:
        mibench.compare("uniform", store=path, on_progress=spoil, jobs=jobs,
                        **{**SMALL, "seeds": 200})  # fmt: skip
    kept = len(list(Store(path)))
    assert kept >= 4  # the one that was computed when the loss was noticed is there too
    assert f"holds the {kept} results of this run again: give the same command" in str(caught.value)


def write_text(path):
    path.write_text("mine")


# What may take the place of a store. Windows has no files that are pipes.
OTHERS = [os.mkdir, write_text, *([os.mkfifo] if hasattr(os, "mkfifo") else [])]


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("other", OTHERS, ids=lambda function: function.__name__)
def test_results_are_kept_beside_what_took_the_place_of_the_store(tmp_path, other, jobs):
    path = tmp_path / "a" / "r.jsonl"

    def spoil(done, total):
        if done == 3:
            path.unlink()
            other(path)

    with pytest.raises(InputError, match="Something else is in its place, so") as caught:
        mibench.compare("uniform", store=path, on_progress=spoil, jobs=jobs,
                        **{**SMALL, "seeds": 100})  # fmt: skip
    (kept,) = path.parent.glob("r.jsonl.*")
    assert f"so {kept} holds the {len(list(Store(kept)))} results of this run" in str(caught.value)
    assert len(list(Store(kept))) >= 4


@pytest.mark.parametrize("change", ["shorten", "remove"])
def test_a_store_that_is_lost_after_the_last_estimate_is_written_again(tmp_path, change):
    path = tmp_path / "r.jsonl"

    def spoil(done, total):
        if done == total:
            if change == "shorten":
                path.write_bytes(path.read_bytes()[: len(HEADER) + 300])
            else:
                path.unlink()

    with pytest.raises(InputError, match="holds the 4 results of this run again"):
        mibench.compare("uniform", store=path, on_progress=spoil, **SMALL)
    assert len(list(Store(path))) == 4


def test_a_result_does_not_replace_what_the_command_reads_or_keeps(tmp_path, mibench):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,5\n4,4\n")
    (tmp_path / "link.csv").symlink_to("t.csv")
    grid = ("-e", "uniform", "--tasks", "1v1-normal-0.75", "--samples", 50, "--seeds", 1)
    commands = [
        ("compare", *grid, "--store", "s.csv", "-o", "s.csv"),
        ("compare", *grid, "--store", "t.csv", "-o", "./t.csv"),
        ("results", "t.csv", "-o", "link.csv"),
        ("estimate", "t.csv", "--x", "a", "--y", "b", "-o", tmp_path / "t.csv"),
        ("pairwise", "link.csv", "-o", "t.csv"),
        ("pairwise", "t.csv", "-o", "p.csv", "--edges", "./p.csv"),
    ]
    for command in commands:
        done = mibench(*command)
        assert done.returncode == 2, command
        assert "would replace the file that is read, or in which results are kept" in done.stderr
    assert (tmp_path / "t.csv").read_text().startswith("a,b")


def test_a_store_that_cannot_be_written_again_is_said(tmp_path):
    with pytest.raises(InputError, match="Its 2 results are lost, since the store"):
        mibench.compare("uniform", store=tmp_path / "a" / "r.jsonl", **SMALL,
                        on_progress=lambda done, total: remove(tmp_path / "a"))  # fmt: skip


def remove(folder):
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.fixture(autouse=True)
def folder_a(tmp_path):
    (tmp_path / "a").mkdir()


needs_pipes = pytest.mark.skipif(
    not hasattr(os, "mkfifo"), reason="Windows has no files that are devices or pipes"
)


@needs_pipes
def test_a_store_that_keeps_nothing_is_refused(tmp_path, mibench):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/null", "pipe"):
        done = mibench("compare", "-e", "uniform", "--store", path)
        assert done.returncode == 2
        assert "is a device or a pipe, which keeps nothing: name a file" in done.stderr


@pytest.mark.parametrize("option", ["--store", "--output", "--plot", "--against"])
def test_names_that_are_too_long_are_refused(mibench, option):
    done = mibench("compare", "-e", "uniform", option, "x" * 300 + ".html")
    assert done.returncode == 2
    assert len(done.stderr) < 400
    assert "too long" in done.stderr


def test_a_directory_that_may_not_be_searched_is_said(tmp_path, monkeypatch):
    """Also where the superuser runs the tests, who may search any."""

    def refuse(self, **kwargs):
        raise PermissionError(13, os.strerror(13), str(self))

    monkeypatch.setattr("pathlib.Path.stat", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        Store(tmp_path / "r.jsonl")
    with pytest.raises(InputError, match="Permission denied"):
        check_path(tmp_path / "r.csv", TABLES, "--output")
    with pytest.raises(InputError, match="Permission denied"):
        mibench.results(tmp_path / "r.jsonl")


def test_too_many_seeds_are_refused(mibench):
    done = mibench("compare", "-e", "uniform", "--seeds", "1000000000")
    assert done.returncode == 2
    assert "1,000,000,000 seeds of 21 tasks" in done.stderr
    assert "give fewer" in done.stderr


# -- worker processes ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_worker_that_dies_is_a_failure_and_the_others_go_on(awkward):
    got = mibench.compare([awkward.Awkward("leave", few=0), "uniform"], jobs=2, **ONE)
    assert got["error"].tolist() == [
        "ProcessDied: the estimator's process ended with code 3",
        "",
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    not psutil.LINUX,
    reason="only Linux sends a signal when a parent dies; docs/reliability.md says so",
)
def test_compiled_code_that_never_ends_does_not_outlive_a_killed_parent(tmp_path, awkward):
    script = (
        "import mibench, awkward\n"
        "mibench.compare([awkward.Awkward('spin')], tasks='1v1-normal-0.75', samples=500, seeds=2,"
        " jobs=2)"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(awkward.__file__).parent)},
    )  # fmt: skip
    parent = psutil.Process(running.pid)
    deadline = time.monotonic() + 120
    busy = []
    while len(busy) < 2 and time.monotonic() < deadline:
        time.sleep(0.5)
        busy = [c for c in parent.children() if c.cpu_times().user > 8]  # it runs the endless loop
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert len(busy) == 2
    assert psutil.wait_procs(busy, timeout=20)[1] == []


# -- estimates of a file ------------------------------------------------------------------------


@pytest.mark.slow
def test_an_estimate_of_a_file_has_a_time_limit_and_the_others_go_on(tmp_path, mibench):
    (tmp_path / "mine.py").write_text(
        "import os, time\n"
        "def slow(x, y):\n    time.sleep(600 * (len(x) > 400))\n    return 0.5\n"
        "def dies(x, y):\n    os._exit(5)\n"
    )
    rows = "\n".join(f"{i % 7},{i % 5}" for i in range(500))
    (tmp_path / "rows.csv").write_text(f"a,b\n{rows}\n")
    specs = "function:call=mine.py:slow,function:call=mine.py:dies,uniform"
    done = mibench("estimate", "rows.csv", "--x", "a", "--y", "b", "-e", specs,
                   "--time-limit", "1", "--format", "json")  # fmt: skip
    assert done.returncode == 1, done.stderr
    slow, dies, uniform = json.loads(done.stdout)["estimates"]
    assert slow["error"] == "TimeLimit: stopped after 1 s"
    assert dies["error"] == "ProcessDied: the estimator's process ended with code 5"
    alone = mibench("estimate", "rows.csv", "--x", "a", "--y", "b", "-e", "uniform",
                    "--format", "json")  # fmt: skip
    assert uniform["bits"] == json.loads(alone.stdout)["estimates"][0]["bits"]
    wrong = mibench("estimate", "rows.csv", "--x", "a", "--y", "b", "--time-limit", "-1")
    assert wrong.returncode == 2
    assert "time limit is -1.0: give seconds above 0" in wrong.stderr


@needs_pipes
def test_a_device_or_pipe_is_not_replaced_by_a_result(tmp_path):
    """As root, a link to /dev/null would have been replaced by a file, for all programs."""
    pipe, link = tmp_path / "pipe.csv", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(InputError, match="device or a pipe: name a plain file"):
            check_path(path, TABLES, "--output")
        with pytest.raises(InputError, match="no plain file"), whole_file(path):
            pass
    assert pipe.is_fifo()
    assert not list(tmp_path.glob(".*"))
