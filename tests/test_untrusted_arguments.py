"""Arguments that no system can serve: a clear message of bounded length, and no waiting."""

import os
import subprocess

import pytest

from mibench.cli.console import MAX_SAID
from mibench.digits import whole_number
from mibench.errors import InputError
from mibench.ibnet.schedule import epochs_of
from mibench.running.limits import MOST_BYTES, read_bytes

DIGITS = "9" * 5000  # more than Python converts to a number
TABLE = ("t.csv", "--x", "a", "--y", "b", "-e", "uniform")
TRAIN = ("ibnet", "train", "2.1", "--runs", "1", "-o", "d")
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")


@pytest.fixture
def table(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i % 7},{i * 0.5}\n" for i in range(30)))


@pytest.mark.parametrize("text", [DIGITS, "", "-1", "1_0", "1.0", " 1", "²"])
def test_what_is_no_whole_number(text):
    assert whole_number(text) is None


@pytest.mark.parametrize(
    "args",
    [
        ("estimate", *TABLE, "--x", f"@{DIGITS}"),
        ("pairwise", "t.csv", "--exclude", f"@1:{DIGITS}"),
        ("recommend", *TABLE[:5], "--header", DIGITS),
        (*TRAIN, "--layers", f"12-{DIGITS}"),
        (*TRAIN, "--batch", DIGITS),
        (*TRAIN, "--epochs", DIGITS[:1000]),
        (*TRAIN, "--epochs", "2", "--keep", f"log:{DIGITS}"),
        ("ibnet", "measure", "d", "--measure-epochs", DIGITS),
    ],
)
def test_numbers_of_thousands_of_digits_are_refused(mibench, table, args):
    done = mibench(*args)
    assert done.returncode == 2
    assert "error" in done.stderr.lower()


def test_schedules_of_thousands_of_digits_are_refused():
    for schedule in (DIGITS, f"log:{DIGITS}", f"0,{DIGITS}"):
        with pytest.raises(InputError, match="give every, log:50"):
            epochs_of(schedule, 10)


@pytest.mark.parametrize("command", ["estimate", "pairwise", "recommend"])
@pytest.mark.parametrize("name", ["é" * 300, "a" * 5000, "a/" * 5000])
def test_names_of_tables_that_the_system_refuses(mibench, command, name):
    columns = () if command == "pairwise" else TABLE[1:5]
    done = mibench(command, name, *columns)
    assert done.returncode == 2
    assert "cannot be read" in done.stderr


def test_messages_have_a_bounded_length(mibench, table):
    for args in (("show", "a" * 100_000), ("estimate", *TABLE, "--separator", "a" * 100_000)):
        done = mibench(*args)
        assert done.returncode == 2
        assert 100 < len(done.stderr) < MAX_SAID + 200


def test_a_long_time_limit_is_kept(mibench, table):
    done = mibench("estimate", *TABLE, "--time-limit", "inf")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("size", ["9" * 400 + "GB", "1" + "0" * 30 + "B"])
def test_a_memory_limit_beyond_any_machine_is_none(size):
    assert read_bytes(size) == MOST_BYTES


@needs_pipes
@pytest.mark.parametrize(
    "args",
    [("compare", "--config", "p.toml"), (*TRAIN[:2], "p.json"), (*TRAIN, "--data", "p.npz"),
     (*TRAIN, "--data", "p.mat")],
)  # fmt: skip
def test_a_pipe_is_not_waited_for(mibench, tmp_path, args):
    os.mkfifo(tmp_path / args[-1])
    done = mibench(*args)
    assert done.returncode == 2
    assert "no plain file" in done.stderr


def test_what_an_estimator_prints_while_layers_are_measured_is_no_result(mibench, tmp_path):
    (tmp_path / "p.py").write_text("def f(x, y):\n    print('noise')\n    return 0.1\n")
    assert mibench(*TRAIN, "--epochs", "1", "--layers", "12-2").returncode == 0
    done = mibench("ibnet", "measure", "d", "-e", "function:call=p.py:f", "--jobs", "1",
                   "--format", "csv")  # fmt: skip
    assert isinstance(done, subprocess.CompletedProcess)
    assert "noise" not in done.stdout
    assert "noise" in done.stderr
