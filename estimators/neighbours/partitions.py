"""Rows arranged for a search: in a k-d tree, or in slabs."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..kernels import kdtree
from ..shared.threads import share_rows

Float = NDArray[np.float64]
Int = NDArray[np.int64]

SLABS_PER_ROOT_N = 1 / 8  # measured; half or twice as many slabs cost nearly the same
QUARTILE_ROWS = 1000  # rows from which the quartiles of each dimension are estimated
MIN_ROWS_PER_THREAD = 2048


@dataclass(frozen=True)
class Tree:
    """A k-d tree; `kernels.kdtree` describes its arrays."""

    arranged: Float
    order: Int
    bounds: Int
    box: Float


@dataclass(frozen=True)
class Slabs:
    """Rows in slabs; `kernels.slabs` describes columns, starts and edges.

    dims: the dimension that each of columns is; order: the row at each place.
    """

    columns: Float
    starts: Int
    edges: Float
    dims: Int
    order: Int


def cut_slabs(columns: Float) -> Slabs:
    """Columns (d, n), d > 1, cut in slabs across their widest dimension, sorted along the next."""
    n = columns.shape[1]
    sample = columns[:, :: max(1, n // QUARTILE_ROWS)]
    low, high = np.quantile(sample, [0.25, 0.75], axis=1)  # robust to a few outliers
    dims = np.argsort(low - high, kind="stable")
    count = max(1, round(SLABS_PER_ROOT_N * math.sqrt(n)))
    slab_of = np.empty(n, np.int64)
    slab_of[np.argsort(columns[dims[0]])] = np.arange(n) * count // n
    order = np.lexsort((columns[dims[1]], slab_of))
    starts = np.searchsorted(slab_of[order], np.arange(count + 1))
    arranged = np.ascontiguousarray(columns[dims][:, order])
    limits = [extreme.reduceat(arranged[0], starts[:-1]) for extreme in (np.minimum, np.maximum)]
    return Slabs(arranged, starts, np.stack(limits, axis=1), dims, order)


def build_tree(columns: Float, leaf_rows: int = kdtree.MAX_LEAF_ROWS) -> Tree:
    """The k-d tree of columns (d, n), with leaves of about leaf_rows rows or fewer."""
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
    for level in range(levels + 1):  # the nodes of one level share no rows
        split = partial(_split_nodes, tree, 2**level - 1)
        share_rows(split, 2**level, max(1, MIN_ROWS_PER_THREAD * 2**level // n))
    return tree


def _split_nodes(tree: Tree, first: int, a: int, b: int) -> None:
    kdtree.split_nodes(tree.arranged, tree.order, tree.bounds, tree.box, first + a, first + b)
