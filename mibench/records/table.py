"""Records as a table."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import encodable
from ..types import Record
from .lines import COLUMNS, KINDS
from .store import row_of

if TYPE_CHECKING:
    import pandas as pd

MAY_LACK = ("nats", "memory")  # None becomes NaN


def table_of(records: Iterable[Record]) -> "pd.DataFrame":
    """Records as a DataFrame, one row each, with the fields of `Record` as columns."""
    columns = list(zip(*map(row_of, records), strict=True))
    return table_of_columns(columns or [()] * len(COLUMNS))


def table_of_columns(columns: Sequence[Sequence[Any]]) -> "pd.DataFrame":
    """The values of the fields of records as a DataFrame.

    Texts are Python objects in every version of pandas, so that equal texts take memory once.
    """
    import pandas as pd

    series: dict[str, Any] = {}
    for name, kinds, values in zip(COLUMNS, KINDS, columns, strict=True):
        if kinds == (str,):
            if not all(map(str.isascii, values)):
                values = [encodable(value) for value in values]
            series[name] = pd.Series(values, dtype=object)
        else:
            series[name] = (
                np.array(values, dtype=float)
                if float in kinds or name in MAY_LACK
                else np.array(values)
            )
    return pd.DataFrame(series)


def records_of(table: "pd.DataFrame") -> list[Record]:
    """The records of a table: None for NaN, and bytes as an integer."""
    columns = {name: table[name].tolist() for name in COLUMNS}
    for name, convert in zip(MAY_LACK, (float, int), strict=True):
        columns[name] = [None if math.isnan(v) else convert(v) for v in columns[name]]
    return list(map(Record, *columns.values()))
