"""The same estimates by other packages, and the pieces of work whose speed is compared.

`test_peers.py` times them with pytest-benchmark, `scaling.py` for `docs/performance.md`. Peers run
in the same process on the same data, warmed up, with all threads that they can use.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

import mibench
from mibench.estimators import KDE, KNN, Adaptive, Uniform

Array = NDArray[np.float64]
Work = Callable[[Array, Array], float]

K = 3
CORRELATION = 0.6


@cache
def normal(n: int, dims: int) -> tuple[Array, Array]:
    """Normal x and y (n, dims), column i of x correlated by 0.6 with column i of y.

    The sample means are exactly 0 and the standard deviations exactly 1, since scikit-learn and
    ennemi divide a side by its standard deviation first, and others do not.
    """
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, dims))
    y = CORRELATION * x + np.sqrt(1 - CORRELATION**2) * rng.standard_normal((n, dims))
    for side in (x, y):
        side -= side.mean(axis=0)
        side /= side.std(axis=0)
    return x, y


@cache
def labelled(n: int, dims: int) -> tuple[Array, Array]:
    """Columns x as in `normal`, and three labels, made by binning the first column of y."""
    x, y = normal(n, dims)
    return x, np.digitize(y[:, 0], [0.0, 1.0])


def knn_by_scikit_learn(x: Array, y: Array) -> float:
    """Kraskov 1, of scalars."""
    from sklearn.feature_selection import mutual_info_regression

    return float(mutual_info_regression(x, y[:, 0], n_neighbors=K, random_state=0)[0])


def labels_by_scikit_learn(x: Array, labels: Array) -> float:
    """Ross."""
    from sklearn.feature_selection import mutual_info_classif

    return float(mutual_info_classif(x, labels, n_neighbors=K, random_state=0)[0])


def knn_by_ennemi(x: Array, y: Array) -> float:
    """Kraskov 1, of scalars."""
    import ennemi

    return float(ennemi.estimate_mi(y[:, 0], x[:, 0], k=K)[0, 0])


def knn_by_infomeasure(x: Array, y: Array) -> float:
    """Kraskov 1."""
    import infomeasure

    return float(infomeasure.mutual_information(x, y, approach="ksg", k=K))


def kde_by_scikit_learn(x: Array, y: Array, leave_out: bool = True) -> float:
    """The `kde` of mibench by three `KernelDensity`; without `leave_out` a row counts itself."""
    from sklearn.neighbors import KernelDensity

    n, dims = x.shape
    factor = n ** (-1 / (2 * dims + 4))
    x, y = x / (factor * x.std(axis=0, ddof=1)), y / (factor * y.std(axis=0, ddof=1))
    logs = []
    for z in (np.hstack([x, y]), x, y):
        sums = KernelDensity(bandwidth=1.0).fit(z).score_samples(z) + np.log(n)
        if leave_out:
            log_self = -0.5 * z.shape[1] * np.log(2 * np.pi)
            sums += np.log1p(-np.exp(log_self - sums))
        logs.append(sums - np.log(n - leave_out))
    return float(np.mean(logs[0] - logs[1] - logs[2]))


def kde_by_infomeasure(x: Array, y: Array) -> float:
    """Kernels of the same widths that follow the covariance of each space; a row counts itself.

    The estimate therefore differs, from as many pairs and kernels. It equals that of
    `kde_by_scikit_learn` with `leave_out=False` where no two columns correlate.
    """
    import infomeasure

    n, dims = x.shape
    return float(
        infomeasure.mutual_information(
            x, y, approach="kernel", kernel="gaussian", workers=-1,
            bandwidth=n ** (-1 / (2 * dims + 4)),
        )
    )  # fmt: skip


def read(x: Array, y: Array) -> float:
    """Read the data once."""
    return float(x.sum() + y.sum())


def read_and_sort(x: Array, y: Array) -> float:
    """Read the data once, and sort both sides, at the same time if there are two cores."""
    with ThreadPoolExecutor(2) as pool:
        ordered = list(pool.map(np.sort, (x[:, 0], y[:, 0])))
    return read(x, y) + float(ordered[0][0])


def knn(x: Array, y: Array) -> float:
    return KNN(k=K).estimate(x, y).nats


def knn_in_given_units(x: Array, y: Array) -> float:
    """As infomeasure, which does not standardize."""
    return KNN(k=K, standardize=False).estimate(x, y).nats


def knn_of_labels(x: Array, labels: Array) -> float:
    return KNN(k=K).estimate(x, labels, discrete_y=True).nats


def correlated_columns(n: int, columns: int) -> tuple[Array, Array]:
    """Normal columns, all pairs correlated by 0.5; of unit sd, to which ennemi scales them."""
    rng = np.random.default_rng(0)
    table = rng.standard_normal((n, 1)) + rng.standard_normal((n, columns))
    table -= table.mean(axis=0)
    return table / table.std(axis=0), np.empty((n, 0))


def knn_of_pairs(table: Array, _: Array) -> float:
    """The mean over all pairs of columns."""
    return float(np.nanmean(mibench.pairwise(table, f"knn:k={K}").nats))


def pairs_by_ennemi(table: Array, _: Array) -> float:
    """The same by ennemi, by default on all cores."""
    import ennemi

    matrix = ennemi.pairwise_mi(table, k=K)
    return float(matrix[np.triu_indices(len(matrix), 1)].mean())


@dataclass(frozen=True)
class Peer:
    """The work of a peer, and by how many nats its result may differ; None: not compared."""

    work: Work
    agrees: float | None


# scikit-learn and ennemi add noise of 1e-10, which moves some rows across the boundary of a
# neighbourhood: the count of 1 row in 1e5 changes by one, and its psi by up to 1. infomeasure does
# the same, but in five dimensions or more few rows are so near a boundary.
SCIKIT_LEARN = Peer(knn_by_scikit_learn, 1e-5)
ENNEMI = Peer(knn_by_ennemi, 1e-5)
INFOMEASURE = Peer(knn_by_infomeasure, 1e-6)


@dataclass(frozen=True)
class Group:
    """One piece of work by mibench and its peers; mibench is compared with the fastest peer.

    target: the required speed-up of mibench on n rows; floor: the required speed-up of the short
    form on `short` rows (None: not in the short form), about half of the speed-up on two cores.
    """

    dims: int
    n: int
    target: float
    ours: Work
    peers: Mapping[str, Peer]
    short: int | None
    floor: float
    data: Callable[[int, int], tuple[Array, Array]] = normal


GROUPS = {
    "knn 1+1": Group(
        1, 100_000, 8, knn,
        {"scikit-learn": SCIKIT_LEARN, "ennemi": ENNEMI}, 100_000, 8,
    ),
    "knn 1+1, large": Group(
        1, 1_000_000, 8, knn, {"scikit-learn": SCIKIT_LEARN}, None, 0,
    ),
    "knn 5+5": Group(
        5, 10_000, 15, knn_in_given_units, {"infomeasure": INFOMEASURE}, 4000, 12,
    ),
    # The ratio depends on the processor: with narrower vectors it is half as large.
    "knn 25+25": Group(
        25, 10_000, 60, knn_in_given_units, {"infomeasure": INFOMEASURE}, 2000, 20,
    ),
    "knn 1 and a label": Group(
        1, 100_000, 8, knn_of_labels,
        {"scikit-learn": Peer(labels_by_scikit_learn, 1e-5)}, 100_000, 8, labelled,
    ),
    # `test_pairwise` has the short form, with fewer columns.
    "knn of all pairs of 50 columns": Group(
        50, 10_000, 8, knn_of_pairs,
        {"ennemi": Peer(pairs_by_ennemi, 1e-5)}, None, 0, correlated_columns,
    ),
    "kde 5+5": Group(
        5, 10_000, 20, lambda x, y: KDE().estimate(x, y).nats,
        {
            # Subtracting the kernel of a far row itself from its sum leaves few digits.
            "scikit-learn": Peer(kde_by_scikit_learn, 1e-5),
            "infomeasure": Peer(kde_by_infomeasure, None),
        }, 4096, 10,
    ),
    "uniform 1+1": Group(
        1, 10_000_000, 1 / 3, lambda x, y: Uniform().estimate(x, y).nats,
        {"a plain read": Peer(read, None)}, 3_000_000, 0.12,
    ),
    "adaptive 1+1": Group(
        1, 10_000_000, 1 / 3, lambda x, y: Adaptive().estimate(x, y).nats,
        {"a plain read and one sort per side": Peer(read_and_sort, None)}, 3_000_000, 0.3,
    ),
}  # fmt: skip
