"""Lets a process start its workers as forks of itself, which have imported all that they need.

A new Python takes most of a worker's time to import NumPy and SciPy. A forked worker runs the same
function, with the same pipe, signals and end, in a process of its own: see mibench/running/workers.
"""

import os
import subprocess
import sys
import time
import traceback
from typing import Any, NoReturn

from mibench.running import workers

LAST_DESCRIPTOR = 1024  # none of those that a test opens is higher


class ForkedWorker:
    """As the `subprocess.Popen` of a worker, but a fork."""

    def __init__(self, command: list[str], *, pass_fds: list[int], **_options: Any) -> None:
        descriptor, parent, _ = command[-3:]
        assert pass_fds == [int(descriptor)]
        self.returncode: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _serve(int(descriptor), int(parent))

    def poll(self) -> int | None:
        """The exit code, once the process has ended."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        """The exit code when the process ends."""
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("a worker", timeout)
            time.sleep(0.01)
        return code


def _serve(descriptor: int, parent: int) -> NoReturn:
    """Work as a new process would: without the open files of the one that started it."""
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)  # where the output of a worker goes
        os.closerange(3, descriptor)
        os.closerange(descriptor + 1, LAST_DESCRIPTOR)
        workers.serve(descriptor, parent)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


class _Forking:
    """The module `subprocess` as workers.py sees it."""

    Popen = ForkedWorker

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)


def fork_workers() -> None:
    """Let workers that this process starts be forks of it."""
    workers.subprocess = _Forking()  # type: ignore[assignment]
