"""Reads columns of a data file, with errors that name a remedy and notes on what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import InputError, some
from .kinds import Decided, decide
from .notes import Notes
from .readers import open_table, read_each, read_values
from .reading import AS_DETECTED, ReadAs, Table
from .rows import about_rows, complete, lacking, refuse_missing
from .selection import choose, excluded
from .sides import check_lengths, one_kind, refuse_constant
from .text_tables import TextTable
from .values import MISSING_WORDS, missing

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
        notes: What the user must know about how they were read.
    """

    titles: list[str]
    values: dict[str, NDArray[Any]]
    labels: list[str]
    unusable: dict[str, str]
    holes: dict[str, int]
    rows: int
    notes: list[str] = field(default_factory=list)


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
        missing_rows: One of `rows.MISSING`; for one pair, "pairwise" is "complete".
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
    for option, names, discrete in (("--x", names_x, discrete_x), ("--y", names_y, discrete_y)):
        remedy = f"declare labels with --discrete-{option[2:]}"
        columns = [
            _decided(raw, name, discrete, told, table, remedy, f"{option}: ") for name in names
        ]
        for column in columns:
            if column.identifies:
                raise InputError(f"{option}: {identifies(column, remedy)}")
        check_lengths(columns, option)
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
    if not used.all():
        notes.rows(about_rows(int(used.sum()), len(used), lacking((a, b), titles)))
        if used.sum() < 2:
            raise InputError(f"{path}: {notes.lines()[-1]}. Mutual information needs at least 2")
    if len(used) < 2:
        raise InputError(f"{path} has {len(used)} row(s): mutual information needs at least 2")
    made = []
    for names, (values, of_values, label), option in zip(
        (names_x, names_y), sides, ("--x", "--y"), strict=True
    ):
        kept = values if used.all() else values[used]
        refuse_constant(kept, of_values, option)
        made.append(ColumnSet(list(names), some(names, most=SHOWN), kept, label))
    return Sides(made[0], made[1], notes.lines())


def read_columns(
    path: Path,
    columns: Sequence[str] = (),
    discrete: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    missing_rows: str = "pairwise",
    told: ReadAs = AS_DETECTED,
) -> ColumnTable:
    """Read columns of a file for pairs of them. An array (n, d) gives d columns.

    Args:
        path: The file; `-` for standard input.
        columns: The columns to read; all that have a name if empty.
        discrete: Those of them that hold labels.
        exclude: Columns to leave out.
        missing_rows: One of `rows.MISSING`.
        told: What the user says about the file.

    Raises:
        InputError: The file or an option is bad. A bad column is in `unusable`.
    """
    table, option = open_table(path, told), "--columns"
    chosen = choose(columns, table.names, table.unnamed, option)
    out = excluded(exclude, table.names, table.unnamed, {option: chosen})
    names, unnamed = chosen.without(out).names, list[str]()
    if not columns:
        unnamed = [] if len(table.unnamed) == len(table.names) else sorted(table.unnamed)
        names = [name for name in table.names if name not in out and name not in unnamed]
    labels = choose(discrete, table.names, table.unnamed, "--discrete")
    for name in labels.single:
        if name not in names:
            raise InputError(f"--discrete: column {name!r} is not in --columns: add it there")
    declared = set(labels.names) & set(names)
    raw, unusable = read_each(table, names, declared)
    notes, decided = Notes(table), list[Decided]()
    notes.left_out(unnamed, "as it has no name")
    remedy = "declare labels with --discrete"
    for name in names:
        try:
            if name in raw:
                decided.append(_decided(raw, name, name in declared, told, table, remedy))
        except InputError as error:
            unusable[name] = str(error)
    for column in [column for column in decided if column.identifies]:
        decided.remove(column)
        if columns:
            unusable[column.name] = identifies(column, remedy)
        else:
            notes.left_out([column.name], "as it differs in every row")
            names.remove(column.name)
    check_lengths(decided, option)
    notes.add(decided, "--discrete", declared)
    for column in decided[:]:
        if missing(column.values).all():
            unusable[column.name] = f"column {column.name!r} has no value in any row: leave it out"
            decided.remove(column)
    parts, titles = [c.values for c in decided], [c.titles for c in decided]
    if missing_rows == "error":
        refuse_missing(parts, titles)
    rows = len(parts[0]) if parts else 0
    holes = lacking(parts, titles)
    if missing_rows == "complete" and holes:
        used = complete(parts, rows)
        notes.rows(about_rows(int(used.sum()), rows, holes))
        if used.sum() < 2:
            raise InputError(f"{path}: {notes.lines()[-1]}. Mutual information needs at least 2")
        parts, rows, holes = [part[used] for part in parts], int(used.sum()), {}
    values = {
        title: part[:, j]
        for part, of_part in zip(parts, titles, strict=True)
        for j, title in enumerate(of_part)
    }
    label_titles = [title for column in decided if column.label for title in column.titles]
    titles_of = {column.name: column.titles for column in decided}
    all_titles = [title for name in names for title in titles_of.get(name, [name])]
    return ColumnTable(all_titles, values, label_titles, unusable, holes, rows, notes.lines())


def identifies(column: Decided, remedy: str) -> str:
    """The message for a column of texts that differ in every row."""
    return (
        f"column {column.name!r} holds another text in every row: it names the rows, so leave it "
        f"out, or {remedy}"
    )


def _decided(
    raw: dict[str, Any],
    name: str,
    declared: bool,
    told: ReadAs,
    table: Table,
    remedy: str,
    prefix: str = "",
) -> Decided:
    """The kind of one column, which is taken out of `raw` to save memory."""
    try:
        decided = decide(
            raw.pop(name), name, declared=declared, told=told.missing, decimal_sign=table.decimal,
            remedy=remedy, typed=not isinstance(table, TextTable),
        )  # fmt: skip
    except InputError as error:
        raise InputError(f"{prefix}{error}") from None
    if not isinstance(table, TextTable):
        return decided
    if name in table.padded and not decided.label:
        return replace(decided, may_be_labels="leading zeros")
    if decided.why == "text" and missing(decided.values).any():
        words = set(table.read([name], {name})[name].dropna()) & set(MISSING_WORDS)
        decided = replace(decided, markers=decided.markers | words)
    return decided
