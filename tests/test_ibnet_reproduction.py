"""The whole study at a tiny scale: every training, figure and claim, and the page."""

import re
import shutil
import signal
import subprocess
import sys

import pandas as pd
import pytest

from mibench.errors import InputError
from mibench.ibnet.settings import SETTINGS, settings_by_training
from mibench.ibnet.thesis import report as reproduction
from mibench.ibnet.thesis.figures import ADAPTIVE
from mibench.ibnet.thesis.report import SCALES, Scale, reproduce

pytestmark = pytest.mark.slow  # a reproduction of the thesis in small

TINY = Scale({"runs": 2, "epochs": 20}, "log:1")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two runs of twenty epochs for each training; returns the page and the messages."""
    messages = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SCALES, "small", TINY)
        page = reproduce(tmp_path_factory.mktemp("study"), on_message=messages.append)
    return page, messages


def test_every_training_of_the_thesis_is_run(study):
    page, messages = study
    assert messages == [*(f"{name}:" for name in settings_by_training()), "figures and claims"]
    text = page.read_text()
    for name, settings in settings_by_training().items():
        row = f"| {name} | {', '.join(s.name for s in settings)} | "
        assert row in text
    assert len(SETTINGS) == sum(map(len, settings_by_training().values()))


def test_the_page_shows_every_figure_and_claim(study):
    page, _ = study
    text = page.read_text()
    figures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert len(figures) == len(set(figures)) == 23
    for figure in figures:
        assert (page.parent / figure).stat().st_size > 10_000
        assert len(pd.read_csv((page.parent / figure).with_suffix(".csv"))) > 0
    for number in ("5.2", "5.3", "5.4", "5.5", "5.6", "5.7", "5.8", "5.9", "5.10", "5.11", "5.12",
                   "5.13", "A.1", "B.1"):  # fmt: skip
        assert f"(thesis: {number}" in text
    claims = pd.read_csv(page.parent / "reproduction" / "claims.csv")
    assert sorted(set(claims.claim)) == list(range(1, 22))
    assert text.count("| **undecided** |") == 21  # two runs of twenty epochs decide nothing
    assert "```sh\nmibench ibnet reproduce --scale small\n```" in text
    assert re.search(r"9 trainings, trained and measured in \d+ (s|min)", text)
    assert "No run diverged and no estimate failed." in text


def test_nothing_is_computed_again(study, monkeypatch):
    page, _ = study
    monkeypatch.setitem(SCALES, "small", TINY)
    monkeypatch.setattr(reproduction, "write_page", lambda *_: page)

    def fail(*_args, **_kwargs):
        raise AssertionError("computed again")

    monkeypatch.setattr("mibench.ibnet.training.training.make_engine", fail)
    monkeypatch.setattr("mibench.ibnet.measuring.measuring.measure_networks", fail)
    assert reproduce(page.parents[1]) == page
    failed = []
    monkeypatch.setattr(reproduction, "failures", lambda _: ["kde: layer 1: no"])
    reproduce(page.parents[1], on_failure=failed.append)
    assert failed == [f"{name}: kde: layer 1: no" for name in settings_by_training()]


KILLED = """
import os, signal, sys
from contextlib import contextmanager
from mibench.ibnet.thesis.report import SCALES, Scale, reproduce

SCALES["small"] = Scale({"runs": 2, "epochs": 20}, "log:1")

@contextmanager
def steps(title):
    def on_progress(done, total):
        if title == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)
    yield on_progress

reproduce(sys.argv[1], steps=steps, jobs=1)
"""


def test_it_continues_after_it_was_killed(study, tmp_path, monkeypatch):
    """Killed while it trains, then while it measures; the claims are those of the whole study.

    The trainings during which it is killed are missing; the others are there from the study.
    """
    shutil.copytree(study[0].parents[1] / "networks", tmp_path / "networks")
    for name in ("relu-256", "elu-256"):
        shutil.rmtree(tmp_path / "networks" / name)
    for title in ("training relu-256", "measuring elu-256"):
        done = subprocess.run(
            [sys.executable, "-P", "-c", KILLED, str(tmp_path), title], check=False
        )
        assert done.returncode == -signal.SIGKILL
        assert not (tmp_path / "report").exists()
    monkeypatch.setitem(SCALES, "small", TINY)
    monkeypatch.setattr("mibench.ibnet.thesis.page.thesis_figures", lambda *_: [])
    (tmp_path / "report" / "reproduction").mkdir(parents=True)
    claims = reproduce(tmp_path).parent / "reproduction" / "claims.csv"
    assert claims.read_bytes() == (study[0].parent / "reproduction" / "claims.csv").read_bytes()


@pytest.fixture
def reproduced(tmp_path, monkeypatch):
    """Reproduce some trainings only; returns what the page is made of."""
    monkeypatch.setitem(SCALES, "small", TINY)
    pages = []
    monkeypatch.setattr(reproduction, "write_page", lambda *args: pages.append(args) or tmp_path)

    def run(names, **arguments):
        of_names = {name: settings_by_training()[name] for name in names}
        monkeypatch.setattr(reproduction, "settings_by_training", lambda: of_names)
        reproduce(tmp_path, **arguments)
        return pages.pop()

    return run


def test_runs_and_kept_epochs_are_those_that_are_given(reproduced):
    networks, trajectories, _, _, command = reproduced(("tanh-256", "A"), runs=3, keep="log:4")
    assert command == "mibench ibnet reproduce --scale small --runs 3 --keep log:4"
    for name, trained in networks.items():
        runs = 2 if name == "A" else 3
        assert trained.setting.runs == trajectories[name].sizes["run"] == runs
        assert trained.kept.tolist() == [0, 1, 3, 7, 20]
        assert trained.group.attrs["measure_seconds"] > 0


def test_single_trainings_may_have_more_runs(reproduced):
    names = ("tanh-256", "relu-256")
    networks, _, _, _, command = reproduced(names, runs={"relu-256": 3}, keep="log:4")
    assert {name: t.setting.runs for name, t in networks.items()} == {"tanh-256": 2, "relu-256": 3}
    assert command == "mibench ibnet reproduce --scale small --runs relu-256=3 --keep log:4"
    with pytest.raises(InputError, match="unknown training 'relu-25'"):
        reproduced(names, runs={"relu-25": 3})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x"], "--runs x: give a number, such as 300, or a training and its number"),
        (["relu-256="], "--runs relu-256=: give a number"),
        (["relu-256=3", "relu-256=4"], "each once"),
        (["3", "4"], "each once"),
        (["=5"], "--runs =5: give a number"),
        (["relu-256=0"], "runs=0"),
        (["A=300"], "keeps its two"),
        (["3", "relu-256=4"], "give one of them, or one for each training"),
        (["relu-25=3"], "unknown training 'relu-25'"),
        (["0"], "runs=0"),
    ],
)
def test_bad_numbers_of_runs_are_refused(mibench, words, message):
    done = mibench("ibnet", "reproduce", *(f"--runs={word}" for word in words))
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


def test_every_setting_measures_what_its_figures_show():
    assert {s.estimators[-1] for s in SETTINGS.values() if s.name[0] in "2B"} == {ADAPTIVE}


def test_unknown_scales_are_refused(tmp_path):
    with pytest.raises(InputError, match="unknown scale 'huge'"):
        reproduce(tmp_path, scale="huge")
