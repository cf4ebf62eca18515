"""Reads columns of a data file (csv, parquet or npz), with errors that name a remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, some, unknown
from .readers import read_arrays
from .values import is_missing, is_number, missing


@dataclass(frozen=True)
class ColumnSet:
    """The columns of one side of the data: their names as a title, and their values (n, d)."""

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
) -> tuple[ColumnSet, ColumnSet]:
    """Read and check the columns `x` and `y` of a file, as two arrays of equal length.

    Raises an InputError that names the file, the column, the row and a remedy.
    """
    labels = {*(x if discrete_x else ()), *(y if discrete_y else ())}
    columns = read_arrays(path, {*x, *y}, labels)
    sides, titles = [], []
    for option, names, discrete in (("--x", x, discrete_x), ("--y", y, discrete_y)):
        if not names:
            raise InputError(f"{option} names no column. {path} has: {some(columns)}")
        for name in names:
            if name not in columns:
                raise InputError(f"{option}: {unknown('column', name, columns)}")
        if len(set(names)) < len(names):
            raise InputError(f"{option} names a column twice ({', '.join(names)}): once is enough")
        remedy = f"declare labels with --discrete-{option[2:]}"
        parts = [_as_matrix(columns[name], name, option, discrete, remedy) for name in names]
        _check_equal_lengths(names, parts, option)
        if discrete and len({part.dtype for part in parts}) > 1:
            parts = [part.astype(object) for part in parts]  # a common type would round numbers
        sides.append(np.concatenate(parts, axis=1))
        titles.append([t for n, p in zip(names, parts, strict=True) for t in _titles(n, p)])
    shared = set(x) & set(y)
    if shared:
        raise InputError(f"column {min(shared)!r} is in both --x and --y: keep it on one side")
    if len(sides[0]) != len(sides[1]):
        raise InputError(
            f"--x has {len(sides[0])} rows and --y has {len(sides[1])}: "
            "they must be equal, since row i of X belongs to row i of Y"
        )
    a, b = _without_missing(sides, titles, ("--x", "--y"), drop_missing=drop_missing)
    for values, names, option in ((a, titles[0], "--x"), (b, titles[1], "--y")):
        _refuse_constant(values, names, option)
    return ColumnSet(", ".join(x), a), ColumnSet(", ".join(y), b)


def read_columns(
    path: Path, names: Sequence[str], discrete: Sequence[str], *, drop_missing: bool
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Read and check columns of a file: title -> values (n,), and the titles of the label columns.

    names: the columns to read; all if empty. discrete: those of them that hold labels. An array
    (n, d) of an npz file gives d columns. Raises InputError like `read_sides`.
    """
    columns = read_arrays(path, set(names) or None, set(discrete))
    names, option = names or list(columns), "--columns"
    for option_name, listed in ((option, names), ("--discrete", discrete)):
        for name in listed:
            if name not in columns:
                raise InputError(f"{option_name}: {unknown('column', name, columns)}")
    for name in discrete:
        if name not in names:
            raise InputError(f"--discrete: column {name!r} is not in --columns: add it there")
    if len(set(names)) < len(names):
        raise InputError(f"{option} names a column twice ({', '.join(names)}): once is enough")
    remedy = "name it in --discrete if it holds labels, or leave it out of --columns"
    parts = [_as_matrix(columns[name], name, option, name in discrete, remedy) for name in names]
    _check_equal_lengths(names, parts, option)
    titles = [_titles(name, part) for name, part in zip(names, parts, strict=True)]
    parts = _without_missing(parts, titles, [option] * len(parts), drop_missing=drop_missing)
    values = {
        title: part[:, j]
        for part, of_part in zip(parts, titles, strict=True)
        for j, title in enumerate(of_part)
    }
    labels = [
        title
        for name, of_part in zip(names, titles, strict=True)
        if name in discrete
        for title in of_part
    ]
    return values, labels


def _titles(name: str, part: NDArray[Any]) -> list[str]:
    """The titles of the columns of one array."""
    d = part.shape[1]
    return [name] if d == 1 else [f"{name}[:, {j}]" for j in range(d)]


def _check_equal_lengths(names: Sequence[str], parts: Sequence[NDArray[Any]], option: str) -> None:
    sizes = {name: len(part) for name, part in zip(names, parts, strict=True)}
    if len(set(sizes.values())) > 1:
        raise InputError(f"{option} mixes arrays of different length: {sizes}")


def _as_matrix(
    values: NDArray[Any], name: str, option: str, discrete: bool, remedy: str
) -> NDArray[Any]:
    """One column or array as a matrix (n, d), of numbers unless it is discrete."""
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
    if values.dtype.kind == "c":
        raise InputError(
            f"{option}: array {name!r} holds complex numbers: give real and imaginary parts as two "
            "columns"
        )
    for (row, _), value in np.ndenumerate(values):
        if not isinstance(value, bool) and not is_number(value) and not is_missing(value):
            comma = (
                " (write decimals with a point)" if is_number(str(value).replace(",", ".")) else ""
            )
            raise InputError(
                f"{option}: column {name!r} holds {str(value)!r} in row {row + 1}, which is not a "
                f"number{comma}: correct it, or {remedy}"
            )
    if values.dtype.kind == "U":
        return values.astype(np.float64)
    return np.where(missing(values), np.nan, values).astype(np.float64)


def _without_missing(
    sides: Sequence[NDArray[Any]],
    titles: Sequence[Sequence[str]],
    options: Sequence[str],
    *,
    drop_missing: bool,
) -> list[NDArray[Any]]:
    """The arrays without the rows in which any of them lacks a finite value.

    Raises InputError if there are such rows and drop_missing is False.
    """
    bad = np.zeros(len(sides[0]), np.bool_)
    for values, names, option in zip(sides, titles, options, strict=True):
        lacking = missing(values)
        if lacking.any() and not drop_missing:
            row, column = np.argwhere(lacking)[0]
            count = int(lacking.any(axis=1).sum())
            raise InputError(
                f"{option}: column {names[column]!r} has no finite value "
                f"({values[row, column]}) in row {row + 1}, {count} such row(s) in all: fill them "
                "in, or leave those rows out with --drop-missing"
            )
        bad |= lacking.any(axis=1)
    usable = int((~bad).sum())
    if usable < 2:
        raise InputError(f"{usable} usable row(s): mutual information needs at least 2")
    return [values[~bad] for values in sides]


def _refuse_constant(values: NDArray[Any], names: Sequence[str], option: str) -> None:
    for j in range(values.shape[1]):
        column = values[:, j]
        if (column == column[0]).all():
            raise InputError(
                f"{option}: column {names[j]!r} is constant (always {column[0]}): it carries no "
                "information, so leave it out"
            )
