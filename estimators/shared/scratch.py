"""A folder for the data of programs. It and the programs end with this process, however it ends.

A second process, the keeper, waits until this one has ended: it runs this file. Where the keeper is
killed too, the next process that needs such a folder removes what is left.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

PREFIX = "mibench-"
LOCK = "in-use"  # a file in the folder, locked by the process to which the folder belongs

_folders: dict[int, str] = {}  # by process id, since a fork needs its own


def scratch_folder() -> str:
    """The folder of this process, made when it is first asked for."""
    process = os.getpid()
    folder = _folders.get(process, "")
    if not os.path.isdir(folder):
        _remove_left_over(Path(tempfile.gettempdir()))
        folder = _folders[process] = tempfile.mkdtemp(prefix=PREFIX)
        lock = _locked(folder)
        keeper = subprocess.Popen(
            [sys.executable, "-P", __file__, folder],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,  # what ends a group of processes spares the keeper
        )  # fmt: skip
        atexit.register(_finish, process, keeper, lock)
    return folder


def end_programs(folder: str) -> None:
    """Kill all processes whose TMPDIR is this folder or in it."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # a process that ended, or of another user
            used = process.environ().get("TMPDIR", "")
            if used == folder or used.startswith(folder + os.sep):
                process.kill()


def _finish(process: int, keeper: "subprocess.Popen[bytes]", lock: Any) -> None:
    if process == os.getpid():  # not in a fork
        keeper.communicate()  # ends its standard input, for which it waits
        if lock is not None:
            lock.close()


def _locked(folder: str) -> Any:
    """An open, locked file in the folder; None where the system has no such locks."""
    try:
        import fcntl
    except ImportError:
        return None
    file = open(os.path.join(folder, LOCK + ".new"), "w")  # noqa: SIM115 - closed at exit
    with suppress(OSError):  # a file system without locks
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(file.name, os.path.join(folder, LOCK))
    return file


def _remove_left_over(parent: Path) -> None:
    """Remove this user's folders whose process has ended: their lock is free."""
    with suppress(ImportError, OSError):
        import fcntl

        for folder in parent.glob(PREFIX + "*"):
            with suppress(OSError):
                status = folder.lstat()
                if status.st_uid != os.getuid() or folder.is_symlink():
                    continue
                with open(folder / LOCK) as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)


def keep(folder: str) -> None:
    """The main function of the keeper: wait for the end of standard input, and then clean up."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.stdin.buffer.read()
    for _ in range(3):  # a program may have started another one meanwhile
        if os.path.isdir(folder):
            end_programs(folder)
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(sys.argv[1])
