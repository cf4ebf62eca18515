"""Runs code in forks of a Python that has imported numba, which takes a new one a second.

The kernels of the code are not known to it: each fork compiles them or loads them from the disk, as
a new process does.
"""

import json
import os
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import TextIO

SERVER = """
import contextlib, io, json, os, sys, traceback
import numba, numpy
import mibench.compiled.cache

numba.njit(lambda: 0)()  # numba prepares itself when it first compiles
sys.dont_write_bytecode = True
for line in sys.stdin:
    request = json.loads(line)
    child = os.fork()
    if child == 0:
        if os.fork() > 0:
            os._exit(0)
        os.chdir(request["cwd"])
        os.umask(request["umask"])
        os.environ.clear()
        os.environ.update(request["variables"])
        sys.path[:0] = request["path"]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                exec(request["code"], {"__name__": "__main__"})
            except BaseException:
                traceback.print_exc(file=out)
        with open(request["output"] + ".part", "w") as file:
            file.write(out.getvalue())
        os.rename(request["output"] + ".part", request["output"])
        os._exit(0)
    os.waitpid(child, 0)
"""


class Python:
    """Runs code in new processes, at the same time if it is asked to."""

    def __init__(self, folder: Path) -> None:
        self._outputs = (folder / str(number) for number in count())
        self._server = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVER], stdin=subprocess.PIPE, text=True
        )

    def start(self, code: str, *path: Path) -> Path:
        """Run code with these folders first in the path; the file that it will print to."""
        umask = os.umask(0)
        os.umask(umask)
        output = next(self._outputs)
        request = {
            "code": code, "path": [*map(str, path)], "variables": dict(os.environ),
            "cwd": os.getcwd(), "umask": umask, "output": str(output),
        }  # fmt: skip
        stdin: TextIO = self._server.stdin  # type: ignore[assignment]
        print(json.dumps(request), file=stdin, flush=True)
        return output

    def close(self) -> None:
        """End the server."""
        self._server.communicate()


def printed(output: Path, seconds: float = 120) -> str:
    """What a process printed, with its traceback if it raised, when it has ended."""
    end = time.monotonic() + seconds
    while not output.exists():
        assert time.monotonic() < end, "the process does not end"
        time.sleep(0.005)
    return output.read_text()
