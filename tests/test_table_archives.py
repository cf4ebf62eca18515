"""Tables in zip archives; titles in sheets of Excel; remedies for files that are not read."""

import io
import os
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from mibench import memory
from mibench.columns.column_table import read_columns
from mibench.columns.files import read_sides
from mibench.columns.readers import open_table
from mibench.columns.reading import ReadAs
from mibench.errors import InputError

from .tables import as_text, columns, write_xlsx

DATA = columns()


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/").replace("_", "."), content)
    return path


def assert_read(path):
    sides = read_sides(path, ["a"], ["b"])
    assert sides.x.values[:, 0].tolist() == DATA["a"].tolist()
    assert sides.y.values[:, 0].tolist() == DATA["b"].tolist()


def test_the_one_table_in_a_zip_archive_is_read(tmp_path):
    text = as_text(DATA)
    assert_read(archive(tmp_path / "t.csv.zip", t_csv=text))
    assert_read(archive(tmp_path / "t.zip", data__t_tsv=as_text(DATA, "\t"), readme_md="a"))
    assert_read(archive(tmp_path / "named.csv", t_csv=text))  # a wrong ending
    with zipfile.ZipFile(tmp_path / "mac.zip", "w") as made:
        made.writestr("t.csv", text)
        made.writestr("__MACOSX/._t.csv", b"\0\1")
    assert_read(tmp_path / "mac.zip")
    kept = io.BytesIO()
    pd.DataFrame(DATA).to_parquet(kept)
    assert_read(archive(tmp_path / "p.zip", t_parquet=kept.getvalue()))


def test_archives_of_numpy_and_excel_stay_what_they_are(tmp_path):
    np.savez(tmp_path / "t.npz", a=DATA["a"], b=DATA["b"])
    (tmp_path / "t.csv").write_bytes((tmp_path / "t.npz").read_bytes())
    assert_read(tmp_path / "t.csv")
    (tmp_path / "t.zip").write_bytes((tmp_path / "t.npz").read_bytes())
    assert_read(tmp_path / "t.zip")


def test_other_archives_are_refused_with_their_files(tmp_path):
    two = archive(tmp_path / "two.zip", a_csv="x,y\n1,2\n", b_csv="p,q\n1,2\n")
    with pytest.raises(InputError, match=r"two.zip holds several tables \(a.csv, b.csv\): unpack"):
        read_sides(two, ["x"], ["y"])
    with pytest.raises(InputError, match=r"holds no table \(a.doc\)"):
        read_sides(archive(tmp_path / "none.zip", a_doc="x"), ["x"], ["y"])
    with pytest.raises(InputError, match=r"holds no table \(no file\)"):
        read_sides(archive(tmp_path / "empty.csv", data__=""), ["x"], ["y"])
    whole = archive(tmp_path / "t.zip", t_csv=as_text(DATA)).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is a damaged archive"):
        read_sides(tmp_path / "cut.zip", ["a"], ["b"])
    locked = bytearray(whole)
    at = whole.rindex(b"PK\x01\x02")
    locked[at + 8] |= 1  # as an archive with a password says
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(InputError, match="needs a password: unpack it first"):
        read_sides(tmp_path / "locked.zip", ["a"], ["b"])
    (tmp_path / "text.zip").write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match="is not compressed as its ending says"):
        read_sides(tmp_path / "text.zip", ["x"], ["y"])


@pytest.mark.parametrize("name", ["t_csv", "t_parquet"])
def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch, name):
    path = archive(tmp_path / "t.zip", **{name: b"1,2\n" * 2_000_000})
    for place in (memory, sys.modules["mibench.columns.dialect"]):
        monkeypatch.setattr(place, "available_memory", lambda: 1_000_000)
    with pytest.raises(InputError, match="memory"):
        open_table(path)


def test_titles_above_a_sheet_are_found_and_said(tmp_path):
    pytest.importorskip("python_calamine")
    rows = [list(DATA), *map(list, zip(*[v.tolist() for v in DATA.values()], strict=True))]
    path = tmp_path / "t.xlsx"
    write_xlsx(path, {"s": [["Report", None, None], [None, None, None], *rows]})
    table = read_columns(path)
    assert table.values["a"].tolist() == DATA["a"].tolist()
    assert table.notes[0] == f"read {path} as: header in row 3"
    told = read_columns(path, told=ReadAs(header=3))
    assert told.values["a"].tolist() == DATA["a"].tolist()
    with pytest.raises(InputError, match="row 999 is empty"):
        read_columns(path, told=ReadAs(header=999))


@pytest.mark.parametrize("kind", ["jsonl", "json", "dta"])
def test_the_remedy_for_a_file_that_is_not_read_works(tmp_path, kind):
    frame = pd.DataFrame({**DATA, "code": np.where(DATA["a"] > 1, "007", "3.10")})
    path = tmp_path / f"t.{kind}"
    if kind == "dta":
        frame.to_stata(path)
    else:
        frame.to_json(path, orient="records", lines=kind == "jsonl", double_precision=15)
    with pytest.raises(InputError, match="python -c ") as refused:
        read_sides(path, ["a"], ["b"])
    code = str(refused.value).partition('python -c "')[2].removesuffix('"')
    subprocess.run([sys.executable, "-P", "-c", code], check=True, env={**os.environ})
    table = read_columns(tmp_path / "t.csv", ["a", "code"], ["code"])
    np.testing.assert_allclose(table.values["a"], DATA["a"], rtol=1e-13)
    assert set(table.values["code"]) == {"007", "3.10"}
