"""Estimators that are plain functions of two arrays: f(x, y) -> nats."""

import functools
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
NATS: Mapping[str, float] = {"nats": 1.0, "bits": math.log(2)}  # nats in one of each unit

DISCRETE_ARGUMENTS = ("discrete_x", "discrete_y")


class FunctionEstimator(Estimator):
    """A function f(x, y) -> nats as an estimator. `mibench.compare` makes one of a function.

    The function gets copies of the data, x (n, dx) and y (n, dy) float64. A discrete side is
    (n, 1) int64, its labels numbered from 0. If the function takes discrete_x or discrete_y, it
    gets whether that side is discrete. For a constant side the estimate is 0, and the function is
    not called.

    Args:
        function: what to call.
        name: how tables call it; None for the name of the function.

    Raises:
        InputError: if the function cannot be called with two arrays.

    Example:
        >>> FunctionEstimator(math.dist), FunctionEstimator(lambda x, y: 0.0, name="zero")
        (dist, zero)
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        if not callable(function):
            raise InputError(f"{_in_a_line(function)} is no function: give f(x, y) -> nats")
        self.function = function
        self.name = _name_of(function) if name is None else name
        self.discrete_arguments = _discrete_arguments(function, repr(self))

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FunctionEstimator) and (self.function, self.name) == (
            other.function,
            other.name,
        )

    def __hash__(self) -> int:
        return hash((self.function, self.name))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The function and its name."""
        return {"function": self.function, "name": self.name}

    def call(self, x: Variable, y: Variable) -> float:
        """The number that the function returns, in the function's own unit.

        Raises TypeError or ValueError if it returns anything but one finite number.
        """
        discrete = {
            argument: side.discrete
            for argument, side in zip(DISCRETE_ARGUMENTS, (x, y), strict=True)
            if argument in self.discrete_arguments
        }
        answer = self.function(as_rows(x), as_rows(y), **discrete)
        # A scalar of NumPy or torch has no shape, and may come as an array without dimensions.
        number = answer.item() if getattr(answer, "shape", None) == () else answer
        if not isinstance(number, Real) or isinstance(number, bool):
            raise TypeError(f"{self!r} returned {_in_a_line(answer)}: it must return one number")
        if not math.isfinite(number):
            raise ValueError(f"{self!r} returned {number}: it must return a finite number")
        return float(number)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        return Estimate(self.call(x, y), info={"method": f"function {self!r}"})


def _name_of(function: Callable[..., Any]) -> str:
    """A function's name: "lambda" for a lambda, that of the class for an object."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    return str(getattr(inner, "__name__", type(inner).__name__)).strip("<>")


def as_rows(side: Variable) -> NDArray[Any]:
    """A side as foreign code takes it, copied: (n, d) float64, or symbols (n, 1) int64."""
    if side.discrete:
        return side.symbols[:, np.newaxis].copy()
    return np.array(side.columns.T, np.float64, order="C")


def _discrete_arguments(function: Callable[..., Any], shown: str) -> tuple[str, ...]:
    """Which of `DISCRETE_ARGUMENTS` a function takes by keyword."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # some builtins have none
        return ()
    by_keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = signature.parameters
    accepted = tuple(
        argument
        for argument in DISCRETE_ARGUMENTS
        if argument in parameters and parameters[argument].kind in by_keyword
    )
    try:
        signature.bind(None, None, **dict.fromkeys(accepted))
    except TypeError as error:
        raise InputError(
            f"{shown}{signature} cannot be called as f(x, y) ({error}): let it take two arrays"
        ) from None
    return accepted


def _in_a_line(value: object) -> str:
    """A value in one short line, for a message."""
    text = " ".join(repr(value).split())
    return f"{text[:60]}..." if len(text) > 60 else text
