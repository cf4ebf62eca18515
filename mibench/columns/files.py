"""Reads the two sides X and Y from columns of a file, with errors that name a remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import InputError, some
from .deciding import decide_of_file, why_no_label
from .kinds import Decided
from .notes import Notes
from .readers import open_table, read_values
from .reading import AS_DETECTED, ReadAs
from .rows import about_rows, check_enough, complete, lacking, refuse_missing
from .selection import choose, excluded
from .sides import check_lengths, one_kind, refuse_constant

SHOWN = 8  # names in a title


@dataclass(frozen=True)
class ColumnSet:
    """The columns of one side: names, also as a title, values (n, d), and kind."""

    names: list[str]
    title: str
    values: NDArray[Any]
    discrete: bool


@dataclass(frozen=True)
class Sides:
    """Both sides of a file, and what the user must know about how they were read."""

    x: ColumnSet
    y: ColumnSet
    notes: list[str]


def _why_labels(column: Decided) -> str:
    """Why a column that seems constant may have several labels."""
    return f"{column.words} is taken as missing" if column.words else column.may_be_labels


def read_sides(
    path: Path,
    x: Sequence[str],
    y: Sequence[str],
    *,
    discrete_x: bool = False,
    discrete_y: bool = False,
    exclude: Sequence[str] = (),
    missing_rows: str = "complete",
    told: ReadAs = AS_DETECTED,
) -> Sides:
    """Read and check the columns `x` and `y` of a file, as two arrays of equal length.

    Args:
        path: The file; `-` for standard input.
        x: Columns of X: names, positions or patterns, see `selection`.
        y: Columns of Y.
        discrete_x: Whether all columns of X are labels.
        discrete_y: Whether all columns of Y are labels.
        exclude: Columns that patterns and ranges leave out.
        missing_rows: One of `contract.sides.MISSING`; for one pair, "pairwise" is "complete".
        told: What the user says about the file.

    Raises:
        InputError: It names the file, the column, the row and a remedy.
    """
    table = open_table(path, told)
    chosen_x, chosen_y = (
        choose(given, table.names, table.unnamed, option)
        for given, option in ((x, "--x"), (y, "--y"))
    )
    out = excluded(exclude, table.names, table.unnamed, {"--x": chosen_x, "--y": chosen_y})
    names_x = chosen_x.without(out | chosen_y.single).names
    names_y = chosen_y.without(out | chosen_x.single).names
    for option, names in (("--x", names_x), ("--y", names_y)):
        if not names:
            raise InputError(f"{option} names no column. {path} has: {some(table.names)}")
    shared = set(names_x) & set(names_y)
    if shared:
        raise InputError(f"column {min(shared)!r} is in both --x and --y: keep it on one side")
    declared = {*(names_x if discrete_x else ()), *(names_y if discrete_y else ())}
    raw = read_values(table, [*names_x, *names_y], declared)
    notes, sides = Notes(table), []
    codes: dict[str, str] = {}
    for option, names, discrete in (("--x", names_x, discrete_x), ("--y", names_y, discrete_y)):
        remedy = f"declare labels with --discrete-{option[2:]}"
        columns = [
            decide_of_file(raw, name, discrete, told, table, remedy, f"{option}: ")
            for name in names
        ]
        for column in columns:
            if column.identifies:
                raise InputError(f"{option}: {why_no_label(column, remedy)}")
        check_lengths(columns, option)
        codes |= {column.name: why for column in columns if (why := _why_labels(column))}
        notes.add(columns, f"--discrete-{option[2:]}", declared)
        sides.append(one_kind(columns, option, notes))
    (a, titles_a, _), (b, titles_b, _) = sides
    if len(a) != len(b):
        raise InputError(
            f"--x has {len(a)} rows and --y has {len(b)}: "
            "they must be equal, since row i of X belongs to row i of Y"
        )
    titles = (titles_a, titles_b)
    if missing_rows == "error":
        refuse_missing((a, b), titles)
    used = complete((a, b), len(a))
    notes.rows(about_rows(used, lacking((a, b), titles)))
    check_enough(used, notes, path)
    made = []
    for names, (values, of_values, label), option in zip(
        (names_x, names_y), sides, ("--x", "--y"), strict=True
    ):
        kept = values if used.all() else values[used]
        refuse_constant(kept, of_values, option, codes)
        made.append(ColumnSet(list(names), some(names, most=SHOWN), kept, label))
    return Sides(made[0], made[1], notes.lines())
