"""Numbers the distinct rows of a layer, so that they can be counted."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

Rows: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]

GOLDEN, MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


@kernel
def number_rows(columns: Rows, symbols: Int) -> int:
    """Fill symbols (n,) with the number of each row, 0, 1, 2, ... in order of first appearance.

    columns: (d, n), finite; equal rows get the same number. Returns how many rows are distinct.
    Rows are hashed, and compared where hashes are equal, so no two distinct rows share a number.
    """
    dims, n = columns.shape
    bits = columns.view(np.uint32)
    hashes = np.zeros(n, np.uint64)
    for d in range(dims):
        for i in range(n):
            # 0 and -0 are equal, but not in their bits.
            value = np.uint64(0) if columns[d, i] == 0 else np.uint64(bits[d, i])
            mixed = np.uint64((hashes[i] ^ value) * GOLDEN)
            hashes[i] = mixed ^ (mixed >> np.uint64(29))
    size = 16  # a power of two, at most half full: open addressing with linear probing
    while size < 2 * n:
        size *= 2
    mask = np.uint64(size - 1)
    slots = np.full(size, -1, np.int64)
    first_rows = np.empty(n, np.int64)  # of each symbol
    used = 0
    for i in range(n):
        mixed = np.uint64(hashes[i] * MIX)
        slot = np.int64((mixed ^ (mixed >> np.uint64(31))) & mask)
        while True:
            symbol = slots[slot]
            if symbol < 0:
                slots[slot], symbol = used, used
                first_rows[used] = i
                used += 1
                break
            other = first_rows[symbol]
            same = hashes[other] == hashes[i]
            d = 0
            while same and d < dims:
                same = columns[d, other] == columns[d, i]
                d += 1
            if same:
                break
            slot = (slot + 1) & np.int64(mask)
        symbols[i] = symbol
    return used


@kernel
def entropy_of_symbols(symbols: Int, size: int) -> tuple[float, int]:
    """The entropy of symbols in [0, size), in nats, and how many of them occur only once.

    H = log n - (1/n) sum c log c over the counts c, in ascending order: so it does not depend on
    how the symbols are numbered.
    """
    counts = np.zeros(size, np.int64)
    for symbol in symbols:
        counts[symbol] += 1
    symbols_with = np.zeros(counts.max() + 1, np.int64)
    for count in counts:
        symbols_with[count] += 1
    weighted = 0.0
    for times in range(2, symbols_with.shape[0]):
        if symbols_with[times] > 0:
            weighted += symbols_with[times] * times * np.log(times)
    n = symbols.shape[0]
    once = symbols_with[1] if symbols_with.shape[0] > 1 else 0
    return np.log(n) - weighted / n, once
