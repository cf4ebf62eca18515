"""The options that say how a file is read, the same for every command that reads one."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..digits import whole_number
from .completion import columns
from .console import say, say_if_large
from .progress import telling

if TYPE_CHECKING:
    from ..columns.files import Sides
    from ..columns.reading import ReadAs


@dataclass(frozen=True)
class Reading:
    """What the options say.

    Attributes:
        told: What the user says about the file.
        exclude: Columns to leave out.
        missing_rows: What to do about missing values; None for the command's default.
    """

    told: "ReadAs"
    exclude: Sequence[str]
    missing_rows: str | None


class _Header(click.ParamType):  # type: ignore[type-arg]
    """True for the first line, or the number of a line."""

    name = "line"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> bool | int:
        if value in ("first", True):
            return True
        number = whole_number(str(value))
        if number is None:
            self.fail(f"{value!r} is no number of a line: give one, or put --header after the file")
        return number


OPTIONS = (
    click.option(
        "--exclude", metavar="COLS", multiple=True, help="Columns that patterns leave out.",
    ),
    click.option(
        "--missing", "missing_rows", type=click.Choice(["complete", "pairwise", "error"]),
        help="Rows with a missing value: leave out those that miss any column used (default of "
        "estimate), leave them out pair by pair (default of pairwise and rank), or stop.",
    ),
    click.option("--drop-missing", is_flag=True, hidden=True),
    click.option(
        "--missing-values", metavar="TEXTS", multiple=True,
        help="What stands for a missing value, comma-separated, such as -999. An empty field and "
        "words such as NA always do, but not in columns declared as labels.",
    ),
    click.option(
        "--header", type=_Header(), is_flag=False, flag_value="first", metavar="[LINE]",
        help="The first line holds the names of the columns; or the line (in Excel: the row) of "
        "this number does.  [default: detected]",
    ),
    click.option("--no-header", is_flag=True, help="No line holds the names of the columns."),
    click.option(
        "--separator", metavar="CHARACTER",
        help="Between the fields of a text file: a character, or comma, semicolon, tab, pipe, "
        "space.  [default: detected]",
    ),
    click.option(
        "--decimal", metavar="CHARACTER",
        help="Decimal sign of a text file: a point or a comma.  [default: detected]",
    ),
    click.option(
        "--encoding", metavar="NAME",
        help="Encoding of a text file, such as latin-1.  [default: detected]",
    ),
    click.option("--sheet", metavar="NAME", help="Sheet of an Excel file.  [default: the first]"),
)  # fmt: skip


def reading_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options to a command, which gets them as the argument `reading`."""

    @functools.wraps(command)
    def with_reading(
        *args: Any,
        exclude: Sequence[str],
        missing_rows: str | None,
        drop_missing: bool,
        missing_values: Sequence[str],
        header: bool | int | None,
        no_header: bool,
        separator: str | None,
        decimal: str | None,
        encoding: str | None,
        sheet: str | None,
        **others: Any,
    ) -> int:
        from ..columns.reading import ReadAs
        from ..errors import InputError

        if no_header and header is not None:
            raise InputError("--header and --no-header contradict each other: give one of them")
        header = False if no_header else header
        texts = [text.strip() for group in missing_values for text in group.split(",")]
        told = ReadAs(separator, decimal, encoding, tuple(filter(None, texts)), header, sheet)
        reading = Reading(told, exclude, missing_rows or ("complete" if drop_missing else None))
        return command(*args, reading=reading, **others)

    for option in reversed(OPTIONS):
        with_reading = option(with_reading)
    return with_reading


@dataclass(frozen=True)
class ChosenSides:
    """The columns of X, Y and Z that the options name, and which of them are declared labels."""

    x: Sequence[str]
    y: Sequence[str]
    discrete_x: bool
    discrete_y: bool
    given: Sequence[str] = ()
    discrete_given: bool = False

    def read(self, file: Path, reading: Reading) -> "Sides":
        """Read them, and say what must be known about how they were read."""
        from ..columns.files import read_sides

        say_if_large(file)
        with telling(f"reading {file}"):
            sides = read_sides(
                file, self.x, self.y, self.given, discrete_x=self.discrete_x,
                discrete_y=self.discrete_y, discrete_given=self.discrete_given,
                exclude=reading.exclude,
                missing_rows=reading.missing_rows or "complete", told=reading.told,
            )  # fmt: skip
        for note in sides.notes:
            say(note)
        return sides


SIDES = (
    click.option(
        "--x", "x", metavar="COLS", multiple=True, required=True, shell_complete=columns,
        help="Columns of X.",
    ),
    click.option(
        "--y", "y", metavar="COLS", multiple=True, required=True, shell_complete=columns,
        help="Columns of Y.",
    ),
    click.option(
        "--discrete-x", is_flag=True,
        help="X holds labels. A row of several columns is then one label.",
    ),
    click.option("--discrete-y", is_flag=True, help="The same for Y."),
)  # fmt: skip


def sides_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options to a command, which gets them as the argument `chosen`."""

    @functools.wraps(command)
    def with_sides(
        *args: Any,
        x: Sequence[str],
        y: Sequence[str],
        discrete_x: bool,
        discrete_y: bool,
        **others: Any,
    ) -> int:
        return command(*args, chosen=ChosenSides(x, y, discrete_x, discrete_y), **others)

    for option in reversed(SIDES):
        with_sides = option(with_sides)
    return with_sides
