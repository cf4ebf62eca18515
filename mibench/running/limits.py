"""Runs evaluations in a child process, which is killed if one takes too much time or memory.

Compiled code cannot be interrupted from within, so the estimator runs in a child that the parent
watches. The child runs one evaluation after another. If it was killed, a new one is started.
"""

import json
import os
import re
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

from ..errors import InputError, message_of
from ..types import Record
from .evaluation import Evaluation, evaluate, record_of
from .workers import (
    die_with,
    end_process,
    leave_signals_to_parent,
    name_of_ending,
    stream_of_messages,
)

# Allowed in addition to the limit, for imports, drawing the sample and compiling.
PREPARATION_SECONDS = 120.0
PREPARATION_BYTES = 2 * 10**9
POLL_SECONDS = 0.05  # the interval at which the child is checked
EXIT_SECONDS = 5.0  # how long a child may take to end after it has closed its pipe

START = (
    "-P",  # imports nothing from the working directory
    "-c",
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from mibench.running.limits import serve; "
    "serve(int(sys.argv[1]), int(sys.argv[2]))",
)

MOST_BYTES = 2.0**63  # no machine has more
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9,
          "kib": 2**10, "mib": 2**20, "gib": 2**30}  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Limits of one estimate: its seconds, and the bytes of memory that it adds to the process."""

    seconds: float | None = None
    bytes: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise InputError(f"time limit is {self.seconds}: give seconds above 0")
        if self.bytes is not None and self.bytes <= 0:
            raise InputError(
                f"memory limit is {self.bytes}: give bytes above 0, or a text such as '2GB'"
            )
        if self and os.name != "posix":
            raise InputError("limits need a POSIX system: leave them out here")

    def __bool__(self) -> bool:
        return self.seconds is not None or self.bytes is not None

    def while_preparing(self) -> "Limits":
        """The limits until the estimate begins."""
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
    if match is not None and not match[2]:
        raise InputError(
            f"memory limit {size!r} has no unit: write {match[1]}MB, {match[1]}GB or {match[1]}B"
        )
    if match is None or match[2].lower() not in _UNITS:
        raise InputError(
            f"memory limit {size!r} is not a size: give one such as 500MB, 2GB or 2GiB"
        )
    return int(min(float(match[1]) * _UNITS[match[2].lower()], MOST_BYTES))


def run_limited(evaluation: Evaluation, limits: Limits) -> Record:
    """The record of an evaluation: a failure if it exceeds a limit or the process dies."""
    if not limits:
        return evaluate(evaluation)
    if _local.child is None or not _local.child.alive():
        _local.child = _Child()
    return _local.child.run(evaluation, limits)


class _Child:
    """The parent's view of a child process that runs evaluations.

    For each evaluation the child sends first an integer, its resident bytes when only the estimate
    remains, and then the record.
    """

    def __init__(self) -> None:
        import psutil

        self._pipe, child_end = Pipe()
        arguments = [str(child_end.fileno()), str(os.getpid()), json.dumps(sys.path)]
        self._process = subprocess.Popen(
            [sys.executable, *START, *arguments], pass_fds=[child_end.fileno()],
            stdin=subprocess.DEVNULL, stdout=stream_of_messages(),
        )  # fmt: skip
        child_end.close()
        self._watched = psutil.Process(self._process.pid)
        # Also called at exit, and when the thread that uses this child ends.
        self.close = weakref.finalize(self, end_process, self._process, self._watched, self._pipe)

    def alive(self) -> bool:
        return self._process.poll() is None

    def run(self, evaluation: Evaluation, limits: Limits) -> Record:
        """Run one evaluation in the child, and kill the child if it exceeds a limit."""
        data = _pickled(evaluation, warm=evaluation.estimator.spec not in _local.stuck)
        current, preparing = limits.while_preparing(), True
        start, bytes_before = time.monotonic(), self._memory()
        try:
            self._pipe.send_bytes(data)
            while True:
                if self._pipe.poll(POLL_SECONDS):
                    message = self._pipe.recv()
                    if not isinstance(message, int):
                        return _check_answer(evaluation, message, limits)
                    current, preparing = limits, False
                    start, bytes_before = time.monotonic(), message
                elif not self.alive() and not self._pipe.poll():
                    raise EOFError  # the pipe itself stays open while a fork of the child has it
                seconds = time.monotonic() - start
                why = ""
                if current.seconds is not None and seconds > current.seconds:
                    why = f"TimeLimit: stopped after {current.seconds:g} s"
                elif current.bytes is not None and self._memory() - bytes_before > current.bytes:
                    why = f"MemoryLimit: stopped beyond {current.bytes / 1e6:g} MB"
                if why and preparing:
                    _local.stuck.add(evaluation.estimator.spec)
                    why += ", before the estimate began"
                if why:
                    return self._kill(evaluation, why, seconds)
        except (EOFError, OSError):  # the pipe closed between two messages or within one
            code = self._exit_code()
            why = f"ProcessDied: the estimator's process ended with {name_of_ending(code)}"
            return self._kill(evaluation, why, time.monotonic() - start)
        except BaseException:  # such as Ctrl-C: the child must not keep running
            self.close()
            raise

    def _exit_code(self) -> int:
        """The exit code of a child whose pipe has closed. A child that keeps running is killed."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=EXIT_SECONDS)
        self.close()
        return self._process.wait()

    def _memory(self) -> int:
        """The resident bytes of the child and of the processes that it started."""
        import psutil

        total = 0
        with suppress(psutil.Error):
            for process in (self._watched, *self._watched.children(recursive=True)):
                with suppress(psutil.Error):
                    total += process.memory_info().rss
        return total

    def _kill(self, evaluation: Evaluation, why: str, seconds: float) -> Record:
        self.close()
        return record_of(evaluation, why, seconds)


def _pickled(evaluation: Evaluation, warm: bool) -> bytes:
    try:
        return bytes(cloudpickle.dumps((evaluation, warm)))
    except Exception as error:
        raise InputError(
            f"{evaluation.estimator.spec!r} or {evaluation.task.name!r} cannot be sent to a "
            f"limited process ({error}): remove what belongs to one process, such as an open file "
            "or a lock, or give no limits"
        ) from error


class _Local(threading.local):
    """What each thread has: its child, and the estimators that get no estimate from few rows."""

    child: _Child | None = None

    def __init__(self) -> None:
        # Specs that exceeded a limit before the timed estimate began. Without this, each evaluation
        # would take the two minutes of PREPARATION_SECONDS.
        self.stuck: set[str] = set()


_local = _Local()


def _check_answer(evaluation: Evaluation, message: Any, limits: Limits) -> Record:
    """The record that the child sent; a failure if the estimate exceeded a limit between two polls.

    message: the record, or a text that says why the child could not load the evaluation.
    """
    if isinstance(message, Record):
        why = ""
        if limits.seconds is not None and message.seconds > limits.seconds:
            why = f"TimeLimit: took more than {limits.seconds:g} s"
        elif limits.bytes is not None and (message.memory or 0) > limits.bytes:
            why = f"MemoryLimit: took more than {limits.bytes / 1e6:g} MB"
        return record_of(evaluation, why, message.seconds) if why and not message.error else message
    raise InputError(
        f"a limited process could not load {evaluation.estimator.spec!r} or "
        f"{evaluation.task.name!r} ({message}): define your own estimators and tasks in a module "
        "that can be imported, or give no limits"
    )


def serve(descriptor: int, parent: int) -> None:
    """The main function of the child: runs evaluations from the pipe until it closes."""
    import psutil

    leave_signals_to_parent()
    die_with(parent)
    pipe: Connection[Any, Any] = Connection(descriptor)
    this_process = psutil.Process()
    while True:
        try:
            data = pipe.recv_bytes()
        except EOFError:
            return
        try:
            evaluation, warm = cloudpickle.loads(data)
        except BaseException as error:  # a module may raise anything when it is imported
            pipe.send(message_of(error))
        else:
            record = evaluate(
                evaluation, lambda: pipe.send(this_process.memory_info().rss), warm=warm
            )
            pipe.send(record)
