"""Reads the columns of a csv or parquet file, or the arrays of an npz file, without a change.

Numbers are read exactly, missing values stay missing, and labels that differ stay different. A file
that needs more memory than there is is refused before it is read.
"""

import csv
import math
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..memory import check_memory
from .values import MAX_EXACT, column_values, is_number

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet", ".npz")
NOT_READ = np.empty(0)  # stands for a column that was not asked for
WIDE = 1000  # with more columns, only those asked for are converted

BYTES_OF_VALUE = 16  # of a number in memory, with a copy


def read_arrays(path: Path, names: set[str] | None, labels: set[str]) -> dict[str, NDArray[Any]]:
    """The columns of a table, or the arrays of an npz file, by name.

    names: those to read, and None for all; the others are `NOT_READ`. labels: those whose values
    are labels.
    """
    try:
        _check_file(path)
        read = {".csv": _read_csv, ".parquet": _read_parquet, ".npz": _read_npz}
        return read[path.suffix.lower()](path, names, labels)
    except InputError:
        raise
    except Exception as error:  # each reader raises its own kinds of exceptions
        reason = str(error).strip().splitlines()
        raise InputError(
            f"{path} cannot be read as {path.suffix[1:]}: {reason[0] if reason else error!r}"
        ) from error


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a directory: name a file in it")
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path")
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path} must be one of {', '.join(ENDINGS)}: convert it first")
    if not path.is_file():
        raise InputError(f"{path} is no plain file: copy what it gives to a file first")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty: it needs a header and rows")


def _stripped(path: Path, names: Iterable[object]) -> list[str]:
    """The names of columns without spaces at their ends. Raises InputError if two are equal."""
    given = [str(name) for name in names]
    stripped = [name.strip() for name in given]
    name, count = next(iter(Counter(stripped).most_common(1)), ("", 0))
    if count > 1:
        differing = sorted({g for g, s in zip(given, stripped, strict=True) if s == name})
        why = " that differ in spaces only" if len(differing) > 1 else ""
        raise InputError(f"{path} has {count} columns {name!r}{why}: rename them")
    return stripped


def _without_rows(path: Path, names: Sequence[str]) -> InputError:
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    return InputError(f"{path} has a header ({shown}) and no rows")


# -- csv ---------------------------------------------------------------------------------------


def _read_csv(path: Path, wanted: set[str] | None, labels: set[str]) -> dict[str, NDArray[Any]]:
    blank_lines, separator, names = _header(path)
    positions = [i for i, name in enumerate(names) if wanted is None or name in wanted]
    options: dict[str, Any] = {
        "sep": separator, "skiprows": blank_lines, "header": 0, "names": range(len(names)),
    }  # fmt: skip
    if len(names) > WIDE:
        _check_lengths(path, separator, blank_lines, len(names))
        options["usecols"] = positions or [0]
    table = _parsed(path, **options)
    if len(table) == 0:
        raise _without_rows(path, names)
    columns = dict.fromkeys(names, NOT_READ)
    for position in positions:
        name, values = names[position], table[position]
        if name in labels and _has_inexact_labels(values):
            values = _parsed(path, **{**options, "usecols": [position], "dtype": str})[position]
        columns[name] = column_values(_empty_as_missing(values))
    return columns


def _parsed(path: Path, **options: Any) -> "pd.DataFrame":
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # Pandas is about to drop the option, and reads numbers exactly without it from then on.
        warnings.filterwarnings("ignore", "The 'float_precision' argument")
        # Without index_col=False a row with one field too many shifts all columns by one.
        table: pd.DataFrame = pd.read_csv(
            path, skipinitialspace=True, low_memory=False, index_col=False,
            dtype_backend="numpy_nullable", float_precision="round_trip", encoding="utf-8",
            **options,
        )  # fmt: skip
    return table


def _has_inexact_labels(values: "pd.Series[Any]") -> bool:
    """Whether whole numbers may have been rounded to float64, so that labels would merge."""
    if getattr(values.dtype, "kind", "O") != "f":
        return False
    return bool((values.abs() >= MAX_EXACT).any())


def _empty_as_missing(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column of text in which an empty field is missing, as it is in a column of numbers."""
    if getattr(values.dtype, "kind", "O") != "O":
        return values
    return values.astype(object).where(values.notna() & (values != ""), None)


def _header(path: Path) -> tuple[int, str, list[str]]:
    """How many blank lines come first, the separator of the header, and the names of the columns.

    The separator is a comma, a semicolon or a tab.
    """
    with path.open(newline="", encoding="utf-8-sig") as lines:
        blank_lines, first = 0, lines.readline()
        while first and not first.strip():
            blank_lines, first = blank_lines + 1, lines.readline()
        if not first:
            raise InputError(f"{path} is empty: it needs a header and rows")
        separator = next((s for s in (",", ";", "\t") if s in first), ",")
        rest = _chain(first, lines)
        row = next(csv.reader(rest, delimiter=separator, skipinitialspace=True))
    if all(is_number(name) for name in row):
        raise InputError(
            f"the first line of {path} holds numbers ({', '.join(row[:3])}, ...), not column "
            "names: add a header line"
        )
    return blank_lines, separator, _stripped(path, row)


def _chain(first: str, lines: Iterable[str]) -> Iterable[str]:
    yield first
    yield from lines


def _check_lengths(path: Path, separator: str, blank_lines: int, count: int) -> None:
    """Raise InputError for a row with more fields than the header."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.reader(lines, delimiter=separator, skipinitialspace=True)
        for row in rows:
            if len(row) > count:
                raise InputError(
                    f"{path} has {len(row)} fields in line {rows.line_num}, and {count} in its "
                    "header: correct that line"
                )


# -- parquet and npz ---------------------------------------------------------------------------


def _read_parquet(path: Path, wanted: set[str] | None, labels: set[str]) -> dict[str, NDArray[Any]]:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    nullable = {
        **{getattr(pa, f"int{b}")(): getattr(pd, f"Int{b}Dtype")() for b in (8, 16, 32, 64)},
        **{getattr(pa, f"uint{b}")(): getattr(pd, f"UInt{b}Dtype")() for b in (8, 16, 32, 64)},
        pa.bool_(): pd.BooleanDtype(),
    }
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        names = _stripped(path, schema.names)
        if file.metadata.num_rows == 0:
            raise _without_rows(path, names)
        positions = [i for i, name in enumerate(names) if wanted is None or name in wanted]
        _check_parquet_size(file, path, [schema.names[i] for i in positions])
        table = file.read(columns=[schema.names[i] for i in positions])
    columns = dict.fromkeys(names, NOT_READ)
    for position in positions:
        series = table.column(schema.names[position]).to_pandas(types_mapper=nullable.get)
        columns[names[position]] = column_values(series)
    return columns


def _check_parquet_size(file: Any, path: Path, names: list[str]) -> None:
    """Refuse what its own description says is too large. A few bytes can hold a billion rows."""
    numbers = [
        number
        for number in range(file.metadata.num_columns)
        if f"{file.schema.column(number).path}.".startswith(tuple(f"{name}." for name in names))
    ]
    size = 0
    for group in range(file.metadata.num_row_groups):
        # Arrow ends the process if the description of a column contradicts itself and is read as
        # below. Reading one row first raises an exception instead.
        next(file.iter_batches(batch_size=1, row_groups=[group], columns=names), None)
        for number in numbers:
            chunk = file.metadata.row_group(group).column(number)
            size += BYTES_OF_VALUE * chunk.num_values + chunk.total_uncompressed_size
    check_memory(size, str(path))


def _read_npz(path: Path, wanted: set[str] | None, labels: set[str]) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path} cannot be read as npz: write it with numpy.savez(FILE, name=array)"
        )
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
        names = _stripped(path, [name.removesuffix(".npy") for name in members])
        if not names:
            raise InputError(
                f"{path} holds no array: write some with numpy.savez(FILE, name=array)"
            )
        columns = dict.fromkeys(names, NOT_READ)
        for name, member in zip(names, members, strict=True):
            if wanted is None or name in wanted:
                columns[name] = _read_member(path, archive, member, name)
    return columns


def _read_member(path: Path, archive: zipfile.ZipFile, member: str, name: str) -> NDArray[Any]:
    """One array of an npz file, after a look at its type and size."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        reader = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = reader(file)
    if dtype.hasobject:
        raise InputError(
            f"{path} cannot be read as npz: array {name!r} holds Python objects, which could run "
            "code. Save it as numbers or as text, for example array.astype(str)"
        )
    if dtype.kind not in "biufcmMSU":
        raise InputError(f"{path}: array {name!r} holds {dtype}: save one array for each field")
    size = math.prod(shape) * dtype.itemsize
    check_memory(3 * size, f"{path}: array {name!r} of shape {shape}")
    if size > archive.getinfo(member).file_size:
        raise InputError(f"{path}: array {name!r} is damaged: it ends early. Save it again")
    with archive.open(member) as file:
        values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return np.char.decode(values, "latin-1") if dtype.kind == "S" else values
