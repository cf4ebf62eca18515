"""Entry points: how this package and others add estimators, tasks, commands, listings, warm-ups.

A package declares an entry point in one of the groups below; after installation it works in every
command with no other change.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import InputError, message_of

ESTIMATORS = "mibench.estimators"  # an estimator class
TASKS = "mibench.tasks"  # a function that returns a list of `Task`
COMMANDS = "mibench.commands"  # a click command or group: a sub-command of `mibench`
LISTINGS = "mibench.listings"  # a function that returns a `Listing`, shown by `mibench list NAME`
WARMUPS = "mibench.warmups"  # a function that calls every kernel that `mibench warmup` compiles

KINDS = {
    ESTIMATORS: "estimator",
    TASKS: "task family",
    COMMANDS: "command",
    LISTINGS: "listing",
    WARMUPS: "warm-up",
}


@cache
def entry_points_of(group: str) -> tuple[EntryPoint, ...]:
    """All entry points of a group, mibench's own first."""
    return tuple(sorted(entry_points(group=group), key=lambda point: not _is_built_in(point)))


@cache
def by_name(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group, by name.

    mibench's own take precedence, so that no other package replaces a built-in one unnoticed.
    Raises InputError where two other packages declare the same name.
    """
    points: dict[str, EntryPoint] = {}
    for point in entry_points_of(group):
        first = points.setdefault(point.name, point)
        if point.value != first.value and not _is_built_in(first):
            raise InputError(
                f"two packages provide the {KINDS[group]} {point.name!r}, {first.value} and "
                f"{point.value}: remove one of them"
            )
    return points


def load(point: EntryPoint) -> Any:
    """What an entry point leads to. Raises InputError if it cannot be loaded."""
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may raise anything when it is imported
        raise InputError(
            f"{KINDS[point.group]} {point.name!r} ({point.value}) cannot be loaded: "
            f"{message_of(error)}. Reinstall or remove the package that provides it"
        ) from error


def _is_built_in(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == "mibench"
