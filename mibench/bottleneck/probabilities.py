"""Probabilities as arrays: what is checked of them, and the information of a table."""

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr, xlogy

from ..errors import InputError

Float = NDArray[np.float64]

SUM_ERROR = 1e-6  # from which probabilities that do not sum to 1 are refused, and not rescaled


def probabilities(values: Any, name: str, dims: int) -> Float:
    """An array of probabilities that sum to 1, over all its entries.

    Raises InputError for another shape, negative or infinite values, and another sum.
    """
    array = _numbers(values, name, dims)
    total = float(array.sum())
    if abs(total - 1) > SUM_ERROR:
        raise InputError(
            f"{name} sums to {total:g}: give probabilities that sum to 1, such as counts divided "
            "by their sum"
        )
    return array / total


def conditional(values: Any, name: str) -> Float:
    """A matrix whose rows are distributions. Raises InputError as `probabilities`, for each row."""
    array = _numbers(values, name, 2)
    totals = array.sum(axis=1)
    worst = int(np.abs(totals - 1).argmax())
    if abs(totals[worst] - 1) > SUM_ERROR:
        raise InputError(
            f"row {worst} of {name} sums to {totals[worst]:g}: give a distribution in each row, "
            "that of the output given one input"
        )
    return np.asarray(array / totals[:, np.newaxis])


def _numbers(values: Any, name: str, dims: int) -> Float:
    array = finite(values, name, "probabilities, 0 to 1")
    if array.ndim != dims or array.size == 0:
        raise InputError(f"{name} has the shape {array.shape}: give {dims} dimensions, not empty")
    if (array < 0).any():
        raise InputError(f"{name} holds {array[array < 0][0]:g}: give probabilities, 0 to 1")
    return array


def finite(values: Any, name: str, wanted: str) -> Float:
    """An array of finite real numbers, of any shape. Raises InputError; wanted: the remedy."""
    if np.ma.is_masked(values):
        raise InputError(f"{name} has masked values: give {wanted}, without a mask")
    try:
        array = np.array(values)
        real = array.dtype.kind != "c"
        array = array.astype(np.float64) if real else array
    except (TypeError, ValueError, RuntimeError):
        real = False
    if not real:
        raise InputError(f"{name} holds something else than numbers: give {wanted}")
    if not np.isfinite(array).all():
        raise InputError(f"{name} holds {array[~np.isfinite(array)][0]:g}: give {wanted}")
    return array


def weights(values: Any, name: str) -> Float:
    """Finite numbers above 0, (n,). Raises InputError."""
    wanted = "finite numbers above 0, such as [2.0, 5.0]"
    array = finite(values, name, wanted)
    if array.ndim != 1 or not array.size or not (array > 0).all():
        raise InputError(f"{name} are {values}: give {wanted}")
    return array


def whole(value: Any, name: str, most: int | None = None) -> int:
    """A whole number from 1 to `most`. Raises InputError."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or value < 1 or (most is not None and value > most):
        wanted = "1 or more" if most is None else f"1 to {most}"
        raise InputError(f"{name} is {value!r}: give a whole number, {wanted}")
    return int(value)


def check_search(gap: Any, iterations: Any) -> None:
    """Raises InputError for a bad gap, at which a search ends, or a bad number of iterations."""
    whole(iterations, "iterations")
    if not isinstance(gap, Real) or isinstance(gap, bool) or not 0 <= float(gap) < math.inf:
        raise InputError(f"gap is {gap!r}: give a number of nats, 0 or more, such as 1e-9")


def entropy(p: Float) -> float:
    """The entropy of a distribution, in nats."""
    return float(-xlogy(p, p).sum())


def information(joint: Float) -> float:
    """The MI of a table p(a, b), in nats."""
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return max(float(rel_entr(joint, independent).sum()), 0.0)
