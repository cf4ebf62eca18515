"""Neighbour searches under the Chebyshev metric, each number of dimensions by its own method.

On a line, by strips of the plane, by slabs of space, by k-d tree, or by comparing all pairs. All
give the same numbers: they compare the same rounded differences.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from ..kernels import brute, kdtree, line, slabs, strips
from ..shared.threads import share_rows
from .sorted_column import sorted_column

Algorithm = Literal["auto", "tree", "brute", "strips", "slabs"]
Method = Literal["tree", "brute", "slabs"]
Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

LEAST_ROWS = 128
ROWS_A_SIDE = 4  # of a strip's breadth in typical gaps; measured, and 2 to 10 cost much the same
STRIPS_PAY_FROM = 32
SLABS = 1 / 8  # times the root of n; measured, and half or twice as many cost much the same
MOST_DIMS_OF_SLABS = 20
SAMPLE_ROWS = 1000  # that are enough to see which dimensions are wide


@dataclass(frozen=True)
class Neighbours:
    """For each of n rows: distance to the k-th neighbour, the k neighbours' extents, ties.

    extents: the largest distance of the k nearest in x and in y; tied: "the k nearest" is not one
    set, since the next is as far, or the k-th is a copy.
    """

    radius: Float
    extents: tuple[Float, Float]
    tied: Bool
    algorithm: str


@dataclass(frozen=True)
class Tree:
    """A k-d tree; see `kernels.kdtree` for its arrays."""

    arranged: Float
    order: Int
    bounds: Int
    box: Float


@dataclass(frozen=True)
class Slabs:
    """Rows in slabs; see `kernels.slabs` for columns, starts and edges.

    dims: which dimension each of columns is; order: which row each place holds.
    """

    columns: Float
    starts: Int
    edges: Float
    dims: Int
    order: Int


# Which search is soonest, by `benchmarks/fit_crossover.py`: all pairs of few rows or in many
# dimensions, a tree for very many rows in few dimensions, slabs between.


def slabs_pay_from(dims: int) -> float:
    """The n from which slabs beat comparing all pairs."""
    return 150 * dims if dims <= MOST_DIMS_OF_SLABS else math.inf


def tree_pays_from(dims: int) -> float:
    """The n from which a tree finds neighbours sooner than slabs."""
    return 5000 * math.pow(2, min(dims - 2, 60))


def tree_count_pays_from(dims: int) -> float:
    """The n from which a tree counts within a distance sooner than slabs."""
    return 1e5 * math.pow(2, min(max(dims - 9, 0), 60))


def closed(radius: Float) -> Float:
    """The reach that makes "nearer than reach" mean "within radius, ends included"."""
    return np.nextafter(radius, np.inf)


def nearest(
    columns: Float, k: int, split: int, algorithm: Algorithm, orders: tuple[Int, Int] | None = None
) -> Neighbours:
    """The k nearest other rows of each row; columns (d, n), n > k; x is before `split`.

    orders: of two columns, the rows by their values, where they are known. "strips" are for two
    dimensions, "slabs" for two or more: raises InputError for others.
    """
    dims, n = columns.shape
    chosen = _choice(dims, n) if algorithm == "auto" else algorithm
    if chosen == "line":
        return _on_a_line(columns[0], k)
    if chosen == "strips":
        return _by_strips(columns, k, split, orders)
    radius, wide_x, wide_y = np.empty((3, n))
    tied = np.empty(n, np.bool_)
    if chosen == "brute":
        share_rows(
            lambda a, b: brute.neighbours(columns, k, split, a, b, radius, wide_x, wide_y, tied),
            n,
            LEAST_ROWS,
        )
        return Neighbours(radius, (wide_x, wide_y), tied, "brute")
    if chosen == "slabs":
        return _by_slabs(columns, k, split)
    tree = build_tree(columns)
    found = *np.empty((3, n)), np.empty(n, np.bool_)  # in tree order
    share_rows(
        lambda a, b: kdtree.neighbours(
            tree.arranged, tree.bounds, tree.box, k, split, a, b, *found
        ),
        n,
        LEAST_ROWS,
    )
    radius[tree.order], wide_x[tree.order], wide_y[tree.order], tied[tree.order] = found
    return Neighbours(radius, (wide_x, wide_y), tied, "tree")


def _choice(dims: int, n: int) -> str:
    """What finds neighbours soonest."""
    if dims == 1:
        return "line"
    if dims == 2 and n >= STRIPS_PAY_FROM:
        return "strips"
    return _method(n, slabs_pay_from(dims), tree_pays_from(dims))


def _method(n: int, slabs_from: float, tree_from: float) -> Method:
    if n < slabs_from:
        return "brute"
    return "slabs" if n < tree_from else "tree"


def _on_a_line(values: Float, k: int) -> Neighbours:
    n = len(values)
    order = np.argsort(values)
    ordered, sorted_radius, sorted_tied = values[order], np.empty(n), np.empty(n, np.bool_)
    share_rows(
        lambda a, b: line.neighbours(ordered, k, a, b, sorted_radius, sorted_tied),
        n,
        8 * LEAST_ROWS,
    )
    radius, tied = np.empty(n), np.empty(n, np.bool_)
    radius[order], tied[order] = sorted_radius, sorted_tied
    return Neighbours(radius, (radius, np.zeros(n)), tied, "line")


def _by_strips(columns: Float, k: int, split: int, orders: tuple[Int, Int] | None) -> Neighbours:
    dims, n = columns.shape
    if dims != 2:
        raise InputError(f"algorithm=strips is for two dimensions in all, not {dims}: choose auto")
    x, y = columns
    count = max(1, round(math.sqrt(n / ROWS_A_SIDE)))
    starts = np.arange(count + 1) * n // count
    arranged, edges = np.empty((2, n)), np.empty((count, 2))
    rows = np.empty(n, np.int64)
    by_x, by_y = (np.argsort(x), np.argsort(y)) if orders is None else orders
    strips.arrange(x, y, by_x, by_y, starts, arranged, rows, edges)
    radius, wide_x, wide_y = np.empty((3, n))
    tied = np.empty(n, np.bool_)
    share_rows(
        lambda a, b: strips.neighbours(
            arranged, rows, starts, edges, k, a, b, radius, wide_x, wide_y, tied
        ),
        count,
        max(1, LEAST_ROWS * count // n),
    )
    if split != 1:  # both dimensions are x's
        wide_x, wide_y = radius, np.zeros(n)
    return Neighbours(radius, (wide_x, wide_y), tied, "strips")


def count_within(columns: Float, reach: Float, algorithm: Algorithm) -> Int:
    """How many rows, itself included, lie nearer than reach (n,) to each row; columns (d, n).

    A reach of 0 or less counts nothing, and costs next to nothing.
    """
    dims, n = columns.shape
    if dims == 1:
        return sorted_column(columns[0], np.argsort(columns[0])).count_within(reach)
    counts = np.empty(n, np.int64)
    chosen: Method
    if algorithm == "auto" or algorithm == "strips":
        chosen = _method(n, slabs_pay_from(dims), tree_count_pays_from(dims))
    else:
        chosen = algorithm
    if chosen == "brute":
        share_rows(lambda a, b: brute.count_within(columns, reach, a, b, counts), n, LEAST_ROWS)
    elif chosen == "slabs":
        cut = cut_slabs(columns)
        own_reach, own = reach[cut.order], np.empty(n, np.int64)
        share_rows(
            lambda a, b: slabs.count_within(
                cut.columns, cut.starts, cut.edges, own_reach, a, b, own
            ),
            len(cut.edges),
            1,
        )
        counts[cut.order] = own
    else:
        tree = build_tree(columns)
        share_rows(
            lambda a, b: kdtree.count_within(
                tree.arranged, tree.bounds, tree.box, tree.order, reach, a, b, counts
            ),
            n,
            LEAST_ROWS,
        )
    return counts


def _by_slabs(columns: Float, k: int, split: int) -> Neighbours:
    dims, n = columns.shape
    if dims < 2:
        raise InputError("algorithm=slabs is for two dimensions or more in all: choose auto")
    cut = cut_slabs(columns)
    found = *np.empty((3, n)), np.empty(n, np.bool_)  # slab by slab
    share_rows(
        lambda a, b: slabs.neighbours(
            cut.columns, cut.starts, cut.edges, cut.dims < split, k, a, b, *found
        ),
        len(cut.edges),
        1,
    )
    radius, wide_x, wide_y = np.empty((3, n))
    tied = np.empty(n, np.bool_)
    radius[cut.order], wide_x[cut.order], wide_y[cut.order], tied[cut.order] = found
    return Neighbours(radius, (wide_x, wide_y), tied, "slabs")


def cut_slabs(columns: Float) -> Slabs:
    """Columns (d, n), d > 1, in slabs across their widest dimension, ordered along the next."""
    n = columns.shape[1]
    some = columns[:, :: max(1, n // SAMPLE_ROWS)]
    low, high = np.quantile(some, [0.25, 0.75], axis=1)  # which no few outliers move
    dims = np.argsort(low - high, kind="stable")
    count = max(1, round(SLABS * math.sqrt(n)))
    slab_of = np.empty(n, np.int64)
    slab_of[np.argsort(columns[dims[0]])] = np.arange(n) * count // n
    order = np.lexsort((columns[dims[1]], slab_of))
    starts = np.searchsorted(slab_of[order], np.arange(count + 1))
    arranged = np.ascontiguousarray(columns[dims][:, order])
    limits = [end.reduceat(arranged[0], starts[:-1]) for end in (np.minimum, np.maximum)]
    return Slabs(arranged, starts, np.stack(limits, axis=1), dims, order)


def build_tree(columns: Float, leaf_rows: int = kdtree.LEAF_ROWS) -> Tree:
    """The k-d tree of columns (d, n), whose leaves have about leaf_rows rows or fewer."""
    dims, n = columns.shape
    levels = kdtree.levels_for(n, leaf_rows)
    nodes = 2 ** (levels + 1) - 1
    tree = Tree(
        arranged=columns.T.copy(order="C"),
        order=np.arange(n),
        bounds=np.empty((nodes, 2), np.int64),
        box=np.empty((nodes, 2, dims)),
    )
    tree.bounds[0] = 0, n
    for level in range(levels + 1):  # the nodes of one level do not touch each other's rows
        split = partial(_split, tree, 2**level - 1)
        share_rows(split, 2**level, max(1, 2048 * 2**level // n))
    return tree


def _split(tree: Tree, first: int, a: int, b: int) -> None:
    kdtree.split_nodes(tree.arranged, tree.order, tree.bounds, tree.box, first + a, first + b)
