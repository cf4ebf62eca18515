"""EDGE on a million rows."""

import time

import numpy as np

from mibench.estimators import Edge

N, MOST_SECONDS = 10**6, 2.0


def test_a_million_rows(note, rounds, slack):
    x, noise = np.random.default_rng(0).standard_normal((2, N))
    y = 0.75 * x + 0.66 * noise
    Edge().estimate(x[:1000], y[:1000])  # compiles
    times = []
    for _ in range(min(rounds, 3)):
        start = time.perf_counter()
        Edge().estimate(x, y)
        times.append(time.perf_counter() - start)
    note(
        f"edge, {N:,} rows of 1+1 columns: {min(times):.2f} s (at most {slack * MOST_SECONDS:g} s)"
    )
    assert min(times) < slack * MOST_SECONDS
