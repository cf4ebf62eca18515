"""An order of sides, columns and rows that the data decide, not the order that they came in.

All of it rests on ranks, so that it is the same after any increasing map of a column, and on whole
numbers, whose sums do not depend on the order of their terms.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Word = NDArray[np.uint64]

LEVELS = 1024  # of ranks in a fingerprint: sums of n products stay below 2**53 and so are exact


@dataclass(frozen=True)
class Layout:
    """swapped: y comes first; first, second: orders of the columns; rows: the order of the rows.

    entropies: of the rows of the first side and of the second, as `entropy_of_copies`.
    """

    swapped: bool
    first: Int
    second: Int
    rows: Int
    entropies: tuple[float, float]


def midranks(values: Float) -> Float:
    """Ranks 1 to n of values (n,); equal ones share their mean rank, a whole or a half number."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[where])


def layout(x: Float, y: Float) -> Layout:
    """The order of two continuous sides, columns (dx, n) and (dy, n)."""
    ranks_x, ranks_y = _ranks(x), _ranks(y)
    keys_x, keys_y = _fingerprints(ranks_x, ranks_y)
    swapped = (len(y), int(keys_y.sum())) < (len(x), int(keys_x.sum()))
    if swapped:
        ranks_x, ranks_y, keys_x, keys_y = ranks_y, ranks_x, keys_y, keys_x
    first, second = np.argsort(keys_x, kind="stable"), np.argsort(keys_y, kind="stable")
    keys = _row_keys(np.concatenate([ranks_x[first], ranks_y[second]]))
    entropies = entropy_of_copies(_row_keys(ranks_x)), entropy_of_copies(_row_keys(ranks_y))
    return Layout(swapped, first, second, np.argsort(_apart(keys), kind="stable"), entropies)


def entropy_of_copies(keys: Word) -> float:
    """The entropy of rows in nats (Miller & Madow), if each has a copy in the mean; else infinite.

    No side knows more of another than its own entropy, which many copies of few rows tell.
    """
    _, counts = np.unique(keys, return_counts=True)
    n = len(keys)
    if len(counts) > n / 2:
        return math.inf
    share = counts / n
    corrected = float(-(share * np.log(share)).sum()) + (len(counts) - 1) / (2 * n)
    return min(corrected, math.log(len(counts)))


def labelled_layout(x: Float, symbols: Int) -> tuple[Int, Int, Int]:
    """The order of columns (d, n), of rows, and of the labels, beside symbols (n,) in 0, 1, ...

    A label's place is decided by its rows, since neither its name nor its number may.
    """
    ranks = _ranks(x)
    first = np.argsort(_fingerprints(ranks, ranks[:0])[0], kind="stable")
    keys = _row_keys(ranks[first])
    of_label = np.zeros(int(symbols.max()) + 1, np.uint64)
    np.add.at(of_label, symbols, keys)
    of_label = _mixed(of_label)
    rows = np.argsort(_apart(_mixed(keys + of_label[symbols]), symbols), kind="stable")
    return first, rows, np.argsort(of_label, kind="stable")


def _ranks(columns: Float) -> Float:
    return np.stack([midranks(column) for column in columns])


def _fingerprints(x: Float, y: Float) -> tuple[Word, Word]:
    """A number for each column: what it has in common with every other, in any order of rows."""
    n = x.shape[1]
    coarse = [np.floor(ranks * (LEVELS / n)) for ranks in (x, y)]
    own_x, own_y, across = (
        _mixed((a @ b.T).astype(np.uint64))
        for a, b in ((coarse[0],) * 2, (coarse[1],) * 2, (coarse[0], coarse[1]))
    )
    other = np.uint64(3)
    return (
        own_x.sum(axis=1) + other * across.sum(axis=1),
        own_y.sum(axis=1) + other * across.sum(axis=0),
    )


def _row_keys(ranks: Float) -> Word:
    """A number for each row of ranks (d, n), as if drawn at random, that its values decide."""
    keys = np.zeros(ranks.shape[1], np.uint64)
    for column in ranks:
        keys = _mixed(keys + (2 * column).astype(np.uint64))
    return keys


def _apart(keys: Word, symbols: Int | None = None) -> Word:
    """Keys of which no two are equal: side by side, copies of a row would fill folds of their own.

    Which copy gets which key does not matter, as they are the same; nor which of two labels with
    the same rows comes first, as long as it is one of them.
    """
    order = np.argsort(keys, kind="stable") if symbols is None else np.lexsort((symbols, keys))
    _, first, counts = np.unique(keys[order], return_index=True, return_counts=True)
    copy = (np.arange(len(keys)) - np.repeat(first, counts)).astype(np.uint64)
    apart = np.empty_like(keys)
    apart[order] = np.where(copy == 0, keys[order], _mixed(keys[order] + copy))
    return apart


def _mixed(words: Word) -> Word:
    """Each word scrambled, one to one, as SplitMix64 does (doi:10.1145/2660193.2660195)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
