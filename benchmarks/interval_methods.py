"""How often other intervals hold the true MI, beside those of mibench, on the same samples.

    python benchmarks/interval_methods.py 60     # prints the table of docs/intervals.md; minutes

The samples are the first of the random tasks of the stream `judge` whose sides are both
continuous, of 200 to 2000 rows and at most 20 columns.
"""

import math
import sys
from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
from intervals import drawn_rows
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

import mibench
from mibench.tasks.random import random_task
from mibench.types import Task

Float = NDArray[np.float64]
Interval = tuple[float, float]

LEVELS = (0.5, 0.8, 0.9, 0.95)
RESAMPLES = 100
NEIGHBOURS = 3
MOST_ROWS, MOST_COLUMNS = 2000, 20


def samples(count: int) -> Iterator[tuple[Task, Float, Float]]:
    seed, found = 0, 0
    while found < count:
        task = random_task(f"random-judge-{seed}")
        columns = task.dim_x + task.dim_y
        rows = drawn_rows("judge", seed, columns)
        if not (task.discrete_x or task.discrete_y or columns > MOST_COLUMNS or rows > MOST_ROWS):
            found += 1
            yield task, *task.sample(rows, 1)
        seed += 1


def of_mibench(x: Float, y: Float) -> list[Interval]:
    found = [mibench.estimate(x, y, interval=level).interval for level in LEVELS]
    return [interval for interval in found if interval is not None]


def jackknife(x: Float, y: Float) -> list[Interval]:
    estimate = mibench.estimate(x, y, "knn", interval="sampling")
    return normal(estimate.nats, estimate.interval_info["standard_error_nats"])


def bootstrap(x: Float, y: Float) -> list[Interval]:
    """Quantiles of estimates from rows drawn with replacement."""
    rng = np.random.default_rng(0)
    nats = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(x), len(x))
        nats.append(mibench.estimate(x[rows], y[rows], "knn").nats)
    ends = [np.quantile(nats, [(1 - level) / 2, (1 + level) / 2]) for level in LEVELS]
    return [(float(low), float(high)) for low, high in ends]


def asymptotic(x: Float, y: Float) -> list[Interval]:
    """The k-NN estimate, and the normal limit from the variance of its local values.

    References:
        Gao, Oh & Viswanath 2018, doi:10.1109/TIT.2018.2807481.
    """
    x, y = ((side - side.mean(axis=0)) / side.std(axis=0) for side in (x, y))
    n = len(x)
    both = np.hstack([x, y])
    distance = cKDTree(both).query(both, NEIGHBOURS + 1, p=np.inf)[0]
    radius = np.nextafter(distance[:, -1], 0)
    counts = [
        cKDTree(side).query_ball_point(side, radius, p=np.inf, return_length=True)
        for side in (x, y)
    ]
    local = digamma(NEIGHBOURS) + digamma(n) - digamma(counts[0]) - digamma(counts[1])
    return normal(float(local.mean()), float(local.std(ddof=1)) / math.sqrt(n))


def normal(nats: float, error: float) -> list[Interval]:
    reaches = [NormalDist().inv_cdf((1 + level) / 2) * error for level in LEVELS]
    return [(nats - reach, nats + reach) for reach in reaches]


METHODS: dict[str, Callable[[Float, Float], list[Interval]]] = {
    "`interval=`, for `auto`, `canonical` and `knn`": of_mibench,
    '`interval="sampling"` of `knn`: jackknife of halves': jackknife,
    "bootstrap of `knn`, quantiles": bootstrap,
    "normal limit of k-NN (Gao et al. 2018)": asymptotic,
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    held = {name: np.zeros((count, len(LEVELS)), bool) for name in METHODS}
    width = {name: np.zeros(count) for name in METHODS}
    for place, (task, x, y) in enumerate(samples(count)):
        print(task.name, len(x), file=sys.stderr)
        slack = 2 * task.mi_error_nats + 1e-6
        for name, method in METHODS.items():
            ends = np.array(method(x, y))
            held[name][place] = (ends[:, 0] - slack <= task.mi_nats) & (
                task.mi_nats <= ends[:, 1] + slack
            )
            width[name][place] = np.diff(ends[LEVELS.index(0.9)])[0]
    print(f"{count} samples\n")
    print("| interval | 50% | 80% | 90% | 95% | median width of 90%, nats |")
    print("|---|---|---|---|---|---|")
    for name in METHODS:
        shares = " | ".join(f"{share:.0%}" for share in held[name].mean(axis=0))
        print(f"| {name} | {shares} | {np.median(width[name]):.2f} |")


if __name__ == "__main__":
    main()
