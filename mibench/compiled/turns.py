"""Turns of processes: one does some work, and the others wait until it is done."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: each process does the work
    fcntl = None  # type: ignore[assignment]

SECONDS_AT_MOST = 60.0  # of waiting, after which a process does the work itself
SECONDS_BETWEEN_TRIES = 0.02


class Turns:
    """The locks that this process holds, by their files.

    The system frees the locks of a process that ends, however it ends.
    """

    def __init__(self) -> None:
        self._held: dict[Path, int] = {}

    def take(self, lock: Path, done: Callable[[], bool]) -> None:
        """Return when this process holds the lock, when another has done the work, or after a time.

        done: whether the work is done.
        """
        if fcntl is None or lock in self._held:
            return
        with suppress(OSError):  # a file system without locks, or the lock of another user
            descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            end = time.monotonic() + SECONDS_AT_MOST
            while time.monotonic() < end and not done():
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(SECONDS_BETWEEN_TRIES)
                except OSError:
                    break
                else:
                    self._held[lock] = descriptor
                    return
            os.close(descriptor)

    def end(self, lock: Path) -> None:
        """Free a lock, if this process holds it."""
        if (descriptor := self._held.pop(lock, None)) is not None:
            with suppress(OSError):
                lock.unlink(missing_ok=True)
            os.close(descriptor)

    def end_all(self) -> None:
        """Free all locks that this process holds."""
        for lock in list(self._held):
            self.end(lock)
