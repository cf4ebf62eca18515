"""Neighbour searches under the Chebyshev metric, each number of dimensions by its own method.

On a line, by strips of the plane, by k-d tree, or by comparing all pairs. All give the same
numbers: they compare the same rounded differences.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from ._threads import share_rows
from .kernels import brute, kdtree, line, strips

Algorithm = Literal["auto", "tree", "brute", "strips"]
Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

LEAST_ROWS = 128
ROWS_A_SIDE = 4  # of a strip's breadth in typical gaps; measured, and 2 to 10 cost much the same
STRIPS_PAY_FROM = 32


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


def tree_pays_from(dims: int) -> float:
    """The n from which a tree finds neighbours sooner, by `benchmarks/fit_crossover.py`."""
    return 1000 * math.pow(2, min((dims - 3) / 1.55, 60))


def tree_count_pays_from(dims: int) -> float:
    """The n from which a tree counts within a distance sooner; measured likewise."""
    return 2500 * math.pow(2, min(dims / 1.9, 60))


def closed(radius: Float) -> Float:
    """The reach that makes "nearer than reach" mean "within radius, ends included"."""
    return np.nextafter(radius, np.inf)


def nearest(columns: Float, k: int, split: int, algorithm: Algorithm) -> Neighbours:
    """The k nearest other rows of each row; columns (d, n), n > k; x is before `split`.

    "strips" are for two dimensions: raises InputError for others.
    """
    dims, n = columns.shape
    chosen = _choice(dims, n) if algorithm == "auto" else algorithm
    if chosen == "line":
        return _on_a_line(columns[0], k)
    if chosen == "strips":
        return _by_strips(columns, k, split)
    radius, wide_x, wide_y = np.empty((3, n))
    tied = np.empty(n, np.bool_)
    if chosen == "brute":
        share_rows(
            lambda a, b: brute.neighbours(columns, k, split, a, b, radius, wide_x, wide_y, tied),
            n,
            LEAST_ROWS,
        )
        return Neighbours(radius, (wide_x, wide_y), tied, "brute")
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
    return "brute" if n < tree_pays_from(dims) else "tree"


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


def _by_strips(columns: Float, k: int, split: int) -> Neighbours:
    dims, n = columns.shape
    if dims != 2:
        raise InputError(f"algorithm=strips is for two dimensions in all, not {dims}: choose auto")
    x, y = columns
    count = max(1, round(math.sqrt(n / ROWS_A_SIDE)))
    starts = np.arange(count + 1) * n // count
    arranged, edges = np.empty((2, n)), np.empty((count, 2))
    rows = np.empty(n, np.int64)
    strips.arrange(x, y, np.argsort(x), np.argsort(y), starts, arranged, rows, edges)
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
        return _count_on_a_line(columns[0], reach)
    counts = np.empty(n, np.int64)
    fewer = n < tree_count_pays_from(dims)
    if algorithm == "brute" or (algorithm != "tree" and fewer):
        share_rows(lambda a, b: brute.count_within(columns, reach, a, b, counts), n, LEAST_ROWS)
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


def _count_on_a_line(values: Float, reach: Float) -> Int:
    n = len(values)
    order = np.argsort(values)
    padded = np.full(n + line.STEP, np.inf)
    padded[:n] = values[order]
    low, high = _middle(padded[:n])
    with np.errstate(over="ignore", divide="ignore"):
        scale = float(np.float64(n) / (high - low))
    if not 0 < scale < math.inf:  # one value, or ends of the range of floats: search them all
        low, scale = 0.0, 0.0
    table = np.empty(n + 1, np.int32)
    line.tabulate(padded, n, low, scale, table)
    sorted_reach, sorted_counts = reach[order], np.empty(n, np.int64)
    share_rows(
        lambda a, b: line.count_within(
            padded, n, table, low, scale, sorted_reach, a, b, sorted_counts
        ),
        n,
        8 * LEAST_ROWS,
    )
    counts = np.empty(n, np.int64)
    counts[order] = sorted_counts
    return counts


def _middle(ordered: Float) -> tuple[float, float]:
    """A range that holds most of the values, and no few far ones."""
    n = len(ordered)
    a, b = ordered[n // 40], ordered[n - 1 - n // 40]
    low, high = max(ordered[0], a - (b - a) / 4), min(ordered[-1], b + (b - a) / 4)
    return (float(low), float(high)) if low < high else (float(ordered[0]), float(ordered[-1]))


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
