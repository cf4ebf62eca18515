"""Which columns are meant, what they hold, and which rows are used."""

import csv
import datetime
import math

import numpy as np
import pandas as pd
import pytest

import mibench as library
from mibench.columns import pairs
from mibench.columns.column_table import read_columns
from mibench.columns.files import read_sides
from mibench.columns.reading import ReadAs
from mibench.columns.selection import choose
from mibench.errors import InputError

from .tables import as_text, columns


def written(folder, text, name="t.csv"):
    (folder / name).write_text(text)
    return folder / name


# -- which columns -----------------------------------------------------------------------------

NAMES = ["id", "gene_a", "gene_b", "a,b", "x*", "xy", "3", "@2", "last"]


def chosen(*given, names=NAMES, unnamed=frozenset()):
    return choose(given, names, set(unnamed), "--x").names


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["id,xy"], ["id", "xy"]),
        (["xy", "id"], ["xy", "id"]),
        (["gene_*"], ["gene_a", "gene_b"]),
        (["gene_[b]", "id"], ["gene_b", "id"]),
        (["gene_?,gene_a"], ["gene_a", "gene_b"]),
        (["a,b"], ["a,b"]),  # the name of a column, and of no several
        (['"a,b",id'], ["a,b", "id"]),
        (["x*"], ["x*"]),  # an exact name is no pattern
        (["x?"], ["x*", "xy"]),
        (["3"], ["3"]),
        (["@2"], ["@2"]),  # nor a position
        (["@3"], ["gene_b"]),
        (["@1:3"], ["id", "gene_a", "gene_b"]),
        (["@8:"], ["@2", "last"]),
        (["@:2,@-1"], ["id", "gene_a", "last"]),
        (["*"], NAMES),
    ],
)
def test_columns_by_name_position_and_pattern(given, expected):
    assert chosen(*given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["gene"], r"--x: unknown column 'gene'; did you mean 'gene_"),
        (["protein_*"], r"no column is like 'protein_\*'"),
        (["@10"], r"@10 is no column: positions are @1 to @9, and @-1 is the last"),
        (["@0"], "@0 is no column"),
        (["@3:1"], "ends before it begins"),
        (["4"], "A column by its position is @4"),
        (["id", "id"], r"--x names a column twice \(id\)"),
        (["id,@1"], r"--x names a column twice \(id\)"),
    ],
)
def test_what_means_no_column_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        chosen(*given)


def test_a_name_that_may_be_several_is_refused():
    with pytest.raises(InputError, match="name of a column, and also of several"):
        chosen("a,b", names=["a", "b", "a,b"])
    assert chosen('"a,b"', names=["a", "b", "a,b"]) == ["a,b"]
    assert chosen("a", "b", names=["a", "b", "a,b"]) == ["a", "b"]


@pytest.mark.parametrize("x", ["*", "@1:4", "gene_*,z"])
def test_patterns_leave_out_the_other_side_and_what_is_excluded(tmp_path, x):
    path = written(tmp_path, "gene_1,z,gene_2,y\n1,2,5,1\n2,4,3,0\n3,1,9,4\n")
    sides = read_sides(path, [x], ["y"], exclude=["gene_2"])
    assert sides.x.values.tolist() == [[1, 2], [2, 4], [3, 1]]
    assert sides.x.title == "gene_1, z"
    with pytest.raises(InputError, match="'z' is in both --x and --exclude"):
        read_sides(path, ["z"], ["y"], exclude=["z"])
    with pytest.raises(InputError, match="--exclude: unknown column 'gene'"):
        read_columns(path, exclude=["gene"])
    assert list(read_columns(path, exclude=["gene_*"]).values) == ["z", "y"]


# -- labels ------------------------------------------------------------------------------------


def test_a_declared_label_is_the_text_that_stands_there(tmp_path):
    texts = ["3.10", "3.1", "007", "7", "NA", "nan", "1e3", "1000", "True", "?", "2024-01-01", "-0"]
    path = written(tmp_path, "k,y\n" + "".join(f"{t},{i}\n" for i, t in enumerate(texts)) + ",99\n")
    sides = read_sides(path, ["k"], ["y"], discrete_x=True)
    assert sides.x.values.ravel().tolist() == texts  # and the empty field is missing
    assert sides.notes == ["12 of 13 rows used; 1 left out, as values are missing: k 1"]
    assert read_columns(path, discrete=["k"]).values["k"].tolist() == [*texts, None]


def test_text_and_truth_values_are_labels_by_themselves(tmp_path):
    path = written(tmp_path, "k,ok,n,y\nup,True,NA,1.5\ndown,False,x,2.5\nup,,y,3.5\n")
    read = read_columns(path)
    assert read.labels == ["k", "ok", "n"]
    assert read.values["ok"].tolist() == [True, False, None]
    assert read.notes == [
        f"read {path} as: missing 'NA' (in n)",
        "taken as labels: k (text), ok (true or false), n (text)",
        "taken as missing, and may be labels: n ('NA'). If they are, declare labels with "
        "--discrete",
    ]


@pytest.mark.parametrize("word", ["NA", "None", "null"])
def test_a_word_that_means_missing_and_may_be_a_label_is_told(tmp_path, word):
    """Such as the code of Namibia, also if it leaves one label alone."""
    rows = "".join(f"{(word, 'DE', 'FR')[i % 3]},{(word, 'DE')[i % 2]},{i}\n" for i in range(60))
    path = written(tmp_path, f"country,two,y\n{rows}")
    assert read_sides(path, ["country"], ["y"]).notes == [
        f"read {path} as: missing '{word}' (in country)",
        "taken as labels: country (text)",
        f"taken as missing, and may be labels: country ('{word}'). If they are, declare labels "
        "with --discrete-x",
        "40 of 60 rows used; 20 left out, as values are missing: country 20",
    ]
    with pytest.raises(
        InputError, match=rf"'two' is constant \(always DE\).*-x \('{word}' is taken as missing\)"
    ):
        read_sides(path, ["two"], ["y"])
    declared = read_sides(path, ["two"], ["y"], discrete_x=True)
    assert set(declared.x.values.ravel()) == {word, "DE"}
    assert len(declared.notes) == 0


@pytest.mark.parametrize("odd", ["n.a.?", "3a", "1,5", "12%", "$5", "1.2.3"])
def test_numbers_with_a_text_among_them_are_not_labels_by_themselves(tmp_path, odd):
    path = written(tmp_path, f'a,y\n1.5,1\n"{odd}",2\n2.5,3\n')
    with pytest.raises(InputError, match=r"--x: column 'a' holds .* in row 2, .*--discrete-x"):
        read_sides(path, ["a"], ["y"])
    assert read_sides(path, ["a"], ["y"], discrete_x=True).x.discrete


def test_few_whole_numbers_are_proposed_as_labels_and_taken_as_numbers(tmp_path):
    rows = "".join(f"{i % 3},{i % 20},{i / 7},{i % 2}.5\n" for i in range(100))
    path = written(tmp_path, f"grade,age,x,half\n{rows}")
    read = read_columns(path)
    assert read.labels == []
    assert read.notes == [
        "taken as numbers, and may be labels: grade (few whole numbers). If their order means "
        "nothing, declare them labels with --discrete"
    ]
    assert read_columns(path, discrete=["grade"]).notes == []


def test_codes_and_long_identifiers_are_proposed_as_labels(tmp_path):
    rows = "".join(f"{i:05d},{10**17 + i},{i / 7}\n" for i in range(100))
    (note,) = read_columns(written(tmp_path, f"zip,id,x\n{rows}")).notes
    assert "labels: zip (leading zeros), id (more than 15 digits, rounded). If" in note


def test_a_side_is_numbers_or_labels(tmp_path):
    path = written(tmp_path, "k,ok,a,y\nup,True,1,1.5\ndown,False,2,2.5\nup,,4,3.5\nup,True,7,1\n")
    with pytest.raises(InputError, match=r"--x mixes labels \(k\) and numbers \(a\).*--discrete-x"):
        read_sides(path, ["k,a"], ["y"])
    whole = read_sides(path, ["k,a"], ["y"], discrete_x=True)
    assert whole.x.values.tolist() == [["up", "1"], ["down", "2"], ["up", "4"], ["up", "7"]]
    numbers = read_sides(path, ["a,ok"], ["y"])
    assert numbers.x.values.tolist() == [[1, 1], [2, 0], [7, 1]]
    assert numbers.notes[0] == "taken as numbers: ok (true as 1, false as 0)"
    assert read_sides(path, ["k,ok"], ["y"]).x.discrete


# -- dates and times ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "numbers", "said"),
    [
        (["2024-01-31", "2024-03-01", "2024-01-01"], [30, 60, 0],
         "dates, as days since 2024-01-01"),
        (["1500-01-01", "", "1500-01-03"], [0, np.nan, 2], "dates, as days since 1500-01-01"),
        (["2024-01-01 12:00", "2024-01-01T12:00:01.5", "2024-01-02T00:00:00"], [0, 1.5, 43200],
         "times, as seconds since 2024-01-01T12:00:00"),
        (["2024-01-01T00:00:00+02:00", "2023-12-31T22:00:01Z", "2024-01-01 00:00+0000"],
         [0, 1, 7200], "times, as seconds since 2023-12-31T22:00:00"),
        (["2024-01-01T00:00:00.000000001", "2024-01-01T00:00:00", "2024-01-01T00:00:01"],
         [1e-9, 0, 1], "times, as seconds since 2024-01-01T00:00:00"),
        (["31.12.2023", "1.1.2024", "31.1.2024"], [0, 1, 31],
         "dates, as days since 2023-12-31, read as day.month.year"),
        (["01/31/2024", "02/01/2024", "3/1/2024"], [0, 1, 30],
         "dates, as days since 2024-01-31, read as month/day/year"),
        (["31/01/2024 12:00", "01/02/2024 12:00:30", ""], [0, 86430, np.nan],
         "times, as seconds since 2024-01-31T12:00:00, read as day/month/year"),
        (["12:30:00", "0:00:01.5", "23:59:59"], [45000, 1.5, 86399],
         "times of day, as seconds since midnight"),
    ],
)  # fmt: skip
def test_dates_and_times_are_numbers(tmp_path, cells, numbers, said):
    path = written(tmp_path, "t,y\n" + "".join(f"{c},{i}\n" for i, c in enumerate(cells)))
    read = read_columns(path)
    assert np.array_equal(read.values["t"], numbers, equal_nan=True)
    assert read.notes == [f"taken as numbers: t ({said})"]
    assert read.labels == []


@pytest.mark.parametrize("cell", ["01/02/2024", "1.2.24", "01-02-03", "2024-02-30"])
def test_dates_in_another_order_are_refused(tmp_path, cell):
    path = written(tmp_path, f"t,y\n{cell},1\n{cell},2\n")
    with pytest.raises(InputError, match=r"holds .* which (may be a date|is no date|is no plain)"):
        read_sides(path, ["t"], ["y"])


def test_dates_of_parquet_files_are_numbers(tmp_path):
    days = pd.to_datetime(["2024-01-03", "2024-01-01", None])
    frame = pd.DataFrame(
        {
            "day": days,
            "zone": days.tz_localize("Europe/Berlin") + pd.Timedelta("90s"),
            "date": [datetime.date(2024, 2, 1), None, datetime.date(2024, 1, 1)],
            "gap": pd.to_timedelta(["1h", "2s", None]),
            "y": [1.0, 2.0, 4.0],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    read = read_columns(tmp_path / "t.parquet")
    expected = {"day": [2, 0, np.nan], "zone": [2, 0, np.nan], "date": [31, np.nan, 0],
                "gap": [3600, 2, np.nan]}  # fmt: skip
    for name, numbers in expected.items():
        assert np.array_equal(read.values[name], numbers, equal_nan=True), name
    labels = read_sides(tmp_path / "t.parquet", ["day"], ["y"], discrete_x=True)
    assert len(labels.x.values) == 2


# -- missing values ----------------------------------------------------------------------------


@pytest.fixture
def holes(tmp_path):
    """Three columns of 60 rows; a misses row 3, b misses rows 3 to 12."""
    table = {name: v.astype(object) for name, v in columns().items()}
    table["c"] = (columns()["a"] ** 2).astype(object)
    table["a"][3] = ""
    table["b"][3:13] = ""
    return written(tmp_path, as_text(table))


def bits(x, y, rows, **kinds):
    return library.estimate(np.asarray(x)[rows], np.asarray(y)[rows], "knn", **kinds).bits


def test_rows_that_miss_a_value_of_the_pair_are_left_out_and_counted(holes):
    data, rows = columns(), np.arange(60)
    with_b = (rows < 3) | (rows > 12)
    read = read_columns(holes)
    table = pairs.pairwise_of_file(read, "knn").table
    found = {(r.x, r.y): (r.bits, r.rows) for r in table.itertuples()}
    c = data["a"] ** 2
    assert found["a", "b"] == (bits(data["a"], data["b"], with_b), 50)
    assert found["a", "c"] == (bits(data["a"], c, rows != 3), 59)
    assert found["b", "c"] == (bits(data["b"], c, with_b), 50)
    assert found["k", "c"] == (bits(data["k"], c, rows >= 0, discrete_x=True), 60)
    assert found["a", "k"] == (bits(data["a"], data["k"], rows != 3, discrete_y=True), 59)
    assert read.holes == {"a": 1, "b": 10}
    complete = read_columns(holes, missing_rows="complete")
    table = pairs.pairwise_of_file(complete, "knn").table
    assert table["rows"].tolist() == [50] * 6
    assert table["bits"][1] == bits(data["a"], data["k"], with_b, discrete_y=True)
    assert complete.notes[-1] == (
        "50 of 60 rows used; 10 left out, as values are missing: b 10, a 1"
    )
    with pytest.raises(InputError, match=r"column 'a' has no value in row 4, 1 such row\(s\)"):
        read_columns(holes, missing_rows="error")


def test_estimate_uses_the_rows_that_have_all_values(holes):
    sides = read_sides(holes, ["a"], ["c"])
    assert sides.notes == ["59 of 60 rows used; 1 left out, as values are missing: a 1"]
    sides = read_sides(holes, ["a,b"], ["c"])
    assert sides.x.values.shape == (50, 2)
    assert sides.notes == ["50 of 60 rows used; 10 left out, as values are missing: b 10, a 1"]


def test_too_few_rows_are_refused_with_the_columns_that_miss_them(tmp_path):
    path = written(tmp_path, "a,b,c\n1,,2\n,3,4\n2,1,5\n")
    with pytest.raises(InputError, match=r"1 of 3 rows used; 2 left out.*: a 1, b 1"):
        read_sides(path, ["a"], ["b"])


def test_the_same_in_python():
    a, b = columns()["a"], columns()["b"].copy()
    b[5:8] = np.nan
    table = {"a": a, "b": b, "k": columns()["k"]}
    with pytest.raises(InputError, match="column 'b' holds nan in row 5"):
        library.pairwise(table, discrete="k")
    there = np.isfinite(b)
    found = library.pairwise(table, discrete="k", missing="pairwise")
    assert found.table["rows"].tolist() == [57, 60, 57]
    assert found.bits.loc["a", "b"] == bits(a, b, there)
    assert found.bits.loc["a", "k"] == bits(a, columns()["k"], there | True, discrete_y=True)
    found = library.pairwise(table, discrete="k", missing="complete")
    assert found.table["rows"].tolist() == [57] * 3
    assert found.bits.loc["a", "k"] == bits(a, columns()["k"], there, discrete_y=True)
    masked = np.ma.masked_invalid(np.c_[a, b])
    assert library.pairwise(masked, missing="pairwise").bits.loc[0, 1] == bits(a, b, there)
    with pytest.raises(InputError, match="give one of complete, pairwise, error"):
        library.pairwise(table, missing="drop")
    with pytest.raises(InputError, match="holds inf"):
        library.pairwise({"a": a, "b": np.where(there, b, np.inf)}, missing="pairwise")


def test_a_column_with_two_values_left_fails_alone():
    table = {"a": columns()["a"], "b": columns()["b"], "c": [1.0] + [math.nan] * 59}
    found = library.pairwise(table, missing="pairwise").table
    assert found["error"].str.contains("1 row").tolist() == [False, True, True]
    assert found["nats"].notna().tolist() == [True, False, False]


# -- one bad column ----------------------------------------------------------------------------


def test_a_bad_column_does_not_stop_the_others(tmp_path):
    table = {
        **columns(),
        "flat": np.full(60, 7.0),
        "none": np.full(60, ""),
        "odd": np.array(["x", *map(str, range(59))]),
        "huge": np.array(["inf", *map(str, range(59))]),
    }
    path = written(tmp_path, as_text(table))
    read = read_columns(path)
    assert set(read.unusable) == {"none", "odd", "huge"}
    found = pairs.pairwise_of_file(read, "knn")
    assert list(found.columns) == list(table)
    good = found.table[found.table["error"] == ""]
    assert set(good["x"]) | set(good["y"]) == {"a", "b", "k", "flat"}
    assert found.bits.loc["a", "b"] == bits(table["a"], table["b"], np.arange(60))
    bad = found.table[found.table["error"] != ""]
    assert len(bad) == 3 * 4 + 3
    assert bad["error"].str.contains("'none' has no value|'odd' holds 'x' in row 1|'huge'").all()
    with pytest.raises(InputError, match=r"1 column\(s\): pairs need at least 2; column 'none'"):
        pairs.pairwise_of_file(read_columns(path, ["a", "none"]), "knn")


# -- the commands ------------------------------------------------------------------------------


def test_the_commands_say_what_they_did(mibench, tmp_path):
    data = columns()
    table = {**data, "t": np.array(["?", *["2024-01-31", "2024-03-01"] * 29, "2024-03-09"])}
    table = {name: [str(v).replace(".", ",") for v in column] for name, column in table.items()}
    (tmp_path / "t.csv").write_bytes(as_text(table, ";").replace("k;", "größe;").encode("latin-1"))
    done = mibench("estimate", "t.csv", "--x", "a", "--y", "@3", "-e", "knn", "--format", "csv")
    assert done.stderr.splitlines() == [
        "mibench: read t.csv as: separator ';', decimal comma, encoding latin-1",
        "mibench: taken as labels: größe (text)",
    ]
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert float(row["bits"]) == bits(data["a"], data["k"], np.arange(60), discrete_y=True)
    done = mibench("pairwise", "t.csv", "--exclude", "b")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "knn, 3 columns, 59 to 60 rows"
    assert done.stderr.splitlines() == [
        "mibench: read t.csv as: separator ';', decimal comma, encoding latin-1, "
        "missing '?' (in t)",
        "mibench: taken as labels: größe (text)",
        "mibench: taken as numbers: t (dates, as days since 2024-01-31)",
        "mibench: 59 to 60 of 60 rows used; left out pair by pair, as values are missing: t 1",
    ]


def test_the_commands_go_on_without_a_bad_column(mibench, tmp_path):
    written(tmp_path, as_text({**columns(), "odd": np.array(["x", *map(str, range(59))])}))
    done = mibench("pairwise", "t.csv", "--missing-values", "up,-999")
    assert done.returncode == 1
    assert "failed, 3 of 6 pairs: column 'odd' holds 'x' in row 1" in done.stdout
    assert "k 24" in done.stderr
    done = mibench("pairwise", "t.csv", "--missing-values", "x")
    assert done.returncode == 0
    done = mibench("estimate", "t.csv", "--x", "a", "--y", "b", "--drop-missing", "-e", "knn")
    assert (done.returncode, done.stderr) == (0, "")


def test_told_is_checked_by_the_commands(mibench, tmp_path):
    written(tmp_path, as_text(columns()))
    for option in (["--separator", "::"], ["--decimal", ";"], ["--encoding", "x"]):
        done = mibench("estimate", "t.csv", "--x", "a", "--y", "b", *option)
        assert (done.returncode, done.stdout) == (2, "")
        assert option[0] in done.stderr
    assert ReadAs(separator="TAB").separator == "\t"


def test_texts_that_differ_in_every_row_are_no_labels_by_themselves(tmp_path):
    path = written(
        tmp_path, "id,a,b\n" + "".join(f"p{i},{i % 7},{i * i % 11}\n" for i in range(30))
    )
    read = read_columns(path)
    assert list(read.values) == ["a", "b"]
    assert (
        "left out, as all or most of its texts occur once: id (--columns can name it)" in read.notes
    )
    assert "'id' holds another text in every row" in read_columns(path, ["*"]).unusable["id"]
    with pytest.raises(InputError, match="--x: column 'id' holds another text in every row"):
        read_sides(path, ["id"], ["a"])
    assert read_sides(path, ["id"], ["a"], discrete_x=True).x.discrete


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing_where_values_are_missing():
    table = {**columns(), "hole": np.where(np.arange(60) % 7 == 3, np.nan, columns()["b"])}
    alone, shared = (
        library.pairwise(table, "adaptive", discrete="k", missing="pairwise", jobs=jobs).table
        for jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)
    assert alone["rows"].tolist() == [60, 60, 51, 60, 51, 51]
