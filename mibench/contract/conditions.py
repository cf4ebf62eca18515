"""What is given: the Z of I(X;Y|Z), whose columns are numbers, labels, or some of both."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .frames import columns_of
from .sides import Side, as_side, joined, side_of_column
from .variables import Variable, as_variable

# For messages: those of mibench that have an I(X;Y|Z) for numbers in Z.
TAKE_NUMBERS = "auto, canonical, knn, uniform, adaptive, gaussian or gaussian_copula"


@dataclass(frozen=True, eq=False)
class Conditions:
    """Z, checked and laid out. Constant numbers are left out, since they say nothing.

    Attributes:
        n: the number of rows.
        dims: the number of columns that the user gave.
        numbers: the columns of numbers that vary, or None.
        labels: the columns of labels, each row of which is one symbol, or None.
    """

    n: int
    dims: int
    numbers: Variable | None
    labels: Variable | None

    @property
    def constant(self) -> bool:
        """Whether Z never varies, so that I(X;Y|Z) is I(X;Y)."""
        return self.numbers is None and self.labels is None

    def selected(self, rows: NDArray[np.int64]) -> "Conditions":
        """Z in some of its rows."""
        numbers, labels = (v and v.selected(rows) for v in (self.numbers, self.labels))
        return conditions_of(numbers, labels, self.dims)


def sides_of_z(z: Any, discrete: bool | None) -> list[Side]:
    """Z as one side of numbers and one of labels, or one of both; not checked yet.

    Args:
        z: as the x of `mibench.estimate`. The columns of a table may be of both kinds.
        discrete: whether all columns hold labels. None: text, booleans and categories do.

    Raises:
        InputError: for what is no table.
    """
    columns = None if type(z) is np.ndarray else columns_of(z, "z")
    if not columns:
        return [as_side(z, "z", discrete)]
    kinds: dict[bool, list[Any]] = {}
    for column in columns:
        kinds.setdefault(side_of_column(column, "z", discrete).discrete, []).append(column)
    return [joined(of_kind, "z", discrete) for of_kind in kinds.values()]


def conditions_of_sides(sides: list[Side]) -> Conditions:
    """Check and lay out what `sides_of_z` returned. Raises InputError for NaN and the like."""
    laid_out = {side.discrete: as_variable(side.values, "z", side.discrete) for side in sides}
    dims = sum(variable.dims for variable in laid_out.values())
    return conditions_of(laid_out.get(False), laid_out.get(True), dims)


def conditions_of(numbers: Variable | None, labels: Variable | None, dims: int) -> Conditions:
    """Z from its numbers and its labels, without those that are constant."""
    present = [variable for variable in (numbers, labels) if variable is not None]
    if not present:
        raise InputError("z has no columns: give at least 1")
    if len({variable.n for variable in present}) > 1:
        raise InputError("the columns of z have different numbers of rows")
    if numbers is not None:
        varying = np.flatnonzero(numbers.low < numbers.high)
        if len(varying) < numbers.dims:
            numbers = numbers.with_columns(varying) if len(varying) else None
    if labels is not None and labels.constant:
        labels = None
    return Conditions(present[0].n, dims, numbers, labels)
