"""A k-d tree under the Chebyshev (maximum) metric: k-th neighbours and counts within a radius.

The tree is implicit: node 0 is the root, the children of node v are 2v + 1 and 2v + 2, and each
node halves its rows at the median of its widest dimension. Points are stored in tree order, so
that a leaf is one contiguous piece of memory. Every distance is max_d |a_d - b_d| in floating
point. Boxes are compared by the same differences, so pruning never changes a result.
"""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

MAX_LEAF_ROWS = 12
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


def levels_for(n: int, leaf_rows: int = MAX_LEAF_ROWS) -> int:
    """The depth of the tree below its root. Leaves have leaf_rows / 2 to leaf_rows + 1 rows."""
    levels = 0
    while (n >> levels) > leaf_rows:
        levels += 1
    return levels


@kernel
def split_nodes(
    arranged: Float, order: Int, bounds: Int, box: Float, start: int, stop: int
) -> None:
    """Find the boxes of nodes [start, stop) of one level, and split the rows of each node in two.

    arranged (n, d), order (n,): the points and their rows, reordered in place; bounds (nodes, 2):
    first and last position of each node, written for the children; box (nodes, 2, d): the smallest
    and the largest value of each node in each dimension.
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
    """The smallest distance from the point (d,) to the box of the node; 0 inside it."""
    distance = 0.0
    for d in range(point.shape[0]):
        distance = max(distance, box[node, 0, d] - point[d], point[d] - box[node, 1, d])
    return distance


@kernel
def _scan_leaf(
    arranged: Float, first: int, last: int, position: int, nearest: Float, indices: Int
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
                indices[s] = indices[s - 1]
                s -= 1
            nearest[s] = distance
            indices[s] = p


@kernel
def neighbours(
    arranged: Float, bounds: Int, box: Float, k: int, split: int, start: int, stop: int,
    radius: Float, extent_x: Float, extent_y: Float, tied: Bool,
    fewer: Int, fewer_radius: Float,
) -> None:  # fmt: skip
    """Distance to the k-th nearest other row, for tree positions [start, stop).

    Written, in tree order: radius (n,), that distance; extent_x, extent_y (n,), the largest
    distance of the k nearest in the columns before `split`, and in those from it on; tied (n,),
    whether the set of the k nearest is ambiguous: the next neighbour is equally far, or the k-th is
    a copy of the row (distance 0). Needs n > k. fewer (q,): other numbers of neighbours, below k.
    Their distances are written to fewer_radius (q, n), and their ties to `tied`.
    """
    n, dims = arranged.shape
    slots = min(k + 1, n - 1)
    nearest = np.empty(slots)
    indices = np.empty(slots, np.int64)
    stack = np.empty(MAX_DEPTH, np.int64)
    leaf_zero = bounds.shape[0] // 2  # the first node of the last level
    leaf = leaf_zero
    for position in range(start, stop):
        while bounds[leaf, 1] <= position:
            leaf += 1
        point = arranged[position]
        nearest[:] = np.inf
        _scan_leaf(arranged, bounds[leaf, 0], bounds[leaf, 1], position, nearest, indices)
        # Bottom up: the row's leaf gives a tight radius; then the other half of each ancestor.
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
                    _scan_leaf(
                        arranged,
                        bounds[visit, 0],
                        bounds[visit, 1],
                        position,
                        nearest,
                        indices,
                    )
                    continue
                left = _box_distance(box, 2 * visit + 1, point)
                right = _box_distance(box, 2 * visit + 2, point)
                far = 2 * visit + 2 if left <= right else 2 * visit + 1
                stack[top + 1] = far
                stack[top + 2] = 4 * visit + 3 - far
                top += 2
        distance_k = nearest[k - 1]
        radius[position] = distance_k
        tied[position] = distance_k == 0.0 or (slots > k and nearest[k] == distance_k)
        for j in range(fewer.shape[0]):
            distance_j = nearest[fewer[j] - 1]
            fewer_radius[j, position] = distance_j
            tied[position] |= distance_j == 0.0 or nearest[fewer[j]] == distance_j
        largest_x, largest_y = 0.0, 0.0
        for s in range(k):
            for d in range(dims):
                distance = abs(arranged[indices[s], d] - point[d])
                if d < split:
                    largest_x = max(largest_x, distance)
                else:
                    largest_y = max(largest_y, distance)
        extent_x[position] = largest_x
        extent_y[position] = largest_y


@kernel
def count_within(
    arranged: Float, bounds: Int, box: Float, order: Int, reach: Float,
    start: int, stop: int, counts: Int,
) -> None:  # fmt: skip
    """How many rows, the row itself included, lie nearer than `reach`, for positions [start, stop).

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
