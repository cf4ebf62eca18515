"""A score of each column: its mutual information with one variable."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contract.arrays import as_array
from ..contract.base import Estimator
from ..contract.frames import Column, columns_of
from ..contract.functions import as_rows
from ..contract.resolve import resolved_estimator
from ..contract.sides import as_side
from ..contract.variables import Variable, as_variable
from ..errors import InputError
from ..types import EstimatorLike


def scores(
    x: Any,
    y: ArrayLike,
    estimator: EstimatorLike = "knn",
    *,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
) -> NDArray[np.float64]:
    """Estimate I(column; Y) for each column of x, as a score function of scikit-learn.

    Each number equals `mibench.estimate(column, y).nats`. It comes without flags: estimate the
    columns that you choose once more, and read their flags.

    Args:
        x: (n, d): an array, a data frame or a dict of columns.
        y: (n,) or (n, dy).
        estimator: as in `mibench.estimate`.
        discrete_x: whether all columns hold labels; None to see it from the type of each.
        discrete_y: the same for y. Class numbers are labels: give True for a classification.

    Returns:
        (d,), in nats.

    Raises:
        InputError: for bad data, and if an estimate fails. The message names the column.

    Example:
        >>> scores({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]}, [0, 0, 1, 1], "uniform:bins=2").round(3)
        array([0.693, 0.   ])
    """
    resolved = resolved_estimator(estimator)
    columns = _columns(x)
    names = [column.title for column in columns]
    target = _variable(y, "y", discrete_y)
    sides = [
        _variable(
            column.values, f"column {column.title}",
            True if discrete_x is None and column.labels else discrete_x,
        )
        for column in columns
    ]  # fmt: skip
    for name, side in zip(names, sides, strict=True):
        if side.n != target.n:
            raise InputError(f"column {name} has {side.n} rows and y has {target.n}")
    if isinstance(resolved, Estimator):
        estimates = resolved.estimate_pairs([(side, target) for side in sides])
    else:
        kinds = [(side.discrete, target.discrete) for side in sides]
        estimates = [
            resolved.estimate(as_rows(side), as_rows(target), discrete_x=dx, discrete_y=dy)
            for side, (dx, dy) in zip(sides, kinds, strict=True)
        ]
    for name, estimate in zip(names, estimates, strict=True):
        if isinstance(estimate, str):
            raise InputError(f"column {name} failed: {estimate.removeprefix('InputError: ')}")
    return np.array([estimate.nats for estimate in estimates if not isinstance(estimate, str)])


def _columns(x: Any) -> list[Column]:
    columns = columns_of(x, "x")
    if columns is None:
        array = as_array(x, "x")
        if array.ndim != 2:
            raise InputError(f"x has shape {array.shape}: give (n, d), n rows of d columns")
        columns = [Column(str(place), values) for place, values in enumerate(array.T)]
    return columns


def _variable(values: Any, name: str, discrete: bool | None) -> Variable:
    side = as_side(values, name, discrete)
    return as_variable(side.values, name, side.discrete)
