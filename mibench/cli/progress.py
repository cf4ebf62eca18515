"""How far a long command is: bars on a terminal, and now and then a line elsewhere."""

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, count
from typing import Any

from ..errors import InputError
from .console import COMPILES, say

VARIABLE = "MIBENCH_PROGRESS"
OFF, USUAL = "off", "auto"
COMPILING_ONCE = "compiling (once per installation)"
# Seconds after the start of the command at which a line is said: soon, then more and more rarely.
FIRST, FURTHER, EVERY = 4.0, (14.0, 24.0, 44.0), 30.0
SHORTEST = 0.5  # seconds of a piece of work that a line is said of


class Clock:
    """When the next line is due. A command has one, and its pieces of work share it."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Let the command begin now."""
        self._start = time.monotonic()
        last = (FIRST, *FURTHER)[-1]
        self._due = chain((FIRST, *FURTHER), count(last + EVERY, EVERY))
        self._next = next(self._due)

    def seconds(self) -> float:
        """How long it is to the next line."""
        return self._start + self._next - time.monotonic()

    def said(self) -> None:
        """Note that a line was said: those that were due before are dropped."""
        while self.seconds() <= 0:
            self._next = next(self._due)


clock = Clock()  # restarted by `main`


class Lines:
    """Says now and then on standard error how far a command is, where a bar cannot be shown.

    The first line comes after some seconds, so a short command says nothing. A line comes even if
    nothing has changed: it tells that the command has not ended.

    Attributes:
        text: what the next line says.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Lines":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(max(SHORTEST, clock.seconds())):
            say(self.text)
            clock.said()


def how_far(what: str, done: int, total: int | None, now: str = "", left: str = "") -> str:
    """A line such as `estimates 240 of 1050, about 25 s left; now knn on halves, n=1000`."""
    counts = f" {done} of {total}" if total is not None else ""
    return f"{what}{counts}{f', {left}' if left else ''}{f'; now {now}' if now else ''}"


def time_left(seconds: float | None) -> str:
    """A time that is extrapolated, such as `about 12 min left`; nothing for None."""
    if seconds is None:
        return ""
    sizes = ((100, 1, "s"), (6000, 60, "min"), (math.inf, 3600, "h"))
    size, unit = next((size, unit) for limit, size, unit in sizes if seconds < limit)
    return f"about {max(1, round(seconds / size))} {unit} left"


@contextmanager
def while_compiling(tell: Callable[[bool], object]) -> Iterator[None]:
    """Call tell(True) when this process begins to compile, and tell(False) when it has ended.

    The estimators must have been imported.
    """
    if "numba" not in sys.modules:
        yield
        return
    from numba.core import event

    class Listener(event.Listener):
        depth = 0  # a kernel may need others

        def on_start(self, event: object) -> None:
            self.depth += 1
            if self.depth == 1:
                tell(True)

        def on_end(self, event: object) -> None:
            self.depth -= 1
            if self.depth == 0:
                tell(False)

    with event.install_listener("numba:compile", Listener()):
        yield


@contextmanager
def progress(what: str, alike: bool = True) -> Iterator[Any]:
    """How far a command is, on standard error; yields update(done, total, now="").

    what: the plural of the things that are counted. alike: whether they take about as long, so
    that the time left can be told. now: what is worked on.
    """
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from ..output.safe import visible

    what = visible(what)
    left = [TimeRemainingColumn()] if alike else []
    columns = (
        TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), *left,
        TextColumn("{task.fields[now]}"),
    )  # fmt: skip
    title = what
    state: tuple[int, int | None, str] = 0, None, ""
    with _bars(*columns) as bar, telling(what) as lines:
        task = bar.add_task(escape(what), total=None, now="")

        def compiling(begun: bool) -> None:
            nonlocal title
            title = COMPILING_ONCE if begun else what
            bar.update(task, description=escape(title))
            tell_lines()

        def tell_lines() -> None:
            done, total, now = state
            counted = how_far(what, done, total, now)
            lines.text = counted if title == what else f"{title}; {counted}"

        def update(done: int, total: int, now: str = "") -> None:
            nonlocal state
            state = done, total, visible(now)
            bar.update(task, completed=done, total=total, now=escape(visible(now)))
            tell_lines()

        with while_compiling(compiling):
            yield update


@contextmanager
def comparison_progress() -> Iterator[Any]:
    """How far a comparison is, on standard error; yields a function that takes each `Step`.

    A first bar counts what is compiled, a second one the estimates; below stands what runs. If
    standard error is no terminal, one line says that code is compiled, if none was kept, and
    further lines say now and then how far it is.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.text import Text

    from ..output.safe import visible
    from ..running.steps import COMPILING

    names = {COMPILING: COMPILING_ONCE}
    running = Text("  starting", style="dim", no_wrap=True, overflow="ellipsis")

    class Bars(Progress):
        def get_renderables(self) -> Iterator[Any]:
            yield from super().get_renderables()
            yield running

    bars = _bars(
        TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"), kind=Bars,
    )  # fmt: skip
    ids: dict[str, Any] = {}
    said = False

    def show(step: Any) -> None:
        nonlocal said
        name = names.get(step.phase, step.phase)
        left = time_left(step.seconds_left)
        now = visible(step.running)
        lines.text = how_far(name, step.done, step.total, now, left)
        if bars.disable:
            if step.cold and not said:
                said = True
                say(COMPILES)
            return
        if step.phase not in ids:
            for earlier in ids.values():
                bars.remove_task(earlier)
            ids[step.phase] = bars.add_task(name, total=step.total, left="")
        running.plain = f"  {now}"
        bars.update(ids[step.phase], completed=step.done, total=step.total, left=left)

    with bars, telling("starting") as lines:
        yield show


def telling(text: str) -> AbstractContextManager[Lines]:
    """Lines while the block runs, where there is no terminal. Their text may be changed."""
    lines = Lines(text)
    return nullcontext(lines) if _on_terminal() or _is_off() else lines


def _on_terminal() -> bool:
    """Whether bars can be drawn: rich believes so of a pipe too, where FORCE_COLOR is set."""
    stream = sys.stderr
    open_terminal = stream is not None and not stream.closed and stream.isatty()
    return open_terminal and os.environ.get("TERM") != "dumb"


def _bars(*columns: Any, kind: Any = None) -> Any:
    """Bars that are shown only on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    shown = _on_terminal() and not _is_off()
    console = Console(stderr=True, emoji=False)
    return (kind or Progress)(*columns, console=console, transient=True, disable=not shown)


def _is_off() -> bool:
    """Whether the user wants to see nothing of how far a command is."""
    chosen = os.environ.get(VARIABLE, "") or USUAL
    if chosen not in (OFF, USUAL):
        raise InputError(f"{VARIABLE} is {chosen!r}: set it to {OFF} or {USUAL}, or unset it")
    return chosen == OFF
