"""Any arguments, specs, tables and directories: an answer or a clear error, and nothing else.

Each example is a command in a process of its own, with limits of time and memory. No traceback, no
hang, the right exit code, no half-written file, no escape sequence; and the values of a readable
table, exactly. The short form runs with all tests. The long form is marked `slow`, and
MIBENCH_FUZZ_EXAMPLES sets its number of examples.
"""

import csv
import io
import itertools
import math
import os
import random
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mibench import ibnet
from mibench.columns.kinds import decide
from mibench.columns.readers import open_table, read_values
from mibench.errors import InputError
from mibench.ibnet.own.files import create, write_epoch

from . import ibnet_directory
from .tables import write_xlsx

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks, /proc")

SHORT, LONG = 4, int(os.environ.get("MIBENCH_FUZZ_EXAMPLES", "40"))
forms = pytest.mark.parametrize(
    "examples", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)], ids=["short", "long"]
)


def for_examples(examples, strategy, test):
    """Run test(example) on this many examples, the same ones in each run."""
    settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )(given(strategy)(test))()  # fmt: skip


@pytest.fixture
def command(forked):
    """Run a command in a folder, within limits; returns its exit code and what it printed."""

    def run(args, cwd):
        done = forked(args, cwd, {}, limits=True)
        check(args, done.returncode, done.stdout, done.stderr)
        assert not [p.name for p in Path(cwd).rglob(".*") if p.name != ".lock"], args
        return done.returncode, done.stdout, done.stderr

    return run


def check(args, code, out, err):
    """What holds for every command."""
    assert code in (0, 1, 2), (args, code, err[-2000:])  # -14: it hung
    assert "Traceback" not in err, (args, err[-2000:])
    shown = {c for c in out + err if unicodedata.category(c) == "Cc"} - {"\n", "\t"}
    assert not shown, (args, shown)
    if code == 2:
        assert out == "", (args, out[:500])
        assert len(err.strip()) > 20, (args, err)


# -- arguments and specs -----------------------------------------------------------------------

NASTY = st.sampled_from(
    [
        "",
        " ",
        "-",
        "--",
        "=",
        ":",
        ",",
        "knn:",
        "knn:k=",
        "knn:k=0",
        "knn:k=1e9",
        "knn:k=-1",
        "knn:k=3,k=4",
        "knn:zz=1",
        "uniform:bins=0",
        "uniform:bins=nan",
        "adaptive:bins=2",
        "kde:bandwidth=0",
        "\x1b[31m",
        "$x$",
        "../..",
        "/dev/null",
        "é",
        "\u202e",
        "1_0",
        "nan",
        "inf",
        "-5",
        "0",
        "1e400",
        "9" * 40,
        "9" * 5000,
        "@" + "9" * 5000,
        "log:" + "9" * 5000,
        "sampling:0.5",
        "a" * 20_000,
        "function:call=nothing.py:f",
        "executable:command=",
        "[/x]",
        "%s",
        "{}",
    ]
)
TEXTS = NASTY | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
)
READING = ["--missing", "--missing-values", "--header", "--no-header", "--separator", "--decimal",
           "--encoding", "--sheet", "--exclude"]  # fmt: skip
SHOWING = ["--units", "--format", "-o"]
OPTIONS = {
    "compare": ["-e", "--samples", "--seeds", "--store", "--against", "--config",
                "--memory-limit", "--plot", *SHOWING],
    "recommend": ["--similar", "--discrete-x", *READING, *SHOWING],
    "train": ["--epochs", "--layers", "--batch", "--keep", "--momentum", "--weight-decay",
              "--label-noise", "--learning-rate", "--optimizer", "--seed", "--data",
              "--quantize", "--dropout", "--training-noise"],
    "estimate": ["--x", "--y", "-e", "--discrete-x", "--discrete-y", "--interval",
                 "--permutations", "--plot", *READING, *SHOWING],
    "given": ["--x", "--y", "-e", "--given", "--discrete-given", "--discrete-x",
              "--permutations", *READING, *SHOWING],
    "pairwise": ["--columns", "--discrete", "-e", "--jobs", "--plot", "--permutations", "--max-q",
                 "--threshold", "--strongest", "--aracne", "--edges", *READING, *SHOWING],
    "rank": ["--target", "--columns", "--discrete", "-e", "--top", "--permutations", "--test",
             "--jobs", *READING, *SHOWING],
    "lags": ["--x", "--y", "--lags", "--past", "--discrete", "-e", "--permutations", "--plot",
             *READING, *SHOWING],
    "check": ["--rows", "--seeds", *SHOWING],
    "results": ["-e", "--tasks", "--suite", "--samples", "--plot", *SHOWING],
    "report": ["-o", "-e", "--tasks", "--samples"],
    "list": ["--units", "--format"],
    "ibnet": ["measure", "plot", "page", "audit", "gradients", "d", "-e", "--measure-epochs",
              "--noise", "-o", "--format", "--pictures"],
}  # fmt: skip
USUAL = st.sampled_from(["a", "b", "t.csv", "a,b", "knn", "uniform", "csv", "json", "bits", "x.svg",
                         "x.csv", "tasks", "flags", "1", "0:3", "c"])  # fmt: skip


# What these do by default takes minutes, so all their examples begin like this.
STARTED = {
    "compare": ["compare", "-e", "uniform", "--tasks", "1v1-normal-0.75", "--samples", "50",
                "--seeds", "2", "--jobs", "1"],
    "recommend": ["recommend", "t.csv", "--x", "a", "--y", "b"],
    "train": ["ibnet", "train", "2.1", "--runs", "1", "--epochs", "2", "--layers", "12-2",
              "-o", "d"],
    "given": ["estimate", "t.csv", "--x", "a", "--y", "b", "--given", "c", "-e", "uniform"],
    "check": ["check", "uniform", "--rows", "60", "--seeds", "1"],
}  # fmt: skip


@st.composite
def arguments(draw):
    name = draw(st.sampled_from(sorted(OPTIONS)))
    words = st.sampled_from(OPTIONS[name]) | USUAL | TEXTS
    if name not in STARTED and draw(st.booleans()):
        return [name, *draw(st.lists(words, max_size=7))]
    start = {"estimate": ["t.csv", "--x", "a", "--y", "b", "-e", "uniform"],
             "pairwise": ["t.csv", "-e", "uniform"], "list": ["tasks"],
             "rank": ["t.csv", "--target", "b", "-e", "uniform"],
             "lags": ["t.csv", "--x", "a", "--y", "b", "--lags", "0:3", "-e", "uniform"],
             "ibnet": ["measure", "t.csv"]}.get(name, ["t.csv"])  # fmt: skip
    return [*STARTED.get(name, [name, *start]), *draw(st.lists(words, max_size=3))]


@forms
def test_any_arguments_are_answered(command, tmp_path_factory, examples):
    folders = itertools.count()
    base = tmp_path_factory.mktemp("arguments")

    def test(args):
        folder = base / str(next(folders))
        folder.mkdir()
        rows = "".join(f"{i % 7},{i * 0.5},{i % 2}\n" for i in range(30))
        (folder / "t.csv").write_text("a,b,c\n" + rows)
        command(args, folder)

    for_examples(examples, arguments(), test)


# -- tables ------------------------------------------------------------------------------------

FIELDS = st.sampled_from(
    [
        "",
        "1",
        "-2.5",
        "1e3",
        "1e400",
        "nan",
        "inf",
        "NA",
        "True",
        "x",
        "=1",
        "1_000",
        "0x1",
        "\x1b[1m",
        '"',
        '"a""b"',
        '"1,5"',
        "'",
        " 1 ",
        "9007199254740993",
        "18446744073709551615",
        "1e",
        "\x00",
        "2020-01-01",
        "é",
    ]
) | st.integers(-5, 5).map(str)
TABLE_BYTES = st.tuples(
    st.sampled_from(
        ["", "\n", "\ufeff", "a,b\n", "a;b\n", "a\tb\n", '"a",b\n', "a,a\n", "a , a\n", "1,2\n"]
    ),
    st.lists(st.lists(FIELDS, min_size=1, max_size=3).map(",".join), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
).map(lambda t: (t[0] + t[2].join(t[1])).encode("utf-8")) | st.binary(max_size=80)


@forms
def test_any_csv_file_is_read_or_refused(command, tmp_path_factory, examples):
    folder = tmp_path_factory.mktemp("csv")

    def test(raw):
        (folder / "t.csv").write_bytes(raw)
        args = ["estimate", "t.csv", "--x", "a", "--y", "b", "-e", "uniform", "--discrete-y"]
        code, _, err = command(args, folder)
        assert "t.csv" in err or "column" in err or code < 2, err

    for_examples(examples, TABLE_BYTES, test)


VALUES = st.one_of(
    st.lists(st.floats(), min_size=2, max_size=8),
    st.lists(st.integers(-(2**63), 2**64 - 1) | st.none(), min_size=2, max_size=8),
    st.lists(st.sampled_from(["x", "y z", "é", "q,r", None]), min_size=2, max_size=8),
)


def same(read, value):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return read is None or read != read
    return read == value or str(read) == str(value)


@forms
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_readable_tables_keep_their_values(tmp_path_factory, examples, ending):
    path = tmp_path_factory.mktemp("values") / f"t.{ending}"

    def test(values):
        table = pd.DataFrame({"a": pd.Series(values, dtype=object), "b": range(len(values))})
        if ending == "csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                rows = [["" if v is None or v != v else v, i] for i, v in enumerate(values)]
                csv.writer(file).writerows([["a", "b"], *rows])
        else:
            try:
                table.to_parquet(path)
            except (OverflowError, ValueError, TypeError, ArithmeticError):
                return  # parquet has no such column
        raw = read_values(open_table(path), ["a", "b"], {"a"})["a"]
        read = decide(raw, "a", declared=True).values.ravel().tolist()
        assert len(read) == len(values)
        assert all(map(same, read, values)), (read, values)

    for_examples(20 * examples, VALUES, test)


@forms
@pytest.mark.parametrize("ending", ["npz", "parquet", "feather", "npy", "xlsx"])
def test_damaged_binary_tables_are_read_or_refused(tmp_path_factory, examples, ending):
    folder = tmp_path_factory.mktemp("binary")
    path = folder / f"t.{ending}"
    columns = {"a": np.arange(6.0), "b": np.arange(6) % 3, "c": np.array(list("xyzxyz"))}
    if ending == "npz":
        np.savez_compressed(path, **columns)
    elif ending == "npy":
        np.save(path, np.c_[columns["a"], columns["b"]])
    elif ending == "xlsx":
        pytest.importorskip("python_calamine")
        rows = [list(row) for row in zip(*(v.tolist() for v in columns.values()), strict=True)]
        write_xlsx(path, {"sheet": [list(columns), *rows]})
    elif ending == "feather":
        pd.DataFrame(columns).to_feather(path)
    else:
        pd.DataFrame(columns).to_parquet(path)
    intact = path.read_bytes()

    def test(seed):
        rng = random.Random(seed)
        raw = bytearray(intact)
        for _ in range(rng.randint(1, 4)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        path.write_bytes(raw[: rng.choice([len(raw), rng.randrange(len(raw))])])
        try:
            table = open_table(path)
            read = read_values(table, table.names, set())
        except InputError as error:
            assert f"t.{ending}" in str(error) or "column" in str(error)  # noqa: PT017
        else:
            assert all(len(v) in (0, 6) or v.ndim for v in read.values())

    for_examples(20 * examples, st.integers(0, 10**9), test)


# -- directories of ibnet ----------------------------------------------------------------------


@forms
def test_any_damage_to_a_directory_is_named_or_harmless(command, tmp_path_factory, examples):
    folder = tmp_path_factory.mktemp("ibnet")
    made = ibnet_directory.make(folder / "made")
    (folder / "work").mkdir()
    commands = (["measure", "d", "--jobs", "1"], ["measure", "d", "-e", "knn:k=2"], ["plot", "d"],
                ["plot", "d", "-o", "figures", "--pictures", "svg"])  # fmt: skip

    def test(seed):
        rng = random.Random(seed)
        directory = ibnet_directory.copy(made, folder / "work" / "d")
        for _ in range(rng.choice([1, 1, 1, 2])):
            ibnet_directory.damage(directory, rng)
        command(["ibnet", *rng.choice(commands)], folder / "work")

    for_examples(examples, st.integers(0, 10**9), test)


@forms
def test_any_damage_to_stored_activations_is_named_or_harmless(command, tmp_path_factory, examples):
    folder = tmp_path_factory.mktemp("activations")
    rows = np.random.default_rng(0).normal(size=(20, 3))
    given = ibnet.from_activations([{"a": rows, "b": rows[:, :1]}] * 2, np.arange(20) % 2)
    create(given, folder / "made")
    for epoch, kept in zip(given.epochs, given.kept[0], strict=True):
        write_epoch(folder / "made", epoch, kept)
    ibnet.measure(ibnet.load_activations(folder / "made"), "uniform:bins=4")
    (folder / "work").mkdir()

    def test(seed):
        rng = random.Random(seed)
        directory = ibnet_directory.copy(folder / "made", folder / "work" / "d")
        for _ in range(rng.choice([1, 1, 1, 2])):
            ibnet_directory.damage(directory, rng)
        command(["ibnet", "measure", "d", "-e", "uniform:bins=4", "--jobs", "1"], folder / "work")

    for_examples(examples, st.integers(0, 10**9), test)


# -- stores ------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'{"format": 1}',
        b"\xff\xfe",
        b"{" * 2000,
        b'"\x1b[31m"',
        b"nan",
    ]
) | st.binary(max_size=30)


@forms
def test_any_store_is_read_or_refused(command, tmp_path_factory, examples):
    folder = tmp_path_factory.mktemp("store")
    code, _, _ = command(
        [
            "compare",
            "-e",
            "uniform",
            "--tasks",
            "1v1-normal-0.75",
            "--samples",
            "50",
            "--seeds",
            "2",
            "--jobs",
            "1",
            "--store",
            "good.jsonl",
        ],
        folder,
    )
    assert code == 0
    good = (folder / "good.jsonl").read_bytes()

    def test(parts):
        position, length, new, lines = parts
        raw = bytearray(good)
        raw[position % len(raw) : position % len(raw) + length] = new
        (folder / "s.jsonl").write_bytes(bytes(raw) + b"\n".join(lines))
        command(["results", "s.jsonl", "--format", "csv"], folder)

    for_examples(
        examples,
        st.tuples(st.integers(0, 10**5), st.integers(0, 9), st.binary(max_size=9),
                  st.lists(LINES, max_size=3)), test,
    )  # fmt: skip


def test_the_checks_of_a_command_find_what_they_look_for():
    for code, out, err in ((3, "", ""), (1, "", "Traceback (most"), (0, "\x1b[1m", ""),
                           (2, "x", "mibench: error: something is bad"), (2, "", "")):  # fmt: skip
        with pytest.raises(AssertionError):
            check([], code, out, err)
    check([], 0, io.StringIO("fine\n").read(), "")
