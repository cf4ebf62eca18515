"""Counts the pairs of symbols of all pairs of columns as products of matrices, with torch.

A column of symbols is a matrix with a column for each symbol, 1 where a row has it (one-hot). The
product of two such matrices holds how often each pair of symbols occurs. 0 and 1 are exact in any
shorter format in which a device may multiply, and whole numbers below 2^24 in float32, in which it
adds. So rows are cut into pieces of fewer, and the counts of the pieces are added as whole numbers.
Entropies are computed from the counts as everywhere, so they are the same to the last bit.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from ..kernels.all_pairs import entropies_of_tables
from ..shared.threads import share_rows
from ..shared.torch_extra import needs_torch

Int = NDArray[np.int64]
Float = NDArray[np.float64]
Codes = NDArray[np.uint16]

MAX_ROWS = 2**23  # of a product, so that float32 holds its counts exactly
MAX_CELLS = 2**26  # numbers in the matrices of a product, 256 MB, and in the product


def device_of(name: str) -> Any:
    """The device of torch, "cuda". Raises InputError if torch or a GPU is missing."""
    with needs_torch(f"device {name!r}", ", or use device cpu, which gives the same numbers"):
        import torch
    if not torch.cuda.is_available():
        raise InputError(
            f"device {name!r}: torch finds no GPU here. Use device cpu, which gives the same "
            "numbers, or install a CUDA build of torch"
        )
    return torch.device(name)


@cache
def device_there() -> str:
    """The device that "auto" stands for: a GPU if torch is installed and finds one."""
    try:
        device_of("cuda")
    except InputError:
        return "cpu"
    return "cuda"


def joint_entropies_on(device: str, symbols: Codes, sizes: Int, count: int) -> tuple[Float, Int]:
    """The plug-in entropies of pairs of symbols, of the first columns with all columns, in nats.

    symbols (columns, n), in [0, sizes). Also returned: the numbers of distinct pairs.
    """
    where = device_of(device)
    d = len(sizes)
    entropies, pairs = np.zeros((count, d)), np.ones((count, d), np.int64)
    starts_a = _starts(sizes[:count])
    most = max(1, MAX_CELLS // int(starts_a[-1]))
    for first, last in _groups(sizes, most):
        starts_b = _starts(sizes[first:last])
        tables = _tables(where, symbols[:count], starts_a, symbols[first:last], starts_b)
        of_part, pairs_of_part = entropies[:, first:last].copy(), pairs[:, first:last].copy()

        def of_columns(
            start: int, stop: int, tables: NDArray[np.int32] = tables, starts_b: Int = starts_b,
            of_part: Float = of_part, pairs_of_part: Int = pairs_of_part,
        ) -> None:  # fmt: skip
            entropies_of_tables(tables, starts_a, starts_b, start, stop, of_part, pairs_of_part)

        share_rows(of_columns, last - first, 16)
        entropies[:, first:last], pairs[:, first:last] = of_part, pairs_of_part
    return entropies, pairs


def _tables(device: Any, a: Codes, starts_a: Int, b: Codes, starts_b: Int) -> NDArray[np.int32]:
    """How often each pair of symbols of the columns of a and b occurs: (symbols, symbols)."""
    import torch

    n = a.shape[1]
    total: Any = None
    at_once = max(1, min(MAX_ROWS, MAX_CELLS // int(starts_a[-1] + starts_b[-1])))
    for start in range(0, n, at_once):
        rows = slice(start, min(start + at_once, n))
        sides = [
            _one_hot(device, v[:, rows], starts) for v, starts in ((a, starts_a), (b, starts_b))
        ]
        counts = (sides[0].T @ sides[1]).to(torch.int32)
        total = counts if total is None else total.add_(counts)
    tables: NDArray[np.int32] = total.cpu().numpy()
    return tables


def _one_hot(device: Any, symbols: Codes, starts: Int) -> Any:
    """(rows, all symbols): 1 where a row has this symbol of a column."""
    import torch

    places = torch.from_numpy((symbols + starts[:-1, np.newaxis]).T).to(device)  # (rows, columns)
    matrix = torch.zeros((symbols.shape[1], int(starts[-1])), dtype=torch.float32, device=device)
    return matrix.scatter_(1, places, 1.0)


def _starts(sizes: Int) -> Int:
    """Where the symbols of each column begin among those of all, and their number at the end."""
    return np.concatenate([[0], np.cumsum(sizes)])


def _groups(sizes: Int, most: int) -> Iterator[tuple[int, int]]:
    """Columns [first, last) that have at most so many symbols together, or are a single one."""
    first, total = 0, 0
    for place, size in enumerate(sizes.tolist()):
        if place > first and total + size > most:
            yield first, place
            first, total = place, 0
        total += size
    yield first, len(sizes)
