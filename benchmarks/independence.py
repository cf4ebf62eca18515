"""How often tests of independence find dependence: `python benchmarks/independence.py`.

Each sample has 300 rows, and each test 99 permutations. The tests are those of `auto`, of `knn`,
of `gaussian_copula`, and of `adaptive` with six bins a column.
"""

import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

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


def main(samples: int = SAMPLES) -> None:
    """Print the share of samples with p <= 0.05, by kind of dependence and test."""
    tested = tests()
    print("| dependence | " + " | ".join(f"`{name}`" for name in tested) + " |")
    print("|---|" + "---|" * len(tested))
    for place, (name, _) in enumerate(kinds(np.random.default_rng(0))):
        cells = []
        for p_value in tested.values():
            p = [
                p_value(list(kinds(np.random.default_rng([seed, 11])))[place][1], seed)
                for seed in range(samples)
            ]
            share = np.mean([value <= 0.05 for value in p if value is not None] or [np.nan])
            cells.append("" if np.isnan(share) else f"{share:.0%}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*(int(text) for text in sys.argv[1:]))
