"""The tables and the figure of `docs/canonical.md`: `python benchmarks/canonical.py TABLE`.

TABLE: accuracy SUITE, independence N, sizes, line, ablation, narrow, waves, classes, close,
rises, seconds, in Markdown; cost, figure.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import canonical_laws as laws
import numpy as np
from joblib import Parallel, delayed

import mibench
from mibench import InputError, Task
from mibench.estimators import KNN, Canonical
from mibench.estimators import canonical as whole
from mibench.estimators.cca import features as features
from mibench.estimators.cca import normal_surrogate as twin
from mibench.estimators.cca import pairs as search
from mibench.estimators.cca import selection as candidates
from mibench.estimators.cca import terms as parts
from mibench.estimators.cca.label_terms import ross_part
from mibench.output.figures import COLOURS, MARKERS
from mibench.tasks.catalogue import suite_tasks

N, SEEDS, JOBS = 2000, 10, 2
FIELD = ("canonical", "knn", "knn:k=10,standardize=true", "kde", "adaptive", "uniform")
DEGREES = {"normal": np.inf, "Student 1": 1.0, "Student 2": 2.0, "Student 3": 3.0}
FIGURE = Path(__file__).parents[1] / "docs" / "canonical.png"
COST = FIGURE.with_name("canonical-cost.png")
SUITES = ("beyond-normal", "mixtures", "high-mi", "network")


def error(estimator: object, task: Task, n: int, seed: int) -> float:
    """Estimate less truth in nats; NaN where the estimator declines."""
    x, y = task.sample(n, seed)
    sides = {"discrete_x": task.discrete_x, "discrete_y": task.discrete_y}
    try:
        return estimator.estimate(x, y, **sides).nats - task.mi_nats
    except InputError:
        return np.nan


def errors(spec: str, tasks: list[Task], n: int, seeds: int) -> np.ndarray:
    """(laws, seeds)."""
    one = mibench.get_estimator(spec)
    cells = Parallel(n_jobs=JOBS)(delayed(error)(one, t, n, s) for t in tasks for s in range(seeds))
    return np.reshape(cells, (len(tasks), seeds))


def accuracy(suite: str, seeds: str = str(SEEDS), *specs: str) -> None:
    """Mean absolute error over a suite at n = 2000; with no other specs, law by law."""
    tasks = suite_tasks(suite)
    found = errors("canonical", tasks, N, int(seeds))
    if not specs:
        print("| law | MI | mean error | mean absolute error |\n|---|---|---|---|")
        for task, row in zip(tasks, found, strict=True):
            print(
                f"| {task.name} | {task.mi_nats:.3f} | {row.mean():+.3f} | {abs(row).mean():.3f} |"
            )
    print(f"canonical: {suite}, {seeds} seeds: {abs(found).mean():.4f}, bias {found.mean():+.4f}")
    for spec in specs:
        print(f"{spec}: {np.nanmean(abs(errors(spec, tasks, N, int(seeds)))):.4f}")


def independent(dims: int, degrees: float, n: int, seed: int) -> list[np.ndarray]:
    """Two independent sides (n, dims), within each one radius for all dimensions."""
    rng = np.random.default_rng([seed, dims, n, int(min(degrees, 99))])
    sides = []
    for _ in range(2):
        z = rng.normal(size=(n, dims))
        shared = rng.chisquare(degrees, size=(n, 1)) / degrees if np.isfinite(degrees) else 1.0
        sides.append(z / np.sqrt(shared))
    return sides


def invented(dims: int, degrees: float, n: int, seed: int) -> float:
    """The estimate where the truth is 0."""
    return Canonical().estimate(*independent(dims, degrees, n, seed)).nats


def independence(n: str, seeds: str = str(SEEDS), dims: str = "1,2,5,25,50") -> None:
    """Mean and largest estimate over seeds, by dimension and law."""
    print("| n | dimensions | " + " | ".join(DEGREES) + " |\n" + "|---" * (2 + len(DEGREES)) + "|")
    for d in map(int, dims.split(",")):
        row = []
        for degrees in DEGREES.values():
            cells = Parallel(n_jobs=JOBS)(
                delayed(invented)(d, degrees, int(n), s) for s in range(int(seeds))
            )
            row.append(f"{np.mean(cells):.3f} ({np.max(cells):.3f})")
        print(f"| {n} | {d}+{d} | " + " | ".join(row) + " |", flush=True)


def sizes(seeds: str = "5", *each: str) -> None:
    """The error by n on every law of beyond-normal."""
    tasks = suite_tasks("beyond-normal")
    ns = [int(n) for n in each or ("500", "2000", "8000")]
    found = [abs(errors("canonical", tasks, n, int(seeds))).mean(axis=1) for n in ns]
    print("| law | " + " | ".join(f"n = {n}" for n in ns) + " |\n" + "|---" * (1 + len(ns)) + "|")
    for i, task in enumerate(tasks):
        print(f"| {task.name} | " + " | ".join(f"{row[i]:.3f}" for row in found) + " |")
    print("| all | " + " | ".join(f"{row.mean():.4f}" for row in found) + " |")


def line(n: str = "50000", seeds: str = "3") -> None:
    """The laws of 1+1 dimensions beside knn."""
    tasks = [t for t in suite_tasks("beyond-normal") if t.dim_x == t.dim_y == 1]
    print("| law | canonical | knn |\n|---|---|---|")
    both = [errors(spec, tasks, int(n), int(seeds)) for spec in ("canonical", "knn")]
    for task, *rows in zip(tasks, *both, strict=True):
        print(f"| {task.name} | " + " | ".join(f"{abs(r).mean():.4f}" for r in rows) + " |")


def _without_radii(groups: Callable) -> Callable:
    return lambda z, radii: groups(z, radii)[: None if radii is None else -4]


def _nothing(self: twin.NormalTwin, m: int, k: int, seen: float) -> float:
    return 0.0


WITHOUT: dict[str, list[tuple[object, str, object]]] = {
    "all parts": [],
    "without the Gaussian part": [
        (
            whole,
            "gaussian_part",
            lambda x, y: parts.GaussianPart(np.zeros(x.shape[1]), 1.0, x, y, 0, 1),
        )
    ],
    "without k-NN: the Gaussian part alone": [(candidates, "knn_part", lambda u, v, drawn: None)],
    "without k-NN on the columns themselves": [(candidates, "DIRECT", 0)],
    "without samples of a normal law": [(twin.NormalTwin, "counted_twice", _nothing)],
    "without radii": [(features, "_groups", _without_radii(features._groups))],
    "without products": [(features, "MOST_PRODUCTS", -1)],
    "with refined weights once": [(search, "REFINEMENTS", ("mixed",))],
    "without refined weights": [(search, "REFINEMENTS", ())],
    "without a single neighbour": [(parts, "FINEST", parts.NEIGHBOURS[-1])],
    "with k = 15 alone": [(parts, "NEIGHBOURS", (15,))],
    "with k = 3 alone": [(parts, "NEIGHBOURS", (3,))],
    "without a check against permuted rows": [(search, "CLEAR", 0.0)],
    "any pair counts": [(search, "SIGNIFICANT", 0.0), (search, "CLEAR", 0.0)],
    "whatever says more is taken": [(candidates, "CERTAIN", 0.0), (parts, "CERTAIN_K", 0.0)],
}


@contextmanager
def without(name: str) -> Iterator[None]:
    """The estimator with one part taken out."""
    patches = [patch.object(*one) for one in WITHOUT[name]]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def _ablated(name: str, task: Task | None, seed: int) -> float:
    with without(name):
        if task is None:
            return invented(5 if seed % 2 else 25, (1.0, np.inf)[seed % 4 // 2], 500, seed)
        return error(Canonical(), task, N, seed)


def ablation(*names: str) -> None:
    """The error over beyond-normal (3 seeds), and what is invented at independence (n = 500)."""
    tasks = suite_tasks("beyond-normal")
    print("| | MAE | bias | invented, mean (largest) |\n|---|---|---|---|")
    for name in names or WITHOUT:
        cells = np.array(
            Parallel(n_jobs=JOBS)(delayed(_ablated)(name, t, s) for t in tasks for s in range(3))
        )
        null = Parallel(n_jobs=JOBS)(delayed(_ablated)(name, None, s) for s in range(24))
        print(
            f"| {name} | {abs(cells).mean():.4f} | {cells.mean():+.4f} | {np.mean(null):.4f} "
            f"({np.max(null):.3f}) |",
            flush=True,
        )


def _of_few(u: np.ndarray, symbols: np.ndarray) -> parts.Part:
    """Ross's estimate from three pairs; from more, nothing."""
    zeros = np.zeros(len(symbols))
    return ross_part(u, symbols) if len(u) <= 3 else parts.Part(zeros, zeros, 0, 0)


OFF = {
    "close": (twin.NormalTwin, "counted_twice", _nothing),
    "narrow": (parts, "narrow", lambda u, v: None),
    "waves": (parts, "FINEST", parts.NEIGHBOURS[-1]),
    "classes": (candidates, "ross_part", _of_few),
}


def three_ways(law: laws.Law, part: str, n: int, seed: int, labels: bool) -> list[float]:
    """`canonical`, the same without a part of it, and `knn`, on one sample."""
    x, y = law(n, np.random.default_rng([seed, n]))
    estimates = [Canonical().estimate(x, y, discrete_y=labels).nats]
    with patch.object(*OFF[part]):
        estimates.append(Canonical().estimate(x, y, discrete_y=labels).nats)
    return [*estimates, KNN().estimate(x, y, discrete_y=labels).nats]


def means(law: laws.Law, part: str, n: int, seeds: int, labels: bool = False) -> np.ndarray:
    """(seeds, 3)."""
    return np.array(
        Parallel(n_jobs=JOBS)(delayed(three_ways)(law, part, n, s, labels) for s in range(seeds))
    )


def narrow(seeds: str = "10") -> None:
    """Mean absolute errors where noise is narrow: canonical, without that part of it, knn."""
    ns = (500, 2000, 10_000)
    print("| noise | MI | " + " | ".join(f"n = {n}" for n in ns) + " |\n|---|---|---|---|---|")
    for noise in laws.NOISE:
        for nats in (4.0, 6.0, 8.0, 10.0):
            law = laws.narrow(noise, nats)
            each = [abs(means(law, "narrow", n, int(seeds)) - nats).mean(axis=0) for n in ns]
            row = " | ".join(" / ".join(f"{e:.2f}" for e in one) for one in each)
            print(f"| {noise} | {nats:.0f} | {row} |", flush=True)


def waves(seeds: str = "5") -> None:
    """Mean estimates of waves in 2+1 dimensions: canonical, without single neighbours, knn."""
    ns = (500, 2000, 8000)
    print("| frequency | MI | " + " | ".join(f"n = {n}" for n in ns) + " |\n|---|---|---|---|---|")
    for frequency in (6.0, 12.0, 25.0):
        each = [means(laws.wave(frequency), "waves", n, int(seeds)).mean(axis=0) for n in ns]
        row = " | ".join(" / ".join(f"{e:.2f}" for e in one) for one in each)
        print(f"| {frequency:.0f} | {laws.wave_nats(frequency):.2f} | {row} |", flush=True)


def close(seeds: str = "10") -> None:
    """Mean estimates of normal columns close to each other: canonical, without samples, knn."""
    ns = (500, 2000)
    print("| noise | dimensions | MI | " + " | ".join(f"n = {n}" for n in ns) + " |")
    print("|---|---|---|---|---|")
    for noise, dims in ((0.3, 2), (0.1, 3), (0.01, 2)):
        law = laws.close(noise, dims)
        each = [means(law, "close", n, int(seeds)).mean(axis=0) for n in ns]
        row = " | ".join(" / ".join(f"{e:.2f}" for e in one) for one in each)
        nats = dims / 2 * np.log1p(1 / noise**2)
        print(f"| {noise} | {dims}+{dims} | {nats:.2f} | {row} |", flush=True)


def classes(seeds: str = "5") -> None:
    """Mean estimates for labels of many classes: canonical, with three pairs at most, knn."""
    ns = (500, 2000, 8000)
    print("| classes | MI | " + " | ".join(f"n = {n}" for n in ns) + " |\n|---|---|---|---|---|")
    for count in (3, 6, 12, 20):
        law = laws.classes(count)
        each = [means(law, "classes", n, int(seeds), labels=True).mean(axis=0) for n in ns]
        row = " | ".join(" / ".join(f"{e:.2f}" for e in one) for one in each)
        print(f"| {count} | {laws.classes_nats(count):.2f} | {row} |", flush=True)


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
    """Each step to more rows on which the error of a law rose, from the reference results.

    errors: the rise in standard errors of the difference of the two means over seeds.
    """
    cells = mibench.results("reference")
    own = cells[cells["estimator"] == "canonical"]
    own = own.assign(error=(own["nats"] - own["mi_nats"]).abs())
    print("| suite | law | rows | mean absolute error | errors |\n|---|---|---|---|---|")
    for suite in (*SUITES, "discrete"):
        for task in suite_tasks(suite):
            found = own[own["task"] == task.name].groupby("n")["error"].agg(["mean", "sem"])
            for (n, a), (more, b) in pairwise(found.iterrows()):
                if b["mean"] > a["mean"]:
                    z = (b["mean"] - a["mean"]) / np.hypot(a["sem"], b["sem"])
                    means = f"{a['mean']:.4f} to {b['mean']:.4f}"
                    print(f"| {suite} | {task.name} | {n} to {more} | {means} | {z:.1f} |")


def _of_few_digits(value: float, _: int) -> str:
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""


def cost() -> None:
    """The error against the time, of every estimator on four suites, from the reference results."""
    from matplotlib.figure import Figure

    cells = mibench.results("reference")
    cells["error"] = (cells["nats"] - cells["mi_nats"]).abs()
    drawing = Figure(figsize=(12, 3.7), layout="constrained")
    names = sorted(cells["estimator"].unique(), key=lambda name: (name != "canonical", name))
    for suite, axes in zip(SUITES, drawing.subplots(1, len(SUITES)), strict=True):
        laws = {task.name for task in suite_tasks(suite)}
        found = cells[cells["task"].isin(laws)].groupby(["estimator", "n"])
        table = found.agg(
            error=("error", "mean"), seconds=("seconds", "median"), cells=("n", "size")
        )
        table = table[table["cells"] == table["cells"].max()]  # of all laws, not of some alone
        for name, colour, marker in zip(names, COLOURS, MARKERS, strict=False):
            own = table.loc[name]
            axes.plot(own["seconds"], own["error"], color=colour, lw=0.8, alpha=0.6)
            sizes = [10 + 14 * place for place in range(len(own))]
            axes.scatter(
                own["seconds"], own["error"], sizes, color=colour, marker=marker, label=name
            )
        axes.set(xscale="log", yscale="log", xlabel="seconds an estimate (median)")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(_of_few_digits)
        axes.set_title(f"{suite}, {len(laws)} laws", fontsize=10)
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
    """What depends on what in a real table: the upper and the lower half of written digits."""
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
    {one.__name__: one for one in tables}[table](*arguments)
