"""What a record says of the machine: its kind, and how much memory an estimate took."""

import os
import platform
import sys
from collections.abc import Callable
from functools import cache

KIB = 1024
SLACK = 2**20  # the two are read one after the other, and counted in batches


@cache
def machine() -> str:
    """Processor architecture, cores and system."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def restarted_peak_memory() -> int | None:
    """Let `peak_memory` start from what the process holds now, which is returned, in bytes.

    None where the system cannot do that (not Linux).
    """
    control = _control(os.getpid())
    if control is None:
        return None
    os.pwrite(control, b"5", 0)
    return peak_memory()


def peak_memory() -> int | None:
    """The most resident memory since the restart, in bytes; None where it cannot be restarted.

    Growth below what the process held free before is not seen: some megabytes.
    """
    reader = _reader(os.getpid())
    return None if reader is None else reader()


@cache
def _reader(process: int) -> Callable[[], int | None] | None:
    """What reads the peak of this process, chosen once: a fork's is another."""
    if _control(process) is None:
        return None
    if _inherited(process):
        return lambda: _peak_of_status(process)
    import resource

    usage, own = resource.getrusage, resource.RUSAGE_SELF
    return lambda: usage(own).ru_maxrss * KIB


def _peak_of_status(process: int) -> int | None:
    """The peak as the status file has it; slower to read than getrusage."""
    status = _status(process)
    text = b"" if status is None else os.pread(status, 8192, 0)
    at = text.find(b"VmHWM:")
    return None if at < 0 else int(text[at + 6 : text.index(b"kB", at)]) * KIB


def _inherited(process: int) -> bool:
    """Whether getrusage's peak is that of a larger process, which started this one.

    It is then above the peak that has just been restarted, and cannot show it.
    """
    import resource

    control = _control(process)
    if control is not None:
        os.pwrite(control, b"5", 0)
    own = _peak_of_status(process)
    shown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
    return own is None or shown > own + SLACK


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
