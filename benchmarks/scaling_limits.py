"""Measure the speed of this machine, and compute the limit of each core: see `scaling.py`.

The limit of a core is the number of operations or bytes that its method needs, divided by the rate
of a pure loop on this machine, compiled like the kernels and on as many threads.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mibench.estimators.kernels._jit import kernel
from mibench.estimators.shared.threads import thread_count

Array = NDArray[np.float64]

SIZES = (100_000, 1_000_000, 10_000_000)  # numbers of values whose sorting is timed
SMALL = 512  # float64 values that fit in the fastest cache
REPEATS = 20_000
TERMS = 32


@kernel
def _read(values: Array) -> float:
    """Sum in 32 partial sums that vector registers hold: the fastest way to read all values."""
    parts = np.zeros(32)
    for i in range(0, values.shape[0] - 31, 32):
        for lane in range(32):
            parts[lane] += values[i + lane]
    return float(parts.sum())


@kernel
def _multiply_add(values: Array, repeats: int) -> float:
    """TERMS dependent a * b + c for each value; those of different values overlap."""
    total = 0.0
    out = np.empty_like(values)
    for _ in range(repeats):
        for i in range(values.shape[0]):
            r = values[i]
            p = r
            for _ in range(TERMS):
                p = p * r + 0.5
            out[i] = p
        total += out[0]
    return total


@kernel
def _farthest(columns: Array, repeats: int) -> float:
    """max_d |column_d - centre_d| for 8 columns of values, repeatedly."""
    total = 0.0
    out = np.empty(columns.shape[1])
    c0, c1, c2, c3 = columns[0], columns[1], columns[2], columns[3]
    c4, c5, c6, c7 = columns[4], columns[5], columns[6], columns[7]
    for j in range(repeats):
        target = j % columns.shape[1]
        m0, m1, m2, m3 = c0[target], c1[target], c2[target], c3[target]
        m4, m5, m6, m7 = c4[target], c5[target], c6[target], c7[target]
        for i in range(columns.shape[1]):
            a, b = abs(c0[i] - m0), abs(c1[i] - m1)
            c, d = abs(c2[i] - m2), abs(c3[i] - m3)
            e, f = abs(c4[i] - m4), abs(c5[i] - m5)
            g, h = abs(c6[i] - m6), abs(c7[i] - m7)
            a, c = a if a > b else b, c if c > d else d
            e, g = e if e > f else f, g if g > h else h
            a, e = a if a > c else c, e if e > g else g
            out[i] = a if a > e else e
        total += out[0]
    return total


def _seconds(works: Sequence[Callable[[], object]]) -> float:
    """The shortest of five times of running all works at once, each on its own thread."""
    with ThreadPoolExecutor(len(works)) as pool:
        times = []
        for _ in range(6):  # the first compiles
            start = time.perf_counter()
            for done in [pool.submit(work) for work in works]:
                done.result()
            times.append(time.perf_counter() - start)
    return min(times[1:])


def measure() -> dict[str, float]:
    """Bytes and operations per second on all threads, and seconds for two sorts of n values."""
    threads = thread_count()
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, SIZES[-1]))
    halves = [part for side in (x, y) for part in np.array_split(side, threads)]
    small = np.ascontiguousarray(rng.random(SMALL) / 2)
    columns = rng.standard_normal((8, SMALL // 8))

    def read_all(thread: int) -> None:
        for part in halves[thread::threads]:
            _read(part)

    rates = {
        "threads": float(threads),
        "bytes": 2 * x.nbytes / _seconds([lambda t=t: read_all(t) for t in range(threads)]),
        "multiply_adds": threads * SMALL * TERMS * REPEATS
        / _seconds([lambda: _multiply_add(small, REPEATS)] * threads),
        "comparisons": threads * SMALL * REPEATS
        / _seconds([lambda: _farthest(columns, REPEATS)] * threads),
    }  # fmt: skip
    for n in SIZES:
        sorts = [partial(np.sort, x[:n]), partial(np.sort, y[:n])]
        rates[f"sorts_{n}"] = (
            sum(map(_seconds, zip(sorts, strict=True))) if threads == 1 else _seconds(sorts)
        )
    return rates


@dataclass(frozen=True)
class Limit:
    """The minimal work of an estimator for n rows of dims + dims, in words and in seconds."""

    estimator: str
    dims: int
    n: int
    needs: str
    by: str
    seconds: Callable[[Mapping[str, float]], float]


def _reading(n: int, dims: int) -> Callable[[Mapping[str, float]], float]:
    return lambda machine: 16 * n * dims / machine["bytes"]


def _kernels(n: int, dims: int) -> Callable[[Mapping[str, float]], float]:
    operations = n**2 / 2 * (4 * dims + 2 * EXP + 7)
    return lambda machine: operations / machine["multiply_adds"]


def _pairs(n: int, dims: int) -> Callable[[Mapping[str, float]], float]:
    return lambda machine: n**2 * 2 * dims / machine["comparisons"]


def _sorts(n: int) -> Callable[[Mapping[str, float]], float]:
    return lambda machine: 16 * n / machine["bytes"] + machine[f"sorts_{n}"]


EXP = 23  # of `kernels.density._exp_inplace`: 15 multiply-adds and 8 other operations

# For each pair of rows: a subtraction and a multiply-add per dimension of both sides; two
# exponentials and their product; three sums at each of the two rows.
_KERNELS = "n²/2 pairs · (2 for each of {} dims + 2 exp of 23 + 7) operations"
_PAIRS = "n²/2 pairs · {} dims · 2 passes (radius, counts) of subtract, abs, max"

LIMITS = (
    Limit("uniform", 1, 10**7, "16 n bytes read once", "reading", _reading(10**7, 1)),
    Limit(
        "adaptive", 1, 10**7, "16 n bytes read once, one sort per side", "np.sort", _sorts(10**7)
    ),
    Limit("knn", 1, 10**6, "16 n bytes read once, one sort per side", "np.sort", _sorts(10**6)),
    Limit("knn", 5, 10**4, _PAIRS.format(10), "comparing", _pairs(10**4, 5)),
    Limit("knn", 25, 10**4, _PAIRS.format(50), "comparing", _pairs(10**4, 25)),
    Limit("kde", 1, 10**4, _KERNELS.format(2), "multiply-adds", _kernels(10**4, 1)),
    Limit("kde", 5, 10**4, _KERNELS.format(10), "multiply-adds", _kernels(10**4, 5)),
    Limit("kde", 25, 10**4, _KERNELS.format(50), "multiply-adds", _kernels(10**4, 25)),
    Limit("canonical", 5, 10**6, "80 n bytes read once", "reading", _reading(10**6, 5)),
)
