"""The settings of a study: one for each combination of the values that vary."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from mibench.errors import InputError, unknown

from ..settings import Setting, change_setting, value_from_text

# The same in all conditions, so that they can be compared run by run.
FIXED = {"name", "training", "estimators", "runs", "epochs", "seed"}
VARIABLE = tuple(field.name for field in fields(Setting) if field.name not in FIXED)
MAX_CONDITIONS = 100


def varied(texts: Iterable[str]) -> dict[str, list[Any]]:
    """Fields and values from texts such as "learning_rate=1e-4,4e-4". Raises InputError."""
    values: dict[str, list[Any]] = {}
    for text in texts:
        name, sign, listed = text.partition("=")
        name = name.strip().replace("-", "_")
        if not sign or not listed.strip():
            raise InputError(f"--vary {text!r}: give NAME=VALUE,VALUE, such as init=he,glorot")
        _check_name(name)
        if name in values:
            raise InputError(f"--vary names {name} twice: give all its values in one option")
        values[name] = [value_from_text(name, part.strip()) for part in _parts(listed)]
    return values


def _parts(listed: str) -> list[str]:
    """The values between commas; commas within brackets are part of a value, as in max(x, 0)."""
    parts, depth = [""], 0
    for letter in listed:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def conditions(setting: Setting, vary: Mapping[str, Sequence[Any]]) -> dict[str, Setting]:
    """Title, such as "learning_rate=0.0001, init=he" -> the setting with these values.

    Raises InputError if nothing varies, for an unknown field, a bad value, or too many conditions.
    """
    if not vary:
        raise InputError("nothing varies: give a field with its values, such as init=he,glorot")
    for name, values in vary.items():
        _check_name(name)
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise InputError(f"{name}={values!r} is one value: give a list of values")
        if not list(values):
            raise InputError(f"{name} has no values: give at least one")
    settings: dict[str, Setting] = {}
    for values in itertools.product(*vary.values()):
        changed = change_setting(setting, **dict(zip(vary, values, strict=True)))
        # A text is turned into the field's type when the setting is made.
        title = ", ".join(f"{name}={_shown(getattr(changed, name))}" for name in vary)
        if title in settings:
            raise InputError(f"{title} is given twice: give each value once")
        settings[title] = changed
        if len(settings) > MAX_CONDITIONS:
            raise InputError(f"more than {MAX_CONDITIONS} conditions: give fewer values")
    return settings


def _check_name(name: str) -> None:
    if name in FIXED:
        raise InputError(f"{name} is the same in all conditions: vary one of {', '.join(VARIABLE)}")
    if name not in VARIABLE:
        raise InputError(unknown("field", name, VARIABLE))


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
