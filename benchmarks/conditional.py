"""Errors, levels and times of I(X;Y|Z), for the tables of docs/conditional.md.

python benchmarks/conditional.py errors   # estimators on the suite `conditional`
python benchmarks/conditional.py flags    # how often estimates are too high, and flagged
python benchmarks/conditional.py levels   # p-values of 500 samples without, and with, dependence,
                                          # beside tigramite and causal-learn, if installed
python benchmarks/conditional.py heavy    # p-values of 1000 samples given Z with heavy tails
python benchmarks/conditional.py time     # tests of 1,000 rows; beside tigramite, if installed
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.special import digamma

import mibench
from mibench.tasks.suites import GIVEN_SUITES
from mibench.types import Task

Float = NDArray[np.float64]

ROWS, SEEDS = (500, 2000), 5
SAMPLES, SAMPLES_OF_PEERS, SHUFFLES = 500, 100, 199
TESTED_ROWS, TESTED_SHUFFLES = 1000, 500


def mesner_shalizi(x: Float, y: Float, z: Float, k: int = 3) -> float:
    """The estimate of Mesner & Shalizi 2021, without clipping at 0, of columns on one scale."""
    columns = np.hstack([x, y, z])
    columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    of_x, of_y, of_z = np.split(columns, np.cumsum([x.shape[1], y.shape[1]]), axis=1)
    tree = KDTree(columns)
    radius = tree.query(columns, k + 1, p=np.inf)[0][:, k]
    reach = np.nextafter(radius, np.inf)

    def near(*parts: Float) -> NDArray[np.int64]:
        rows = np.hstack(parts)
        found = KDTree(rows).query_ball_point(rows, reach, p=np.inf, return_length=True)
        return np.asarray(found) - 1

    of_row = np.where(radius > 0, k, near(columns))
    values = digamma(of_row) - digamma(near(of_x, of_z)) - digamma(near(of_y, of_z))
    return float(np.mean(values + digamma(near(of_z))))


def errors() -> None:
    """The mean error of each estimator on each task, and the mean absolute error of all."""
    names = ("auto", "knn", "adaptive", "uniform", "mesner-shalizi")
    for n in ROWS:
        print(f"{n} rows, {SEEDS} seeds: mean error in nats")
        print("| task | truth | " + " | ".join(names) + " |")
        absolute: dict[str, list[float]] = {name: [] for name in names}
        for task in map(mibench.get_task, GIVEN_SUITES["conditional"]):
            cells = []
            for name in names:
                wrong = [_error(task, name, n, seed) for seed in range(SEEDS)]
                absolute[name] += [abs(w) for w in wrong]
                cells.append(f"{np.mean(wrong):+.3f}")
            print(f"| `{task.name}` | {task.mi_nats:.3f} | " + " | ".join(cells) + " |", flush=True)
        means = [f"{np.mean(absolute[name]):.3f}" for name in names]
        print("| mean absolute error | | " + " | ".join(means) + " |")


def _error(task: Task, name: str, n: int, seed: int) -> float:
    x, y, z = task.sample(n, seed)
    if name == "mesner-shalizi":
        return mesner_shalizi(*(side.astype(float) for side in (x, y, z))) - task.mi_nats
    kinds = {f"discrete_{side}": getattr(task, f"discrete_{side}") for side in "xyz"}
    return mibench.estimate(x, y, name, z=z, **kinds).nats - task.mi_nats


def fast_functions(n: int, seed: int, turns: float) -> tuple[Float, Float, Float]:
    """X and Y turn so often while Z moves by 2 pi, and share nothing beyond Z."""
    rng = np.random.default_rng(seed)
    z, of_x, of_y = rng.standard_normal((3, n))
    return np.sin(turns * z) + 0.1 * of_x, np.cos(turns * z) + 0.1 * of_y, z


def flags() -> None:
    """How often `coarse_condition` is raised, where an estimate is too high and where it is not."""
    tasks = [mibench.get_task(name) for name in GIVEN_SUITES["conditional"]]
    samples = []
    for n, seeds in ((50, 20), (100, 10), (200, 8), (500, 4), (2000, 2)):
        for seed in range(seeds):
            samples += [(t.mi_nats, t.sample(n, seed), t.discrete_x)
                        for t in tasks if not t.discrete_z]  # fmt: skip
            samples += [(0.0, fast_functions(n, seed, turns), False) for turns in (3, 10, 30)]
    for name in ("knn", "uniform", "adaptive"):
        too_high, right = [0, 0], [0, 0]  # estimates, and those of them with the flag
        for truth, (x, y, z), discrete in samples:
            try:
                estimate = mibench.estimate(x, y, name, z=z, discrete_x=discrete)
            except mibench.InputError:
                continue  # no bin of Z has two rows
            for counts, counted in (
                (too_high, estimate.nats > truth + 0.1), (right, estimate.nats <= truth + 0.03)
            ):  # fmt: skip
                counts[0] += counted
                counts[1] += counted and "coarse_condition" in estimate.flags
        print(f"{name}, more than 0.1 nats too high: {too_high[1]} of {too_high[0]} flagged")
        print(f"{name}, at most 0.03 nats too high: {right[1]} of {right[0]} flagged")


def mibench_test(x: Float, y: Float, z: Float) -> float:
    """The p-value of independence given z by `knn`, with 199 orders at most."""
    return mibench.estimate(x, y, "knn:k=10", z=z, permutations=SHUFFLES).p_value or 1.0


def tests_of_independence() -> dict[str, Callable[[Float, Float, Float], float]]:
    """Tests by name: mibench's, and with their defaults those of packages that are installed."""
    tests = {"mibench": mibench_test}
    with suppress(ImportError):
        from tigramite.independence_tests.cmiknn import CMIknn

        def cmiknn(x: Float, y: Float, z: Float) -> float:
            test = CMIknn(sig_samples=SHUFFLES)
            array, which = np.vstack([x, y, z.T]), np.array([0, 1, *[2] * z.shape[1]])
            value = test.get_dependence_measure(array.copy(), which)
            return float(test.get_shuffle_significance(array.copy(), which, value))

        tests["tigramite CMIknn"] = cmiknn
    with suppress(ImportError):
        from causallearn.utils.cit import CIT

        def kci(x: Float, y: Float, z: Float) -> float:
            return float(
                CIT(np.column_stack([x, y, z]), "kci")(0, 1, list(range(2, 2 + z.shape[1])))
            )

        tests["causal-learn KCI"] = kci
    return tests


def levels() -> None:
    """How often p is at most 0.05 without dependence given Z, and with it."""
    for name, test in tests_of_independence().items():
        samples = SAMPLES if test is mibench_test else SAMPLES_OF_PEERS
        for columns in (1, 4):
            for strength in (0.0, 0.5):
                p, start = [], time.process_time()
                for seed in range(samples):
                    rng = np.random.default_rng([seed, columns])
                    z = rng.standard_normal((200, columns))
                    of_x, of_y = rng.standard_normal((2, 200))
                    x, y = z.sum(axis=1) + of_x, z[:, 0] ** 2 + of_y + strength * of_x
                    p.append(test(x, y, z))
                seconds = (time.process_time() - start) / samples
                share = np.mean(np.array(p) <= 0.05)
                print(
                    f"{name}, {columns} column(s) of Z, strength {strength}: p <= 0.05 in "
                    f"{share:.1%} of {samples}; {seconds:.3f} s of the processor a test",
                    flush=True,
                )


def heavy() -> None:
    """How often p is at most 0.05 without dependence, given a Z with a Cauchy distribution."""
    for rows in (100, 300):
        p = []
        for seed in range(2 * SAMPLES):
            rng = np.random.default_rng([seed, rows])
            z, of_x, of_y = rng.standard_cauchy(rows), *rng.standard_normal((2, rows))
            p.append(mibench_test(z + of_x, z + of_y, z))
        print(f"{rows} rows: p <= 0.05 in {np.mean(np.array(p) <= 0.05):.1%} of {len(p)}")


def timed() -> None:
    """Seconds of one test without early end, of X and Y given five columns."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((TESTED_ROWS, 5))
    x = z[:, 0] + rng.standard_normal(TESTED_ROWS)
    y = z[:, 1] + x + rng.standard_normal(TESTED_ROWS)  # dependent, so that no test ends early
    for k in (3, 200):
        ours = _seconds(
            lambda k=k: mibench.estimate(x, y, f"knn:k={k}", z=z, permutations=TESTED_SHUFFLES)
        )
        print(f"k = {k}: mibench {ours:.2f} s of the processor", end="")
        try:
            from tigramite.independence_tests.cmiknn import CMIknn
        except ImportError:
            print("; tigramite is not installed")
            continue
        test = CMIknn(knn=k, transform="standardize", sig_samples=TESTED_SHUFFLES)
        array, which = np.vstack([x, y, z.T]), np.array([0, 1, *[2] * 5])

        def theirs(test: Any = test, array: Float = array, which: Any = which) -> None:
            value = test.get_dependence_measure(array.copy(), which)
            test.get_shuffle_significance(array.copy(), which, value)

        seconds = _seconds(theirs)
        print(f", tigramite {seconds:.2f} s: {seconds / ours:.0f} times as long")


def _seconds(work: Callable[[], object]) -> float:
    work()  # compiles
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    parts = {"errors": errors, "flags": flags, "levels": levels, "heavy": heavy, "time": timed}
    parts[sys.argv[1]]()
