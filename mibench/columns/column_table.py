"""Reads columns of a file for all pairs of them. A bad column does not stop the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import InputError
from .deciding import decide_of_file, why_no_label
from .kinds import Decided
from .notes import Notes
from .readers import open_table, read_each
from .reading import AS_DETECTED, ReadAs, Table
from .rows import about_rows, check_enough, complete, lacking, refuse_missing
from .selection import choose, excluded
from .sides import check_lengths
from .values import missing

OPTION, TARGET, GIVEN = "--columns", "--target", "--given"
REMEDY = "declare labels with --discrete"


@dataclass(frozen=True)
class ColumnTable:
    """Columns of a file for pairs of them.

    Attributes:
        titles: The titles of all columns, in the order of the file.
        values: Title -> values (n,), with NaN or None where a value is missing.
        labels: The titles of label columns.
        unusable: Title -> why the column cannot be used.
        holes: Title -> in how many rows the column has no value.
        rows: The number of rows of the file.
        given: Those of the titles that are given: the columns of `--given`.
        notes: What the user must know about how they were read.
    """

    titles: list[str]
    values: dict[str, NDArray[Any]]
    labels: list[str]
    unusable: dict[str, str]
    holes: dict[str, int]
    rows: int
    given: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_columns(
    path: Path,
    columns: Sequence[str] = (),
    discrete: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    missing_rows: str = "pairwise",
    told: ReadAs = AS_DETECTED,
    target: str | None = None,
    given: Sequence[str] = (),
    option: str = OPTION,
) -> ColumnTable:
    """Read columns of a file for pairs of them. An array (n, d) gives d columns.

    Args:
        path: The file; `-` for standard input.
        columns: The columns to read; all that have a name if empty.
        discrete: Those of them that hold labels.
        exclude: Columns to leave out.
        missing_rows: One of `contract.sides.MISSING`.
        told: What the user says about the file.
        target: A column that is read in any case, and comes last: that of `--target`.
        given: Columns that are read in any case, before the target: those of `--given`.
        option: The option that named the columns, for messages.

    Raises:
        InputError: The file or an option is bad. A bad column is in `unusable`.
    """
    table = open_table(path, told)
    notes = Notes(table)
    names = _names(table, columns, exclude, notes, option)
    if target is not None:
        target = _target(table, target, columns, exclude, notes)
    given_names = _given(table, given, target, columns, exclude, notes)
    names = [n for n in names if n not in given_names and n != target] + [
        *given_names, *([target] if target is not None else [])
    ]  # fmt: skip
    labels = choose(discrete, table.names, table.unnamed, "--discrete")
    for name in labels.single:
        if name not in names:
            raise InputError(f"--discrete: column {name!r} is not in --columns: add it there")
    declared = set(labels.names) & set(names)
    raw, unusable = read_each(table, names, declared)
    decided: list[Decided] = []
    for name in [name for name in names if name in raw]:
        try:
            column = decide_of_file(raw, name, name in declared, told, table, REMEDY)
        except InputError as error:
            unusable[name] = str(error)
            continue
        if column.identifies and not columns and name not in (target, *given_names):
            notes.left_out([name], "as all or most of its texts occur once")
            names.remove(name)
        elif column.identifies:
            unusable[name] = why_no_label(column, REMEDY)
        else:
            decided.append(column)
    check_lengths(decided, OPTION)
    notes.add(decided, "--discrete", declared)
    empty = {c.name: f"column {c.name!r} has no value in any row: leave it out" for c in decided
             if missing(c.values).all()}  # fmt: skip
    unusable |= empty
    read = _on_rows([c for c in decided if c.name not in empty], names, unusable, missing_rows,
                    notes, path)  # fmt: skip
    titles_of = {column.name: column.titles for column in decided}
    return replace(read, given=[t for name in given_names for t in titles_of.get(name, [name])])


def _names(
    table: Table, columns: Sequence[str], exclude: Sequence[str], notes: Notes, option: str
) -> list[str]:
    """The columns to read, in the order in which they were given, or in that of the file."""
    chosen = choose(columns, table.names, table.unnamed, option)
    out = excluded(exclude, table.names, table.unnamed, {option: chosen})
    if columns:
        return chosen.without(out).names
    if len(table.unnamed) < len(table.names):
        notes.left_out(sorted(table.unnamed - out), "as it has no name")
        out |= table.unnamed
    return [name for name in table.names if name not in out]


def _target(
    table: Table, target: str, columns: Sequence[str], exclude: Sequence[str], notes: Notes
) -> str:
    """The name of the column that --target means. Raises InputError unless it means one."""
    meant = choose([target], table.names, table.unnamed, TARGET)
    if len(meant.names) != 1:
        raise InputError(f"{TARGET} {target!r} means {len(meant.names)} columns: name one")
    excluded(exclude, table.names, table.unnamed, {TARGET: meant})
    name = meant.names[0]
    if name in choose(columns, table.names, table.unnamed, OPTION).single:
        notes.left_out([name], "as it is the target", named=True)
    return name


def _given(
    table: Table, given: Sequence[str], target: str | None, columns: Sequence[str],
    exclude: Sequence[str], notes: Notes,
) -> list[str]:  # fmt: skip
    """The names of the columns that --given means."""
    meant = choose(given, table.names, table.unnamed, GIVEN)
    excluded(exclude, table.names, table.unnamed, {GIVEN: meant})
    if target in meant.names:
        raise InputError(f"{GIVEN}: column {target!r} is the target: leave it out")
    named = choose(columns, table.names, table.unnamed, OPTION).single
    twice = [name for name in meant.names if name in named]
    if twice:
        notes.left_out(twice, "as given columns are not ranked", named=True)
    return meant.names


def _on_rows(
    columns: list[Decided],
    names: list[str],
    unusable: dict[str, str],
    missing_rows: str,
    notes: Notes,
    path: Path,
) -> ColumnTable:
    """The table of the columns that can be used, on the rows that are wanted."""
    parts, titles = [column.values for column in columns], [column.titles for column in columns]
    if missing_rows == "error":
        refuse_missing(parts, titles)
    rows = len(parts[0]) if parts else 0
    holes = lacking(parts, titles)
    if missing_rows == "complete" and holes:
        used = complete(parts, rows)
        notes.rows(about_rows(used, holes))
        check_enough(used, notes, path)
        parts, rows, holes = [part[used] for part in parts], int(used.sum()), {}
    values = {
        title: part[:, j]
        for part, of_part in zip(parts, titles, strict=True)
        for j, title in enumerate(of_part)
    }
    labels = [title for column in columns if column.label for title in column.titles]
    titles_of = {column.name: column.titles for column in columns}
    all_titles = [title for name in names for title in titles_of.get(name, [name])]
    return ColumnTable(all_titles, values, labels, unusable, holes, rows, notes=notes.lines())
