"""README.md shows what its commands really print."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.datasets import load_diabetes

from .conftest import environment

README = (Path(__file__).parents[1] / "README.md").read_text()


def block(name: str) -> str:
    """The first fenced block after the marker of that name."""
    match = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)\n```", README, re.DOTALL)
    assert match, f"README.md has no block {name}"
    return match[1]


def numbers(text: str, first: str) -> list[float]:
    """The numbers of the line that starts with a name, without the times."""
    line = next(li for li in text.splitlines() if li.strip().startswith(first + " "))
    line = re.sub(r"[\d.]+ (µs|ms|s)\b", "", line.replace(first, ""))
    return [float(v) for v in re.findall(r"(?<![\w.])-?\d+\.\d+", line)]


SHOWN = {**environment(), "COLUMNS": "100"}  # a width that the page has room for


@pytest.mark.slow
def test_the_comparison_is_the_one_that_the_command_gives(mibench):
    shown = block("compare")
    done = mibench("compare", env=SHOWN)
    names = re.findall(r"^  ([\w.-]+) +\d\.\d{3} ", shown, re.MULTILINE)
    assert len(names) == 21
    for name in names:
        # 0.002: one in the last digit shown, which rounding on another processor may move.
        assert numbers(done.stdout, name) == pytest.approx(numbers(shown, name), abs=0.002)
        assert len(numbers(shown, name)) == 6  # the truth, and one for each estimator


def test_the_real_table_gives_what_is_shown(mibench, tmp_path):
    export, estimate = block("estimate").splitlines()
    code = re.fullmatch(r'\S+/python -c "(.*)"', export)
    subprocess.run([sys.executable, "-c", code[1]], cwd=tmp_path, check=True)
    done = mibench(*estimate.split()[1:], env=SHOWN)
    shown = README.split("<!-- estimate -->")[1].split("```text\n")[1].split("```")[0]
    for name in (
        "knn",
        "knn:standardize=false",
        "kde",
        "adaptive",
        "uniform",
        "uniform:bins=30",
    ):
        assert numbers(done.stdout, name) == pytest.approx(numbers(shown, name), abs=0.002)
    sentences = done.stdout.partition("\n\nknn:")[2]
    assert sentences
    assert sentences == shown.partition("\n\nknn:")[2]


@pytest.mark.slow
def test_verdicts_are_those_that_are_shown(mibench, tmp_path):
    load_diabetes(as_frame=True, scaled=False).frame.to_csv(tmp_path / "diabetes.csv", index=False)
    verdict = r"```sh\n\S+/(mibench estimate diabetes[^\n]*)\n```\n\n```text\n([^`]*)\n```"
    examples = re.findall(verdict, README)
    assert len(examples) == 2
    number = re.compile(r"\d+(?:\.\d+)?")
    for command, shown in examples:
        printed = "\n".join(mibench(*command.split()[1:], env=SHOWN).stdout.splitlines()[:2])
        assert number.sub("#", printed) == number.sub("#", shown)
        # Two digits are shown, and another processor may move the last.
        wanted = [float(text) for text in number.findall(shown)]
        assert [float(text) for text in number.findall(printed)] == pytest.approx(wanted, rel=0.06)


@pytest.mark.slow
def test_a_table_written_in_another_way_gives_what_is_shown(mibench, tmp_path):
    export, _ = block("estimate").splitlines()
    code = re.fullmatch(r'\S+/python -c "(.*)"', export)
    subprocess.run([sys.executable, "-c", code[1]], cwd=tmp_path, check=True)
    rewrite, estimate = block("european").splitlines()
    subprocess.run(["sh", "-c", rewrite], cwd=tmp_path, check=True)
    done = mibench(*shlex.split(estimate)[1:], env=SHOWN)
    shown = README.split("<!-- european -->")[1].split("```text\n")[1].split("```")[0]
    said, title = shown.splitlines()[:2]
    assert done.stderr.splitlines() == [said]
    assert done.stdout.splitlines()[0] == title
    assert numbers(done.stdout, "knn") == pytest.approx(numbers(shown, "knn"), abs=0.002)


def test_the_python_example_runs(capsys):
    exec(compile(block("python"), "README.md", "exec"), {})
    bits = float(capsys.readouterr().out.split()[0])
    assert 0.35 < bits < 0.65  # the truth: 0.5


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target
