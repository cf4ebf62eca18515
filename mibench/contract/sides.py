"""One side as people have it (an array, a data frame, a tensor): as an array, and whether labels.

Text, booleans and categories are labels by themselves. Numbers are labels if they are declared.
"""

import numbers
import sys
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, by_argument
from .arrays import MAX_EXACT, as_array
from .frames import Column, columns_of

MISSING = ("complete", "pairwise", "error")  # what to do about missing values


class Side(NamedTuple):
    """One side of the data, not checked yet.

    Attributes:
        values: (n,) or (n, d).
        discrete: whether they are labels.
        reason: why they are labels although nobody declared it: "text", "bool" or "category".
        titles: the names of the columns; () if they have none.
    """

    values: NDArray[Any]
    discrete: bool
    reason: str = ""
    titles: tuple[str, ...] = ()


def as_side(values: Any, name: str, discrete: bool | None) -> Side:
    """One side of the data as an array.

    Args:
        values: an array, a data frame or series (of pandas, polars, pyarrow or any library that
            narwhals knows), a mapping of columns, a DataArray of xarray, a tensor of torch, or a
            sequence.
        name: "x" or "y", for messages.
        discrete: whether the values are labels; None to see it from their type.

    Raises:
        InputError: if it cannot be told whether they are labels, and for what is no table.
    """
    columns = None if type(values) is np.ndarray else columns_of(values, name)
    if columns is None:
        array = as_array(values, name)
        if discrete:
            return Side(array, True)
        array, reason = _numbers_or_labels(array, name, name, discrete)
        return Side(array, bool(reason), reason)
    if len(columns) == 1:
        return side_of_column(columns[0], name, discrete)
    return joined(columns, name, discrete)


def check_missing(mode: str) -> None:
    """Raise InputError for an unknown treatment of missing values."""
    if mode not in MISSING:
        raise InputError(f"missing is {mode!r}: give one of {', '.join(MISSING)}")


def without_gaps(x: Side, y: Side, *z: Side) -> tuple[list[Side], dict[str, object]]:
    """All sides on the rows in which each has all its values, and what `info` says of it.

    NaN, None and masked values are gaps, and infinity too. `info` has the number of rows that are
    left out, and for each column that has gaps their number. Raises InputError if rows do not
    match.
    """
    given = {"x": [x], "y": [y], "z": list(z)}
    named = [(side, name) for name, sides in given.items() for side in sides]
    for side, name in named:
        if len(side.values) != len(x.values):
            raise InputError(
                f"x has {len(x.values)} rows and {name} has {len(side.values)}: row i of x must "
                f"belong to row i of {name}"
            )
    gaps = [gaps_of(side.values) for side, _ in named]
    there = np.asarray(~np.hstack(gaps).any(axis=1))
    sides = [side._replace(values=np.asarray(side.values)[there]) for side, _ in named]
    counts: dict[str, int] = {}
    for (side, name), of_side in zip(named, gaps, strict=True):
        numbers = of_side.sum(axis=0)
        titles = side.titles or [name if len(numbers) == 1 else f"{name}[{j}]"
                                 for j in range(len(numbers))]  # fmt: skip
        for title, count in zip(titles, numbers.tolist(), strict=True):
            if count:
                counts[f"{name}: {title}" if title in counts else title] = count
    left_out = int(len(there) - there.sum())
    return sides, {"rows_left_out": left_out, "missing_values": counts}


def gaps_of(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where values are missing, (n, d)."""
    gaps = np.array(np.ma.getmaskarray(values))
    plain = np.asarray(values)
    if plain.dtype.kind in "fc":
        gaps |= ~np.isfinite(plain)
    elif plain.dtype.kind in "mM":
        gaps |= np.isnat(plain)
    elif plain.dtype.kind in "OT":
        gaps |= np.vectorize(_is_missing, otypes=[bool])(plain.astype(object))
    return np.asarray(gaps.reshape(len(gaps), -1))


def check_index(x: Any, y: Any) -> None:
    """Raises InputError if the rows of two pandas objects are the same in another order."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not all(isinstance(v, pandas.Series | pandas.DataFrame) for v in (x, y)):
        return
    a, b = x.index, y.index
    if a is b or len(a) != len(b) or a.equals(b) or not (a.is_unique and b.is_unique):
        return
    if len(a.difference(b)) == 0:
        raise InputError(
            "the indices of x and y hold the same labels in another order: give y.loc[x.index] to "
            "pair rows by index, or y.to_numpy() to pair them by position"
        )


def side_of_column(column: Column, name: str, discrete: bool | None) -> Side:
    """A column as a side of its own."""
    shown = f"{name}, column {column.title!r}," if column.title else name
    titles = (column.title,) if column.title else ()
    if discrete:
        return Side(column.values, True, titles=titles)
    if discrete is None and column.labels:
        return Side(column.values, True, column.labels, titles)
    array, reason = _numbers_or_labels(column.values, shown, name, discrete)
    return Side(array, bool(reason), reason, titles)


def joined(columns: list[Column], name: str, discrete: bool | None) -> Side:
    """Several columns as one side."""
    if not columns:
        raise InputError(f"{name} has no columns: give at least 1")
    sides = [side_of_column(column, name, discrete) for column in columns]
    kinds = {side.discrete for side in sides}
    if len(kinds) > 1:
        titles = [
            ", ".join(c.title for c, s in zip(columns, sides, strict=True) if s.discrete is kind)
            for kind in (True, False)
        ]
        raise InputError(
            f"{name} mixes labels ({titles[0]}) and numbers ({titles[1]}): give one kind alone, or "
            f"declare all of them labels{by_argument(name)}"
        )
    parts = [side.values for side in sides]
    if kinds == {True} and len({part.dtype for part in parts}) > 1:
        parts = [part.astype(object) for part in parts]  # a common type would round numbers
    reasons = dict.fromkeys(side.reason for side in sides if side.reason)
    names = tuple(column.title for column in columns)
    return Side(np.column_stack(parts), kinds == {True}, ", ".join(reasons), names)


def labels_by_type(array: NDArray[Any]) -> str:
    """Why values are labels although nobody declared them: "text" or "bool"; "" if they are not.

    Text of which half reads as numbers is not, since it may be numbers that were read badly.
    """
    kind = array.dtype.kind
    if kind == "b":
        return "bool"
    if kind not in "USTO":
        return ""
    present = _present(array)
    if present and all(isinstance(value, bool | np.bool_) for value in present):
        return "bool"
    as_number = sum(map(_reads_as_number, present))
    return "text" if _all_text(present) and 2 * as_number < len(present) else ""


def refuse_times(dtype: np.dtype[Any], shown: str, otherwise: str = "") -> None:
    """Raise InputError for values that are dates or durations. otherwise: another remedy."""
    if dtype.kind in "mM":
        what, since = ("dates", "v - v.min()") if dtype.kind == "M" else ("durations", "v")
        raise InputError(
            f"{shown} holds {what} ({dtype}): convert them to numbers, such as days by "
            f"({since}) / np.timedelta64(1, 'D'){otherwise}"
        )


def _numbers_or_labels(
    array: NDArray[Any], shown: str, side: str, discrete: bool | None
) -> tuple[NDArray[Any], str]:
    """Numbers as they are, with "" for the reason; or labels, with the reason why."""
    if discrete is None and (reason := labels_by_type(array)):
        return array, reason
    kind = array.dtype.kind
    declare = f"declare them labels{by_argument(side)}"
    refuse_times(array.dtype, shown, f", or {declare}")
    if kind == "c":
        raise InputError(
            f"{shown} holds complex numbers ({array.dtype}): convert them to two columns, real and "
            "imaginary parts"
        )
    if kind not in "USTO":
        return array, ""
    present = _present(array)
    if _all_text(present):
        as_number = [text for text in present if _reads_as_number(text)]
        what = "text that reads as numbers" if as_number else "text"
        if as_number and len(as_number) < len(present):
            what += f", apart from {len(present) - len(as_number)} of {len(present)} values"
        raise InputError(
            f"{shown} holds {what}, such as {_short([*as_number, *present][0])}: convert it to "
            f"numbers with .astype(float), or {declare}"
        )
    return _from_objects(array, shown, declare), ""


def _from_objects(array: NDArray[Any], shown: str, declare: str) -> NDArray[Any]:
    """Objects as float64, NaN where a value is missing. Raises InputError if one is no number."""
    present = _present(array)
    for value in present:
        if not isinstance(value, numbers.Real | Decimal | np.bool_):
            raise InputError(
                f"{shown} holds values of type {type(value).__name__} such as {_short(value)}: "
                f"convert them to numbers, or {declare}"
            )
    gaps = np.vectorize(_is_missing, otypes=[bool])(array) if array.size else False
    try:
        floats = np.where(gaps, np.nan, array).astype(np.float64)
    except (OverflowError, ValueError) as error:
        raise InputError(
            f"{shown} holds a number that float64 cannot ({error}): rescale it, or {declare}"
        ) from None
    whole = [int(v) for v in present if isinstance(v, int | np.integer)]
    close = whole and max(map(abs, whole)) > MAX_EXACT > max(whole) - min(whole)
    if close and len(set(map(float, whole))) < len(whole):
        raise InputError(
            f"{shown} holds whole numbers beyond 2^53, such as {whole[0]}, of which some are equal "
            f"in float64: subtract {min(whole)} from them, or {declare}"
        )
    return floats


def _present(array: NDArray[Any]) -> list[Any]:
    """The distinct values that are not missing; all of them if they cannot be compared."""
    try:
        values: Any = dict.fromkeys(array.flat)
    except TypeError:
        values = array.flat
    return [value for value in values if not _is_missing(value)]


def _all_text(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, str | bytes) for value in values)


def _reads_as_number(text: Any) -> bool:
    try:
        float(text)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _is_missing(value: object) -> bool:
    try:
        return value is None or bool(value != value)
    except ArithmeticError:  # a signalling NaN of decimal
        return True
    except (TypeError, ValueError):  # pandas' NA has no truth value
        return not hasattr(value, "__len__")


def _short(value: object) -> str:
    text = " ".join(repr(value.item() if isinstance(value, np.generic) else value).split())
    return f"{text[:40]}..." if len(text) > 40 else text
