"""The description of the machine in a record, and how much memory an estimate took."""

import os
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache

KIB = 1024
TOLERANCE_BYTES = 2**20  # two readings differ by what is allocated between them


@cache
def machine() -> str:
    """Processor architecture, number of cores and operating system."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def restarted_peak_memory() -> int | None:
    """Restart the peak of `peak_memory` at the memory that the process holds now, in bytes.

    Returns this memory; None if the system cannot restart the peak: only Linux can.
    """
    return peak_memory() if _restart() else None


def peak_memory() -> int | None:
    """The peak of resident memory since the restart, in bytes; None if it cannot be restarted.

    An estimate may reuse some megabytes that the process had reserved before. They are not counted.
    """
    reader = _reader(os.getpid())
    return None if reader is None else reader()


@cache
def _reader(process: int) -> Callable[[], int | None] | None:
    """A function that reads the peak of this process. A fork has another id, and needs its own."""
    if not _restart():
        return None
    if _inherited(process):
        return lambda: _peak_of_status(process)
    import resource

    usage, this_process = resource.getrusage, resource.RUSAGE_SELF
    return lambda: usage(this_process).ru_maxrss * KIB


def _peak_of_status(process: int) -> int | None:
    """The peak in /proc/self/status, which is slower to read than getrusage."""
    status = _status(process)
    text = b""
    if status is not None:
        with suppress(OSError):  # an estimator may have closed it
            text = os.pread(status, 8192, 0)
    start = text.find(b"VmHWM:")
    return None if start < 0 else int(text[start + 6 : text.index(b"kB", start)]) * KIB


def _inherited(process: int) -> bool:
    """Whether getrusage reports the peak of a larger process, which started this one.

    It then exceeds the peak that has just been restarted, and so cannot be used.
    """
    import resource

    _restart()
    peak = _peak_of_status(process)
    reported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
    return peak is None or reported > peak + TOLERANCE_BYTES


def _restart() -> bool:
    """Restart the peak; whether that is possible.

    The file is opened each time: an estimator may close descriptors, and then open files of its own
    under the same numbers.
    """
    control = _opened("/proc/self/clear_refs", os.O_WRONLY)
    if control is None:
        return False
    try:
        os.write(control, b"5")
    except OSError:
        return False
    finally:
        os.close(control)
    return True


@cache
def _status(process: int) -> int | None:
    """An open descriptor of the file that holds the peak. A fork needs its own."""
    return _opened("/proc/self/status", os.O_RDONLY)


def _opened(path: str, how: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.open(path, how | os.O_CLOEXEC)
    except OSError:
        return None
