"""The line with the names is found below titles, or told by its number."""

import pytest

from mibench.columns.column_table import read_columns
from mibench.columns.files import read_sides
from mibench.columns.reading import ReadAs
from mibench.errors import InputError

BODY = "x,y,z\n1,4,a\n2.5,5,b\n3,7,a\n"
EXPECTED = {"x": [1, 2.5, 3], "y": [4, 5, 7], "z": ["a", "b", "a"]}


def written(folder, text, name="t.csv"):
    (folder / name).write_text(text, newline="")
    return folder / name


def values(path, told=None):
    read = read_columns(path, told=told or ReadAs())
    return {title: column.tolist() for title, column in read.values.items()}, read.notes


@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("Measurements of the laboratory\n", 2),
        ("Measurements, second part\nExported 2024-03-01\n", 3),
        ("Title\n\nTime, place, and people, of it\n", 4),
        ("Report: 2024,,\n,,\n", 3),
        ('Pipes of 5" or more\n', 2),
        ('# a comment with one " in it\nTitle\n', 3),
        ("Size of the sample\r\n\r\n", 3),
        (",Measured,\n", 2),
    ],
)
def test_lines_above_the_names_are_found_and_said(tmp_path, above, line):
    path = written(tmp_path, above + BODY)
    read, notes = values(path)
    assert read == EXPECTED
    assert notes[0] == f"read {path} as: header in line {line}"
    assert values(path, ReadAs(header=line))[0] == EXPECTED


def test_titles_are_found_above_other_separators_and_names_of_rows(tmp_path):
    path = written(tmp_path, "Messung, Labor 3\ngröße;gewicht\n1,5;2,5\n3,5;4,25\n")
    assert values(path)[0] == {"größe": [1.5, 3.5], "gewicht": [2.5, 4.25]}
    path = written(tmp_path, "Results of run 7\nx y\n1 2\n 3 4\n")
    assert values(path)[0] == {"x": [1, 3], "y": [2, 4]}
    path = written(tmp_path, 'A table of R\n"x","y"\n"1",5,2\n"2",3,4\n')
    assert values(path)[0] == {"x": [5, 3], "y": [2, 4]}


@pytest.mark.parametrize(
    "text",
    [
        "x,y\na,b\n1,2\n3,4\n",  # units, or a second line of names: no title
        "x,y,z\n,,\n1,2,3\n4,5,6\n",
        "x,y\nfoo,1\nbar,2\n",
        "x,,\nn/a,1,2\n3,4,5\n6,7,8\n",
        "x,y\n1,2\n3,4\n",
        "a,b,c\nfoo,bar\n1,2,3\n4,5,6\n",
    ],
)
def test_the_first_line_holds_the_names_where_it_may(tmp_path, text):
    table = read_columns(written(tmp_path, text), ["@1"])
    assert table.titles == [text[0]]
    assert not any("header in line" in note for note in table.notes)


def test_the_line_of_the_names_can_be_told(tmp_path):
    path = written(tmp_path, "a,b\nc,d\n1,2\n3,4\n")
    with pytest.raises(InputError, match="holds 'c' in row 1"):
        read_sides(path, ["a"], ["b"])
    assert values(path, ReadAs(header=2))[0] == {"c": [1, 3], "d": [2, 4]}
    path = written(tmp_path, "# made by me\n#a,b\n#c,d\n1,2\n3,4\n")
    assert values(path, ReadAs(header=2))[0].keys() == {"a", "b"}
    with pytest.raises(InputError, match=r"--header is 9, and .* has 5 line"):
        read_columns(path, told=ReadAs(header=9))
    with pytest.raises(InputError, match="--header is 0: give the number of a line"):
        ReadAs(header=0)


def test_a_file_whose_names_are_not_found_has_a_remedy_that_works(tmp_path):
    path = written(tmp_path, f"Title\n{BODY}Total of 3 rows\n")
    with pytest.raises(InputError, match="give --header LINE"):
        read_sides(path, ["x"], ["y"])
    told = ReadAs(header=2, missing=("Total of 3 rows",))
    assert read_sides(path, ["x"], ["y"], told=told).x.values.ravel().tolist() == [1, 2.5, 3]


def test_rows_longer_than_the_names_are_counted_as_the_editor_does(tmp_path):
    path = written(tmp_path, '# a " sign\nx,y\n1,2\n3,4,5\n')
    with pytest.raises(InputError, match="3 fields in line 4, and 2 in its header"):
        read_sides(path, ["x"], ["y"])


def test_columns_of_equal_names_are_told_apart_by_their_positions(tmp_path):
    path = written(tmp_path, "a,a,b\n1,4,7\n2,5,8\n3,6,9\n")
    read, notes = values(path)
    assert read == {"a (@1)": [1, 2, 3], "a (@2)": [4, 5, 6], "b": [7, 8, 9]}
    assert notes == [f"read {path} as: 2 columns 'a' as 'a (@1)', 'a (@2)'"]
    assert read_sides(path, ["@2"], ["b"]).x.names == ["a (@2)"]
    with pytest.raises(InputError, match=r"unknown column 'a'. Valid: a \(@1\), a \(@2\), b"):
        read_sides(path, ["a"], ["b"])


def test_the_option_takes_a_line_or_stands_alone(mibench, tmp_path):
    written(tmp_path, "a,b\nc,d\n" + "".join(f"{i},{i * i % 7}\n" for i in range(30)))
    sides = ("--x", "c", "--y", "d", "-e", "uniform")
    done = mibench("estimate", "t.csv", "--header", "2", *sides)
    assert (done.returncode, "I(c; d), 30 rows" in done.stdout) == (0, True)
    alone = mibench("estimate", "t.csv", "--header", *sides)
    assert "unknown column 'c'. Valid: a, b" in alone.stderr
    both = mibench("estimate", "t.csv", "--no-header", "--header", "2", *sides)
    assert "--header and --no-header contradict each other" in both.stderr
    bad = mibench("estimate", "--header", "t.csv", *sides)
    assert "'t.csv' is no number of a line" in bad.stderr


@pytest.mark.parametrize("unit", ["€", "%", "kg", "€/m"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [(";", ","), ("\t", ","), ("|", "."), (",", ".")]
)
def test_names_above_numbers_with_units_are_no_title(tmp_path, unit, separator, decimal):
    """A space before the unit parts all lines but the first, which is no reason to leave it out."""
    rows = [(f"{i + 0.25} {unit}", f"{i / 8}") for i in range(40)]
    lines = [separator.join(row).replace(".", decimal) for row in rows]
    path = written(tmp_path, "\n".join([f"a{separator}b", *lines]) + "\n")
    read, notes = values(path)
    assert read == {"a": [i + 0.25 for i in range(40)], "b": [i / 8 for i in range(40)]}
    assert "header" not in "".join(notes)
