"""Tables from somebody else: values are read exactly, or the file is refused with a remedy."""

import io
import os
import struct
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mibench
from mibench.columns import reading
from mibench.columns.column_table import read_columns
from mibench.columns.files import read_sides
from mibench.columns.readers import open_table, read_values
from mibench.errors import InputError

BIG = 2**53  # the next whole number is not a float64


def sides(path, x="a", y="b", **options):
    read = read_sides(path, x.split(","), y.split(","), **options)
    return read.x.values, read.y.values


def csv_file(folder, text):
    (folder / "t.csv").write_text(text)
    return folder / "t.csv"


# -- names of columns --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parquet", "npz"])
def test_names_that_differ_in_spaces_only_are_refused(tmp_path, kind):
    path = tmp_path / f"t.{kind}"
    columns = {"a": np.arange(4.0), "a ": np.arange(4.0)[::-1], "b": np.arange(4.0)}
    if kind == "parquet":
        pd.DataFrame(columns).to_parquet(path)
    else:
        np.savez(path, **columns)
    with pytest.raises(InputError, match="2 columns 'a' that differ in spaces only: rename"):
        sides(path)


def test_repeated_names_of_a_parquet_file_are_refused(tmp_path):
    values = pa.array([1.0, 2.0])
    table = pa.Table.from_arrays([values, values, values], names=["a", "a", "b"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(InputError, match="2 columns 'a': rename them"):
        sides(tmp_path / "t.parquet")


def test_a_name_with_a_dot_and_a_stored_index_are_columns(tmp_path):
    frame = pd.DataFrame({"a.b": [1.5, 2.5, 4.0], "a": [3.0, 1.0, 2.0]}, index=[7, 9, 8])
    frame.rename_axis("id").to_parquet(tmp_path / "t.parquet")
    x, y = sides(tmp_path / "t.parquet", "a.b", "id")
    assert x.ravel().tolist() == [1.5, 2.5, 4.0]
    assert y.ravel().tolist() == [7, 9, 8]


@pytest.mark.parametrize("start", ["\n", "\r\n", "  \n\n"])
def test_blank_lines_before_the_header_are_no_header(tmp_path, start):
    x, y = sides(csv_file(tmp_path, start + "a,b\n1,4\n2,3\n"))
    assert x.ravel().tolist() == [1, 2]
    assert y.ravel().tolist() == [4, 3]


def test_a_header_over_two_lines_is_one_row(tmp_path):
    x, y = sides(csv_file(tmp_path, '"a\nunit",b\n1,4\n2,3\n'), "a\nunit")
    assert x.ravel().tolist() == [1, 2]
    assert y.ravel().tolist() == [4, 3]


def test_a_file_of_blank_lines_is_empty(tmp_path):
    with pytest.raises(InputError, match="is empty"):
        sides(csv_file(tmp_path, "\n\n \n"))


# -- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1_000", "١٢", "0x10", "1d3", "1,500", "--1", "1e"])
def test_what_only_python_reads_as_a_number_is_none(tmp_path, text):
    path = csv_file(tmp_path, f'a;b\n"{text}";1\n2;2\n3;3\n')
    with pytest.raises(InputError, match=r"'a' holds '.*' in row 1, which (is|may)"):
        sides(path)


@pytest.mark.parametrize("text", ["1e3", "-.5", "+7", "2.", "0.1", "1E-300", "123456789.123456789"])
def test_numbers_are_read_to_the_last_bit(tmp_path, text):
    x, _ = sides(csv_file(tmp_path, f"a,b\n{text},1\n2.25,2\n3,3\n"))
    assert x[0, 0] == float(text)


@pytest.mark.parametrize("top", [BIG + 1, 2**63 - 1, 2**64 - 1, 10**25 + 1])
@pytest.mark.parametrize("gap", ["", "x\n"])
def test_labels_that_differ_in_the_last_digit_stay_two_labels(tmp_path, top, gap):
    gap_row = ",5\n" if gap else ""
    path = csv_file(tmp_path, f"a,b\n{top},1\n{gap_row}{top - 1},2\n{top},3\n")
    x, y = sides(path, discrete_x=True)
    assert len({str(v) for v in x.ravel()}) == 2
    assert x[0, 0] == x[2, 0] != x[1, 0]
    assert y.ravel().tolist() == [1, 2, 3]


def test_labels_of_whole_numbers_among_decimals_stay_apart(tmp_path):
    x, _ = sides(csv_file(tmp_path, f"a,b\n{BIG},1\n{BIG + 1},2\n0.5,3\n"), discrete_x=True)
    assert len(set(map(str, x.ravel()))) == 3


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64()])
def test_labels_with_gaps_in_parquet_files_stay_apart(tmp_path, kind):
    table = {"a": pa.array([BIG, None, BIG + 1, BIG], kind), "b": pa.array([1.0, 2.0, 3.0, 4.0])}
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    x, _ = sides(tmp_path / "t.parquet", discrete_x=True)
    assert x.ravel().tolist() == [BIG, BIG + 1, BIG]
    read = read_columns(tmp_path / "t.parquet", ["a", "b"], ["a"], missing_rows="complete")
    assert read.values["a"].tolist() == [BIG, BIG + 1, BIG]


def test_label_columns_of_two_types_keep_their_values(tmp_path):
    rows = f"{BIG},0.5\n{BIG + 1},0.5\n{BIG},1.5\n"
    path = csv_file(tmp_path, "a,c,b\n" + "".join(f"{r},{i}\n" for i, r in enumerate(rows.split())))
    x, _ = sides(path, "a,c", discrete_x=True)
    assert x[:2, 0].tolist() == [str(BIG), str(BIG + 1)]


def test_an_empty_field_of_a_text_column_is_missing(tmp_path):
    path = csv_file(tmp_path, f"a,b\n{2**64 - 1},1\n,2\n{2**64 - 2},3\n")
    with pytest.raises(InputError, match="column 'a' has no value in row 2"):
        sides(path, discrete_x=True, missing_rows="error")


# -- npz ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([["1", "x"], ["2", "3"]]), "'x' in row 1, which is not a number"),
        (np.array([b"1", b"x"]), "'x' in row 2, which is not a number"),
        (np.array([1 + 2j, 2]), "complex numbers"),
        (np.array([(1, 2.0), (2, 3.0)], "i4,f4"), "one array for each field"),
        (np.array([{}, 1], object), "Python objects, which could run code"),
    ],
)
def test_arrays_that_hold_no_numbers_are_refused(tmp_path, array, message):
    np.savez(tmp_path / "t.npz", a=array, b=np.arange(2.0))
    with pytest.raises(InputError, match=message):
        sides(tmp_path / "t.npz")


def test_text_arrays_are_numbers_or_labels(tmp_path):
    np.savez(tmp_path / "t.npz", a=np.array(["1.5", "2"]), b=np.array([b"u", b"v"]))
    x, y = sides(tmp_path / "t.npz", discrete_y=True)
    assert x.ravel().tolist() == [1.5, 2]
    assert y.ravel().tolist() == ["u", "v"]


# -- more than the memory holds ----------------------------------------------------------------


def npz_that_claims(path, shape, size):
    """An npz file whose array has this shape, and `size` bytes of zeros, which compress well."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.npy", "b.npy"):
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(head.getvalue())
                for _ in range(size // 2**20):
                    file.write(bytes(2**20))
    return path


@pytest.fixture
def little_memory(monkeypatch):
    """Memory of 100 MB, as on a full machine."""
    monkeypatch.setattr("mibench.memory.available_memory", lambda: 10**8)


def test_an_npz_file_that_holds_more_than_the_memory_is_refused(tmp_path, little_memory):
    path = npz_that_claims(tmp_path / "t.npz", (2**24,), 2**27)
    assert path.stat().st_size < 10**6
    with pytest.raises(InputError, match=r"t.npz: array 'a' .* needs 0.4 GB of memory, and 0.1 GB"):
        sides(path)


def test_an_npz_file_that_claims_more_than_it_holds_is_damaged(tmp_path):
    path = npz_that_claims(tmp_path / "t.npz", (2**22,), 2**20)
    with pytest.raises(InputError, match="array 'a' is damaged: it ends early"):
        sides(path)


def test_a_parquet_file_of_equal_values_is_refused_by_its_size_in_memory(tmp_path, little_memory):
    column = pa.chunked_array([pa.array(np.zeros(2**20))] * 8)
    pq.write_table(pa.table({"a": column, "b": column}), tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size < 10**6
    with pytest.raises(InputError, match=r"t\.parquet needs 0\.3 GB of memory"):
        sides(tmp_path / "t.parquet")


def test_more_pairs_than_the_memory_holds_are_refused(little_memory):
    with pytest.raises(InputError, match=r"the table of 499,500 pairs of columns needs 0\.5 GB"):
        mibench.pairwise(np.random.default_rng(0).normal(size=(20, 1000)))


# -- scale -------------------------------------------------------------------------------------


def test_names_are_compared_a_number_of_times_that_grows_with_their_number(monkeypatch):
    """20,000 names: counted once each, never all against all."""

    class Counted(str):
        compared = 0

        def __eq__(self, other):
            Counted.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

        def strip(self):
            return Counted(str.strip(self))

    names = [Counted(f"column {i}") for i in range(20_000)]
    monkeypatch.setattr(reading, "str", lambda name: name, raising=False)
    assert len(reading.named("t.csv", names)[0]) == len(names)
    assert Counted.compared < 10 * len(names)


def test_wide_files_are_read_and_their_lines_checked(tmp_path):
    n = 2000
    head, row = ",".join(f"c{i}" for i in range(n)), ",".join(str(i + 0.5) for i in range(n))
    more = row.replace(",7.5,", ",9.25,")
    path = csv_file(tmp_path, f"{head}\n{row}\n{more}\n")
    read = read_values(open_table(path), ["c7", "c1999"], set())
    assert read["c7"].tolist() == [7.5, 9.25]
    assert read["c1999"].tolist() == [1999.5, 1999.5]
    table = open_table(csv_file(tmp_path, f"{head}\n{row}\n{row},1\n"))
    with pytest.raises(InputError, match="2001 fields in line 3, and 2000 in its header"):
        read_values(table, ["c7"], set())


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(InputError, match="is no plain file"):
        sides(tmp_path / "t.csv")


def test_an_npz_file_of_another_kind_is_refused(tmp_path):
    for raw in (b"PK", struct.pack("<8s", b"\x93NUMPY"), b"\x80\x04."):
        (tmp_path / "t.npz").write_bytes(raw)
        with pytest.raises(InputError, match="cannot be read as npz"):
            sides(tmp_path / "t.npz")
