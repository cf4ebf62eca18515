"""The first comparison of an installation: what is compiled, by whom, and what is told of it."""

import math
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import mibench as package
from mibench.compiled import cache
from mibench.compiled.turns import Turns
from mibench.contract.resolve import resolve_estimators
from mibench.estimators.neighbours import search
from mibench.running import compiling
from mibench.running import evaluation as running
from mibench.running.evaluation import plan
from mibench.running.steps import Progress, Remaining
from mibench.tasks.catalogue import find_tasks

from .conftest import MIBENCH

TASKS = ("1v1-normal-0.5", "binary-symmetric-0.1")


def evaluations(seeds=2, estimators="uniform,knn", samples=(100,)):
    return plan(
        find_tasks(",".join(TASKS), None), samples, range(seeds), resolve_estimators(estimators)
    )


# -- turns ---------------------------------------------------------------------------------


def test_a_turn_is_waited_for_until_the_work_is_done(tmp_path):
    lock, first, second = tmp_path / "lock", Turns(), Turns()
    first.take(lock, lambda: False)
    calls = []
    second.take(lock, lambda: len(calls.append(0) or calls) > 3)  # done at the fourth look
    assert len(calls) == 4
    first.end(lock)
    second.take(lock, lambda: False)  # free now
    second.end_all()
    assert not lock.exists()


def test_the_turn_of_a_killed_process_ends_with_it(tmp_path):
    lock = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from mibench.compiled.turns import Turns; "
        "t = Turns(); t.take(Path(sys.argv[1]), lambda: False); print('taken', flush=True); "
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGKILL)
    turns, start = Turns(), time.monotonic()
    turns.take(lock, lambda: time.monotonic() - start > 30)
    assert lock in turns._held
    turns.end(lock)


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path):
    turns = Turns()
    turns.take(tmp_path / "none" / "lock", lambda: False)
    assert not turns._held


# -- which kernels -------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [20, 100, 400, 1000, 9000, 30_000])
def test_every_search_that_auto_chooses_is_compiled(rows):
    """Also those for fewer rows, and in more dimensions, which a joint space has."""
    for dims in (2, 3, 5, 30):
        compiled = {*search.searches_to_compile(dims, rows), "line", "strips"}
        for n in {rows, rows // 2, rows // 7}:
            for more in (dims, dims + 1, 2 * dims) if dims > 2 else (dims,):
                if dims > 2 or n == rows:  # of two columns of numbers, all rows are searched
                    assert search._fastest_search(more, n) in compiled
                    slabs = search.min_rows_for_slabs(more), search.min_rows_for_tree_count(more)
                    assert dims == 2 or search.fastest_method(n, *slabs) in compiled


def test_sorting_in_kernels():
    from mibench.estimators.kernels.binning import _without
    from mibench.estimators.kernels.symbols import ascending

    rng = np.random.default_rng(0)
    for n in (0, 1, 2, 3, 10, 257):
        values = rng.integers(0, 50, n)
        assert (ascending(values) == np.sort(values)).all()
        ordered = np.sort(rng.integers(0, 5, n) / 3)
        for own in (math.nan, -1.0, 0.0, 1 / 3, 4 / 3, 9.0):
            assert (_without(ordered, own) == ordered[ordered != own]).all()


def test_one_call_for_each_estimator_and_kind_of_data(monkeypatch):
    monkeypatch.setattr(cache, "noted", set)
    calls = compiling.first_of_each_kind(evaluations())
    assert sorted((e.estimator.spec, e.task.name) for e in calls.values()) == sorted(
        (spec, task) for spec in ("knn", "uniform") for task in TASKS
    )
    assert all(e.seed == 0 for e in calls.values())
    monkeypatch.setattr(cache, "noted", lambda: set(calls))
    assert compiling.first_of_each_kind(evaluations()) == {}


def test_estimators_that_run_code_of_the_user_are_not_called_ahead(monkeypatch):
    monkeypatch.setattr(cache, "noted", set)
    assert not compiling.first_of_each_kind(evaluations(estimators=[lambda_like]))


def test_samples_of_a_users_task_are_not_drawn_ahead(monkeypatch):
    monkeypatch.setattr(cache, "noted", set)
    task = package.Task("mine", 1, 1, 0.0, lambda n, rng: 1 / 0, "made up")
    assert not compiling.first_of_each_kind(plan([task], [50], [0], resolve_estimators("knn")))


def lambda_like(x, y):
    raise AssertionError("called ahead")


# -- what is told ----------------------------------------------------------------------------


def test_no_time_is_told_before_each_kind_has_been_timed():
    todo = sorted(evaluations(seeds=3), key=lambda e: e.seed)
    remaining = Remaining(todo)
    seconds = {"uniform": 1.0, "knn": 3.0}
    for place, evaluation in enumerate(todo):
        assert (remaining.seconds(place + 1.0) is None) == (place < 4)
        remaining.finished(evaluation, seconds[evaluation.estimator.spec])
    assert remaining.seconds(99) == 0
    half = Remaining(todo)
    for evaluation in todo[:4]:
        half.finished(evaluation, seconds[evaluation.estimator.spec])
    # 2 of each of the 4 kinds are left: twice of what the first seed took.
    assert half.seconds(5) == pytest.approx(10)


def test_steps_name_what_runs(monkeypatch):
    monkeypatch.setattr(cache, "noted", set)
    monkeypatch.setattr(cache, "note", lambda name: None)
    steps = []
    package.compare("uniform,knn", tasks=list(TASKS), samples=100, seeds=2, on_step=steps.append)
    phases = [step.phase for step in steps]
    assert phases == sorted(phases)  # "compiling", then "estimates"
    for phase, total in (("compiling", 4), ("estimates", 8)):
        of_phase = [step for step in steps if step.phase == phase]
        assert [s.done for s in of_phase] == sorted(s.done for s in of_phase)
        assert of_phase[-1].done == total
        assert {s.total for s in of_phase} == {total}
    assert "knn on 1v1-normal-0.5, n=100" in {step.running for step in steps}


def test_results_do_not_depend_on_the_order_of_work():
    both = package.compare("uniform", tasks=list(TASKS), samples=[60, 50], seeds=[3, 1])
    for (task, n), rows in both.groupby(["task", "n"]):
        alone = package.compare("uniform", tasks=task, samples=n, seeds=[3, 1])
        assert rows["nats"].tolist() == alone["nats"].tolist()
    assert both["seed"].tolist() == [3, 1] * 4


def test_progress_counts_what_was_reused():
    told = []
    progress = Progress(evaluations(seeds=1), 3, lambda *counts: told.append(counts), None)
    progress.finished(evaluations(seeds=1)[0], 1.0)
    assert told == [(4, 7)]


@pytest.mark.slow
def test_compiling_is_told_once_and_only_the_first_time(mibench, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    args = ("compare", "-e", "uniform", "--tasks", TASKS[0], "--samples", 50, "--seeds", 1)
    first, again = mibench(*args), mibench(*args)
    assert (first.returncode, again.returncode) == (0, 0)
    assert first.stderr.splitlines() == [
        "mibench: compiling what the estimates need, once per installation: up to a minute"
    ]
    assert again.stderr == ""


@pytest.mark.slow
def test_the_bar_names_the_phase_and_what_runs(tmp_path):
    parent, child = pty.openpty()
    running = subprocess.Popen(
        [MIBENCH, "compare", "-e", "uniform", "--tasks", TASKS[0], "--jobs", "1"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=child,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80",
             "NUMBA_CACHE_DIR": str(Path(tmp_path, "cache"))},
    )  # fmt: skip
    os.close(child)
    shown = b""
    with suppress(OSError):
        while piece := os.read(parent, 4096):
            shown += piece
    running.communicate(timeout=120)
    assert running.returncode == 0
    assert b"compiling (once per installation)" in shown
    assert b"uniform on 1v1-normal-0.5, n=1000" in shown
    assert b"estimates" in shown


def test_estimators_that_another_one_consults_are_warmed_up_with_it(monkeypatch):
    """Their timed estimates compile and load nothing, and their warm-ups are not called again."""
    monkeypatch.setattr(running, "_warm", set())
    again = []
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 1))
    kinds = {"discrete_x": False, "discrete_y": False}
    first, *others = resolve_estimators("auto,canonical,knn")
    assert [other.spec for other in others] == list(type(first.estimator).consults)
    running.prepare(first, (x, x + rng.normal(size=x.shape)), **kinds)
    before = len(cache.compiled_kernels)
    for other in others:
        monkeypatch.setattr(
            type(other.estimator), "warm_up", lambda *_, rows=0, **__: again.append(1)
        )
        running.prepare(other, (x, x + rng.normal(size=x.shape)), **kinds)
        other.estimator.estimate(x, x + rng.normal(size=x.shape))
    first.estimator.estimate(x, x + rng.normal(size=x.shape))
    assert again == []
    assert cache.compiled_kernels[before:] == []
