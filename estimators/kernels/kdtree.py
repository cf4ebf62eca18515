"""A k-d tree under the Chebyshev (maximum) metric: k-th neighbours and counts within a radius.

The tree is implicit: node 0 is the root, the children of node v are 2v + 1 and 2v + 2, and each
node halves its rows at the median of its widest dimension. Points are stored in tree order, so
that a leaf is one stretch of memory. Every distance is max_d |a_d - b_d| in floating point, and
boxes are compared by the same differences, so pruning never changes a result.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

LEAF_ROWS = 12
MAX_DEPTH = 64


@kernel
def _select(points: Float, order: Int, first: int, last: int, middle: int, dim: int) -> None:
    """Quickselect: reorder rows [first, last) so that position `middle` splits them by `dim`."""
    dims = points.shape[1]
    low, high = first, last - 1
    while low < high:
        # Median of three as pivot: sorted and constant columns stay O(n).
        a, b, c = points[low, dim], points[(low + high) // 2, dim], points[high, dim]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while points[i, dim] < pivot:
                i += 1
            while points[j, dim] > pivot:
                j -= 1
            if i <= j:
                for d in range(dims):
                    points[i, d], points[j, d] = points[j, d], points[i, d]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


def levels_for(n: int, leaf_rows: int = LEAF_ROWS) -> int:
    """The depth of the tree below its root; a leaf has leaf_rows, one more, or down to half."""
    levels = 0
    while (n >> levels) > leaf_rows:
        levels += 1
    return levels


@kernel
def split_nodes(
    arranged: Float, order: Int, bounds: Int, box: Float, start: int, stop: int
) -> None:
    """Find the boxes of nodes [start, stop) of one level and divide their rows in two.

    arranged (n, d), order (n,): the points and their rows, reordered in place; bounds (nodes, 2):
    first and last position of each node, written for the children; box (nodes, 2, d): extremes.
    """
    dims = arranged.shape[1]
    for node in range(start, stop):
        first, last = bounds[node, 0], bounds[node, 1]
        low, high = box[node, 0], box[node, 1]
        low[:] = np.inf
        high[:] = -np.inf
        for p in range(first, last):
            for d in range(dims):
                value = arranged[p, d]
                low[d] = value if value < low[d] else low[d]
                high[d] = value if value > high[d] else high[d]
        if 2 * node + 2 < bounds.shape[0]:
            middle = (first + last) // 2
            _select(arranged, order, first, last, middle, int(np.argmax(high - low)))
            bounds[2 * node + 1, 0], bounds[2 * node + 1, 1] = first, middle
            bounds[2 * node + 2, 0], bounds[2 * node + 2, 1] = middle, last


@kernel
def _box_distance(box: Float, node: int, point: Float) -> float:
    """Smallest distance from the point to the node's box; 0 inside."""
    distance = 0.0
    for d in range(point.shape[0]):
        distance = max(distance, box[node, 0, d] - point[d], point[d] - box[node, 1, d])
    return distance


@kernel
def _scan_leaf(
    arranged: Float, first: int, last: int, position: int, nearest: Float, who: Int
) -> None:
    """Insert the rows [first, last) into the ascending list of nearest neighbours."""
    slots = nearest.shape[0]
    dims = arranged.shape[1]
    for p in range(first, last):
        distance = 0.0
        for d in range(dims):
            distance = max(distance, abs(arranged[p, d] - arranged[position, d]))
        if distance < nearest[slots - 1] and p != position:
            s = slots - 1
            while s > 0 and nearest[s - 1] > distance:
                nearest[s] = nearest[s - 1]
                who[s] = who[s - 1]
                s -= 1
            nearest[s] = distance
            who[s] = p


@kernel
def neighbours(
    arranged: Float, bounds: Int, box: Float, k: int, split: int, start: int, stop: int,
    radius: Float, radius_x: Float, radius_y: Float, tied: Bool,
) -> None:  # fmt: skip
    """Distance to the k-th nearest other row, for tree positions [start, stop).

    radius (n,): that distance; radius_x, radius_y (n,): the largest distance of the k nearest in
    the columns before and from `split`; tied (n,): the k-th and next neighbour are equally far,
    or the k-th is a copy (distance 0), so that "the k nearest" is not one set. Outputs are in
    tree order. Needs n > k.
    """
    n, dims = arranged.shape
    slots = min(k + 1, n - 1)
    nearest = np.empty(slots)
    who = np.empty(slots, np.int64)
    stack = np.empty(MAX_DEPTH, np.int64)
    leaf_zero = bounds.shape[0] // 2  # the first node of the last level
    leaf = leaf_zero
    for position in range(start, stop):
        while bounds[leaf, 1] <= position:
            leaf += 1
        point = arranged[position]
        nearest[:] = np.inf
        _scan_leaf(arranged, bounds[leaf, 0], bounds[leaf, 1], position, nearest, who)
        # Bottom up: the own leaf gives a tight radius, then each ancestor's other half is tried.
        node = leaf
        while node > 0:
            sibling = node + 1 if node % 2 == 1 else node - 1
            node = (node - 1) // 2
            top = 0
            stack[0] = sibling
            while top >= 0:
                visit = stack[top]
                top -= 1
                if _box_distance(box, visit, point) >= nearest[slots - 1]:
                    continue
                if visit >= leaf_zero:
                    _scan_leaf(arranged, bounds[visit, 0], bounds[visit, 1], position, nearest, who)
                    continue
                left = _box_distance(box, 2 * visit + 1, point)
                right = _box_distance(box, 2 * visit + 2, point)
                far = 2 * visit + 2 if left <= right else 2 * visit + 1
                stack[top + 1] = far
                stack[top + 2] = 4 * visit + 3 - far
                top += 2
        reach = nearest[k - 1]
        radius[position] = reach
        tied[position] = reach == 0.0 or (slots > k and nearest[k] == reach)
        wide_x, wide_y = 0.0, 0.0
        for s in range(k):
            for d in range(dims):
                distance = abs(arranged[who[s], d] - point[d])
                if d < split:
                    wide_x = max(wide_x, distance)
                else:
                    wide_y = max(wide_y, distance)
        radius_x[position] = wide_x
        radius_y[position] = wide_y


@kernel
def count_within(
    arranged: Float, bounds: Int, box: Float, order: Int, reach: Float,
    start: int, stop: int, counts: Int,
) -> None:  # fmt: skip
    """How many rows, itself included, lie nearer than `reach`, for tree positions [start, stop).

    reach, counts (n,) are in row order.
    """
    dims = arranged.shape[1]
    stack = np.empty(MAX_DEPTH, np.int64)
    leaf_zero = bounds.shape[0] // 2
    for position in range(start, stop):
        row = order[position]
        radius = reach[row]
        point = arranged[position]
        count = 0
        top = 0
        stack[0] = 0
        while top >= 0:
            node = stack[top]
            top -= 1
            near, far = 0.0, 0.0
            for d in range(dims):
                below = point[d] - box[node, 0, d]
                above = box[node, 1, d] - point[d]
                near = max(near, -below, -above)
                far = max(far, below, above)
            if near >= radius:
                continue
            if far < radius:
                count += bounds[node, 1] - bounds[node, 0]
            elif node >= leaf_zero:
                for p in range(bounds[node, 0], bounds[node, 1]):
                    distance = 0.0
                    for d in range(dims):
                        distance = max(distance, abs(arranged[p, d] - point[d]))
                    count += distance < radius
            else:
                stack[top + 1] = 2 * node + 1
                stack[top + 2] = 2 * node + 2
                top += 2
        counts[row] = count
