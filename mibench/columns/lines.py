"""The first lines of a text file: what separates fields, and whether the first holds names."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import InputError
from .sources import Source
from .values import is_number

CANDIDATES = (",", ";", "\t", "|")
# Whether all lines have as many fields; the share of fields that are numbers, and of such lines.
Score = tuple[bool, float, float]
COMMA_NUMBER = re.compile(r"[+-]?(\d*),(\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


def split(lines: Iterable[str], separator: str) -> Any:
    """A csv reader: the fields of each line. A space stands for any number of them."""
    if separator == " ":
        lines = (line.strip(" \r\n") + "\n" for line in lines)
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def rows_of(lines: Sequence[str], separator: str, cut: bool) -> list[list[str]]:
    """The fields of the lines that hold some. cut: whether more lines follow."""
    try:
        rows = [row for row in split(lines, separator) if row]
    except csv.Error:
        return []
    # A quoted field may go on beyond the lines looked at.
    return rows[:-1] if cut and len(rows) > 2 else rows


def separator_of(lines: Sequence[str], cut: bool) -> str:
    """The separator that gives all lines the same number of fields, at least two.

    Of several, the one with the most fields that are numbers. Spaces are the last resort.
    """
    scores = _scores(lines, cut)
    if agreed := _agreed(scores):
        return agreed
    rows = rows_of(lines, " ", cut)
    width = len(rows[-1]) if rows else 0
    if width > 1 and (has_row_names(rows) or all(len(row) == width for row in rows)):
        columns = list(zip(*rows[1:], strict=True))
        if any(all(map(is_number, column)) for column in columns):
            return " "
    return max(scores, key=lambda s: scores[s][2]) if scores else ","


def agreed_separator(lines: Sequence[str], cut: bool) -> str:
    """As `separator_of`; "" if no separator but spaces gives all lines as many fields."""
    return _agreed(_scores(lines, cut))


def _agreed(scores: Mapping[str, Score]) -> str:
    return max((s for s in scores if scores[s][0]), key=lambda s: scores[s], default="")


def _scores(lines: Sequence[str], cut: bool) -> dict[str, Score]:
    """Of each separator that gives the first line two fields or more, how well it fits."""
    scores: dict[str, Score] = {}
    for separator in CANDIDATES:
        rows = rows_of(lines, separator, cut)
        width = len(rows[0]) if rows else 0
        named_rows = has_row_names(rows)
        if width < 2 and not named_rows:
            continue
        agreeing = 1.0 if named_rows else sum(len(row) == width for row in rows) / len(rows)
        cells = [cell for row in rows[1:] for cell in row]
        numbers = sum(is_number(c) or bool(COMMA_NUMBER.fullmatch(c.strip())) for c in cells)
        scores[separator] = (agreeing == 1, numbers / max(1, len(cells)), agreeing)
    return scores


def has_row_names(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows begin with a name that the header has no field for, as R writes them.

    The names are 1, 2, 3, ..., or differ and are no numbers. Anything else may be an error.
    """
    body = rows[1:]
    if len(body) < 2 or any(len(row) != len(rows[0]) + 1 for row in body):
        return False
    names = [row[0].strip() for row in body]
    counted = names == [str(i) for i in range(1, len(names) + 1)]
    return counted or (len(set(names)) == len(names) and not any(map(is_number, names)))


def has_names(source: Source, rows: Sequence[Sequence[str]]) -> bool:
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
