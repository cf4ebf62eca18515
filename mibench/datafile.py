"""Columns of a data file: csv, parquet or npz, with errors that say what to do."""

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
    columns = _columns(path)
    sides = []
    for option, names, discrete in (("--x", x, discrete_x), ("--y", y, discrete_y)):
        if not names:
            raise InputError(f"{option} names no column. {path} has: {', '.join(columns)}")
        for name in names:
            if name not in columns:
                raise InputError(f"{option}: {unknown('column', name, columns)}")
        parts = [_part(columns[name], name, option, discrete) for name in names]
        sizes = {name: len(part) for name, part in zip(names, parts, strict=True)}
        if len(set(sizes.values())) > 1:
            raise InputError(f"{option} mixes arrays of different length: {sizes}")
        sides.append(np.concatenate(parts, axis=1))
    both = set(x) & set(y)
    if both:
        raise InputError(f"column {min(both)!r} is in both --x and --y: keep it on one side")
    a, b = _without_missing(sides[0], sides[1], x, y, drop_missing=drop_missing)
    for values, names, option in ((a, x, "--x"), (b, y, "--y")):
        _refuse_constant(values, names, option)
    return Side(", ".join(x), a), Side(", ".join(y), b)


def _columns(path: Path) -> dict[str, NDArray[Any]]:
    """The columns of a table, or the arrays of an npz, by name."""
    if path.is_dir():
        raise InputError(f"{path} is a directory: name a file in it")
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path")
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path} must be one of {', '.join(ENDINGS)}: convert it first")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty: it needs a header and rows")
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
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
    else:
        table = pd.read_csv(path, skipinitialspace=True, low_memory=False)
    names = [str(c).strip() for c in table.columns]
    if len(table) == 0:
        raise InputError(f"{path} has a header ({', '.join(names)}) and no rows")
    if path.suffix.lower() == ".csv" and all(_is_number(name) for name in names):
        raise InputError(
            f"the first line of {path} holds numbers ({', '.join(names[:3])}, ...), not column "
            "names: add a header line"
        )
    return {name: _column(table.iloc[:, i]) for i, name in enumerate(names)}


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
    for row, value in enumerate(values[:, 0]):
        if not _is_number(value) and not _is_missing(value):
            raise InputError(
                f"{option}: column {name!r} holds {str(value)!r} in row {row + 1}, which is no "
                f"number: correct it, or declare labels with --discrete-{option[2:]}"
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
            name = names[column] if len(names) == values.shape[1] else names[0]
            raise InputError(
                f"{option}: column {name!r} has no finite value ({values[row, column]}) in row "
                f"{row + 1}, {int(missing.any(axis=1).sum())} such row(s) in all: fill them in, "
                "or leave those rows out with --drop-missing"
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
            name = names[j] if len(names) == values.shape[1] else f"{names[0]}[:, {j}]"
            raise InputError(
                f"{option}: column {name!r} is constant (always {column[0]}): it carries no "
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
    return value is None or value != value
