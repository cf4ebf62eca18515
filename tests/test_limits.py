"""Estimators that exceed a limit are stopped and recorded, and do not affect the others."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

import mibench
from mibench.records.store import Store
from mibench.running import limits
from mibench.running.limits import Limits, read_bytes

pytestmark = pytest.mark.slow  # most of them wait for a limit, or for a process to end

MANY = 500  # rows, more than the warm-up has
MEASURED = ["seconds", "memory"]


def compare(estimators, **options):
    return mibench.compare(
        estimators, tasks="1v1-normal-0.75", **{"samples": MANY, "seeds": 2, **options}
    )


@pytest.fixture(autouse=True)
def end_the_child():
    yield
    if limits._local.child is not None:
        limits._local.child.close()
        limits._local.child = None


def test_limits_do_not_change_the_numbers():
    options = {"suite": "quick", "samples": 100, "seeds": 2}
    unlimited = mibench.compare("uniform,knn", **options)
    for jobs in (1, 2):
        limited = mibench.compare(
            "uniform,knn", time_limit=60, memory_limit="2GB", jobs=jobs, **options
        )
        pd.testing.assert_frame_equal(
            unlimited.drop(columns=MEASURED), limited.drop(columns=MEASURED)
        )


@pytest.mark.parametrize("jobs", [1, 2])
def test_compiled_code_that_never_ends_is_stopped(awkward, jobs):
    # It returns at all only if the endless estimates are stopped.
    got = compare([awkward.Awkward("spin"), "knn"], time_limit=0.5, jobs=jobs)
    bad, good = got[got.estimator == "Awkward"], got[got.estimator == "knn"]
    assert bad["error"].tolist() == ["TimeLimit: stopped after 0.5 s"] * 2
    assert bad["nats"].isna().all()
    assert (bad["seconds"] >= 0.5).all()
    pd.testing.assert_series_equal(
        good["nats"], compare("knn")["nats"], check_index=False, check_exact=True
    )


def test_memory_without_end_is_stopped(awkward):
    got = compare([awkward.Awkward("hoard"), "knn"], memory_limit="200MB", seeds=1)
    assert got["error"].tolist() == ["MemoryLimit: stopped beyond 200 MB", ""]


def test_an_estimate_that_ends_between_two_polls_is_held_to_the_limits_too(awkward, monkeypatch):
    monkeypatch.setattr(limits, "POLL_SECONDS", 60.0)  # longer than it takes on a busy machine
    # The first look, when the estimate has begun, may come late: it sees nothing here.
    monkeypatch.setattr(limits._Child, "_memory", lambda self: 0)
    got = compare([awkward.Awkward("borrow")], memory_limit="50MB")
    assert got["error"].tolist() == ["MemoryLimit: took more than 50 MB"] * 2
    got = compare([awkward.Slow(0.02)], time_limit=0.001)
    assert got["error"].tolist() == ["TimeLimit: took more than 0.001 s"] * 2


def test_memory_without_end_on_few_rows_is_stopped(awkward, monkeypatch):
    monkeypatch.setattr(limits, "PREPARATION_BYTES", 300_000_000)
    got = compare([awkward.Awkward("hoard", few=0), "knn"], memory_limit="200MB", seeds=2)
    assert got["error"].tolist() == [
        "MemoryLimit: stopped beyond 500 MB, before the estimate began", "",
        "MemoryLimit: stopped beyond 200 MB", "",
    ]  # fmt: skip


def test_only_the_first_warm_up_of_an_estimator_gets_additional_time(awkward, monkeypatch):
    monkeypatch.setattr(limits, "PREPARATION_SECONDS", 5.0)
    got = compare([awkward.Awkward("spin", few=0)], time_limit=0.5, seeds=3)
    assert got["error"].tolist() == [
        "TimeLimit: stopped after 5.5 s, before the estimate began",
        *["TimeLimit: stopped after 0.5 s"] * 2,
    ]


@pytest.mark.parametrize(("how", "ending"), [("crash", "SIGSEGV"), ("leave", "code 3")])
def test_a_process_that_dies_is_a_failure_and_the_next_estimate_has_a_new_one(awkward, how, ending):
    got = compare([awkward.Awkward(how), "knn"], time_limit=60)
    bad = got[got.estimator.str.startswith("Awkward")]
    assert (
        bad["error"].tolist() == [f"ProcessDied: the estimator's process ended with {ending}"] * 2
    )
    assert got[got.estimator == "knn"]["nats"].notna().all()


def test_the_end_of_a_process_is_noticed_while_a_fork_keeps_its_pipe_open(awkward, tmp_path):
    file = tmp_path / "fork"
    got = compare([awkward.Awkward("orphan", file=str(file))], memory_limit="2GB", seeds=1)
    fork = psutil.Process(int(file.read_text()))
    still_open = fork.is_running() and fork.status() != psutil.STATUS_ZOMBIE
    fork.kill()
    assert still_open
    assert got["error"].tolist() == ["ProcessDied: the estimator's process ended with code 3"]


def test_a_process_that_closes_its_pipe_and_goes_on_is_killed(awkward, monkeypatch):
    monkeypatch.setattr(limits, "EXIT_SECONDS", 0.2)
    got = compare([awkward.Awkward("shut")], memory_limit="2GB", seeds=1)
    assert got["error"].tolist() == ["ProcessDied: the estimator's process ended with SIGKILL"]


def test_a_death_within_a_message_is_a_failure(awkward, monkeypatch):
    def fail(self):
        raise OSError("got end of file during message")  # the message of multiprocessing

    compare("knn", time_limit=60, seeds=1)
    child = limits._local.child
    monkeypatch.setattr(type(child._pipe), "recv", fail)
    monkeypatch.setattr(limits, "EXIT_SECONDS", 0.2)
    got = compare("knn", time_limit=60, seeds=1)
    assert "ProcessDied" in got["error"][0]
    assert not child.alive()


def test_a_thread_that_ends_leaves_no_process():
    before = set(psutil.Process().children())
    thread = threading.Thread(target=compare, args=["uniform"], kwargs={"time_limit": 60})
    thread.start()
    thread.join()
    deadline = time.monotonic() + 20  # what belongs to a thread is removed after its end
    while left := set(psutil.Process().children()) - before:
        assert time.monotonic() < deadline, left  # zombies count
        time.sleep(0.05)


def awkward_children():
    infos = [process.info for process in psutil.process_iter(["status", "cmdline"])]
    return [info for info in infos if info["status"] != "zombie" and "awkward child" in str(info)]


@pytest.mark.parametrize("how", ["fork", "abandon"])
def test_processes_that_the_estimator_started_are_stopped_too(awkward, how):
    got = compare([awkward.Awkward(how)], time_limit=1, seeds=1)
    assert "TimeLimit" in got["error"][0]
    assert awkward_children() == []


@pytest.mark.parametrize(
    ("how", "jobs", "limit"), [("spin", 1, 500), ("spin", 2, 500), ("wait", 2, None)]
)
@pytest.mark.parametrize("signal_sent", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_one_that_is_stopped(awkward, tmp_path, signal_sent, how, jobs, limit):
    """A user's script without a main guard is stopped during an estimate that never ends."""
    script = tmp_path / "script.py"
    script.write_text(
        "import mibench, awkward\n"
        f"mibench.compare(['knn', awkward.Awkward({how!r})], tasks='1v1-normal-0.75',\n"
        f"                samples={MANY}, seeds=1, time_limit={limit}, jobs={jobs},\n"
        "                store='r.jsonl')\n"
    )
    running = subprocess.Popen(
        [sys.executable, script], cwd=tmp_path, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(awkward.__file__).parent)},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    children = []
    while time.monotonic() < deadline:
        if (tmp_path / "r.jsonl").exists() and len(list(Store(tmp_path / "r.jsonl"))) == 1:
            children = psutil.Process(running.pid).children(recursive=True)
            time.sleep(0.3)  # now it runs the endless loop, or compiles it
            break
        time.sleep(0.05)
    assert len(children) >= jobs
    running.send_signal(signal_sent)
    running.wait(timeout=20)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_an_estimator_that_the_process_cannot_load_is_explained():
    class Here(mibench.Estimator):
        """Pickled by name, in a module that no other process finds."""

        def _estimate(self, x, y):
            return mibench.Estimate(0.0)

    Here.__module__, Here.__qualname__ = "gone", "Here"
    sys.modules["gone"] = type(sys)("gone")
    sys.modules["gone"].Here = Here
    try:
        with pytest.raises(mibench.InputError, match="could not load 'Here'"):
            compare([Here()], time_limit=5)
    finally:
        del sys.modules["gone"]


def test_an_estimator_that_cannot_be_sent_is_explained():
    lock = threading.Lock()

    def holds(x, y):
        with lock:
            return 0.5

    with pytest.raises(mibench.InputError, match=r"'holds' or .* cannot be sent"):
        compare(holds, time_limit=5)


@pytest.mark.parametrize("limits", [{}, {"time_limit": 60}])
def test_memory_of_an_estimate_is_measured(awkward, limits):
    """Also in a child process, which a larger process starts."""
    got = compare([awkward.Awkward("borrow"), awkward.Awkward("nothing")], seeds=2, **limits)
    assert got["error"][1].startswith("AttributeError")  # a failure has no memory
    borrowed = got["memory"][::2]
    # 100 MB and a few more, or a few less if the process held reserved memory.
    assert borrowed.between(90e6, 110e6).all()
    assert got["memory"][1::2].isna().all()


@pytest.mark.parametrize(
    ("text", "size"),
    [("1B", 1), ("2kB", 2000), ("1.5 GiB", 3 * 2**29), ("500mb", 5 * 10**8), (7, 7), (None, None)],
)
def test_sizes_of_memory(text, size):
    assert read_bytes(text) == size


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_limit": 0}, "time limit is 0"),
        ({"time_limit": float("nan")}, "time limit is nan"),
        ({"memory_limit": -1}, "memory limit is -1"),
        ({"memory_limit": "much"}, "memory limit 'much' is not a size"),
        ({"memory_limit": "2"}, "memory limit '2' has no unit: write 2MB"),
        ({"memory_limit": "2 parsecs"}, "is not a size"),
    ],
)
def test_invalid_limits_are_refused(options, message):
    with pytest.raises(mibench.InputError, match=message):
        compare("uniform", **options)


def test_limits_are_true_if_there_is_one():
    assert not Limits()
    assert Limits(seconds=1)
    assert Limits(bytes=1)


def test_the_command_line_takes_limits(mibench):
    done = mibench("compare", "-e", "knn", "--seeds", 1, "--samples", 3000, "--tasks",
                   "multinormal-dense-50-50-0.5", "--time-limit", 0.001)  # fmt: skip
    assert done.returncode == 1
    assert "TimeLimit: stopped after 0.001 s" in done.stdout
    wrong = mibench("compare", "-e", "knn", "--memory-limit", "lots")
    assert wrong.returncode == 2
    assert "give one such as 500MB" in wrong.stderr
