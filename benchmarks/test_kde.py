"""Kernel density against scikit-learn, in time and memory."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.neighbors import KernelDensity

from mibench.estimators import KDE

GROUP = "kde 5+5, n = 4096"
N, D = 4096, 5


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N, D))
    return x, 0.5 * x + rng.standard_normal((N, D))


def by_scikit_learn(x: np.ndarray, y: np.ndarray) -> float:
    """The same estimate by three `KernelDensity`, the point itself taken out of each sum."""
    factor = N ** (-1 / (2 * D + 4))
    x, y = x / (factor * x.std(axis=0, ddof=1)), y / (factor * y.std(axis=0, ddof=1))
    logs = []
    for z in (np.hstack([x, y]), x, y):
        own = -0.5 * z.shape[1] * np.log(2 * np.pi)
        sums = KernelDensity(bandwidth=1.0).fit(z).score_samples(z) + np.log(N)
        logs.append(sums + np.log1p(-np.exp(own - sums)) - np.log(N - 1))
    return float(np.mean(logs[0] - logs[1] - logs[2]))


@pytest.mark.parametrize("who", ["mibench", "scikit-learn"])
@pytest.mark.benchmark(group=GROUP)
def test_vectors(benchmark, rounds, who):
    x, y = data()
    work = {
        "mibench": lambda: KDE().estimate(x, y).nats,
        "scikit-learn": lambda: by_scikit_learn(x, y),
    }[who]
    found = benchmark.pedantic(work, rounds=rounds, warmup_rounds=1)
    assert found == pytest.approx(KDE().estimate(x, y).nats, abs=1e-8)


def test_ratio(check_ratio):
    check_ratio(GROUP, 10)


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
    command = [sys.executable, "-c", MEMORY]
    subprocess.run(command, check=True)  # compiles, which takes memory of its own
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = int(out.stdout) / 1024
    note(f"{GROUP}: peak of the whole process {peak:.0f} MB (under 200 MB)")
    assert peak < 200
