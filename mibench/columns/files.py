"""Reads X, Y and Z from columns of a file, with errors that name a remedy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..contract.sides import Side
from ..errors import InputError, some
from .deciding import decide_of_file, why_no_label
from .kinds import Decided
from .notes import Notes
from .readers import open_table, read_values
from .reading import AS_DETECTED, ReadAs, Table
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
    """X and Y of a file, and what the user must know about how they were read.

    given: the numbers and the labels of Z, each as a side; empty if nothing is given.
    given_names: the names of the columns of Z.
    """

    x: ColumnSet
    y: ColumnSet
    notes: list[str]
    given: list[Side] = field(default_factory=list)
    given_names: list[str] = field(default_factory=list)


def _why_labels(column: Decided) -> str:
    """Why a column that seems constant may have several labels."""
    return f"{column.words} is taken as missing" if column.words else column.may_be_labels


def read_sides(
    path: Path,
    x: Sequence[str],
    y: Sequence[str],
    given: Sequence[str] = (),
    *,
    discrete_x: bool = False,
    discrete_y: bool = False,
    discrete_given: bool = False,
    exclude: Sequence[str] = (),
    missing_rows: str = "complete",
    told: ReadAs = AS_DETECTED,
) -> Sides:
    """Read and check the columns of X, Y and Z of a file, as arrays of equal length.

    Args:
        path: The file; `-` for standard input.
        x: Columns of X: names, positions or patterns, see `selection`.
        y: Columns of Y.
        given: Columns of Z, which may be numbers and labels together.
        discrete_x: Whether all columns of X are labels.
        discrete_y: Whether all columns of Y are labels.
        discrete_given: Whether all columns of Z are labels.
        exclude: Columns that patterns and ranges leave out.
        missing_rows: One of `contract.sides.MISSING`; for one pair, "pairwise" is "complete".
        told: What the user says about the file.

    Raises:
        InputError: It names the file, the column, the row and a remedy.
    """
    table = open_table(path, told)
    wanted = {"--x": (x, discrete_x), "--y": (y, discrete_y)}
    if given:
        wanted["--given"] = (given, discrete_given)
    columns_of = {option: columns for option, (columns, _) in wanted.items()}
    names = _names_of_sides(table, path, columns_of, exclude)
    declared = {name for option, (_, labels) in wanted.items() if labels for name in names[option]}
    raw = read_values(table, [name for of_side in names.values() for name in of_side], declared)
    notes = Notes(table)
    codes: dict[str, str] = {}
    parts: list[_Part] = []
    for option, (_, discrete) in wanted.items():
        declare = f"--discrete-{option[2:]}"
        remedy = f"declare labels with {declare}"
        columns = [
            decide_of_file(raw, name, discrete, told, table, remedy, f"{option}: ")
            for name in names[option]
        ]
        for column in columns:
            if column.identifies:
                raise InputError(f"{option}: {why_no_label(column, remedy)}")
        check_lengths(columns, option)
        codes |= {column.name: why for column in columns if (why := _why_labels(column))}
        notes.add(columns, declare, declared)
        kinds = [columns] if option != "--given" else _by_kind(columns)
        parts += [_Part(option, *one_kind(of_kind, option, notes)) for of_kind in kinds]
    for part in parts:
        if len(part.values) != len(parts[0].values):
            raise InputError(
                f"{parts[0].option} has {len(parts[0].values)} rows and {part.option} has "
                f"{len(part.values)}: they must be equal, since rows belong together"
            )
    arrays, titles = [part.values for part in parts], [part.titles for part in parts]
    if missing_rows == "error":
        refuse_missing(arrays, titles)
    used = complete(arrays, len(arrays[0]))
    notes.rows(about_rows(used, lacking(arrays, titles)))
    check_enough(used, notes, path)
    kept = [values if used.all() else values[used] for values in arrays]
    sides = []
    for part, values in zip(parts[:2], kept, strict=False):
        refuse_constant(values, part.titles, part.option, codes)
        of_side = names[part.option]
        sides.append(ColumnSet(of_side, some(of_side, most=SHOWN), values, part.label))
    of_z = [
        Side(values, part.label, titles=tuple(part.titles))
        for part, values in zip(parts[2:], kept[2:], strict=True)
    ]
    return Sides(sides[0], sides[1], notes.lines(), of_z, names.get("--given", []))


@dataclass(frozen=True)
class _Part:
    """The columns of one kind that an option names: values (n, d), and their titles."""

    option: str
    values: NDArray[Any]
    titles: list[str]
    label: bool


def _names_of_sides(
    table: Table, path: Path, wanted: dict[str, Sequence[str]], exclude: Sequence[str]
) -> dict[str, list[str]]:
    """The columns that each option names. A column by name wins over the patterns of others."""
    chosen = {
        option: choose(columns, table.names, table.unnamed, option)
        for option, columns in wanted.items()
    }
    out = excluded(exclude, table.names, table.unnamed, chosen)
    names = {}
    for option, of_option in chosen.items():
        others = [other.single for name, other in chosen.items() if name != option]
        names[option] = of_option.without(out.union(*others)).names
        if not names[option]:
            raise InputError(f"{option} names no column. {path} has: {some(table.names)}")
    for first, second in combinations(names, 2):
        if shared := set(names[first]) & set(names[second]):
            raise InputError(
                f"column {min(shared)!r} is in both {first} and {second}: keep it on one side"
            )
    return names


def _by_kind(columns: list[Decided]) -> list[list[Decided]]:
    """The columns of numbers, and the columns of labels; only what is there."""
    kinds = [[c for c in columns if c.label is label] for label in (False, True)]
    return [of_kind for of_kind in kinds if of_kind]
