"""Reads records: from a store, from a file of `--output`, or the reference results."""

import math
from collections.abc import Hashable
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..types import Record
from .store import Store

REFERENCE = "reference"
# In benchmarks/reference of a checkout, and in the package mibench.reference once installed.
FILE = "results.parquet"


def read_records(source: str | Path) -> list[Record]:
    """The records of a store (any ending but .parquet) or of a .parquet file, in bits or nats.

    source: the path, or "reference" for the results that mibench comes with.
    Raises InputError if the file does not exist or does not hold records.
    """
    path = _reference() if str(source) == REFERENCE else Path(source)
    if not path.is_file():
        raise InputError(
            f"no such file: {str(source)!r}. Make one with `mibench compare --store`, "
            f"or name {REFERENCE!r} for the results that mibench comes with"
        )
    return _records_of_table(path) if path.suffix.lower() == ".parquet" else list(Store(path))


def _reference() -> Path:
    """The path of the reference results."""
    from importlib.resources import as_file, files

    with as_file(files("mibench.reference") / FILE) as path:
        return path


def _records_of_table(path: Path) -> list[Record]:
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except Exception as error:
        raise InputError(f"{path} is not a parquet file ({error})") from error
    for name in ("nats", "mi_nats"):
        if (bits := name.replace("nats", "bits")) in table:
            table[name] = table[bits] * math.log(2)
    names = [f.name for f in fields(Record)]
    if missing := [name for name in names if name not in table]:
        raise InputError(f"{path} holds no records: it lacks the columns {', '.join(missing)}")
    try:
        return [Record(**_plain(row)) for row in table[names].to_dict("records")]
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} holds a row that is not a record: {error}") from error


def _plain(row: dict[Hashable, Any]) -> dict[str, Any]:
    """A row with None for missing values, and `memory` as an integer."""
    import pandas as pd

    values = {str(key): None if pd.isna(value) else value for key, value in row.items()}
    if values["memory"] is not None:
        values["memory"] = int(values["memory"])
    return values
