"""The columns of one side joined to a matrix of one kind: all numbers, or all labels."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, some
from .kinds import Decided

if TYPE_CHECKING:
    from .notes import Notes


def check_lengths(columns: Sequence[Decided], option: str) -> None:
    """Raise InputError unless all columns have the same number of rows."""
    sizes = {column.name: len(column.values) for column in columns}
    if len(set(sizes.values())) > 1:
        raise InputError(f"{option} mixes arrays of different length: {sizes}")


def one_kind(
    columns: Sequence[Decided], option: str, notes: "Notes"
) -> tuple[NDArray[Any], list[str], bool]:
    """The matrix (n, d) of a side, the titles of its d columns, and whether it holds labels.

    Estimators take a side of numbers or a side of labels. Among numbers, true and false are 1 and
    0. Raises InputError for any other mixture.
    """
    labels = [column for column in columns if column.label]
    mixed = 0 < len(labels) < len(columns)
    if mixed and all(column.why == "true or false" for column in labels):
        notes.as_numbers([(column.name, "true as 1, false as 0") for column in labels])
    elif mixed:
        side = option[2:].upper()
        raise InputError(
            f"{option} mixes labels ({some((c.name for c in labels), most=5)}) and numbers "
            f"({some((c.name for c in columns if not c.label), most=5)}): {side} must be one or "
            f"the other. Leave one kind out, or give --discrete-{option[2:]}, which takes every "
            "distinct row as one label"
        )
    parts = [_as_numbers(c.values) if mixed and c.label else c.values for c in columns]
    if labels and not mixed and len({part.dtype for part in parts}) > 1:
        parts = [part.astype(object) for part in parts]  # a common type would round numbers
    titles = [title for column in columns for title in column.titles]
    return np.concatenate(parts, axis=1), titles, bool(labels) and not mixed


def _as_numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """True as 1, False as 0, None as NaN."""
    return values.astype(np.float64)


def refuse_constant(
    values: NDArray[Any], titles: Sequence[str], option: str, codes: Mapping[str, str]
) -> None:
    """Raise InputError for a column that always has the same value.

    codes: title -> why its numbers may be labels, which may differ all the same.
    """
    for j, title in enumerate(titles):
        column = values[:, j]
        if (column == column[0]).all():
            of_codes = ""
            if title in codes:
                of_codes = f"; or declare labels with --discrete-{option[2:]} ({codes[title]})"
            raise InputError(
                f"{option}: column {title!r} is constant (always {column[0]}): it carries no "
                f"information, so leave it out{of_codes}"
            )
