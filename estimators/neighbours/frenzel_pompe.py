"""The k-NN estimate of I(X;Y|Z) from counts of neighbours, for one order of rows or for many.

    I = psi(k) + mean[psi(n_z) - psi(n_xz) - psi(n_yz)],

where n_z, n_xz and n_yz are the rows nearer than the k-th neighbour in Z, in (X, Z) and in (Y, Z),
the row itself included.

References:
    Frenzel & Pompe 2007, doi:10.1103/PhysRevLett.99.204101.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from mibench.contract import flags
from mibench.errors import InputError
from mibench.types import Estimate

from .cautions import neighbour_flags
from .conditional import (
    ConditionalSide,
    any_tied,
    conditional_counts,
    conditional_counts_of_orders,
)
from .ksg import sum_digamma
from .search import Algorithm
from .sorted_column import IndexedSide

# A larger fall, in nats and as a share, if Z is stretched twofold, is flagged. How often, where the
# estimate is too high and where it is not: `python benchmarks/conditional.py flags`.
MAX_FALL, MAX_FALL_SHARE = 0.05, 0.25
# With nothing given, all pairs are compared up to so many rows for each neighbour: measured in two
# dimensions, where searches are fastest.
ROWS_BY_PAIRS_PER_NEIGHBOUR = 34
MAX_NEAR_SHARE = 0.7  # of rows near in Z that are near in a side too; more hide what it shares


def information_given(
    x: ConditionalSide, y: ConditionalSide, z: IndexedSide, k: int, algorithm: Algorithm = "auto"
) -> Estimate:
    """I(X;Y|Z) given numbers Z of more than k rows, in nats."""
    n = z.columns.shape[1]
    counts = conditional_counts(x, y, z, k, algorithm)
    used = len(counts.rows)
    if used == 0:
        raise InputError(
            f"all {n} pairs of labels differ, so no row has a neighbour with its own labels: "
            "join rare labels, or treat a side as numbers"
        )
    total = sum(sum_digamma(c) for c in (counts.k, counts.in_z))
    total -= sum(sum_digamma(c) for c in (counts.in_xz, counts.in_yz))
    dims = sum(len(side.columns) for side in (x, y, z))
    raised = neighbour_flags(n, k, dims, counts.tied_rows)
    if used < n:
        raised.update([flags.rare_labels(n - used, n)])
    for name, side, near in (("X", x, counts.in_xz), ("Y", y, counts.in_yz)):
        share = float(near.sum() / counts.in_z.sum())
        if side.symbols is None and share > MAX_NEAR_SHARE:
            raised.update([flags.unresolved(name, share)])
    ceiling = float(digamma(used) - digamma(k))
    return Estimate(total / used, raised, {"method": "Frenzel-Pompe"}, ceiling)


def with_wide_neighbourhoods(
    estimate: Estimate,
    x: ConditionalSide,
    y: ConditionalSide,
    z: IndexedSide,
    k: int,
    algorithm: Algorithm = "auto",
) -> Estimate:
    """The estimate of `information_given`, flagged if it falls where Z is mapped otherwise.

    The MI is the same if Z is stretched twofold, or replaced by ranks, but the estimate is not
    where X or Y varies much within the neighbourhoods of Z.
    """
    if estimate.nats <= MAX_FALL:
        return estimate
    stretched = IndexedSide(2 * z.columns, 2 * z.rounding)
    ranked = IndexedSide(_ranks(z.columns))
    other = min(information_given(x, y, side, k, algorithm).nats for side in (stretched, ranked))
    if estimate.nats - other <= max(MAX_FALL, MAX_FALL_SHARE * estimate.nats):
        return estimate
    code, text = flags.wide_neighbourhoods(estimate.nats, other)
    return replace(estimate, flags={**estimate.flags, code: text})


def _ranks(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ranks in each of the columns (d, n), with a standard deviation of 1."""
    ranks = np.empty(columns.shape)
    for column, out in zip(columns, ranks, strict=True):
        distinct, places = np.unique(column, return_inverse=True)
        out[:] = places / max(len(distinct) - 1, 1) * 12**0.5
    return ranks


def information_of_orders(
    x: ConditionalSide,
    y: ConditionalSide,
    z: IndexedSide,
    k: int,
    orders: Sequence[NDArray[np.int64]],
) -> list[float]:
    """I(X;Y|Z) in nats for each order of the rows of Y, by all pairs; numbers in all sides."""
    in_xz, in_yz, in_z = conditional_counts_of_orders(x, y, z, k, orders)
    psi = np.append(0.0, digamma(np.arange(1, z.columns.shape[1] + 1)))  # of 0, which no count is
    values = digamma(k) + psi[in_z] - psi[in_xz] - psi[in_yz]
    return [float(nats) for nats in values.mean(axis=1)]


def information_of_orders_by_pairs(
    x: IndexedSide, y: IndexedSide, k: int, orders: Sequence[NDArray[np.int64]]
) -> list[float] | None:
    """I(X;Y) in nats for each order of the rows of Y, by all pairs of rows.

    With no Z, the estimate is the first of Kraskov, Stoegbauer & Grassberger 2004. None where a
    search for each order is faster, rows are too few, or rows have ties.
    """
    n = x.columns.shape[1]
    if not k < n <= ROWS_BY_PAIRS_PER_NEIGHBOUR * k:
        return None
    if any_tied(np.concatenate([x.columns, y.columns]), k):
        return None
    of_x, of_y = (ConditionalSide(side.columns, None, side.rounding) for side in (x, y))
    nothing = IndexedSide(np.zeros((1, n)))  # at distance 0 from row to row
    return information_of_orders(of_x, of_y, nothing, k, orders)
