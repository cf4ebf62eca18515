"""The parameters of an estimator: the fields of its dataclass, checked by their annotations."""

from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..errors import InputError


def parameter_fields(kind: type) -> tuple[Field[Any], ...]:
    """The fields of an estimator class that are parameters, in the order of declaration."""
    return tuple(f for f in fields(kind) if f.init) if is_dataclass(kind) else ()


def required_parameters(kind: type) -> list[str]:
    """The names of the parameters that have no default."""
    return [
        f.name
        for f in parameter_fields(kind)
        if f.default is MISSING and f.default_factory is MISSING
    ]


def has_text_parameter(kind: type) -> bool:
    """Whether an estimator class has a parameter that is free text, such as a command."""
    return any(f.type in (str, "str") for f in parameter_fields(kind))


def describe_parameters(kind: type) -> str:
    """Every parameter with its default, as text: "k=3, variant=1, ..."."""
    required = required_parameters(kind)
    return ", ".join(
        f"{f.name} (required)"
        if f.name in required
        else (f.name if f.default is MISSING else f"{f.name}={to_text(f.default)}")
        for f in parameter_fields(kind)
    )


def to_text(value: object) -> str:
    """A parameter's value as a spec writes it: 5, scott, -1:1."""
    if isinstance(value, tuple):
        return ":".join(map(to_text, value))
    if isinstance(value, float):
        shortened = f"{value:.12g}"
        return shortened if float(shortened) == value else repr(value)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def check_value(kind: type, name: str, value: Any, *, label: str) -> Any:
    """Check a value given in Python, without conversions: the text "5" is no number.

    label: what messages call the estimator. Raises InputError for a wrong type or range.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list):
        value = tuple(value)
    checked = _checked(kind, name, value, label, strict=True)
    if isinstance(value, bool) and not isinstance(checked, bool):  # since True == 1 in Python
        raise InputError(f"{label}: {name}={to_text(value)} is no number: give {to_text(checked)}")
    return checked


def read_value(kind: type, name: str, text: str, *, label: str) -> Any:
    """Read and check a value given as text in a spec. Raises InputError as `check_value`."""
    if text.lower() == "none" and type(None) in get_args(_hints(kind)[name]):
        return None
    with suppress(ValueError, InputError):  # a Literal of numbers does not accept the text "2"
        return _checked(kind, name, int(text), label, strict=True)
    value: Any = text
    if ":" in text:
        with suppress(InputError):  # free text may hold a colon
            return _checked(kind, name, text, label, strict=True)
        value = tuple(text.split(":"))
    return _checked(kind, name, value, label, strict=False)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


@cache
def _adapter(kind: type, name: str) -> TypeAdapter[Any]:
    config = ConfigDict(allow_inf_nan=False)
    return TypeAdapter(_hints(kind)[name], config=config)


def _checked(kind: type, name: str, value: Any, label: str, *, strict: bool) -> Any:
    try:
        return _adapter(kind, name).validate_python(value, strict=strict)
    except ValidationError as error:
        reasons = dict.fromkeys(e["msg"].removeprefix("Input ") for e in error.errors())
        if "should be a valid tuple" in reasons:
            reasons = {"should be two numbers, written low:high": None}
        raise InputError(
            f"{label}: {name}={to_text(value)} {', or '.join(reasons)}. "
            f"Parameters and defaults: {describe_parameters(kind) or 'none'}"
        ) from None
