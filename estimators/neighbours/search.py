"""Searches for nearest neighbours under the Chebyshev (maximum) metric.

The fastest method depends on the number of dimensions and of rows: sorted values (1 dimension),
strips of the plane (2), slabs, a k-d tree, or comparing all pairs. All methods compare the same
rounded differences, so they give the same results.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from ..kernels import brute, kdtree, line, plane, slabs, strips
from ..shared.threads import share_rows
from .partitions import Slabs, build_tree, cut_slabs
from .sorted_column import sorted_column

Algorithm = Literal["auto", "tree", "brute", "strips", "slabs"]
Method = Literal["tree", "brute", "slabs"]
Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

MIN_ROWS_PER_THREAD = 128
# Of a plane or a line, where a row takes little time: for fewer rows, waking a thread costs more.
MIN_SCALARS_PER_THREAD = 4096
NO_COUNTS = np.empty(0, np.int64)
ROWS_PER_SQUARE = 4  # in a square as wide as a strip; measured, and 2 to 10 cost nearly the same
ROWS_PER_SQUARE_OF_FEW = 2  # the same for up to three neighbours; measured, too
MIN_ROWS_FOR_STRIPS = 32
MAX_DIMS_OF_SLABS = 20


@dataclass(frozen=True)
class Neighbours:
    """For each of n rows: distance to the k-th neighbour, extents of the k neighbours, ties.

    radius (n,): the distance; extents: the largest distance of the k nearest in x (n,) and in
    y (n,), or (0,) if they were not asked for; tied (n,): whether the set of the k nearest is
    ambiguous, since the next neighbour is equally far or the k-th is a copy of the row; algorithm:
    the search that was used; fewer_radius (q, n): the distances to fewer neighbours, if asked for.
    """

    radius: Float
    extents: tuple[Float, Float]
    tied: Bool
    algorithm: str
    fewer_radius: Float


# `benchmarks/fit_crossover.py` measures which search is fastest: all pairs for few rows or many
# dimensions, a tree for very many rows in few dimensions, slabs in between.


def min_rows_for_slabs(dims: int) -> float:
    """The n from which slabs are faster than comparing all pairs."""
    return 150 * dims if dims <= MAX_DIMS_OF_SLABS else math.inf


def min_rows_for_tree(dims: int) -> float:
    """The n from which a tree finds neighbours faster than slabs."""
    return 5000 * math.pow(2, min(dims - 2, 60))


def min_rows_for_tree_count(dims: int) -> float:
    """The n from which a tree counts within a distance faster than slabs."""
    return 1e5 * math.pow(2, min(max(dims - 9, 0), 60))


def closed(radius: Float) -> Float:
    """The next larger float: "nearer than this" means "within radius, boundary included"."""
    return np.nextafter(radius, np.inf)


def nearest(
    columns: Float,
    k: int,
    split: int,
    algorithm: Algorithm,
    orders: tuple[Int, Int] | None = None,
    fewer: Int = NO_COUNTS,
    extents: bool = True,
) -> Neighbours:
    """The k nearest other rows of each row of columns (d, n), n > k; x is columns[:split].

    orders: of two columns, the rows in ascending order of each, if known. fewer (q,): other numbers
    of neighbours, below k, for two dimensions or more; ties among these count too. extents: whether
    they are needed. "strips" needs two dimensions, "slabs" two or more; raises InputError for
    others.
    """
    dims, n = columns.shape
    method = _fastest_search(dims, n) if algorithm == "auto" else algorithm
    if method == "line":
        return _nearest_on_a_line(columns[0], k)
    if method == "strips":
        if dims == 2 and k <= min(plane.MOST_NEIGHBOURS, n - 2) and not (extents or len(fewer)):
            return _few_in_the_plane(columns, k, orders)
        return _nearest_by_strips(columns, k, split, orders, fewer)
    if method == "slabs":
        return _nearest_by_slabs(columns, k, split, fewer)
    if method == "brute":
        return _nearest_of_all(columns, k, split, fewer)
    return _nearest_by_tree(columns, k, split, fewer)


def _fastest_search(dims: int, n: int) -> str:
    if dims == 1:
        return "line"
    if dims == 2 and n >= MIN_ROWS_FOR_STRIPS:
        return "strips"
    return fastest_method(n, min_rows_for_slabs(dims), min_rows_for_tree(dims))


def searches_to_compile(dims: int, most_rows: int | None) -> list[Algorithm]:
    """The searches of `auto` beside a line and strips, for up to so many rows (None: any number).

    dims: those compared at once; a search for fewer rows, such as those of one label, is included.
    """
    if most_rows is None:
        return ["brute", "slabs", "tree"]
    if dims == 1 or (dims == 2 and most_rows >= MIN_ROWS_FOR_STRIPS):
        return []
    searches: list[Algorithm] = ["brute"]
    if most_rows >= min_rows_for_slabs(2):
        searches.append("slabs")
    if most_rows >= min_rows_for_tree(3):
        searches.append("tree")
    return searches


def fastest_method(n: int, min_rows_slabs: float, min_rows_tree: float) -> Method:
    """The method for n rows, given the numbers of rows from which slabs and a tree are faster."""
    if n < min_rows_slabs:
        return "brute"
    return "slabs" if n < min_rows_tree else "tree"


def _nearest_of_all(columns: Float, k: int, split: int, fewer: Int) -> Neighbours:
    n = columns.shape[1]
    radius, extent_x, extent_y = np.empty((3, n))
    tied, fewer_radius = np.empty(n, np.bool_), np.empty((len(fewer), n))
    share_rows(
        lambda a, b: brute.neighbours(
            columns, k, split, a, b, radius, extent_x, extent_y, tied, fewer, fewer_radius
        ),
        n,
        MIN_ROWS_PER_THREAD,
    )
    return Neighbours(radius, (extent_x, extent_y), tied, "brute", fewer_radius)


def _nearest_by_tree(columns: Float, k: int, split: int, fewer: Int) -> Neighbours:
    n = columns.shape[1]
    tree = build_tree(columns)
    radius, extent_x, extent_y = np.empty((3, n))
    in_tree_order = radius, extent_x, extent_y, np.empty(n, np.bool_)
    fewer_radius = np.empty((len(fewer), n))
    share_rows(
        lambda a, b: kdtree.neighbours(
            tree.arranged,
            tree.bounds,
            tree.box,
            k,
            split,
            a,
            b,
            *in_tree_order,
            fewer,
            fewer_radius,
        ),
        n,
        MIN_ROWS_PER_THREAD,
    )
    return _in_row_order(in_tree_order, fewer_radius, tree.order, "tree")


def _in_row_order(
    results: tuple[NDArray[np.generic], ...], fewer_radius: Float, order: Int, name: str
) -> Neighbours:
    """radius, extents in x and y, ties and fewer_radius, given for the rows `order` (n,)."""
    n = len(order)
    radius, extent_x, extent_y = np.empty((3, n))
    tied = np.empty(n, np.bool_)
    radius[order], extent_x[order], extent_y[order], tied[order] = results
    of_fewer = np.empty_like(fewer_radius)
    of_fewer[:, order] = fewer_radius
    return Neighbours(radius, (extent_x, extent_y), tied, name, of_fewer)


def _nearest_on_a_line(values: Float, k: int) -> Neighbours:
    n = len(values)
    order = np.argsort(values)
    ordered, sorted_radius, sorted_tied = values[order], np.empty(n), np.empty(n, np.bool_)
    share_rows(
        lambda a, b: line.neighbours(ordered, k, a, b, sorted_radius, sorted_tied),
        n,
        MIN_SCALARS_PER_THREAD,
    )
    radius, tied = np.empty(n), np.empty(n, np.bool_)
    radius[order], tied[order] = sorted_radius, sorted_tied
    return Neighbours(radius, (radius, np.zeros(n)), tied, "line", np.empty((0, n)))


def _nearest_by_strips(
    columns: Float, k: int, split: int, orders: tuple[Int, Int] | None, fewer: Int
) -> Neighbours:
    dims, n = columns.shape
    if dims != 2:
        raise InputError(
            f"algorithm=strips needs two dimensions in all, not {dims}: use algorithm=auto"
        )
    x, y = columns
    count = max(1, round(math.sqrt(n / ROWS_PER_SQUARE)))
    starts = np.arange(count + 1) * n // count
    arranged, edges = np.empty((2, n)), np.empty((count, 2))
    rows = np.empty(n, np.int64)
    by_x, by_y = (np.argsort(x), np.argsort(y)) if orders is None else orders
    strips.arrange(x, y, by_x, by_y, starts, arranged, rows, edges)
    radius, extent_x, extent_y = np.empty((3, n))
    tied, fewer_radius = np.empty(n, np.bool_), np.empty((len(fewer), n))
    share_rows(
        lambda a, b: strips.neighbours(
            arranged,
            rows,
            starts,
            edges,
            k,
            a,
            b,
            radius,
            extent_x,
            extent_y,
            tied,
            fewer,
            fewer_radius,
        ),
        count,
        max(1, MIN_SCALARS_PER_THREAD * count // n),
    )
    if split != 1:  # both dimensions belong to x
        extent_x, extent_y = radius, np.zeros(n)
    return Neighbours(radius, (extent_x, extent_y), tied, "strips", fewer_radius)


def _few_in_the_plane(columns: Float, k: int, orders: tuple[Int, Int] | None) -> Neighbours:
    x, y = columns
    n = len(x)
    count = max(1, round(math.sqrt(n / ROWS_PER_SQUARE_OF_FEW)))
    starts = np.arange(count + 1) * n // count
    size = plane.places(n, count)
    xs, ys = np.empty(size), np.empty(size)
    rows, left, right = np.empty((3, size), np.int32)
    edges, radius, tied = np.empty((count, 2)), np.empty(n), np.empty(n, np.bool_)
    by_x, by_y = (np.argsort(x), np.argsort(y)) if orders is None else orders
    plane.arrange(x, y, by_x, by_y, starts, xs, ys, rows, left, right, edges)
    share_rows(
        lambda a, b: plane.radii(xs, ys, rows, left, right, starts, edges, k, a, b, radius, tied),
        count,
        max(1, MIN_SCALARS_PER_THREAD * count // n),
    )
    none = np.empty(0)
    return Neighbours(radius, (none, none), tied, "strips", np.empty((0, n)))


def _nearest_by_slabs(columns: Float, k: int, split: int, fewer: Int) -> Neighbours:
    dims, n = columns.shape
    if dims < 2:
        raise InputError("algorithm=slabs needs at least two dimensions in all: use algorithm=auto")
    cut = cut_slabs(columns)
    radius, extent_x, extent_y = np.empty((3, n))
    in_slab_order = radius, extent_x, extent_y, np.empty(n, np.bool_)
    fewer_radius = np.empty((len(fewer), n))
    share_rows(
        lambda a, b: slabs.neighbours(
            cut.columns,
            cut.starts,
            cut.edges,
            cut.dims < split,
            k,
            a,
            b,
            *in_slab_order,
            fewer,
            fewer_radius,
        ),
        len(cut.edges),
        1,
    )
    return _in_row_order(in_slab_order, fewer_radius, cut.order, "slabs")


def count_within(
    columns: Float, reach: Float, algorithm: Algorithm, cut: Callable[[], Slabs] | None = None
) -> Int:
    """How many rows, the row itself included, lie nearer than reach (n,) to each; columns (d, n).

    A reach of 0 or less counts no row, and takes next to no time. cut: returns the columns cut into
    slabs, if that may be known.
    """
    dims, n = columns.shape
    if dims == 1:
        return sorted_column(columns[0], np.argsort(columns[0])).count_within(reach)
    counts = np.empty(n, np.int64)
    method: Method
    if algorithm == "auto" or algorithm == "strips":
        method = fastest_method(n, min_rows_for_slabs(dims), min_rows_for_tree_count(dims))
    else:
        method = algorithm
    if method == "brute":
        share_rows(
            lambda a, b: brute.count_within(columns, reach, a, b, counts), n, MIN_ROWS_PER_THREAD
        )
    elif method == "slabs":
        slab = cut() if cut else cut_slabs(columns)
        slab_reach, slab_counts = reach[slab.order], np.empty(n, np.int64)
        share_rows(
            lambda a, b: slabs.count_within(
                slab.columns, slab.starts, slab.edges, slab_reach, a, b, slab_counts
            ),
            len(slab.edges),
            1,
        )
        counts[slab.order] = slab_counts
    else:
        tree = build_tree(columns)
        share_rows(
            lambda a, b: kdtree.count_within(
                tree.arranged, tree.bounds, tree.box, tree.order, reach, a, b, counts
            ),
            n,
            MIN_ROWS_PER_THREAD,
        )
    return counts
