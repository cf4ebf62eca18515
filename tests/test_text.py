"""Tables for people fit the terminal, and nothing in them is cut or broken."""

import itertools

import pandas as pd
import pytest

import mibench
from mibench import summary
from mibench.cli.description import description, folded
from mibench.cli.lists import listing
from mibench.output import text

from .samples import normal

WIDTHS = [80, 100, 120, 200]


def lines_of(*parts, width):
    lines = text.render(*parts, width=width).splitlines()
    assert max(map(len, lines)) <= width
    return lines


@pytest.fixture(scope="module")
def records():
    return mibench.results("reference", suite="quick", samples=1000)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("units", ["bits", "nats"])
def test_each_estimate_stands_once_in_the_row_of_its_task(records, width, units):
    cases = summary.in_units(summary.by_case(records), units)
    lines = lines_of(*text.task_tables(cases, units, width), width=width)
    for task, rows in cases.groupby("task"):
        words = " ".join(line for line in lines if line.split()[:1] == [task]).split()
        for _, row in rows.iterrows():
            mean = text.number(row[f"mean_{units}"])
            assert mean in words or f"{mean}*" in words, (task, row["estimator"])


def test_standard_deviations_are_shown_where_there_is_room(records):
    cases = summary.in_units(summary.by_case(records), "bits")
    assert any("±" in line for line in lines_of(*text.task_tables(cases, "bits"), width=200))
    narrow = lines_of(*text.task_tables(cases, "bits", 100), width=100)
    assert not any("0.075 ±" in line for line in narrow)
    assert "--format csv" in " ".join(narrow)


@pytest.mark.parametrize("width", [60, *WIDTHS])
def test_the_ranking_names_the_columns_that_it_leaves_out(records, width):
    ranks = summary.in_units(summary.ranking(records), "bits")
    lines = lines_of(*text.ranking_tables(ranks, "bits", 21, width), width=width)
    all_headings = ("RMSE", "95 %", "MAE", "rel. error", "bias", "best in", "time", "failures")
    said = " ".join(lines)
    assert [heading for heading in all_headings if heading not in said] == []
    assert ("Not shown" in said) == (width < 100)
    assert [line.split()[1] for line in lines if line[:3].strip().isdigit()] == list(
        ranks["estimator"]
    )


def test_many_estimators_at_many_sizes_fit(records):
    few = records[records["task"].isin(["1v1-normal-0.5", "layer-tanh-12-5-0.5"])]
    few = few[few["estimator"] == "knn"]
    copies = [few.assign(estimator=f"knn:k={k},variant=2", n=n) for k in range(9) for n in (5, 60)]
    cases = summary.in_units(summary.by_case(pd.concat(copies)), "bits")
    lines = lines_of(*text.task_tables(cases, "bits", 80), width=80)
    assert sum(line.count("knn:k=") for line in lines) == 9
    assert 2 < sum("knn:k=" in line for line in lines) < 9  # several tables of several


@pytest.mark.parametrize("what", ["estimators", "tasks", "suites", "flags", "settings"])
@pytest.mark.parametrize("width", [80, 120])
def test_lists_fit_and_hold_every_word(what, width):
    _, headings, rows = listing(what, "bits")
    shown = text.render(text.plain_table(headings, rows), width=width)
    assert max(map(len, shown.splitlines())) <= width
    words = {word.rstrip(";") for word in shown.split()}
    for row in rows:
        assert str(row[0]) in words
        assert {word.rstrip(";") for word in str(row[-1]).split()} <= words


def test_estimates_and_their_flags_fit():
    x, y = normal(30, 20, 20, 0.5)
    results = [(spec, mibench.estimate(x, y, spec), 1e-3) for spec in ("knn", "kde", "uniform")]
    results.append(("adaptive", "InputError: " + "a long message " * 20, 1.0))
    lines_of(text.estimate_table(results, "bits"), width=80)


def test_without_a_terminal_nothing_is_folded(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.__stdout__", None)  # no terminal to ask
    assert text.shown_width() == text.UNLIMITED
    monkeypatch.setenv("COLUMNS", "90")
    assert text.shown_width() == 90


def test_a_time_has_the_unit_of_what_is_shown():
    times = {9.9949e-4: "999 µs", 9.9951e-4: "1.00 ms", 0.99951: "1.00 s", 999.7: "1000 s"}
    assert [text.duration(seconds) for seconds in times] == list(times.values())


NAMES = ("a long name of a column that a machine wrote", "b" * 40, "sepal length (cm)", "y")


@pytest.mark.parametrize("width", [80, 120, text.UNLIMITED])
def test_pairs_of_columns_with_long_names_fit_and_nothing_is_cut(width):
    pairs = list(itertools.combinations(NAMES, 2))
    rows = pd.DataFrame(pairs, columns=["x", "y"]).assign(
        bits=-0.25, rows=50, flags="negative", error=""
    )
    lines = lines_of(text.pairs_table(rows, "bits"), width=width)
    shown = " ".join(" ".join(lines).split())
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    assert shown.count("negative") == shown.count("-0.250") == len(pairs)
    for name in NAMES:
        assert shown.count(name) >= 3


def test_a_task_table_of_an_estimator_with_a_long_name_fits(records):
    long = f"executable:command={'awk -f mi.awk '.replace(' ', '_') * 4}"
    named = records[records["estimator"] == "knn"].assign(estimator=long)
    cases = summary.in_units(summary.by_case(named), "bits")
    lines_of(*text.task_tables(cases, "bits", 80), width=100)  # the name itself has 75 characters


@pytest.mark.parametrize("name", ["canonical", "executable", "knn", "ties", "uniform"])
def test_what_is_known_of_a_name_fits_and_keeps_every_word(name):
    whole = description(name)
    for width in (60, 80, 200):
        shown = folded(whole, width)
        assert shown.split() == whole.split()
        long = [line for line in shown.splitlines() if len(line) > width]
        assert all(len(line.split()) == 1 for line in long), long
    assert shown == whole


def test_an_estimator_that_finished_nothing_has_no_rank(records):
    some = records[records["estimator"].isin(["knn", "kde"])]
    failed = records[records["estimator"] == "uniform"].assign(
        estimator="never", nats=float("nan"), error="ValueError: no"
    )
    ranks = summary.in_units(summary.ranking(pd.concat([some, failed])), "bits")
    lines = lines_of(*text.ranking_tables(ranks, "bits", 21, 120), width=120)
    first = {words[1]: words[0] for line in lines if len(words := line.split()) > 5}
    assert (first["knn"], first["kde"], first["never"]) == ("1", "2", "-")
