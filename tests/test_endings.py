"""However mibench ends: finished estimates are in the store, and no program or data is left."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from mibench.estimators.shared import scratch
from mibench.records.store import Store

from .cluster import Cluster
from .conftest import MIBENCH, environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

SIGNALS = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
AT_LEAST = 3  # finished estimates, before a run is ended
LONGEST_PAUSE = 0.5  # seconds between these and the end: of some 50 estimates in each process
# Notes each estimate when it is finished. Times differ, so that workers are at different places.
LOGGING = """
import os, time
from pathlib import Path

def logged(x, y):
    value = float(x.mean())
    time.sleep(abs(value) / 10)
    log = os.open(Path(__file__).with_name("finished"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{value!r}\\n".encode())
    os.close(log)
    return value
"""
PROGRAM = """#!/bin/sh
sleep 600 &
echo $! >> started
echo $$ >> started
sleep 600
"""


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


COMMAND = ("compare", "--samples", "100", "--tasks", "1v1-normal-0.75")


def start(folder, *arguments):
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [MIBENCH, *COMMAND, *arguments],
        cwd=folder, env={**environment(), "TMPDIR": str(folder / "tmp"), "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


class ForkedRun:
    """As what `start` returns, but a fork of a server that has imported all: command_server.py.

    So are its workers, whose imports took two thirds of the time of a run.
    """

    def __init__(self, server, folder, *arguments):
        (folder / "tmp").mkdir()
        self._server, self._messages = server, folder / "stderr"
        request = {
            "args": [*COMMAND, *arguments], "cwd": str(folder), "session": True,
            "forked_workers": True, "stdout": os.devnull, "stderr": str(self._messages),
            "variables": {"TMPDIR": str(folder / "tmp")},
        }  # fmt: skip
        print(json.dumps(request), file=server.stdin, flush=True)
        self.pid = int(server.stdout.readline())

    def send_signal(self, number):
        os.kill(self.pid, number)

    def communicate(self, timeout=None):
        """As that of Popen. The process is gone when the server has its exit code."""
        deadline = time.monotonic() + (timeout or 60)
        while psutil.pid_exists(self.pid):
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(COMMAND, timeout)
            time.sleep(0.01)
        self.returncode = int(self._server.stdout.readline())
        return None, self._messages.read_text()


@pytest.fixture(scope="module")
def forked_run():
    server = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("command_server.py"), "distributed"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    with server:
        yield partial(ForkedRun, server)


def messages_at_the_end(running, seconds=60):
    """What a run printed. One that does not end says where it is, and the test fails."""
    try:
        return running.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGABRT)
        raise AssertionError(running.communicate()[1]) from None


def lost_and_finished(start, folder, number, pause, *options):
    """End a run by a signal; how many estimates were finished, and how many of them are lost."""
    (folder / "logging_estimator.py").write_text(LOGGING)
    call = "function:call=logging_estimator.py:logged"
    running = start(folder, "-e", call, "--seeds", "20000", "--store", "r.jsonl", *options)
    wait_for(lambda: len(lines_of(folder / "finished")) >= AT_LEAST)
    children = psutil.Process(running.pid).children(recursive=True)
    time.sleep(pause)
    running.send_signal(number)
    messages = messages_at_the_end(running)
    assert psutil.wait_procs(children, timeout=20)[1] == []
    assert "Traceback" not in messages, messages
    assert running.returncode == (-9 if number == signal.SIGKILL else 130), messages
    time.sleep(0.5 if "--backend" in options else 0)  # workers of a cluster go on, and stop
    finished = set(map(float, lines_of(folder / "finished")))
    stored = {record.nats for record in Store(folder / "r.jsonl")}
    return len(finished - stored), len(finished)


@pytest.mark.slow
def test_a_killed_run_has_stored_what_its_processes_had_finished(tmp_path):
    lost, finished = lost_and_finished(start, tmp_path, signal.SIGKILL, 0.7, "--jobs", "2")
    assert finished >= AT_LEAST
    assert lost <= 2  # those that were being written


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 1])  # which two test processes share
def test_thirty_runs_that_are_ended_have_stored_what_was_finished(tmp_path, forked_run, part):
    """At random moments. A lost estimate is one that a process was writing."""
    rng, found = random.Random(0), []
    pauses = [rng.uniform(0, LONGEST_PAUSE) for _ in range(30)]
    for trial in range(15 * part, 15 * part + 15):
        folder = tmp_path / str(trial)
        folder.mkdir()
        end = SIGNALS[trial % 4], pauses[trial]
        found.append(lost_and_finished(forked_run, folder, *end, "--jobs", "2"))
    print(found)
    assert max(lost for lost, _ in found) <= 2
    assert sum(finished for _, finished in found) >= 15 * AT_LEAST


@pytest.mark.slow
def test_thirty_runs_on_a_cluster_that_are_ended_have_stored_what_was_finished(
    tmp_path, forked_run
):
    rng, found = random.Random(1), []
    cluster = Cluster(tmp_path, workers=2)
    try:
        for trial in range(30):
            folder = tmp_path / str(trial)
            folder.mkdir()
            options = ("--backend", "dask", "--scheduler", cluster.address)
            pause = rng.uniform(0, LONGEST_PAUSE)
            number = SIGNALS[trial % 4]
            found.append(lost_and_finished(forked_run, folder, number, pause, *options))
    finally:
        cluster.close()
    print(found)
    assert max(lost for lost, _ in found) <= 2
    assert sum(finished for _, finished in found) >= 30 * AT_LEAST


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_program_and_its_data_end_with_the_run(tmp_path, number, jobs):
    (tmp_path / "slow.sh").write_text(PROGRAM)
    (tmp_path / "slow.sh").chmod(0o755)
    running = start(tmp_path, "-e", "executable:command=./slow.sh", "--seeds", "2", "--jobs", jobs)
    wait_for(lambda: len(lines_of(tmp_path / "started")) == 2 * int(jobs))
    programs = [psutil.Process(int(line)) for line in lines_of(tmp_path / "started")]
    data = list((tmp_path / "tmp").glob("mibench-*/mibench-*/data.csv"))
    assert len(data) == int(jobs)
    running.send_signal(number)
    messages_at_the_end(running)
    assert psutil.wait_procs(programs, timeout=20)[1] == []
    wait_for(lambda: not list((tmp_path / "tmp").iterdir()), seconds=20)


def test_a_folder_whose_process_ended_is_removed_by_the_next(tmp_path, monkeypatch):
    """The one whose process still runs is left, and so is another program's."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended, running, foreign = (tmp_path / f"mibench-{name}" for name in ("a", "b", "c"))
    for folder in (ended, running, foreign):
        folder.mkdir()
        (folder / "data.csv").write_text("x1,y1\n")
    scratch._locked(str(ended)).close()
    lock = scratch._locked(str(running))
    scratch._remove_left_over(tmp_path)
    assert [folder.exists() for folder in (ended, running, foreign)] == [False, True, True]
    lock.close()


@pytest.mark.slow
def test_a_hang_up_that_is_ignored_stays_ignored(tmp_path):
    """As `nohup` does."""
    running = subprocess.Popen(
        [sys.executable, "-c", "import signal, sys\n"
         "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
         "from mibench.cli.main import main\n"
         "main(sys.argv[1:])", "compare", "-e", "uniform", "--seeds", "400", "--store", "r.jsonl"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    store = Path(tmp_path / "r.jsonl")
    wait_for(lambda: len(lines_of(store)) > 3)
    running.send_signal(signal.SIGHUP)
    before = len(lines_of(store))
    wait_for(lambda: len(lines_of(store)) > before + 3 or running.poll() is not None)
    running.kill()
    running.wait()
    assert len(lines_of(store)) > before + 3


@pytest.mark.slow
def test_a_scheduler_that_dies_is_said_and_what_was_done_is_kept(tmp_path):
    (tmp_path / "logging_estimator.py").write_text(LOGGING)
    cluster = Cluster(tmp_path, workers=2)
    try:
        running = start(
            tmp_path, "-e", "function:call=logging_estimator.py:logged", "--seeds", "20000",
            "--store", "r.jsonl", "--backend", "dask", "--scheduler", cluster.address,
        )  # fmt: skip
        wait_for(lambda: len(lines_of(tmp_path / "finished")) > 5)
        cluster._scheduler.kill()
        messages = messages_at_the_end(running, seconds=90)
    finally:
        cluster.close()
    assert running.returncode == 2
    assert "Traceback" not in messages, messages
    assert f"the Dask scheduler at '{cluster.address}' went away" in messages
    finished = set(map(float, lines_of(tmp_path / "finished")))
    assert len(finished - {record.nats for record in Store(tmp_path / "r.jsonl")}) <= 2
