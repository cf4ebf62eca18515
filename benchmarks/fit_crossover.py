"""Measure which neighbour search is fastest: `python benchmarks/fit_crossover.py`.

Times the comparison of all pairs, slabs and the k-d tree of `estimators.neighbours.search` on
normal data, and marks the method that its rules choose. The rules are good while no other method is
much faster than the marked one. Slow combinations are left out.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from mibench.estimators.neighbours import search
from mibench.estimators.neighbours.search import Algorithm, count_within, nearest

METHODS: tuple[Algorithm, ...] = ("brute", "slabs", "tree")
ROWS = (500, 1000, 2000, 5000, 10_000, 30_000, 100_000)
MAX_ROWS = {"brute": 20_000, "slabs": 10**6, "tree": 10**6}


def best(work: Callable[[], object]) -> float:
    """The shortest of three runs, in ms."""
    work()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def line(work: Callable[[Algorithm], object], n: int, dims: int, rule: str) -> str:
    """The time of each method, with a star at the method that the rule chooses."""
    columns = []
    for method in METHODS:
        long = n > MAX_ROWS[method] or (method == "tree" and n * dims > 400_000)
        time_ms = "       -" if long else f"{best(partial(work, method)):8.2f}"
        columns.append(time_ms + ("*" if method == rule else " "))
    return " ".join(columns)


def main() -> None:
    """Print one line per dimension and n."""
    rng = np.random.default_rng(0)
    heads = " ".join(f"{method:>8s} " for method in METHODS)
    print(f"      n dims | nearest: ms, * the rule's choice | count\n{'':13}| {heads} | {heads}")
    for dims in (3, 4, 6, 8, 10, 16, 20, 30):
        for n in ROWS:
            columns = rng.standard_normal((dims, n))
            if n * dims > 1_000_000:
                continue
            reach = nearest(columns, 3, 1, "auto").radius
            slabs_from = search.min_rows_for_slabs(dims)
            rules = [
                search.fastest_method(n, slabs_from, tree_from(dims))
                for tree_from in (search.min_rows_for_tree, search.min_rows_for_tree_count)
            ]
            lines = [
                line(lambda a, c=columns: nearest(c, 3, 1, a), n, dims, rules[0]),
                line(lambda a, c=columns, r=reach: count_within(c, r, a), n, dims, rules[1]),
            ]
            print(f"{n:7d} {dims:4d} | {' | '.join(lines)}", flush=True)


if __name__ == "__main__":
    main()
