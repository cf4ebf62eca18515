"""Tasks by name: the families of the entry-point group "mibench.tasks", and suites of them.

An entry point names a function that returns a list of `Task`.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import EntryPoint

from ..errors import InputError, message_of, unknown
from ..plugins import TASKS, entry_points_of, load
from ..types import Task
from .random import STREAMS, is_random, random_task
from .suites import ALL_SUITES, IMAGE_SUITES

_registered: dict[str, Task] = {}


def register_task(task: Task) -> None:
    """Add a task to the catalogue for this session.

    Args:
        task: The task, which can then be named like any other, and belongs to the suite `all`.

    Raises:
        InputError: A task of this name exists.
    """
    if task.name in _all():
        raise InputError(f"task name {task.name!r} is taken: choose another")
    _registered[task.name] = task


def list_tasks() -> list[str]:
    """The names of all tasks.

    Returns:
        The names of the families' tasks, and then of those that `register_task` added. Random
        tasks, such as "random-judge-7", are endless and not among them.

    Raises:
        InputError: A package that provides tasks cannot be loaded.
    """
    return list(_all())


def list_suites() -> list[str]:
    """The names of all suites. The suite `all` has every task of I(X;Y), except the images.

    Returns:
        The names.
    """
    return [*ALL_SUITES, "all"]


def get_task(name: str) -> Task:
    """The task of a name.

    Args:
        name: One of `list_tasks()`, or "random-judge-7" or the like: any whole number, and one of
            the streams train, calibrate and judge.

    Returns:
        The task.

    Raises:
        InputError: There is no task of this name.

    >>> round(get_task("1v1-normal-0.75").mi_nats, 4)
    0.4133
    """
    tasks = _all()
    if name in tasks:
        return tasks[name]
    if is_random(name):
        return random_task(name)
    if name.startswith("random-"):
        streams = ", ".join(f"random-{stream}-0" for stream in STREAMS)
        raise InputError(f"no random task is named {name!r}: the first ones are {streams}")
    raise InputError(unknown("task", name, tasks))


def suite_names(name: str) -> list[str]:
    """The names of the tasks of a suite. Raises InputError for an unknown name."""
    if name == "all":
        images = {task for names in IMAGE_SUITES.values() for task in names}
        tasks = _all().values()
        return [task.name for task in tasks if not task.dim_z and task.name not in images]
    if name not in ALL_SUITES:
        raise InputError(unknown("suite", name, list_suites()))
    return list(ALL_SUITES[name])


def suite_tasks(name: str) -> list[Task]:
    """The tasks of a suite. Raises InputError for an unknown name."""
    return [get_task(task) for task in suite_names(name)]


def is_pattern(name: str) -> bool:
    """Whether a name is a pattern for several names."""
    return any(character in name for character in "*?[")


def find_tasks(
    tasks: str | Task | Iterable[str | Task] | None, suite: str | Iterable[str] | None
) -> list[Task]:
    """The tasks given by name or as `Task`, or else those of the suites.

    A text may hold several names with commas. A name of a task may be a pattern with * or ?.
    Without both, the suite is quick. Raises InputError for unknown names, for a pattern that no
    task fits, and if both are given.
    """
    if tasks is None:
        texts = [suite or "quick"] if suite is None or isinstance(suite, str) else suite
        names = [part.strip() for text in texts for part in text.split(",") if part.strip()]
        tasks_by_name = {task.name: task for name in names for task in suite_tasks(name)}
        if not tasks_by_name:
            raise InputError("no suite given: name one")
        return list(tasks_by_name.values())
    if suite is not None:
        suite = suite if isinstance(suite, str) else ",".join(suite)
        raise InputError(f"tasks and suite {suite!r} both select tasks: give one of them")
    if isinstance(tasks, str | Task):
        tasks = [tasks]
    by_name: dict[str, Task] = {}
    for entry in tasks:
        parts = [p.strip() for p in entry.split(",")] if isinstance(entry, str) else [entry]
        for task in (t for p in parts if p != "" for t in _fitting(p)):
            if by_name.setdefault(task.name, task) != task:
                raise InputError(f"two different tasks are both {task.name!r}: rename one")
    if not by_name:
        raise InputError("no tasks given: name some, or a suite")
    return list(by_name.values())


def _fitting(task: str | Task) -> list[Task]:
    if not isinstance(task, str):
        return [task]
    if not is_pattern(task) or task in _all():
        return [get_task(task)]
    matching_tasks = [get_task(name) for name in _all() if fnmatchcase(name, task)]
    if not matching_tasks:
        raise InputError(f"no task fits the pattern {task!r}: `mibench list tasks` shows all names")
    return matching_tasks


def _all() -> dict[str, Task]:
    return {**_families(), **_registered}


@cache
def _families() -> dict[str, Task]:
    tasks: dict[str, Task] = {}
    for point in entry_points_of(TASKS):
        for task in _tasks_of(point):
            if task.name in tasks:
                raise InputError(f"two task families define {task.name!r}: remove one of them")
            tasks[task.name] = task
    return tasks


def _tasks_of(point: EntryPoint) -> list[Task]:
    """The tasks of a family. Raises InputError where its function fails."""
    make_tasks = load(point)
    try:
        tasks: list[Task] = make_tasks()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plug-in may raise anything
        raise InputError(
            f"task family {point.name!r} ({point.value}) cannot be loaded: {message_of(error)}. "
            "Reinstall or remove the package that provides it"
        ) from error
    return tasks
