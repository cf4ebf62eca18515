"""How a file is to be read: what the user says, and `Table`, what every kind of file gives."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import InputError, some
from .sources import Source

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}


@dataclass(frozen=True)
class ReadAs:
    """What the user says about a file; None for what is to be detected.

    Attributes:
        separator: What separates the fields of a text file.
        decimal: The decimal sign of its numbers: a point or a comma.
        encoding: Its encoding, such as utf-8 or cp1252.
        missing: Texts that stand for a missing value, beside those that always do.
        header: Whether its first line holds the names of the columns; or the number of the line
            (in Excel, of the row) that does.
        sheet: The name of the sheet of an Excel file. None for the first one.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] = ()
    header: bool | int | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.separator is not None:
            separator = SEPARATORS.get(self.separator.lower(), self.separator)
            if len(separator) != 1 or separator in '"\r\n':
                raise InputError(
                    f"--separator is {self.separator!r}: give one character, or one of "
                    f"{', '.join(SEPARATORS)}"
                )
            object.__setattr__(self, "separator", separator)
        decimal = {"point": ".", "comma": ","}.get(self.decimal or "", self.decimal)
        if decimal not in (None, ".", ","):
            raise InputError(f"--decimal is {self.decimal!r}: give a point or a comma")
        if decimal is not None and decimal == self.separator:
            raise InputError(f"--decimal and --separator are both {decimal!r}: they must differ")
        object.__setattr__(self, "decimal", decimal)
        if self.line is not None and self.line < 1:
            raise InputError(f"--header is {self.line}: give the number of a line, from 1 on")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, UnicodeError, ValueError):
                raise InputError(
                    f"--encoding {self.encoding!r} is unknown: give one such as utf-8, utf-16, "
                    "latin-1 or cp1252"
                ) from None

    @property
    def line(self) -> int | None:
        """The number of the line with the names, if the user gives it."""
        return None if self.header is None or isinstance(self.header, bool) else self.header


AS_DETECTED = ReadAs()


class ColumnError(InputError):
    """One column cannot be read; the others can."""


class Table(Protocol):
    """A file whose names of columns are known, and whose values are not read yet.

    Attributes:
        source: The file.
        names: The names of the columns, in their order.
        unnamed: Those of them that the file has no name for: @1, @2, ...
        read_as: What was detected beyond the plain default, such as "separator ';'".
        decimal: The decimal sign of its texts.
    """

    source: Source
    names: list[str]
    unnamed: set[str]
    read_as: list[str]
    decimal: str

    def read(self, names: Sequence[str], labels: set[str]) -> dict[str, Any]:
        """Name -> values of these columns. Those of `labels` are not taken for numbers."""
        ...


def named(source: Source, given: Iterable[object]) -> tuple[list[str], set[str]]:
    """The names of columns without spaces at their ends, and which of them are made up.

    A column without a name is named by its position: @1, @2, ... Raises InputError if two names
    are equal.
    """
    texts = [str(name) for name in given]
    stripped = [name.strip() for name in texts]
    unnamed = {f"@{i}" for i, name in enumerate(stripped, 1) if not name}
    stripped = [name or f"@{i}" for i, name in enumerate(stripped, 1)]
    name, count = next(iter(Counter(stripped).most_common(1)), ("", 0))
    if count > 1:
        differing = sorted({g for g, s in zip(texts, stripped, strict=True) if s == name})
        why = " that differ in spaces only" if len(differing) > 1 else ""
        raise InputError(f"{source} has {count} columns {name!r}{why}: rename them")
    return stripped, unnamed


def distinguished(given: Sequence[object], read_as: list[str]) -> list[str]:
    """Names without spaces at their ends. Equal ones are told apart by their positions: x (@1).

    read_as: gets a text for each name that occurs several times.
    """
    names = [str(name).strip() for name in given]
    counts = Counter(names)
    new = [
        f"{name} (@{i})" if name and counts[name] > 1 else name for i, name in enumerate(names, 1)
    ]
    for name in dict.fromkeys(n for n in names if n and counts[n] > 1):
        places = some((f"'{n}'" for n, old in zip(new, names, strict=True) if old == name), most=3)
        read_as.append(f"{counts[name]} columns {name!r} as {places}")
    return new


def without_rows(source: Source, names: Sequence[str]) -> InputError:
    """The error for a file with a header alone."""
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    return InputError(f"{source} has a header ({shown}) and no rows")
