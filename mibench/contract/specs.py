"""Estimator specs: the strings that name an estimator and its parameters.

A spec is a name with parameters, `knn:k=5,variant=2`. A list of specs is joined by commas,
`uniform:bins=30,knn:k=5,variant=2,kde`. A comma inside quotes is part of a value.
"""

import re
from typing import Any

from ..errors import InputError, unknown
from ..types import SupportsEstimate
from .parameters import (
    describe_parameters,
    has_text_parameter,
    parameter_fields,
    read_value,
    required_parameters,
    to_text,
)

QUOTE_COMMAS = ". Quote a value that holds a comma: 'a,b'"
NOT_IN_NAMES = ":=, \t\n"


def split_specs(text: str) -> list[str]:
    """Split a comma-separated list of specs; a part like `variant=2` continues the one before.

    >>> split_specs("uniform:bins=30,knn:k=5,variant=2,kde")
    ['uniform:bins=30', 'knn:k=5,variant=2', 'kde']
    """
    specs: list[str] = []
    for part in _split_at_commas(text):
        if specs and "=" in part and ":" not in part.partition("=")[0]:
            specs[-1] += ("," if ":" in specs[-1] else ":") + part
        else:
            specs.append(part)
    return specs


def name_in(spec: str) -> str:
    """The estimator's name in a spec.

    >>> name_in("knn:k=5")
    'knn'
    """
    return spec.partition(":")[0].strip()


def read_parameters(spec: str, estimator_class: type) -> dict[str, Any]:
    """The parameters that a spec gives, by name, as values.

    Raises InputError for an unknown parameter, a bad value, and a required one that is missing.
    """
    name, text = name_in(spec), spec.partition(":")[2]
    known = [field.name for field in parameter_fields(estimator_class)]
    values: dict[str, Any] = {}
    for part in _split_at_commas(text):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value:
            raise InputError(f"{spec!r}: {part!r} is not of the form parameter=value")
        if key not in known:
            valid = describe_parameters(estimator_class) or "none"
            raise InputError(
                f"{unknown('parameter', key, known)} for {name}. Parameters and defaults: {valid}"
                + (QUOTE_COMMAS if values and has_text_parameter(estimator_class) else "")
            )
        if key in values:
            raise InputError(f"{spec!r} gives {key} twice: give it once")
        values[key] = read_value(estimator_class, key, value, label=name)
    for key in required_parameters(estimator_class):
        if key not in values:
            raise InputError(
                f"{spec!r} lacks {key}: write {name}:{key}=VALUE. "
                f"Parameters and defaults: {describe_parameters(estimator_class)}"
            )
    return values


def shortest_spec(name: str, estimator: SupportsEstimate) -> str:
    """The spec of an estimator that gives only the parameters that differ from their defaults."""
    differing = {
        field.name: getattr(estimator, field.name)
        for field in parameter_fields(type(estimator))
        if getattr(estimator, field.name) != field.default
    }
    return write_spec(name, differing)


def write_spec(name: str, parameters: dict[str, Any]) -> str:
    """A spec from a name and values.

    >>> write_spec("knn", {"k": 5, "variant": 2})
    'knn:k=5,variant=2'
    """
    text = ",".join(f"{key}={to_text(value)}" for key, value in parameters.items())
    return f"{name}:{text}" if text else name


def _split_at_commas(text: str) -> list[str]:
    """The parts between commas; a comma inside quotes belongs to its part."""
    parts = re.findall(r"""(?:"[^"]*"|'[^']*'|[^,])+""", text)
    return [part.strip() for part in parts if part.strip()]
