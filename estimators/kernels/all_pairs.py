"""Counts the pairs of symbols of all pairs of columns, a block of columns at a time."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .symbols import dense_symbols, entropy_nats

Int = NDArray[np.int64]
Float = NDArray[np.float64]
Codes = NDArray[np.uint16]


@kernel
def joint_entropies_of_columns(
    a: Codes, sizes_a: Int, b: Codes, sizes_b: Int, first: int, last: int, entropies: Float,
    pairs: Int,
) -> None:  # fmt: skip
    """The plug-in entropy of the pairs of symbols of columns a[i] and b[j], in nats.

    a (columns, n), b (columns, n): symbols in [0, sizes). For i in [first, last) and all j.
    Written: entropies (columns of a, columns of b), and pairs, how many distinct ones there are.
    """
    n = a.shape[1]
    table = np.empty(sizes_a.max() * sizes_b.max(), np.int64)
    for i in range(first, last):
        x = a[i]
        for j in range(b.shape[0]):
            y, width = b[j], sizes_b[j]
            counts = table[: sizes_a[i] * width]
            counts[:] = 0
            for row in range(n):
                counts[np.uint64(x[row]) * np.uint64(width) + np.uint64(y[row])] += 1
            occupied = 0
            for count in counts:
                occupied += int(count > 0)
            entropies[i, j], pairs[i, j] = entropy_nats(counts), occupied


@kernel
def repeated_rows_of_columns(
    values: NDArray[np.int32], distinct: Int, i: NDArray[np.int64], j: NDArray[np.int64],
    first: int, last: int, repeated: Int, different: Int,
) -> None:  # fmt: skip
    """How many rows of columns i[p] and j[p] occur again, and how many different ones there are.

    values (columns, n): the number of each distinct value of a column, in [0, distinct). For the
    pairs p in [first, last). Written: repeated, different (pairs,).
    """
    n = values.shape[1]
    keys = np.empty(n, np.int64)
    for p in range(first, last):
        x, y, width = values[i[p]], values[j[p]], distinct[j[p]]
        for row in range(n):
            keys[row] = np.int64(x[row]) * width + np.int64(y[row])
        _, counts = dense_symbols(keys, distinct[i[p]] * width)
        again = 0
        for count in counts:
            again += int(count > 1)
        repeated[p], different[p] = again, counts.shape[0]


@kernel
def entropies_of_tables(
    tables: NDArray[np.int32], starts_a: Int, starts_b: Int, first: int, last: int,
    entropies: Float, pairs: Int,
) -> None:  # fmt: skip
    """The plug-in entropy of each table of counts, in nats, and how many of its cells are occupied.

    tables: (symbols of columns a, symbols of columns b), the tables of all pairs of columns side by
    side. starts_a (columns of a + 1,), starts_b (columns of b + 1,): where each column's symbols
    begin. For j in [first, last) and all i. Written: entropies, pairs (columns of a, columns of b).
    """
    for i in range(starts_a.shape[0] - 1):
        height = starts_a[i + 1] - starts_a[i]
        for j in range(first, last):
            width = starts_b[j + 1] - starts_b[j]
            counts = np.empty(height * width, np.int64)
            occupied = 0
            for row in range(height):
                for column in range(width):
                    count = tables[starts_a[i] + row, starts_b[j] + column]
                    counts[row * width + column] = count
                    occupied += int(count > 0)
            entropies[i, j], pairs[i, j] = entropy_nats(counts), occupied
