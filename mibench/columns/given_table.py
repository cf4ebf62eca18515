"""Columns of a table that a user gives from Python: a data frame, a dict, an array."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import refuse_sparse
from ..contract.frames import columns_of
from ..contract.sides import labels_by_type
from ..errors import InputError, unknown
from .values import column_values

if TYPE_CHECKING:
    import pandas as pd


def columns_of_table(
    table: Any, what: str = "pairs", least: int = 2
) -> tuple["pd.Index[Any]", Sequence[NDArray[Any]], set[Hashable]]:
    """Names and values of the columns, and the names of those that are labels by their type.

    what: what needs the columns, for the message. Raises InputError for fewer than `least` of them.
    """
    import pandas as pd

    if isinstance(table, np.ndarray) and table.dtype.names:
        table = {name: table[name] for name in table.dtype.names}
    known = isinstance(table, dict | pd.DataFrame)
    read = None if known else columns_of(table, "the table")
    if read is not None and len(read) >= least:
        names: pd.Index[Any] = pd.Index([column.title for column in read])
        by_type: set[Hashable] = {c.title for c in read if c.labels or labels_by_type(c.values)}
        return names, [column.values for column in read], by_type
    if hasattr(table, "to_pandas"):  # a table of yet another library
        table = table.to_pandas()
    try:
        if isinstance(table, dict):
            table = pd.DataFrame(table)
        elif not isinstance(table, pd.DataFrame):
            table = table if isinstance(table, np.ma.MaskedArray) else np.asarray(table)
    except ValueError as error:
        raise InputError(
            f"the table cannot be read: {error}. Give columns of equal length"
        ) from None
    if len(table.shape) != 2:
        raise InputError(f"the table has shape {table.shape}: give (n, d), n rows of d columns")
    if table.shape[1] < least:
        raise InputError(f"the table has {table.shape[1]} column(s): {what} need at least {least}")
    if not isinstance(table, pd.DataFrame):
        columns = pd.RangeIndex(table.shape[1])
        return columns, table.T, {i for i in columns if labels_by_type(table.T[i])}
    if not table.columns.is_unique:
        name = table.columns[table.columns.duplicated()][0]
        raise InputError(f"several columns are named {name!r}: rename them")
    series = [table.iloc[:, i] for i in range(table.shape[1])]
    for frame_column in series:
        refuse_sparse(frame_column, f"column {frame_column.name!r}")
    values = [column_values(frame_column) for frame_column in series]
    named = zip(table.columns, series, values, strict=True)
    return (
        table.columns,
        values,
        {
            name
            for name, frame_column, v in named
            if frame_column.dtype == "category" or labels_by_type(v)
        },
    )


def label_columns(
    discrete: bool | str | Iterable[Hashable] | None, columns: "pd.Index[Any]"
) -> set[Hashable]:
    """The names of the columns that are declared labels."""
    if discrete is None or isinstance(discrete, bool):
        return set(columns) if discrete else set()
    if isinstance(discrete, str) or not isinstance(discrete, Iterable):
        discrete = [discrete]
    names = list(discrete)
    if names and all(isinstance(name, bool | np.bool_) for name in names):
        if len(names) != len(columns):
            raise InputError(
                f"discrete holds {len(names)} booleans for {len(columns)} columns: give one "
                "per column"
            )
        return {name for name, is_label in zip(columns, names, strict=True) if is_label}
    for name in names:
        if not isinstance(name, Hashable) or name not in columns:
            raise InputError(f"discrete: {unknown('column', str(name), map(str, columns))}")
    return set(names)
