"""Columns of a data file: csv, parquet or npz, with errors that say what to do."""

import csv
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .registry import unknown

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet", ".npz")
NOT_READ = np.empty(0)


@dataclass(frozen=True)
class Side:
    """One side of the data: its name for the title, and its values (n, d)."""

    title: str
    values: NDArray[Any]


def read_sides(
    path: Path,
    x: Sequence[str],
    y: Sequence[str],
    *,
    discrete_x: bool,
    discrete_y: bool,
    drop_missing: bool,
) -> tuple[Side, Side]:
    """Read the columns `x` and `y` of a file, checked, as two arrays of equal length.

    Raises InputError that names the file, the column, the row and the remedy.
    """
    columns = _columns(path, {*x, *y})
    sides, titles = [], []
    for option, names, discrete in (("--x", x, discrete_x), ("--y", y, discrete_y)):
        if not names:
            raise InputError(f"{option} names no column. {path} has: {', '.join(columns)}")
        for name in names:
            if name not in columns:
                raise InputError(f"{option}: {unknown('column', name, columns)}")
        if len(set(names)) < len(names):
            raise InputError(f"{option} names a column twice ({', '.join(names)}): once is enough")
        parts = [_part(columns[name], name, option, discrete) for name in names]
        sizes = {name: len(part) for name, part in zip(names, parts, strict=True)}
        if len(set(sizes.values())) > 1:
            raise InputError(f"{option} mixes arrays of different length: {sizes}")
        sides.append(np.concatenate(parts, axis=1))
        titles.append(
            [
                n if p.shape[1] == 1 else f"{n}[:, {j}]"
                for n, p in zip(names, parts, strict=True)
                for j in range(p.shape[1])
            ]
        )
    both = set(x) & set(y)
    if both:
        raise InputError(f"column {min(both)!r} is in both --x and --y: keep it on one side")
    a, b = _without_missing(sides[0], sides[1], *titles, drop_missing=drop_missing)
    for values, names, option in ((a, titles[0], "--x"), (b, titles[1], "--y")):
        _refuse_constant(values, names, option)
    return Side(", ".join(x), a), Side(", ".join(y), b)


def _columns(path: Path, wanted: set[str]) -> dict[str, NDArray[Any]]:
    """The columns of a table, or the arrays of an npz, by name; only the wanted ones are read."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a directory: name a file in it")
        if not path.exists():
            raise InputError(f"{path} does not exist: check the path")
        if path.suffix.lower() not in ENDINGS:
            raise InputError(f"{path} must be one of {', '.join(ENDINGS)}: convert it first")
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty: it needs a header and rows")
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {n: arrays[n] if n in wanted else NOT_READ for n in arrays.files}
        return _table_columns(path)
    except InputError:
        raise
    except Exception as error:  # every reader has exceptions of its own
        reason = str(error).strip().splitlines()
        raise InputError(
            f"{path} cannot be read as {path.suffix[1:]}: {reason[0] if reason else error!r}"
        ) from error


def _table_columns(path: Path) -> dict[str, NDArray[Any]]:
    import pandas as pd

    if path.suffix.lower() == ".parquet":
        table = pd.read_parquet(path)
        names = [str(c).strip() for c in table.columns]
    else:
        separator, names = _header(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # Without index_col=False a row with a field too many moves every column by one.
            table = pd.read_csv(
                path, sep=separator, skipinitialspace=True, low_memory=False, index_col=False
            )
    if len(table) == 0:
        raise InputError(f"{path} has a header ({', '.join(names)}) and no rows")
    return {name: _column(table.iloc[:, i]) for i, name in enumerate(names)}


def _header(path: Path) -> tuple[str, list[str]]:
    """The separator (a comma, or what the header has instead: semicolons, tabs) and the names."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        first = lines.readline()
    separator = next((s for s in (",", ";", "\t") if s in first), ",")
    names = [
        n.strip() for n in next(csv.reader([first], delimiter=separator, skipinitialspace=True))
    ]
    if all(_is_number(name) for name in names):
        raise InputError(
            f"the first line of {path} holds numbers ({', '.join(names[:3])}, ...), not column "
            "names: add a header line"
        )
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(f"{path} has {names.count(twice[0])} columns {twice[0]!r}: rename them")
    return separator, names


def _column(values: "pd.Series[Any]") -> NDArray[Any]:
    kind = values.dtype
    if getattr(kind, "kind", "O") in "iufb" and not values.isna().any():
        return np.asarray(values.to_numpy())
    if getattr(kind, "kind", "O") in "iufb":  # nullable integers too
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    return values.astype(object).where(values.notna(), None).to_numpy(dtype=object)


def _part(values: NDArray[Any], name: str, option: str, discrete: bool) -> NDArray[Any]:
    """One column or array as (n, d), numbers unless discrete."""
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim != 2:
        raise InputError(f"{option}: array {name!r} has shape {values.shape}: give (n,) or (n, d)")
    if discrete:
        return values
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    if values.dtype.kind in "mM":
        raise InputError(f"{option}: column {name!r} holds dates or times: convert it to numbers")
    for row, value in enumerate(values[:, 0]):
        if not isinstance(value, bool) and not _is_number(value) and not _is_missing(value):
            comma = (
                " (write decimals with a point)" if _is_number(str(value).replace(",", ".")) else ""
            )
            raise InputError(
                f"{option}: column {name!r} holds {str(value)!r} in row {row + 1}, which is no "
                f"number{comma}: correct it, or declare labels with --discrete-{option[2:]}"
            )
    return np.where(_missing(values), np.nan, values).astype(np.float64)


def _without_missing(
    a: NDArray[Any], b: NDArray[Any], x: Sequence[str], y: Sequence[str], *, drop_missing: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    if len(a) != len(b):
        raise InputError(f"--x has {len(a)} rows and --y has {len(b)}: they must be pairs")
    bad = np.zeros(len(a), np.bool_)
    for values, names, option in ((a, x, "--x"), (b, y, "--y")):
        missing = _missing(values)
        if missing.any() and not drop_missing:
            row, column = np.argwhere(missing)[0]
            count = int(missing.any(axis=1).sum())
            raise InputError(
                f"{option}: column {names[column]!r} has no finite value "
                f"({values[row, column]}) in row {row + 1}, {count} such row(s) in all: fill them "
                "in, or leave those rows out with --drop-missing"
            )
        bad |= missing.any(axis=1)
    kept = int((~bad).sum())
    if kept < 2:
        raise InputError(f"{kept} usable row(s): mutual information needs at least 2")
    return a[~bad], b[~bad]


def _refuse_constant(values: NDArray[Any], names: Sequence[str], option: str) -> None:
    for j in range(values.shape[1]):
        column = values[:, j]
        if (column == column[0]).all():
            raise InputError(
                f"{option}: column {names[j]!r} is constant (always {column[0]}): it carries no "
                "information, so leave it out"
            )


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where there is no value: NaN, infinity, None."""
    if values.dtype.kind == "f":
        return np.asarray(~np.isfinite(values))
    if values.dtype.kind == "O":
        return np.asarray(np.vectorize(_is_missing, otypes=[bool])(values))
    return np.zeros(values.shape, np.bool_)


def _is_missing(value: object) -> bool:
    try:
        return value is None or bool(value != value)
    except ValueError:  # an array: not missing, and no number either
        return False
