"""Estimators of the user's own: functions of Python, and any program."""

import importlib
import json
import math
import os
import pickle
import re
import signal
import stat
import subprocess
import sys
import textwrap
import time
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench import InputError
from mibench.contract.functions import FunctionEstimator
from mibench.contract.resolve import resolve_estimators
from mibench.estimators import Executable, Function

from .conftest import MIBENCH
from .test_plugin import environment_with

PAGE = (Path(__file__).parents[1] / "docs" / "own_estimators.md").read_text()
SMALL = {"tasks": "1v1-normal-0.75", "samples": 50, "seeds": 2}
TASKS = ("--tasks", "1v1-normal-0.75", "--samples", "50", "--seeds", "2")
MINE = """
import numpy as np

def covariance(x, y):
    return np.mean(x * y)
"""


def covariance(x, y):
    return np.mean(x * y)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working directory, empty, with its own place for temporary files."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(path, text):
    """A shell script that can be run."""
    path.write_text("#!/bin/sh\n" + textwrap.dedent(text))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"./{path.name}"


def only_error(estimator, **kwargs):
    """The one error that all records have."""
    table = mibench.compare(estimator, **{**SMALL, **kwargs})
    assert table["nats"].isna().all()
    [error] = set(table["error"])
    return error


# -- the documentation -------------------------------------------------------------------------


def blocks(kind):
    """Name -> content of the fenced blocks of the page that are marked so."""
    return dict(re.findall(rf"<!-- {kind} (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def documented(here):
    """A directory with the page's files, and an environment where the page has it."""
    (here / ".venv").symlink_to(sys.prefix)
    for name, content in blocks("file").items():
        (here / name).write_text(content)
    return here


@pytest.mark.slow
@pytest.mark.parametrize("name", ["function", "program"])
def test_the_commands_of_the_page_print_what_it_shows(documented, name):
    command = blocks("run")[name]
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=120, cwd=documented,
        env={**os.environ, "COLUMNS": "100", "MIBENCH_PROGRESS": "off"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    shown = PAGE.split(command)[1].split("```text\n")[1].split("```")[0]
    without_times = partial(re.sub, r" +[\d.]+ (µs|ms|s)\b", "")
    # Rounding on another processor may move the last of three decimals by one.
    numbers = r"[+-]?\d+\.\d{3}"
    numbers_shown = [list(map(float, re.findall(numbers, text))) for text in (done.stdout, shown)]
    assert numbers_shown[0] == pytest.approx(numbers_shown[1], abs=0.002)
    words = [re.sub(numbers, "#", without_times(text)).split() for text in (done.stdout, shown)]
    strip = [[w for w in text if not set(w) <= {"─"}] for text in words]
    assert strip[0] == strip[1]


@pytest.mark.slow
def test_the_python_example_of_the_page_runs(documented):
    [code] = re.findall(r"<!-- python -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-"], input=code, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    means = dict(re.findall(r"^(gauss_mi|knn) +([\d.]+)$", done.stdout, re.MULTILINE))
    assert float(means["gauss_mi"]) < float(means["knn"])  # not a normal distribution: too low
    assert float(done.stdout.split()[-1]) == pytest.approx(0.596, abs=0.1)


@pytest.mark.slow
def test_the_package_of_the_page_installs_and_runs(documented):
    package = documented / "package"
    package.mkdir()
    for name in ("mibench_spearman.py", "pyproject.toml"):
        (documented / name).rename(package / name)
    run = environment_with(package, documented)
    done = run("compare", "-e", "spearman", *TASKS[:2], "--seeds", "5", "--format", "json")
    assert done.returncode == 0, done.stderr
    [case] = json.loads(done.stdout)["cases"]
    assert abs(case["bias_bits"]) < 0.06  # five samples: three standard errors of 0.02


# -- functions ---------------------------------------------------------------------------------


def test_a_function_is_an_estimator_under_its_name():
    table = mibench.compare([covariance, "knn"], **SMALL)
    assert table["estimator"].tolist() == ["covariance", "knn"] * 2
    assert set(table["version"][::2]) == {"this session"}
    x, y = mibench.get_task("1v1-normal-0.75").sample(50, seed=0)
    assert table["nats"][0] == np.mean(x * y)
    estimate = mibench.estimate(x, y, covariance)
    assert estimate.nats == table["nats"][0]
    assert (estimate.info["method"], estimate.info["n"]) == ("function covariance", 50)
    assert mibench.estimate(x, y, lambda x, y: 0.25).nats == 0.25
    assert mibench.compare(covariance, **SMALL)["nats"].tolist() == table["nats"][::2].tolist()


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 3)])
@pytest.mark.parametrize("dtype", [float, np.float32, int])
def test_a_function_gets_copies_in_float64(shape, dtype):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    original = values.copy()

    def check(x, y):
        assert x.dtype == y.dtype == np.float64
        assert x.flags["C_CONTIGUOUS"]
        assert np.array_equal(x, original.reshape(6, -1))
        x[:], y[:] = 7, 7
        return 0.5

    assert mibench.estimate(values, values[::-1], check).nats == 0.5
    assert np.array_equal(values, original)


def test_labels_come_as_codes_and_those_who_ask_are_told():
    seen = {}

    def plain(x, y):
        seen["plain"] = x.tolist(), y.dtype.kind, y.ravel().tolist()
        return 0.1

    def asking(x, y, *, discrete_x, discrete_y=False):
        seen["asking"] = discrete_x, discrete_y
        return 0.2

    def half(x, y, discrete_y=None):
        seen["half"] = discrete_y
        return 0.3

    x, y = [1.0, 2.0, 4.0], ["b", "a", "b"]
    for function in (plain, asking, half):
        mibench.estimate(x, y, function, discrete_y=True)
    assert seen["plain"] == ([[1.0], [2.0], [4.0]], "i", [1, 0, 1])
    assert seen["asking"] == (False, True)
    assert seen["half"] is True
    pairs = np.array([["b", "a"], ["a", "a"], ["b", "a"]])
    mibench.estimate(x, pairs, plain, discrete_y=True)
    assert len(seen["plain"][2]) == 3


def test_a_constant_side_is_0_and_not_asked():
    def never(x, y):
        raise AssertionError

    estimate = mibench.estimate([1, 1, 1], [1, 2, 3], never)
    assert (estimate.nats, set(estimate.flags)) == (0, {"constant"})


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5), np.longdouble(0.5)]
)
def test_what_is_a_number(value):
    assert mibench.estimate([1, 2], [2, 1], lambda x, y: value).nats == 0.5


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "TypeError: answer returned None: it must return one number"),
        ("0.5", "TypeError: answer returned '0.5'"),
        (True, "TypeError: answer returned True"),
        (1j, "TypeError: answer returned 1j"),
        (np.array([0.5]), "TypeError: answer returned array([0.5])"),
        (list(range(99)), "15, 16, 1...: it must return one number"),
        (mibench.Estimate(0.5), "TypeError: answer returned Estimate(0.7213 bits"),
        (float("nan"), "ValueError: answer returned nan: it must return a finite number"),
        (-np.inf, "ValueError: answer returned -inf"),
    ],
)
def test_what_is_no_finite_number_is_a_failure_that_says_so(value, message):
    def answer(x, y):
        return value

    assert message in only_error(answer)


def test_what_a_function_raises_is_a_failure():
    def broken(x, y):
        return 1 / 0

    assert only_error([broken]) == "ZeroDivisionError: division by zero"


def scaled_by(factor):
    def scaled(x, y):
        return factor * np.mean(x * y)

    return scaled


def knn(x, y):
    return 0.0


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        (FunctionEstimator(covariance, name="a,b"), r"name 'a,b' is empty or holds one of"),
        (FunctionEstimator(covariance, name=""), r"name '' is empty.*FunctionEstimator\(f, name="),
        (knn, r"function 'knn' has the name of a registered.*FunctionEstimator\(f, name="),
        ([scaled_by(1), scaled_by(2)], r"two different.*'scaled': name one.*FunctionEstimator\("),
        ([lambda x, y: 0.0, lambda x, y: 1.0], "two different estimators are both 'lambda'"),
        (lambda x: 0.0, r"lambda\(x\) cannot be called as f\(x, y\)"),
        ([lambda x, y, z: 0.0], "missing a required argument: 'z'.*take two arrays"),
        (FunctionEstimator, r"is a class"),
    ],
)
def test_what_cannot_be_compared_is_refused(functions, message):
    with pytest.raises(InputError, match=message):
        mibench.compare(functions, **SMALL)


class Half:
    def __call__(self, x, y):
        return 0.5


def test_what_a_function_is_called():
    named = FunctionEstimator(scaled_by(2), name="twice")
    given = [scaled_by(1), named, lambda x, y: 0.25, partial(covariance), Half()]
    table = mibench.compare(given, **SMALL)
    assert list(dict.fromkeys(table["estimator"])) == [
        "scaled", "twice", "lambda", "covariance", "Half",
    ]  # fmt: skip
    by_name = table.groupby("estimator")["nats"].mean()
    assert by_name["twice"] == pytest.approx(2 * by_name["scaled"])
    assert mibench.estimate([1, 2], [2, 1], named).info["method"] == "function twice"


def test_the_same_function_twice_is_one():
    resolved = resolve_estimators([covariance, "uniform", covariance])
    assert [estimator.spec for estimator in resolved] == ["covariance", "uniform"]


@pytest.mark.slow
def test_jobs_give_the_same_numbers(here, monkeypatch):
    """A function of a module, found by name, and a closure, which travels by value."""
    (here / "mine.py").write_text(MINE)
    (here / "module_of_jobs.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(here))
    covariance = importlib.import_module("module_of_jobs").covariance
    program = f"executable:command={sys.executable} -c 'print(0.25)'"
    estimators = [
        covariance, scaled_by(3), lambda x, y: 0.25, "function:call=mine.py:covariance", program,
    ]  # fmt: skip
    one_process, two_processes = (
        mibench.compare(estimators, **{**SMALL, "seeds": 4}, jobs=jobs) for jobs in (1, 2)
    )
    assert (one_process["error"] == "").all()
    measured = ["seconds", "memory"]
    pd.testing.assert_frame_equal(
        one_process.drop(columns=measured), two_processes.drop(columns=measured)
    )


def test_what_cannot_travel_is_explained():
    handle = sys.stderr.buffer

    def holding(x, y):
        return float(handle is not None)

    assert mibench.compare([holding], **SMALL)["nats"].tolist() == [1, 1]
    with pytest.raises(
        InputError, match="define your own estimators and tasks in a module, or use jobs=1"
    ):
        mibench.compare([holding], **SMALL, jobs=2)


def test_a_function_in_python_is_never_reused(here):
    for factor in (1, 2):
        got = mibench.compare([scaled_by(factor)], **SMALL, store="r.db")
        assert (
            got["nats"].tolist() == mibench.compare([scaled_by(factor)], **SMALL)["nats"].tolist()
        )


# -- functions by their file -------------------------------------------------------------------


@pytest.mark.slow
def test_a_file_on_the_command_line(mibench, tmp_path):
    (tmp_path / "mine.py").write_text("import helper\n" + MINE.replace("x * y", "helper.HALF * x"))
    (tmp_path / "helper.py").write_text("HALF = 0.5\n")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,5\n5,9\n")
    spec = "function:call=mine.py:covariance,units=bits"
    done = mibench("estimate", "t.csv", "--x", "a", "--y", "b", "-e", spec, "--format", "json")
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)["estimates"]
    assert row["estimator"] == spec
    assert row["bits"] == pytest.approx(1.5, rel=1e-12)  # half of the mean of 1, 3, 5
    done = mibench("compare", "-e", spec, *TASKS, "--jobs", 2)
    assert done.returncode == 0, done.stderr


def test_units_and_modules(here):
    (here / "mine.py").write_text(MINE)
    x, y = mibench.get_task("1v1-normal-0.75").sample(50, seed=0)
    nats, bits = (Function("mine.py:covariance", units) for units in ("nats", "bits"))
    assert nats.estimate(x, y).nats == np.mean(x * y)
    assert bits.estimate(x, y).bits == pytest.approx(np.mean(x * y), rel=1e-14)  # there and back
    module = Function("numpy:vdot")
    # The last digit depends on where BLAS finds the arrays in memory.
    assert module.estimate(x, y).nats == pytest.approx(np.vdot(x, y), rel=1e-14)
    assert len(module.content) == 12
    assert Function("math:dist").content == Function("math:dist").content


def test_a_file_is_a_module_of_its_own(here):
    """Dataclasses look their module up; a file of the name of a module hides nothing."""
    (here / "json.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass A:\n    v: float\n\ndef f(x, y):\n    return A(0.5).v\n"
    )
    assert Function("json.py:f").estimate([1, 2], [2, 1]).nats == 0.5
    assert json.__file__ != str(here / "json.py")
    assert os.listdir(here) == ["json.py"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("mine.py", "call=mine.py is neither FILE.py:NAME nor MODULE:NAME"),
        ("mine.py:", "neither FILE.py:NAME"),
        (":covariance", "neither FILE.py:NAME"),
        ("gone.py:f", "gone.py cannot be read (No such file or directory): check the path"),
        ("mine.py:covarience", "mine.py has no 'covarience'. It has: covariance"),
        ("mine.py:np", "np is no function but <module 'numpy'"),
        ("torn.py:f", "torn.py cannot be run: SyntaxError"),
        ("leaves.py:f", "leaves.py cannot be run: SystemExit: 3"),
        ("no_such_module:f", "module no_such_module cannot be imported (ModuleNotFoundError"),
        ("mine:f", "name a file such as mine.py:estimate"),
    ],
)
def test_wrong_calls_are_bad_input(mibench, tmp_path, call, message):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "torn.py").write_text("def f(x, y:\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)\n")
    done = mibench("compare", "-e", f"function:call={call}", *TASKS)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_the_estimator_is_a_value(here):
    (here / "mine.py").write_text(MINE)
    script(here / "mi.sh", "echo 0.5")
    for estimator in (
        Function("mine.py:covariance", units="bits"),
        Executable("./mi.sh", timeout=None),
    ):
        again = eval(repr(estimator))
        assert again == estimator == pickle.loads(pickle.dumps(estimator))
        assert hash(again) == hash(estimator)
        data = [1, 2, 3], [4, 6, 5]
        assert again.estimate(*data) == estimator.estimate(*data)
    for kind, text in ((Function, "mine.py:covariance"), (Executable, "./mi.sh")):
        with pytest.raises(
            InputError, match=r"units=hartleys should be 'nats' or 'bits'.*required"
        ):
            kind(text, units="hartleys")
        with pytest.raises(InputError, match=f"{kind.__name__}: .*=3 should be a valid string"):
            kind(3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["function", "executable"])
def test_an_edited_file_is_computed_again(mibench, tmp_path, kind):
    """Though spec and parameters are the same, and the size and second of the edit too."""
    store = tmp_path / "r.db"
    spec = {
        "function": "function:call=mine.py:f",
        "executable": f"executable:command={sys.executable} mine.py",
    }[kind]
    counted = "from pathlib import Path\nwith Path('log').open('a') as log: log.write('.')\n"
    estimates, runs = [], []
    for value in ("0.1", "0.2", "0.2", "0.1"):
        (tmp_path / "mine.py").write_text(
            f"{counted}def f(x, y):\n    return {value}\nprint(f(0, 0))\n"
        )
        (tmp_path / "log").write_text("")
        done = mibench("compare", "-e", spec, *TASKS, "--store", store, "-o", "cells.csv",
                       "--units", "nats")  # fmt: skip
        assert done.returncode == 0, done.stderr
        cells = pd.read_csv(tmp_path / "cells.csv")
        estimates.append(cells["nats"].tolist())
        runs.append(len((tmp_path / "log").read_text()))
        assert (
            cells["version"]
            .str.fullmatch(r"mibench \S+, code [0-9a-f]{12}, content [0-9a-f]{12}")
            .all()
        )
    assert estimates == [[0.1] * 2, [0.2] * 2, [0.2] * 2, [0.1] * 2]
    if kind == "executable":  # the file of a function is loaded in any case
        assert runs == [2, 2, 0, 0]


def test_what_counts_as_content(here):
    """The program, and arguments that are files, after = too."""
    (here / "a.txt").write_text("1")
    script(here / "mi.sh", "echo 0.5")
    commands = ["./mi.sh", "./mi.sh a.txt", "./mi.sh --in=a.txt {data}", "sh mi.sh"]
    before = [Executable(command).content for command in commands]
    (here / "a.txt").write_text("2")
    after = [Executable(command).content for command in commands]
    assert [a != b for a, b in zip(after, before, strict=True)] == [False, True, True, False]
    script(here / "mi.sh", "echo 0.6")
    last = [Executable(command).content for command in commands]
    assert all(a != b for a, b in zip(last, after, strict=True))


# -- programs ----------------------------------------------------------------------------------

READER = """
import csv, json, os, sys
import numpy as np
path = sys.argv[1]
if path.endswith(".npz"):
    contents = {name: (values.dtype.str, values.tolist()) for name, values in np.load(path).items()}
else:
    with open(path, newline="") as file:
        contents = list(csv.reader(file))
discrete = [os.environ["MIBENCH_DISCRETE_" + side] for side in "XY"]
json.dump([path, contents, discrete, os.getcwd(), os.environ["TMPDIR"]], open("seen.json", "w"))
print("Loading a library")
print(" 0.125 ")
print()
"""


@pytest.fixture
def reader(here):
    """A program that writes down what it was given and prints 0.125 amid chatter."""
    (here / "reader.py").write_text(READER)

    def seen(*, options="", discrete_y=False, x=((0.1, 1e-300), (1 / 3, -2.0)), y=(3, 5), **kwargs):
        estimator = Executable(f"{sys.executable} reader.py{options}", **kwargs)
        estimate = estimator.estimate(np.array(x), np.array(y), discrete_y=discrete_y)
        return estimate, json.loads((here / "seen.json").read_text())

    return seen


def test_a_program_gets_a_csv(reader, here):
    estimate, (path, rows, discrete, folder, temporary) = reader()
    assert estimate.nats == 0.125
    assert rows[0] == ["x1", "x2", "y1"]
    assert [[float(v) for v in row] for row in rows[1:]] == [[0.1, 1e-300, 3], [1 / 3, -2, 5]]
    assert discrete == ["0", "0"]
    assert Path(folder) == here
    assert not Path(path).exists()
    assert Path(path).parent == Path(temporary)
    assert not Path(temporary).exists()


def test_a_program_gets_an_npz_and_answers_in_bits(reader):
    estimate, (path, arrays, _, _, _) = reader(form="npz", units="bits")
    assert estimate.bits == 0.125
    assert path.endswith(".npz")
    assert arrays == {
        "x": ["<f8", [[0.1, 1e-300], [1 / 3, -2.0]]], "y": ["<f8", [[3.0], [5.0]]],
    }  # fmt: skip


def test_a_program_gets_labels_as_codes(reader):
    labels = [["b", "a"], ["a", "a"], ["b", "a"]]
    x = [[1.5], [2.5], [3.5]]
    _, (_, rows, discrete, _, _) = reader(x=x, y=labels, discrete_y=True)
    assert rows == [["x1", "y1"], ["1.5", "1"], ["2.5", "0"], ["3.5", "1"]]
    assert discrete == ["0", "1"]
    _, (_, arrays, _, _, _) = reader(x=x, y=labels, discrete_y=True, form="npz")
    assert arrays["y"] == ["<i8", [[1], [0], [1]]]


def test_where_the_path_goes(here):
    script(here / "mi.sh", 'echo "$@" > seen; echo 0.5')
    for command, seen in [
        ("./mi.sh", "PATH"),
        ("./mi.sh 'a b' --k=3", "a b --k=3 PATH"),
        ("./mi.sh --in={data} {data} end", "--in=PATH PATH end"),
        ("./mi.sh $HOME * ; ls", "$HOME * ; ls PATH"),  # no shell
    ]:
        Executable(command).estimate([1, 2], [2, 1])
        shown = re.sub(r"\S*?(/[\w./-]*data\.csv)", lambda m: m[0].replace(m[1], "PATH"),
                       (here / "seen").read_text().strip())  # fmt: skip
        assert shown == seen


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo 0.5; exit 3", "RuntimeError: the program ended with exit code 3"),
        (
            "for i in 1 2 3 4; do echo line $i >&2; done; cat no{1}; exit 1",
            "exit code 1. Standard error ends: line 3 | line 4 | cat: ",
        ),
        ("kill -9 $$", "RuntimeError: the program was killed by signal 9"),
        (
            "true",
            "ValueError: the last line must be a finite number, but the program printed nothing",
        ),
        ("echo 0.5; echo done", "must be a finite number, but it is 'done'"),
        ("echo '[1] 0.5'", "must be a finite number, but it is '[1] 0.5'"),
        ("echo nan; echo because >&2", "is 'nan'. Standard error ends: because"),
        ("echo -inf", "is '-inf'"),
        ("echo 1_0", "is '1_0'"),
        ("printf '\\331\\241\\n'", "is '\u0661'"),  # a digit of another script
        ("printf 0x1", "is '0x1'"),
        ("echo bad: $1 >&2; exit 1", "Standard error ends: bad: {data}"),
        ("printf '\\377\\n'", "a finite number, but it is '\ufffd'"),
    ],
)
def test_failures_are_recorded_with_their_reason(here, body, message):
    command = script(here / "mi.sh", body)
    assert message in only_error(Executable(command))


def test_a_failure_on_the_command_line(mibench, tmp_path):
    script(tmp_path / "mi.sh", "echo no convergence >&2; exit 7")
    done = mibench("compare", "-e", "executable:command=./mi.sh,uniform", *TASKS)
    assert done.returncode == 1
    assert (
        "failed: executable:command=./mi.sh on 1v1-normal-0.75, n=50, 2 time(s): RuntimeError: the "
        "program ended with exit code 7. Standard error ends: no convergence"
    ) in done.stdout


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "executable:command=no-such-program x",
            "no program 'no-such-program' can be run: install",
        ),
        ("executable:command=./gone.sh", "no program './gone.sh' can be run"),
        ("executable:command=plain.sh", "make it executable: chmod +x plain.sh"),
        ("executable:command=mi.sh", "for the file in this folder write ./mi.sh"),
        ("executable:command=awk 'x", "command=awk 'x cannot be read (No closing quotation)"),
        ("executable", "'executable' lacks command: write executable:command=VALUE"),
        ("executable:command=./mi.sh,form=xml", "form=xml should be 'csv' or 'npz'"),
        ("executable:command=./mi.sh,timeout=0", "timeout=0 should be greater than 0"),
        ("executable:command=./mi.sh -F, x", "Quote a value that holds a comma: 'a,b'"),
        (
            "executable:command=./mi.sh a,b=1",
            "timeout=3600. Quote a value that holds a comma: 'a,b'",
        ),
        ("executable:command=' '", "no program ' ' can be run"),
    ],
)
def test_what_cannot_run_is_bad_input_at_once(mibench, tmp_path, spec, message):
    (tmp_path / "plain.sh").write_text("echo 0.5")
    script(tmp_path / "mi.sh", "echo 0.5")
    done = mibench("compare", "-e", spec, *TASKS)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_an_empty_command_and_a_script_without_its_first_line(here):
    with pytest.raises(InputError, match="command=  is empty: write it"):
        Executable(" ")
    script(here / "mi.sh", "echo 0.5")
    (here / "mi.sh").write_text("echo 0.5\n")
    message = only_error(Executable("./mi.sh"))
    assert "mi.sh cannot be started (Exec format error): a script needs a first line" in message


def test_commas_in_quotes(mibench, tmp_path):
    script(tmp_path / "mi.sh", 'test "$1" = "a,b" && echo 0.5')
    done = mibench("compare", "-e", "executable:command=./mi.sh 'a,b',units=bits,uniform", *TASKS)
    assert done.returncode == 0, done.stdout
    assert "executable:command=./mi.sh 'a,b',units=bits" in done.stdout


# It starts another program, says which two they are, and waits for ever.
WAITING = "sleep 600 & echo $$ $! > pids.part; mv pids.part pids; echo begun >&2; wait"


def pids(folder):
    """Those that a program has written down."""
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def ended(pid):
    """Whether a process ends within a few seconds: a kill takes a moment."""
    for _ in range(50):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":  # has ended, and nobody has asked how
            return True
        time.sleep(0.1)
    return False


def test_time_that_runs_out_kills_the_program_and_what_it_started(here):
    script(here / "mi.sh", WAITING)
    message = only_error(Executable("./mi.sh", timeout=2), seeds=1)  # time to print it under load
    assert message == (
        "TimeoutError: stopped after 2 s; raise timeout=, or set it to none. "
        "Standard error ends: begun"
    )
    assert [ended(pid) for pid in pids(here)] == [True, True]


def test_time_that_runs_out_kills_what_has_left_the_group(here):
    command = "import os, time; open('pids', 'w').write(str(os.getpid())); time.sleep(600)"
    outer = f"import subprocess; subprocess.Popen(['{sys.executable}', '-c', {command!r}], "
    (here / "outer.py").write_text(outer + "start_new_session=True)\n")
    script(here / "mi.sh", f"{sys.executable} outer.py; sleep 600")
    assert "stopped after 3 s" in only_error(Executable("./mi.sh", timeout=3), seeds=1)
    assert [ended(pid) for pid in pids(here)] == [True]


@pytest.mark.slow
def test_what_an_estimator_prints_is_no_result(mibench, tmp_path):
    code = "import os\ndef f(x, y):\n    print('by Python')\n    os.write(1, b'below it')\n"
    (tmp_path / "mine.py").write_text(code + "    return 0.5\n")
    (tmp_path / "d.csv").write_text("a,b\n1,2\n3,1\n4,5\n")
    spec = ["-e", "function:call=mine.py:f", "--format", "json"]
    done = mibench("compare", *spec, *TASKS)
    assert len(json.loads(done.stdout)["cases"]) == 1
    assert "by Python" in done.stderr
    assert "below it" in done.stderr
    for limits in (["--jobs", 2], ["--time-limit", 60]):
        json.loads(mibench("compare", *spec, *TASKS, *limits).stdout)
    done = mibench("estimate", "d.csv", "--x", "a", "--y", "b", *spec)
    assert json.loads(done.stdout)["estimates"][0]["bits"] == pytest.approx(
        0.5 / math.log(2), rel=1e-12
    )


def test_what_the_program_leaves_running_ends_with_the_time(here):
    """It holds the output open, so the program may not have printed its last line yet."""
    script(here / "mi.sh", WAITING.replace("wait", "echo 0.5"))
    assert "stopped after 2 s" in only_error(Executable("./mi.sh", timeout=2), seeds=1)
    assert [ended(pid) for pid in pids(here)] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_nothing_running_and_no_file(tmp_path, jobs):
    """Workers are killed before they can tidy up; what they leave goes all the same."""
    script(tmp_path / "mi.sh", WAITING.replace("pids", "$$.pids"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = subprocess.Popen(
        [MIBENCH, "compare", "-e", "executable:command=./mi.sh", *TASKS, "--jobs", str(jobs)],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    for _ in range(600):
        if len(pid_files := list(tmp_path.glob("*.pids"))) == jobs:
            break
        time.sleep(0.1)
    os.killpg(command.pid, signal.SIGINT)
    _, err = command.communicate(timeout=60)
    assert command.returncode == 130, err
    assert "Traceback" not in err
    started = [int(pid) for path in pid_files for pid in path.read_text().split()]
    assert [ended(pid) for pid in started] == [True] * 2 * jobs
    assert [name for name in os.listdir(temporary) if name.startswith("mibench-")] == []


@pytest.mark.slow
def test_nothing_is_left_in_the_temporary_directory(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    script(tmp_path / "good.sh", "touch $TMPDIR/more; echo 0.5")
    script(tmp_path / "bad.sh", "mkdir $TMPDIR/more; exit 1")
    done = subprocess.run(
        [MIBENCH, "compare", "-e", "executable:command=./good.sh,executable:command=./bad.sh",
         "-e", "executable:command=./good.sh,form=npz", *TASKS],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "2 time(s)" in done.stdout
    assert os.listdir(temporary) == []


def test_a_program_is_not_run_to_warm_up(here):
    script(here / "mi.sh", "echo run >> log; echo 0.5")
    mibench.compare("executable:command=./mi.sh", **SMALL)
    assert (here / "log").read_text().split() == ["run"] * 2


def test_a_program_that_prints_much(here):
    script(here / "mi.sh", "yes chatter | head -n 200000; yes | head -n 200000 >&2; echo 0.5")
    assert Executable("./mi.sh", timeout=60).estimate([1, 2], [2, 1]).nats == 0.5


def test_of_all_that_a_program_prints_only_the_end_is_kept(here):
    script(here / "mi.sh", "yes chatter | head -c 100000000; echo; echo 0.5")
    tracemalloc.start()
    try:
        assert Executable("./mi.sh", timeout=60).estimate([1, 2], [2, 1]).nats == 0.5
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_own_estimators_are_listed_and_not_run_by_default(mibench):
    rows = json.loads(mibench("list", "estimators", "--format", "json").stdout)
    parameters = {row["name"]: row["parameters"] for row in rows}
    assert parameters["function"] == "call (required), units=nats"
    assert parameters["executable"].startswith("command (required), form=csv, units=nats")
    done = mibench("compare", *TASKS, "--format", "json")
    ranked = {row["estimator"] for row in json.loads(done.stdout)["ranking"]}
    assert ranked == {"adaptive", "canonical", "kde", "knn", "uniform"}
