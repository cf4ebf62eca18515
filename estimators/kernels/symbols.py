"""Integer row keys to symbols, and symbols to plug-in entropies."""

import math

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Int = NDArray[np.int64]

MIN_SORTED_COUNT = 256  # smaller counts are tallied; counts from here on are sorted


@kernel
def dense_symbols(keys: Int, span: int | np.int64) -> tuple[Int, Int]:
    """Number the distinct keys 0, 1, 2, ... in order of first appearance.

    keys: (n,) integers in [0, 2**62); span: they lie in [0, span), or 0 where no bound is known.
    Returns symbols (n,), and how often each symbol occurs (number of symbols,).
    """
    n = keys.shape[0]
    symbols = np.empty(n, np.int64)
    counts = np.zeros(n, np.int64)
    used = 0
    if 0 < span <= 4 * n + 1024:  # few possible keys: the key is its own address
        address = np.full(span, -1, np.int64)
        for i in range(n):
            symbol = address[keys[i]]
            if symbol < 0:
                symbol = used
                address[keys[i]] = symbol
                used += 1
            symbols[i] = symbol
            counts[symbol] += 1
        return symbols, counts[:used].copy()

    size = 16  # a power of two, at most half full: open addressing with linear probing
    while size < 2 * n:
        size *= 2
    mask = size - 1
    # 32 bits: the table is read in random order and should fit in the cache. 2**31 symbols would
    # need 100 GB.
    slots = np.full(size, -1, np.int32)
    symbol_keys = np.empty(n, np.int64)  # the key of each symbol
    for i in range(n):
        key = keys[i]
        # Two halves by odd multipliers, small enough that no product leaves 63 bits.
        mixed = (key & 0x7FFFFFFF) * 0x4F1BBCDD ^ (key >> 31) * 0x2545F491
        slot = (mixed ^ (mixed >> 29)) & mask
        symbol = np.int64(slots[slot])
        while symbol >= 0 and symbol_keys[symbol] != key:
            slot = (slot + 1) & mask
            symbol = np.int64(slots[slot])
        if symbol < 0:
            symbol = used
            slots[slot] = symbol
            symbol_keys[symbol] = key
            used += 1
        symbols[i] = symbol
        counts[symbol] += 1
    return symbols, counts[:used].copy()


@kernel
def ascending(values: Int) -> Int:
    """A sorted copy, by heapsort: `np.sort` would take seconds to compile."""
    heap = values.copy()
    start, end = heap.shape[0] // 2, heap.shape[0]
    while end > 1:
        if start > 0:  # the heap is built
            start -= 1
        else:  # its largest value goes to the end
            end -= 1
            heap[end], heap[0] = heap[0], heap[end]
        root = start
        child = 2 * root + 1
        while child < end:
            if child + 1 < end and heap[child] < heap[child + 1]:
                child += 1
            if heap[root] >= heap[child]:
                break
            heap[root], heap[child] = heap[child], heap[root]
            root = child
            child = 2 * root + 1
    return heap


@kernel
def entropy_nats(counts: Int) -> float:
    """Plug-in entropy, log n - (1/n) sum c log c, of symbols that occur counts[s] times.

    The sum runs over the distinct counts in ascending order, so that the order of the symbols
    does not change the last bit, and few logarithms are needed.
    """
    symbols_with = np.zeros(MIN_SORTED_COUNT, np.int64)
    large_counts = np.empty(counts.shape[0], np.int64)
    total, large = 0, 0
    for count in counts:
        total += count
        if count >= MIN_SORTED_COUNT:
            large_counts[large] = count
            large += 1
        elif count > 1:
            symbols_with[count] += 1
    weighted = 0.0
    for count in range(2, MIN_SORTED_COUNT):
        if symbols_with[count] > 0:
            weighted += symbols_with[count] * count * math.log(count)
    for count in ascending(large_counts[:large]):
        weighted += count * math.log(count)
    return math.log(total) - weighted / total


@kernel
def _positive(counts: Int) -> Int:
    """The counts above 0."""
    positive = np.empty(counts.shape[0], np.int64)
    used = 0
    for count in counts:
        if count > 0:
            positive[used] = count
            used += 1
    return positive[:used]


@kernel
def counts_of_table(table: Int) -> tuple[Int, Int, Int]:
    """The positive row sums, column sums and entries of a contingency table (rows, columns)."""
    rows, columns = np.zeros(table.shape[0], np.int64), np.zeros(table.shape[1], np.int64)
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            rows[i] += table[i, j]
            columns[j] += table[i, j]
    return _positive(rows), _positive(columns), _positive(table.reshape(-1))


@kernel
def joint_entropy_nats(x: Int, y: Int, count_x: int, count_y: int) -> tuple[float, int]:
    """Plug-in entropy of the pairs of symbols (x, y), and the number of distinct pairs.

    x, y: (n,) symbols in [0, count_x) and [0, count_y).
    """
    n = x.shape[0]
    pairs_possible = count_x * count_y
    if pairs_possible > 4 * n + 1024:  # too many for a table
        _, counts = dense_symbols(x * count_y + y, np.int64(0))
        return entropy_nats(counts), counts.shape[0]
    table = np.zeros(pairs_possible, np.int64)
    for i in range(n):
        table[x[i] * count_y + y[i]] += 1
    occupied = 0
    for count in table:
        occupied += int(count > 0)
    return entropy_nats(table), occupied
