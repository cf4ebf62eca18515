"""Both sides as columns for networks, in an order that only the values decide.

Networks see rows in batches and columns by their place, so that another order would give another
estimate. Here sides, columns and rows are sorted by their values first; the seed shuffles them
later.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import Variable
from mibench.errors import InputError

from ..gaussian_copula import normal_scores
from ..neighbours.sorted_column import varying_side

Float = NDArray[np.float64]
Transform = Literal["ranks", "standardize"]

MAX_LABELS = 100  # each is a column of its own
FARTHEST = 20.0  # standard deviations: float32 and gradients need a limit


class Columns(NamedTuple):
    """Both sides, sorted: the columns (d, n) in float32, which is what networks take.

    labels: whether the side `b` is of labels, one column for each.
    """

    a: NDArray[np.float32]
    b: NDArray[np.float32]
    labels: bool


def columns_of(x: Variable, y: Variable, transform: Transform) -> Columns:
    """Both sides for networks, at most one of which holds labels.

    Exchanged sides, and other orders of the rows or the columns, give the same result. (Columns of
    equal values in different rows, such as two of 0 and 1, keep their order.) A side of labels
    comes second.

    Raises:
        InputError: for too many labels.
    """
    if x.discrete or y.discrete:
        labels, numbers = (x, y) if x.discrete else (y, x)
        first, second = _ordered(numbers), _one_hot(labels, _ordered(numbers))
    else:
        first, second = _first_and_second(_ordered(x), _ordered(y))
    rows = _order_of_rows(first, second)
    with_labels = x.discrete or y.discrete
    a, b = (
        _transformed(first, transform),
        second if with_labels else _transformed(second, transform),
    )
    a, b = (c[:, rows] for c in (a, b))
    return Columns(_float32(a), _float32(b), with_labels)


def _float32(columns: Float) -> NDArray[np.float32]:
    return np.ascontiguousarray(columns, np.float32)


def check_rows(name: str, n: int, folds: int, rows_of_a_fold: int) -> None:
    """Raise InputError if the parts of the rows would be too small."""
    least = rows_of_a_fold * folds
    if n < least:
        raise InputError(
            f"{name} needs at least {least} rows for folds={folds}, got {n}: add rows, or use knn"
        )


def _ordered(v: Variable) -> Float:
    """The columns (d, n) that vary, scaled, sorted by their values."""
    columns = varying_side(v).columns
    return np.asarray(columns[np.lexsort(np.sort(columns, axis=1).T[::-1])])


def _transformed(columns: Float, transform: Transform) -> Float:
    if transform == "ranks":
        return normal_scores(columns)
    centred = columns - np.sort(columns, axis=1).mean(axis=1, keepdims=True)
    return np.asarray(np.clip(centred, -FARTHEST, FARTHEST))


def _order_of_rows(first: Float, second: Float) -> NDArray[np.int64]:
    return np.asarray(np.lexsort(np.concatenate([first, second])[::-1]))


def _first_and_second(a: Float, b: Float) -> tuple[Float, Float]:
    """The sides in an order that is the same whichever is called x."""

    def key(first: Float, second: Float) -> tuple[int, bytes, bytes]:
        rows = _order_of_rows(first, second)
        pairs = np.concatenate([first, second])[:, rows]
        return len(first), np.sort(first, axis=1).tobytes(), pairs.tobytes()

    return (a, b) if key(a, b) <= key(b, a) else (b, a)


def _one_hot(labels: Variable, numbers: Float) -> Float:
    """A column for each label, (labels, n): sorted by the rows of `numbers` (d, n) that have it."""
    if labels.cardinality > MAX_LABELS:
        raise InputError(
            f"one side has {labels.cardinality} labels, and networks take at most {MAX_LABELS}: "
            "merge labels, or use canonical or knn"
        )

    def key(symbol: int) -> tuple[int, bytes]:
        rows = numbers[:, labels.symbols == symbol]
        return rows.shape[1], rows[:, np.lexsort(rows[::-1])].tobytes()

    order = sorted(range(labels.cardinality), key=key)
    return np.asarray(labels.symbols == np.array(order)[:, np.newaxis], np.float64)


def exchanged(columns: Columns) -> Columns:
    """The sides in the other order."""
    return Columns(columns.b, columns.a, columns.labels)


def equal_bins(columns: NDArray[np.float32], bins: int) -> NDArray[np.int64]:
    """The bin of each value of columns (d, n), by its rank in its column: (d, n).

    Bins hold about as many rows, but equal values share one.
    """
    n = columns.shape[1]
    ordered = np.sort(columns, axis=1)
    middles = [
        np.searchsorted(o, c, side="left") + np.searchsorted(o, c, side="right")
        for o, c in zip(ordered, columns, strict=True)
    ]
    return np.asarray(np.stack(middles) * bins // (2 * n))


def without_ties(
    columns: NDArray[np.float32], seed: int, *, every: bool = False
) -> NDArray[np.float32]:
    """The columns (d, n); those with equal values, or every one, as normal scores of their ranks.

    Equal values get ranks in random order. The MI with anything else stays the same: the values
    follow from the ranks, and their order says nothing.
    """
    rng, result = np.random.default_rng(seed), columns.copy()
    n = columns.shape[1]
    for i, column in enumerate(columns):
        if every or len(np.unique(column)) < n:
            order = np.lexsort([rng.random(n), column])
            result[i, order] = normal_scores(np.arange(n, dtype=np.float64)[np.newaxis])[0]
    return result
