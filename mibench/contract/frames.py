"""Columns of the tables that people have: data frames and series of any library, and mappings."""

import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, unknown
from .arrays import MAX_EXACT, as_array, refuse_sparse

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

Names: TypeAlias = Hashable | Sequence[Hashable]


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: its name, for messages.
        values: (n,); None or NaN where a value is missing.
        labels: why the values are labels, such as "category"; "" if their type leaves it open.
    """

    title: str
    values: NDArray[Any]
    labels: str = ""


def columns_of(values: Any, name: str) -> list[Column] | None:
    """The columns of a data frame, a series or a mapping of columns; None for anything else.

    name: what messages call the values. Raises InputError for what holds no plain values.
    """
    if isinstance(values, np.ndarray | list | tuple | range | str | bytes):
        return None
    refuse_sparse(values, name)
    if isinstance(values, Mapping):
        return _columns_of_mapping(values, name)
    native = _eager(values, name)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(native, pandas.DataFrame):  # names of any type, twice too
        series = [native.iloc[:, place] for place in range(native.shape[1])]
        return [_column(column, str(column.name), name) for column in series]
    import narwhals.stable.v2 as nw

    try:
        wrapped = nw.from_native(native, allow_series=True, pass_through=True)
    except Exception as error:  # each library raises its own
        raise InputError(f"{name} cannot be read as a table: {error}") from None
    if isinstance(wrapped, nw.LazyFrame):
        raise InputError(f"{name} is a lazy table, without values yet: give {name}.collect()")
    if isinstance(wrapped, nw.Series):
        return [_column(native, str(wrapped.name or ""), name)]
    if isinstance(wrapped, nw.DataFrame):
        return [_column(wrapped[title].to_native(), title, name) for title in wrapped.columns]
    return None


def select(table: Any, names: Names, side: str) -> Any:
    """Columns of a table, by name, or by position if it is an array (n, d).

    side: "x" or "y", for messages. Raises InputError for a name that the table lacks.
    """
    if isinstance(table, Mapping) or not isinstance(table, np.ndarray | list | tuple):
        valid, get = _names_of(table)
    else:
        array = np.asarray(table)
        if array.dtype.names:
            valid, get = list(array.dtype.names), array.__getitem__
        elif array.ndim == 2:
            valid, get = list(range(array.shape[1])), array.T.__getitem__
        else:
            raise InputError(f"the table has shape {array.shape}: give (n, d), n rows of d columns")
    chosen = _as_names(names, valid)
    if not chosen:
        raise InputError(f"{side} names no column: give one or several")
    for name in chosen:
        if name not in valid:
            raise InputError(f"{side}: {unknown('column', str(name), map(str, valid))}")
        if valid.count(name) > 1:
            raise InputError(f"{valid.count(name)} columns are named {name!r}: rename them")
        if chosen.count(name) > 1:
            raise InputError(f"{side} names column {name!r} twice: once is enough")
    return {name: get(name) for name in chosen}


def both_sides(data: tuple[Any, ...], x: Any, y: Any) -> tuple[Any, ...]:
    """Both sides of the data; and the estimator, if it was given without its name."""
    given = [*data, *(side for side in (x, y) if side is not None)]
    if not 2 <= len(given) <= 4 or len(data) > 3:
        raise InputError(f"{len(given)} arguments: give x and y, or a table, x=... and y=...")
    if x is None and y is None:
        return data
    if x is not None and y is not None:
        if not data:
            return x, y
        columns_x, columns_y = select(data[0], x, "x"), select(data[0], y, "y")
        _check_distinct("x", columns_x, "y", columns_y)
        return columns_x, columns_y, *data[1:]
    missing = "y" if y is None else "x"
    if len(data) == 1 and not isinstance(x if y is None else y, str):
        return (data[0], y) if x is None else (x, data[0])
    raise InputError(f"{missing} is missing: name its columns, {missing}=...")


def all_sides(data: tuple[Any, ...], x: Any, y: Any, z: Any) -> tuple[Any, ...]:
    """X, Y and Z; and the estimator, if it was given without its name.

    Z is None if nothing is given. With a table, all three name its columns.
    """
    a, b, *more = both_sides(data, x, y)
    if z is not None and data and x is not None and y is not None:
        z = select(data[0], z, "z")
        _check_distinct("x", a, "z", z)
        _check_distinct("y", b, "z", z)
    return a, b, z, *more


def _check_distinct(
    first: str, columns: Mapping[Hashable, Any], second: str, others: Mapping[Hashable, Any]
) -> None:
    """Raises InputError if a column is on both sides."""
    if shared := [name for name in columns if name in others]:
        raise InputError(
            f"column {shared[0]!r} is in both {first} and {second}: keep it on one side"
        )


def _as_names(names: Names, valid: Sequence[Hashable]) -> list[Hashable]:
    """One name or several. A tuple may itself be a name in pandas."""
    if isinstance(names, Hashable) and names in valid:
        return [names]
    if isinstance(names, Iterable) and not isinstance(names, str | bytes):
        return list(names)
    return [names]


def _names_of(table: Any) -> tuple[list[Hashable], Any]:
    """The names of the columns of a table, and a function that gives one of them."""
    if isinstance(table, Mapping):  # a dict, or a Dataset of xarray
        return list(table), table.__getitem__
    refuse_sparse(table, "the table")
    native = _eager(table, "the table")
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(native, pandas.DataFrame):
        return list(native.columns), native.__getitem__
    import narwhals.stable.v2 as nw

    wrapped = nw.from_native(native, pass_through=True)
    if isinstance(wrapped, nw.LazyFrame):
        raise InputError("the table is lazy, without values yet: give its .collect()")
    if isinstance(wrapped, nw.DataFrame):
        return list(wrapped.columns), lambda name: wrapped[name].to_native()
    kind = type(table).__name__
    raise InputError(
        f"x and y name columns, and the table is of type {kind}: give a data frame, a dict of "
        "columns, or an array (n, d)"
    )


def _columns_of_mapping(values: Mapping[Any, Any], name: str) -> list[Column]:
    columns: list[Column] = []
    for title, part in values.items():
        shown = f"{name}[{title!r}]"
        several = columns_of(part, shown)
        if several is None:
            array = as_array(part, shown)
            parts = [array] if array.ndim == 1 else list(array.T) if array.ndim == 2 else []
            if not parts:
                raise InputError(f"{shown} has shape {array.shape}: give (n,) or (n, d)")
            several = [Column(str(title), column_array) for column_array in parts]
        columns += [column._replace(title=str(title)) for column in several]
    if len({len(column.values) for column in columns}) > 1:
        lengths = ", ".join(f"{column.title} {len(column.values)}" for column in columns[:10])
        raise InputError(f"the columns of {name} have different numbers of rows ({lengths})")
    return columns


def _eager(values: Any, name: str) -> Any:
    """What narwhals does not take itself, as something that it takes."""
    package = type(values).__module__.partition(".")[0]
    kind = type(values).__name__
    if package == "pyarrow":
        import pyarrow as pa

        if isinstance(values, pa.Array):
            return pa.chunked_array([values])
        if isinstance(values, pa.RecordBatch):
            return pa.Table.from_batches([values])
    if package == "pandas" and kind not in ("DataFrame", "Series"):
        import pandas as pd

        if isinstance(values, pd.Index | pd.api.extensions.ExtensionArray):
            return pd.Series(values)
    return values


def _column(native: Any, title: str, name: str) -> Column:
    """A series of any library as numbers, or else as objects."""
    import narwhals.stable.v2 as nw

    shown = f"column {title!r}" if title else name
    refuse_sparse(native, shown)
    series = nw.from_native(native, series_only=True)
    dtype = series.dtype
    if dtype in (nw.List, nw.Array, nw.Struct):
        raise InputError(
            f"{shown} holds {dtype} values: make one column of each of their numbers, or give an "
            "array (n, d)"
        )
    if dtype in (nw.Categorical, nw.Enum):
        return Column(title, _objects(series), "category")
    if dtype.is_numeric() and dtype != nw.Decimal and not series.null_count():
        return Column(title, series.to_numpy())
    if dtype.is_float() or (dtype.is_integer() and _largest(series) <= MAX_EXACT):
        return Column(title, series.to_numpy().astype(np.float64))
    if dtype == nw.Boolean and not series.null_count():
        return Column(title, series.to_numpy().astype(np.bool_))
    if dtype in (nw.Datetime, nw.Date, nw.Duration) and not series.null_count():
        return Column(title, np.asarray(series.to_numpy()))
    return Column(title, _objects(series))


def _largest(series: "nw.Series[Any]") -> int:
    low, high = series.min(), series.max()
    return max(-int(low), int(high)) if high is not None else 0


def _objects(series: "nw.Series[Any]") -> NDArray[Any]:
    """The values of a series as Python objects, with None for those that are missing."""
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    if series.null_count():
        values[series.is_null().to_numpy()] = None
    return values
