"""Orders of the rows of Y that keep what Y shares with Z, for a test of I(X;Y|Z) = 0.

Each row of Y moves to a row whose Z is nearly the same. Labels of Z are exactly the same.

References:
    Runge 2018, https://proceedings.mlr.press/v84/runge18a.html.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..contract.conditions import Conditions
from ..contract.variables import Variable

Int = NDArray[np.int64]

# Rows of similar Z, the row itself included, among which a row of Y moves: with one column of
# numbers in Z, and with more. Those of several columns are less alike, so that five of four columns
# find 8% of independent samples at a level of 5%, where three find 5%.
NEAREST_OF_ONE, NEAREST_OF_MORE = 5, 3
AT_ONCE = 64  # orders that are made together


def local_orders(z: Conditions, count: int, seed: int) -> Iterator[Int]:
    """Yield orders (n,) of the rows. A row occurs twice in one where no similar row is left.

    Given labels alone, each order permutes the rows of each label, and the test is exact.
    """
    rng = np.random.default_rng(seed)
    if z.numbers is None:
        yield from _within_labels(z, count, rng)
        return
    near = _nearest_in_z(z.numbers, _symbols(z))
    for start in range(0, count, AT_ONCE):
        yield from _moved(near, min(AT_ONCE, count - start), rng)


def _within_labels(z: Conditions, count: int, rng: np.random.Generator) -> Iterator[Int]:
    symbols = _symbols(z)
    by_label = np.argsort(symbols, kind="stable")
    for _ in range(count):
        order = np.empty(z.n, np.int64)
        order[by_label] = by_label[np.lexsort((rng.random(z.n), symbols[by_label]))]
        yield order


def _symbols(z: Conditions) -> Int:
    """The labels of Z, (n,); all equal if it has none."""
    return np.zeros(z.n, np.int64) if z.labels is None else z.labels.symbols


def _nearest_in_z(numbers: Variable, symbols: Int) -> Int:
    """The rows nearest in the ranks of Z to each row, itself included, (n, 5 or 3).

    Ranks, so that the units of the columns do not matter. A row has itself several times where
    its label of Z has fewer rows.
    """
    from scipy.spatial import KDTree
    from scipy.stats import rankdata

    ranks = rankdata(numbers.float64, axis=1).T
    nearest = NEAREST_OF_ONE if numbers.dims == 1 else NEAREST_OF_MORE
    near = np.tile(np.arange(numbers.n)[:, np.newaxis], nearest)
    for symbol in np.unique(symbols):
        rows = np.flatnonzero(symbols == symbol)
        k = min(nearest, len(rows))
        _, places = KDTree(ranks[rows]).query(ranks[rows], k=k, p=np.inf)
        near[rows, :k] = rows[places.reshape(len(rows), k)]
    return near


def _moved(near: Int, count: int, rng: np.random.Generator) -> Iterator[Int]:
    """Orders in which each row takes a random row near it that no row before it has taken."""
    n, k = near.shape
    turns = np.argsort(rng.random((count, n)), axis=1)  # rows choose in random order
    preferred = np.argsort(rng.random((count, n, k)), axis=2)
    every = np.arange(count)[:, np.newaxis]
    choices = near[turns[:, :, np.newaxis], preferred[every, turns]]  # (count, turns, k)
    choices += n * every[:, :, np.newaxis]  # a place in `free`, of all rows of all orders
    of_turns = np.ascontiguousarray(choices.transpose(1, 0, 2))
    free = np.ones(count * n, np.bool_)
    starts = k * np.arange(count)
    chosen = np.empty((n, count), np.int64)
    for turn in range(n):
        possible = of_turns[turn]
        may = free[possible]
        may[:, -1] = True  # which is taken again if no other one is left
        chosen[turn] = possible.take(starts + may.argmax(axis=1))
        free[chosen[turn]] = False
    orders = np.empty((count, n), np.int64)
    np.put_along_axis(orders, turns, chosen.T - n * every, axis=1)
    yield from orders
