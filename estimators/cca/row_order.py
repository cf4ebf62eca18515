"""An order of sides, columns and rows that depends on the data only, not on the order given.

So the estimate is the same, to the last bit, for any order of rows, columns and sides. The order is
computed from ranks, which do not change under an increasing map of a column, and from whole
numbers, whose sums do not depend on the order of their terms.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Word = NDArray[np.uint64]

# Levels of ranks in a fingerprint. Sums of n products stay below 2**53 and so are exact.
LEVELS = 1024


@dataclass(frozen=True)
class DataOrder:
    """The order of two continuous sides.

    Attributes:
        swapped: whether y comes first. The other fields are then of y and x instead of x and y.
        columns_x, columns_y: the order of the columns of each side.
        rows: the order of the rows, which looks random.
        entropies: of the rows of each side, as `entropy_of_copies`.
    """

    swapped: bool
    columns_x: Int
    columns_y: Int
    rows: Int
    entropies: tuple[float, float]


@dataclass(frozen=True)
class LabelledDataOrder:
    """The order of the columns, of the rows, and of the labels of a continuous and a label side."""

    columns: Int
    rows: Int
    labels: Int


def midranks(values: Float) -> Float:
    """Ranks 1 to n of values (n,); equal ones share their mean rank, a whole or a half number."""
    order = np.argsort(values)
    ascending = values[order]
    if (ascending[1:] > ascending[:-1]).all():
        ranks = np.empty(len(values))
        ranks[order] = np.arange(1, len(values) + 1)
        return ranks
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places])


def data_order(x: Float, y: Float) -> DataOrder:
    """The order of two continuous sides, columns (dx, n) and (dy, n)."""
    ranks_x, ranks_y = _ranks(x), _ranks(y)
    keys_x, keys_y = _fingerprints(ranks_x, ranks_y)
    swapped = (len(y), int(keys_y.sum())) < (len(x), int(keys_x.sum()))
    if len(x) == len(y) and keys_x.sum() == keys_y.sum():
        swapped = _skewness_of(ranks_y, ranks_x) < _skewness_of(ranks_x, ranks_y)
    if swapped:
        ranks_x, ranks_y, keys_x, keys_y = ranks_y, ranks_x, keys_y, keys_x
    columns_x, columns_y = np.argsort(keys_x, kind="stable"), np.argsort(keys_y, kind="stable")
    keys = _row_keys(np.concatenate([ranks_x[columns_x], ranks_y[columns_y]]))
    entropies = entropy_of_copies(_row_keys(ranks_x)), entropy_of_copies(_row_keys(ranks_y))
    rows = np.argsort(_distinct_keys(keys), kind="stable")
    return DataOrder(swapped, columns_x, columns_y, rows, entropies)


def entropy_of_copies(keys: Word) -> float:
    """The entropy of rows in nats (Miller & Madow) if on average each has a copy, else infinity.

    No MI of a side exceeds its entropy, and many copies of few distinct rows show the entropy.
    """
    _, counts = np.unique(keys, return_counts=True)
    n = len(keys)
    if len(counts) > n / 2:
        return math.inf
    share = counts / n
    corrected = float(-(share * np.log(share)).sum()) + (len(counts) - 1) / (2 * n)
    return min(corrected, math.log(len(counts)))


def labelled_data_order(x: Float, symbols: Int) -> LabelledDataOrder:
    """The order of a continuous side (d, n) and of symbols (n,) in 0, 1, ...

    The place of a label depends on its rows, and not on its name or its number.
    """
    ranks = _ranks(x)
    columns = np.argsort(_fingerprints(ranks, ranks[:0])[0], kind="stable")
    keys = _row_keys(ranks[columns])
    label_keys = np.zeros(int(symbols.max()) + 1, np.uint64)
    np.add.at(label_keys, symbols, keys)
    label_keys = _scrambled(label_keys)
    row_keys = _distinct_keys(_scrambled(keys + label_keys[symbols]), symbols)
    rows = np.argsort(row_keys, kind="stable")
    return LabelledDataOrder(columns, rows, np.argsort(label_keys, kind="stable"))


def _ranks(columns: Float) -> Float:
    return np.stack([midranks(column) for column in columns])


def _fingerprints(x: Float, y: Float) -> tuple[Word, Word]:
    """A number for each column of x and of y, from its products with all others."""
    n = x.shape[1]
    coarse_x, coarse_y = (np.floor(ranks * (LEVELS / n)) for ranks in (x, y))
    within_x = _scrambled((coarse_x @ coarse_x.T).astype(np.uint64))
    within_y = _scrambled((coarse_y @ coarse_y.T).astype(np.uint64))
    across = _scrambled((coarse_x @ coarse_y.T).astype(np.uint64))
    factor = np.uint64(3)
    return (
        within_x.sum(axis=1) + factor * across.sum(axis=1),
        within_y.sum(axis=1) + factor * across.sum(axis=0),
    )


def _skewness_of(ranks: Float, other: Float) -> tuple[int, int]:
    """Mixed moments that differ between sides of one column each, whose fingerprints are equal."""
    n = ranks.shape[1]
    a, b = (np.floor(r * (LEVELS / n)).sum(axis=0).astype(np.int64) for r in (ranks, other))
    return int((a**2 * b).sum()), int((a**3 % 65521 * b).sum())


def _row_keys(ranks: Float) -> Word:
    """A number for each row of ranks (d, n), which depends on its values and looks random."""
    keys = np.zeros(ranks.shape[1], np.uint64)
    for column in ranks:
        keys = _scrambled(keys + (2 * column).astype(np.uint64))
    return keys


def _distinct_keys(keys: Word, symbols: Int | None = None) -> Word:
    """Keys of which no two are equal, so that copies of a row are spread over all folds.

    With equal keys, copies would lie next to each other and fill folds of their own. Which copy
    gets which key does not matter, as the rows are the same. Neither does it matter which of two
    labels with the same rows comes first, as long as one of them consistently does.
    """
    order = np.argsort(keys, kind="stable") if symbols is None else np.lexsort((symbols, keys))
    _, first, counts = np.unique(keys[order], return_index=True, return_counts=True)
    copy = (np.arange(len(keys)) - np.repeat(first, counts)).astype(np.uint64)
    distinct = np.empty_like(keys)
    distinct[order] = np.where(copy == 0, keys[order], _scrambled(keys[order] + copy))
    return distinct


def _scrambled(words: Word) -> Word:
    """Each word scrambled, one to one, as SplitMix64 does (doi:10.1145/2660193.2660195)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
