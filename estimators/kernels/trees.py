"""Boosted regression trees on binned columns (Friedman 2001, doi:10.1214/aos/1013203451)."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def boost(
    bins: Bytes,
    targets: Float,
    other_bins: Bytes,
    bin_count: int,
    trees: int,
    depth: int,
    rate: float,
    min_rows: int,
    predictions: Float,
) -> None:
    """Predictions (m, k) = the targets of other rows, learned from n rows by boosted trees.

    bins (d, n), other_bins (d, k): the bin of each value, below bin_count. targets (m, n). Each
    tree has 2^depth leaves of at least min_rows rows, and reduces the squared residuals of all
    targets together. Of its leaf means, `rate` times the value is added.
    """
    d, n = bins.shape
    m, k = predictions.shape
    residuals = np.empty((n, m))
    for t in range(m):
        mean = 0.0
        for i in range(n):
            mean += targets[t, i]
        mean /= n
        for i in range(n):
            residuals[i, t] = targets[t, i] - mean
        for i in range(k):
            predictions[t, i] = mean
    leaves = 1 << depth
    node, other_node = np.empty(n, np.int64), np.empty(k, np.int64)
    sums, counts = np.empty((leaves, bin_count, m)), np.empty((leaves, bin_count), np.int64)
    totals, sizes = np.empty((leaves, m)), np.empty(leaves, np.int64)
    left = np.empty(m)
    best_gain, best_column = np.empty(leaves), np.empty(leaves, np.int64)
    best_bin = np.empty(leaves, np.int64)
    for _ in range(trees):
        node[:] = 0
        other_node[:] = 0
        for level in range(depth):
            nodes = 1 << level
            best_gain[:nodes] = 0.0
            best_column[:nodes] = -1
            for c in range(d):
                sums[:nodes] = 0.0
                counts[:nodes] = 0
                for i in range(n):
                    a, b = node[i], bins[c, i]
                    counts[a, b] += 1
                    for t in range(m):
                        sums[a, b, t] += residuals[i, t]
                for a in range(nodes):
                    size = 0
                    for t in range(m):
                        totals[a, t] = 0.0
                    for b in range(bin_count):
                        size += counts[a, b]
                        for t in range(m):
                            totals[a, t] += sums[a, b, t]
                    if size < 2 * min_rows:
                        continue
                    base = 0.0
                    for t in range(m):
                        base += totals[a, t] * totals[a, t]
                        left[t] = 0.0
                    base /= size
                    left_size = 0
                    for b in range(bin_count - 1):
                        left_size += counts[a, b]
                        for t in range(m):
                            left[t] += sums[a, b, t]
                        right_size = size - left_size
                        if left_size < min_rows or right_size < min_rows or counts[a, b] == 0:
                            continue
                        gain = -base
                        for t in range(m):
                            right = totals[a, t] - left[t]
                            gain += left[t] * left[t] / left_size + right * right / right_size
                        if gain > best_gain[a]:
                            best_gain[a], best_column[a], best_bin[a] = gain, c, b
            for i in range(n):
                a = node[i]
                c = best_column[a]
                node[i] = 2 * a + (1 if c >= 0 and bins[c, i] > best_bin[a] else 0)
            for i in range(k):
                a = other_node[i]
                c = best_column[a]
                other_node[i] = 2 * a + (1 if c >= 0 and other_bins[c, i] > best_bin[a] else 0)
        totals[:] = 0.0
        sizes[:] = 0
        for i in range(n):
            sizes[node[i]] += 1
            for t in range(m):
                totals[node[i], t] += residuals[i, t]
        for a in range(leaves):
            for t in range(m):
                totals[a, t] *= rate / max(sizes[a], 1)
        for i in range(n):
            for t in range(m):
                residuals[i, t] -= totals[node[i], t]
        for i in range(k):
            for t in range(m):
                predictions[t, i] += totals[other_node[i], t]
