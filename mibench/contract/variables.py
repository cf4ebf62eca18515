"""Arrays from users, checked once and laid out for the kernels."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError


@dataclass(frozen=True, eq=False)
class Variable:
    """One side, X or Y, of n paired observations.

    Continuous: columns (d, n), C-contiguous, all finite, float32 if they came so, else float64;
    low, high (d,) float64, their extremes. Arithmetic is always done in float64.
    Discrete: symbols (n,) int64, one symbol a row, whatever the labels were; counts (cardinality,)
    how often each occurs, at least once.
    """

    n: int
    dims: int
    columns: NDArray[Any]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    symbols: NDArray[np.int64]
    counts: NDArray[np.int64]

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
        """Whether every row is the same, so that the variable can carry no information."""
        return self.cardinality == 1 or (not self.discrete and not np.any(self.low < self.high))


NEAR_VALUES = 2**16
NO_COLUMNS = np.empty((0, 0))
NO_LIMITS = np.empty(0)
NO_SYMBOLS = np.empty(0, np.int64)


def as_variable(values: ArrayLike, name: str, discrete: bool) -> Variable:
    """Check one side of the data, (n,) or (n, d), and lay it out.

    name: "x" or "y", for messages. Raises InputError for anything that is not n >= 2 rows of
    finite numbers (of labels, if discrete).
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
            f"numbers, or declare them labels with discrete_{name}=True"
        )
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, refused below
        columns = np.ascontiguousarray(array.T, dtype=dtype)  # (d, n)
    low, high = _extremes(columns)
    # One NaN or infinity anywhere ends up in the spread of its column. Python's floats say so
    # without numpy's warnings, and sooner for the few columns that there are.
    if not all(math.isfinite(b - a) for a, b in zip(low.tolist(), high.tolist(), strict=True)):
        _explain_not_finite(columns, name)
    return Variable(n, dims, columns, low, high, NO_SYMBOLS, NO_SYMBOLS)


def _extremes(columns: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and the greatest value of each column, NaN if it holds one.

    Part by part, so that the second of the two finds the values in a near cache.
    """
    step = max(1, NEAR_VALUES // len(columns))
    if columns.shape[1] <= step:
        return columns.min(axis=1).astype(np.float64), columns.max(axis=1).astype(np.float64)
    parts = [columns[:, start : start + step] for start in range(0, columns.shape[1], step)]
    lows, highs = zip(*[(part.min(axis=1), part.max(axis=1)) for part in parts], strict=True)
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return low.astype(np.float64), high.astype(np.float64)


def lays_out_anew(array: NDArray[Any]) -> bool:
    """Whether `as_variable` copies such an array (n, d), so that nobody can write into it."""
    return array.shape[1] > 1 and array.flags.c_contiguous


def as_pair(
    x: ArrayLike, y: ArrayLike, discrete_x: bool, discrete_y: bool
) -> tuple[Variable, Variable]:
    """Check and lay out both sides; they must have the same number of rows."""
    a, b = as_variable(x, "x", discrete_x), as_variable(y, "y", discrete_y)
    if a.n != b.n:
        raise InputError(f"x has {a.n} rows and y has {b.n}: row i of x must belong to row i of y")
    return a, b


def _explain_not_finite(columns: NDArray[Any], name: str) -> None:
    bad = np.argwhere(~np.isfinite(columns))
    if len(bad) == 0:
        raise InputError(f"{name} spans more than 1e308: rescale it")
    column, row = bad[0]
    raise InputError(
        f"{name} holds {columns[column, row]} in row {row}, column {column} "
        f"({len(bad)} such value(s)): remove those rows or fill them in"
    )


def _symbols_of_rows(array: NDArray[Any], name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the distinct rows of labels 0, 1, 2, ...; also how often each occurs."""
    symbols, counts = _symbols(array[:, 0], name)
    for column in array.T[1:]:
        more, radix = _symbols(column, name)
        symbols, counts = _symbols(symbols * len(radix) + more, name)
    return symbols, counts


def _symbols(labels: NDArray[Any], name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the distinct labels; equal labels, and no others, get the same number."""
    kind = labels.dtype.kind
    if kind == "T":  # numpy's variable-width strings, which may hold missing ones
        labels, kind = labels.astype(object), "O"
    if kind in "biu":
        low, high = int(labels.min()), int(labels.max())
        if high - low <= 4 * len(labels) + 1024:  # a table beats sorting
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
