"""One cell at a time in a process that is killed when it takes too much time or memory.

Compiled code cannot be interrupted from within, so the estimator runs in a child that this side
watches; the child stays for the next cells, and a new one takes the place of one that was killed.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from ..errors import InputError
from ..types import Record
from .cells import Cell, record_of, run_cell

PREPARATION_SECONDS = 120.0  # beside the limit, for imports, drawing the sample and compiling
PREPARATION_BYTES = 2 * 10**9  # the same for memory
LOOK_SECONDS = 0.05  # between two looks at the child
EXIT_SECONDS = 5.0  # for a child that has closed its pipe

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from mibench.running.limits import serve; "
    "serve(int(sys.argv[1]), int(sys.argv[2]))"
)

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9,
          "kib": 2**10, "mib": 2**20, "gib": 2**30}  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Of one cell: seconds of its estimate, and bytes of memory that it adds to the process."""

    seconds: float | None = None
    bytes: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise InputError(f"time limit is {self.seconds}: give seconds above 0")
        if self.bytes is not None and self.bytes <= 0:
            raise InputError(f"memory limit is {self.bytes}: give bytes above 0, or such as '2GB'")
        if self and os.name != "posix":
            raise InputError("limits need a POSIX system: leave them out here")

    def __bool__(self) -> bool:
        return self.seconds is not None or self.bytes is not None

    def while_preparing(self) -> "Limits":
        """Those of a cell whose estimate has not begun."""
        return Limits(
            None if self.seconds is None else self.seconds + PREPARATION_SECONDS,
            None if self.bytes is None else self.bytes + PREPARATION_BYTES,
        )


def read_bytes(size: int | str | None) -> int | None:
    """A number of bytes, or a text such as '500MB' or '1.5 GiB', in bytes.

    >>> read_bytes("1.5 GiB")
    1610612736
    """
    if size is None or isinstance(size, int):
        return size
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([A-Za-z]*)\s*", size)
    if match is None or match[2].lower() not in _UNITS:
        raise InputError(f"memory limit {size!r} is no size: give one such as 500MB, 2GB or 2GiB")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def run_limited(cell: Cell, limits: Limits) -> Record:
    """The record of a cell; a failure if a limit was passed or the process died.

    The process says how much memory it holds when only the estimate is left, and then its record.
    """
    if not limits:
        return run_cell(cell)
    if _own.child is None or not _own.child.alive():
        _own.child = _Child()
    return _own.child.run(cell, limits)


class _Child:
    """A process that runs cells, seen from the side that may kill it."""

    def __init__(self) -> None:
        import psutil

        self._pipe, end = Pipe()
        arguments = [str(end.fileno()), str(os.getpid()), json.dumps(sys.path)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", START, *arguments], pass_fds=[end.fileno()],
            stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno() if _has_stderr() else None,
        )  # fmt: skip
        end.close()
        self._watched = psutil.Process(self._process.pid)
        # At exit too, and when the thread whose child this is ends.
        self.close = weakref.finalize(self, _end, self._process, self._watched, self._pipe)

    def alive(self) -> bool:
        return self._process.poll() is None

    def run(self, cell: Cell, limits: Limits) -> Record:
        data = _dumped(cell, warm=cell.estimator.spec not in _own.stuck)
        now, preparing = limits.while_preparing(), True
        start, held = time.monotonic(), self._memory()
        try:
            self._pipe.send_bytes(data)
            while True:
                if self._pipe.poll(LOOK_SECONDS):
                    message = self._pipe.recv()
                    if not isinstance(message, int):
                        return _answer(cell, message, limits)
                    now, preparing = limits, False
                    start, held = time.monotonic(), message
                elif not self.alive() and not self._pipe.poll():
                    raise EOFError  # which the pipe does not say while a fork of the child has it
                seconds = time.monotonic() - start
                why = ""
                if now.seconds is not None and seconds > now.seconds:
                    why = f"TimeLimit: stopped after {now.seconds:g} s"
                elif now.bytes is not None and self._memory() - held > now.bytes:
                    why = f"MemoryLimit: stopped beyond {now.bytes / 1e6:g} MB"
                if why and preparing:  # two minutes for each cell would add up
                    _own.stuck.add(cell.estimator.spec)
                    why += ", before the estimate began"
                if why:
                    return self._kill(cell, why, seconds)
        except (EOFError, OSError):  # between two messages, or within one
            code = self._exit_code()
            how = signal.Signals(-code).name if code < 0 else f"code {code}"
            why = f"ProcessDied: the estimator's process ended with {how}"
            return self._kill(cell, why, time.monotonic() - start)
        except BaseException:  # Ctrl-C: the child must not go on alone
            self.close()
            raise

    def _exit_code(self) -> int:
        """Of a child whose pipe has closed; one that only closed it is killed."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=EXIT_SECONDS)
        self.close()
        return self._process.wait()

    def _memory(self) -> int:
        """Resident bytes of the child and of what it started."""
        import psutil

        total = 0
        with suppress(psutil.Error):
            for process in (self._watched, *self._watched.children(recursive=True)):
                with suppress(psutil.Error):
                    total += process.memory_info().rss
        return total

    def _kill(self, cell: Cell, why: str, seconds: float) -> Record:
        self.close()
        return record_of(cell, why, seconds)


def _end(process: "subprocess.Popen[bytes]", watched: Any, pipe: "Connection[Any, Any]") -> None:
    """Kill a child and what it started."""
    import psutil

    if process.poll() is None:  # else its number may be another's; so it looks to a fork of ours
        every = [watched]
        with suppress(psutil.Error):
            every += watched.children(recursive=True)
        for one in every:
            with suppress(psutil.Error):
                one.kill()
        process.wait()
    pipe.close()


def _dumped(cell: Cell, warm: bool) -> bytes:
    try:
        return bytes(cloudpickle.dumps((cell, warm)))
    except Exception as error:
        raise InputError(
            f"{cell.estimator.spec!r} or {cell.task.name!r} cannot be sent to a limited process "
            f"({error}): let it hold nothing that belongs to one process, such as an open file or "
            "a lock, or give no limits"
        ) from error


class _Own(threading.local):
    child: _Child | None = None

    def __init__(self) -> None:
        self.stuck: set[str] = set()  # specs that passed a limit before the estimate began


_own = _Own()


def _has_stderr() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.fileno() >= 0
    except (OSError, ValueError):
        return False


def _answer(cell: Cell, message: Any, limits: Limits) -> Record:
    """What the child sent: a record, or why it could not read the cell.

    An estimate may pass a limit and end between two looks.
    """
    if isinstance(message, Record):
        why = ""
        if limits.seconds is not None and message.seconds > limits.seconds:
            why = f"TimeLimit: took more than {limits.seconds:g} s"
        elif limits.bytes is not None and (message.memory or 0) > limits.bytes:
            why = f"MemoryLimit: took more than {limits.bytes / 1e6:g} MB"
        return record_of(cell, why, message.seconds) if why and not message.error else message
    raise InputError(
        f"a limited process could not load {cell.estimator.spec!r} or {cell.task.name!r} "
        f"({message}): "
        "define what is your own in a module that can be imported, or give no limits"
    )


def serve(descriptor: int, parent: int) -> None:
    """The child: runs the cells that come through the pipe until it closes."""
    import psutil

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    _die_with(parent)
    pipe: Connection[Any, Any] = Connection(descriptor)
    own = psutil.Process()
    while True:
        try:
            data = pipe.recv_bytes()
        except EOFError:
            return
        try:
            cell, warm = cloudpickle.loads(data)
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")
        else:
            pipe.send(run_cell(cell, lambda: pipe.send(own.memory_info().rss), warm=warm))


def _die_with(parent: int) -> None:
    """On Linux: a parent that is killed takes this process along, whatever it is computing.

    And what an estimator starts stays below this process, where it is found and killed, though the
    process between has ended.
    """
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    if os.getppid() != parent:  # it died before
        os._exit(1)
