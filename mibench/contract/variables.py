"""The two sides X and Y of the data: checked once, and laid out for the kernels."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, by_argument
from .arrays import MAX_EXACT
from .sides import as_side, check_index


@dataclass(frozen=True, eq=False)
class Variable:
    """One side, X or Y, of n paired rows. It is either continuous or discrete.

    A continuous side has `columns`, `low` and `high`; a discrete one has `symbols` and `counts`.
    The others are empty. Arithmetic is always done in float64.

    Attributes:
        n: the number of rows.
        dims: the number of columns d, of labels too.
        columns: (d, n), C-contiguous, all finite; float32 if the user's array is, else float64.
        low: (d,) float64, the smallest value of each column.
        high: (d,) float64, the largest value of each column.
        symbols: (n,) int64, the labels numbered 0, 1, 2, ...; a row of several labels is one
            symbol.
        counts: (cardinality,), how often each symbol occurs, at least once.
        reason: why the values are labels although nobody declared them, such as "text".
    """

    n: int
    dims: int
    columns: NDArray[Any]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    symbols: NDArray[np.int64]
    counts: NDArray[np.int64]
    reason: str = ""

    @cached_property
    def cardinality(self) -> int:
        """The number of distinct labels; 0 for a continuous variable."""
        return len(self.counts)

    @cached_property
    def discrete(self) -> bool:
        """Whether the variable consists of labels."""
        return self.cardinality > 0

    @property
    def float64(self) -> NDArray[np.float64]:
        """The columns (d, n) in float64."""
        return self.columns.astype(np.float64, copy=False)

    @cached_property
    def constant(self) -> bool:
        """Whether all rows are equal, so that the side carries no information."""
        return self.cardinality == 1 or (not self.discrete and not np.any(self.low < self.high))

    def reordered(self, rows: NDArray[np.int64]) -> "Variable":
        """The same side with its rows in this order, (n,); each row once."""
        if self.discrete:
            return replace(self, symbols=self.symbols[rows])
        return replace(self, columns=np.ascontiguousarray(self.columns[:, rows]))

    def selected(self, rows: NDArray[np.int64]) -> "Variable":
        """Some rows of the side, as a side of its own."""
        n = len(rows)
        if self.discrete:
            _, symbols, counts = np.unique(
                self.symbols[rows], return_inverse=True, return_counts=True
            )
            return replace(self, n=n, symbols=symbols.astype(np.int64), counts=counts)
        columns = np.ascontiguousarray(self.columns[:, rows])
        low, high = (f(columns, axis=1).astype(np.float64) for f in (np.min, np.max))
        return replace(self, n=n, columns=columns, low=low, high=high)

    def with_columns(self, places: NDArray[np.int64]) -> "Variable":
        """Some columns of a continuous side, as a side of its own."""
        columns = np.ascontiguousarray(self.columns[places])
        low, high = self.low[places], self.high[places]
        return replace(self, dims=len(places), columns=columns, low=low, high=high)


CACHED_VALUES = 2**16  # that fit into the processor's cache
NO_COLUMNS = np.empty((0, 0))
NO_LIMITS = np.empty(0)
NO_SYMBOLS = np.empty(0, np.int64)


def as_variable(values: ArrayLike, name: str, discrete: bool) -> Variable:
    """Check one side of the data, and lay it out.

    Args:
        values: (n,) or (n, d), n >= 2 rows of finite numbers, or of labels.
        name: "x" or "y", for messages.
        discrete: whether the values are labels.

    Returns:
        The side as a `Variable`.

    Raises:
        InputError: for anything else; the message names the value and a remedy.
    """
    if np.ma.is_masked(values):
        row = int(np.argwhere(np.ma.asarray(values).mask)[0][0])
        raise InputError(
            f"{name} has a masked value in row {row}: remove such rows or fill them in"
        )
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise InputError(
            f"{name} is no table: give (n,) or (n, d), n rows of d dimensions"
        ) from None
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2:
        raise InputError(
            f"{name} has shape {array.shape}: give (n,) or (n, d), n rows of d dimensions"
        )
    n, dims = array.shape
    if n < 2:
        raise InputError(f"{name} has {n} row(s): mutual information needs at least 2")
    if dims < 1:
        raise InputError(f"{name} has no columns: give at least 1")
    if discrete:
        symbols, counts = _symbols_of_rows(array, name)
        return Variable(n, dims, NO_COLUMNS, NO_LIMITS, NO_LIMITS, symbols, counts)
    if array.dtype.kind not in "buif":
        raise InputError(
            f"{name} holds {array.dtype} values such as {array.flat[0]!r}: convert them to "
            f"numbers, or declare them labels{by_argument(name)}"
        )
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, refused below
        columns = np.ascontiguousarray(array.T, dtype=dtype)  # (d, n)
    low, high = _extremes(columns)
    # A NaN or an infinity anywhere makes the spread of its column NaN or infinite. Python's floats
    # show that without NumPy's warnings, and faster for few columns.
    if not all(math.isfinite(b - a) for a, b in zip(low.tolist(), high.tolist(), strict=True)):
        _explain_not_finite(columns, name)
    if array.dtype.kind in "iu":
        _refuse_merged(array, low, high, name)
    return Variable(n, dims, columns, low, high, NO_SYMBOLS, NO_SYMBOLS)


def _extremes(columns: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The smallest and the largest value of each column; NaN if the column holds one.

    Part by part, so that the search for the maximum finds the values in the processor's cache.
    """
    step = max(1, CACHED_VALUES // len(columns))
    if columns.shape[1] <= step:
        return columns.min(axis=1).astype(np.float64), columns.max(axis=1).astype(np.float64)
    parts = [columns[:, start : start + step] for start in range(0, columns.shape[1], step)]
    lows, highs = zip(*[(part.min(axis=1), part.max(axis=1)) for part in parts], strict=True)
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return low.astype(np.float64), high.astype(np.float64)


def _refuse_merged(
    array: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64], name: str
) -> None:
    """Raise InputError if whole numbers that lie close together are equal as floats."""
    far = np.maximum(np.abs(low), np.abs(high)) > MAX_EXACT
    for place in np.flatnonzero(far & (high - low < MAX_EXACT)):
        column = array[:, place]
        distinct, left = len(np.unique(column)), len(np.unique(column.astype(np.float64)))
        if left < distinct:
            raise InputError(
                f"{name} holds whole numbers beyond 2^53, such as {column[0]}, and of {distinct} "
                f"distinct ones only {left} differ in float64: subtract {column.min()} from them"
            )


def is_copied(array: NDArray[Any]) -> bool:
    """Whether `as_variable` copies such an array (n, d), so that nobody can write into it."""
    return array.shape[1] > 1 and array.flags.c_contiguous


def as_pair(
    x: Any, y: Any, discrete_x: bool | None, discrete_y: bool | None
) -> tuple[Variable, Variable]:
    """Check and lay out both sides. Raises InputError if their numbers of rows differ.

    x and y: as `sides.as_side` takes them. discrete_x and discrete_y: None to see from the types
    of the values whether they are labels.
    """
    check_index(x, y)
    side_x, side_y = _side(x, "x", discrete_x), _side(y, "y", discrete_y)
    if side_x.n != side_y.n:
        raise InputError(
            f"x has {side_x.n} rows and y has {side_y.n}: row i of x must belong to row i of y"
        )
    return side_x, side_y


def check_same_rows(x: Variable, y: Variable) -> None:
    """Raise an InputError for sides of different numbers of rows."""
    if x.n != y.n:
        raise InputError(f"one side has {x.n} rows and the other {y.n}: rows must belong together")


def _side(values: Any, name: str, discrete: bool | None) -> Variable:
    side = as_side(values, name, discrete)
    variable = as_variable(side.values, name, side.discrete)
    return replace(variable, reason=side.reason) if side.reason else variable


def _explain_not_finite(columns: NDArray[Any], name: str) -> None:
    bad = np.argwhere(~np.isfinite(columns))
    if len(bad) == 0:
        raise InputError(f"{name} spans more than 1e308: rescale it")
    column, row = bad[0]
    raise InputError(
        f"{name} holds {columns[column, row]} in row {row}, column {column} "
        f"({len(bad)} such value(s)): fill them in, or leave such rows out, as "
        'mibench.estimate does with missing="complete"'
    )


def _symbols_of_rows(array: NDArray[Any], name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct rows of labels numbered 0, 1, 2, ..., (n,); and how often each occurs."""
    symbols, counts = _symbols(array[:, 0], name)
    for column in array.T[1:]:
        column_symbols, column_counts = _symbols(column, name)
        symbols, counts = _symbols(symbols * len(column_counts) + column_symbols, name)
    return symbols, counts


def _symbols(labels: NDArray[Any], name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct labels numbered 0, 1, 2, ..., (n,); and how often each occurs."""
    kind = labels.dtype.kind
    if kind == "T":  # NumPy's strings of variable width, which may hold missing values
        labels, kind = labels.astype(object), "O"
    if kind in "biu":
        low, high = int(labels.min()), int(labels.max())
        if high - low <= 4 * len(labels) + 1024:  # counting in a table is faster than sorting
            wide = labels if kind == "u" else labels.astype(np.int64, copy=False)
            offset = (wide - low).astype(np.int64, copy=False) if low else wide.astype(np.int64)
            counts = np.bincount(offset)
            if counts.all():
                return offset, counts
            present = counts > 0
            return (np.cumsum(present) - 1)[offset], counts[present]
    elif kind in "fcmM":
        _refuse_missing(np.isnan(labels) if kind in "fc" else np.isnat(labels), name)
    elif kind == "O":
        _refuse_missing([_is_missing(label) for label in labels], name)
        numbers: dict[Any, int] = {}
        try:
            symbols = np.array([numbers.setdefault(v, len(numbers)) for v in labels], np.int64)
        except TypeError as error:
            raise InputError(f"{name} holds labels that cannot be compared: {error}") from None
        return symbols, np.bincount(symbols)
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return inverse.astype(np.int64), counts


def _refuse_missing(missing: ArrayLike, name: str) -> None:
    rows = np.flatnonzero(missing)
    if len(rows):
        raise InputError(
            f"{name} has no label in row {rows[0]} (nan, None or NA; {len(rows)} such row(s)): "
            "remove or name such rows"
        )


def _is_missing(label: object) -> bool:
    try:
        return label is None or bool(label != label)
    except (TypeError, ValueError):  # pandas' NA has no truth value
        return True
