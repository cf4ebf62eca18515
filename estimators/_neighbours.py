"""Neighbour searches under the Chebyshev metric, by k-d tree or by comparing all pairs.

The two give the same numbers: both compare the same rounded differences.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._threads import share_rows
from .kernels import brute, kdtree, line

Algorithm = Literal["auto", "tree", "brute"]
Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

LEAST_ROWS = 128


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
    return 1000 * math.pow(2, min((dims - 2) / 2.7, 60))


def tree_count_pays_from(dims: int) -> float:
    """The n from which a tree counts within a distance sooner; measured likewise."""
    return 2500 * math.pow(2, min(dims / 1.9, 60))


def closed(radius: Float) -> Float:
    """The reach that makes "nearer than reach" mean "within radius, ends included"."""
    return np.nextafter(radius, np.inf)


def nearest(columns: Float, k: int, split: int, algorithm: Algorithm) -> Neighbours:
    """The k nearest other rows of each row; columns (d, n), n > k; x is before `split`."""
    dims, n = columns.shape
    radius, wide_x, wide_y = np.empty((3, n))
    tied = np.empty(n, np.bool_)
    if algorithm == "brute" or (algorithm == "auto" and n < tree_pays_from(dims)):
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


def count_within(columns: Float, reach: Float, algorithm: Algorithm) -> Int:
    """How many rows, itself included, lie nearer than reach (n,) to each row; columns (d, n).

    A reach of 0 or less counts nothing, and costs next to nothing.
    """
    dims, n = columns.shape
    counts = np.empty(n, np.int64)
    if dims == 1:
        order = np.argsort(columns[0])  # centres in order keep the searches close together
        padded = np.full(1 << n.bit_length(), np.inf)
        padded[:n] = columns[0, order]
        centres, sorted_reach, sorted_counts = padded[:n], reach[order], np.empty(n, np.int64)
        share_rows(
            lambda a, b: line.count_within(padded, n, centres, sorted_reach, a, b, sorted_counts),
            n,
            8 * LEAST_ROWS,
        )
        counts[order] = sorted_counts
    elif algorithm == "brute" or (algorithm == "auto" and n < tree_count_pays_from(dims)):
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
