"""Functions of x that are given as formulas, such as "log(1 + exp(x))".

A formula has x, numbers, pi, the operations + - * / **, comparisons in `a if x > 0 else b`, and the
functions of `FUNCTIONS`, written as in Python. It can do nothing but compute a number, so a stored
formula from somebody else is safe.
"""

import ast
import math
import warnings
from collections.abc import Callable, Sequence
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
CALLED = tuple(name for name in ONE_ARGUMENT if name != "abs")  # by the source of a formula
# Of the functions of one number: @ is the value of the function, # the number.
DERIVATIVES = {
    "exp": "@", "expm1": "@ + 1.0", "log": "1.0 / #", "log1p": "1.0 / (1.0 + #)",
    "sqrt": "0.5 / @", "sin": "cos(#)", "cos": "-sin(#)", "tan": "1.0 + @ * @",
    "atan": "1.0 / (1.0 + # * #)", "sinh": "cosh(#)", "cosh": "sinh(#)", "tanh": "1.0 - @ * @",
    "erf": f"{2 / math.sqrt(math.pi)!r} * exp(-# * #)",
}  # fmt: skip
OPERATIONS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
SIGNS: dict[type, str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
MAX_LENGTH, MAX_DEPTH = 500, 100
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
        points = np.linspace(-10, 10, 81)
        values = evaluated(formula, points)
        if not np.isfinite(values).all():
            place = points[~np.isfinite(values)][0]
            raise ValueError(f"is not finite at x={place:g}")
        if np.ptp(values) == 0:
            raise ValueError("does not depend on x")
    except (SyntaxError, MemoryError, RecursionError):
        raise InputError(f"{shown} is no formula: give one of x, {EXAMPLE}") from None
    except (ValueError, OverflowError) as error:
        raise InputError(f"{shown} {error}: give a formula of x, {EXAMPLE}") from None
    return formula


def _check(node: ast.expr, depth: int) -> None:
    """Raise ValueError if there is anything but what formulas have."""
    if depth > MAX_DEPTH:
        raise ValueError(f"is nested in more than {MAX_DEPTH} levels")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if not math.isfinite(float(value)):
                raise ValueError("has a number that is too large")
            return
        case ast.Name(id="x" | "pi"):
            return
        case ast.Name(id=name):
            raise ValueError(f"has the unknown name {name[:30]!r}")
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, OPERATIONS):
            parts = [left, right]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            parts = [operand]
        case ast.IfExp(test=ast.Compare(ops=[op], left=left, comparators=[right])) if (
            type(op) in SIGNS
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


def evaluated(formula: str, x: Float) -> Float:
    """The values of a formula from `normal_form`, float64."""
    return values_and_slopes(formula, x)[0]


def values_and_slopes(formula: str, x: Float) -> tuple[Float, Float]:
    """The values of a formula from `normal_form`, and its slopes, float64.

    Where the rules of calculus give no finite slope, such as in 1 / (1 + exp(-x)) for x = -800, it
    is the difference of the values beside x.
    """
    function = _of_arrays(formula)
    with np.errstate(all="ignore"):
        values, slopes = (np.broadcast_to(part, x.shape) for part in function(x))
        if not (known := np.isfinite(slopes)).all():
            width = WIDTH * np.maximum(1, np.abs(x))
            left, right = x - width, x + width
            change = (function(right)[0] - function(left)[0]) / (right - left)
            slopes = np.where(known, slopes, change)
    return np.array(values, np.float64), np.array(slopes, np.float64)


@lru_cache
def _of_arrays(formula: str) -> Callable[[Float], tuple[Any, Any]]:
    """The function of arrays that returns values and slopes."""
    from scipy.special import erf

    others = {"atan": np.arctan, "erf": erf}
    names: dict[str, Any] = {n: others.get(n) or getattr(np, n) for n in (*CALLED, "where")}
    # The source can only compute numbers: it is made from what `_check` lets pass.
    exec(compile(source(formula, "function"), "<formula>", "exec"), names)
    function: Callable[[Float], tuple[Any, Any]] = names["function"]
    return function


def source(formula: str, name: str) -> str:
    """The source of a Python function `name` of x that returns value and slope of a formula.

    It calls the functions of `CALLED`, and where(condition, a, b). In `a if x > 0 else b` the slope
    is that of the branch that is taken. Where the two numbers of `min` or `max` are equal, the
    smaller slope counts, so that max(x, 0) and min(x, 6) have those of ReLU and ReLU6.

    >>> print(source("x * tanh(x)", "f"))
    def f(x):
        v0 = tanh(x)
        d0 = 1.0 - v0 * v0
        v1 = x * v0
        d1 = v0 + x * d0
        return v1, d1
    """
    writer = _Writer()
    value, slope = writer.write(ast.parse(formula, mode="eval").body)
    body = [*writer.lines, f"return {value}, {slope or '0.0'}"]
    return f"def {name}(x):\n" + "\n".join(f"    {line}" for line in body)


Numbers: TypeAlias = tuple[str, str]  # the text of a value and of its slope; "" for a constant


class _Writer:
    """Writes the lines that compute a formula and its slope (forward-mode differentiation)."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, node: ast.expr) -> Numbers:
        """Write what computes a node; returns the texts of its value and of its slope."""
        if not any(isinstance(part, ast.Name) and part.id == "x" for part in ast.walk(node)):
            return _bracketed(repr(_constant(node))), ""
        match node:
            case ast.Name():
                return "x", "1.0"
            case ast.UnaryOp(op=op, operand=operand):
                value, slope = self.write(operand)
                return self._keep(f"-{value}", f"-{slope}") if isinstance(op, ast.USub) else (
                    value, slope
                )  # fmt: skip
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(op, self.write(left), self.write(right))
            case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right])):
                tested = [self.write(part)[0] for part in (left, right)]
                condition = f"{tested[0]} {SIGNS[type(op)]} {tested[1]}"
                return self._choice(condition, self.write(node.body), self.write(node.orelse))
            case ast.Call(func=ast.Name(id=name), args=args):
                parts = [self.write(part) for part in args]
                return self._call(name, parts)
        raise AssertionError(ast.dump(node))

    def _keep(self, value: str, slope: str) -> Numbers:
        """Give names to a value and its slope. In the text of the slope, @ is the value's name."""
        number = sum(line.startswith("v") for line in self.lines)
        self.lines.append(f"v{number} = {value}")
        self.lines.append(f"d{number} = {slope}".replace("@", f"v{number}"))
        return f"v{number}", f"d{number}"

    def _choice(self, condition: str, a: Numbers, b: Numbers) -> Numbers:
        value = f"where({condition}, {a[0]}, {b[0]})"
        return self._keep(value, f"where({condition}, {a[1] or '0.0'}, {b[1] or '0.0'})")

    def _operation(self, op: ast.operator, a: Numbers, b: Numbers) -> Numbers:
        (u, du), (v, dv) = a, b
        match op:
            case ast.Add():
                return self._keep(f"{u} + {v}", " + ".join(filter(None, (du, dv))))
            case ast.Sub():
                return self._keep(f"{u} - {v}", f"{du} - {dv}" if dv else du)
            case ast.Mult():
                terms = (_times(v, du), _times(u, dv))
                return self._keep(f"{u} * {v}", " + ".join(filter(None, terms)))
            case ast.Div():
                change = f"@ * {dv}" if dv else ""
                above = " - ".join(filter(None, (du, change))) if du else f"-{change}"
                return self._keep(f"{u} / {v}", f"({above}) / {v}")
        if not dv:  # a power with a constant exponent
            exponent = float(v.strip("()"))
            return self._keep(f"{u} ** {v}", f"{v} * {u} ** ({exponent - 1.0!r}) * {du}")
        if du:
            return self._keep(f"{u} ** {v}", f"@ * ({dv} * log({u}) + {v} * {du} / {u})")
        base = float(u.strip("()"))
        if base <= 0:
            raise ValueError(f"has a power of {base:g}, which is not above 0, with x in it")
        return self._keep(f"{u} ** {v}", f"@ * ({math.log(base)!r}) * {dv}")

    def _call(self, name: str, parts: Sequence[Numbers]) -> Numbers:
        u, du = parts[0]
        if name in TWO_ARGUMENTS:
            (u, du), (v, dv) = parts
            du, dv = du or "0.0", dv or "0.0"
            first = f"{u} {'<' if name == 'min' else '>'} {v}"
            tie = f"where({du} < {dv}, {du}, {dv})"
            slope = f"where({first}, {du}, where({u} == {v}, {tie}, {dv}))"
            return self._keep(f"where({first}, {u}, {v})", slope)
        if name == "abs":
            sign = f"where({u} > 0.0, 1.0, where({u} < 0.0, -1.0, 0.0))"
            return self._keep(f"where({u} < 0.0, -{u}, {u})", f"{sign} * {du}")
        return self._keep(f"{name}({u})", _times(DERIVATIVES[name].replace("#", u), du))


def _times(factor: str, slope: str) -> str:
    """The text of a product; "" for a slope of 0."""
    return factor if slope == "1.0" else f"{_bracketed_sum(factor)} * {slope}" if slope else ""


def _bracketed_sum(text: str) -> str:
    return f"({text})" if " " in text else text


def _bracketed(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def _constant(node: ast.expr) -> float:
    """The value of a formula without x. Raises ValueError where it is no finite number."""
    names = {name: getattr(math, name) for name in CALLED}
    names |= {"abs": abs, "min": min, "max": max, "pi": math.pi, "__builtins__": {}}
    floats = ast.fix_missing_locations(ast.Expression(_Floats().visit(ast.parse(
        ast.unparse(node), mode="eval"
    )).body))  # fmt: skip
    try:
        value = eval(compile(floats, "<formula>", "eval"), names)
    except (ValueError, ArithmeticError):  # of the logarithm of -1, 1 / 0, or 9 ** 999
        value = math.nan
    if not isinstance(value, float) or not math.isfinite(value):  # a root of -1 is complex
        raise ValueError(f"has {ast.unparse(node)[:30]!r}, which is not finite")
    return value


class _Floats(ast.NodeTransformer):
    """Turns whole numbers into floats: powers of whole numbers could take forever."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(float(node.value))  # type: ignore[arg-type]
