"""How a text file is written is detected where one reading fits, shown, and can be set."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mibench.columns.column_table import read_columns
from mibench.columns.files import read_sides
from mibench.columns.reading import ReadAs
from mibench.errors import InputError


def written(folder, text, encoding="utf-8", name="t.csv"):
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def values(path, told=None, **options):
    read = read_columns(path, told=told or ReadAs(), **options)
    return {title: column.tolist() for title, column in read.values.items()}, read.notes


def noted(path, *parts):
    return [f"read {path} as: {', '.join(parts)}"]


# -- separators --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n1,5;2\n2,5;4\n", {"a": [1.5, 2.5], "b": [2, 4]}),
        ("sep=;\na;b\n1;2\n3;4\n", {"a": [1, 3], "b": [2, 4]}),
        ('"sep=|"\r\na|b\r\n1|2\r\n3|4\r\n', {"a": [1, 3], "b": [2, 4]}),
        ("sep=,\na,b\n1,2\n3,4\n", {"a": [1, 3], "b": [2, 4]}),
        ('"x, in m";y\n1;2\n3;4\n', {"x, in m": [1, 3], "y": [2, 4]}),
        ('x, in m;y\n1,5;2\n3,5;4\n', {"x, in m": [1.5, 3.5], "y": [2, 4]}),
        ('"p;q",r\n1,2\n3,4\n', {"p;q": [1, 3], "r": [2, 4]}),
        ("a,b;c\n1,5;2,5\n3,5;4,5\n", {"a,b": [1.5, 3.5], "c": [2.5, 4.5]}),
        ("a\tb\n1,5\t2\n2,5\t4\n", {"a": [1.5, 2.5], "b": [2, 4]}),
        ("a  b\n1   2\n 3 4 \n", {"a": [1, 3], "b": [2, 4]}),
        ("first name,b\n1,2\n3,4\n", {"first name": [1, 3], "b": [2, 4]}),
        ("\n\na,b\n1,2\n3,4\n", {"a": [1, 3], "b": [2, 4]}),
        ("a,b\r1,2\r3,4\r", {"a": [1, 3], "b": [2, 4]}),
    ],
)  # fmt: skip
def test_separators(tmp_path, text, expected):
    assert values(written(tmp_path, text))[0] == expected


def test_a_separator_that_is_told_is_taken(tmp_path):
    path = written(tmp_path, "a;b|c\n1;2|3\n4;5|6\n")
    assert values(path, ReadAs(separator="pipe"), columns=["c"])[0] == {"c": [3, 6]}
    assert list(values(path, ReadAs(separator=";"), columns=["a"])[0]) == ["a"]
    with pytest.raises(InputError, match="give one character"):
        ReadAs(separator="::")
    with pytest.raises(InputError, match="must differ"):
        ReadAs(separator=",", decimal=",")


NAMES = st.lists(
    st.text(st.sampled_from("ab ,;|\t'é"), min_size=1, max_size=4).filter(lambda t: t.strip()),
    min_size=2, max_size=4, unique_by=str.strip,
)  # fmt: skip
NUMBERS = st.floats(-1e6, 1e6).map(float)


@settings(max_examples=60, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(
    NAMES, st.data(), st.sampled_from(",;\t|"), st.booleans(), st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"]),
)  # fmt: skip
def test_any_dialect_gives_the_numbers_that_were_written(
    tmp_path_factory, names, data, separator, comma, end, encoding
):
    """Names are quoted, so one separator alone gives all lines the same number of fields."""
    comma = comma and separator != ","
    rows = data.draw(st.lists(st.lists(NUMBERS, min_size=len(names), max_size=len(names)),
                              min_size=3, max_size=6))  # fmt: skip
    rows.append([0.5] * len(names))  # no group of three digits, so that a comma is a decimal sign
    lines = [separator.join(f'"{name}"' for name in names)]
    for row in rows:
        cells = [repr(v).replace(".", ",") if comma else repr(v) for v in row]
        lines.append(separator.join(cells))
    path = written(tmp_path_factory.mktemp("d"), end.join(lines) + end, encoding)
    read = read_columns(path, [f"@1:{len(names)}"])
    assert list(read.values) == [name.strip() for name in names]
    assert np.array_equal(np.column_stack(list(read.values.values())), np.array(rows))


# -- the decimal sign --------------------------------------------------------------------------


def test_a_decimal_comma_that_can_be_nothing_else_is_taken_and_said(tmp_path):
    path = written(tmp_path, "a;b\n1,234;0,5\n2,5e3;1\n-3,25;2\n")
    read, notes = values(path)
    assert read == {"a": [1.234, 2500, -3.25], "b": [0.5, 1, 2]}
    assert notes == noted(path, "separator ';'", "decimal comma")


@pytest.mark.parametrize("cell", ["1,234", "12,34,567", "1.234.56", "1,234.5,6"])
def test_groups_of_digits_are_never_guessed(tmp_path, cell):
    path = written(tmp_path, f"a;b\n{cell};1\n{cell};2\n{cell};3\n")
    with pytest.raises(InputError, match=r"column 'a' holds .* in row 1, which "):
        read_sides(path, ["a"], ["b"])


def test_points_beside_decimal_commas_are_refused_and_not_taken_as_decimals(tmp_path):
    path = written(tmp_path, "a;b;c\n1.234;0,5;1\n2.345;1,5;2\n1;2,5;3\n")
    with pytest.raises(InputError, match=r"column 'a' holds '1\.234' in row 1"):
        read_sides(path, ["a"], ["c"])
    assert values(path, columns=["b", "c"])[0] == {"b": [0.5, 1.5, 2.5], "c": [1, 2, 3]}
    assert values(path, ReadAs(decimal="."), columns=["a", "c"])[0]["a"] == [1.234, 2.345, 1]


def test_points_that_may_group_digits_are_taken_as_decimals_and_said(tmp_path):
    path = written(tmp_path, "town;people;x\na;987;1.5\nb;1.234;2.25\nc;12.345;3.125\n")
    read, notes = values(path)
    assert read["people"] == [987, 1.234, 12.345]
    assert notes[0] == noted(path, "separator ';'", "decimal point in 1.234 (in people)")[0]
    told, notes = values(path, ReadAs(decimal=","), columns=["people"])
    assert told["people"] == [987, 1234, 12345]
    assert notes[-1] == "taken as numbers: people ('.' groups digits)"


def test_a_decimal_sign_that_is_told_is_taken(tmp_path):
    path = written(tmp_path, "a;b\n1,234;1\n5,678;2\n")
    assert values(path, ReadAs(decimal="comma"))[0]["a"] == [1.234, 5.678]
    path = written(tmp_path, 'a,b\n"1,5",1\n"2,25",2\n')
    for told in (ReadAs(), ReadAs(decimal=",")):
        assert values(path, told)[0]["a"] == [1.5, 2.25]


# -- encodings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", []),
        ("utf-8-sig", []),
        ("latin-1", ["encoding latin-1"]),
        ("utf-16", ["encoding utf-16"]),
        ("utf-16-le", ["encoding utf-16-le"]),
        ("utf-16-be", ["encoding utf-16-be"]),
        ("utf-32", ["encoding utf-32"]),
    ],
)
def test_encodings(tmp_path, encoding, said):
    path = written(tmp_path, "größe,b\n1.5,2\n2.5,3\n", encoding)
    read, notes = values(path)
    assert read == {"größe": [1.5, 2.5], "b": [2, 3]}
    assert notes == (noted(path, *said) if said else [])


def test_one_byte_late_in_a_file_is_enough(tmp_path):
    rows = "".join(f"{i},up\n" for i in range(3000))
    read, notes = values(written(tmp_path, f"a,k\n{rows}3000,na\xefve\n", "latin-1"))
    assert read["k"][-1] == "naïve"
    assert "encoding latin-1" in notes[0]
    read, notes = values(written(tmp_path, f"a,k\n{rows}3000,\u20acx\u2019\n", "cp1252"))
    assert read["k"][-1] == "€x\u2019"
    assert "encoding cp1252" in notes[0]


def test_an_encoding_that_is_told_is_taken(tmp_path):
    path = written(tmp_path, "имя,b\n1,2\n3,4\n", "cp1251")
    assert list(values(path, ReadAs(encoding="cp1251"))[0]) == ["имя", "b"]
    with pytest.raises(InputError, match="cannot be read as csv with the encoding utf-8"):
        values(path, ReadAs(encoding="utf-8"))
    with pytest.raises(InputError, match="'utf-9' is unknown"):
        ReadAs(encoding="utf-9")


@pytest.mark.parametrize("raw", [b"a,b\n1,2\n\x00\x01\x02", b"\x81\x8d,b\n1,2\n3,4\n"])
def test_bytes_that_are_no_text_are_refused(tmp_path, raw):
    (tmp_path / "t.csv").write_bytes(raw)
    with pytest.raises(InputError, match=r"t\.csv (cannot be read|is neither)"):
        values(tmp_path / "t.csv")


# -- missing markers ---------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["", "NA", "N/A", "nan", "NULL", "null", "None", "#N/A", "<NA>"])
def test_usual_words_are_missing_numbers(tmp_path, word):
    read, notes = values(written(tmp_path, f"a,b\n1,2\n{word},3\n4,5\n"))
    assert np.array_equal(read["a"], [1, np.nan, 4], equal_nan=True)
    assert notes == []


@pytest.mark.parametrize("marker", ["?", "-", ".", "n.a.", "--"])
def test_other_marks_among_numbers_are_missing_and_said(tmp_path, marker):
    path = written(tmp_path, f"a,b\n1,2\n {marker},3\n4.5,5\n")
    read, notes = values(path)
    assert np.array_equal(read["a"], [1, np.nan, 4.5], equal_nan=True)
    assert notes == noted(path, f"missing {marker!r} (in a)")


def test_among_texts_a_question_mark_is_missing_and_a_dash_is_a_label(tmp_path):
    path = written(tmp_path, "s,w,a\n+,x,1\n-,?,2\n-,y,3\n")
    read, notes = values(path)
    assert (read["s"], read["w"]) == (["+", "-", "-"], ["x", None, "y"])
    assert notes == [*noted(path, "missing '?' (in w)"), "taken as labels: s (text), w (text)"]


def test_minus_999_is_missing_only_if_told(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n-999,3\n-999.0,5\n4,5\n")
    assert values(path)[0]["a"] == [1, -999, -999, 4]
    read, _ = values(path, ReadAs(missing=("-999",)))
    assert np.array_equal(read["a"], [1, np.nan, np.nan, 4], equal_nan=True)


def test_what_is_told_to_be_missing_is_so_in_labels_too(tmp_path):
    path = written(tmp_path, "k,b\nx,2\nNA,3\nnone of these,5\n")
    told = ReadAs(missing=("none of these",))
    assert values(path, told, discrete=["k"])[0]["k"] == ["x", "NA", None]


def test_an_infinite_number_is_not_missing_unless_told(tmp_path):
    path = written(tmp_path, "a,b\n1,2\ninf,3\n-inf,5\n4,6\n")
    with pytest.raises(InputError, match=r"holds inf in row 2, 2 such .* inf,-inf"):
        read_sides(path, ["a"], ["b"])
    sides = read_sides(path, ["a"], ["b"], told=ReadAs(missing=("inf", "-inf")))
    assert sides.x.values.ravel().tolist() == [1, 4]


# -- headers -----------------------------------------------------------------------------------


def test_a_file_without_a_header_needs_the_word_and_has_positions(tmp_path):
    path = written(tmp_path, "1.5,2\n2.5,3\n3.5,1\n")
    with pytest.raises(InputError, match="--no-header if they are values, and --header if"):
        values(path)
    read, notes = values(path, ReadAs(header=False))
    assert read == {"@1": [1.5, 2.5, 3.5], "@2": [2, 3, 1]}
    assert notes == noted(path, "no header, so that columns are @1, @2, ...")
    assert values(path, ReadAs(header=True))[0] == {"1.5": [2.5, 3.5], "2": [3, 1]}


def test_a_first_line_that_looks_like_values_is_refused(tmp_path):
    rows = "5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,3.1,virginica\n"
    with pytest.raises(InputError, match="looks like values, as 'setosa' occurs below"):
        values(written(tmp_path, rows))
    read, _ = values(written(tmp_path, rows), ReadAs(header=False))
    assert read["@3"] == ["setosa", "setosa", "virginica"]
    assert read["@1"] == [5.1, 4.9, 6.2]


def test_numbers_among_the_names_are_names(tmp_path):
    read, _ = values(written(tmp_path, "name,1990,1991\nx,1.5,2\ny,3.5,4\n"), columns=["1991"])
    assert read == {"1991": [2, 4]}


def test_an_index_of_pandas_is_left_out_and_can_be_had(tmp_path):
    path = written(tmp_path, ",0,1\n10,1.5,2\n11,3.5,5\n12,4,5\n")
    read, notes = values(path)
    assert read == {"0": [1.5, 3.5, 4], "1": [2, 5, 5]}
    assert notes == ["left out, as it has no name: @1 (--columns can name it)"]
    assert values(path, columns=["@1", "0"])[0]["@1"] == [10, 11, 12]
    assert values(path, columns=["*"])[0].keys() == {"0", "1"}


# -- what other programs write -----------------------------------------------------------------


def test_names_after_a_hash_are_those_of_numpys_savetxt(tmp_path):
    table = np.random.default_rng(0).normal(size=(9, 2))
    np.savetxt(tmp_path / "t.txt", table, header="made by me\na b")
    read, notes = values(tmp_path / "t.txt")
    assert read == {"a": table[:, 0].tolist(), "b": table[:, 1].tolist()}
    assert notes == noted(tmp_path / "t.txt", "separator spaces", "header after #")
    assert values(written(tmp_path, "#id,x\n1,2\n3,4\n"))[0] == {"id": [1, 3], "x": [2, 4]}


def test_comments_above_a_header_are_skipped(tmp_path):
    path = written(tmp_path, "# made by me\n# in 2024\na;b\n1,5;2\n3,5;4\n")
    assert values(path)[0] == {"a": [1.5, 3.5], "b": [2, 4]}


@pytest.mark.parametrize("separator", [" ", ",", "\t"])
@pytest.mark.parametrize("names", [["1", "2", "3"], ["Mazda RX4", "Fiat 128", "Volvo"]])
def test_row_names_of_r_have_no_field_in_the_header(tmp_path, separator, names):
    rows = [f'"{name}"{separator}{i + 0.5}{separator}{i * i}' for i, name in enumerate(names)]
    path = written(tmp_path, "\n".join([f'"a"{separator}"b"', *rows]) + "\n")
    read, _ = values(path)
    assert read == {"a": [0.5, 1.5, 2.5], "b": [0, 1, 4]}


def test_fields_that_only_some_rows_have_are_named_with_their_line(tmp_path):
    for text, line in (("Report\n\na,b\n1,2\n", 3), ("a,b\n1,2,9\n3,4,5\n6,7,3\n", 2)):
        with pytest.raises(InputError, match=f"fields in line {line}, and . in its header"):
            values(written(tmp_path, text))


def test_each_column_has_its_own_decimal_sign(tmp_path):
    """Such as versions, or values of another program, beside numbers with decimal commas."""
    rows = [("1,5", "2.25", "3.10"), ("2,5", "3.5", "3.1"), ("4,75", "1.125", "NA")]
    (tmp_path / "t.csv").write_text("a;p;v\n" + "".join(";".join(row) + "\n" for row in rows))
    sides = read_sides(tmp_path / "t.csv", ["a"], ["p"])
    assert sides.x.values[:, 0].tolist() == [1.5, 2.5, 4.75]
    assert sides.y.values[:, 0].tolist() == [2.25, 3.5, 1.125]
    labels = read_sides(tmp_path / "t.csv", ["a"], ["v"], discrete_y=True).y
    assert labels.values[:, 0].tolist() == ["3.10", "3.1", "NA"]


def test_a_column_with_both_decimal_signs_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1,5;1\n2.5;3\n4,75;2\n")
    with pytest.raises(InputError, match="column 'a' holds '1,5' in row 1"):
        read_sides(tmp_path / "t.csv", ["a"], ["b"])
