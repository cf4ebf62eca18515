"""How a text file is written: its encoding, separator, decimal sign, and whether it has a header.

A guess is made only where one reading fits all lines that are looked at. Else the user is asked.
"""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from ..errors import InputError
from ..memory import SHARE, available_memory, check_memory
from .reading import ReadAs
from .sources import BLOCK, Source
from .values import is_number

CANDIDATES = (",", ";", "\t", "|")
LINES = 500  # that are looked at
BYTES_OF_FIELD = 40  # in memory, beside its text: a number, a copy of it, and where it is
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
NAMES_OF = {"\t": "tab", " ": "spaces"}
COMMA_NUMBER = re.compile(r"[+-]?(\d*),(\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
DIRECTIVE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's


@dataclass(frozen=True)
class Dialect:
    """How a text file is written.

    Attributes:
        encoding: A name that Python knows.
        skipped: The lines before the header, or before the first row.
        separator: One character; a space stands for any number of them.
        decimal: "." or ",".
        header: The fields of the header, or [] if there is none.
        width: The number of columns.
    """

    encoding: str
    skipped: int
    separator: str
    decimal: str
    header: list[str]
    width: int

    def shown(self) -> list[str]:
        """What differs from a plain csv file, in words."""
        parts = []
        if self.separator != ",":
            parts.append(f"separator {NAMES_OF.get(self.separator, repr(self.separator))}")
        if self.decimal != ".":
            parts.append("decimal comma")
        if self.encoding not in ("utf-8", "utf-8-sig"):
            parts.append(f"encoding {self.encoding}")
        if not self.header:
            parts.append("no header, so that columns are @1, @2, ...")
        return parts


def open_text(source: Source, encoding: str) -> TextIO:
    """The text of a file, with its line ends."""
    return io.TextIOWrapper(source.open(), encoding=encoding, newline="")


def detect(source: Source, told: ReadAs) -> Dialect:
    """How a file is written. What the user says is taken as it is."""
    encoding = _encoding(source, told.encoding)
    try:
        with open_text(source, encoding) as text:
            return _dialect(source, text, encoding, told)
    except UnicodeError as error:
        raise InputError(
            f"{source} cannot be read as csv with the encoding {encoding} ({error}): give "
            "another --encoding"
        ) from None


def _encoding(source: Source, told: str | None) -> str:
    """Read all bytes once: their encoding, and whether they fit into memory."""
    limit = SHARE * available_memory()
    need = 0
    high: set[int] = set()
    with source.open() as file:
        start = block = file.read(BLOCK)
        encoding = told or _by_first_bytes(source, start)
        utf8 = codecs.getincrementaldecoder("utf-8")() if encoding == "utf-8" else None
        while block:
            between = max(block.count(s.encode()) for s in CANDIDATES) or block.count(b" ")
            need += len(block) + BYTES_OF_FIELD * (between + block.count(b"\n"))
            if need > limit:
                check_memory(need, str(source))
            following = file.read(BLOCK)
            if utf8 is not None and not told:
                try:
                    utf8.decode(block, final=not following)
                except UnicodeDecodeError:
                    utf8, encoding = None, "latin-1"
            if encoding == "latin-1" and not told:
                high.update(block.translate(None, bytes([*range(0x80), *range(0xA0, 0x100)])))
            block = following
    if told:
        return "utf-8-sig" if told.lower().replace("_", "-") in ("utf-8", "utf8") else told
    if encoding != "latin-1" or not high:
        return "utf-8-sig" if encoding == "utf-8" else encoding
    if high & {0x81, 0x8D, 0x8F, 0x90, 0x9D}:  # which cp1252 does not have
        raise InputError(
            f"{source} is neither utf-8 nor utf-16, latin-1 or cp1252: give its --encoding"
        )
    return "cp1252"


def _by_first_bytes(source: Source, start: bytes) -> str:
    """The encoding by a byte order mark, or by the zeros of UTF-16; else utf-8, for now."""
    for mark, encoding in BOMS:
        if start.startswith(mark):
            return encoding
    sample = start[:4000]
    if b"\0" in sample:
        for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
            if zeros.count(0) > 0.9 * len(zeros) and sample.count(0) < 0.6 * len(sample):
                return encoding
        raise InputError(f"{source} cannot be read as csv: it holds bytes that are no text")
    return "utf-8"


def _dialect(source: Source, text: TextIO, encoding: str, told: ReadAs) -> Dialect:
    lines, skipped = list(itertools.islice(text, LINES)), 0
    directive = None
    while skipped < len(lines) and not directive:
        if lines[skipped].strip():
            directive = DIRECTIVE.fullmatch(lines[skipped].rstrip("\r\n"))
            if not directive:
                break
        skipped += 1
    lines = lines[skipped:]
    if not any(line.strip() for line in lines):
        raise InputError(f"{source} is empty: it needs a header and rows")
    separator = told.separator or (directive[1] if directive else _separator(lines))
    rows = [row for row in split(lines, separator) if row]
    if len(rows) > 2 and len(lines) == LINES:
        rows.pop()  # a quoted field may go on beyond the lines looked at
    has_header = told.header if told.header is not None else _has_header(source, rows)
    body = rows[1:] if has_header else rows
    decimal = told.decimal or _decimal(body, separator)
    header = rows[0] if has_header else []
    return Dialect(encoding, skipped, separator, decimal, header, len(rows[0]))


def split(lines: Sequence[str] | Iterator[str], separator: str) -> Iterator[list[str]]:
    """The fields of lines."""
    if separator == " ":  # any number of spaces; also at the ends of a line
        lines = (line.strip(" \r\n") + "\n" for line in lines)
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _separator(lines: Sequence[str]) -> str:
    """The separator that gives all lines the same number of fields, at least two.

    Of several, the one with the most fields that are numbers. Spaces are the last resort.
    """
    scores = {}
    for separator in CANDIDATES:
        rows = _rows(lines, separator)
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        agreeing = sum(len(row) == width for row in rows) / len(rows)
        cells = [cell for row in rows[1:] for cell in row]
        numbers = sum(is_number(c) or bool(COMMA_NUMBER.fullmatch(c.strip())) for c in cells)
        scores[separator] = (agreeing == 1, numbers / max(1, len(cells)), agreeing)
    consistent = [s for s in scores if scores[s][0]]
    if consistent:
        return max(consistent, key=lambda s: scores[s])
    rows = _rows(lines, " ")
    width = len(rows[0]) if rows else 0
    if width > 1 and all(len(row) == width for row in rows):
        columns = list(zip(*rows[1:], strict=True))
        if any(all(map(is_number, column)) for column in columns):
            return " "
    return max(scores, key=lambda s: scores[s][2]) if scores else ","


def _rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    try:
        rows = [row for row in split(lines, separator) if row]
    except csv.Error:
        return []
    return rows[:-1] if len(rows) > 2 and len(lines) == LINES else rows


def _has_header(source: Source, rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first line holds names. Raises InputError where it may hold values as well."""
    first, body = rows[0], rows[1:]
    if not first[0].strip() and any(name.strip() for name in first):
        return True  # the index of pandas has no name
    shown = ", ".join(name.strip() for name in first[:3]) + (", ..." if len(first) > 3 else "")
    numbers = [is_number(name) for name in first]
    if all(numbers):
        raise InputError(
            f"the first line of {source} holds numbers ({shown}): add a header line, or give "
            "--no-header if they are values, and --header if they are the names of the columns"
        )
    columns = [{row[i].strip() for row in body if i < len(row)} for i in range(len(first))]
    like_values = any(n and all(map(is_number, c)) for n, c in zip(numbers, columns, strict=True))
    repeated = [
        name.strip() for name, n, c in zip(first, numbers, columns, strict=True)
        if not n and name.strip() in c
    ]  # fmt: skip
    if repeated and (like_values or len(repeated) == len(first)):
        raise InputError(
            f"the first line of {source} ({shown}) looks like values, as {repeated[0]!r} occurs "
            "below it: give --no-header, or --header if it holds the names of the columns"
        )
    return True


def _decimal(rows: Sequence[Sequence[str]], separator: str) -> str:
    """A comma if it can be nothing else: some number is no thousand group, and none has a point."""
    if separator == ",":
        return "."
    certain = False
    for field in itertools.chain.from_iterable(rows):
        match = COMMA_NUMBER.fullmatch(field.strip())
        if match:
            before, after = match[1], match[2]
            certain |= len(after) != 3 or len(before) > 3 or before in ("", "0")
        elif "." in field and is_number(field) and _cannot_be_grouped(field.strip()):
            return "."
    return "," if certain else "."


def _cannot_be_grouped(field: str) -> bool:
    """Whether a number with a point cannot be a whole number in groups of three digits."""
    return not re.fullmatch(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", field)
