"""Estimators that misbehave beyond the first few rows, which the warm-up has."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
from numba import njit

from mibench import Estimate, Estimator
from mibench.running.cells import WARM_UP_ROWS


@njit
def spin(x: float) -> float:
    """Compiled, holds the interpreter's lock, and never ends: no signal handler can run."""
    while x >= 0:
        x += 1e-9
    return x


@dataclass(frozen=True)
class Awkward(Estimator):
    """Answers 0.5 nats for few rows, and does harm on many."""

    how: str = "spin"
    few: int = WARM_UP_ROWS

    def _estimate(self, x, y):
        if x.n > self.few:
            getattr(self, f"_{self.how}")()
        return Estimate(0.5)

    def _spin(self):
        spin(0.0)

    def _hoard(self):
        held = []
        while True:  # 8 MB at a time, written to, so that they are resident
            held.append(np.ones(1_000_000))
            time.sleep(1e-3)

    def _crash(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def _leave(self):
        os._exit(3)

    def _wait(self):
        time.sleep(600)

    def _abandon(self):
        """A program that leaves the group, whoever started it having ended, and an endless wait."""
        inner = [sys.executable, "-c", "import time; time.sleep(600)  # awkward child"]
        outer = f"import subprocess; subprocess.Popen({inner!r}, start_new_session=True)"
        subprocess.run([sys.executable, "-c", outer], check=True)
        time.sleep(600)

    def _fork(self):
        """A program of its own that outlives whoever started it."""
        command = [sys.executable, "-c", "import time; time.sleep(600)  # awkward child"]
        subprocess.Popen(command).wait()

    def _orphan(self):
        """Ends, and leaves a fork that has open what it had."""
        if os.fork() == 0:
            os.closerange(0, 3)  # but for the output of the tests
            time.sleep(60)
        os._exit(3)

    def _shut(self):
        """Closes what is open, as a daemon does, and goes on."""
        os.closerange(3, 100)
        time.sleep(60)

    def _borrow(self):
        """100 MB for a moment."""
        np.ones(12_500_000)
        ctypes.CDLL(None).malloc_trim(0)


@dataclass(frozen=True)
class Slow(Estimator):
    """Takes a while, and depends on the sample alone."""

    seconds: float = 0.02

    def _estimate(self, x, y):
        time.sleep(self.seconds)
        return Estimate(float(np.abs(x.columns).mean()))
