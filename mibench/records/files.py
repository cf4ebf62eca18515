"""Records that were made before: a store, a file written by --output, or the reference results."""

import math
from collections.abc import Hashable
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..types import Record
from .store import Store

REFERENCE = "reference"
FILE = "results.parquet"  # in benchmarks/reference of a checkout, mibench.reference once installed


def read_records(source: str | Path) -> list[Record]:
    """The records of a store (.db or any other ending) or of a .parquet file, in either unit.

    source: its path, or "reference" for the results that mibench comes with.
    Raises InputError for a file that is not there or that holds no records.
    """
    path = _reference() if str(source) == REFERENCE else Path(source)
    if not path.is_file():
        raise InputError(
            f"no such file: {str(source)!r}. Make one with `mibench compare --store`, "
            f"or name {REFERENCE!r} for the results that mibench comes with"
        )
    return _of_table(path) if path.suffix.lower() == ".parquet" else list(Store(path))


def _reference() -> Path:
    from importlib.resources import as_file, files

    with as_file(files("mibench.reference") / FILE) as path:
        return path


def _of_table(path: Path) -> list[Record]:
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except Exception as error:
        raise InputError(f"{path} is no parquet file ({error})") from error
    for name in ("nats", "mi_nats"):
        if (bits := name.replace("nats", "bits")) in table:
            table[name] = table[bits] * math.log(2)
    names = [f.name for f in fields(Record)]
    if missing := [name for name in names if name not in table]:
        raise InputError(f"{path} holds no records: it lacks the columns {', '.join(missing)}")
    try:
        return [Record(**_plain(row)) for row in table[names].to_dict("records")]
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} holds a row that is no record: {error}") from error


def _plain(row: dict[Hashable, Any]) -> dict[str, Any]:
    """A row with None for what is missing, and a whole number of bytes."""
    import pandas as pd

    values = {str(key): None if pd.isna(value) else value for key, value in row.items()}
    if values["memory"] is not None:
        values["memory"] = int(values["memory"])
    return values
