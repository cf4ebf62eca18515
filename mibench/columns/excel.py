"""Reads columns of a sheet of an Excel file, with the extra `excel`."""

import zipfile
from collections.abc import Sequence
from typing import Any

from ..errors import InputError, unknown
from ..memory import check_memory
from .heading import rows_above
from .reading import ReadAs, distinguished, named, without_rows
from .sources import Source

MEMORY_OF_BYTE = 10  # of an unpacked sheet, as Python objects


class ExcelTable:
    """The columns of one sheet: see `reading.Table`."""

    def __init__(self, source: Source, told: ReadAs) -> None:
        try:
            import python_calamine
        except ImportError:
            raise InputError(
                f"{source} is an Excel file, which needs the extra excel: pip install "
                "'mibench[excel]'; or save the sheet as csv"
            ) from None
        self.source, self.read_as, self.decimal = source, list[str](), told.decimal or "."
        with source.seekable() as opened:
            with zipfile.ZipFile(opened) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
            check_memory(MEMORY_OF_BYTE * unpacked, str(source))
            opened.seek(0)
            book = python_calamine.load_workbook(opened)
            sheets = book.sheet_names
            sheet = told.sheet if told.sheet is not None else sheets[0]
            if sheet not in sheets:
                raise InputError(f"--sheet: {unknown('sheet', sheet, sheets)}")
            rows, first = _rows(book.get_sheet_by_name(sheet))
        if len(sheets) > 1:
            self.read_as.append(f"sheet {sheet!r}, one of {len(sheets)}")
        if told.line is not None:
            if not first <= told.line < first + len(rows):
                raise InputError(f"--header is {told.line}, and row {told.line} is empty")
            rows = rows[told.line - first :]
            first = told.line
        numbered = [(first + i, row) for i, row in enumerate(rows) if any(map(_is_filled, row))]
        if not numbered:
            raise InputError(f"{source} has an empty sheet {sheet!r}: it needs a header and rows")
        above = 0
        if told.header is None:
            above = rows_above([[_shown(cell) for cell in row] for _, row in numbered])
        if above:
            self.read_as.append(f"header in row {numbered[above][0]}")
        rows = [row for _, row in numbered[above:]]
        header = [""] * len(rows[0]) if told.header is False else rows.pop(0)
        if told.header is None and not any(isinstance(cell, str) for cell in header):
            raise InputError(
                f"the first row of sheet {sheet!r} of {source} holds no names: add them, or give "
                "--no-header if it holds values, and --header if it holds names"
            )
        self.names, self.unnamed = named(
            source, distinguished([_text(cell) for cell in header], self.read_as)
        )
        if not rows:
            raise without_rows(source, self.names)
        self.rows = rows

    def read(self, names: Sequence[str], labels: set[str]) -> dict[str, Any]:
        """The columns as Series of Python objects, with None for empty cells."""
        import pandas as pd

        position = {name: i for i, name in enumerate(self.names)}
        return {
            name: pd.Series([_cell(row[position[name]]) for row in self.rows], dtype=object)
            for name in names
        }


def _rows(sheet: Any) -> tuple[list[list[Any]], int]:
    """The rows from the first one that is not empty on, and its number."""
    try:
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=True)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of Rust, and no Exception
            raise
        raise InputError(f"a sheet is damaged ({error}): save the file again") from None
    return rows, (sheet.start or (0, 0))[0] + 1


def _is_filled(cell: object) -> bool:
    return cell not in ("", None)


def _shown(cell: object) -> str:
    """A cell as the text that tells names from values."""
    if isinstance(cell, str):
        return cell
    return "0" if _is_filled(cell) else ""


def _cell(value: object) -> object:
    if value == "" or value is None:
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: object) -> str:
    cell = _cell(value)
    return "" if cell is None else str(cell)
