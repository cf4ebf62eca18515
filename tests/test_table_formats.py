"""Tables of every kind give the same numbers as the arrays that they were made of."""

import bz2
import gzip
import io
import lzma
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import mibench
from mibench.columns import sources
from mibench.columns.column_table import read_columns
from mibench.columns.files import read_sides
from mibench.columns.reading import ReadAs
from mibench.errors import InputError

from .tables import ROWS, as_text, columns, write_xlsx

DATA = columns()


def zstd(raw):
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(raw)
    return out.getvalue().to_pybytes()


PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}


def assert_read(path, told=None, x="a", y="b"):
    """The numbers are those of the arrays, to the last bit; what is said, to standard error."""
    sides = read_sides(path, [x], [y], **({} if told is None else {"told": told}))
    assert sides.x.values.ravel().tolist() == DATA["a"].tolist()
    assert sides.y.values.ravel().tolist() == DATA["b"].tolist()
    assert [sides.x.discrete, sides.y.discrete] == [False, False]
    return sides.notes


@pytest.mark.parametrize("ending", ["", *PACKED])
@pytest.mark.parametrize(
    ("name", "separator", "said"),
    [
        ("t.csv", ",", []),
        ("t.tsv", "\t", ["separator tab"]),
        ("t.txt", "|", ["separator '|'"]),
        ("t.dat", " ", ["separator spaces"]),
        ("table", ";", ["separator ';'"]),
    ],
)
def test_text_files_packed_and_not(tmp_path, name, separator, said, ending):
    path = tmp_path / (name + ending)
    raw = as_text(DATA, separator).encode()
    path.write_bytes(PACKED[ending](raw) if ending else raw)
    assert assert_read(path) == [f"read {path} as: {part}" for part in said]


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_the_bytes_say_whether_a_file_is_packed(tmp_path, name):
    (tmp_path / "t.csv").write_bytes(gzip.compress(as_text(DATA).encode()))
    assert assert_read(tmp_path / "t.csv") == []
    (tmp_path / "t.csv.gz").write_text(as_text(DATA))
    with pytest.raises(InputError, match="is not compressed as its ending says"):
        assert_read(tmp_path / "t.csv.gz")


def test_numpys_parquets_and_feathers_files(tmp_path):
    frame = pd.DataFrame(DATA)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather", compression="zstd")
    table = pa.Table.from_pandas(frame)
    with pa.ipc.new_file(tmp_path / "t.arrow", table.schema) as file:
        file.write_table(table, max_chunksize=7)
    with pa.ipc.new_stream(tmp_path / "stream.arrow", table.schema) as file:
        file.write_table(table, max_chunksize=7)
    np.savez(tmp_path / "t.npz", **DATA)
    for name in ("t.parquet", "t.feather", "t.arrow", "stream.arrow", "t.npz"):
        assert assert_read(tmp_path / name) == [], name
    matrix = np.c_[DATA["k"] == "up", DATA["a"], DATA["b"]]
    np.save(tmp_path / "t.npy", matrix)
    assert assert_read(tmp_path / "t.npy", x="@2", y="@-1") == []
    named = np.array(list(zip(DATA["a"], DATA["b"], strict=True)), [("a", "f8"), ("b", "f8")])
    np.save(tmp_path / "named.npy", named)
    assert assert_read(tmp_path / "named.npy") == []


def test_excel_files(tmp_path):
    pytest.importorskip("python_calamine")
    rows = [list(DATA), *map(list, zip(*[v.tolist() for v in DATA.values()], strict=True))]
    write_xlsx(tmp_path / "t.xlsx", {"one": rows, "two": [["c"], [1]]})
    assert assert_read(tmp_path / "t.xlsx") == [
        f"read {tmp_path / 't.xlsx'} as: sheet 'one', one of 2"
    ]
    (tmp_path / "t.csv").write_bytes((tmp_path / "t.xlsx").read_bytes())  # a wrong ending
    assert_read(tmp_path / "t.csv")
    with pytest.raises(InputError, match="unknown sheet 'tow'; did you mean 'two'"):
        assert_read(tmp_path / "t.xlsx", ReadAs(sheet="tow"))


def test_cells_of_excel_keep_what_they_are(tmp_path):
    pytest.importorskip("python_calamine")
    rows = [["a", "code", "ok", "n"], [1.5, "3.10", True, 7], [2, "3.1", False, None],
            [None, "007", True, 8], [4.25, "NA", False, 9]]  # fmt: skip
    write_xlsx(tmp_path / "t.xlsx", {"s": rows})
    read = read_columns(tmp_path / "t.xlsx", discrete=["code"])
    assert read.values["code"].tolist() == ["3.10", "3.1", "007", "NA"]
    assert read.values["ok"].tolist() == [True, False, True, False]
    assert read.labels == ["code", "ok"]
    assert read.values["a"].tolist()[:2] == [1.5, 2.0]
    assert read.holes == {"a": 1, "n": 1}


def test_without_the_extra_an_excel_file_is_refused_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    write_xlsx(tmp_path / "t.xlsx", {"s": [["a"], [1]]})
    with pytest.raises(InputError, match=r"needs the extra excel: pip install 'mibench\[excel\]'"):
        assert_read(tmp_path / "t.xlsx")


# -- standard input ----------------------------------------------------------------------------


class Piped:
    def __init__(self, raw):
        self.buffer = io.BytesIO(raw)

    def isatty(self):
        return False


def npz():
    file = io.BytesIO()
    np.savez(file, **DATA)
    return file.getvalue()


def parquet():
    file = io.BytesIO()
    pq.write_table(pa.table(DATA), file)
    return file.getvalue()


@pytest.mark.parametrize(
    "raw",
    [as_text(DATA).encode(), as_text(DATA, ";", ",").encode("utf-16"), npz(), parquet(),
     gzip.compress(as_text(DATA, "\t").encode()), zstd(as_text(DATA).encode())],
    ids=["csv", "utf-16", "npz", "parquet", "gz", "zst"],
)  # fmt: skip
def test_standard_input_may_be_any_of_them(raw, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Piped(raw))
    assert_read(sources.Path("-"))


def test_nothing_on_standard_input_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Piped(b""))
    with pytest.raises(InputError, match="standard input is empty"):
        assert_read(sources.Path("-"))


# -- more than the memory holds ----------------------------------------------------------------


@pytest.mark.parametrize("ending", list(PACKED))
def test_a_packed_file_that_grows_beyond_the_memory_is_refused(tmp_path, monkeypatch, ending):
    monkeypatch.setattr("mibench.memory.available_memory", lambda: 10**7)
    monkeypatch.setattr("mibench.columns.dialect.available_memory", lambda: 10**7)
    path = tmp_path / f"t.csv{ending}"
    path.write_bytes(PACKED[ending](b"a,b\n" + b"1,2\n" * 500_000))
    assert path.stat().st_size < 10**5
    with pytest.raises(InputError, match=r"t\.csv.* needs 0\.0 GB of memory, and 0\.0 GB"):
        assert_read(path)
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 500_000)
    with pytest.raises(InputError, match="of memory"):
        assert_read(tmp_path / "t.csv")


def test_a_packed_parquet_file_that_grows_beyond_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("mibench.memory.available_memory", lambda: 10**7)
    path = tmp_path / "t.parquet.gz"
    path.write_bytes(gzip.compress(bytes(10**8)))
    with pytest.raises(InputError, match="of memory"):
        assert_read(path)


def test_a_feather_file_that_grows_beyond_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("mibench.memory.available_memory", lambda: 10**7)
    zeros = pa.table({"a": np.zeros(2**21), "b": np.zeros(2**21)})
    pa.feather.write_feather(zeros, tmp_path / "t.feather", compression="zstd")
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(InputError, match="of memory"):
        assert_read(tmp_path / "t.feather")
    assert pa.default_memory_pool().max_memory() == before  # nothing was unpacked


# -- parquet -----------------------------------------------------------------------------------


def write(folder, table):
    pq.write_table(pa.table(table), folder / "t.parquet")
    return folder / "t.parquet"


@pytest.mark.parametrize("kind", [pa.list_(pa.float64()), pa.list_(pa.float32(), 2), None])
def test_lists_of_equal_length_are_vectors(tmp_path, kind):
    vectors = pa.array([[1.0, 2.5], [3.0, None], None, [5.0, 7.5], [6.0, 1.0]],
                       kind or pa.large_list(pa.float64()))  # fmt: skip
    path = write(tmp_path, {"v": vectors, "y": [1, 2, 3, 4, 5]})
    sides = read_sides(path, ["v"], ["y"])
    assert sides.x.values.tolist() == [[1.0, 2.5], [5.0, 7.5], [6.0, 1.0]]
    assert sides.notes == [
        "3 of 5 rows used; 2 left out, as values are missing: v[:, 1] 2, v[:, 0] 1"
    ]
    assert list(read_columns(path).values) == ["v[:, 0]", "v[:, 1]", "y"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([[1], [2, 3], [4]]), r"column 'v' holds lists of different lengths \(1, 2\)"),
        (pa.array([["a"], ["b"], ["c"]]), "column 'v' holds lists of string values"),
        (pa.array([[], [], []], pa.list_(pa.int8())), "lists of no values"),
        (pa.array([{"p": 1}, {"p": 2}, {"p": 3}]), "column 'v' holds records"),
    ],
)
def test_nested_values_are_refused_by_the_name_of_the_column(tmp_path, values, message):
    path = write(tmp_path, {"v": values, "y": [1, 2, 4], "z": [2.0, 1.5, 1.0]})
    for discrete in (False, True):
        with pytest.raises(InputError, match=message):
            read_sides(path, ["y"], ["v"], discrete_y=discrete)
    read = read_columns(path)  # the other columns go on
    assert list(read.values) == ["y", "z"]
    assert list(read.unusable) == ["v"]


def test_numbers_of_every_type_of_parquet(tmp_path):
    from decimal import Decimal

    path = write(
        tmp_path,
        {
            "dec": pa.array([Decimal("1.10"), Decimal("2.25"), None, Decimal("9.01")]),
            "u64": pa.array([2**64 - 1, 1, 2, 3], pa.uint64()),
            "half": pa.array(np.array([0.5, 1.5, 2.0, 4.0], np.float16)),
            "dur": pa.array([1500, None, 0, 250], pa.duration("ms")),
            "clock": pa.array([3_600_000, 0, 1500, None], pa.time32("ms")),
            "y": [1.0, 2.0, 3.5, 4.0],
        },
    )
    values = read_columns(path).values
    assert values["dec"].tolist()[::3] == [1.1, 9.01]
    assert values["u64"].tolist() == [2.0**64, 1, 2, 3]
    assert values["half"].tolist() == [0.5, 1.5, 2.0, 4.0]
    assert values["dur"].tolist()[::2] == [1.5, 0]
    assert values["clock"].tolist()[:3] == [3600, 0, 1.5]


def test_dictionaries_and_bools_are_labels(tmp_path):
    frame = pd.DataFrame(
        {
            "cat": pd.Categorical(["x", "y", None, "x"]),
            "codes": pd.Categorical([3, 1, 3, 1]),
            "ok": [True, False, True, False],
            "y": [1.5, 2.5, 3.5, 1.0],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    read = read_columns(tmp_path / "t.parquet")
    assert read.labels == ["cat", "codes", "ok"]
    assert read.values["cat"].tolist() == ["x", "y", None, "x"]
    assert read.notes == [
        "taken as labels: cat (categories), codes (categories), ok (true or false)"
    ]


def test_texts_of_parquet_are_numbers_only_without_leading_zeros(tmp_path):
    path = write(tmp_path, {"code": ["007", "010", "007"], "v": ["1.5", "NA", "2"], "y": [1, 2, 4]})
    read = read_columns(path)
    assert read.labels == ["code"]
    assert read.values["code"].tolist() == ["007", "010", "007"]
    assert read.values["v"].tolist()[::2] == [1.5, 2]
    assert read.holes == {"v": 1}
    assert read.notes[2] == "taken as numbers: v (texts that are numbers)"


def test_vectors_may_be_labels(tmp_path):
    path = write(tmp_path, {"v": [[1, 2], [3, 4], [1, 2]], "y": [1.0, 2.0, 4.0]})
    sides = read_sides(path, ["y"], ["v"], discrete_y=True)
    assert (sides.y.values.tolist(), sides.y.discrete) == ([[1, 2], [3, 4], [1, 2]], True)


def test_nineteen_digits_stay_apart_in_both_formats(tmp_path):
    ids = [10**18 + 1, 10**18 + 2, None, 10**18 + 1]
    path = write(tmp_path, {"id": pa.array(ids, pa.int64()), "y": [1.0, 2.0, 3.0, 4.0]})
    assert read_sides(path, ["id"], ["y"], discrete_x=True).x.values.ravel().tolist() == [
        v for v in ids if v
    ]
    csv = tmp_path / "t.csv"
    csv.write_text("id,y\n" + "".join(f"{v or ''},{i}\n" for i, v in enumerate(ids)))
    assert read_sides(csv, ["id"], ["y"], discrete_x=True).x.values.ravel().tolist() == [
        str(v) for v in ids if v
    ]


def test_the_estimate_is_that_of_the_arrays(tmp_path):
    path = tmp_path / "t.csv.xz"
    path.write_bytes(lzma.compress(as_text(DATA, ";", ",").encode("cp1252")))
    sides = read_sides(path, ["a"], ["b"])
    found = mibench.estimate(sides.x.values, sides.y.values)
    assert found.nats == mibench.estimate(DATA["a"], DATA["b"]).nats
    assert len(sides.x.values) == ROWS
