"""The MI of a normal distribution from canonical correlations, without its bias."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from mibench.contract import flags
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from ..shared.kurtosis import kurtosis_of
from ..shared.mean_ratio import OTHER_ROWS, log_of_mean_ratio, other_rows

Float = NDArray[np.float64]
Int = NDArray[np.int64]

EXACT = 1e-12  # 1 - r^2 below which rounding decides: a relation is then taken as exactly linear
RANK_TOLERANCE = 1e-9  # singular values below this share of the largest are 0
# A side is flagged if its kurtosis differs from that of normal rows by more than these.
KURTOSIS_ERRORS = 5.0  # standard errors for normal rows
MAX_KURTOSIS_SHARE = 0.1  # of the kurtosis of normal rows
LEAST_EXCESS = 0.15  # nats, of the log of a mean ratio, and of an estimate for which it matters
MOST_ROWS_OF_RATIO = 5000  # of x, and of y
# Rows are too few to show the excess of a ratio of more nats than the log of the number of pairs of
# rows less these. Then the excess is also computed in groups of so many canonical variables. To
# save time, a group of fewer nats is left out. A smaller share of all nats is taken as 0.
NATS_OF_PAIRS = 4.0
GROUP_SIZES = (2, 3, 6, 12, 24)
LEAST_OF_GROUP = 0.05
LEAST_SHARE = 0.05
LEAST_KURTOSIS_SHARE = 0.05  # difference from the kurtosis of normal rows, of both sides then


def information_of_normal(name: str, x: Float, y: Float, least: float) -> Estimate:
    """The MI in nats of the normal distribution with the covariance of x (dx, n) and y (dy, n).

    `estimators.gaussian` has the formula. least: the smallest 1 - r^2 that the rows can show, to
    which a smaller one is raised. Raises InputError for too few rows.
    """
    n = x.shape[1]
    basis_x, basis_y = orthonormal_rows(x), orthonormal_rows(y)
    dx, dy = len(basis_x), len(basis_y)
    if n <= dx + dy + 1:
        raise InputError(
            f"{name} needs more rows than dimensions: at least {dx + dy + 2} for {dx}+{dy} "
            f"dimensions, got {n}: add rows or leave out columns"
        )
    cosines = basis_x @ basis_y.T
    r = np.linalg.svd(cosines, compute_uv=False)
    unexplained = (1.0 - r) * (1.0 + r)
    bias = bias_of_plug_in(n, dx, dy)
    nats = float(-0.5 * np.log(np.maximum(unexplained, least)).sum()) - bias
    largest = {"largest_correlation": float(r[0])}
    info = {"method": "canonical correlations", "bias_nats": bias, **largest}
    most = -0.5 * len(r) * math.log(least) - bias
    ceiling = nats if unexplained.min() <= least else most
    raised: dict[str, str] = {}
    if nats > LEAST_EXCESS:
        of_x, _, of_y = np.linalg.svd(cosines, full_matrices=False)
        excess = excess_of_ratio(of_x.T @ basis_x, of_y @ basis_y, np.maximum(unexplained, least))
        if excess > LEAST_EXCESS:
            raised.update([flags.no_ratio(min(excess, nats))])
    return Estimate(nats, raised or not_normal(basis_x, basis_y), info, ceiling)


def bias_of_plug_in(n: int, dx: int, dy: int) -> float:
    """The mean error of the plug-in, in nats, for n rows of a normal distribution."""
    terms = digamma((n - 1 - np.arange(dx + dy)) / 2)
    return float(terms[:dx].sum() + terms[:dy].sum() - terms.sum()) / 2


def excess_of_ratio(x: Float, y: Float, unexplained: Float, grouped: bool = True) -> float:
    """The log of the mean of p(x, y) / p(x) p(y) over x of one row and y of another, at least.

    p is the normal distribution of the canonical variables x and y (k, n), of mean 0 and of length
    1, with 1 - r^2 in `unexplained` (k,). Of a large ratio, rows are too few to show the excess. So
    it is also computed as the sum over groups of consecutive variables, whose ratios are smaller;
    unless `grouped` is false.
    """
    nats, n = -0.5 * float(np.log(unexplained).sum()), x.shape[1]
    few = grouped and _are_rows_few(n, nats)
    sizes = [*(size for size in GROUP_SIZES if few and size < len(x)), len(x)]
    rows = np.random.default_rng(n).permutation(n)[:MOST_ROWS_OF_RATIO]
    x, y = math.sqrt(n) * x[:, rows], math.sqrt(n) * y[:, rows]
    others = other_rows(len(rows))
    *of_groups, of_all = (_excess_of_groups(x, y, unexplained, size, others) for size in sizes)
    return max([of_all, *(excess for excess in of_groups if excess > LEAST_SHARE * nats)])


def excess_of_normal(x: Float, y: Float) -> float:
    """`excess_of_ratio` of the normal distribution with the covariance of x (dx, n), y (dy, n)."""
    basis_x, basis_y = orthonormal_rows(x), orthonormal_rows(y)
    of_x, r, of_y = np.linalg.svd(basis_x @ basis_y.T, full_matrices=False)
    unexplained = np.maximum((1.0 - r) * (1.0 + r), EXACT)
    return excess_of_ratio(of_x.T @ basis_x, of_y @ basis_y, unexplained)


def is_large_and_compact(x: Float, y: Float, nats: float) -> bool:
    """Whether rows are too few to show that `nats` are too high, and both sides are compact.

    To show that a density ratio of so many nats is too high takes about exp(nats) pairs of rows.
    A compact side, as of angles, has less kurtosis than normal rows; heavy tails have more.
    """
    return _are_rows_few(x.shape[1], nats) and all(
        kurtosis_of(orthonormal_rows(side)).is_less(LEAST_KURTOSIS_SHARE, KURTOSIS_ERRORS)
        for side in (x, y)
    )


def _are_rows_few(n: int, nats: float) -> bool:
    return nats > math.log(OTHER_ROWS * n) - NATS_OF_PAIRS


def _excess_of_groups(x: Float, y: Float, unexplained: Float, size: int, others: Int) -> float:
    """The sum over groups of `size` canonical variables (k, n), without groups that show none."""
    if size == len(x):
        return _excess(x, y, unexplained, others)
    total = 0.0
    for first in range(0, len(x), size):
        group = slice(first, first + size)
        if -0.5 * float(np.log(unexplained[group]).sum()) > LEAST_OF_GROUP:
            total += max(_excess(x[group], y[group], unexplained[group], others), 0.0)
    return total


def _excess(x: Float, y: Float, unexplained: Float, others: Int) -> float:
    weight = (0.5 / unexplained)[:, np.newaxis]
    squared = 1 - unexplained[:, np.newaxis]
    alone_x, alone_y = ((weight * squared * side**2).sum(axis=0) for side in (x, y))
    twice = 2 * weight * np.sqrt(squared) * x
    logs = np.array([(twice * y[:, o]).sum(axis=0) - alone_x - alone_y[o] for o in others])
    return log_of_mean_ratio(logs, others) - 0.5 * float(np.log(unexplained).sum())


def not_normal(basis_x: Float, basis_y: Float) -> dict[str, str]:
    """A flag if a side, given by an orthonormal basis (d, n), is no normal vector.

    If both sides are not normal, the flag names the one whose kurtosis differs more.
    """
    departures: list[tuple[float, str, float, float]] = []
    for name, basis in (("x", basis_x), ("y", basis_y)):
        kurtosis = kurtosis_of(basis)
        if kurtosis.differs(MAX_KURTOSIS_SHARE, KURTOSIS_ERRORS):
            share = abs(kurtosis.found / kurtosis.of_normal - 1)
            departures.append((share, name, kurtosis.found, kurtosis.of_normal))
    return dict([flags.not_normal(*max(departures)[1:])] if departures else [])


def orthonormal_rows(columns: Float) -> Float:
    """An orthonormal basis (rank, n) of the columns (d, n) less their means."""
    centred = columns - columns.mean(axis=1, keepdims=True)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(directions[singular > RANK_TOLERANCE * singular[0]])


def refuse_labels(name: str, x: Variable, y: Variable) -> None:
    """Raise InputError if a side holds labels, whose numbers have neither order nor distance."""
    for side, v in (("x", x), ("y", y)):
        if v.discrete:
            raise InputError(
                f"{name} needs two continuous sides, and {side} holds labels: use canonical or knn"
            )
