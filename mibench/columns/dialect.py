"""How a text file is written: its encoding, separator, decimal sign, and whether it has a header.

A guess is made only where one reading fits all lines that are looked at. Else the user is asked.
"""

import codecs
import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

import numpy as np

from ..errors import InputError
from ..memory import SHARE, available_memory, check_memory
from .heading import lines_above
from .lines import CANDIDATES, COMMA_NUMBER, has_names, has_row_names, rows_of, separator_of
from .reading import ReadAs
from .sources import BLOCK, Source
from .values import is_number

COUNTED = (*CANDIDATES, " ", "\n")
LINES, CHARACTERS = 500, 500_000  # that are looked at
AT_LEAST = 4  # lines, however long
BYTES_OF_FIELD = 40  # in memory, beside its text: a number, a copy of it, and where it is
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
NAMES_OF = {"\t": "tab", " ": "spaces"}
PADDED = re.compile(r"0\d+", re.ASCII)
TRAILING_ZERO = re.compile(r"\d+\.\d*0", re.ASCII)
FEW = 12  # distinct values, as versions have
COMMA_AFTER_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+", re.ASCII)  # 1.234,5
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
        like_groups: Position of a column -> one of its numbers, where each that has a point may be
            a whole number in groups of three digits.
        codes: Position of a column -> why its numbers may be codes, such as "leading zeros".
        in_comment: Whether the header is the last of the skipped lines, after a "#".
        below_title: Whether lines above the header were found that are no comments.
    """

    encoding: str
    skipped: int
    separator: str
    decimal: str
    header: list[str]
    width: int
    in_comment: bool = False
    below_title: bool = False
    like_groups: dict[int, str] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)

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
        if self.in_comment:
            parts.append("header after #")
        if self.below_title:
            parts.append(f"header in line {self.skipped + 1}")
        return parts


def open_text(source: Source, encoding: str, skipped: int = 0) -> TextIO:
    """The text of a file, with its line ends, from the line after the `skipped` first ones on."""
    text = io.TextIOWrapper(source.open(), encoding=encoding, newline="")
    for _ in range(skipped):
        text.readline()
    return text


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
            of = {
                s: int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord(s))) for s in COUNTED
            }
            between = max(of[s] for s in CANDIDATES) or of[" "]
            need += len(block) + BYTES_OF_FIELD * (between + of["\n"])
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


def _first_lines(text: TextIO) -> tuple[list[str], bool]:
    """The lines that are looked at, and whether more follow."""
    lines: list[str] = []
    size = 0
    for line in text:
        if len(lines) >= AT_LEAST and (len(lines) == LINES or size > CHARACTERS):
            return lines, True
        lines.append(line)
        size += len(line)
    return lines, False


def _dialect(source: Source, text: TextIO, encoding: str, told: ReadAs) -> Dialect:
    skipped = (told.line or 1) - 1
    for number in range(skipped):
        if not text.readline():
            raise InputError(f"--header is {told.line}, and {source} has {number} line(s)")
    lines, cut = _first_lines(text)
    directive = None
    if told.line is None:
        blank, directive = _before_all(lines)
        skipped, lines = skipped + blank, lines[blank:]
    comments = list(itertools.takewhile(lambda li: li.startswith("#"), lines))
    lines = lines[len(comments) :]
    if not any(line.strip() for line in [*comments, *lines]):
        raise InputError(f"{source} is empty: it needs a header and rows")
    names = comments[:1] if told.line is not None else comments[-1:]  # which may be among them
    last = names[0].lstrip("#").lstrip(" ") if names else ""
    separator = told.separator or (directive[1] if directive else "")
    # A comment with as many fields as the rows holds the names; numpy.savetxt writes such a one.
    commented = separator or separator_of([last, *lines], cut) if last.strip() else ""
    rows = rows_of([last, *lines], commented, cut) if commented else []
    in_comment = len(rows) == 1 or (len(rows) > 1 and len(rows[0]) == len(rows[1]) > 1)
    skipped += len(comments)
    above = 0
    if not in_comment or told.header is False:
        in_comment = False
        above = lines_above(lines, separator, cut) if told.header is None else 0
        skipped, lines = skipped + above, lines[above:]
        separator = separator or separator_of(lines, cut)
        rows = rows_of(lines, separator, cut)
    separator = commented if in_comment else separator
    if not rows:
        raise InputError(f"{source} is empty: it needs a header and rows")
    has_header = in_comment or _has_header(source, rows, told)
    body = rows[1:] if has_header else rows
    header = rows[0] if has_header else []
    if has_header and has_row_names(rows):
        header = ["", *header]
    return Dialect(
        encoding, skipped, separator, told.decimal or _decimal(body, separator),
        header, len(header) or len(rows[0]), in_comment, above > 0, _like_groups(body, separator),
        _codes(body),
    )  # fmt: skip


def _before_all(lines: Sequence[str]) -> tuple[int, re.Match[str] | None]:
    """The number of blank first lines, with Excel's line `sep=;`, and that line, if there is one.

    The blank ones are counted up to that line, or up to the first line that is not blank.
    """
    for number, line in enumerate(lines):
        if line.strip():
            directive = DIRECTIVE.fullmatch(line.rstrip("\r\n"))
            return number + bool(directive), directive
    return len(lines), None


def _has_header(source: Source, rows: Sequence[Sequence[str]], told: ReadAs) -> bool:
    if told.header is None:
        return has_names(source, rows)
    return told.header is not False


def _decimal(rows: Sequence[Sequence[str]], separator: str) -> str:
    """A comma if it can be nothing else in some column, none of whose numbers has a point.

    It must be in a number that is no thousand group. Other columns may hold points all the same.
    """
    if separator == ",":
        return "."
    return "," if any(map(_has_decimal_commas, zip(*rows, strict=False))) else "."


def _has_decimal_commas(column: Sequence[str]) -> bool:
    certain = False
    for cell in column:
        match = COMMA_NUMBER.fullmatch(cell.strip())
        if match:
            before, after = match[1], match[2]
            certain |= len(after) != 3 or len(before) > 3 or before in ("", "0")
        elif COMMA_AFTER_GROUPS.fullmatch(cell.strip()):
            certain = True
        elif "." in cell and is_number(cell) and _cannot_be_grouped(cell.strip()):
            return False
    return certain


def _codes(rows: Sequence[Sequence[str]]) -> dict[int, str]:
    """Position -> why the numbers of a column may be codes.

    Codes such as 007 begin with zeros. Of versions such as 3.1, 3.9 and 3.10, some end with a zero
    that others lack, and few are distinct.
    """
    reasons: dict[int, str] = {}
    for place, column in enumerate(zip(*rows, strict=False)):
        texts = {cell.strip() for cell in column}
        if any(map(PADDED.fullmatch, texts)):
            reasons[place] = "leading zeros"
            continue
        lengths = {len(text.partition(".")[2]) for text in texts if "." in text}
        if len(texts) <= FEW and len(lengths) > 1 and any(map(TRAILING_ZERO.fullmatch, texts)):
            reasons[place] = "zeros at the end, as in 3.10"
    return reasons


def _like_groups(rows: Sequence[Sequence[str]], separator: str) -> dict[int, str]:
    """Position -> a number such as 1.234, for columns of which every point may group digits.

    Where commas separate the fields, a point is taken for a decimal sign.
    """
    if separator == ",":
        return {}
    examples: dict[int, str] = {}
    for place, column in enumerate(zip(*rows, strict=False)):
        pointed = [cell.strip() for cell in column if "." in cell and is_number(cell)]
        if pointed and not any(map(_cannot_be_grouped, pointed)):
            examples[place] = pointed[0]
    return examples


def _cannot_be_grouped(field: str) -> bool:
    """Whether a number with a point cannot be a whole number in groups of three digits."""
    return not re.fullmatch(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", field)
