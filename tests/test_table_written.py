"""Numbers as people write them are read where one reading fits, and refused otherwise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench.columns.column_table import read_columns
from mibench.columns.files import read_sides
from mibench.columns.reading import ReadAs
from mibench.columns.written import read_written
from mibench.errors import InputError


def read(*texts, decimal=".", told=False):
    found = read_written({text: text for text in texts}, decimal, told)
    return None if found is None else list(found.numbers.values())


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["12%", "3.5 %"], [12, 3.5]),
        (["$1,234.50", "-$3.00", "$-2.00"], [1234.5, -3, -2]),
        (["€ 1.50", "€ 20"], [1.5, 20]),
        (["1,50 €", "20 €"], [1.5, 20]),
        (["1,234,567", "1,234"], [1234567, 1234]),
        (["1.234,5", "2"], [1234.5, 2]),
        (["1,234.5", "1,234"], [1234.5, 1234]),
        (["1 234,5", "1\u202f234\u202f567".replace("\u202f", " ")], [1234.5, 1234567]),
        (["1'234.5", "7.25"], [1234.5, 7.25]),
        (["5.1 cm", "7 cm"], [5.1, 7]),
        (["1.0D+02", "\u22122.5D-01"], [100, -0.25]),
        (["0,123", "0,5"], [0.123, 0.5]),
    ],
)
def test_numbers_written_in_one_way_are_read(texts, numbers):
    assert read(*texts) == numbers


@pytest.mark.parametrize(
    "texts",
    [
        ["12%", "3"],  # of what is the second one?
        ["$1", "€1"],
        ["1,234", "999"],  # thousands, or 1.234
        ["1,234%", "2,345%"],
        ["1,234.5", "1.234,5"],
        ["1,5", "2.5"],
        ["12,34,567"],
        ["030 123 456", "1 234"],  # a telephone number
        ["10:30", "11:30"],
        ["12.03.2020"],
        ["2024-01-31"],
        ["5-10", "1/2"],
        ["1 2", "3 4"],
        ["gene 5", "gene 7"],
        ["-$-5"],
        ["1d3"],
        ["12 cm", "12 cm 3"],
        ["."],
    ],
)
def test_what_has_no_reading_or_two_is_none(texts):
    assert read(*texts) is None


def test_the_decimal_sign_that_is_told_leaves_the_other_sign_to_groups():
    assert read("1,234", "2,345") is None
    assert read("1,234", "2,345", told=True) == [1234, 2345]
    assert read("1.234", "2", decimal=",", told=True) == [1234, 2]
    assert read("1.234", "2", decimal=",") is None


@given(
    st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20, unique=True),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u202f", ",")]),
    st.sampled_from(["%", "", " €", " kg"]),
)
def test_grouped_numbers_with_decimals_are_read_exactly(hundredths, signs, unit):
    group, point = signs
    texts = [
        f"{n / 100:,.2f}".replace(",", "g").replace(".", point).replace("g", group) + unit
        for n in hundredths
    ]
    assert read(*texts, decimal=point) == [float(f"{n / 100:.2f}") for n in hundredths]


def test_how_a_column_was_read_is_said(tmp_path):
    rows = "".join(f'"${1000 + i / 4:,.2f}",{i / 8}%,{i}\n' for i in range(50))
    (tmp_path / "t.csv").write_text(f"price,share,y\n{rows}")
    table = read_columns(tmp_path / "t.csv")
    assert table.values["price"].tolist() == [1000 + i / 4 for i in range(50)]
    assert table.values["share"].tolist() == [i / 8 for i in range(50)]
    assert table.notes == [
        "taken as numbers: price (without '$', ',' groups digits), share (without '%')"
    ]


def test_units_make_numbers_of_measured_values_and_labels_of_few_doses(tmp_path):
    rows = "".join(f"{i / 4} cm,{5 * (1 + i % 3)} mg\n" for i in range(60))
    (tmp_path / "t.csv").write_text(f"length,dose\n{rows}")
    table = read_columns(tmp_path / "t.csv")
    assert table.values["length"].tolist() == [i / 4 for i in range(60)]
    assert table.labels == ["dose"]


def test_texts_that_mostly_occur_once_are_no_labels_by_themselves(tmp_path):
    names = ["Ann", "Bob", *(f"person {i}" for i in range(38)), "Ann", "Bob"]
    rows = "".join(f"{name},{i}\n" for i, name in enumerate(names))
    (tmp_path / "t.csv").write_text(f"who,y\n{rows}")
    with pytest.raises(InputError, match=r"texts of which most occur once \(38 of 42\): leave"):
        read_sides(tmp_path / "t.csv", ["who"], ["y"])
    declared = read_sides(tmp_path / "t.csv", ["who"], ["y"], discrete_x=True)
    assert declared.x.values[:, 0].tolist() == names


@pytest.mark.parametrize(
    ("marker", "values"), [(-999, 5), (99, 5), (-9, 5), (-32768, 300), (1e30, 5), (-1, None)]
)
def test_numbers_that_may_stand_for_missing_ones_are_named(tmp_path, marker, values):
    rng = np.random.default_rng(0)
    column = rng.uniform(0, values or 5, 100).round(3)
    column[::9] = marker
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{v},{i}\n" for i, v in enumerate(column)))
    table = read_columns(tmp_path / "t.csv")
    said = [note for note in table.notes if "may be missing" in note]
    assert table.values["a"].tolist() == column.tolist()  # nothing is changed
    if values is None:
        assert said == []
    else:
        assert said[0].startswith(f"taken as numbers, and may be missing: a ({marker:g} in 12 rows")
        told = ReadAs(missing=(f"{marker:g}",))
        assert not any(
            "may be missing" in n for n in read_columns(tmp_path / "t.csv", told=told).notes
        )


def test_heavy_tails_and_constants_hold_no_suspect(tmp_path):
    rng = np.random.default_rng(1)
    columns = [rng.standard_cauchy(300), np.full(300, 99.0), np.repeat([0.0, 99.0], 150)]
    (tmp_path / "t.csv").write_text(
        "a,b,c\n" + "".join(f"{a},{b},{c}\n" for a, b, c in zip(*columns, strict=True))
    )
    assert not any("may be missing" in note for note in read_columns(tmp_path / "t.csv").notes)


@pytest.mark.parametrize(
    ("texts", "proposed"),
    [
        (["3.9", "3.10", "3.11"], True),
        (["3.10", "3.20", "3.30"], False),  # two decimals everywhere
        (["0.5", "1.5", "2.5"], False),
    ],
)
def test_versions_are_proposed_as_labels(tmp_path, texts, proposed):
    rows = "".join(f"{texts[i % 3]},{i}\n" for i in range(30))
    (tmp_path / "t.csv").write_text(f"version,y\n{rows}")
    notes = read_columns(tmp_path / "t.csv").notes
    assert any("zeros at the end" in note for note in notes) == proposed


def test_codes_that_are_one_number_are_no_constant_without_a_way_out(tmp_path):
    rows = "".join(f"{('7', '007')[i % 2]},{i}\n" for i in range(30))
    (tmp_path / "t.csv").write_text(f"code,y\n{rows}")
    with pytest.raises(InputError, match=r"constant.* or declare labels with --discrete-x"):
        read_sides(tmp_path / "t.csv", ["code"], ["y"])


@pytest.mark.parametrize(
    ("texts", "seconds", "why"),
    [
        (["1:30", "13:05", "0:10"], [5400, 47100, 600], "times of day"),
        (["49:30:00", "0:00:05", "120:00:00"], [178200, 5, 432000], "durations"),
    ],
)
def test_times_and_durations_are_numbers(tmp_path, texts, seconds, why):
    (tmp_path / "t.csv").write_text(
        "t,y\n" + "".join(f"{text},{i}\n" for i, text in enumerate(texts))
    )
    table = read_columns(tmp_path / "t.csv")
    assert table.values["t"].tolist() == seconds
    assert f"t ({why}" in table.notes[0]


def test_minutes_beside_hours_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("t,y\n45:10,1\n1:02:10,2\n")
    with pytest.raises(InputError, match=r"mixes .*: write all as hours:minutes:seconds"):
        read_sides(tmp_path / "t.csv", ["t"], ["y"])
