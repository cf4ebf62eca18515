"""Code of others in the processes of mibench: forks, folders, threads, and what it may raise."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import mibench as library
from mibench.columns.pairs import InterruptedPairs
from mibench.foreign import contained

from .conftest import MIBENCH

posix = pytest.mark.skipif(os.name != "posix", reason="forks and signals")
GRID = ("--tasks", "1v1-normal-0.75", "--samples", "50", "--seeds", "2")
MINE = """
import os, signal, sys, threading, time

class Odd(BaseException):
    def __str__(self):
        raise SystemExit(7)

FORKS = []

def returns_twice(x, y):
    if FORKS:  # in a fork: it must not fork again, whatever it goes on with
        return 0.25
    if os.fork() == 0:
        FORKS.append(1)
        return 0.25
    return 0.5

def leaves(x, y):
    if (child := os.fork()) == 0:
        sys.exit(3)
    return float(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

def moves(x, y):
    os.chdir("/")
    return 0.5

def raises(x, y):
    raise Odd

def waits(x, y):
    threading.Thread(target=time.sleep, args=(600,)).start()
    return 0.5

def closes(x, y):
    os.closerange(3, 100)
    return 0.5

def dies(x, y):
    if x[0, 0] == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return 0.5

def third_waits(x, y):
    open(f"called-{time.monotonic_ns()}", "w").close()
    if len([name for name in os.listdir() if name.startswith("called")]) > 2:
        time.sleep(600)
    return 0.5
"""


@pytest.fixture
def mine(tmp_path):
    """A file of functions, and a table of three columns, in the folder where commands run."""
    (tmp_path / "mine.py").write_text(MINE)
    rows = np.random.default_rng(0).normal(size=(30, 3))
    rows[0, 1] = 7
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header="a,b,c", comments="")
    return tmp_path


def records(store):
    return [json.loads(line) for line in store.read_text().splitlines() if line.startswith("[")]


@posix
@pytest.mark.parametrize(
    ("how", "jobs"),
    # A worker of several whose files are closed cannot answer: it ends, which is a failure.
    [
        *itertools.product(["returns_twice", "leaves", "moves", "closes"], [1]),
        ("leaves", 2),
        pytest.param("returns_twice", 2, marks=pytest.mark.slow),
        pytest.param("moves", 2, marks=pytest.mark.slow),
    ],
)
def test_each_estimate_is_recorded_once_and_in_its_place(mine, mibench, how, jobs):
    """Whether a fork comes back, or the estimator goes to another folder or closes files."""
    spec = f"function:call=mine.py:{how},uniform"
    done = mibench(
        "compare", "-e", spec, *GRID, "--jobs", jobs, "--store", "s.jsonl", "-o", "o.csv"
    )
    assert done.returncode == 0, done.stderr
    stored = records(mine / "s.jsonl")
    assert (
        sorted(record[5].partition(":")[0] for record in stored)
        == ["function"] * 2 + ["uniform"] * 2
    )
    nats = {record[9] for record in stored if record[5] != "uniform"}
    assert nats == {3.0 if how == "leaves" else 0.5}
    assert (mine / "o.csv").exists()


@posix
@pytest.mark.parametrize("command", ["pairwise", "estimate"])
def test_a_fork_does_not_go_on_as_a_second_command(mine, mibench, command):
    columns = () if command == "pairwise" else ("--x", "a", "--y", "b", "--permutations", "19")
    done = mibench(command, "t.csv", *columns, "-e", "function:call=mine.py:returns_twice",
                   "--format", "csv", "--units", "nats")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == (4 if command == "pairwise" else 2)
    assert "0.25" not in done.stdout


@posix
def test_a_fork_ends_with_the_code_of_its_exception_and_the_folder_is_restored(tmp_path):
    def code_of(work):
        child = os.fork()
        if child == 0:
            with contained():
                if (inner := os.fork()) == 0:
                    work()
            os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert code_of(lambda: None) == 0
    assert code_of(lambda: sys.exit(3)) == 3
    assert code_of(lambda: sys.exit()) == 0
    assert code_of(lambda: sys.exit("text")) == 1
    before = os.getcwd()
    with contained():
        os.chdir(tmp_path)
    assert os.getcwd() == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_whatever_is_raised_for_a_pair_is_its_failure(mine, mibench, jobs):
    spec = "function:call=mine.py:raises"
    done = mibench("pairwise", "t.csv", "-e", spec, "--jobs", jobs, "--format", "json")
    assert done.returncode == 1, done.stderr
    assert {row["error"] for row in json.loads(done.stdout)} == {
        "Odd: (its message cannot be shown: SystemExit)"
    }


@posix
def test_a_pair_whose_process_dies_fails_alone(mine, mibench):
    done = mibench("pairwise", "t.csv", "-e", "function:call=mine.py:dies", "--jobs", 2,
                   "--format", "json")  # fmt: skip
    assert done.returncode == 1, done.stderr
    errors = {(row["x"], row["y"]): row["error"] for row in json.loads(done.stdout)}
    assert errors["a", "b"] == errors["a", "c"] == ""
    assert errors["b", "c"] == "ProcessDied: the estimator's process ended with SIGKILL"


def test_pairs_that_were_done_when_it_was_interrupted_are_kept():
    calls = []

    def interrupted(x, y):
        calls.append(1)
        if len(calls) > 40:  # after some batches, each of at most 16 pairs for each core
            raise KeyboardInterrupt
        return 0.5

    table = np.random.default_rng(0).normal(size=(10, 40))
    with pytest.raises(InterruptedPairs) as caught:
        library.pairwise(table, interrupted)
    assert caught.value.done == len(caught.value.table)
    assert 40 - 16 * (os.cpu_count() or 1) < caught.value.done <= 40
    assert set(caught.value.table["nats"]) == {0.5}


@pytest.mark.slow
@posix
def test_estimates_that_were_done_when_it_was_interrupted_are_shown(mine):
    specs = "uniform,function:call=mine.py:third_waits"
    with subprocess.Popen(
        [MIBENCH, "estimate", "t.csv", "--x", "a", "--y", "b", "-e", specs, "--format", "csv",
         "--permutations", "19"],
        cwd=mine, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        while len(list(mine.glob("called-*"))) < 3:
            time.sleep(0.05)
        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=60)
    assert program.returncode == 130
    assert "interrupted after 2 of 2 estimates; no file was written" in err
    assert [line.split(",")[3].strip('"') for line in out.splitlines()[1:]] == specs.split(",")


@pytest.mark.slow
def test_threads_that_never_end_do_not_keep_the_program(mine):
    done = subprocess.run(
        [MIBENCH, "estimate", "t.csv", "--x", "a", "--y", "b",
         "-e", "function:call=mine.py:waits"],
        cwd=mine, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, "0.721" in done.stdout) == (0, True)


def test_an_answer_of_a_plug_in_that_is_no_estimate_is_a_failure():
    class Empty:
        def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
            return ""

    table = library.compare(Empty(), tasks="1v1-normal-0.75", samples=20, seeds=1)
    assert table["error"].tolist() == [
        "TypeError: estimate() returned a str, not a mibench.Estimate"
    ]


@pytest.mark.parametrize("nats", ["0.5", b"1", True, np.True_])
def test_what_is_no_number_is_no_estimate(nats):
    with pytest.raises(ValueError, match="must be a finite number of nats"):
        library.Estimate(nats)


# -- the working directory, which may come from somebody else ----------------------------------

NAMES = (
    "json",
    "pickle",
    "signal",
    "subprocess",
    "numpy",
    "psutil",
    "cloudpickle",
    "sitecustomize",
)


@pytest.fixture
def evil(tmp_path):
    """A working directory whose modules have the names of those that mibench imports."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(f"open('ran-{name}', 'w'); raise SystemExit(9)\n")
    return tmp_path


@pytest.mark.slow
@posix
@pytest.mark.parametrize("options", [("--jobs", "2"), ("--jobs", "1", "--time-limit", "60")])
def test_nothing_is_imported_from_the_working_directory(evil, mibench, options):
    done = mibench("compare", "-e", "uniform", *GRID, *options)
    assert done.returncode == 0, done.stderr
    assert not list(evil.glob("ran-*"))


def test_a_file_of_numba_in_the_working_directory_chooses_no_folder_of_code(tmp_path):
    pytest.importorskip("yaml")
    (tmp_path / ".numba_config.yaml").write_text("cache_dir: evil\n")
    line = (
        "from pathlib import Path; from mibench.compiled.cache import _candidates; "
        "import numba; assert numba.config.CACHE_DIR == 'evil'; "
        "print(*_candidates(Path('/nowhere')))"
    )
    variables = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", line], cwd=tmp_path, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "evil" not in done.stdout


@pytest.mark.slow
def test_a_style_of_matplotlib_in_the_working_directory_makes_no_code_of_names(mine, mibench):
    (mine / "matplotlibrc").write_text("text.usetex: True\n")
    done = mibench("estimate", "t.csv", "--x", "a", "--y", "b", "-e", "uniform", "--plot", "p.png",
                   env={"PATH": str(shutil.which("sh") and os.defpath)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (mine / "p.png").exists()
