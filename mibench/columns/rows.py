"""Which rows have a value in every column, and what is said about those that have not."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, some
from .values import missing

if TYPE_CHECKING:
    from .notes import Notes


def lacking(columns: Sequence[NDArray[Any]], titles: Sequence[Sequence[str]]) -> dict[str, int]:
    """Title -> in how many rows the column has no value, for columns where there are such rows."""
    counts = {}
    for values, of_values in zip(columns, titles, strict=True):
        holes = missing(values).reshape(len(values), -1).sum(axis=0)
        counts.update({t: int(c) for t, c in zip(of_values, holes, strict=True) if c})
    return counts


def complete(columns: Sequence[NDArray[Any]], length: int) -> NDArray[np.bool_]:
    """Where no column lacks a value."""
    bad = np.zeros(length, np.bool_)
    for values in columns:
        bad |= missing(values).reshape(length, -1).any(axis=1)
    return ~bad


def refuse_missing(columns: Sequence[NDArray[Any]], titles: Sequence[Sequence[str]]) -> None:
    """Raise InputError for the first column that lacks a value."""
    for values, of_values in zip(columns, titles, strict=True):
        holes = missing(values).reshape(len(values), -1)
        if holes.any():
            row, column = np.argwhere(holes)[0]
            raise InputError(
                f"column {of_values[column]!r} has no value in row {row + 1}, "
                f"{int(holes.any(axis=1).sum())} such row(s) in all: fill them in, or leave such "
                "rows out with --missing complete"
            )


def about_rows(used: NDArray[np.bool_], counts: dict[str, int]) -> str:
    """What is said about rows that are left out; "" if there are none."""
    if used.all():
        return ""
    left = int(used.sum())
    return (
        f"{left} of {len(used)} rows used; {len(used) - left} left out, as values are missing: "
        f"{listed(counts)}"
    )


def check_enough(used: NDArray[np.bool_], notes: "Notes", path: Path) -> None:
    """Raise InputError if fewer than two rows are left."""
    if used.sum() < 2:
        why = f": {notes.lines()[-1]}" if not used.all() else f" has {len(used)} row(s)"
        raise InputError(f"{path}{why}. Mutual information needs at least 2")


def listed(counts: dict[str, int]) -> str:
    """Columns with the number of their missing values, the most first."""
    by_count = sorted(counts, key=lambda title: -counts[title])
    return some((f"{title} {counts[title]}" for title in by_count), most=12)
