"""Estimators by name: the entry points of the group "mibench.estimators", and spec strings.

A spec is a name with parameters, `knn:k=5,variant=2`; a list of specs is joined by commas,
`uniform:bins=30,knn:k=5,variant=2,kde`; a comma inside quotes is part of a value. Nothing is
imported until it is asked for.
"""

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any

from ..errors import InputError
from ..types import EstimatorLike, SupportsEstimate
from .functions import FunctionEstimator
from .parameters import (
    describe_parameters,
    parameter_fields,
    read_value,
    required_parameters,
    takes_text,
    to_text,
)

GROUP = "mibench.estimators"
SESSION = "this session"
COMMA = ". Quote a value that holds a comma: 'a,b'"
NOT_IN_NAMES = ":=, \t\n"

_registered: dict[str, type] = {}


@dataclass(frozen=True)
class ResolvedEstimator:
    """An estimator with the spec that makes it, its identity in tables and records."""

    spec: str
    estimator: SupportsEstimate
    parameters: str  # all of them, as JSON
    version: str  # of the package that it comes from, and of what else it runs


def register(name: str, kind: type) -> None:
    """Make an estimator class known under a name, for this session.

    A package does the same for good with an entry point in the group "mibench.estimators".
    Raises InputError for a name that is taken or that a spec string could not hold.
    """
    if not name or any(c in name for c in NOT_IN_NAMES):
        raise InputError(f"estimator name {name!r} is empty or holds one of ' :=,': rename it")
    if name in list_estimators():
        raise InputError(f"estimator name {name!r} is taken: choose another")
    if not isinstance(kind, type):
        raise InputError(f"register {name!r} with the class, not {kind!r}")
    _registered[name] = kind


def list_estimators() -> list[str]:
    """The names of all estimators: built in, from other packages, registered in this session."""
    return sorted({*_entry_points(), *_registered})


def default_estimators() -> list[str]:
    """Those that a command runs if none is named: all that can be made without parameters."""
    return [name for name in list_estimators() if not required_parameters(estimator_class(name))]


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
    return SESSION if point is None or point.dist is None else _named_version(point.dist)


@cache
def _named_version(package: Distribution) -> str:
    """Name and version; each asking of a package reads its file of metadata."""
    return f"{package.name} {package.version}"


def get_estimator(spec: str) -> SupportsEstimate:
    """Make an estimator from a spec string.

    >>> get_estimator("adaptive:bins=30")
    Adaptive(bins=30, pooled=False, correction=None, own_bin=None)
    """
    name, _, rest = (part.strip() for part in spec.partition(":"))
    kind = estimator_class(name)
    known = [f.name for f in parameter_fields(kind)]
    values: dict[str, Any] = {}
    for part in _split(rest):
        key, equals, text = (s.strip() for s in part.partition("="))
        if not equals or not text:
            raise InputError(f"{spec!r}: {part!r} is not of the form parameter=value")
        if key not in known:
            valid = describe_parameters(kind) or "none"
            raise InputError(
                f"{unknown('parameter', key, known)} for {name}. Parameters and defaults: {valid}"
                + (COMMA if values and takes_text(kind) else "")
            )
        if key in values:
            raise InputError(f"{spec!r} gives {key} twice: give it once")
        values[key] = read_value(kind, key, text, label=name)
    for key in required_parameters(kind):
        if key not in values:
            raise InputError(
                f"{spec!r} lacks {key}: write {name}:{key}=VALUE. "
                f"Parameters and defaults: {describe_parameters(kind)}"
            )
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
    for part in _split(text):
        if specs and "=" in part and ":" not in part.partition("=")[0]:
            specs[-1] += ("," if ":" in specs[-1] else ":") + part
        else:
            specs.append(part)
    return specs


def _split(text: str) -> list[str]:
    """The parts between commas; a comma inside quotes belongs to its part."""
    parts = re.findall(r"""(?:"[^"]*"|'[^']*'|[^,])+""", text)
    return [part.strip() for part in parts if part.strip()]


def resolve_estimators(
    estimators: EstimatorLike | Iterable[EstimatorLike],
) -> list[ResolvedEstimator]:
    """Estimators with their identities, from specs, instances, functions; each only once.

    Raises InputError for two different estimators that one spec would describe.
    """
    if isinstance(estimators, str | SupportsEstimate) or callable(estimators):
        estimators = [estimators]
    if not isinstance(estimators, Iterable):
        raise InputError(f"{estimators!r} is neither a spec such as 'knn:k=5' nor an estimator")
    found: dict[str, ResolvedEstimator] = {}
    for entry in estimators:
        for name, made in _of_specs(entry) if isinstance(entry, str) else [_of_object(entry)]:
            one = ResolvedEstimator(
                _spec(name, made), made, _parameters(made), _version(name, made)
            )
            if found.setdefault(one.spec, one).estimator != made:
                remedy = "make them frozen dataclasses whose fields tell them apart"
                if isinstance(made, FunctionEstimator):
                    remedy = "define one under another name"
                raise InputError(f"two different estimators are both {one.spec!r}: {remedy}")
    if not found:
        raise InputError(f"no estimators given: choose from {', '.join(list_estimators())}")
    return list(found.values())


def _of_specs(text: str) -> list[tuple[str, SupportsEstimate]]:
    """Names and estimators of a comma-separated list of specs."""
    specs, found = split_specs(text), []
    for spec in specs:
        try:
            found.append((spec.partition(":")[0].strip(), get_estimator(spec)))
        except InputError as error:
            if len(specs) > 1 and any(takes_text(type(made)) for _, made in found):
                raise InputError(f"{error}{COMMA}") from error
            raise
    return found


def _of_object(entry: object) -> tuple[str, SupportsEstimate]:
    made = as_estimator(entry)
    return _name_of_function(made) if isinstance(made, FunctionEstimator) else _name_of(
        type(made)
    ), made


def as_estimator(estimator: object) -> SupportsEstimate:
    """The estimator itself, or that of a function.

    Raises InputError for a class, and for what cannot estimate.
    """
    if isinstance(estimator, type):
        raise InputError(f"{estimator.__name__} is a class: give {estimator.__name__}()")
    if isinstance(estimator, SupportsEstimate):
        return estimator
    if callable(estimator):
        return FunctionEstimator(estimator)
    raise InputError(f"{estimator!r} is neither a spec such as 'knn:k=5' nor an estimator")


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


def _name_of_function(made: FunctionEstimator) -> str:
    """Its own; refused where a table could not show it or would mistake it for another."""
    if not made.name or any(c in made.name for c in NOT_IN_NAMES + "<>"):
        raise InputError(
            f"{made!r} has no name to show in a table: define it with `def`, under a name"
        )
    if made.name in list_estimators():
        raise InputError(
            f"function {made.name!r} is called as a registered estimator is: rename it"
        )
    return made.name


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


def _version(name: str, made: SupportsEstimate) -> str:
    """The package and version of an entry point's class; a class of the session has none.

    An estimator that runs what its user may edit says so in `content`, a digest of that.
    """
    point = _entry_points().get(name)
    if point is None or not _provides(point, type(made)):
        return SESSION
    content = getattr(made, "content", "")
    return origin(name) + (f", content {content}" if content else "")
