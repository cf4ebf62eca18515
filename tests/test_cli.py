"""Whole commands, run as a user runs them."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import mibench as library
from mibench.output import scatter

from .conftest import MIBENCH, environment

COMPARE = ("compare", "-e", "uniform,adaptive", "--tasks", "1v1-normal-0.75,binary-symmetric-0.1")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A csv of 200 rows with numbers, labels and columns that are wrong in one way each."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    a = rng.normal(size=200)
    table = pd.DataFrame(
        {
            "a": a,
            "b": a + rng.normal(size=200),
            "c": rng.normal(size=200),
            "kind": np.where(a > 0, "up", "down"),
            "flat": 3.0,
            "hole": np.where(np.arange(200) == 7, np.nan, a),
            "odd": np.where(np.arange(200) == 9, "n.a.?", a.astype(str)),
            "huge": np.where(np.arange(200) == 3, np.inf, a),
        }
    )
    table.to_csv(folder / "data.csv", index=False)
    table[["a", "b", "kind"]].to_parquet(folder / "data.parquet")
    np.savez(
        folder / "data.npz",
        t=np.c_[a, a**2],
        y=(a > 0).astype(int),
        short=a[:50],
        cube=a.reshape(2, 2, 50),
    )
    return folder


@pytest.fixture
def data(tmp_path, written):
    """The folder where commands run, with a copy of the tables."""
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_help_and_version(mibench):
    done = mibench("--help")
    assert done.returncode == 0
    for command in ("compare", "estimate", "list"):
        assert command in done.stdout
        assert mibench(command, "--help").returncode == 0
    assert library.__version__ in mibench("--version").stdout


def test_list(mibench):
    assert "knn" in mibench("list", "estimators").stdout
    tasks = json.loads(mibench("list", "tasks", "--format", "json").stdout)
    row = next(t for t in tasks if t["name"] == "1v1-normal-0.75")
    assert float(row["MI in bits"]) == pytest.approx(0.5963, abs=1e-4)
    assert mibench("list", "suites", "--format", "csv").stdout.startswith(
        "name,tasks,which\nquick,"
    )


def test_compare_shows_cases_and_ranking(mibench):
    done = mibench(*COMPARE, "--seeds", 3)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    row = next(line for line in lines if "1v1-normal-0.75" in line)
    assert "1+1" in row
    assert "0.596" in row
    assert row.count("±") == 2
    assert row.count("*") == 1
    assert any("Ranking by RMSE in bits, over the 6 samples" in line for line in lines)
    assert done.stderr == ""


@pytest.mark.slow
def test_compare_numbers_are_those_of_the_library(mibench):
    done = mibench(*COMPARE, "--seeds", 3, "--format", "json", "--units", "nats", "--jobs", 2)
    got = {(c["task"], c["estimator"]): c for c in json.loads(done.stdout)["cases"]}
    table = library.compare("uniform,adaptive", tasks="1v1-normal-0.75", seeds=3)
    for name, rows in table.groupby("estimator"):
        assert got["1v1-normal-0.75", name]["mean_nats"] == pytest.approx(rows["nats"].mean())
    csv = mibench(*COMPARE, "--seeds", 2, "--format", "csv").stdout.splitlines()
    assert csv[0].startswith("task,n,estimator,dim_x,dim_y,mi_bits,mean_bits")
    assert len(csv) == 5


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_compare_writes_every_cell(mibench, tmp_path, ending):
    path = tmp_path / f"cells.{ending}"
    done = mibench(*COMPARE, "--seeds", 3, "--output", path, "--units", "nats")
    assert done.returncode == 0, done.stderr
    read = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[ending]
    got = read(path)
    assert len(got) == 12
    assert got["nats"].notna().all()
    assert got["nats"].tolist() == pytest.approx(
        library.compare(
            "uniform,adaptive", tasks=["1v1-normal-0.75", "binary-symmetric-0.1"], seeds=3
        )["nats"].tolist(),
        abs=1e-14,
    )
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_compare_draws(mibench, tmp_path, ending):
    path = tmp_path / f"figure.{ending}"
    done = mibench(*COMPARE, "--seeds", 1, "--samples", "50,100", "--plot", path)
    assert done.returncode == 0, done.stderr
    start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[ending]
    assert path.read_bytes().startswith(start)


def test_compare_with_failures_lists_them_and_exits_1(mibench):
    done = mibench(
        "compare", "-e", "knn:k=30,uniform", "--tasks", "1v1-normal-0.75", "--samples", "20",
        "--seeds", 2,
    )  # fmt: skip
    assert done.returncode == 1
    assert "failed: knn:k=30 on 1v1-normal-0.75, n=20, 2 time(s): InputError" in done.stdout


@pytest.mark.parametrize(
    ("args", "messages"),
    [
        (["-e", "knm"], ["unknown estimator 'knm'", "'knn'"]),
        (["-e", "knn:k=0"], ["k=0", "greater than or equal to 1"]),
        (["-e", "uniform:bins=-5"], ["bins=-5"]),
        (["--tasks", "nope"], ["unknown task 'nope'", "`mibench list tasks` shows all"]),
        (["--suite", "nope"], ["unknown suite 'nope'", "quick"]),
        (["--suite", "quick", "--tasks", "1v1-normal-0.5"], ["give one of them"]),
        (["--samples", "0"], ["samples holds 0"]),
        (["--samples", "1"], ["samples holds 1"]),
        (["--samples", "-100"], ["samples holds -100"]),
        (["--samples", "many"], ["--samples 'many'", "500,1000"]),
        (["--samples", ","], ["no samples"]),
        (["--seeds", "0"], ["0 is not in the range"]),
        (["--seeds", "x"], ["'x' is not a valid integer"]),
        (["--jobs", "0"], ["jobs is 0"]),
        (["--jobs", "1000000"], ["jobs is 1000000", "1 to 1000"]),
        (["--tasks", ""], ["no tasks given"]),
        (["-e", "uniform:range=-1,1"], ["low:high"]),
        (["--output", "n" * 250 + ".csv"], ["too long"]),
        (["--output", "."], ["is a directory"]),
        (["--output", "cells.xls"], ["cells.xls must end in one of .csv, .json, .parquet"]),
        (["--output", "no/such/cells.csv"], ["no/such does not exist"]),
        (["--plot", "figure.txt"], ["figure.txt must end in one of .png"]),
        (["--units", "hartleys"], ["'hartleys' is not one of 'bits', 'nats'"]),
        (["--bogus"], ["No such option", "--bogus"]),
    ],
)
def test_compare_refuses_bad_input(mibench, tmp_path, args, messages):
    done = mibench("compare", *args)
    assert done.returncode == 2
    assert done.stdout == ""
    for part in messages:
        assert part in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("args", "shape"),
    [
        (["data.csv", "--x", "a,c", "--y", "b"], "200 rows, 2+1"),
        (["data.csv", "--x", "a", "--x", "c", "--y", "b"], "200 rows, 2+1"),
        (["data.csv", "--x", "hole", "--y", "b"], "199 rows, 1+1"),
        (["data.csv", "--x", "huge", "--y", "b", "--missing-values", "inf"], "199 rows, 1+1"),
        (["data.parquet", "--x", "a", "--y", "b"], "200 rows, 1+1"),
        (["data.parquet", "--x", "a", "--y", "kind"], "200 rows, 1+1"),
        (["data.npz", "--x", "t", "--y", "y", "--discrete-y"], "200 rows, 2+1"),
    ],
)
def test_estimate(mibench, data, args, shape):
    done = mibench("estimate", *args, "-e", "knn")
    assert done.returncode == 0, done.stderr
    assert shape in done.stdout
    assert "knn" in done.stdout


@pytest.mark.parametrize(("y", "labels"), [("b", []), ("kind", ["--discrete-y"])])
def test_every_estimator_is_shown_unless_some_are_named(mibench, data, y, labels):
    done = mibench("estimate", "data.csv", "--x", "a", "--y", y, *labels)
    assert done.returncode == 0, done.stderr
    assert "200 rows, 1+1" in done.stdout
    for name in ("uniform", "adaptive", "kde", "knn", "canonical"):
        assert name in done.stdout


@pytest.mark.slow
def test_estimate_gives_the_librarys_numbers(mibench, data):
    table = pd.read_csv(data / "data.csv")
    for units in ("bits", "nats"):
        done = mibench(
            "estimate", "data.csv", "--x", "a", "--y", "b", "-e", "knn:k=4,kde", "--format", "json",
            "--units", units, "--jobs", 2,
        )  # fmt: skip
        for row in json.loads(done.stdout)["estimates"]:
            expected = library.estimate(table["a"], table["b"], row["estimator"])
            assert row[units] == pytest.approx(getattr(expected, units), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("sides", [("a,c", "b"), ("kind", "b"), ("kind", "kind2")])
def test_the_data_and_the_pairs_of_canonical_are_drawn(mibench, data, sides):
    table = pd.read_csv(data / "data.csv")
    table["kind2"] = np.where(table["c"] > 0, "$1_{", "=x")  # neither math nor a formula
    table.to_csv(data / "data.csv", index=False)
    labels = ["--discrete-x"] * (sides[0] == "kind") + ["--discrete-y"] * (sides[1] == "kind2")
    done = mibench(
        "estimate", "data.csv", "--x", sides[0], "--y", sides[1], *labels, "-e", "canonical,knn",
        "--plot", "p.svg",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    picture = (data / "p.svg").read_text()
    assert "canonical, pair 1" in picture or sides[1] == "kind2"


def test_axes_name_columns_and_pairs():
    x, y = np.arange(20.0).reshape(10, 2), np.array(list("ababababab"))[:, None]
    panels = scatter.data_panels(x, y, ["p", "q"], ["kind"])
    panels += scatter.pair_panels("canonical", x[:, :1], x[:, 1:])
    figure = scatter.figure_of(panels, "title")
    used = [axes for axes in figure.axes if axes.axison]
    assert [(a.get_xlabel(), a.get_ylabel()) for a in used] == [
        ("p", "kind"), ("q", "kind"), ("u1(x)", "v1(y)"),
    ]  # fmt: skip
    assert [tick.get_text() for tick in used[0].get_yticklabels()] == ["a", "b"]
    assert used[0].lines[0].get_xdata().tolist() == x[:, 0].tolist()


def test_all_that_is_known_about_estimates_is_written(mibench, data):
    sides = ("--x", "a,c", "--y", "kind", "--discrete-y", "-e", "knn,uniform")
    done = mibench("estimate", "data.csv", *sides, "--format", "json", "-o", "e.json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert json.loads((data / "e.json").read_text()) == shown
    assert (shown["x"], shown["y"], shown["n"]) == (["a", "c"], ["kind"], 200)
    assert (shown["discrete_x"], shown["discrete_y"]) == (False, True)
    assert [row["estimator"] for row in shown["estimates"]] == ["knn", "uniform"]
    table = pd.read_csv(data / "data.csv")
    for row in shown["estimates"]:
        expected = library.estimate(
            table[["a", "c"]], table["kind"], row["estimator"], discrete_y=True
        )
        assert row["bits"] == pytest.approx(expected.bits, abs=1e-12)
        assert row["flags"] == dict(expected.flags)
        assert row["info"]["method"] == expected.info["method"]
        assert row["version"].startswith("mibench ")
    assert shown["notes"] == []
    undeclared = ("--x", "a", "--y", "kind", "-e", "uniform", "--format", "json")
    noted = json.loads(mibench("estimate", "data.csv", *undeclared).stdout)
    assert noted["notes"] == ["taken as labels: kind (text)"]
    assert mibench("estimate", "data.csv", *sides, "-o", "e.csv").returncode == 0
    rows = pd.read_csv(data / "e.csv")
    assert rows["bits"].tolist() == pytest.approx([row["bits"] for row in shown["estimates"]])
    assert (rows["n"] == 200).all()
    refused = mibench("estimate", "data.csv", *sides, "-o", "e.xls")
    assert (refused.returncode, refused.stdout) == (2, "")


@pytest.mark.slow
def test_estimate_explains_its_flags(mibench, data):
    rng = np.random.default_rng(1)
    wide = pd.DataFrame(rng.normal(size=(60, 12)), columns=[f"v{i}" for i in range(12)])
    wide["same"] = wide["v0"]
    wide["tied"] = np.repeat(np.arange(6), 10)
    wide.to_csv(data / "wide.csv", index=False)
    many = ",".join(f"v{i}" for i in range(10))
    done = mibench("estimate", "wide.csv", "--x", many, "--y", "v11")
    assert "Too few rows for the dimension: 60 rows in 11 dimensions" in done.stdout
    assert "More bins than rows" in done.stdout
    done = mibench("estimate", "wide.csv", "--x", "v0", "--y", "same", "-e", "knn,uniform:bins=60")
    assert "At its ceiling: with 60 rows" in done.stdout
    done = mibench("estimate", "wide.csv", "--x", "tied", "--y", "v1", "-e", "knn")
    assert done.returncode == 0
    done = mibench("estimate", "wide.csv", "--x", "tied", "--y", "tied2", "-e", "knn")
    assert "unknown column 'tied2'; did you mean 'tied'" in done.stderr


@pytest.mark.parametrize(
    ("args", "messages"),
    [
        (["none.csv", "--x", "a", "--y", "b"], ["none.csv does not exist"]),
        ([".", "--x", "a", "--y", "b"], ["is a directory"]),
        (["empty.csv", "--x", "a", "--y", "b"], ["empty.csv is empty"]),
        (["header.csv", "--x", "a", "--y", "b"], ["header.csv has a header (a, b) and no rows"]),
        (
            ["bare.csv", "--x", "a", "--y", "b"],
            ["add a header line", "--no-header"],
        ),
        (["one.csv", "--x", "a", "--y", "b"], ["at least 2"]),
        (["torn.parquet", "--x", "a", "--y", "b"], ["torn.parquet cannot be read as parquet"]),
        (["torn.npz", "--x", "a", "--y", "b"], ["torn.npz cannot be read as npz"]),
        (["data.doc", "--x", "a", "--y", "b"], ["must be one of .csv, .tsv", "gz"]),
        (["data.csv", "--x", "aa", "--y", "b"], ["--x", "unknown column 'aa'", "kind"]),
        (["data.csv", "--x", "a"], ["Missing option '--y'"]),
        (["data.csv", "--x", ",", "--y", "b"], ["--x names no column"]),
        (["data.csv", "--x", "a", "--y", "a"], ["'a' is in both"]),
        (["data.csv", "--x", "kind,a", "--y", "b"], ["labels (kind)", "(a)", "--discrete-x"]),
        (["data.csv", "--x", "a", "--y", "odd"], ["'n.a.?' in row 10", "--discrete-y"]),
        (
            ["data.csv", "--x", "hole", "--y", "b", "--missing", "error"],
            ["'hole'", "row 8"],
        ),
        (["data.csv", "--x", "huge", "--y", "b"], ["'huge'", "inf", "row 4", "--missing-values"]),
        (["data.csv", "--x", "flat", "--y", "b"], ["'flat' is constant (always 3.0)"]),
        (["data.csv", "--x", "a", "--y", "flat", "--discrete-y"], ["'flat' is constant"]),
        (["data.npz", "--x", "t", "--y", "short"], ["--x has 200 rows and --y has 50"]),
        (["data.npz", "--x", "t,short", "--y", "y"], ["different length", "50"]),
        (["data.npz", "--x", "cube", "--y", "y"], ["'cube' has shape (2, 2, 50)"]),
        (["data.npz", "--x", "object", "--y", "y"], ["unknown column 'object'"]),
        (["pickled.npz", "--x", "a", "--y", "b"], ["pickled.npz cannot be read as npz"]),
    ],
)
def test_estimate_refuses_bad_input(mibench, data, args, messages):
    (data / "empty.csv").write_text("")
    (data / "header.csv").write_text("a,b\n")
    (data / "bare.csv").write_text("1.0,2.0\n1.5,2.5\n2.0,1.0\n")
    (data / "one.csv").write_text("a,b\n1,2\n")
    (data / "torn.parquet").write_bytes(b"PAR1 and no more")
    (data / "torn.npz").write_bytes(b"PK and no more")
    (data / "data.doc").write_text("a b\n1 2\n")
    np.savez(data / "pickled.npz", a=np.array([{}, {}]), b=np.arange(2))
    done = mibench("estimate", *args)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    for part in messages:
        assert part in done.stderr


def test_one_estimator_may_fail_beside_the_others(mibench, data):
    (data / "few.csv").write_text("a,b\n1,2\n2,1\n3,5\n")
    done = mibench("estimate", "few.csv", "--x", "a", "--y", "b", "-e", "knn,kde")
    assert done.returncode == 1
    assert "knn needs more than k=3 rows, got 3" in done.stdout
    assert "kde" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "list tasks",
        pytest.param("list estimators", marks=pytest.mark.slow),
        pytest.param("compare -e uniform --samples 100 --seeds 1", marks=pytest.mark.slow),
    ],
)
def test_a_reader_that_stops_reading_is_no_error(tmp_path, command):
    done = subprocess.run(
        ["bash", "-c", f"{MIBENCH} {command} | head -1; exit ${{PIPESTATUS[0]}}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment(),
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode in (0, 141)  # 0 where all fitted into the pipe before it closed
    assert done.stdout


def test_a_closed_pipe_is_noticed(tmp_path):
    done = subprocess.run(
        ["bash", "-c", f"{MIBENCH} list tasks --format json | true; exit ${{PIPESTATUS[0]}}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_is_an_error(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [MIBENCH, "list", "tasks"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "mibench: error: cannot write to standard output: No space left on device"
    )


# Notes each call in a file next to it, from which a test sees that a run is at work.
NOTING = """
from pathlib import Path
def noting(x, y):
    with Path(__file__).with_name("calls").open("a") as file:
        file.write("x")
    return 0.5
"""


def wait_for_calls(own, running):
    """Wait until `noting` was called 20 times."""
    deadline = time.monotonic() + 60
    while not (own / "calls").exists() or (own / "calls").stat().st_size < 20:
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [["--jobs", "1"], ["--jobs", "2"], []])
def test_ctrl_c_leaves_no_file_and_shows_what_is_done(tmp_path, tmp_path_factory, jobs):
    """A terminal sends SIGINT to the whole process group, workers included."""
    own = tmp_path_factory.mktemp("own")
    (own / "noting_estimator.py").write_text(NOTING)
    call = f"function:call={own / 'noting_estimator.py'}:noting"
    running = subprocess.Popen(
        [MIBENCH, "compare", "-e", call, "-e", "kde", "--samples", "3000", "--seeds", "500",
         "--output", "cells.csv", "--plot", "figure.png", *jobs],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    wait_for_calls(own, running)
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert "interrupted after" in err
    assert "no file was written" in err
    assert "1v1-normal-0.0" in out
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_the_progress_bar_is_live_on_a_terminal(tmp_path):
    parent, child = pty.openpty()
    running = subprocess.Popen(
        [MIBENCH, "compare", "-e", "uniform", "--tasks", "1v1-normal-0.75", "--seeds", "63"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=child, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(child)
    seen = b""
    while True:
        try:
            seen += (piece := os.read(parent, 4096))
        except OSError:
            break
        if not piece:
            break
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert b"/63" in seen


@pytest.mark.slow
def test_files_are_written_though_nobody_reads_the_table(tmp_path):
    done = subprocess.run(
        ["bash", "-c", f"{MIBENCH} {' '.join(COMPARE)} --seeds 1 -o cells.csv | true"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert len(pd.read_csv(tmp_path / "cells.csv")) == 4
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_an_old_encoding_costs_no_result(tmp_path, encoding):
    done = subprocess.run(
        [MIBENCH, *COMPARE, "--seeds", "1"],
        cwd=tmp_path, capture_output=True, timeout=60,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert done.returncode == 0
    assert b"Ranking by RMSE" in done.stdout


def test_closed_standard_output_is_no_traceback(tmp_path):
    done = subprocess.run(
        ["bash", "-c", f"{MIBENCH} list suites >&-"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_being_terminated_is_like_ctrl_c(tmp_path):
    running = subprocess.Popen(
        [MIBENCH, "compare", "-e", "kde", "--samples", "3000", "--seeds", "500"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(5)
    running.terminate()
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "mibench: interrupted" in err  # with "after ...", if it was past loading


@pytest.mark.slow
def test_a_link_stays_a_link(mibench, tmp_path):
    (tmp_path / "link.csv").symlink_to("target.csv")
    assert mibench(*COMPARE, "--seeds", 1, "-o", "link.csv").returncode == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert len(pd.read_csv(tmp_path / "target.csv")) == 4


def test_the_table_says_which_flags_were_raised(mibench):
    done = mibench("compare", "-e", "uniform:bins=50", "--tasks", "1v1-normal-0.5", "--seeds", 2)
    code, raised = done.stdout.split("how many estimates raised them\n")[1].splitlines()
    assert code.startswith("  more_bins_than_samples: more joint bins than rows")
    assert raised == "    uniform:bins=50 2 of 2"


@pytest.mark.parametrize(
    ("text", "args", "message"),
    [
        ("a,b\n1,2,9\n3,4,5\n6,7,3\n", ["a", "b"], "cannot be read as csv"),
        ("a,a,b\n1,2,9\n3,4,5\n6,7,3\n", ["a", "b"], "unknown column 'a'. Valid: a (@1), a (@2)"),
        ("a,b\n1,2\n3,4\n6,7\n", ["a,a", "b"], "names a column twice"),
        ('a,b\n"1,5",2\n2.5,4\n', ["a", "b"], "only with --decimal ,"),
    ],
)
def test_a_csv_that_would_be_misread_is_refused(mibench, tmp_path, text, args, message):
    (tmp_path / "t.csv").write_text(text)
    done = mibench("estimate", "t.csv", "--x", args[0], "--y", args[1])
    assert done.returncode == 2, done.stdout
    assert message in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_a_byte_order_mark(mibench, tmp_path, separator):
    rows = [["a", "b"], *([str(i), str((i * 7) % 11)] for i in range(40))]
    text = "\ufeff" + "\n".join(separator.join(row) for row in rows)
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    done = mibench("estimate", "t.csv", "--x", "a", "--y", "b", "-e", "knn")
    assert done.returncode == 0, done.stderr
    assert "40 rows, 1+1" in done.stdout


def test_columns_that_are_no_plain_numbers_are_named(mibench, tmp_path):
    dates = np.arange("2020-01-01", "2020-02-10", dtype="M8[D]")
    np.savez(tmp_path / "d.npz", when=dates, y=np.arange(40.0))
    done = mibench("estimate", "d.npz", "--x", "when", "--y", "y", "-e", "knn")
    assert (done.returncode, "when (dates, as days since 2020-01-01)" in done.stderr) == (0, True)
    pd.DataFrame({"a": [[1, 2], [3]] * 9, "b": range(18)}).to_parquet(tmp_path / "l.parquet")
    done = mibench("estimate", "l.parquet", "--x", "a", "--y", "b")
    assert (done.returncode, "'a' holds" in done.stderr) == (2, True)


def test_python_dash_m(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mibench", "--version"], cwd=tmp_path, capture_output=True, text=True
    )
    assert library.__version__ in done.stdout
