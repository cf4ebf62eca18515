"""Runs `mibench` commands, each in a fork of this process, which has imported everything already.

A new Python takes most of a command's time to import NumPy, pandas and numba; a fork takes none.
Each command still is a process of its own, with the arguments, folder, streams and exit code that
a user's has. Reads one JSON object per line from standard input, and answers with the exit code;
before that with the process id, if the command is to have a session of its own. With `limits`, a
command that hangs is killed by SIGALRM, and memory beyond a limit is refused to it. With
`forked_workers`, the workers of a command are forks as well.

The arguments are further modules to import.
"""

import atexit
import faulthandler
import gc
import importlib
import json
import os
import signal
import sys
import tempfile
import threading
from typing import NoReturn

IMPORTED = (
    "email.parser", "matplotlib.figure", "mibench.api",
    "mibench.columns.column_table", "mibench.columns.files", "mibench.columns.pairs",
    "mibench.estimators.canonical",
    "mibench.estimators.kde", "mibench.ibnet.cli", "mibench.ibnet.measuring.measuring",
    "mibench.ibnet.training_figures", "mibench.output.figures", "mibench.output.page",
    "pandas", "psutil", "pyarrow.pandas_compat", "pyarrow.parquet",
    "rich._emoji_codes", "rich.console", "rich.progress", "rich.table", "threadpoolctl",
)  # fmt: skip
SECONDS, MORE_BYTES = 180, 3 * 2**30  # of a command with limits


def redirect(stdout: str, stderr: str) -> None:
    """Point the three standard streams to nothing and to two files, as new streams of Python."""
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, stdout, os.O_WRONLY | os.O_CREAT),
        (2, stderr, os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False, errors="backslashreplace")  # noqa: SIM115


def limit() -> None:
    """Bound the time of this process, and the memory that it takes from now on."""
    import resource

    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MORE_BYTES, used + MORE_BYTES))
    signal.alarm(SECONDS)


def prepare(*modules: str) -> None:
    """Import, and compute, all that a command would otherwise begin with, and these modules."""
    for name in (*IMPORTED, *modules):
        importlib.import_module(name)
    import numba

    from mibench.contract.registry import default_estimators
    from mibench.contract.resolve import resolve_estimators
    from mibench.tasks.catalogue import list_tasks

    numba.njit(lambda: 0)()  # numba prepares itself when it first compiles
    list_tasks()
    resolve_estimators(default_estimators())
    gc.freeze()  # a child must not search all these objects for garbage when it ends


def end(code: int) -> NoReturn:
    """End this process as Python does, but leave the imported modules as they are.

    Python takes them apart at its end. A fork has to copy the memory for that which it shares with
    its parent, and this takes ten times as long as to run a short command.
    """
    threading._shutdown()  # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve(*modules: str) -> None:
    """Run commands until standard input ends."""
    prepare(*modules)
    from mibench.cli.main import main

    requests = sys.stdin
    for line in requests:
        request = json.loads(line)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.chdir(request["cwd"])
            os.environ |= request["variables"]
            tempfile.tempdir = None  # from TMPDIR, when it is asked for
            redirect(request["stdout"], request["stderr"])
            if request.get("session"):
                os.setsid()
                faulthandler.enable()
            if request.get("limits"):
                limit()
            if request.get("forked_workers"):
                from forked_worker import fork_workers

                fork_workers()
            sys.argv = ["mibench", *request["args"]]
            try:
                main()  # raises SystemExit, as for the console script
            except SystemExit as ended:
                if request.get("session"):  # for tests of how a command ends
                    raise
                end(ended.code)
        if request.get("session"):
            print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
