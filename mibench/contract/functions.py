"""Estimators that are plain functions of two arrays: f(x, y) -> nats."""

import inspect
import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..types import Estimate
from .base import Estimator
from .variables import Variable

Units: TypeAlias = Literal["nats", "bits"]
NATS: Mapping[str, float] = {"nats": 1.0, "bits": math.log(2)}  # in one unit

SIDES = ("discrete_x", "discrete_y")


class FunctionEstimator(Estimator):
    """A function f(x, y) -> nats as an estimator; `mibench.compare` makes one of a function.

    The function gets copies of the data: x (n, dx) and y (n, dy) float64; a side of labels is
    (n, 1) int64, each row's label numbered from 0. If it takes discrete_x or discrete_y, it is told
    whether that side is labels. A constant side is 0 nats, and the function is not called.

    >>> FunctionEstimator(math.dist)
    dist
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """Raises InputError for what cannot be called with two arrays."""
        self.function = function
        self.name = getattr(function, "__name__", "")
        self.told = _told(function, repr(self))

    def __repr__(self) -> str:
        return self.name or repr(self.function)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FunctionEstimator) and self.function == other.function

    def __hash__(self) -> int:
        return hash(self.function)

    def ask(self, x: Variable, y: Variable) -> float:
        """What the function says, in its own unit."""
        told = {
            key: side.discrete for key, side in zip(SIDES, (x, y), strict=True) if key in self.told
        }
        answer = self.function(rows(x), rows(y), **told)
        # A scalar of NumPy or torch has no shape, and may come as an array without dimensions.
        number = answer.item() if getattr(answer, "shape", None) == () else answer
        if not isinstance(number, Real) or isinstance(number, bool):
            raise TypeError(f"{self!r} returned {_short(answer)}: it must return one number")
        if not math.isfinite(number):
            raise ValueError(f"{self!r} returned {number}: it must return a finite number")
        return float(number)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        return Estimate(self.ask(x, y), info={"method": f"function {self!r}"})


def rows(side: Variable) -> NDArray[Any]:
    """A side as others take it, a copy: numbers (n, d) float64, or codes of labels (n, 1) int64."""
    if side.discrete:
        return side.symbols[:, np.newaxis].copy()
    return np.array(side.columns.T, np.float64, order="C")


def _told(function: Callable[..., Any], shown: str) -> tuple[str, ...]:
    """Which of `SIDES` a function takes by keyword."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # a builtin may have none
        return ()
    by_keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = signature.parameters
    told = tuple(key for key in SIDES if key in parameters and parameters[key].kind in by_keyword)
    try:
        signature.bind(None, None, **dict.fromkeys(told))
    except TypeError as error:
        raise InputError(
            f"{shown}{signature} cannot be called as f(x, y) ({error}): let it take two arrays"
        ) from None
    return told


def _short(value: object) -> str:
    """What was returned, in a line."""
    text = " ".join(repr(value).split())
    return f"{text[:60]}..." if len(text) > 60 else text
