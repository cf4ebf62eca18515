"""What a long command says of how far it is: lines where there is no terminal."""

import itertools
import os
import pty
import sys
import threading

import numba
import pytest

from mibench.cli import progress as module
from mibench.cli.progress import Clock, comparison_progress, how_far, progress, time_left
from mibench.errors import InputError
from mibench.running.steps import Step


@pytest.fixture
def spoken(monkeypatch):
    """The lines that are said, each of which is due at once; and a function that waits for one."""
    said, more = [], threading.Event()

    def say(text):
        said.append(text)
        more.set()

    def wait(part):
        while not any(part in text for text in said):
            assert more.wait(30), said
            more.clear()

    monkeypatch.setattr(module, "FIRST", 0.0)
    monkeypatch.setattr(module, "FURTHER", (0.0,) * 1000)
    monkeypatch.setattr(module, "SHORTEST", 0.001)
    monkeypatch.setattr(module, "clock", Clock())
    monkeypatch.setattr(module.clock, "said", lambda: None)
    monkeypatch.setattr(module, "say", say)
    return said, wait


def test_lines_come_soon_and_then_ever_more_rarely(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    clock, said = Clock(), []
    while now < 1200:
        now += clock.seconds()
        said.append(now - 1000)
        clock.said()
    assert said == [4, 14, 24, 44, 74, 104, 134, 164, 194, 224]
    clock.restart()
    now += 60  # of reading a file, in which nothing could be said
    assert clock.seconds() < 0
    clock.said()  # once for all lines that were due
    assert 0 < clock.seconds() <= 30


def test_a_line_tells_counts_what_runs_and_the_time_left():
    assert how_far("pairs", 3, 45) == "pairs 3 of 45"
    assert how_far("pairs", 0, None) == "pairs"
    whole = how_far("estimates", 3, 45, "knn on a", time_left(61))
    assert whole == "estimates 3 of 45, about 61 s left; now knn on a"
    assert [time_left(s) for s in (None, 0.01, 99.4, 100, 5999, 6000, 90_000)] == [
        "", "about 1 s left", "about 99 s left", "about 2 min left", "about 100 min left",
        "about 2 h left", "about 25 h left",
    ]  # fmt: skip


@pytest.mark.parametrize("colour", ["", "1"])
def test_where_there_is_no_terminal_lines_say_how_far_it_is(spoken, monkeypatch, capfd, colour):
    """Also where FORCE_COLOR is set, as on many servers that run tests."""
    monkeypatch.setenv("FORCE_COLOR", colour)
    said, wait = spoken
    with progress("things") as update:
        wait("things")
        update(1, 3, "first \x1b[31m")
        wait("things 1 of 3; now first ")
    with comparison_progress() as show:
        wait("starting")
        show(Step("compiling", 1, 4, "knn on a, n=9"))
        wait("compiling (once per installation) 1 of 4; now knn on a, n=9")
        show(Step("estimates", 2, 8, "kde on b, n=9", 7.0))
        wait("estimates 2 of 8, about 7 s left; now kde on b, n=9")
    assert "\x1b" not in "".join(said) + "".join(capfd.readouterr())


def test_compiling_is_told(spoken):
    _, wait = spoken
    depths = []

    @numba.njit
    def outer(x):
        return x + 1

    with progress("things") as update:
        update(0, 2)
        with module.while_compiling(depths.append):
            outer(1)
            outer(2)  # compiled already
    assert depths == [True, False]
    with progress("things") as update:
        update(0, 2)
        stop = threading.Event()
        with pytest.MonkeyPatch.context() as patch:
            # As if the compiler were slow.
            compiler = outer._compiler
            compile_it = compiler.compile
            patch.setattr(compiler, "compile", lambda *args: (stop.wait(30), compile_it(*args))[1])
            thread = threading.Thread(target=outer, args=(1.5,))
            thread.start()
            wait("compiling (once per installation); things 0 of 2")
            stop.set()
            thread.join()
            update(1, 2)
            wait("things 1 of 2")


def test_progress_can_be_switched_off(spoken, monkeypatch):
    said, _ = spoken
    monkeypatch.setenv("MIBENCH_PROGRESS", "off")
    with progress("things") as update:
        update(1, 2)
        threading.Event().wait(0.05)  # 50 lines are due
    assert said == []
    monkeypatch.setenv("MIBENCH_PROGRESS", "never")
    with (
        pytest.raises(InputError, match="MIBENCH_PROGRESS is 'never': set it to off or auto"),
        progress("things"),
    ):
        pass


def all_that_was_written(terminal):
    """What a terminal, whose other end is closed, still holds: one read may be a part of it."""
    parts = []
    try:
        while part := os.read(terminal, 100_000):
            parts.append(part)
    except OSError:  # how Linux says that there is no more
        pass
    return b"".join(parts).decode()


def test_a_terminal_gets_a_bar_and_no_lines(spoken, monkeypatch):
    said, _ = spoken
    parent, child = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with open(child, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        with progress("things", alike=False) as update:
            update(1, 2, "second")
    shown = all_that_was_written(parent)
    os.close(parent)
    assert said == []
    assert "things" in shown
    assert "second" in shown


def test_no_time_is_told_where_things_take_unlike_times(monkeypatch):
    columns = []
    monkeypatch.setattr(module, "_bars", lambda *given, **_: columns.append(given) or _Nothing())
    for alike in (True, False):
        with progress("things", alike=alike):
            pass
    names = [[type(column).__name__ for column in given] for given in columns]
    assert ["TimeRemainingColumn" in each for each in names] == [True, False]


class _Nothing:
    """In the place of a bar."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def add_task(self, *_, **__):
        return next(itertools.count())
