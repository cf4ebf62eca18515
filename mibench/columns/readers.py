"""Opens a file of any kind as a table, without a change of its values.

Numbers are read exactly, missing values stay missing, and labels that differ stay different. A file
that needs more memory than there is is refused before it is read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InputError
from .array_files import NpyTable, NpzTable
from .arrow_tables import FeatherTable, ParquetTable
from .excel import ExcelTable
from .reading import AS_DETECTED, ColumnError, ReadAs, Table
from .sources import Source, source_of
from .text_tables import TextTable

KINDS: dict[str, Callable[[Source, ReadAs], Table]] = {
    ".csv": TextTable, ".parquet": ParquetTable, ".feather": FeatherTable, ".npz": NpzTable,
    ".npy": NpyTable, ".xlsx": ExcelTable,
}  # fmt: skip


def open_table(path: Path, told: ReadAs = AS_DETECTED) -> Table:
    """The table of a file, or of standard input (`-`). Its values are read by `read_values`."""
    source = source_of(path)
    with _refused(source):
        return KINDS[source.format](source, told)


def read_values(table: Table, names: list[str], labels: set[str]) -> dict[str, Any]:
    """Name -> values of these columns as the file has them; `labels` are not taken for numbers."""
    with _refused(table.source):
        read: dict[str, Any] = table.read(names, labels)
    return read


def read_each(
    table: Table, names: list[str], labels: set[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """As `read_values`, and name -> why it cannot be read, for such columns."""
    try:
        return read_values(table, names, labels), {}
    except ColumnError:
        pass
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name in names:
        try:
            values.update(read_values(table, [name], labels & {name}))
        except ColumnError as error:
            errors[name] = str(error)
    return values, errors


@contextmanager
def _refused(source: Source) -> Iterator[None]:
    """Turn the exceptions of readers, each of its own kind, into an InputError."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()
        try:
            kind = source.format[1:]
        except Exception:  # it cannot even be unpacked
            kind = "a data file"
        raise InputError(
            f"{source} cannot be read as {kind}: {reason[0] if reason else error!r}"
        ) from error
