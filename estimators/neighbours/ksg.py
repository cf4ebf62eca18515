"""The counts of neighbours in the k-NN estimators of Kraskov et al. (2004) and of Ross (2014).

Both search for the k nearest neighbours of each row, break ties where that set is ambiguous, and
count the rows within the distance found. The callers turn the counts into an estimate.

References:
    Kraskov, Stoegbauer & Grassberger 2004, doi:10.1103/PhysRevE.69.066138.
    Ross 2014, doi:10.1371/journal.pone.0087357.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma

from .search import NO_COUNTS, Algorithm, Neighbours, closed, count_within, nearest
from .sorted_column import IndexedSide
from .ties import break_ties

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

MAX_ROUNDING = 2.0**-20  # share of a distance that is taken for rounding at most


@dataclass(frozen=True)
class KraskovCounts:
    """What Kraskov's estimator counts for each of n rows.

    n_x, n_y (n,): the other rows within the row's distance in x, and in y; x, y: the sides in
    which they were counted, with noise added if any row had ties; tied_rows: how many rows had
    ties; algorithm: the search that found the neighbours.
    """

    n_x: Int
    n_y: Int
    x: IndexedSide
    y: IndexedSide
    tied_rows: int
    algorithm: str


def kraskov_counts(
    x: IndexedSide,
    y: IndexedSide,
    k: int,
    variant: Literal[1, 2] = 1,
    algorithm: Algorithm = "auto",
) -> KraskovCounts:
    """Count the neighbours of eq. 8 (variant 1) or eq. 9 (variant 2) of Kraskov et al. 2004.

    Both sides have n > k rows. If a dimension has very large values, rounding may keep noise from
    separating copies of a row, and a count may be too small. So n_x is raised to at least 0 in
    variant 1, and to at least 1 in variant 2: psi is then finite.
    """
    joint, x, y, tied_rows = _neighbours_without_ties(x, y, k, variant, algorithm)
    # If y is x in other units, only rounding makes one of two distances the smaller one, which must
    # not count as nearer; nor, in variant 2, as farther.
    error = _rounding(x, y)
    if variant == 1:
        reach_x = reach_y = joint.radius - np.minimum(error, MAX_ROUNDING * joint.radius)
    else:
        # Where ties are left, because rounding loses the noise, the square of the radius decides.
        extents = [np.where(joint.tied, joint.radius, extent) for extent in joint.extents]
        reach_x, reach_y = (closed(e + np.minimum(error, MAX_ROUNDING * e)) for e in extents)
    n_x, n_y = (
        np.maximum(_count_within(side, reach, algorithm) - 1, variant - 1)
        for side, reach in ((x, reach_x), (y, reach_y))
    )
    return KraskovCounts(n_x, n_y, x, y, tied_rows, joint.algorithm)


@dataclass(frozen=True)
class KraskovSums:
    """What Kraskov's estimator takes from the neighbours of all rows.

    psi: the sum of psi(n_x + 1) + psi(n_y + 1) (variant 1), or of psi(n_x) + psi(n_y) (variant 2);
    the others are as in `KraskovCounts`.
    """

    psi: float
    x: IndexedSide
    y: IndexedSide
    tied_rows: int
    algorithm: str


def kraskov_sums(
    x: IndexedSide, y: IndexedSide, k: int, variant: Literal[1, 2], algorithm: Algorithm = "auto"
) -> KraskovSums:
    """The sums, as from `kraskov_counts`; in less time for variant 1 and sides of one column."""
    if variant == 2 or len(x.columns) > 1 or len(y.columns) > 1:
        counts = kraskov_counts(x, y, k, variant, algorithm)
        itself = 2 - variant
        psi = sum_digamma(counts.n_x + itself) + sum_digamma(counts.n_y + itself)
        return KraskovSums(psi, counts.x, counts.y, counts.tied_rows, counts.algorithm)
    joint, x, y, tied_rows = _neighbours_without_ties(x, y, k, 1, algorithm)
    error, n = _rounding(x, y), len(x.order)
    of_x, of_y = (
        _sum_of(side.sorted_column.occurrences_within(joint.radius, error, MAX_ROUNDING), n)
        for side in (x, y)
    )
    return KraskovSums(of_x + of_y, x, y, tied_rows, joint.algorithm)


def _neighbours_without_ties(
    x: IndexedSide, y: IndexedSide, k: int, variant: Literal[1, 2], algorithm: Algorithm
) -> tuple[Neighbours, IndexedSide, IndexedSide, int]:
    """The neighbours, the sides, with noise if any rows had ties, and how many rows had ties."""
    joint = _joint_neighbours(x, y, k, algorithm, extents=variant == 2)
    tied_rows = int(np.count_nonzero(joint.tied))
    if tied_rows:
        dims_x = len(x.columns)
        broken = break_ties(np.concatenate([x.columns, y.columns]))
        x, y = IndexedSide(broken[:dims_x]), IndexedSide(broken[dims_x:])
        joint = _joint_neighbours(x, y, k, algorithm, extents=variant == 2)
    return joint, x, y, tied_rows


def _rounding(x: IndexedSide, y: IndexedSide) -> float:
    """By how much a distance may be wrong, since values are rounded."""
    return 4 * max(x.rounding, y.rounding)


def kraskov_counts_of_several(
    x: IndexedSide, y: IndexedSide, sizes: Sequence[int]
) -> list[KraskovCounts]:
    """`kraskov_counts` of variant 1 for several falling k, from one search if there are no ties."""
    joint = _joint_neighbours(x, y, sizes[0], "auto", np.array(sizes[1:], np.int64))
    if joint.tied.any():
        return [kraskov_counts(x, y, k) for k in sizes]
    results = []
    for radius in (joint.radius, *joint.fewer_radius):
        reach = radius - np.minimum(_rounding(x, y), MAX_ROUNDING * radius)
        n_x, n_y = (np.maximum(_count_within(side, reach, "auto") - 1, 0) for side in (x, y))
        results.append(KraskovCounts(n_x, n_y, x, y, 0, joint.algorithm))
    return results


@dataclass(frozen=True)
class RossCounts:
    """What Ross's estimator counts for each of n rows.

    k (n,): neighbours sought, fewer in a class of k rows or less; class_sizes (n,): rows of the
    row's class; within (n,): rows of all classes within the row's distance, itself included;
    side: the side in which they were counted, with noise added if any row had ties; tied_rows: how
    many rows had ties.
    """

    k: Int
    class_sizes: Int
    within: Int
    side: IndexedSide
    tied_rows: int


def ross_counts(
    side: IndexedSide, symbols: Int, k: int, algorithm: Algorithm = "auto"
) -> RossCounts:
    """Count the neighbours of Ross 2014, where labels `symbols` (n,) each occur at least twice.

    `within` is raised to at least 1, since a radius of 0 leaves out the row itself.
    """
    sizes = np.bincount(symbols)
    classes = [np.flatnonzero(symbols == symbol) for symbol in np.flatnonzero(sizes)]
    radius, tied = radius_in_classes(side.columns, classes, k, algorithm)
    tied_rows = int(tied.sum())
    if tied_rows:
        side = IndexedSide(break_ties(side.columns, symbols))
        radius, _ = radius_in_classes(side.columns, classes, k, algorithm)
    within = np.maximum(_count_within(side, radius, algorithm), 1)
    class_sizes = sizes[symbols]
    return RossCounts(np.minimum(k, class_sizes - 1), class_sizes, within, side, tied_rows)


def _joint_neighbours(
    x: IndexedSide,
    y: IndexedSide,
    k: int,
    algorithm: Algorithm,
    fewer: Int = NO_COUNTS,
    *,
    extents: bool = False,
) -> Neighbours:
    """The k nearest neighbours in the joint space of x and y; fewer, extents: as in `nearest`."""
    joint = np.concatenate([x.columns, y.columns])
    orders = (x.order, y.order) if len(joint) == 2 else None
    return nearest(joint, k, len(x.columns), algorithm, orders, fewer, extents)


def radius_in_classes(
    columns: Float, classes: list[Int], k: int, algorithm: Algorithm
) -> tuple[Float, Bool]:
    """Distance of each row to its k-th neighbour in its class, or to the last; and ties, (n,)."""
    radius, tied = np.empty(columns.shape[1]), np.empty(columns.shape[1], np.bool_)
    for rows in classes:
        class_columns = np.ascontiguousarray(columns[:, rows])
        few = min(k, len(rows) - 1)
        neighbours = nearest(class_columns, few, len(columns), algorithm, extents=False)
        radius[rows], tied[rows] = neighbours.radius, neighbours.tied
    return radius, tied


def _count_within(side: IndexedSide, reach: Float, algorithm: Algorithm) -> Int:
    """How many rows, the row itself included, lie nearer than reach (n,) to each row."""
    if len(side.columns) == 1:
        return side.sorted_column.count_within(reach)
    return count_within(side.columns, reach, algorithm, lambda: side.slabs)


def sum_digamma(counts: Int) -> float:
    """Sum of psi over counts of at least 1, evaluated once for each count that occurs."""
    occurrences = np.bincount(counts)
    present = np.flatnonzero(occurrences)
    return float(np.dot(occurrences[present], digamma(present)))


def _sum_of(occurrences: Int, n: int) -> float:
    """Sum of psi over counts from 1 to n, of which each occurs so often."""
    present = np.flatnonzero(occurrences)
    return float(np.dot(occurrences[present], _digamma_table(n)[present]))


@lru_cache(maxsize=8)
def _digamma_table(n: int) -> Float:
    """At places 1 to n, psi of these; 0 at place 0."""
    return np.append(0.0, digamma(np.arange(1, n + 1)))


def of_rows(rows: Int, values: ArrayLike, n: int) -> Float:
    """The values of these rows, and NaN for the others of n rows."""
    of_all = np.full(n, np.nan)
    of_all[rows] = values
    return of_all
