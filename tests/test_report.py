"""The page of a comparison: it shows the numbers of the summary, and its controls work."""

import csv
import io
import json
import re
import shlex
import urllib.parse
from collections import Counter
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from mibench import compare, summary
from mibench.contract.specs import split_specs
from mibench.output import page as html_page
from mibench.output.text import duration
from mibench.records import commands as reproduce
from mibench.records.store import Store
from mibench.records.table import table_of
from mibench.tasks.suites import SUITES
from mibench.types import Record

from .browser import browser, js, needs_browser, view

HOSTILE = "</script><script>window.hurt=1</script><img src=x onerror='window.hurt=1'>&amp;\u2028"
TASKS = ["1v1-normal-0.75", "binary-symmetric-0.1", "multinormal-dense-2-2-0.5", "independent-5-5"]


def record(**changes: object) -> Record:
    fields: dict[str, object] = {
        "task": TASKS[0], "task_version": 1, "dim_x": 1, "dim_y": 1, "mi_nats": 0.5,
        "estimator": "a", "parameters": "{}", "n": 100, "seed": 0, "nats": 0.4, "seconds": 0.01,
        "version": "mibench 0.1.0", "machine": "here", "libraries": "python 3",
    }  # fmt: skip
    return Record(**(fields | changes))  # type: ignore[arg-type]


def fill_store(path: Path) -> Path:
    """A store: three estimators, one of which fails at n = 40; four tasks, two n, four seeds."""
    compare(
        ["uniform", "kde", "knn:k=50"], tasks=TASKS, samples=[40, 300], seeds=4, store=path
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    return fill_store(tmp_path_factory.mktemp("store") / "results.jsonl")


@pytest.fixture(scope="module")
def records(store) -> pd.DataFrame:
    return table_of(list(Store(store)))


def payload_of(page: str) -> dict:
    pattern = r'<script type="application/json" id="data">(.*?)</script>'
    return json.loads(re.search(pattern, page, re.DOTALL)[1])


def unpacked(packed: dict) -> pd.DataFrame:
    return pd.DataFrame(packed["rows"], columns=packed["fields"])


# Rounding to 6 significant digits moves a number by at most 5e-6 of itself.
ROUNDED = {"rel": 5e-6, "abs": 1e-300}


def assert_same(got, expected) -> None:
    assert np.asarray(got, dtype=float) == pytest.approx(
        np.asarray(expected, dtype=float), nan_ok=True, **ROUNDED
    )


def test_the_numbers_are_those_of_the_summary(records):
    shown = html_page.payload(records, "bits")
    cells, expected = unpacked(shown["cells"]), summary.by_case(records)
    assert len(cells) == 24
    assert [shown["tasks"][t]["name"] for t in cells["task"]] == expected["task"].tolist()
    assert [shown["sizes"][s] for s in cells["n"]] == expected["n"].tolist()
    names = [shown["estimators"][e]["name"] for e in cells["estimator"]]
    assert names == expected["estimator"].tolist()
    for column in html_page.CELL_COLUMNS[:-2]:
        assert_same(cells[column], expected[column])
    for column in ("best", "flags"):
        assert cells[column].tolist() == expected[column].tolist()
    assert unpacked(shown["failures"])["times"].sum() == 12 == shown["counts"]["failed"]
    flags = unpacked(shown["flags"])
    assert flags["cells"].tolist() == summary.flag_counts(records)["cells"].tolist()


def test_every_selection_has_the_ranking_of_its_records(records):
    shown = html_page.payload(records, "bits")
    assert [g["name"] for g in shown["groups"]] == ["all", "quick", "beyond-normal", "discrete"]
    sides = {TASKS[0]: 0, TASKS[1]: 0, TASKS[2]: 1, TASKS[3]: 1}
    groups = [set(TASKS), *(set(SUITES[g["name"]]) for g in shown["groups"][1:])]
    seen = 0
    for g, members in enumerate(groups):
        for s, n in enumerate([None, 40, 300]):
            for w in range(len(shown["widths"]) + 1):
                selected = records[
                    records["task"].isin(members)
                    & (True if n is None else records["n"] == n)
                    & (True if w == 0 else records["task"].map(sides) == w - 1)
                ]
                if selected.empty:
                    assert f"{g},{s},{w}" not in shown["views"]
                    continue
                seen += 1
                packed = shown["rankings"][shown["views"][f"{g},{s},{w}"]]
                got, expected = unpacked(packed), summary.ranking(selected)
                names = [shown["estimators"][e]["name"] for e in got.pop("estimator")]
                assert names == expected.pop("estimator").tolist()
                assert list(got) == list(expected)
                for column in expected:
                    assert_same(got[column], expected[column])
                assert packed["of"] == len(selected[["task", "n", "seed"]].drop_duplicates())
    assert seen == len(shown["views"]) > 20


def test_sizes_are_compared_on_the_tasks_that_were_run_at_each(records):
    subset = records[(records["task"] != TASKS[2]) | (records["n"] == 40)]
    shown = html_page.payload(subset, "bits")
    for w, members in [(0, {TASKS[0], TASKS[1], TASKS[3]}), (1, {TASKS[0], TASKS[1]})]:
        for s, n in enumerate([40, 300]):
            packed = shown["rankings"][shown["steady"][f"0,{w}"][s]]
            expected = summary.ranking(subset[subset["task"].isin(members) & (subset["n"] == n)])
            assert_same(unpacked(packed)["rmse_nats"], expected["rmse_nats"])
    alone = html_page.payload(subset[subset["task"] == TASKS[2]], "bits")
    assert "0,0" in alone["steady"]  # one size, which every task has


def test_the_commands_compute_the_records_again(records):
    (line,) = reproduce.commands(records)
    args = shlex.split(line)
    assert args[:4] == ["mibench", "compare", "-e", "uniform,kde,knn:k=50"]
    assert args[4:] == [
        "--tasks", ",".join(TASKS), "--samples", "40,300", "--seeds", "4",
        "--store", "results.jsonl",
    ]  # fmt: skip


def evaluations_of(line: str) -> set[tuple[str, str, int, int]]:
    if line.startswith("mibench.compare("):
        namespace = {"mibench": type("", (), {"compare": staticmethod(_arguments)})}
        specs, tasks, samples, seeds = eval(line, namespace)
    else:
        args = shlex.split(line)
        value = {args[i]: args[i + 1] for i in range(2, len(args), 2)}
        specs = split_specs(value["-e"])
        tasks = SUITES[value["--suite"]] if "--suite" in value else value["--tasks"].split(",")
        samples, seeds = map(int, value["--samples"].split(",")), range(int(value["--seeds"]))
    return {(e, t, n, s) for n in samples for e in specs for t in tasks for s in seeds}


def _arguments(specs, *, samples, seeds, store, tasks=(), suite=None):
    return specs, SUITES[suite] if suite else tasks, samples, seeds


def test_records_that_are_not_a_full_grid_take_several_commands():
    rows = [
        ("knn", name, n, s) for name in SUITES["discrete"] for n in (100, 200) for s in range(3)
    ]
    rows += [("knn:k=5,variant=2", name, 100, s) for name in SUITES["discrete"] for s in range(3)]
    rows += [("kde", "1v1-normal-0.75", 50, s) for s in (3, 7)]
    rows += [("knn", "1v1-normal-0.75", 100, 0)]
    records = table_of([record(estimator=e, task=t, n=n, seed=s) for e, t, n, s in rows])
    lines = reproduce.commands(records)
    grids = [evaluations_of(line) for line in lines]
    assert set().union(*grids) == set(rows)
    assert sum(map(len, grids)) == len(rows)
    assert any("--suite discrete" in line for line in lines)
    assert any("seeds=[3, 7]" in line for line in lines)


def test_earlier_results_are_not_run_again():
    names = ["knn", "knn (reference)", "kde"]
    (line,) = reproduce.commands(table_of([record(estimator=e) for e in names]))
    assert shlex.split(line)[3] == "knn,kde"


def test_overlapping_suites_are_covered_and_nothing_else():
    names = set(SUITES["discrete"]) | set(SUITES["high-mi"]) | {"1v1-normal-0.75"}
    rows = [record(task=name, seed=s) for name in sorted(names) for s in range(2)]
    covered = set().union(*(evaluations_of(line) for line in reproduce.commands(table_of(rows))))
    assert covered == {("a", name, 100, s) for name in names for s in range(2)}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([record(seed=s) for s in range(3)], "1 estimator of mutual information on 1 task"),
        ([record(estimator=e) for e in "ab"], "2 estimators"),
        ([record(nats=None, error="no") for _ in "a"], "1 estimate, of which 1 failed"),
        ([record(n=n) for n in (10, 1000, 20)], "samples of size 10, 20 and 1,000 and"),
    ],
)
def test_small_and_odd_records_make_a_page(rows, message):
    page = html_page.page(table_of(rows), "nats")
    assert message in page
    assert payload_of(page)["units"] == "nats"
    assert "NaN" not in page.split('id="data">')[1].split("</script>")[0]


def test_no_text_of_a_record_is_markup():
    rows = [
        record(estimator=HOSTILE, task=HOSTILE, machine=HOSTILE, parameters=HOSTILE, seed=0),
        record(estimator="b", task=HOSTILE, nats=None, error=HOSTILE, seed=0),
    ]
    page = html_page.page(table_of(rows))
    assert "window.hurt" not in re.sub(r'id="data">.*?</script>', "", page, flags=re.DOTALL)
    assert page.count("</script>") == 2
    assert payload_of(page)["estimators"][0]["name"] == HOSTILE
    assert page.isascii() == (
        html_page.page(table_of([record()])).isascii()
    )  # as without these texts


def test_the_page_names_no_address(records):
    page = html_page.page(records)
    text = page.replace("http://www.w3.org/2000/svg", "")  # a namespace, which is not loaded
    text = re.sub(r'id="data">.*?</script>', "", text, flags=re.DOTALL)
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text)
    assert "default-src 'none'" in page


def test_a_large_comparison_is_a_small_page_that_computes_each_summary_once(monkeypatch):
    rng = np.random.default_rng(0)
    seconds = 0.0123
    rows = [
        asdict(record(task=f"case-{t}", mi_nats=t / 40, estimator=e, n=n, seed=s, seconds=seconds))
        | {"nats": t / 40 + rng.normal()}
        for t in range(120) for n in (200, 500, 1000) for e in "abcd" for s in range(5)
    ]  # fmt: skip
    calls = Counter()
    for function in (summary.by_case, summary.ranking):
        monkeypatch.setattr(summary, function.__name__, counted(function, calls))
    page = html_page.page(pd.DataFrame(rows))
    # All tasks have one dimension per side, so that many selections share a ranking: those of all
    # sizes, and those of each of the three.
    assert calls == {"by_case": 1, "ranking": 4}
    assert len(page.encode()) < 1e6


def counted(function, calls):
    """The function, counting its calls by its name."""

    def wrapper(*args):
        calls[function.__name__] += 1
        return function(*args)

    return wrapper


@pytest.mark.slow
def test_report_as_a_user_runs_it(mibench, store, tmp_path):
    done = mibench("report", store, "-o", "page.html")
    assert (done.returncode, done.stdout) == (0, "")
    assert "wrote a page about 96 estimates to page.html" in done.stderr
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert payload_of(page)["units"] == "bits"
    done = mibench(
        "report", store, "-o", "page.html", "-e", "kde", "--tasks", TASKS[0], "--samples", "300",
        "--units", "nats",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = payload_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert (shown["units"], shown["sizes"], len(shown["cells"]["rows"])) == ("nats", [300], 1)


@pytest.mark.slow
def test_compare_and_results_write_the_page_too(mibench, store, tmp_path):
    done = mibench("results", store, "--output", "a.html", "--suite", "discrete")
    assert done.returncode == 0, done.stderr
    assert "Ranking by RMSE" in done.stdout
    assert len(payload_of((tmp_path / "a.html").read_text(encoding="utf-8"))["tasks"]) == 1
    done = mibench("compare", "-e", "uniform", "--tasks", TASKS[0], "--seeds", 2, "-o", "b.html")
    assert done.returncode == 0, done.stderr
    shown = payload_of((tmp_path / "b.html").read_text(encoding="utf-8"))
    assert shown["counts"] == {"cells": 2, "failed": 0}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["no.jsonl", "-o", "p.html"], "no such file"),
        (["STORE"], "--output"),
        (["STORE", "-o", "p.pdf"], "must end in one of .html"),
        (["STORE", "-o", "no/p.html"], "does not exist"),
        (["STORE", "-o", "p.html", "-e", "nope"], "holds no such result"),
        (["STORE", "-o", "p.html", "--samples", "x"], "--samples 'x'"),
        (["STORE", "-o", "p.html", "--suite", "nope"], "unknown suite"),
        (["STORE", "-o", "p.html", "--units", "hartleys"], "hartleys"),
    ],
)
def test_bad_input_is_refused_and_leaves_no_file(mibench, store, tmp_path, args, message):
    done = mibench("report", *(store if a == "STORE" else a for a in args))
    assert done.returncode == 2
    assert message in done.stderr
    assert not list(tmp_path.iterdir())


# In a browser. All tests share one browser, and each loads its page again.


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("chrome")) as driver:
        yield driver


@pytest.fixture(scope="module")
def file(records, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(html_page.page(records), encoding="utf-8")
    return path


@pytest.fixture
def opened(chrome, file):
    view(chrome, 1280)
    chrome.get(file.as_uri())
    yield chrome
    assert [e for e in chrome.get_log("browser") if e["level"] in ("SEVERE", "WARNING")] == []


def board(driver) -> list[list[str]]:
    """The ranking as shown, without the intervals and the pictures."""
    return js(
        driver,
        "return [...document.querySelectorAll('#board tbody tr')].map(tr => [...tr.cells].map("
        "c => (c.querySelector('span:not(.soft)') ?? c).textContent.trim()))",
    )


def heading(driver, key: str):
    return driver.find_element("css selector", f"#board th[data-key={key}] button")


def choose(driver, name: str, text: str) -> None:
    Select(driver.find_element("id", name)).select_by_visible_text(text)


def shown_as(value: float, sign: bool = False) -> str:
    if np.isnan(value):
        return "–"  # noqa: RUF001 - what the page shows
    text = f"{value:{'+' if sign else ''}.3f}"
    return text.replace("-", "−")  # noqa: RUF001


@pytest.mark.slow
@needs_browser
def test_every_heading_sorts_both_ways(opened):
    numbers = re.compile(r"[-+−]?[\d.]+")  # noqa: RUF001
    for index, th in enumerate(opened.find_elements("css selector", "#board th[data-key]")):
        button = th.find_element("tag name", "button")
        if th.get_attribute("data-key") == "rank":
            button.click()  # the initial order
        orders = []
        for expected in ("ascending", "descending"):
            button.send_keys(Keys.ENTER)
            assert th.get_attribute("aria-sort") == expected
            column = [row[index] for row in board(opened)]
            orders.append(column)
        assert sorted(orders[0]) == sorted(orders[1])
        key = th.get_attribute("data-key")
        if key in ("rank", "rmse_nats", "bias_nats", "mae_nats", "wins"):
            values = [
                [float(numbers.search(v)[0].replace("−", "-")) for v in order if v != "–"]  # noqa: RUF001
                for order in orders
            ]
            assert values[0] == sorted(values[0])
            assert values[1] == sorted(values[1], reverse=True)
        others = opened.find_elements("css selector", "#board th[aria-sort=none]")
        assert len(others) == 10


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("units", ["bits", "nats"])
def test_a_selection_shows_the_ranking_of_its_records(opened, records, units):
    js(opened, f"document.querySelector('input[value={units}]').click()")
    for group, size, dims in (
        ("all 4", "every n", "any"),
        ("discrete (1 of 10)", "n = 300", "any"),
        ("all 4", "n = 300", "2 to 5 dimensions"),
        ("all 4", "n = 40", "any"),
    ):
        for name in ("group", "samples", "dims"):
            js(opened, "document.getElementById(arguments[0]).selectedIndex = 0", name)
            js(
                opened,
                "document.getElementById(arguments[0]).dispatchEvent(new Event('change'))",
                name,
            )
        choose(opened, "group", group)
        choose(opened, "samples", size)
        choose(opened, "dims", dims)
        selected = records
        if group.startswith("discrete"):
            selected = selected[selected["task"].isin(SUITES["discrete"])]
        if size != "every n":
            selected = selected[selected["n"] == int(size.split()[-1])]
        if dims != "any":
            selected = selected[selected["dim_x"].between(2, 5)]
        expected = summary.in_units(summary.ranking(selected), units)
        got = board(opened)
        assert [row[1] for row in got] == expected["estimator"].tolist()
        ranked = expected[f"rmse_{units}"].notna()
        ranks = [str(r) if has else "–" for r, has in zip(expected["rank"], ranked, strict=True)]  # noqa: RUF001
        assert [row[0] for row in got] == ranks
        assert [row[2] for row in got] == [shown_as(v) for v in expected[f"rmse_{units}"]]
        assert [row[3] for row in got] == [shown_as(v, True) for v in expected[f"bias_{units}"]]
        finding = opened.find_element("id", "finding").text
        assert expected["estimator"][0] in finding
        assert units in finding


@needs_browser
def test_times_read_as_in_the_printed_tables(chrome, tmp_path):
    times = [3.2e-7, 1.5e-5, 0.00026999, 0.00099949, 0.00099951, 0.0012, 0.0107, 0.107, 0.9996,
             1.0, 12.34, 107.0, 999.7, 1234.0, 98765.0]  # fmt: skip
    rows = [record(estimator=f"e{i:02}", seconds=s, nats=0.4 + i) for i, s in enumerate(times)]
    path = tmp_path / "page.html"
    path.write_text(html_page.page(table_of(rows)), encoding="utf-8")
    view(chrome, 1280)
    chrome.get(path.as_uri())
    shown = {row[1]: row[8] for row in board(chrome)}
    assert shown == {f"e{i:02}": duration(seconds) for i, seconds in enumerate(times)}


@needs_browser
def test_the_search_text_hides_rows_and_changes_no_number(opened):
    before = {row[1]: row for row in board(opened)}
    opened.find_element("id", "text").send_keys("KNN")
    assert board(opened) == [before["knn:k=50"]]
    heads = opened.find_elements("css selector", "#heat th.of")
    assert [h.text for h in heads] == ["knn:k=50"]
    opened.find_element("id", "text").send_keys("xyz")
    assert "No estimator" in board(opened)[0][0]


@needs_browser
def test_a_selection_without_tasks_is_disabled(opened):
    choose(opened, "group", "discrete (1 of 10)")
    off = [o.text for o in Select(opened.find_element("id", "dims")).options if not o.is_enabled()]
    assert off == ["2 to 5 dimensions", "6 or more dimensions"]


@needs_browser
def test_a_legend_hides_an_estimator_everywhere(opened):
    def count(selector):
        return len(opened.find_elements("css selector", selector))

    panels = count("#truth-chart figure")
    chip = opened.find_element("css selector", "#cost .legend button[data-e='1']")
    chip.send_keys(Keys.ENTER)
    focused = opened.switch_to.active_element
    assert (focused.get_attribute("aria-pressed"), focused.text) == ("false", "kde")
    assert count(".legend [aria-pressed=false]") == 4
    assert count("#truth-chart figure") == panels - 1
    assert "kde" not in opened.find_element("css selector", "#heat thead").text
    assert len(board(opened)) == 3
    focused.send_keys(Keys.SPACE)
    assert count("#truth-chart figure") == panels


@needs_browser
def test_errors_by_task_can_be_read_by_keyboard(opened, records):
    choose(opened, "order", "by name")
    cell = opened.find_element("css selector", "#heat td[tabindex='0']")
    js(opened, "arguments[0].focus()", cell)
    tip = opened.find_element("id", "tip")
    expected = summary.in_units(summary.by_case(records), "bits").set_index(
        ["task", "n", "estimator"]
    )
    first = expected.loc[sorted(TASKS)[0], 40, "uniform"]
    assert f"uniform on {sorted(TASKS)[0]}" in tip.text
    assert shown_as(first["bias_bits"], True) in tip.text
    assert shown_as(first["mean_bits"]) in tip.text
    cell.send_keys(Keys.ARROW_RIGHT)
    ActionChains(opened).pause(0.1).perform()
    assert "n = 300" in tip.text
    opened.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    ActionChains(opened).pause(0.1).perform()
    assert sorted(TASKS)[1] in tip.text
    opened.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()


@needs_browser
def test_failures_are_marked_and_the_others_have_the_colour_of_their_error(opened, records):
    failed = opened.find_elements("css selector", "#heat td.none")
    assert len(failed) == 3  # knn:k=50 at n = 40, except on labels
    js(opened, "arguments[0].focus()", failed[0])
    assert "failed\n4 of 4" in opened.find_element("id", "tip").text
    colours = js(
        opened,
        "return [...document.querySelectorAll('#heat td.cell:not(.none)')].map(td => ["
        "td.textContent, getComputedStyle(td).backgroundColor, getComputedStyle(td).color])",
    )
    assert len(colours) == 21
    for text, background, _ in colours:
        lightness, chroma, hue = map(float, re.findall(r"[\d.]+", background)[:3])
        error = float(text.replace("−", "-"))  # noqa: RUF001
        assert hue == (252 if error < 0 else 36) or abs(error) < 0.006
        assert (lightness < 0.9) == (chroma > 0.02) or abs(error) < 0.2
    by_size = sorted(colours, key=lambda c: abs(float(c[0].replace("−", "-"))))  # noqa: RUF001
    light = [float(re.findall(r"[\d.]+", c[1])[0]) for c in by_size]
    # Shown to 0.01, errors that look alike may differ: a step of lightness up to 0.03.
    assert all(b < a + 0.03 for a, b in pairwise(light))


@needs_browser
@pytest.mark.parametrize("figure", ["truth", "size", "cost"])
@pytest.mark.parametrize("panels", ["each", "one"])
def test_figures_have_axes_with_units_and_points_with_tooltips(opened, figure, panels):
    js(opened, "document.querySelector(`input[value=${arguments[0]}]`).click()", panels)
    chart = opened.find_element("css selector", f"#{figure}-chart svg.chart")
    titles = [t.text for t in chart.find_elements("css selector", "text.axis")]
    assert any("(bits)" in t for t in titles)
    assert len(chart.find_elements("css selector", "text:not(.axis):not(.name)")) >= 4
    assert js(opened, "return arguments[0].clientWidth", chart) == int(chart.get_attribute("width"))
    chart.send_keys(Keys.ARROW_RIGHT)
    tip = opened.find_element("id", "tip")
    assert "bits" in tip.text
    assert "RMSE" in tip.text
    first = tip.text
    chart.send_keys(Keys.ARROW_RIGHT)
    assert tip.text != first
    js(opened, "document.querySelector('input[value=nats]').click()")
    chart = opened.find_element("css selector", f"#{figure}-chart svg.chart")
    assert "(nats)" in chart.text


@needs_browser
def test_the_error_on_one_task_against_n(opened, records):
    choose(opened, "size-case", TASKS[0])
    chart = opened.find_element("css selector", "#size-chart svg.chart")
    chart.send_keys(Keys.ARROW_RIGHT)
    cases = summary.in_units(summary.by_case(records), "bits").set_index(["task", "n", "estimator"])
    expected = cases.loc[TASKS[0], 40, "uniform"]["rmse_bits"]
    assert f"RMSE\n{shown_as(expected)}" in opened.find_element("id", "tip").text


@needs_browser
def test_the_error_on_all_tasks_against_n(opened, records):
    note = opened.find_element("id", "size-note").text
    assert "Only tasks that were run at every n." in note
    chart = opened.find_element("css selector", "#size-chart svg.chart")
    chart.send_keys(Keys.ARROW_RIGHT)
    ranks = summary.in_units(summary.ranking(records[records["n"] == 40]), "bits")
    expected = ranks.set_index("estimator").loc["uniform", "rmse_bits"]
    assert f"RMSE\n{shown_as(expected)}" in opened.find_element("id", "tip").text


@needs_browser
def test_the_line_passes_through_the_efficient_estimators_only(opened, records):
    ranks = summary.ranking(records)
    path = opened.find_element("css selector", "#cost-chart path.front").get_attribute("d")
    assert path.count("V") == ranks["efficient"].sum()


@needs_browser
def test_the_csv_is_the_table(opened, records):
    heading(opened, "seconds").click()
    opened.find_element("id", "text").send_keys("k")
    link = opened.find_element("id", "csv").get_attribute("href")
    text = urllib.parse.unquote(link.removeprefix("data:text/csv;charset=utf-8,"))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["estimator"] for r in rows] == [row[1] for row in board(opened)]
    assert len(rows) == 2
    ranks = summary.ranking(records).set_index("estimator")
    for row in rows:
        for column in ("rmse_nats", "bias_low_nats", "mae_nats", "seconds", "wins", "cells"):
            # The page holds six digits in nats, and the file has six digits in bits.
            expected = float(f"{ranks.loc[row['estimator'], column]:.6g}")
            if column.endswith("_nats"):
                expected = float(f"{expected / np.log(2):.6g}")
            exported = float(row[column.replace("nats", "bits")] or "nan")
            assert exported == pytest.approx(expected, rel=1e-9, nan_ok=True)


def saved(driver):
    """What each link to save gives: name of the file -> its text."""
    files = js(
        driver,
        """const found = [];
        const keep = (e) => { e.preventDefault(); found.push([e.target.download, e.target.href]); };
        addEventListener("click", keep);
        document.querySelectorAll("a[download]").forEach((a) => a.click());
        removeEventListener("click", keep);
        return found;""",
    )
    return {name: urllib.parse.unquote(link.partition(",")[2]) for name, link in files}


@needs_browser
def test_tables_and_figures_can_be_saved(opened, records):
    files = saved(opened)
    rows = list(csv.DictReader(io.StringIO(files["mibench-errors.csv"])))
    cases = summary.in_units(summary.by_case(records), "bits").set_index(["task", "n", "estimator"])
    assert len(rows) == len(TASKS) * 2
    for row in rows:
        want = cases.loc[(row["task"], int(row["n"]), "uniform"), "bias_bits"]
        assert float(row["uniform"]) == pytest.approx(want, rel=1e-5, abs=1e-9)
    failures = list(csv.DictReader(io.StringIO(files["mibench-failures.csv"])))
    assert sum(int(f["times"]) for f in failures) == records["nats"].isna().sum()
    assert "mibench-flags.csv" in files
    pictures = {name: text for name, text in files.items() if name.endswith(".svg")}
    assert len(pictures) == 3 + 2  # a panel for each estimator, error by size, error by time
    for text in pictures.values():
        root = ElementTree.fromstring(text)
        assert len(root.findall(".//{*}text")) > 5
        assert "var(" not in text  # its colours are its own
        assert "class=" not in text
    names = {node.text for node in ElementTree.fromstring(
        pictures["mibench-error-and-sample-size.svg"]).findall(".//{*}text")}  # fmt: skip
    assert {"uniform", "kde"} <= names


@needs_browser
def test_the_address_holds_the_selection(opened):
    start = opened.current_url
    assert "?" not in start
    Select(opened.find_element("id", "samples")).select_by_visible_text("n = 300")
    opened.find_element("css selector", "#truth .chip").click()
    js(opened, "document.querySelector('input[value=nats]').click()")
    js(opened, "document.querySelector('#board th[data-key=seconds] button').click()")
    address = opened.current_url
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    hidden = opened.find_element("css selector", "#truth .chip").text
    assert query == {"n": ["300"], "units": ["nats"], "hide": [hidden], "sort": ["seconds"]}
    before = [row.text for row in opened.find_elements("css selector", "#board tr, #heat tr")]
    opened.get(start)
    opened.get(address)
    assert [
        row.text for row in opened.find_elements("css selector", "#board tr, #heat tr")
    ] == before
    opened.get(start + "?n=7&tasks=nothing&units=ells&hide=nobody&sort=x")  # of another page
    assert opened.current_url == start
    opened.get(start)


@needs_browser
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_names_stand_beside_their_marks(opened, width):
    """On the phone too; names do not touch each other."""
    view(opened, width)
    opened.refresh()
    for chart, least in (("size-chart", 2), ("cost-chart", 1)):
        boxes = js(
            opened,
            "return [...document.querySelectorAll(`#${arguments[0]} text.name`)].map((t) => {"
            "const b = t.getBoundingClientRect(); return [b.left, b.right, b.top, b.bottom]; })",
            chart,
        )
        assert len(boxes) >= least
        for i, (left, right, top, bottom) in enumerate(boxes):
            assert 0 <= left < right <= width
            for other in boxes[:i]:
                apart = left >= other[1] or other[0] >= right
                assert apart or min(bottom, other[3]) - max(top, other[2]) < 4


@needs_browser
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_itself_never_scrolls_sideways(opened, width):
    view(opened, width)
    opened.refresh()
    assert js(opened, "return document.documentElement.scrollWidth") <= width
    assert js(opened, "return document.getElementById('heat').offsetWidth") > 390


@needs_browser
def test_light_and_dark_follow_the_system_and_the_button(opened):
    def paper():
        return js(opened, "return getComputedStyle(document.body).backgroundColor")

    light = paper()
    view(opened, 1280, scheme="dark")
    dark = paper()
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 120
    assert sum(map(int, re.findall(r"\d+", light)[:3])) > 700
    opened.find_element("id", "theme").click()
    assert paper() == light


@needs_browser
def test_the_page_requests_nothing_from_any_network(opened, file):
    opened.get_log("performance")  # what the browser did before
    opened.refresh()
    js(opened, "document.querySelector('details').open = true")
    assert js(opened, "return performance.getEntriesByType('resource').map(e => e.name)") == []
    requested = [
        message["params"]["request"]["url"]
        for entry in opened.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"]
        == "Network.requestWillBeSent"
    ]
    assert requested
    assert {url.split(":")[0] for url in requested} <= {"file", "data"}


@needs_browser
def test_every_field_has_a_label_and_every_section_a_heading(opened):
    bare = (
        "return [...document.querySelectorAll('input, select, button')].filter(f => "
        "!f.labels?.length && !f.ariaLabel && !f.textContent).map(f => f.outerHTML)"
    )
    assert js(opened, bare) == []
    sections = opened.find_elements("css selector", "main > section")
    assert len(sections) == 7
    assert all(s.find_elements("css selector", "h2") for s in sections)


@needs_browser
def test_hostile_text_is_only_text(chrome, tmp_path):
    rows = [
        record(estimator=e, task=HOSTILE, machine=HOSTILE, parameters=HOSTILE, seed=s,
               flags=HOSTILE, version=HOSTILE, libraries=HOSTILE,
               nats=None if e == "b" else 0.1 * s, error=HOSTILE if e == "b" else "")
        for e in (HOSTILE, "b", "__proto__", "=1+1") for s in range(2)
    ]  # fmt: skip
    path = tmp_path / "page.html"
    path.write_text(html_page.page(table_of(rows)), encoding="utf-8")
    view(chrome, 1280)
    chrome.get(path.as_uri())
    chrome.find_element("css selector", "#heat td[data-at]").click()
    chart = chrome.find_element("css selector", "#cost-chart svg.chart")
    chart.send_keys(Keys.ARROW_RIGHT)
    assert js(chrome, "return window.hurt ?? null") is None
    assert js(chrome, "return document.querySelectorAll('img, main script').length") == 0
    assert [row[1] for row in board(chrome)].count(HOSTILE.strip()) == 1
    assert [e for e in chrome.get_log("browser") if e["level"] == "SEVERE"] == []


@needs_browser
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([record(seed=s) for s in range(3)], "no other estimator"),
        ([record(estimator=e, nats=v) for e, v in (("a", 0.4), ("b", 0.1))], "with one sample"),
        ([record(nats=None, error="no", seed=s) for s in range(2)], "nothing to rank"),
        (
            [record(estimator=e, seed=s, nats=0.5 + 0.1 * np.sin(k + s * s))
             for e, k in (("a", 0), ("b", 1)) for s in range(9)],
            "a and b share rank 1",
        ),
        (
            [record(estimator=e, seed=s, nats=0.5 + k + s / 1000)
             for e, k in (("a", 0.1), ("b", 1)) for s in range(6)],
            "significantly better than every other",
        ),
    ],
)  # fmt: skip
def test_the_finding_states_what_is_significant(chrome, tmp_path, rows, message):
    path = tmp_path / "page.html"
    path.write_text(html_page.page(table_of(rows)), encoding="utf-8")
    chrome.get(path.as_uri())
    assert message in chrome.find_element("id", "finding").text
    assert [e for e in chrome.get_log("browser") if e["level"] == "SEVERE"] == []
