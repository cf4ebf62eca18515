"""Where comparing all pairs overtakes the k-d tree: `python benchmarks/fit_crossover.py`.

Times both algorithms of `estimators._neighbours` for normal data, and marks the one that its rule
takes. The rule is good while the marked one is never much slower than the other.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from mibench.estimators._neighbours import (
    count_within,
    nearest,
    tree_count_pays_from,
    tree_pays_from,
)


def best(work: Callable[[], object]) -> float:
    """The shortest of three runs, in ms."""
    work()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def main() -> None:
    """Print a line for each n and dimension."""
    rng = np.random.default_rng(0)
    print(
        "     n dims | nearest: tree   brute      | count: tree   brute  (ms; * the rule's choice)"
    )
    for n in (500, 1000, 2000, 5000, 10_000, 20_000):
        for dims in (2, 3, 4, 6, 8, 10, 16):
            columns = rng.standard_normal((dims, n))
            reach = nearest(columns, 3, 1, "auto").radius * 2
            tree, brute = (best(partial(nearest, columns, 3, 1, a)) for a in ("tree", "brute"))
            tree2, brute2 = (
                best(partial(count_within, columns, reach, a)) for a in ("tree", "brute")
            )
            (a, b), (c, d) = (
                "* " if n >= limit(dims) else " *"
                for limit in (tree_pays_from, tree_count_pays_from)
            )
            print(
                f"{n:6d} {dims:4d} | {tree:13.2f}{a} {brute:8.2f}{b}     "
                f"| {tree2:11.2f}{c} {brute2:8.2f}{d}"
            )


if __name__ == "__main__":
    main()
