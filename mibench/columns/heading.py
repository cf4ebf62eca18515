"""Lines above a table, such as a title: where the line with the names of the columns is."""

from collections.abc import Iterable, Sequence

from .lines import CANDIDATES, COMMA_NUMBER, agreed_separator, split
from .values import MISSING_WORDS, is_number

MOST = 50  # lines above a table
MOSTLY = 0.8  # of the values of some column, which are numbers


def lines_above(lines: Sequence[str], separator: str, cut: bool) -> int:
    """How many lines stand above the one with the names; 0 if the first line may hold them.

    separator: what separates the fields; "" if that is to be found out. cut: whether lines follow.
    """
    # One that gives the first line as many fields as the others leaves no room for a guess.
    separator = separator or agreed_separator(lines, cut)
    for candidate in [separator] if separator else [*CANDIDATES, " "]:
        reader = split(lines, candidate)
        rows: list[list[str]] = []
        ends: list[int] = [0]  # the number of the line in which a row ends
        try:
            for row in reader:
                if row:
                    rows.append(row)
                    ends.append(reader.line_num)
        except Exception:  # quotes that do not fit this separator
            continue
        if cut:
            rows = rows[:-1]  # a quoted field may go on below
        above = rows_above(rows)
        if above:
            start = ends[above]
            while not lines[start].strip():
                start += 1
            return start
    return 0


def rows_above(rows: Sequence[Sequence[str]]) -> int:
    """How many rows stand above the one with the names; 0 if the first row may hold them.

    A row holds the names if its fields are texts that differ, if all rows below have as many
    fields, and if some column below holds numbers. Each row above it has another number of fields,
    or half of its fields or more are empty.
    """
    if len(rows) < 3:
        return 0
    width = len(rows[-1])
    for place, row in enumerate(rows[: min(MOST, len(rows) - 2)]):
        if place and _holds_names(row, width) and _has_numbers(rows[place + 1 :], width):
            return place
        if not _is_title(row, width):
            return 0
    return 0


def _is_title(row: Sequence[str], width: int) -> bool:
    return len(row) != width or 2 * _filled(row) <= width


def _holds_names(row: Sequence[str], width: int) -> bool:
    names = [cell.strip() for cell in row if cell.strip()]
    return (
        len(row) in (width, width - 1)
        and len(names) >= 2
        and 2 * len(names) > len(row)
        and len(set(names)) == len(names)
        and not any(_is_number(name) or name in MISSING_WORDS for name in names)
    )


def _has_numbers(body: Sequence[Sequence[str]], width: int) -> bool:
    if any(len(row) != width for row in body):
        return False
    return any(map(_are_numbers, zip(*body, strict=True)))


def _are_numbers(column: Iterable[str]) -> bool:
    cells = [cell.strip() for cell in column if cell.strip()]
    numbers = sum(map(_is_number, cells))
    return numbers >= 2 and numbers >= MOSTLY * len(cells)


def _is_number(cell: str) -> bool:
    return is_number(cell) or COMMA_NUMBER.fullmatch(cell) is not None


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)
