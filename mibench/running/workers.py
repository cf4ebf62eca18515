"""A worker: a process that does pieces of work for the one that started it, and ends with it."""

import gc
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from ..errors import message_of

# -P: without it, Python would import `json` from the working directory, if that holds a json.py.
START = (
    "-P",
    "-c",
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from mibench.running.workers import serve; "
    "serve(int(sys.argv[1]), int(sys.argv[2]))",
)
# What the worker sends: it waits for work; the result of the next item; what that item raised; why
# the work cannot be loaded.
WAITING, RESULT, RAISED, UNREADABLE = range(4)
SECONDS_AT_MOST = 1.0  # after which a worker gives back the items that it has not begun
# Each library of threads reads one of these.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS",
)  # fmt: skip


class Worker:
    """The view that the starting process has of a worker.

    Attributes:
        connection: to receive from, `Worker.receive`, when it is ready.
        items: sent, and not answered yet; the worker is at the first.
        waiting: whether the worker waits for work.
    """

    def __init__(self, threads: int) -> None:
        """Start a worker whose libraries may use this number of threads."""
        import psutil

        self.items: deque[Any] = deque()
        self.waiting = False
        self.connection, end = Pipe()
        arguments = [str(end.fileno()), str(os.getpid()), json.dumps(sys.path)]
        variables = {name: str(threads) for name in THREAD_VARIABLES}
        self._process = subprocess.Popen(
            [sys.executable, *START, *arguments],
            stdin=subprocess.DEVNULL, stdout=stream_of_messages(),
            env={**variables, **os.environ}, **_inherited(end),
        )  # fmt: skip
        end.close()
        watched = psutil.Process(self._process.pid)
        # Also called at exit, and when the thread that uses this worker ends.
        self.close = weakref.finalize(self, end_process, self._process, watched, self.connection)

    def alive(self) -> bool:
        """Whether its process has not ended."""
        return self._process.poll() is None

    def send(self, work: Callable[[Any], Any], items: list[Any]) -> None:
        """Send items to a worker that waits. Raises what the pickling raises."""
        data = cloudpickle.dumps((work, items))
        self.items.extend(items)
        self.waiting = False
        with suppress(OSError):  # it has ended, which `receive` says
            self.connection.send_bytes(data)

    def receive(self) -> tuple[int, Any]:
        """The next message. Raises EOFError or OSError if the worker has ended."""
        kind, content = pickle.loads(self.connection.recv_bytes())
        self.waiting = kind == WAITING
        return kind, content

    def ending(self) -> str:
        """How a worker ended whose connection has closed: a signal or an exit code."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self.close()
        return name_of_ending(self._process.wait())


def name_of_ending(code: int) -> str:
    """An exit code of a process as text.

    >>> name_of_ending(-9), name_of_ending(-40), name_of_ending(3)
    ('SIGKILL', 'signal 40', 'code 3')
    """
    if code >= 0:
        return f"code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # most real-time signals have no name
        return f"signal {-code}"


def end_process(
    process: "subprocess.Popen[bytes]", watched: Any, pipe: "Connection[Any, Any]"
) -> None:
    """Kill a process and those that it started. watched: its `psutil.Process`."""
    import psutil

    # If it has ended, its id may belong to another process by now. A fork of this process also
    # sees it as ended.
    if process.poll() is None:
        to_kill = [watched]
        with suppress(psutil.Error):
            to_kill += watched.children(recursive=True)
        for running in to_kill:
            with suppress(psutil.Error):
                running.kill()
        process.wait()
    pipe.close()


def stream_of_messages() -> int | None:
    """Where the output of a child goes: to standard error, as standard output holds results."""
    try:
        return sys.stderr.fileno() if sys.stderr is not None else None
    except (OSError, ValueError):
        return None


def _inherited(end: "Connection[Any, Any]") -> dict[str, Any]:
    """The options of Popen that leave this end of a connection open in the child."""
    if sys.platform != "win32":
        return {"pass_fds": [end.fileno()]}
    os.set_handle_inheritable(end.fileno(), True)
    info = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [end.fileno()]})
    return {"startupinfo": info}


def serve(descriptor: int, parent: int) -> None:
    """The main function of a worker: does what it is sent until the connection closes."""
    leave_signals_to_parent()
    die_with(parent)
    gc.set_threshold(20_000, 20, 20)  # as in `mibench.cli.main`: imports are no garbage
    with suppress(EOFError, OSError):  # the parent has ended
        _work_for(_connection(descriptor))


def _work_for(connection: Any) -> None:
    """Do what comes through a connection. Raises EOFError or OSError when it is closed."""
    while True:
        connection.send_bytes(pickle.dumps((WAITING, None)))
        data = connection.recv_bytes()
        try:
            work, items = cloudpickle.loads(data)
        except BaseException as error:  # a module may raise anything when it is imported
            connection.send_bytes(pickle.dumps((UNREADABLE, message_of(error))))
            continue
        start = time.monotonic()
        for item in items:
            connection.send_bytes(_answer(work, item))
            if time.monotonic() - start > SECONDS_AT_MOST:
                break


def _answer(work: Callable[[Any], Any], item: Any) -> bytes:
    try:
        return bytes(cloudpickle.dumps((RESULT, work(item))))
    except BaseException as error:
        where = traceback.format_exc()
        try:
            error.add_note(f"In a worker process:\n{where}")
            data = bytes(cloudpickle.dumps((RAISED, error)))
            pickle.loads(data)  # some errors cannot be made again
        except Exception:
            return pickle.dumps((RAISED, RuntimeError(where)))
        return data


def _connection(descriptor: int) -> Any:
    if sys.platform != "win32":
        return Connection(descriptor)
    from multiprocessing import connection

    return connection.PipeConnection(descriptor)


def leave_signals_to_parent() -> None:
    """Ignore Ctrl-C and requests to end: the parent gets them too, and then ends this process.

    A function does it, since programs that this process starts would inherit SIG_IGN.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, lambda *_: None)


def die_with(parent: int) -> None:
    """On Linux, let the kernel kill this process when the thread that started it ends.

    It kills compiled code that never ends, too. Processes that an estimator started also stay
    descendants of this process when the process in between has ended, so that they are found and
    killed.
    """
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    if os.getppid() != parent:  # it died before prctl
        os._exit(1)
