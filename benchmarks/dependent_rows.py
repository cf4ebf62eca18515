"""How often series, copied rows and near copies are flagged, and what they do to estimates.

python benchmarks/dependent_rows.py       # prints the table of docs/intervals.md; minutes
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.spatial import cKDTree

import mibench
from mibench.contract.rows import row_flags
from mibench.contract.variables import as_pair
from mibench.tasks.random import random_task

Float = NDArray[np.float64]
Sample = tuple[Float, Float]
Sampler = Callable[[np.random.Generator, int, int], Sample]

SEEDS, SEEDS_OF_ERRORS = 100, 5
SIZES, DIMS = (200, 1000, 5000), (1, 5)
RANDOM_TASKS = 400
MOST_VALUES = 200_000  # rows times columns of a sample of a random task


def series(memory: float) -> Sampler:
    def sample(rng: np.random.Generator, n: int, dims: int) -> Sample:
        noise = rng.normal(size=(2, n + 500, dims))
        x, y = lfilter([1], [1, -memory], noise, axis=1)[:, 500:]
        return x, y

    return sample


def independent(rng: np.random.Generator, n: int, dims: int) -> Sample:
    x, y = rng.normal(size=(2, n, dims))
    return x, y


def doubled(rng: np.random.Generator, n: int, dims: int) -> Sample:
    x, y = independent(rng, n // 2, dims)
    order = rng.permutation(np.tile(np.arange(n // 2), 2))
    return x[order], y[order]


def doubled_and_rounded(rng: np.random.Generator, n: int, dims: int) -> Sample:
    x, y = doubled(rng, n, dims)
    return x.round(2), y.round(2)


def bootstrap(rng: np.random.Generator, n: int, dims: int) -> Sample:
    x, y = independent(rng, n, dims)
    rows = rng.integers(0, n, n)
    return x[rows], y[rows]


def bootstrap_of_rounded(rng: np.random.Generator, n: int, dims: int) -> Sample:
    x, y = bootstrap(rng, n, dims)
    return x.round(2), y.round(2)


def oversampled(rng: np.random.Generator, n: int, dims: int) -> Sample:
    """A tenth of the rows, drawn again until it makes up half of all."""
    few = n // 2 - n // 20
    x, y = independent(rng, n - few, dims)
    rows = np.r_[np.arange(n - few), rng.integers(0, n // 20, few)]
    return x[rows], y[rows]


def with_noise(sample: Sampler, sd: float) -> Sampler:
    """The rows of a sample, with noise in each column of both sides."""

    def noisy(rng: np.random.Generator, n: int, dims: int) -> Sample:
        x, y = sample(rng, n, dims)
        return x + sd * rng.normal(size=x.shape), y + sd * rng.normal(size=y.shape)

    return noisy


def augmented(rng: np.random.Generator, n: int, dims: int) -> Sample:
    """Each row of x five times with noise, and the same y."""
    x, y = independent(rng, n // 5, dims)
    rows = rng.permutation(np.tile(np.arange(n // 5), 5))
    return x[rows] + 0.01 * rng.normal(size=(len(rows), dims)), y[rows]


def between_others(rng: np.random.Generator, n: int, dims: int) -> Sample:
    """Half of the rows lie between a row and one of its five nearest, as SMOTE makes them."""
    rows = np.concatenate(independent(rng, n // 2, dims), axis=1)
    near = cKDTree(rows).query(rows, 6)[1]
    first = rng.integers(0, len(rows), n - len(rows))
    second = near[first, rng.integers(1, 6, len(first))]
    made = rows[first] + rng.random((len(first), 1)) * (rows[second] - rows[first])
    both = rng.permutation(np.concatenate([rows, made]))
    return both[:, :dims], both[:, dims:]


KINDS: dict[str, tuple[str, Sampler]] = {
    "random walks": ("dependent_rows", series(1.0)),
    "AR(1), 0.99": ("dependent_rows", series(0.99)),
    "AR(1), 0.9": ("dependent_rows", series(0.9)),
    "AR(1), 0.6": ("dependent_rows", series(0.6)),
    "AR(1), 0.3": ("dependent_rows", series(0.3)),
    "table doubled": ("copied_rows", doubled),
    "table doubled, two decimals": ("copied_rows", doubled_and_rounded),
    "bootstrap sample": ("copied_rows", bootstrap),
    "bootstrap sample, two decimals": ("copied_rows", bootstrap_of_rounded),
    "a class oversampled": ("copied_rows", oversampled),
    "table doubled, noise 0.001": ("near_copies", with_noise(doubled, 0.001)),
    "table doubled, noise 0.1": ("near_copies", with_noise(doubled, 0.1)),
    "bootstrap sample, noise 0.001": ("near_copies", with_noise(bootstrap, 0.001)),
    "x five times, noise 0.01, y kept": ("near_copies", augmented),
    "rows between two others": ("near_copies", between_others),
}


def flagged(kind: str, n: int, dims: int) -> float:
    code, sample = KINDS[kind]
    hits = 0
    for seed in range(SEEDS):
        x, y = sample(np.random.default_rng([seed, 31]), n, dims)
        hits += code in row_flags(*as_pair(x, y, False, False))
    return hits / SEEDS


def error(kind: str, estimator: str) -> float:
    """The mean estimate, in nats, at 1000 rows of 1+1 columns, whose MI is 0."""
    sample = KINDS[kind][1]
    return float(
        np.mean(
            [
                mibench.estimate(
                    *sample(np.random.default_rng([seed, 32]), 1000, 1), estimator
                ).nats
                for seed in range(SEEDS_OF_ERRORS)
            ]
        )
    )


def falsely_flagged() -> tuple[int, dict[str, int]]:
    """Random tasks of the stream `judge`, whose rows are independent: how many, and how flagged."""
    hits = {"dependent_rows": 0, "copied_rows": 0, "near_copies": 0}
    for seed in range(RANDOM_TASKS):
        task = random_task(f"random-judge-{seed}")
        n = min(1000, MOST_VALUES // (task.dim_x + task.dim_y))
        x, y = task.sample(n, seed)
        for code in row_flags(*as_pair(x, y, task.discrete_x, task.discrete_y)):
            hits[code] += 1
    return RANDOM_TASKS, hits


def main() -> None:
    cases = [(n, dims) for dims in DIMS for n in SIZES]
    print("| independent sides | flag | " + " | ".join(f"{n}, {d}+{d}" for n, d in cases)
          + " | `knn`, nats | `canonical`, nats |")  # fmt: skip
    print("|---" * (4 + len(cases)) + "|")
    for kind, (code, _) in KINDS.items():
        shares = " | ".join(f"{flagged(kind, n, dims):.0%}" for n, dims in cases)
        errors = " | ".join(f"{error(kind, name):.2f}" for name in ("knn", "canonical"))
        print(f"| {kind} | `{code}` | {shares} | {errors} |")
    count, hits = falsely_flagged()
    print(f"\nof {count} random tasks, flagged by mistake: {hits}")


if __name__ == "__main__":
    main()
