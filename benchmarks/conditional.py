"""Errors, levels and times of I(X;Y|Z), for the tables of docs/conditional.md.

python benchmarks/conditional.py errors   # estimators on the suite `conditional`
python benchmarks/conditional.py flags    # how often estimates are too high, and flagged
python benchmarks/conditional.py levels   # p-values of 500 samples without, and with, dependence,
                                          # beside tigramite and causal-learn, if installed
python benchmarks/conditional.py heavy    # p-values of 1000 samples given Z with heavy tails
python benchmarks/conditional.py time     # tests of 1,000 rows; beside tigramite, if installed
python benchmarks/conditional.py case     # all tests of one causal discovery by tigramite
python benchmarks/conditional.py crossover  # orders by all pairs, and by a search each
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.special import digamma

import mibench
from mibench.estimators.neighbours import frenzel_pompe
from mibench.estimators.neighbours.conditional import ConditionalSide, by_all_pairs
from mibench.estimators.neighbours.sorted_column import IndexedSide
from mibench.tasks.suites import GIVEN_SUITES
from mibench.types import Task

Float = NDArray[np.float64]

ROWS, SEEDS = (500, 2000), 5
SAMPLES, SAMPLES_OF_PEERS, SHUFFLES = 500, 100, 199
TESTED_ROWS, TESTED_SHUFFLES, SHUFFLES_OF_TIMED_PEER = 1000, 500, 50
VARIABLES, MOST_LAG = 7, 20
# Variable and lag of the conditions of a test: the own past of Y, and then that of others.
CONDITIONS = ((1, 1), (0, 2), (2, 1), (3, 2), (4, 3), (5, 5), (6, 8), (2, 12), (3, 16), (4, 20))

TIMED_COLUMNS = (0, 1, 2, 3, 5, 10, 17, 24)


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


def seven_series() -> Float:
    """Series that each depend on the own past, and the second on the first as well."""
    rng = np.random.default_rng(0)
    series = rng.standard_normal((MOST_LAG + TESTED_ROWS, VARIABLES))
    for t in range(1, len(series)):
        series[t] += 0.5 * series[t - 1]
        series[t, 1] += series[t - 1, 0]  # X shares much with Y, so that no test ends early
    return series


def lagged_sides(columns: int) -> tuple[Float, Float, Float]:
    """One test of a causal discovery in time series: X of the row before, Y, and so many in Z."""
    series = seven_series()
    others = ((v, lag) for lag in range(1, MOST_LAG) for v in range(VARIABLES))
    conditions = [*CONDITIONS, *(pair for pair in others if pair not in (*CONDITIONS, (0, 1)))]
    lagged = [series[MOST_LAG - lag : len(series) - lag, v] for v, lag in conditions[:columns]]
    z = np.column_stack(lagged) if columns else np.empty((TESTED_ROWS, 0))
    return series[MOST_LAG - 1 : -1, 0], series[MOST_LAG:, 1], z


def timed() -> None:
    """Seconds of one test without early end, of X and Y given 1, 5 and 10 columns.

    tigramite makes a tenth of the permutations; the time of all is computed.
    """
    print(f"{TESTED_ROWS} rows, {TESTED_SHUFFLES} permutations, seconds of the processor")
    for columns in (1, 5, 10):
        x, y, z = lagged_sides(columns)
        for k in (3, TESTED_ROWS // 10, TESTED_ROWS // 5):
            test = f"knn:k={k}"
            mibench.estimate(x, y, test, z=z, permutations=19)  # compiles
            ours = _seconds(
                lambda: mibench.estimate(x, y, test, z=z, permutations=TESTED_SHUFFLES)  # noqa: B023
            )
            print(f"{columns} column(s) of Z, k = {k}: mibench {ours:.2f}", end="")
            theirs = _seconds_of_tigramite(x, y, z, k)
            ratio = f", tigramite {theirs:.1f}: {theirs / ours:.0f} times as long"
            print(ratio if theirs else "; tigramite is not installed", flush=True)


def _seconds_of_tigramite(x: Float, y: Float, z: Float, k: int) -> float:
    """Those of all permutations, from a part of them; 0 if tigramite is not installed."""
    try:
        from tigramite.independence_tests.cmiknn import CMIknn
    except ImportError:
        return 0.0
    array, which = np.vstack([x, y, z.T]), np.array([0, 1, *[2] * z.shape[1]])

    def value(test: Any) -> float:
        return float(test.get_dependence_measure(array.copy(), which))

    def shuffle(test: Any, of_data: float) -> None:
        test.get_shuffle_significance(array.copy(), which, of_data)

    few, many = (
        # Without Z it looks for the length of blocks, which fails with NumPy 2.4.
        CMIknn(knn=k, transform="standardize", sig_samples=count, sig_blocklength=1)
        for count in (2, SHUFFLES_OF_TIMED_PEER)
    )
    of_data = value(few)
    shuffle(few, of_data)  # compiles
    once = _seconds(lambda: value(few))
    shuffles = _seconds(lambda: shuffle(many, of_data))
    return once + shuffles * TESTED_SHUFFLES / SHUFFLES_OF_TIMED_PEER


def case() -> None:
    """Seconds of all tests that PCMCI makes of seven series, if CMIknn or `knn` makes them.

    PCMCI decides by partial correlations here, so that the tests are counted in seconds. One test
    is timed for some numbers of columns in Z, and the time of others is read between them. k is
    the default of CMIknn, a tenth of the rows.
    """
    made = tests_of_pcmci(seven_series())
    columns = sorted(made)
    timed = [c for c in TIMED_COLUMNS if c < columns[-1]] + columns[-1:]
    seconds = np.array([_seconds_of_both(count) for count in timed])
    tests = np.array([made[count] for count in columns])
    ours, theirs = (float(tests @ np.interp(columns, timed, side)) / 60 for side in seconds.T)
    print(
        f"all {tests.sum()} tests: mibench {ours:.0f} minutes, tigramite {theirs:.0f}: "
        f"{theirs / ours:.0f} times as long"
    )


def _seconds_of_both(columns: int) -> tuple[float, float]:
    """Those of one test given so many columns, by `knn` and by CMIknn."""
    x, y, z = lagged_sides(columns)
    k = TESTED_ROWS // 10
    given = {"z": z} if columns else {}
    mibench.estimate(x, y, f"knn:k={k}", permutations=19, **given)  # compiles
    ours = _seconds(
        lambda: mibench.estimate(x, y, f"knn:k={k}", permutations=TESTED_SHUFFLES, **given)
    )
    theirs = _seconds_of_tigramite(x, y, z, k)
    print(
        f"{columns} columns of Z: mibench {ours:.2f}, tigramite {theirs:.1f}: "
        f"{theirs / ours:.0f} times as long",
        flush=True,
    )
    return ours, theirs


def tests_of_pcmci(series: Float) -> Counter[int]:
    """How many tests PCMCI of tigramite makes with each number of columns in Z."""
    from tigramite.data_processing import DataFrame
    from tigramite.independence_tests.parcorr import ParCorr
    from tigramite.pcmci import PCMCI

    made: Counter[int] = Counter()

    class Counted(ParCorr):  # type: ignore[misc]
        def get_dependence_measure(
            self, array: Float, xyz: NDArray[np.int64], **options: Any
        ) -> Any:
            made[int((xyz == 2).sum())] += 1
            return super().get_dependence_measure(array, xyz, **options)

    PCMCI(DataFrame(series), Counted(), verbosity=0).run_pcmci(tau_max=MOST_LAG)
    return made


def crossover() -> None:
    """How many times as long as comparing all pairs a search for each order takes."""
    for n in (1000, 2000, 4000, 8000):
        for dims in (3, 5, 7, 12):
            ratios = []
            for k in (1, 3, 10, 50, 200):
                chosen = "*" if by_all_pairs(n, k, dims) else ""
                ratios.append(f"k = {k}: {_ratio_of_search(n, dims, k):.2f}{chosen}")
            print(f"{n} rows, {dims} dimensions: {', '.join(ratios)}", flush=True)
    print("* all pairs are compared")


def _ratio_of_search(n: int, dims: int, k: int) -> float:
    rng = np.random.default_rng(0)
    z = rng.standard_normal((dims - 2, n))
    x, y = z[0] + rng.standard_normal(n), z[-1] + rng.standard_normal(n)
    of_x, of_y = (ConditionalSide(side[np.newaxis]) for side in (x, y))
    given = IndexedSide(z)
    orders = [rng.permutation(n) for _ in range(8)]

    def by_pairs() -> None:
        frenzel_pompe.information_of_orders(of_x, of_y, given, k, orders)

    def by_search() -> None:
        for order in orders:
            frenzel_pompe.information_given(of_x, of_y.selected(order), given, k)

    by_pairs()  # compiles
    return _seconds(by_search) / _seconds(by_pairs)


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    parts = {
        "errors": errors, "flags": flags, "levels": levels, "heavy": heavy, "time": timed,
        "case": case, "crossover": crossover,
    }  # fmt: skip
    parts[sys.argv[1]]()
