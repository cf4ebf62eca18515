"""Probabilities as arrays: what is checked of them, and the information of a table."""

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
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} holds something else than numbers: give probabilities") from None
    if array.ndim != dims or array.size == 0:
        raise InputError(f"{name} has the shape {array.shape}: give {dims} dimensions, not empty")
    if not np.isfinite(array).all() or (array < 0).any():
        bad = array[~np.isfinite(array) | (array < 0)][0]
        raise InputError(f"{name} holds {bad:g}: give probabilities, 0 to 1")
    return array


def entropy(p: Float) -> float:
    """The entropy of a distribution, in nats."""
    return float(-xlogy(p, p).sum())


def information(joint: Float) -> float:
    """The MI of a table p(a, b), in nats."""
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return max(float(rel_entr(joint, independent).sum()), 0.0)
