"""The pages under docs/: links lead somewhere, examples run, verdicts are those of the table."""

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

import mibench
from mibench.ibnet.thesis.claims import verdicts
from mibench.tasks.suites import SUITES

from .conftest import environment

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def reference():
    return mibench.results("reference")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        assert (DOCS / target).exists(), target


@pytest.mark.slow
def test_the_python_example_of_ibnet_runs():
    code = re.search(r"```python\n(.*?)```", (DOCS / "ibnet.md").read_text(), re.DOTALL)[1]
    names = {}
    exec(compile(code, "ibnet.md", "exec"), names)
    assert names["drawing"].figure.axes
    assert dict(names["trajectories"].sizes) == {
        "estimator": 2, "run": 2, "epoch": 201, "layer": 6,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_the_python_examples_of_own_networks_run(number):
    pytest.importorskip("torch")
    codes = re.findall(r"```python\n(.*?)```", (DOCS / "ibnet.md").read_text(), re.DOTALL)
    names = {}
    exec(compile(codes[number], "ibnet.md", "exec"), names)
    assert names["trajectories"].sizes["epoch"] == (21, 3)[number - 1]
    assert np.isfinite(names["trajectories"].i_xt).all()


def test_the_python_example_of_measures_gives_what_is_shown():
    code = re.search(r"```python\n(.*?)```", (DOCS / "measures.md").read_text(), re.DOTALL)[1]
    names, shown = {}, 0
    for line in code.splitlines():
        if line.startswith("measures."):
            value, comment = line.split("  #")
            number = float(re.search(r"-?[0-9.]+", comment)[0])
            assert eval(value, names) == pytest.approx(number, abs=0.01)
            shown += 1
        else:
            exec(line, names)
    assert shown == 4


def test_the_python_example_of_all_pairs_runs(capsys):
    code = re.search(r"```python\n(.*?)```", (DOCS / "performance.md").read_text(), re.DOTALL)[1]
    names = {}
    exec(compile(code, "performance.md", "exec"), names)
    bits = names["pairs"].bits
    assert bits.columns.tolist() == ["age", "pressure", "smoker"]
    assert bits.loc["age", "pressure"] == names["pairs"].table["bits"].max() > 0.5
    assert "age" in capsys.readouterr().out


@pytest.fixture(scope="module")
def selection():
    """The python examples of selection.md, and what they print."""
    codes = re.findall(r"```python\n(.*?)```", (DOCS / "selection.md").read_text(), re.DOTALL)
    names, printed = {}, []
    for code in codes:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "selection.md", "exec"), names)
        printed.append(out.getvalue())
    return names, printed


def test_the_ranking_of_all_estimators_is_that_of_the_command(request):
    page = (DOCS / "benchmark.md").read_text()
    command, shown = re.search(
        r"```sh\nmibench (results reference-all .*)\n```\n\n```text\n(.*?)\n```", page, re.DOTALL
    ).groups()
    done = request.getfixturevalue("mibench")(*shlex.split(command))
    assert done.stdout.startswith(f"{shown}\n")


@pytest.mark.slow
def test_the_ranking_of_selection_is_that_of_the_command(selection, request, tmp_path):
    names, printed = selection
    page = (DOCS / "selection.md").read_text()
    assert "['smoothness error']" in printed[0]
    run = request.getfixturevalue("mibench")  # the name is that of the package here
    names["table"].to_csv(tmp_path / "cancer.csv", index=False)
    arguments = re.search(r"^mibench (rank cancer.*)$", page, re.MULTILINE)[1].split()
    done = run(*arguments, env={**environment(), "COLUMNS": "120"})
    shown = re.search(r"```text\n(.*?)\n\n", page, re.DOTALL)[1]
    assert shown.strip().splitlines() == done.stdout.split("\n\n")[0].strip().splitlines()


@pytest.mark.slow
def test_the_selections_and_the_network_of_selection_are_as_told(selection):
    names, printed = selection
    page = (DOCS / "selection.md").read_text()
    told = {}
    for line in printed[1].splitlines()[:5]:
        method, accuracy = line.split()
        told[method] = float(accuracy)
        row = next(row for row in page.splitlines() if row.startswith(f"| `{method}`"))
        # Rounding on another processor may move a row across the border of the classes.
        assert float(row.split("|")[-2]) == pytest.approx(told[method], abs=0.002)
    assert names["selector"].get_support().sum() == 4
    found, right, links = map(int, printed[2].split())
    assert links == len(names["links"]) == 980
    assert right >= 0.99 * links
    assert found <= 1.01 * links


def test_the_verdicts_are_those_of_the_table():
    """What the page says is what its committed numbers say."""
    table = pd.read_csv(DOCS / "reproduction" / "claims.csv")
    page = (DOCS / "reproduction.md").read_text()
    rows = verdicts(table)
    assert len(rows) == 21
    for row in rows.itertuples():
        assert f"| {row.claim} | {row.text} | **{row.verdict}** |" in page
    counts = rows["verdict"].value_counts()
    assert f"Of 21 claims {counts['reproduced']} are reproduced" in page
    assert "--scale full" in page


def signed(value):
    """A number with its sign, unless it is 0.00."""
    return f"{value:+.2f}".replace("-0.00", "0.00").replace("+0.00", "0.00")


def rows_of_audit(path, truth):
    """The rows of a table of exact.md or noise.md, from the csv file of `mibench ibnet audit`."""
    table = pd.read_csv(path).fillna({"verdict": ""})
    rows = []
    for name, of_name in table.groupby("estimator", sort=False):
        if name == truth:
            cells = [f"{v:.2f}" for v in of_name.compression]
            rows.append([truth, "compression", *cells])
            rows.append([truth, "runs that compress", *(f"{v:.0%}" for v in of_name.compressing)])
            rows.append([truth, "rise of I(T;Y)", *(f"{v:.2f}" for v in of_name.fitting)])
            continue
        rows.append([f"`{name}`", "error of I(X;T)", *map(signed, of_name.error_xt)])
        pairs = zip(of_name.error_compression, of_name.verdict, strict=True)
        cells = [f"{signed(v)} {verdict}" for v, verdict in pairs]
        rows.append([f"`{name}`", "error of compression", *cells])
    return ["| " + " | ".join(row) + " |" for row in rows]


@pytest.mark.slow
def test_the_python_example_of_exact_runs():
    code = re.search(r"```python\n(.*?)```", (DOCS / "exact.md").read_text(), re.DOTALL)[1]
    names = {}
    exec(compile(code, "exact.md", "exec"), names)
    assert names["table"].estimator.unique().tolist() == ["exact", "uniform:bins=30"]
    assert len(names["drawing"].figure.axes) == 7


@pytest.mark.parametrize("name", ["tanh-8", "relu-8", "tanh-4", "relu-4", "mnist-8"])
def test_the_tables_of_exact_are_those_of_the_numbers(name):
    page = (DOCS / "exact.md").read_text()
    assert "\n".join(rows_of_audit(DOCS / "exact" / f"{name}.csv", "exact")) in page


def test_the_table_of_noise_is_that_of_the_numbers():
    page = (DOCS / "noise.md").read_text()
    assert "\n".join(rows_of_audit(DOCS / "noise" / "tanh.csv", "noisy")) in page


@pytest.mark.parametrize("name", ["canonical", "knn", "kde", "adaptive", "uniform"])
def test_the_errors_of_canonical_and_others_are_those_of_the_reference(name, reference):
    page = (DOCS / "canonical.md").read_text()
    suites = ("beyond-normal", "mixtures", "high-mi", "network")
    row = next(li for li in page.splitlines() if li.startswith(f"| `{name}` |") and " / " in li)
    for suite, cell in zip(suites, row.split("|")[2:6], strict=True):
        table = reference[(reference["estimator"] == name) & reference["task"].isin(SUITES[suite])]
        errors = (table["nats"] - table["mi_nats"]).abs()
        for n, shown in zip((200, 1000, 5000), cell.split("/"), strict=False):
            assert float(shown) == pytest.approx(errors[table["n"] == n].mean(), abs=6e-4)


@pytest.mark.slow
def test_the_tables_of_speed_are_those_of_the_numbers(tmp_path):
    """The page has the tables that its command makes of the committed csv files."""
    shutil.copytree(DOCS / "performance", tmp_path / "performance")
    page = (DOCS / "performance.md").read_text()
    blank = re.sub(
        r"(<!-- scaling:begin \w+ -->\n).*?(<!-- scaling:end)", r"\1\2", page, flags=re.S
    )
    assert blank != page
    (tmp_path / "performance.md").write_text(blank)
    command = [sys.executable, DOCS.parent / "benchmarks" / "scaling.py", "--draw"]
    subprocess.run([*command, "--output", tmp_path / "performance"], check=True)
    assert (tmp_path / "performance.md").read_text() == page
    for name in ("rows.png", "dimensions.png"):
        assert_same_picture(tmp_path / "performance" / name, DOCS / "performance" / name)


@pytest.mark.slow
def test_the_python_examples_of_the_plots_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in re.findall(r"```python\n(.*?)```", (DOCS / "plots.md").read_text(), re.DOTALL):
        exec(compile(code, "plots.md", "exec"), names)
    assert_same_picture(tmp_path / "compare.png", DOCS / "compare.png")
    assert names["figure"].axes


def assert_same_picture(drawn, kept):
    """No picture of the docs is stale. `bash benchmarks/figures` draws them anew.

    Blocks of 8 x 8 pixels hide how edges are smoothed; a mark elsewhere or in another colour does
    not hide in them. Another version of matplotlib may place texts elsewhere.
    """
    pinned = (DOCS.parent / "constraints.txt").read_text().splitlines()
    if f"matplotlib=={matplotlib.__version__}" not in pinned:
        return
    blocks = []
    for path in (drawn, kept):
        pixels = imread(path)[..., :3]
        height, width = (size // 8 * 8 for size in pixels.shape[:2])
        parts = pixels[:height, :width].reshape(height // 8, 8, width // 8, 8, 3)
        blocks.append(parts.mean(axis=(1, 3)))
    assert blocks[0].shape == blocks[1].shape, f"{kept} is stale"
    assert np.abs(blocks[0] - blocks[1]).max() < 0.15, f"{kept} is stale"
