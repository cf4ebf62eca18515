"""Compare corrections of the plug-in MI of two label columns: the tables of `docs/labels.md`.

Run it as `python benchmarks/labels.py`; it takes some minutes on one core. With the name of a
distribution, `python benchmarks/labels.py zipf-100-0.5`, it prints the errors on that one alone.
"""

import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from labels_distributions import Distribution, counts, distributions
from numpy.typing import NDArray
from scipy.special import digamma, gammaln, polygamma, xlogy

from mibench.contract.variables import as_pair
from mibench.estimators import KDE, KNN, Uniform
from mibench.estimators.kernels.chance import distinct_counts, expected_sum, pair_counts

Int = NDArray[np.int64]

SIZES = (200, 1000, 5000)
SEEDS = 20


@dataclass(frozen=True)
class Counted:
    """A sample: counts of the labels of both sides and of their pairs, and the kinds of each."""

    x: Int
    y: Int
    xy: Int
    uniform: dict[str, float]  # the estimates of `Uniform` by correction

    @property
    def sides(self) -> tuple[tuple[Int, int], ...]:
        """The counts of X, Y and pairs, each with the number of kinds that could occur."""
        kinds = len(self.x), len(self.y)
        return (self.x, kinds[0]), (self.y, kinds[1]), (self.xy, kinds[0] * kinds[1])


def counted(x: Int, y: Int) -> Counted:
    a, b = as_pair(x, y, True, True)
    pairs = pair_counts(a.symbols, b.symbols, a.cardinality, b.cardinality)
    corrections = ("auto", "miller-madow", None)
    estimates = {str(c): Uniform(correction=c).estimate_variables(a, b).nats for c in corrections}
    return Counted(a.counts, b.counts, pairs, estimates)


# -- entropies from counts c and a number of possible kinds ------------------------------------


def plain(c: Int, kinds: int = 0) -> float:
    return math.log(c.sum()) - float(xlogy(c, c).sum() / c.sum())


def grassberger(c: Int, kinds: int) -> float:
    sign = np.where(c % 2, -1.0, 1.0)
    g = digamma(c) + sign / 2 * (digamma((c + 1) / 2) - digamma(c / 2))
    return math.log(c.sum()) - float((c * g).sum() / c.sum())


def chao_shen(c: Int, kinds: int) -> float:
    """Chao & Shen 2003, doi:10.1023/A:1026096204727."""
    n = c.sum()
    coverage = 1 - min((c == 1).sum(), n - 1) / n
    p = coverage * c / n
    return -float((p * np.log(p) / (1 - (1 - p) ** n)).sum())


def chao_wang_jost(c: Int, kinds: int) -> float:
    """Chao, Wang & Jost 2013, doi:10.1111/2041-210X.12108."""
    n, once, twice = int(c.sum()), int((c == 1).sum()), int((c == 2).sum())
    seen = float((c * (digamma(n) - digamma(c))).sum() / n)
    if twice > 0:
        a = 2 * twice / ((n - 1) * once + 2 * twice)
    else:
        a = 2 / ((n - 1) * (once - 1) + 2) if once > 0 else 1.0
    if once == 0 or a >= 1 or (1 - a) ** (n - 1) == 0:
        return seen
    r = np.arange(1, n)
    tail = -math.log(a) - float(((1 - a) ** r / r).sum())
    return seen + once / n * (1 - a) ** (1 - n) * tail


def nsb(c: Int, kinds: int) -> float:
    """Nemenman, Shafee & Bialek 2002, arXiv:physics/0108025: the integral over beta on a grid."""
    n, beta = int(c.sum()), np.geomspace(1e-5, 1e4, 300)
    values, repeats = np.unique(c, return_counts=True)
    b = beta[:, np.newaxis]
    evidence = gammaln(kinds * beta) - gammaln(n + kinds * beta)
    evidence += (repeats * (gammaln(values + b) - gammaln(b))).sum(axis=1)
    prior = kinds * polygamma(1, kinds * beta + 1) - polygamma(1, beta + 1)
    weight = np.exp(evidence - evidence.max()) * prior * beta
    inner = (repeats * (values + b) * digamma(values + b + 1)).sum(axis=1)
    inner += (kinds - len(c)) * beta * digamma(beta + 1)
    entropy = digamma(n + kinds * beta + 1) - inner / (n + kinds * beta)
    return float((weight * entropy).sum() / weight.sum())


# -- estimates ---------------------------------------------------------------------------------


def from_entropies(entropy: Callable[[Int, int], float]) -> Callable[[Counted], float]:
    def estimate(s: Counted) -> float:
        x, y, xy = (entropy(c, kinds) for c, kinds in s.sides)
        return x + y - xy

    return estimate


def by_chance(s: Counted) -> float:
    """The mean plug-in MI over all pairings of the rows."""
    n = int(s.x.sum())
    terms = xlogy(np.arange(n + 1), np.arange(n + 1))
    mean = expected_sum(*distinct_counts(s.x), *distinct_counts(s.y), n, terms)
    return plain(s.x) + plain(s.y) - math.log(n) + mean / n


def less_chance(s: Counted) -> float:
    return s.uniform["None"] - by_chance(s)


def adjusted(s: Counted) -> float:
    """The adjusted MI of Vinh, Epps & Bailey 2010, times the smaller entropy."""
    most, chance = min(plain(s.x), plain(s.y)), by_chance(s)
    return most * (s.uniform["None"] - chance) / (most - chance) if most > chance + 1e-9 else 0.0


METHODS: dict[str, Callable[[Counted], float]] = {
    "plug-in": lambda s: s.uniform["None"],
    "Miller-Madow": lambda s: s.uniform["miller-madow"],
    "Chao-Shen": from_entropies(chao_shen),
    "Chao-Wang-Jost": from_entropies(chao_wang_jost),
    "Grassberger": from_entropies(grassberger),
    "NSB": from_entropies(nsb),
    "permutation": less_chance,
    "adjusted": adjusted,
    "mibench": lambda s: s.uniform["auto"],
}


# -- tables ------------------------------------------------------------------------------------


def errors(distribution: Distribution, n: int) -> tuple[float, NDArray[np.float64]]:
    """The number of pairs per row, and the error of each method on each sample."""
    samples = [
        counted(*distribution.draw(n, np.random.default_rng([seed, n]))) for seed in range(SEEDS)
    ]
    pairs = float(np.mean([len(s.x) * len(s.y) / n for s in samples]))
    nats = np.array([[method(s) for method in METHODS.values()] for s in samples])
    return pairs, nats - distribution.mi_nats


def sparsity(pairs: float) -> str:
    if pairs <= 0.5:
        return "at most 0.5"
    return "0.5 to 1" if pairs <= 1 else "1 to 10" if pairs <= 10 else "more than 10"


def line(cells: Iterable[object]) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def heading(cells: list[str]) -> None:
    line(cells)
    line(["---"] * len(cells))


def table_of_one(distribution: Distribution) -> None:
    heading(["distribution", "MI", "n", "pairs per row", *METHODS])
    for n in SIZES:
        pairs, error = errors(distribution, n)
        means = (f"{m:+.3f}" for m in error.mean(axis=0))
        line([distribution.name, f"{distribution.mi_nats:.3f}", n, f"{pairs:.2f}", *means])


def tables_of_groups() -> None:
    """The RMSE, and the mean errors furthest from 0 below and above, by group and sparsity."""
    groups: dict[tuple[str, str], list[NDArray[np.float64]]] = {}
    for distribution in distributions():
        for n in SIZES:
            pairs, error = errors(distribution, n)
            groups.setdefault((distribution.group, sparsity(pairs)), []).append(error)
    order = ["at most 0.5", "0.5 to 1", "1 to 10", "more than 10"]
    keys = sorted(groups, key=lambda key: (key[0], order.index(key[1])))
    print("RMSE in nats\n")
    heading(["labels", "pairs per row", *METHODS])
    for key in keys:
        rmse = np.sqrt(np.mean(np.square(groups[key]), axis=(0, 1)))
        line([*key, *(f"{r:.3f}" for r in rmse)])
    print("\nLowest and highest mean error in nats\n")
    heading(["labels", "pairs per row", *METHODS])
    for key in keys:
        means = np.mean(groups[key], axis=1)
        line(
            [*key, *(f"{a:+.2f} {b:+.2f}" for a, b in zip(means.min(0), means.max(0), strict=True))]
        )


def table_of_counts() -> None:
    """The same counts declared as labels, and left as numbers."""
    print("\nMean estimates of counts in nats\n")
    heading(["distribution", "MI", "n", "labels, plug-in", "labels", "knn", "kde", "uniform"])
    for distribution in counts():
        for n in SIZES:
            means = np.zeros(5)
            for seed in range(SEEDS):
                x, y = distribution.draw(n, np.random.default_rng([seed, n]))
                labels = counted(x, y).uniform
                numbers = (e.estimate(x, y).nats for e in (KNN(), KDE(), Uniform()))
                means += np.array([labels["None"], labels["auto"], *numbers]) / SEEDS
            nats = (f"{m:.3f}" for m in means)
            line([distribution.name, f"{distribution.mi_nats:.3f}", n, *nats])


def main() -> None:
    """Print the tables in Markdown."""
    named = {d.name: d for d in distributions()}
    if len(sys.argv) > 1:
        table_of_one(named[sys.argv[1]])
        return
    tables_of_groups()
    table_of_counts()


if __name__ == "__main__":
    main()
