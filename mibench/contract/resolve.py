"""Estimators as users give them (specs, objects, functions), resolved once to identities."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import InputError
from ..types import SESSION, EstimatorLike, SupportsEstimate
from ..versions import code_digest
from .base import Estimator
from .functions import FunctionEstimator
from .parameters import has_text_parameter, parameter_fields
from .registry import (
    get_estimator,
    is_provided,
    list_estimators,
    name_of_class,
    origin,
    parse_estimator,
)
from .specs import NOT_IN_NAMES, QUOTE_COMMAS, name_in, shortest_spec, split_specs


@dataclass(frozen=True)
class ResolvedEstimator:
    """An estimator with its identity in tables and records.

    Attributes:
        spec: the shortest spec that makes it, such as "knn:k=5".
        estimator: the estimator itself.
        parameters: all of its parameters, as JSON.
        version: of its code: the package's version and a digest of the code that it runs. Two
            results of one version are the same measurement.
        given: names of the parameters that the user's spec gave, defaults among them.
    """

    spec: str
    estimator: SupportsEstimate
    parameters: str
    version: str
    given: frozenset[str] = frozenset()


EstimatorsLike = EstimatorLike | ResolvedEstimator | Iterable[EstimatorLike | ResolvedEstimator]


def resolve_estimators(estimators: EstimatorsLike) -> list[ResolvedEstimator]:
    """Estimators with their identities, each only once.

    Args:
        estimators: one of, or several of: specs, comma-separated lists of specs, estimators,
            functions f(x, y) -> nats, and estimators that are resolved already.

    Raises:
        InputError: if nothing is given, or if two different estimators have the same spec.
    """
    by_spec: dict[str, ResolvedEstimator] = {}
    for resolved in resolve_each(estimators):
        first = by_spec.setdefault(resolved.spec, resolved)
        if first.estimator != resolved.estimator:
            remedy = "make them frozen dataclasses whose fields tell them apart"
            if isinstance(resolved.estimator, FunctionEstimator):
                remedy = "name one of them, mibench.FunctionEstimator(f, name=...)"
            raise InputError(f"two different estimators are both {resolved.spec!r}: {remedy}")
    return list(by_spec.values())


def resolve_each(estimators: EstimatorsLike) -> list[ResolvedEstimator]:
    """As `resolve_estimators`, but repeated ones are kept."""
    if isinstance(estimators, str | ResolvedEstimator | SupportsEstimate) or callable(estimators):
        estimators = [estimators]
    if not isinstance(estimators, Iterable):
        raise InputError(f"{estimators!r} is neither a spec such as 'knn:k=5' nor an estimator")
    resolved: list[ResolvedEstimator] = []
    for entry in estimators:
        if isinstance(entry, str):
            resolved += _from_specs(entry)
        elif isinstance(entry, ResolvedEstimator):
            resolved.append(entry)
        else:
            resolved.append(_from_object(entry))
    if not resolved:
        raise InputError(f"no estimators given: choose from {', '.join(list_estimators())}")
    return resolved


def resolved_estimator(estimator: EstimatorLike) -> SupportsEstimate:
    """The estimator that a spec means, or that is given."""
    return get_estimator(estimator) if isinstance(estimator, str) else as_estimator(estimator)


def resolved_subclass(estimator: EstimatorLike) -> Estimator:
    """As `resolved_estimator`. Raises InputError for what is no `mibench.Estimator`."""
    resolved = resolved_estimator(estimator)
    if not isinstance(resolved, Estimator):
        raise InputError(
            f"estimator is a {type(resolved).__name__}, no mibench.Estimator: give a spec such as "
            "'knn', or a subclass of mibench.Estimator"
        )
    return resolved


def as_estimator(estimator: object) -> SupportsEstimate:
    """The estimator itself, or one that calls the function given.

    Raises InputError for a class, and for anything that cannot estimate.
    """
    if isinstance(estimator, type):
        raise InputError(f"{estimator.__name__} is a class: give {estimator.__name__}()")
    if isinstance(estimator, SupportsEstimate):
        return estimator
    if callable(estimator):
        return FunctionEstimator(estimator)
    raise InputError(f"{estimator!r} is neither a spec such as 'knn:k=5' nor an estimator")


def _from_specs(text: str) -> list[ResolvedEstimator]:
    """The estimators of a comma-separated list of specs."""
    specs = split_specs(text)
    resolved: list[ResolvedEstimator] = []
    for spec in specs:
        try:
            estimator, given = parse_estimator(spec)
        except InputError as error:
            # The comma may have been meant as part of the text before it.
            before = [type(earlier.estimator) for earlier in resolved]
            if len(specs) > 1 and any(map(has_text_parameter, before)):
                raise InputError(f"{error}{QUOTE_COMMAS}") from error
            raise
        resolved.append(with_identity(name_in(spec), estimator, given))
    return resolved


def _from_object(entry: object) -> ResolvedEstimator:
    estimator = as_estimator(entry)
    if isinstance(estimator, FunctionEstimator):
        return with_identity(_name_of_function(estimator), estimator)
    return with_identity(name_of_class(type(estimator)), estimator)


def with_identity(
    name: str,
    estimator: SupportsEstimate,
    given: frozenset[str] = frozenset(),
    version: str | None = None,
) -> ResolvedEstimator:
    """An estimator of this name. version: None for that of the registered class."""
    values = {
        field.name: getattr(estimator, field.name) for field in parameter_fields(type(estimator))
    }
    return ResolvedEstimator(
        spec=shortest_spec(name, estimator),
        estimator=estimator,
        parameters=json.dumps(values, default=str, sort_keys=True),
        version=_version(name, estimator) if version is None else version,
        given=given,
    )


def _name_of_function(estimator: FunctionEstimator) -> str:
    """The function's name; refused where a table could not show it, or where it is taken."""
    name = estimator.name
    rename = "name it with mibench.FunctionEstimator(f, name=...)"
    if not name or any(character in name for character in NOT_IN_NAMES + "<>"):
        raise InputError(
            f"function name {name!r} is empty or holds one of ' :=,<>', which no table could "
            f"show: {rename}"
        )
    if name in list_estimators():
        raise InputError(f"function {name!r} has the name of a registered estimator: {rename}")
    return name


def _version(name: str, estimator: SupportsEstimate) -> str:
    """The version of an estimator's code; `SESSION` for a class that no package provides.

    A class of the session may change from one run to the next, so its results are never reused.
    An estimator that runs a file of the user's adds a digest of that file, its `content`.
    """
    if not is_provided(name, type(estimator)):
        return SESSION
    version = f"{origin(name)}, code {code_digest(type(estimator).__module__)}"
    content = getattr(estimator, "content", "")
    return version + (f", content {content}" if content else "")
