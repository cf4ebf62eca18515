"""Estimators by name: the entry points of the group "mibench.estimators", and spec strings.

A spec is a name with parameters, `knn:k=5,variant=2`; a list of specs is joined by commas,
`uniform:bins=30,knn:k=5,variant=2,kde`. Nothing is imported until it is asked for.
"""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import InputError
from .parameters import describe_parameters, parameter_fields, read_value, to_text
from .types import SupportsEstimate

GROUP = "mibench.estimators"
SESSION = "this session"

_registered: dict[str, type] = {}


@dataclass(frozen=True)
class Named:
    """An estimator with the spec that makes it, its identity in tables and records."""

    spec: str
    estimator: SupportsEstimate
    parameters: str  # all of them, as JSON
    version: str  # of the package that it comes from


def register(name: str, kind: type) -> None:
    """Make an estimator class known under a name, for this session.

    A package does the same for good with an entry point in the group "mibench.estimators".
    Raises InputError for a name that is taken or that a spec string could not hold.
    """
    if not name or any(c in name for c in ":=, \t\n"):
        raise InputError(f"estimator name {name!r} is empty or holds one of ' :=,': rename it")
    if name in list_estimators():
        raise InputError(f"estimator name {name!r} is taken: choose another")
    if not isinstance(kind, type):
        raise InputError(f"register {name!r} with the class, not {kind!r}")
    _registered[name] = kind


def list_estimators() -> list[str]:
    """The names of all estimators: built in, from other packages, registered in this session."""
    return sorted({*_entry_points(), *_registered})


def estimator_class(name: str) -> type:
    """The class behind a name. Raises InputError with the valid names for an unknown one."""
    if name in _registered:
        return _registered[name]
    points = _entry_points()
    if name not in points:
        raise InputError(unknown("estimator", name, list_estimators()))
    try:
        kind: type = points[name].load()
    except Exception as error:
        raise InputError(
            f"estimator {name!r} ({points[name].value}) cannot be loaded: {error}. "
            "Reinstall or remove the package that provides it"
        ) from error
    return kind


def origin(name: str) -> str:
    """The package that provides an estimator, with its version."""
    point = _entry_points().get(name)
    if point is None or point.dist is None:
        return SESSION
    return f"{point.dist.name} {point.dist.version}"


def get_estimator(spec: str) -> SupportsEstimate:
    """Make an estimator from a spec string.

    >>> get_estimator("adaptive:bins=30")
    Adaptive(bins=30, pooled=False, correction=None, own_bin=None)
    """
    name, _, rest = (part.strip() for part in spec.partition(":"))
    kind = estimator_class(name)
    known = [f.name for f in parameter_fields(kind)]
    values: dict[str, Any] = {}
    for part in rest.split(",") if rest else []:
        key, equals, text = (s.strip() for s in part.partition("="))
        if not equals or not text:
            raise InputError(f"{spec!r}: {part!r} is not of the form parameter=value")
        if key not in known:
            valid = describe_parameters(kind) or "none"
            raise InputError(
                f"{unknown('parameter', key, known)} for {name}. Parameters and defaults: {valid}"
            )
        if key in values:
            raise InputError(f"{spec!r} gives {key} twice: give it once")
        values[key] = read_value(kind, key, text, label=name)
    made: SupportsEstimate = kind(**values)
    if not isinstance(made, SupportsEstimate):
        raise InputError(f"estimator {name!r} has no estimate(x, y): it does not fit mibench")
    return made


def split_specs(text: str) -> list[str]:
    """Split a comma-separated list of specs; a part like `variant=2` continues the one before.

    >>> split_specs("uniform:bins=30,knn:k=5,variant=2,kde")
    ['uniform:bins=30', 'knn:k=5,variant=2', 'kde']
    """
    specs: list[str] = []
    for part in (p.strip() for p in text.split(",")):
        if not part:
            continue
        if specs and "=" in part and ":" not in part.partition("=")[0]:
            specs[-1] += ("," if ":" in specs[-1] else ":") + part
        else:
            specs.append(part)
    return specs


def named(estimators: str | SupportsEstimate | Iterable[str | SupportsEstimate]) -> list[Named]:
    """Estimators with their identities, from specs, instances, or a mix; each only once.

    Raises InputError for two different estimators that one spec would describe.
    """
    if isinstance(estimators, str | SupportsEstimate):
        estimators = [estimators]
    if not isinstance(estimators, Iterable):
        raise InputError(f"{estimators!r} is neither a spec such as 'knn:k=5' nor an estimator")
    found: dict[str, Named] = {}
    for entry in estimators:
        for item in split_specs(entry) if isinstance(entry, str) else [entry]:
            made = get_estimator(item) if isinstance(item, str) else instance(item)
            name = item.partition(":")[0].strip() if isinstance(item, str) else _name_of(type(made))
            one = Named(_spec(name, made), made, _parameters(made), _version(name, type(made)))
            if found.setdefault(one.spec, one).estimator != made:
                raise InputError(
                    f"two different estimators are both {one.spec!r}: make them frozen dataclasses "
                    "whose fields tell them apart"
                )
    if not found:
        raise InputError(f"no estimators given: choose from {', '.join(list_estimators())}")
    return list(found.values())


def instance(estimator: object) -> SupportsEstimate:
    """The estimator itself. Raises InputError for a class, and for what cannot estimate."""
    if isinstance(estimator, type):
        raise InputError(f"{estimator.__name__} is a class: give {estimator.__name__}()")
    if not isinstance(estimator, SupportsEstimate):
        raise InputError(f"{estimator!r} is neither a spec such as 'knn:k=5' nor an estimator")
    return estimator


def unknown(what: str, name: str, valid: Iterable[str]) -> str:
    """'unknown estimator 'knm'; did you mean 'knn'? Valid: ...'."""
    valid = list(valid)
    lower = difflib.get_close_matches(name.lower(), [v.lower() for v in valid], n=3, cutoff=0.6)
    close = [v for v in valid if v.lower() in lower][:3]
    hint = f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else "."
    return f"unknown {what} {name!r}{hint} Valid: {', '.join(valid) or 'none'}"


@cache
def _entry_points() -> dict[str, EntryPoint]:
    """By name; mibench's own first, so that no package replaces a built-in one unnoticed."""
    points = sorted(
        entry_points(group=GROUP), key=lambda p: p.dist is not None and p.dist.name == "mibench"
    )
    found: dict[str, EntryPoint] = {point.name: point for point in points}
    for point in points:
        if point.value != found[point.name].value and origin_of(found[point.name]) != "mibench":
            raise InputError(
                f"two packages provide the estimator {point.name!r}, {point.value} and "
                f"{found[point.name].value}: remove one of them"
            )
    return found


def origin_of(point: EntryPoint) -> str:
    """The name of the package that declares an entry point."""
    return "" if point.dist is None else point.dist.name


def _name_of(kind: type) -> str:
    """The registered name of a class, or the class's own."""
    for name, point in _entry_points().items():
        if _provides(point, kind):
            return name
    return next((n for n, k in _registered.items() if k is kind), kind.__name__)


def _provides(point: EntryPoint, kind: type) -> bool:
    """Whether an entry point leads to this class, perhaps re-exported; loads only its package."""
    same_package = point.module.split(".")[0] == kind.__module__.split(".")[0]
    return same_package and point.attr == kind.__qualname__ and point.load() is kind


def _spec(name: str, made: SupportsEstimate) -> str:
    """The shortest spec: the parameters that differ from their defaults."""
    given = [
        f"{f.name}={to_text(getattr(made, f.name))}"
        for f in parameter_fields(type(made))
        if getattr(made, f.name) != f.default
    ]
    return name + (":" + ",".join(given) if given else "")


def _parameters(made: SupportsEstimate) -> str:
    values = {f.name: getattr(made, f.name) for f in parameter_fields(type(made))}
    return json.dumps(values, default=str, sort_keys=True)


def _version(name: str, kind: type) -> str:
    """The package and version of an entry point's class; a class of the session has none."""
    point = _entry_points().get(name)
    return origin(name) if point is not None and _provides(point, kind) else SESSION
