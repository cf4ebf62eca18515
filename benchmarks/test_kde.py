"""The memory of kernel density estimation."""

import subprocess
import sys

GROUP = "kde 5+5, n = 4096"

MEMORY = """
import re, resource, sys, numpy as np
from mibench.estimators import KDE
rng = np.random.default_rng(0)
x = rng.standard_normal((4096, 5)); y = 0.5 * x + rng.standard_normal((4096, 5))
KDE().estimate(x, y)
if sys.platform == "linux":  # where getrusage also counts the parent before it started this
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
else:  # macOS, in bytes
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory(note):
    """The whole process: interpreter, libraries, data and estimate."""
    command = [sys.executable, "-P", "-c", MEMORY]
    subprocess.run(command, check=True)  # compiles, which needs extra memory
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = int(out.stdout) / 1024
    note(f"{GROUP}: peak of the whole process {peak:.0f} MB (under 200 MB)")
    assert peak < 200
