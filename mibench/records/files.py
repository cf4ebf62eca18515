"""Reads records: from a store, from a file of `--output`, or the reference results."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from .appended import shown
from .lines import COLUMNS, KINDS
from .store import Store
from .table import table_of_columns

if TYPE_CHECKING:
    import pandas as pd

REFERENCE, REFERENCE_ALL = "reference", "reference-all"
# In benchmarks/reference of a checkout, and in the package mibench.reference once installed: those
# of the default estimators, those of the others, on fewer samples, and those of pictures.
FILES = {
    REFERENCE: ("results.parquet",),
    REFERENCE_ALL: ("results.parquet", "others.parquet", "images.parquet"),
}


def read_table(source: str | Path) -> "pd.DataFrame":
    """The records of a store (any ending but .parquet) or of a .parquet file, in the order written.

    Several may be about the same measurement: of those, the last counts.

    source: the path; "reference" for the results of the default estimators that mibench comes with;
    "reference-all" for those of all estimators.
    Raises InputError if the file does not exist or does not hold records.
    """
    if str(source) in FILES:
        return _reference(FILES[str(source)])
    path = Path(source)
    try:
        is_file = path.is_file()
    except OSError as error:
        raise InputError(f"{shown(path)} cannot be read: {error.strerror}") from None
    if not is_file:
        raise InputError(
            f"no such file: {shown(path)!r}. Make one with `mibench compare --store`, "
            f"or name {REFERENCE!r} or {REFERENCE_ALL!r} for the results that mibench comes with"
        )
    if path.suffix.lower() == ".parquet":
        return _table_of_parquet(path)
    return table_of_columns(Store(path).columns())


def _reference(names: Sequence[str]) -> "pd.DataFrame":
    """The reference results in these files."""
    from importlib.resources import as_file, files

    import pandas as pd

    tables = []
    for name in names:
        with as_file(files("mibench.reference") / name) as path:
            tables.append(_table_of_parquet(path))
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def _table_of_parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except Exception as error:
        raise InputError(f"{path} is not a parquet file ({error})") from error
    for name in ("nats", "mi_nats"):
        if (bits := name.replace("nats", "bits")) in table:
            table[name] = table[bits] * math.log(2)
    if missing := [name for name in COLUMNS if name not in table]:
        raise InputError(f"{path} holds no records: it lacks the columns {', '.join(missing)}")
    if problem := _problem(table):
        raise InputError(f"{path} holds a row that is not a record: {problem}")
    texts = {name: object for name, kinds in zip(COLUMNS, KINDS, strict=True) if kinds == (str,)}
    return table[list(COLUMNS)].astype({**texts, "nats": float, "memory": float})


def _problem(table: "pd.DataFrame") -> str:
    """Why a table does not hold records; empty if it does."""
    for name, kinds in zip(COLUMNS, KINDS, strict=True):
        if kinds == (str,):
            right = bool(table[name].map(type).isin([str]).all())
        else:
            right = table[name].dtype.kind in (
                "iuf" if float in kinds or name == "memory" else "iu"
            )
        if not right:
            return f"a value of {name} has another type"
    if not bool(np.isfinite(table["nats"].dropna()).all()):
        return "its nats are not finite"
    if not ((table["error"] == "") == table["nats"].notna()).all():
        return "it has both an estimate and an error, or neither"
    return ""
