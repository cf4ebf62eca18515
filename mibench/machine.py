"""What a record says of the machine: its kind, and how much memory an estimate took."""

import os
import platform
import sys
from functools import cache

KIB = 1024


@cache
def machine() -> str:
    """Processor architecture, cores and system."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def restart_peak_memory() -> None:
    """Let `peak_memory` start from what the process holds now, where the system can (Linux)."""
    control = _control(os.getpid())
    if control is not None:
        os.pwrite(control, b"5", 0)


def peak_memory() -> int | None:
    """The most resident memory since the restart, in bytes; None where it cannot be restarted.

    Growth below what the process held free before is not seen: some megabytes.
    """
    status = _status(os.getpid())
    if status is None:
        return None
    # Not getrusage, whose peak is at least that of whoever started this process.
    text = os.pread(status, 8192, 0)
    at = text.find(b"VmHWM:")
    return None if at < 0 else int(text[at + 6 : text.index(b"kB", at)]) * KIB


@cache
def _control(process: int) -> int | None:
    """A descriptor of this process's switch, kept open; a fork's is another."""
    return _opened("/proc/self/clear_refs", os.O_WRONLY)


@cache
def _status(process: int) -> int | None:
    """The same of what holds the peak, where it can be restarted."""
    return None if _control(process) is None else _opened("/proc/self/status", os.O_RDONLY)


def _opened(path: str, how: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.open(path, how | os.O_CLOEXEC)
    except OSError:
        return None
