"""Columns in which values are missing, and the sides of a pair on the rows that both have."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.variables import Variable, as_variable
from ..errors import InputError
from .values import missing


@dataclass(frozen=True, eq=False)
class Column:
    """One column: its values (n,), and where they are present.

    Attributes:
        whole: The column as a Variable, unless values are missing.
    """

    name: Hashable
    values: NDArray[Any]
    label: bool
    present: NDArray[np.bool_]
    whole: Variable | None

    def on(self, used: NDArray[np.bool_]) -> Variable:
        """The column on some rows, where all values are present."""
        return as_variable(self.values[used], f"column {self.name!r}", self.label)


def present(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value is neither masked nor missing."""
    there = ~missing(np.asarray(values))
    if isinstance(values, np.ma.MaskedArray):
        there &= ~np.ma.getmaskarray(values)
    return there


def complete_arrays(
    arrays: Sequence[NDArray[Any]], remedy: str = 'leave out a column, or give missing="pairwise"'
) -> list[NDArray[Any]]:
    """The arrays on the rows in which each has a value. Raises InputError for fewer than 2 rows."""
    used = np.logical_and.reduce([present(values) for values in arrays])
    if used.sum() < 2:
        raise InputError(
            f"{int(used.sum())} of {len(used)} rows have a value in every column: mutual "
            f"information needs at least 2, so {remedy}"
        )
    return [np.asarray(values)[used] for values in arrays]


def side_by_side(columns: Sequence[NDArray[Any]], label: bool) -> NDArray[Any]:
    """Columns side by side. Labels keep their type, and numbers of several types are float64."""
    if len({column.dtype for column in columns}) > 1:
        kind = object if label else np.float64
        columns = [column.astype(kind) for column in columns]
    return np.column_stack(columns)


def column_of(values: NDArray[Any], name: Hashable, label: bool, *, gaps: bool) -> Column:
    """Check one column. gaps: whether values may be missing.

    Raises InputError for values that are no finite numbers, unless they are labels.
    """
    if not label and values.dtype.kind not in "buif":
        raise InputError(
            f"column {name!r} holds {values.dtype} values such as {values.flat[0]!r}: convert them "
            f"to numbers, leave it out, or declare it labels with discrete=[{name!r}]"
        )
    there = present(values) if gaps else np.ones(len(values), np.bool_)
    if not label and not np.ma.is_masked(values):
        bad = np.flatnonzero(~np.isfinite(values) & there)
        if len(bad):
            missing_ones = bool(np.isnan(values[bad]).all())
            remedy = ', or leave such rows out with missing="pairwise"' if missing_ones else ""
            raise InputError(
                f"column {name!r} holds {values[bad[0]]} in row {bad[0]} ({len(bad)} such "
                f"value(s)): remove those rows or fill them in{remedy}"
            )
    whole = as_variable(values, f"column {name!r}", label) if there.all() else None
    return Column(name, np.asarray(values) if gaps else values, label, there, whole)


@dataclass
class SidesOfPairs:
    """The sides of pairs of columns. A str stands for a column that cannot be used.

    Attributes:
        rows: Pair -> the number of rows that both columns have.
    """

    columns: Sequence[Column | str]
    rows: dict[tuple[int, int], int] = field(default_factory=dict)
    _later: int = -1  # the later column of the last pair
    _made: dict[tuple[int, bytes], Variable] = field(default_factory=dict)  # for this later column

    def of(self, i: int, j: int) -> tuple[Variable, Variable] | str:
        """Both sides of a pair, or why there are none."""
        x, y = self.columns[i], self.columns[j]
        self.rows[i, j] = 0
        if isinstance(x, str):
            return x
        if isinstance(y, str):
            return y
        if x.whole is not None and y.whole is not None:
            self.rows[i, j] = x.whole.n
            return x.whole, y.whole
        used = x.present & y.present
        self.rows[i, j] = int(used.sum())
        if j != self._later:
            self._later = j
            self._made.clear()
        try:
            return self._on(i, x, used), self._on(j, y, used)
        except InputError as error:
            return str(error)

    def _on(self, place: int, column: Column, used: NDArray[np.bool_]) -> Variable:
        """A column on some rows, made once for all pairs that use the same rows of it."""
        key = place, np.packbits(used).tobytes()
        if key not in self._made:
            self._made[key] = column.on(used)
        return self._made[key]
