"""A Dask cluster for tests: a scheduler and workers, each in a process of its own.

The processes are forks of one that has imported Dask and mibench, which takes a new Python two
seconds each time. Otherwise they run the same command lines as a user.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pandas as pd
import psutil

SERVER = """
import gc, importlib, json, os, sys, threading

for name in ("distributed.cli.dask_scheduler", "distributed.cli.dask_worker", "mibench.api",
             "mibench.running.evaluation", "scipy.linalg", "scipy.special"):
    importlib.import_module(name)
gc.freeze()
for line in sys.stdin:
    request = json.loads(line)
    if "wait" in request:
        print(os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1]), flush=True)
        continue
    child = os.fork()
    if child == 0:
        for number, path in ((0, os.devnull), (1, request["log"]), (2, request["log"])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
        os.closerange(3, 1024)
        sys.stdin, sys.stdout, sys.stderr = (open(n, "rw"[n > 0], closefd=False) for n in range(3))
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["variables"])
        sys.path[:0] = request["path"]
        sys.argv = request["arguments"]
        try:
            importlib.import_module(f"distributed.cli.{sys.argv[0]}").main()
        finally:
            os._exit(1)
    print(child, flush=True)
"""


class _Server:
    """The process that starts those of clusters."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def answer(self, **request: object) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@cache
def _server() -> _Server:
    """The one of this test process."""
    server = _Server()
    atexit.register(server.close)
    return server


class ClusterProcess:
    """A scheduler or worker. Its methods are as those of `subprocess.Popen`."""

    def __init__(self, **request: object) -> None:
        self.pid = _server().answer(**request)
        self.returncode: int | None = None

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = 60) -> int:
        deadline = time.monotonic() + timeout
        while self.returncode is None:
            if psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE:
                self.returncode = _server().answer(wait=self.pid)
            elif time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a process of a cluster", timeout)
            else:
                time.sleep(0.01)
        return self.returncode


class Cluster:
    """A scheduler on loopback and its workers."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._scheduler = self._start("dask_scheduler", "--port", "0", "--no-dashboard",
                                      "--scheduler-file", self._file)  # fmt: skip
        deadline = time.monotonic() + 60
        while not self._file.exists() or not self._file.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.address = pd.read_json(self._file, typ="series")["address"]
        self.workers = [self.worker(place) for place in range(workers)]

    def worker(self, place: int) -> "ClusterProcess | subprocess.Popen[bytes]":
        folder = self._folder / f"worker-{place}"
        return self._start("dask_worker", self.address, "--nthreads", "1", "--no-dashboard",
                           "--no-nanny", "--local-directory", folder)  # fmt: skip

    def _start(self, module: str, *arguments: object) -> "ClusterProcess | subprocess.Popen[bytes]":
        tests = str(Path(__file__).parent)
        words, log = [*map(str, arguments)], self._folder / f"{module}-{time.monotonic_ns()}.log"
        variables = {**os.environ, "PYTHONPATH": tests}
        if hasattr(os, "fork"):
            return ClusterProcess(
                arguments=[module, *words], cwd=str(self._folder), path=[tests], log=str(log),
                variables=variables,
            )  # fmt: skip
        with log.open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *words],
                stdout=file, stderr=file, cwd=self._folder, env=variables,
            )  # fmt: skip

    def close(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()
