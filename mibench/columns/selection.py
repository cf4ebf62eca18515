"""Which columns are meant: by name, by position (@3, @2:5), or by a pattern ('gene_*').

An exact name always wins, whatever characters it holds.
"""

import csv
import fnmatch
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InputError, some, unknown

POSITION = re.compile(r"@(-?\d+)", re.ASCII)
RANGE = re.compile(r"@(-?\d+)?:(-?\d+)?", re.ASCII)
PATTERN = re.compile(r"[*?\[]")
MOST_DIGITS = 18  # of a position, and its sign; no table has so many columns


@dataclass(frozen=True)
class Chosen:
    """Columns in the order in which they were given.

    Attributes:
        names: Each once.
        single: Those given by name or position, and not by a pattern or a range.
    """

    names: list[str]
    single: set[str]

    def without(self, others: set[str]) -> "Chosen":
        """The columns without those that only a pattern or a range of it has chosen."""
        kept = [name for name in self.names if name in self.single or name not in others]
        return Chosen(kept, self.single)


def choose(given: Sequence[str], names: Sequence[str], unnamed: set[str], option: str) -> Chosen:
    """The columns that the values of an option mean; a value may hold several, comma-separated.

    names: those of the file. unnamed: those that the file has no name for, which no pattern means.
    Raises InputError for what means no column.
    """
    known = dict.fromkeys(names)
    chosen: list[str] = []
    single: list[str] = []
    for text in given:
        for item in _items(text, known, option):
            columns = _meant(item, names, known, unnamed, option)
            if item in known or not (PATTERN.search(item) or RANGE.fullmatch(item)):
                single += columns
            chosen += columns
    twice = {name for name in single if single.count(name) > 1} if len(single) < 1000 else set()
    if twice:
        raise InputError(f"{option} names a column twice ({min(twice)}): once is enough")
    return Chosen(list(dict.fromkeys(chosen)), set(single))


def _items(text: str, known: dict[str, None], option: str) -> list[str]:
    """The parts of a comma-separated text; a part that holds commas is in quotes, as in csv."""
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        parts = [part.strip() for row in rows for part in row if part.strip()]
    except csv.Error as error:
        raise InputError(f"{option} {text!r} cannot be read: {error}") from None
    if text.strip() in known:
        if len(parts) > 1 and all(part in known for part in parts):
            raise InputError(
                f"{option} {text!r} is the name of a column, and also of several: write the name "
                f"as '\"{text.strip()}\"', or repeat {option} for each of the several"
            )
        return [text.strip()]
    return parts


def _meant(
    item: str, names: Sequence[str], known: dict[str, None], unnamed: set[str], option: str
) -> list[str]:
    if item in known:
        return [item]
    if match := POSITION.fullmatch(item):
        return [names[_place(match[1], names, item, option)]]
    if match := RANGE.fullmatch(item):
        first = _place(match[1] or "1", names, item, option)
        last = _place(match[2] or "-1", names, item, option)
        if first > last:
            raise InputError(f"{option}: {item} ends before it begins: give @FIRST:LAST")
        return list(names[first : last + 1])
    if PATTERN.search(item):
        pattern = re.compile(fnmatch.translate(item))
        every = len(unnamed) == len(names)
        matching_names = [n for n in names if pattern.match(n) and (every or n not in unnamed)]
        if matching_names:
            return matching_names
        raise InputError(f"{option}: no column is like {item!r}. Columns: {some(names)}")
    hint = ""
    if len(names) == 1 or 2 * len(unnamed) > len(names):
        hint = ". If the names stand below the first line, give --header LINE"
    if item.lstrip("#$").isdecimal():
        hint = f". A column by its position is @{item.lstrip('#$')}"
    raise InputError(f"{option}: {unknown('column', item, names)}{hint}")


def _place(written: str, names: Sequence[str], item: str, option: str) -> int:
    number = int(written[: MOST_DIGITS + 1])
    place = number - 1 if number > 0 else len(names) + number
    if number == 0 or not 0 <= place < len(names):
        raise InputError(
            f"{option}: {item} is no column: positions are @1 to @{len(names)}, and @-1 is the last"
        )
    return place


def excluded(
    given: Sequence[str], names: Sequence[str], unnamed: set[str], chosen: dict[str, Chosen]
) -> set[str]:
    """The columns that --exclude leaves out. Raises InputError for one that an option names.

    chosen: the option -> what it has chosen.
    """
    out = set(choose(given, names, unnamed, "--exclude").names)
    for option, of_option in chosen.items():
        both = sorted(out & of_option.single)
        if both:
            raise InputError(f"column {both[0]!r} is in both {option} and --exclude: choose one")
    return out
