"""Estimators that misbehave on samples with more rows than the warm-up has."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from mibench import Estimate, Estimator
from mibench.running.evaluation import WARM_UP_ROWS


@njit
def spin(x: float) -> float:
    """Compiled code that never ends and holds the interpreter's lock, so no signal handler runs."""
    while x >= 0:
        x += 1e-9
    return x


@dataclass(frozen=True)
class Awkward(Estimator):
    """Returns 0.5 nats for few rows, and misbehaves as `how` says on more."""

    how: str = "spin"
    few: int = WARM_UP_ROWS
    file: str = ""  # where `orphan` writes the id of its fork

    def _estimate(self, x, y):
        if x.n > self.few:
            getattr(self, f"_{self.how}")()
        return Estimate(0.5)

    def _spin(self):
        spin(0.0)

    def _hoard(self):
        arrays = []
        while True:  # 8 MB at a time, written to, so that they are resident
            arrays.append(np.ones(1_000_000))
            time.sleep(1e-3)

    def _crash(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def _leave(self):
        os._exit(3)

    def _wait(self):
        time.sleep(600)

    def _abandon(self):
        """Start a program in a new session from a process that ends, and then wait."""
        inner = [sys.executable, "-c", "import time; time.sleep(600)  # awkward child"]
        outer = f"import subprocess; subprocess.Popen({inner!r}, start_new_session=True)"
        subprocess.run([sys.executable, "-c", outer], check=True)
        time.sleep(600)

    def _fork(self):
        """Start a program that outlives this process, and wait for it."""
        command = [sys.executable, "-c", "import time; time.sleep(600)  # awkward child"]
        subprocess.Popen(command).wait()

    def _orphan(self):
        """End, and leave a fork that keeps open what this process had open."""
        fork = os.fork()
        if fork == 0:
            os.closerange(0, 3)  # the output of the tests must not wait for the fork
            time.sleep(600)
        Path(self.file).write_text(str(fork))
        os._exit(3)

    def _shut(self):
        """Close what is open, as a daemon does, and go on."""
        os.closerange(3, 100)
        time.sleep(600)

    def _borrow(self):
        """Hold 100 MB for a moment."""
        np.ones(12_500_000)
        ctypes.CDLL(None).malloc_trim(0)


@dataclass(frozen=True)
class Slow(Estimator):
    """Takes a while, and returns a number that depends on the sample only."""

    seconds: float = 0.02

    def _estimate(self, x, y):
        time.sleep(self.seconds)
        return Estimate(float(np.abs(x.columns).mean()))
