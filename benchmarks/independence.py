"""Tests of independence by permutations: what they find, and how often they are wrong.

python benchmarks/independence.py power      # of the tests of several estimators
python benchmarks/independence.py series     # of `auto`, for independent sides that are series
python benchmarks/independence.py deviation  # a constant of the test of `auto`
"""

import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

import mibench

Float = NDArray[np.float64]
Sample = tuple[Float, Float, bool]  # X, Y, whether X holds labels

SAMPLES, ROWS, PERMUTATIONS = 100, 300, 99
TESTS = ("knn", "knn:k=10", "gaussian_copula", "adaptive:bins=6")


def kinds(rng: np.random.Generator) -> Iterator[tuple[str, Sample]]:
    """Dependent sides, weak enough that no test finds all; the first are independent."""
    x, y, other = rng.standard_normal((3, ROWS))
    x5, y5 = rng.standard_normal((2, ROWS, 4))
    three = rng.integers(0, 3, ROWS).astype(float)
    angle = rng.uniform(0, 2 * np.pi, ROWS)
    yield "independent", (x, y, False)
    yield "line, r = 0.18", (x, 0.18 * x + y, False)
    yield "line and far outliers", (*_cauchy(rng, x, y), False)
    yield "parabola", (x, 0.25 * x**2 + y, False)
    yield "spread of y grows with x", (x, y * np.exp(0.3 * x), False)
    yield "wave of two periods", (*_wave(rng, 2, 1.3), False)
    yield "wave of six periods", (*_wave(rng, 6, 0.5), False)
    yield "noisy circle", (np.cos(angle) + 0.4 * x, np.sin(angle) + 0.4 * y, False)
    yield "both cut off at 0", (np.maximum(x - 0.8, 0), np.maximum(0.35 * x + y - 0.8, 0), False)
    counts = rng.poisson(1.0, ROWS)
    yield "counts", (counts * 1.0, rng.poisson(1 + 0.2 * counts) * 1.0, False)
    yield "means of three labels", (three, 0.2 * three + y, True)
    yield "spreads of three labels", (three, y * (1 + 0.2 * three), True)
    yield "product of two columns", (np.column_stack([x, other]), 0.35 * x * other + y, False)
    yield "one pair of 5+5, linear", (
        np.column_stack([x, x5]), np.column_stack([0.35 * x + y, y5]), False,
    )  # fmt: skip
    yield "one pair of 5+5, parabola", (
        np.column_stack([x, x5]), np.column_stack([0.5 * x**2 + y, y5]), False,
    )  # fmt: skip


def _cauchy(rng: np.random.Generator, x: Float, y: Float) -> tuple[Float, Float]:
    heavy = rng.standard_cauchy((2, ROWS))
    return x + 0.2 * heavy[0], 0.4 * x + y + 0.2 * heavy[1]


def _wave(rng: np.random.Generator, periods: int, noise: float) -> tuple[Float, Float]:
    x = rng.uniform(-1, 1, ROWS)
    return x, np.sin(np.pi * periods * x) + noise * rng.standard_normal(ROWS)


def tests() -> dict[str, Callable[[Sample, int], float | None]]:
    """The p-value of a sample with a seed, by the name of the test."""

    def of(estimator: object) -> Callable[[Sample, int], float | None]:
        def p_value(sample: Sample, seed: int) -> float | None:
            x, y, labels = sample
            try:
                return mibench.estimate(
                    x, y, estimator, discrete_x=labels, permutations=PERMUTATIONS, seed=seed
                ).p_value
            except mibench.InputError:  # gaussian_copula takes no labels
                return None

        return p_value

    # The test of auto without its estimate, which is not compared and takes a second.
    return {"auto": of(mibench.get_estimator("auto").tested_by()), **{t: of(t) for t in TESTS}}


def power() -> None:
    """Print the share of samples with p <= 0.05, by kind of dependence and test."""
    tested = tests()
    print("| dependence | " + " | ".join(f"`{name}`" for name in tested) + " |")
    print("|---|" + "---|" * len(tested))
    for place, (name, _) in enumerate(kinds(np.random.default_rng(0))):
        cells = []
        for p_value in tested.values():
            p = [
                p_value(list(kinds(np.random.default_rng([seed, 11])))[place][1], seed)
                for seed in range(SAMPLES)
            ]
            share = np.mean([value <= 0.05 for value in p if value is not None] or [np.nan])
            cells.append("" if np.isnan(share) else f"{share:.0%}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


# Memory, share of the variance (the rest is white noise), columns of a side, and rows.
SERIES = {
    "AR(1) of 0.97 in white noise": (0.97, 0.27, 1, 300),
    "AR(1) of 0.5": (0.5, 1.0, 1, 100),
    "AR(1) of 0.35": (0.35, 1.0, 1, 300),
    "AR(1) of 0.35, more rows": (0.35, 1.0, 1, 1000),
    "AR(1) of 0.3": (0.3, 1.0, 5, 300),
    "independent rows": (0.0, 1.0, 1, 300),
}
SAMPLES_OF_SERIES, PERMUTATIONS_OF_SERIES = 500, 39


def series() -> None:
    """Print the share of independent sides with p <= 0.05: orders at random, and the default."""
    test = mibench.get_estimator("auto").tested_by()
    print("| independent sides | rows, columns | shifted | p <= 0.05 | if in random order |")
    print("|---|---|---|---|---|")
    for name, (memory, share, columns, rows) in SERIES.items():
        p: dict[bool | None, list[float]] = {None: [], False: []}
        shifted = 0
        for seed in range(SAMPLES_OF_SERIES):
            rng = np.random.default_rng([seed, 31])
            x, y = (_series(rng, memory, share, (rows, columns)) for _ in "xy")
            for shifts, values in p.items():
                found = mibench.estimate(
                    x, y, test, permutations=PERMUTATIONS_OF_SERIES, seed=seed, shifts=shifts
                )
                values.append(found.p_value)
                shifted += shifts is None and found.info["permuted"] == "shifts in time"
        shares = [shifted / SAMPLES_OF_SERIES, *(np.mean(np.array(v) <= 0.05) for v in p.values())]
        cells = " | ".join(f"{value:.1%}" for value in shares)
        print(f"| {name} | {rows}, {columns}+{columns} | {cells} |", flush=True)


def _series(rng: np.random.Generator, memory: float, share: float, shape: tuple[int, int]) -> Float:
    noise = rng.standard_normal((200 + shape[0], shape[1])) * np.sqrt(1 - memory**2)
    slow = lfilter([1], [1, -memory], noise, axis=0)[200:]
    return np.sqrt(share) * slow + np.sqrt(1 - share) * rng.standard_normal(shape)


def deviation() -> None:
    """Print the standard deviation of `knn` with k = 5 of independent normals, times sqrt(n)."""
    for n, samples in ((100, 1500), (300, 1500), (1000, 600)):
        nats = [
            mibench.estimate(*np.random.default_rng([s, n]).standard_normal((2, n)), "knn:k=5").nats
            for s in range(samples)
        ]
        print(f"{n} rows: {np.std(nats) * np.sqrt(n):.2f}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"power": power, "series": series, "deviation": deviation}[sys.argv[1]]()
