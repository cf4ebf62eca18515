"""Choosing columns: how often the right ones are found, and time beside other packages.

    python benchmarks/selection.py found      # by method, and by how information is estimated
    python benchmarks/selection.py peers      # same data, same rule
    python benchmarks/selection.py ranking    # estimators for `mibench.rank`
    python benchmarks/selection.py power      # the power of its tests
    python benchmarks/selection.py times      # its processor time

Other packages are compared where they are installed: fast-select, feature-engine, mrmr-selection,
skfeature-chappers.
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import norm

import mibench
from mibench.contract.registry import get_estimator
from mibench.contract.variables import Variable, as_variable
from mibench.estimators.selection.criteria import METHODS, select
from mibench.estimators.selection.information import CountedInformation, EstimatedInformation
from mibench.running.permutations import null_of_sides
from mibench.sklearn import MISelector

Columns = list[tuple[np.ndarray, bool]]


def variables(columns: Columns) -> list[Variable]:
    return [as_variable(values, "x", label) for values, label in columns]


# -- found -------------------------------------------------------------------------------------


def exclusive_or(n: int, rng: np.random.Generator) -> tuple[Columns, np.ndarray, bool]:
    """Two columns whose exclusive or is the class; one of them also tells a little alone."""
    a, b = rng.integers(0, 2, n), rng.integers(0, 2, n)
    y = np.where(rng.random(n) < 0.25, a, a ^ b)
    return [(a, True), (b, True)], y, True


def redundant(n: int, rng: np.random.Generator) -> tuple[Columns, np.ndarray, bool]:
    """Three columns of which the target is made; six noisy copies of the first come after them."""
    x = rng.normal(size=(n, 3))
    y = 1.5 * x[:, 0] + x[:, 1] + x[:, 2] + rng.normal(size=n)
    copies = [(x[:, 0] + 0.3 * rng.normal(size=n), False) for _ in range(6)]
    return [*((column, False) for column in x.T), *copies], y, False


def mixed(n: int, rng: np.random.Generator) -> tuple[Columns, np.ndarray, bool]:
    """Two columns of numbers and one of labels, each with a little of the class."""
    u, v, w = rng.normal(size=n), rng.normal(size=n), rng.integers(0, 4, n)
    y = np.digitize(0.6 * u + np.abs(v) + 0.4 * w + rng.normal(size=n), [0.8, 2.0])
    return [(u, False), (v, False), (w, True)], y, True


DATA: dict[str, tuple[Callable[..., Any], int]] = {
    "exclusive or": (exclusive_or, 2), "copies": (redundant, 3), "mixed": (mixed, 3),
}  # fmt: skip


def noise_of(n: int, rng: np.random.Generator, labels: bool, numbers: bool) -> Columns:
    """Columns that tell nothing: 30 of numbers, and 20 of 2 to 100 labels."""
    of_numbers = [(rng.normal(size=n), False) for _ in range(30)]
    sizes = np.geomspace(2, 100, 20).astype(int)
    return [
        *(of_numbers if numbers else []),
        *((rng.integers(0, size, n), True) for size in (sizes if labels else [])),
    ]


def found(seeds: int = 20, n: int = 500) -> None:
    """The share of the right columns among the first ones, by the estimate of information."""
    ways: dict[str, Callable[..., Any]] = {
        "adjusted for chance": lambda x, y: CountedInformation(x, y),
        "plug-in": lambda x, y: CountedInformation(x, y, adjust=False),
        "adjusted, 4 bins": lambda x, y: CountedInformation(x, y, 4),
        "adjusted, 12 bins": lambda x, y: CountedInformation(x, y, 12),
        "knn of joined columns": lambda x, y: EstimatedInformation(
            x, y, get_estimator("knn"), [str(i) for i in range(len(x))]
        ),
    }
    print(f"| data | estimate | {' | '.join(METHODS)} | time, ms |")
    print("|" + "---|" * (len(METHODS) + 3))
    for name, (make, right) in DATA.items():
        for way, information in ways.items():
            shares = dict.fromkeys(METHODS, 0.0)
            seconds = 0.0
            alike = way.startswith("knn")  # columns of one kind, which can be joined
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                columns, y, label = make(n, rng)
                if alike and name == "mixed":
                    columns = [(values.astype(float), False) for values, _ in columns]
                kinds = {label for _, label in columns}
                noise = noise_of(n, rng, not alike or kinds == {True}, not alike or False in kinds)
                sides, target = variables([*columns, *noise]), as_variable(y, "y", label)
                start = time.perf_counter()
                for method in METHODS:
                    order = select(information(sides, target), right, method).order[:right]
                    shares[method] += (order < right).mean() / seeds
                seconds += time.perf_counter() - start
            values = " | ".join(f"{share:.2f}" for share in shares.values())
            print(f"| {name} | {way} | {values} | {1e3 * seconds / seeds / len(METHODS):.0f} |")


# -- peers -------------------------------------------------------------------------------------


def coded_data(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Symbols 0 to 7 of d columns, of which ten tell something of a class of three."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=n)
    x = rng.normal(size=(n, d))
    x[:, :10] += hidden[:, np.newaxis] * np.linspace(0.3, 1.0, 10)
    edges = norm.ppf(np.arange(1, 8) / 8)
    return np.digitize(x, edges), np.digitize(hidden, [-0.5, 0.5])


def peers() -> None:
    """The same choice where the rule is the same, and the time of each."""
    for n, d in ((1000, 200), (1000, 2000)):
        peers_on(n, d)


def peers_on(n: int, d: int, k: int = 10) -> None:
    x, y = coded_data(n, d)
    chosen: dict[str, list[int]] = {}

    def timed(name: str, work: Callable[[], Any], repeat: int = 3) -> None:
        try:
            if repeat > 1:
                work()  # compiles
            times = []
            for _ in range(repeat):
                start = time.perf_counter()
                chosen[name] = [int(place) for place in work()]
                times.append(time.perf_counter() - start)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}")
            return
        print(f"{n} rows, {d} columns: {name:28s} {min(times):8.3f} s", flush=True)

    def ours(method: str, **options: Any) -> Callable[[], Any]:
        def work() -> Any:
            selector = MISelector(method, k=k, discrete_features=True, **options)
            return np.argsort(selector.fit(x, y).ranking_)[:k]

        return work

    def fast_select() -> Any:
        from fast_select import mRMR

        return mRMR(n_features_to_select=k).fit(x, y).top_features_

    def feature_engine() -> Any:
        import pandas as pd
        from feature_engine.selection import MRMR

        frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(d)])
        fitted = MRMR(method="MID", max_features=k, discrete_features=True, regression=False)
        names = fitted.fit(frame, pd.Series(y)).get_feature_names_out()
        return [int(name[1:]) for name in names]

    def skfeature() -> Any:
        from skfeature.function.information_theoretical_based import CMIM

        return CMIM.cmim(x, y, mode="index", n_selected_features=k)

    for method in METHODS:
        timed(f"mibench {method}", ours(method))
    timed("mibench mrmr, plug-in", ours("mrmr", correction=None))
    timed("mibench cmim, plug-in", ours("cmim", correction=None))
    timed("fast-select mRMR", fast_select)
    if d <= 200:
        timed("feature-engine MRMR", feature_engine, 1)
        timed("skfeature CMIM", skfeature, 1)
    for a, b in (
        ("mibench mrmr, plug-in", "fast-select mRMR"),
        ("mibench mrmr, plug-in", "feature-engine MRMR"),
        ("mibench cmim, plug-in", "skfeature CMIM"),
    ):
        if a in chosen and b in chosen:
            print(f"{a} and {b}: same order {chosen[a] == chosen[b]}, "
                  f"same columns {sorted(chosen[a]) == sorted(chosen[b])}")  # fmt: skip


# -- ranking -----------------------------------------------------------------------------------


def of_known_order(n: int, rng: np.random.Generator, classify: bool) -> tuple[dict[str, Any], Any]:
    """Columns of all kinds that tell 0 to 0.25 nats of a target."""
    z = rng.normal(size=n)
    y = np.digitize(z, [-0.5, 0.5]) if classify else z
    columns: dict[str, Any] = {}
    for rho in (0.1, 0.2, 0.3, 0.45, 0.6):
        noisy = rho * z + np.sqrt(1 - rho**2) * rng.normal(size=n)
        columns[f"numbers {rho}"] = noisy, False
    for rho, m in ((0.3, 2), (0.5, 3), (0.7, 3), (0.3, 10), (0.5, 10), (0.6, 40)):
        noisy = rho * z + np.sqrt(1 - rho**2) * rng.normal(size=n)
        columns[f"{m} labels {rho}"] = np.digitize(noisy, norm.ppf(np.arange(1, m) / m)), True
    columns["absolute"] = np.abs(z) + rng.normal(size=n), False
    columns["rounded"] = np.round(0.4 * z + 0.9 * rng.normal(size=n)), False
    columns["skew"] = np.exp(1.5 * (0.4 * z + 0.9 * rng.normal(size=n))), False
    for i in range(5):
        columns[f"noise {i}"] = rng.normal(size=n), False
    for m in (2, 5, 20, 60):
        columns[f"noise, {m} labels"] = rng.integers(0, m, n), True
    return columns, y


def ranking(seeds: int = 20) -> None:
    """Of pairs of columns whose MI differs by 0.015 nats, how many an estimator orders rightly.

    The true order is that of 100,000 rows. Time is that of the processor.
    """
    specs = [
        "knn", "knn:k=10", "adaptive", "adaptive:bins=6", "adaptive:correction=miller-madow",
        "uniform",
    ]  # fmt: skip
    print(
        "| estimator | target | rows | rightly ordered | mean error, nats | processor ms a column |"
    )
    print("|---|---|---|---|---|---|")
    for classify in (False, True):
        columns, y = of_known_order(100_000, np.random.default_rng(99), classify)
        precise = get_estimator("adaptive:bins=25,correction=miller-madow")
        truth = np.array([
            0.0 if name.startswith("noise")
            else precise.estimate(x, y, discrete_x=label, discrete_y=classify).nats
            for name, (x, label) in columns.items()
        ])  # fmt: skip
        above, below = np.nonzero(truth[:, np.newaxis] - truth > 0.015)
        for n in (300, 1000):
            for spec in specs:
                estimator = get_estimator(spec)
                right, errors, seconds = [], [], 0.0
                for seed in range(seeds):
                    columns, y = of_known_order(n, np.random.default_rng(seed), classify)
                    target = as_variable(y, "y", classify)
                    sides = variables(list(columns.values()))
                    estimator.estimate_variables(sides[0], target)  # compiles
                    start = time.process_time()
                    nats = [estimator.estimate_variables(x, target).nats for x in sides]
                    seconds += time.process_time() - start
                    right.append((np.array(nats)[above] > np.array(nats)[below]).mean())
                    errors.append(np.abs(nats - truth).mean())
                kind = "3 classes" if classify else "numbers"
                each = 1e3 * seconds / seeds / len(truth)
                print(
                    f"| `{spec}` | {kind} | {n} | {np.mean(right):.1%} | {np.mean(errors):.4f} | "
                    f"{each:.2f} |",
                    flush=True,
                )


# -- tests -------------------------------------------------------------------------------------


def dependent(rng: np.random.Generator, n: int) -> dict[str, tuple[Any, Any, bool]]:
    """Pairs of weak dependence: x, y, and whether y is labels."""
    x, u, v = rng.normal(size=n), rng.uniform(-3, 3, n), rng.integers(0, 2, n)
    w = rng.integers(0, 3, n)
    return {
        "linear": (x, 0.2 * x + 0.98 * rng.normal(size=n), False),
        "square": (x, 0.4 * x**2 + 1.2 * rng.normal(size=n), False),
        "sine": (u, 0.6 * np.sin(3 * u) + rng.normal(size=n), False),
        "means of 2 classes": (rng.normal(size=n) + 0.25 * v, v, True),
        "spreads of 3 classes": (rng.normal(size=n) * (1 + 0.25 * w), w, True),
    }


def power(seeds: int = 100, n: int = 300, permutations: int = 99) -> None:
    """How often the permutation test with each estimator has p <= 0.05. auto: that of `rank`."""
    specs = ["auto", "knn", "knn:k=10", "adaptive", "adaptive:bins=4", "adaptive:bins=6", "uniform"]
    print("| dependence | " + " | ".join(f"`{spec}`" for spec in specs) + " |")
    print("|---|" + "---|" * len(specs))
    for name in dependent(np.random.default_rng(0), n):
        shares = []
        for spec in specs:
            estimator, hits = get_estimator(spec), 0
            if spec == "auto":
                estimator = estimator.tested_by(tests=2)
            for seed in range(seeds):
                x, y, label = dependent(np.random.default_rng(seed), n)[name]
                sides = as_variable(x, "x", False), as_variable(y, "y", label)
                nats = estimator.estimate_variables(*sides).nats
                null = null_of_sides(estimator, *sides, nats, permutations, seed=seed, shifts=False)
                hits += null.p_value <= 0.05
            shares.append(hits / seeds)
        print(f"| {name} | " + " | ".join(f"{share:.2f}" for share in shares) + " |", flush=True)


# -- time ----------------------------------------------------------------------------------------


def times() -> None:
    """Processor time of `rank`, with its tests and without."""
    rng = np.random.default_rng(0)
    for rows, columns in ((1000, 1000), (10_000, 100)):
        table = rng.standard_normal((rows, columns + 1))
        table[:, 1:51] += table[:, :1]
        for permutations in ("auto", None):
            mibench.rank(table[:200, :5], 0, permutations=permutations)  # compiles
            start = time.process_time()
            mibench.rank(table, 0, permutations=permutations)
            seconds = time.process_time() - start
            tests = "without tests" if permutations is None else "with tests"
            print(f"{columns} columns of {rows} rows, {tests}: {seconds:.1f} s of a processor")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parts = {
        "found": found, "peers": peers, "ranking": ranking, "power": power, "times": times,
    }  # fmt: skip
    parts[sys.argv[1]]()
