"""Records as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..types import Record
from .store import COLUMNS, row_of

if TYPE_CHECKING:
    import pandas as pd


def table_of(records: Sequence[Record]) -> "pd.DataFrame":
    """Records as a DataFrame, one row each, with the fields of `Record` as columns."""
    import pandas as pd

    table = pd.DataFrame(list(map(row_of, records)), columns=list(COLUMNS))
    for column in ("nats", "memory"):
        table[column] = table[column].astype(float)
    return table
