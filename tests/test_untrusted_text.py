"""Text from data: escape sequences, formulas of spreadsheets, formulas of figures."""

import csv
import io
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mibench
from mibench.output import text
from mibench.output.figures import estimate_against_truth, save
from mibench.output.files import write_table
from mibench.output.heatmap import heat_map
from mibench.output.safe import FORMULA_STARTS, plain_cell, plain_math, to_csv, visible

EVIL = "\x1b]0;owned\x07\x9b31m\u202ename\r"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"]


def commanding(shown: str) -> set[str]:
    """Characters that a terminal obeys, other than line breaks and tabs."""
    return {
        c for c in shown if (unicodedata.category(c) == "Cc" and c not in "\n\t") or c == "\u202e"
    }


@pytest.mark.slow
@given(st.text())
def test_visible_text_holds_no_command_and_loses_nothing(value):
    assert not commanding(visible(value))
    assert visible(visible(value)) == visible(value)
    if value.isprintable() and value.isascii():
        assert visible(value) == value


@given(st.text(max_size=8) | st.floats() | st.none() | st.booleans() | st.sampled_from(FORMULAS))
def test_no_cell_starts_a_formula(value):
    cell = plain_cell(value)
    if isinstance(value, str):
        assert not cell.startswith(FORMULA_STARTS)
        assert cell.removeprefix("'") == visible(value, one_line=False).removeprefix("'")
    else:
        assert cell is value


@given(st.lists(st.tuples(st.text(max_size=6), st.floats(allow_nan=False)), min_size=1, max_size=5))
def test_csv_is_read_back_with_its_numbers(rows):
    shown = to_csv(pd.DataFrame(rows, columns=["name", "=value"]))
    back = list(csv.reader(io.StringIO(shown, newline="")))
    assert back[0] == ["name", "'=value"]
    assert [float(row[1]) for row in back[1:]] == [value for _, value in rows]


@pytest.mark.parametrize("name", FORMULAS)
def test_csv_files_start_no_formula(tmp_path, name):
    write_table(pd.DataFrame({"task": [name], "bits": [-0.5]}), tmp_path / "t.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "t.csv").read_bytes().decode(), newline="")))
    assert rows[1][0].startswith("'")
    assert rows[1][1] == "-0.5"


@pytest.fixture
def evil_table(tmp_path):
    """A table whose columns have names that a terminal, a spreadsheet or a figure would obey."""
    rng = np.random.default_rng(0)
    names = [EVIL.strip(), "=cmd", "$x_", ":heart:"]
    pd.DataFrame(rng.normal(size=(60, 4)), columns=names).to_csv(tmp_path / "t.csv", index=False)
    return names


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_names_of_columns_reach_no_terminal(mibench, evil_table, form):
    done = mibench("pairwise", "t.csv", "-e", "uniform", "--format", form)
    assert done.returncode == 0, done.stderr
    assert not commanding(done.stdout + done.stderr)
    assert ":heart:" in done.stdout
    if form == "csv":
        cells = [cell for row in csv.reader(io.StringIO(done.stdout)) for cell in row]
        assert "'=cmd" in cells
        assert not any(c.startswith(("=", "@", "+")) for c in cells)


def test_errors_and_titles_reach_no_terminal(mibench, evil_table):
    for args in (
        ["estimate", "t.csv", "--x", "a", "--y", "b"],  # lists the names
        ["estimate", f"{EVIL}.csv", "--x", "a", "--y", "b"],
        ["pairwise", "t.csv", EVIL],  # click's own message
        ["compare", "--tasks", EVIL],
        ["estimate", "t.csv", "--x", evil_table[0], "--y", "=cmd", "-e", "uniform"],
    ):
        done = mibench(*args)
        assert done.returncode == (2 if args[-1] != "uniform" else 0), done.stderr
        assert not commanding(done.stdout + done.stderr)


def test_cells_of_every_table_are_visible():
    table = text.plain_table([EVIL], [[EVIL], [1.5]])
    assert not commanding(text.render(EVIL, table))
    assert "[/x]" in text.render(text.plain_table(["[bold]"], [["[/x]"]]))


def test_progress_takes_any_name(capsys):
    from mibench.cli.progress import progress

    with progress("training [/x] \x1b[31m :heart:") as on_progress:
        on_progress(1, 2)


# -- figures -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a$b", "$x_", "$$", r"\$", "$\\frac{", EVIL, "a$b$c^"])
def test_figures_take_any_name(tmp_path, name):
    def uniform_like(x, y):
        return 0.5

    records = mibench.compare([uniform_like], tasks=["1v1-normal-0.75"], samples=100, seeds=2)
    records["task"], records["estimator"] = name, name
    figure = estimate_against_truth(
        mibench.summary.in_units(mibench.summary.by_case(records), "bits"), "bits"
    )
    save(figure, tmp_path / "f.svg")
    figure.canvas.draw()
    save(heat_map(pd.DataFrame(np.eye(2), [name, "b"], [name, "b"]), "bits"), tmp_path / "g.svg")
    shown = (tmp_path / "f.svg").read_text()
    if "$" in name and name.isprintable():
        assert f"{name}  1+1" in shown


def test_a_dollar_stays_a_dollar():
    assert plain_math("a$b").replace(r"\$", "$") == "a$b"
