"""Time of all pairs of many columns, and how well the links of a network are found.

    python benchmarks/wide_pairs.py time       # 2,000 columns, 1,000 rows
    python benchmarks/wide_pairs.py knn        # 40 columns, 10,000 rows
    python benchmarks/wide_pairs.py network    # 1,000 columns, of which each depends on one other
    python benchmarks/wide_pairs.py store      # as `time`, kept in a store, and taken from it

Processor time is that of all threads, so that it says what an idle machine would take.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import mibench


def timed(what: str, table: np.ndarray, spec: str, **options: object) -> None:
    columns = table.shape[1]
    count = columns * (columns - 1) // 2
    wall, processor = time.perf_counter(), time.process_time()
    pairs = mibench.pairwise(table, spec, **options)  # type: ignore[arg-type]
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{what}: {count:,} pairs, {len(pairs.table):,} kept, {wall:.1f} s, {count / wall:,.0f} "
        f"pairs a second; processor {processor:.1f} s, {processor / count * 1e3:.3g} ms a pair; "
        f"peak memory {peak:,.0f} MB",
        flush=True,
    )


def times() -> None:
    table = columns_of_factors(1000, 2000)
    for spec in ("adaptive", "adaptive:bins=8", "uniform"):
        mibench.pairwise(table[:, :10], spec)  # compiles
    timed("adaptive, 5 strongest", table, "adaptive", strongest=5)
    timed("adaptive, above 0.1 nats", table, "adaptive", threshold_nats=0.1)
    timed("adaptive, above 0.1 nats, aracne", table, "adaptive", threshold_nats=0.1, aracne=0.1)
    for spec in ("adaptive", "adaptive:bins=8", "uniform"):
        timed(spec, table, spec)


def times_of_knn() -> None:
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(10_000, 40))
    tables = {
        "independent normal columns": normal,
        "columns of factors": columns_of_factors(10_000, 40),
        "columns that hardly differ": rng.normal(size=(10_000, 1)) + 0.1 * normal,
        "Cauchy columns": rng.standard_cauchy((10_000, 40)),
        "whole numbers": np.round(1000 * normal),
        "rounded to a tenth": np.round(normal, 1),
    }
    mibench.pairwise(normal[:, :4], "knn")  # compiles
    for name, table in tables.items():
        timed(name, table, "knn")


def columns_of_factors(n: int, columns: int) -> np.ndarray:
    """Columns that depend on each other through 20 factors."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(n, 20))[:, rng.integers(0, 20, columns)]
    return factors * rng.uniform(0, 1.5, columns) + rng.normal(size=(n, columns))


def stores() -> None:
    table = columns_of_factors(1000, 2000)
    mibench.pairwise(table[:, :10], "adaptive")  # compiles
    with tempfile.TemporaryDirectory() as folder:
        for trial in range(3):
            path = Path(folder, f"{trial}.jsonl")
            timed("adaptive", table, "adaptive")
            timed("adaptive, kept in a store", table, "adaptive", store=path)
            timed("adaptive, from the store", table, "adaptive", store=path)
        print(f"the store has {path.stat().st_size / 1e6:.1f} MB")


def network_of(columns: int, n: int, seed: int = 0) -> tuple[np.ndarray, set[tuple[int, int]]]:
    """Columns (n, columns), each but the first 20 following one before it; and these pairs."""
    rng = np.random.default_rng(seed)
    table = np.empty((n, columns))
    links = set()
    for column in range(columns):
        table[:, column] = rng.normal(size=n)
        if column >= 20:
            regulator = int(rng.integers(0, min(column, 200)))
            table[:, column] = np.tanh(1.5 * table[:, regulator]) + 0.5 * table[:, column]
            table[:, column] /= table[:, column].std()
            links.add((regulator, column))
    return table, links


def network() -> None:
    for n in (100, 200, 500):
        table, links = network_of(1000, n)
        for aracne in (None, 0.0, 0.1):
            pairs = mibench.pairwise(table, "adaptive", threshold_nats=0.2, aracne=aracne).table
            found = set(zip(pairs["x"], pairs["y"], strict=True))
            right = len(found & links)
            print(
                f"| {n} | {'none' if aracne is None else aracne} | {len(found):,} | "
                f"{right / max(1, len(found)):.3f} | {right / len(links):.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    commands = {"time": times, "knn": times_of_knn, "network": network, "store": stores}
    commands[sys.argv[1]]()
