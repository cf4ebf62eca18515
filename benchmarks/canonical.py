"""The tables and the figures of `docs/canonical.md`: `python benchmarks/canonical.py TABLE`.

TABLE is one of accuracy SUITE, independence N, sizes, line, ablation, narrow, waves, classes,
close, rises, seconds, which print Markdown; or cost, figure, which draw. An ablation is another
`Tuning`: see ABLATIONS.
"""

import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import canonical_distributions as distributions
import numpy as np
from canonical_distributions import Sampler
from joblib import Parallel, delayed

import mibench
from mibench import InputError, Task
from mibench.contract.variables import as_pair
from mibench.estimators import KNN, Canonical
from mibench.estimators.cca.estimation import estimate_canonical
from mibench.estimators.cca.tuning import Tuning
from mibench.output.looks import looks
from mibench.tasks.catalogue import suite_tasks

N, SEEDS, JOBS = 2000, 10, 2
DEGREES = {"normal": np.inf, "Student 1": 1.0, "Student 2": 2.0, "Student 3": 3.0}
FIGURE = Path(__file__).parents[1] / "docs" / "canonical.png"
COST = FIGURE.with_name("canonical-cost.png")
SUITES = ("beyond-normal", "mixtures", "high-mi", "network")

TUNING = Canonical.tuning


def _varied(group: str, **values: object) -> Tuning:
    """The tuning with other values in one of its groups."""
    return replace(TUNING, **{group: replace(getattr(TUNING, group), **values)})


def _without_standard_errors() -> Tuning:
    """A tuning that accepts any larger estimate."""
    return replace(
        TUNING,
        selection=replace(TUNING.selection, accept_errors=0.0),
        knn=replace(TUNING.knn, fewer_errors=0.0),
    )


ABLATIONS: dict[str, Tuning] = {
    "all steps": TUNING,
    "without the Gaussian term": _varied("gaussian", used=False),
    "without k-NN: the Gaussian term alone": _varied("knn", used=False),
    "without k-NN on the columns themselves": _varied("selection", max_direct_dims=0),
    "without the normal surrogate": _varied("surrogate", used=False),
    "without radii": _varied("features", radii=False),
    "without waves of the radius": _varied("features", max_columns_of_waves=0),
    "without products": _varied("features", max_products=-1),
    "with weights refined once": _varied("search", refinements=("mixed",)),
    "without refined weights": _varied("search", refinements=()),
    "without a single neighbour": _varied("knn", single_neighbour=False),
    "without a line to a single neighbour": _varied("knn", single_neighbour_line=False),
    "with k = 15 alone": _varied("knn", neighbours=(15,)),
    "with k = 3 alone": _varied("knn", neighbours=(3,)),
    "without permuted rows in the search for pairs": _varied("search", clear_errors=0.0),
    "any pair is significant": _varied("search", significant_errors=0.0, clear_errors=0.0),
    "any larger estimate is accepted": _without_standard_errors(),
}

# The steps that `narrow`, `waves`, `classes` and `close` switch off.
SWITCHED_OFF: dict[str, Tuning] = {
    "close": _varied("surrogate", used=False),
    "narrow": _varied("narrow", used=False),
    "waves": _varied("knn", single_neighbour=False),
    "classes": _varied("selection", all_pairs_for_labels=False),
}


def varied_nats(x: np.ndarray, y: np.ndarray, tuning: Tuning, labels: bool = False) -> float:
    """The estimate of `canonical` with this tuning; labels: whether y consists of labels."""
    default = Canonical()
    sides = as_pair(x, y, False, labels)
    return estimate_canonical(*sides, default.folds, default.pairs, tuning)[0].nats


def error(estimator: object, task: Task, n: int, seed: int) -> float:
    """Estimate less true MI in nats; NaN where the estimator refuses the data."""
    x, y = task.sample(n, seed)
    sides = {"discrete_x": task.discrete_x, "discrete_y": task.discrete_y}
    try:
        return estimator.estimate(x, y, **sides).nats - task.mi_nats
    except InputError:
        return np.nan


def errors(spec: str, tasks: list[Task], n: int, seeds: int) -> np.ndarray:
    """Errors in nats, (tasks, seeds)."""
    estimator = mibench.get_estimator(spec)
    values = Parallel(n_jobs=JOBS)(
        delayed(error)(estimator, task, n, seed) for task in tasks for seed in range(seeds)
    )
    return np.reshape(values, (len(tasks), seeds))


def accuracy(suite: str, seeds: str = str(SEEDS), *specs: str) -> None:
    """Mean absolute error over a suite at n = 2000; of each task if no other estimators follow."""
    tasks = suite_tasks(suite)
    values = errors("canonical", tasks, N, int(seeds))
    if not specs:
        print("| task | MI | mean error | mean absolute error |\n|---|---|---|---|")
        for task, row in zip(tasks, values, strict=True):
            print(
                f"| {task.name} | {task.mi_nats:.3f} | {row.mean():+.3f} | {abs(row).mean():.3f} |"
            )
    print(f"canonical: {suite}, {seeds} seeds: {abs(values).mean():.4f}, bias {values.mean():+.4f}")
    for spec in specs:
        print(f"{spec}: {np.nanmean(abs(errors(spec, tasks, N, int(seeds)))):.4f}")


def independent(dims: int, degrees: float, n: int, seed: int) -> list[np.ndarray]:
    """Two independent sides (n, dims); the dimensions of a side share one radius."""
    rng = np.random.default_rng([seed, dims, n, int(min(degrees, 99))])
    sides = []
    for _ in range(2):
        z = rng.normal(size=(n, dims))
        shared = rng.chisquare(degrees, size=(n, 1)) / degrees if np.isfinite(degrees) else 1.0
        sides.append(z / np.sqrt(shared))
    return sides


def independent_nats(dims: int, degrees: float, n: int, seed: int, tuning: Tuning) -> float:
    """The estimate for independent sides, whose MI is 0."""
    return varied_nats(*independent(dims, degrees, n, seed), tuning)


def independence(n: str, seeds: str = str(SEEDS), dims: str = "1,2,5,25,50") -> None:
    """Mean and largest estimate over seeds, by dimension and distribution."""
    print("| n | dimensions | " + " | ".join(DEGREES) + " |\n" + "|---" * (2 + len(DEGREES)) + "|")
    for d in map(int, dims.split(",")):
        row = []
        for degrees in DEGREES.values():
            nats = Parallel(n_jobs=JOBS)(
                delayed(independent_nats)(d, degrees, int(n), s, TUNING) for s in range(int(seeds))
            )
            row.append(f"{np.mean(nats):.3f} ({np.max(nats):.3f})")
        print(f"| {n} | {d}+{d} | " + " | ".join(row) + " |", flush=True)


def sizes(seeds: str = "5", *counts: str) -> None:
    """The error by number of rows on each task of beyond-normal."""
    tasks = suite_tasks("beyond-normal")
    ns = [int(n) for n in counts or ("500", "2000", "8000")]
    columns = [abs(errors("canonical", tasks, n, int(seeds))).mean(axis=1) for n in ns]
    print("| task | " + " | ".join(f"n = {n}" for n in ns) + " |\n" + "|---" * (1 + len(ns)) + "|")
    for i, task in enumerate(tasks):
        print(f"| {task.name} | " + " | ".join(f"{column[i]:.3f}" for column in columns) + " |")
    print("| all | " + " | ".join(f"{column.mean():.4f}" for column in columns) + " |")


def line(n: str = "50000", seeds: str = "3") -> None:
    """The errors on tasks of 1+1 dimensions, next to those of knn."""
    tasks = [t for t in suite_tasks("beyond-normal") if t.dim_x == t.dim_y == 1]
    print("| task | canonical | knn |\n|---|---|---|")
    both = [errors(spec, tasks, int(n), int(seeds)) for spec in ("canonical", "knn")]
    for task, *rows in zip(tasks, *both, strict=True):
        print(f"| {task.name} | " + " | ".join(f"{abs(r).mean():.4f}" for r in rows) + " |")


def varied_error(tuning: Tuning, task: Task, seed: int) -> float:
    """Estimate less true MI in nats, of a continuous task at n = 2000."""
    return varied_nats(*task.sample(N, seed), tuning) - task.mi_nats


def varied_independent_nats(tuning: Tuning, seed: int) -> float:
    """An estimate for independent sides at n = 500: 5+5 or 25+25 columns, normal or Student 1."""
    dims, degrees = 5 if seed % 2 else 25, (1.0, np.inf)[seed % 4 // 2]
    return independent_nats(dims, degrees, 500, seed, tuning)


def ablation(*names: str) -> None:
    """The error over beyond-normal (3 seeds), and estimates for independent sides (n = 500)."""
    tasks = suite_tasks("beyond-normal")
    print("| | MAE | bias | independent sides, mean (largest) |\n|---|---|---|---|")
    for name in names or ABLATIONS:
        tuning = ABLATIONS[name]
        of_tasks = np.array(
            Parallel(n_jobs=JOBS)(
                delayed(varied_error)(tuning, task, s) for task in tasks for s in range(3)
            )
        )
        null = Parallel(n_jobs=JOBS)(delayed(varied_independent_nats)(tuning, s) for s in range(24))
        print(
            f"| {name} | {abs(of_tasks).mean():.4f} | {of_tasks.mean():+.4f} | "
            f"{np.mean(null):.4f} ({np.max(null):.3f}) |",
            flush=True,
        )


def three_ways(sampler: Sampler, step: str, n: int, seed: int, labels: bool) -> list[float]:
    """Estimates from one sample: `canonical`, the same without a step, and `knn`."""
    x, y = sampler(n, np.random.default_rng([seed, n]))
    return [
        Canonical().estimate(x, y, discrete_y=labels).nats,
        varied_nats(x, y, SWITCHED_OFF[step], labels),
        KNN().estimate(x, y, discrete_y=labels).nats,
    ]


def of_seeds(sampler: Sampler, step: str, n: int, seeds: int, labels: bool = False) -> np.ndarray:
    """The estimates of `three_ways` in nats, (seeds, 3)."""
    return np.array(
        Parallel(n_jobs=JOBS)(
            delayed(three_ways)(sampler, step, n, seed, labels) for seed in range(seeds)
        )
    )


def _joined(columns: list[np.ndarray]) -> str:
    """Table columns, each with three values."""
    return " | ".join(" / ".join(f"{value:.2f}" for value in values) for values in columns)


def narrow(seeds: str = "10") -> None:
    """Mean absolute errors with narrow noise: canonical, without the model of noise, knn."""
    ns = (500, 2000, 10_000)
    print("| noise | MI | " + " | ".join(f"n = {n}" for n in ns) + " |\n|---|---|---|---|---|")
    for noise in distributions.NOISE:
        for nats in (4.0, 6.0, 8.0, 10.0):
            sampler = distributions.narrow(noise, nats)
            columns = [
                abs(of_seeds(sampler, "narrow", n, int(seeds)) - nats).mean(axis=0) for n in ns
            ]
            print(f"| {noise} | {nats:.0f} | {_joined(columns)} |", flush=True)


def waves(seeds: str = "5") -> None:
    """Mean estimates of waves in 2+1 dimensions: canonical, without single neighbours, knn."""
    ns = (500, 2000, 8000)
    print("| frequency | MI | " + " | ".join(f"n = {n}" for n in ns) + " |\n|---|---|---|---|---|")
    for frequency in (6.0, 12.0, 25.0):
        sampler, nats = distributions.wave(frequency), distributions.wave_nats(frequency)
        columns = [of_seeds(sampler, "waves", n, int(seeds)).mean(axis=0) for n in ns]
        print(f"| {frequency:.0f} | {nats:.2f} | {_joined(columns)} |", flush=True)


def close(seeds: str = "10") -> None:
    """Mean estimates of normal columns close to each other: canonical, without surrogate, knn."""
    ns = (500, 2000)
    print("| noise | dimensions | MI | " + " | ".join(f"n = {n}" for n in ns) + " |")
    print("|---|---|---|---|---|")
    for noise, dims in ((0.3, 2), (0.1, 3), (0.01, 2)):
        sampler = distributions.close(noise, dims)
        columns = [of_seeds(sampler, "close", n, int(seeds)).mean(axis=0) for n in ns]
        nats = dims / 2 * np.log1p(1 / noise**2)
        print(f"| {noise} | {dims}+{dims} | {nats:.2f} | {_joined(columns)} |", flush=True)


def classes(seeds: str = "5") -> None:
    """Mean estimates for labels of many classes: canonical, with three pairs at most, knn."""
    ns = (500, 2000, 8000)
    print("| classes | MI | " + " | ".join(f"n = {n}" for n in ns) + " |\n|---|---|---|---|---|")
    for count in (3, 6, 12, 20):
        sampler, nats = distributions.classes(count), distributions.classes_nats(count)
        columns = [
            of_seeds(sampler, "classes", n, int(seeds), labels=True).mean(axis=0) for n in ns
        ]
        print(f"| {count} | {nats:.2f} | {_joined(columns)} |", flush=True)


def seconds() -> None:
    """The time of one estimate on all cores, the median of three."""
    rng = np.random.default_rng(0)
    print("| rows | dimensions | seconds |\n|---|---|---|")
    for n, d in ((500, 5), (2000, 5), (2000, 50), (10_000, 10), (100_000, 10)):
        x = rng.normal(size=(n, d))
        y = 0.5 * x + rng.normal(size=(n, d))
        y[:, 0] = x[:, 1] ** 2 + rng.normal(size=n)
        Canonical().estimate(x[:500], y[:500])
        times = []
        for _ in range(3):
            start = time.perf_counter()
            Canonical().estimate(x, y)
            times.append(time.perf_counter() - start)
        print(f"| {n} | {d}+{d} | {np.median(times):.2f} |", flush=True)


def rises() -> None:
    """Each step to more rows at which the error of a task rose, from the reference results.

    Column "errors": the rise in standard errors of the difference of the two means over seeds.
    """
    results = mibench.results("reference")
    canonical = results[results["estimator"] == "canonical"]
    canonical = canonical.assign(error=(canonical["nats"] - canonical["mi_nats"]).abs())
    print("| suite | task | rows | mean absolute error | errors |\n|---|---|---|---|---|")
    for suite in (*SUITES, "discrete"):
        for task in suite_tasks(suite):
            of_task = canonical[canonical["task"] == task.name]
            by_rows = of_task.groupby("n")["error"].agg(["mean", "sem"])
            for (n, fewer), (next_n, more) in pairwise(by_rows.iterrows()):
                if more["mean"] > fewer["mean"]:
                    z = (more["mean"] - fewer["mean"]) / np.hypot(fewer["sem"], more["sem"])
                    means = f"{fewer['mean']:.4f} to {more['mean']:.4f}"
                    print(f"| {suite} | {task.name} | {n} to {next_n} | {means} | {z:.1f} |")


def _label_of_few_digits(value: float, _: int) -> str:
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""


def cost() -> None:
    """Draw error against time, of each estimator on four suites, from the reference results."""
    from matplotlib.figure import Figure

    results = mibench.results("reference")
    results["error"] = (results["nats"] - results["mi_nats"]).abs()
    drawing = Figure(figsize=(12, 3.7), layout="constrained")
    names = sorted(results["estimator"].unique())  # as in the other figures
    for suite, axes in zip(SUITES, drawing.subplots(1, len(SUITES)), strict=True):
        tasks = {task.name for task in suite_tasks(suite)}
        of_suite = results[results["task"].isin(tasks)].groupby(["estimator", "n"])
        table = of_suite.agg(
            error=("error", "mean"), seconds=("seconds", "median"), tasks=("task", "nunique")
        )
        # Only sizes at which all tasks were run.
        table = table[table["tasks"] == len(tasks)]
        for name, (colour, marker) in looks(names).items():
            by_rows = table.loc[name]
            axes.plot(by_rows["seconds"], by_rows["error"], color=colour, lw=0.8, alpha=0.6)
            areas = [10 + 14 * place for place in range(len(by_rows))]
            axes.scatter(
                by_rows["seconds"], by_rows["error"], areas, color=colour, marker=marker, label=name
            )
        axes.set(xscale="log", yscale="log", xlabel="seconds per estimate (median)")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(_label_of_few_digits)
        axes.set_title(f"{suite}, {len(tasks)} tasks", fontsize=10)
        axes.grid(alpha=0.25, lw=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    drawing.axes[0].set_ylabel("mean absolute error (nats)")
    handles = drawing.axes[0].get_legend_handles_labels()
    drawing.legend(
        *handles, loc="outside upper left", ncols=len(names), frameon=False, fontsize=9,
        title="n = 200, 1000, 5000 from small to large marks (network: 200, 1000)",
        title_fontsize=9, alignment="left",
    )  # fmt: skip
    drawing.savefig(COST, dpi=110)


def figure() -> None:
    """Draw the canonical pairs of the upper and the lower half of written digits."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    data = load_digits()
    upper, lower = data.data[:, :32], data.data[:, 32:]
    fit = Canonical().fit(upper, lower)
    u, v = fit.scores_x(upper), fit.scores_y(lower)
    info = fit.estimate.info
    drawing, axes = plt.subplots(1, u.shape[1], figsize=(4 * u.shape[1], 3.8), layout="constrained")
    for j, axis in enumerate(np.atleast_1d(axes)):
        points = axis.scatter(u[:, j], v[:, j], c=data.target, cmap="tab10", s=5)
        axis.set(
            xlabel=f"u{j + 1}, upper half", title=f"pair {j + 1}: {info['pairs_nats'][j]:.2f} nats"
        )
    np.atleast_1d(axes)[0].set_ylabel("v, lower half")
    drawing.colorbar(points, ticks=range(10), label="digit")
    drawing.savefig(FIGURE, dpi=110)
    print(fit.estimate)


if __name__ == "__main__":
    table, *arguments = sys.argv[1:] or ["accuracy", "beyond-normal"]
    tables = (
        accuracy, independence, sizes, line, ablation, narrow, waves, classes, close,
        rises, seconds, cost, figure,
    )  # fmt: skip
    {function.__name__: function for function in tables}[table](*arguments)
