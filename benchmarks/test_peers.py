"""mibench compared with its peers, on the same data and with the same results."""

import subprocess
import sys
import time

import numpy as np
import pytest

from .conftest import SHORT
from .peers import GROUPS, kde_by_infomeasure, kde_by_scikit_learn, normal

USED = {name: group for name, group in GROUPS.items() if not SHORT or group.short is not None}
SIZES = {name: group.short if SHORT else group.n for name, group in USED.items()}
BUDGET = 4.0  # seconds, beyond which a slow piece of work is not repeated
AT_LEAST = 1.0  # seconds, for which a quick one is repeated: one of its rounds is then undisturbed
WARM_ROWS = 1000

_results: dict[tuple[str, str], float] = {}


def title(name: str) -> str:
    return f"{name}, n = {SIZES[name]:,}"


@pytest.mark.parametrize(
    ("name", "who"),
    [(name, who) for name, group in USED.items() for who in ("mibench", *group.peers)],
)
def test_work(benchmark, rounds, name, who):
    group = USED[name]
    benchmark.group = title(name)
    work = group.ours if who == "mibench" else group.peers[who].work
    x, y = group.data(SIZES[name], group.dims)
    work(x[:WARM_ROWS], y[:WARM_ROWS])
    start = time.perf_counter()
    work(x, y)
    once = time.perf_counter() - start
    wanted = max(rounds, int(AT_LEAST / once))
    _results[name, who] = benchmark.pedantic(
        work, (x, y), rounds=max(1, min(wanted, int(BUDGET / once)))
    )


def result(name, who):
    """The result of the timed run; computed now if that test was not run."""
    if (name, who) not in _results:
        group = USED[name]
        work = group.ours if who == "mibench" else group.peers[who].work
        _results[name, who] = work(*group.data(SIZES[name], group.dims))
    return _results[name, who]


@pytest.mark.parametrize(
    ("name", "who"),
    [(name, who) for name, g in USED.items() for who, p in g.peers.items() if p.agrees is not None],
)
def test_results_agree(name, who):
    """The peers computed the same estimate as mibench."""
    assert result(name, who) == pytest.approx(
        result(name, "mibench"), abs=USED[name].peers[who].agrees
    )


def test_infomeasure_sums_the_same_kernels():
    """Where no columns correlate, its kernels equal those of scikit-learn: see `peers`."""
    both = np.hstack(normal(500, 2))
    both = both @ np.linalg.inv(np.linalg.cholesky(np.cov(both.T))).T
    x, y = np.ascontiguousarray(both[:, :2]), np.ascontiguousarray(both[:, 2:])
    assert kde_by_infomeasure(x, y) == pytest.approx(
        kde_by_scikit_learn(x, y, leave_out=False), abs=1e-8
    )


@pytest.mark.parametrize("name", USED)
def test_ratio(check_ratio, name):
    check_ratio(title(name), USED[name].target, USED[name].floor)


MEMORY = """
import time, numpy as np
from mibench.estimators import KNN
from mibench.running.machine import peak_memory
x, e = np.random.default_rng(0).standard_normal((2, {n}))
y = 0.6 * x + 0.8 * e
start = time.perf_counter()
KNN(k=3).estimate(x, y)
print(time.perf_counter() - start, peak_memory())
"""


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="only Linux can reset the recorded peak of memory; `.ci/run` runs there",
)
def test_memory_of_many_rows(note, short):
    """The whole process, with interpreter, libraries and data, takes at most 600 bytes per row."""
    n = 1_000_000 if short else 10_000_000
    command = [sys.executable, "-P", "-c", MEMORY.format(n=n)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak = out.stdout.split()
    limit = 600 * n
    note(
        f"knn 1+1, n = {n:,}: {float(seconds):.3g} s, peak of the whole process "
        f"{int(peak) / 1e9:.2f} GB (under {limit / 1e9:g} GB)"
    )
    assert int(peak) < limit
