"""Estimators by name: entry points of the group `mibench.estimators`, and classes of the session.

No estimator is imported until it is asked for.
"""

from functools import cache

from ..errors import InputError, unknown
from ..plugins import ESTIMATORS, by_name, load
from ..types import SESSION, SupportsEstimate
from ..versions import package_version
from .parameters import has_text_parameter, required_parameters
from .specs import NOT_IN_NAMES, name_in, read_parameters

_registered: dict[str, type] = {}


def register(name: str, estimator_class: type) -> None:
    """Make an estimator class known under a name, for this session.

    For every session, a package declares an entry point in the group "mibench.estimators".

    Args:
        name: how specs and tables call the estimator.
        estimator_class: a subclass of `mibench.Estimator`, or any class with its `estimate`.

    Raises:
        InputError: if the name is taken, or could not stand in a spec.
    """
    if not name or any(character in name for character in NOT_IN_NAMES):
        raise InputError(f"estimator name {name!r} is empty or holds one of ' :=,': rename it")
    if name in list_estimators():
        raise InputError(f"estimator name {name!r} is taken: choose another")
    if not isinstance(estimator_class, type):
        raise InputError(f"register {name!r} with the class, not {estimator_class!r}")
    _registered[name] = estimator_class


def list_estimators() -> list[str]:
    """The names of all estimators: built in, from other packages, registered in this session."""
    return sorted({*by_name(ESTIMATORS), *_registered})


def default_estimators() -> list[str]:
    """The estimators that a command runs if none is named.

    They have no required parameters, and a class attribute `by_default` may exclude them.
    """
    return [
        name
        for name in list_estimators()
        if not required_parameters(kind := estimator_class(name))
        and getattr(kind, "by_default", True)
    ]


def get_estimator(spec: str) -> SupportsEstimate:
    """Make an estimator from a spec.

    Args:
        spec: a name, with parameters if they differ from the defaults, such as "knn:k=5".

    Raises:
        InputError: for an unknown name or parameter, or a bad value.

    Example:
        >>> get_estimator("adaptive:bins=30")
        Adaptive(bins=30, pooled=False, correction='auto', own_bin=None, rule='quantiles')
    """
    return parse_estimator(spec)[0]


def parse_estimator(spec: str) -> tuple[SupportsEstimate, frozenset[str]]:
    """The estimator that a spec describes, and the names of the parameters that the spec gives."""
    name = name_in(spec)
    kind = estimator_class(name)
    values = read_parameters(spec, kind)
    estimator: SupportsEstimate = kind(**values)
    if not isinstance(estimator, SupportsEstimate):
        raise InputError(f"estimator {name!r} has no estimate(x, y): it does not fit mibench")
    return estimator, frozenset(values)


def estimator_class(name: str) -> type:
    """The class behind a name. Raises InputError with the valid names for an unknown one."""
    if name in _registered:
        return _registered[name]
    points = by_name(ESTIMATORS)
    if name not in points:
        raise InputError(unknown("estimator", name, list_estimators()))
    kind: type = load(points[name])
    return kind


def runs_given_code(spec: str) -> bool:
    """Whether a spec names code to run: a file, a module or a command."""
    name = name_in(spec)
    return name in list_estimators() and has_text_parameter(estimator_class(name))


def name_of_class(kind: type) -> str:
    """The registered name of an estimator class; the class's own if it has none."""
    for name in by_name(ESTIMATORS):
        if is_provided(name, kind):
            return name
    return next((name for name, known in _registered.items() if known is kind), kind.__name__)


def is_provided(name: str, kind: type) -> bool:
    """Whether an installed package provides this class under this name.

    Loads an entry point only if its package can be that of the class.
    """
    point = by_name(ESTIMATORS).get(name)
    if point is None or point.attr != kind.__qualname__:
        return False
    same_package = point.module.split(".")[0] == kind.__module__.split(".")[0]
    return same_package and point.load() is kind


@cache
def origin(name: str) -> str:
    """The package that provides an estimator, with its version, such as "mibench 0.1.0".

    Cached, since each look-up reads the package's metadata from disk.
    """
    point = by_name(ESTIMATORS).get(name)
    if point is None or point.dist is None:
        return SESSION
    return f"{point.dist.name} {package_version(point.dist.name)}"
