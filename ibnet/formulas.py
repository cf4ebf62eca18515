"""Functions of x that are given as formulas, such as "log(1 + exp(x))".

A formula has x, numbers, pi, the operations + - * / **, comparisons in `a if x > 0 else b`, and the
functions of `FUNCTIONS`, written as in Python. It can do nothing but compute a number, so a stored
formula from somebody else is safe.
"""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

Float: TypeAlias = NDArray[np.float64]

ONE_ARGUMENT = (
    "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh",
    "erf", "abs",
)  # fmt: skip
TWO_ARGUMENTS = ("min", "max")
FUNCTIONS = (*ONE_ARGUMENT, *TWO_ARGUMENTS)
OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip
COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
MAX_LENGTH, MAX_DEPTH = 500, 50
# The width of the difference that gives a slope: the cube root of float64's rounding error.
WIDTH = 6e-6
EXAMPLE = "such as 'log(1 + exp(x))'; its functions are " + ", ".join(FUNCTIONS)


def normal_form(text: str) -> str:
    """The formula with the spaces and brackets that Python writes.

    Raises InputError for a text that is no formula, or a formula that is not finite near 0.

    >>> normal_form("(x)if x>0 else .1*x")
    'x if x > 0 else 0.1 * x'
    """
    shown = f"activation={text[:60]}"
    try:
        if len(text) > MAX_LENGTH:
            raise ValueError(f"is longer than {MAX_LENGTH} letters")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, about a style such as "2if x > 0 else 1"
            tree = ast.parse(text.strip(), mode="eval").body
        _check(tree, 0)
        formula = ast.unparse(tree)
        if not any(isinstance(node, ast.Name) and node.id == "x" for node in ast.walk(tree)):
            raise ValueError("does not depend on x")
        points = np.linspace(-10, 10, 81)
        values = evaluated(formula, points)
        if not np.isfinite(values).all():
            place = points[~np.isfinite(values)][0]
            raise ValueError(f"is not finite at x={place:g}")
    except (SyntaxError, MemoryError, RecursionError):
        raise InputError(f"{shown} is no formula: give one of x, {EXAMPLE}") from None
    except (ValueError, OverflowError) as error:
        raise InputError(f"{shown} {error}: give a formula of x, {EXAMPLE}") from None
    return formula


def _check(node: ast.expr, depth: int) -> None:
    """Raise ValueError if there is anything but what formulas have."""
    if depth > MAX_DEPTH:
        raise ValueError(f"has more than {MAX_DEPTH} levels of brackets")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if not math.isfinite(float(value)):
                raise ValueError("has a number that is too large")
            return
        case ast.Name(id="x" | "pi"):
            return
        case ast.Name(id=name):
            raise ValueError(f"has the unknown name {name[:30]!r}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            parts = [left, right]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            parts = [operand]
        case ast.IfExp(test=ast.Compare(ops=[op], left=left, comparators=[right])) if (
            type(op) in COMPARISONS
        ):
            parts = [left, right, node.body, node.orelse]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in FUNCTIONS:
                raise ValueError(f"has the unknown function {name[:30]!r}")
            if len(args) != (2 if name in TWO_ARGUMENTS else 1):
                raise ValueError(f"gives {len(args)} numbers to {name}")
            parts = args
        case _:
            raise ValueError(f"has {ast.unparse(node)[:30]!r}, which no formula has")
    for part in parts:
        _check(part, depth + 1)


@lru_cache
def _parsed(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


def evaluate(
    formula: str,
    x: Any,
    functions: Mapping[str, Callable[..., Any]],
    number: Callable[[float], Any],
) -> Any:
    """The values of a formula from `normal_form`, by the functions of NumPy or torch.

    Args:
        formula: from `normal_form`.
        x: an array or tensor.
        functions: those of `FUNCTIONS`, and where(condition, a, b).
        number: makes what `functions` take from a number.
    """

    def value(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=constant):
                return number(float(constant))  # type: ignore[arg-type]
            case ast.Name(id=name):
                return x if name == "x" else number(math.pi)
            case ast.BinOp(left=left, op=op, right=right):
                return OPERATIONS[type(op)](value(left), value(right))
            case ast.UnaryOp(op=op, operand=operand):
                return -value(operand) if isinstance(op, ast.USub) else value(operand)
            case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right])):
                condition = COMPARISONS[type(op)](value(left), value(right))
                return functions["where"](condition, value(node.body), value(node.orelse))
            case ast.Call(func=ast.Name(id=name), args=args):
                return functions[name](*map(value, args))
        raise AssertionError(ast.dump(node))

    return value(_parsed(formula))


def evaluated(formula: str, x: Float) -> Float:
    """The values of a formula from `normal_form`, float64."""
    from scipy.special import erf

    others = {"atan": np.arctan, "erf": erf, "min": np.minimum, "max": np.maximum}
    functions = {name: others.get(name) or getattr(np, name) for name in (*FUNCTIONS, "where")}
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(formula, x, functions, np.float64), np.float64)


def slopes(formula: str, x: Float) -> Float:
    """The slopes of a formula at x, from the difference of its values beside x."""
    width = WIDTH * np.maximum(1, np.abs(x))
    left, right = x - width, x + width
    with np.errstate(all="ignore"):
        return (evaluated(formula, right) - evaluated(formula, left)) / (right - left)


def python_source(formula: str, name: str) -> str:
    """The source of a Python function `name` of x; all its numbers are floats.

    >>> print(python_source("x ** 2", "square"))
    def square(x):
        return x ** 2.0
    """
    tree = _Floats().visit(ast.parse(formula, mode="eval"))
    return f"def {name}(x):\n    return {ast.unparse(tree)}"


class _Floats(ast.NodeTransformer):
    """Turns whole numbers into floats: powers of whole numbers could take forever."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(float(node.value))  # type: ignore[arg-type]
