"""Lists of estimators, tasks, suites and flags, as rows of text."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial

from ..contract.flags import FLAGS
from ..contract.parameters import describe_parameters
from ..contract.registry import estimator_class, list_estimators, origin
from ..errors import InputError, unknown
from ..plugins import LISTINGS, by_name, load
from ..tasks.catalogue import find_tasks, list_suites, suite_names

MAX_TASK_NAMES = 3  # shown for each suite
Listing = tuple[str, list[str], list[list[object]]]


def listing(
    what: str, units: str, suites: Sequence[str] = (), pattern: str | None = None
) -> Listing:
    """Title, headings and rows of "estimators", "tasks", "suites" or "flags".

    suites: only the tasks of these. pattern: only the rows whose name fits. Further names come from
    entry points of the group `mibench.listings`, such as "settings". Raises InputError for an
    unknown name.
    """
    makers: dict[str, Callable[[], Listing]] = {
        "estimators": _estimators,
        "tasks": partial(_tasks, units, suites),
        "suites": _suites,
        "flags": _flags,
    }
    plugins = by_name(LISTINGS)
    if what not in makers and what not in plugins:
        raise InputError(unknown("listing", what, [*makers, *plugins]))
    if suites and what != "tasks":
        raise InputError(f"--suite selects tasks, not {what}: leave it out")
    title, headings, rows = makers[what]() if what in makers else load(plugins[what])()
    if pattern is not None:
        rows = [row for row in rows if fnmatchcase(str(row[0]), pattern)]
        if not rows:
            raise InputError(f"--match {pattern!r} fits no name; * fits any characters")
    return title, headings, rows


def _flags() -> Listing:
    return (
        "Flags: reasons to distrust an estimate",
        ["flag", "meaning"],
        [[flag, meaning] for flag, meaning in FLAGS.items()],
    )


def _estimators() -> Listing:
    rows: list[list[object]] = []
    for name in list_estimators():
        try:
            kind = estimator_class(name)
            rows.append([name, describe_parameters(kind), origin(name), _first_line(kind)])
        except InputError as error:  # a broken plug-in is listed as well
            rows.append([name, "", origin(name), f"broken: {error}"])
    return "Estimators", ["name", "parameters", "from", "what it is"], rows


def _tasks(units: str, suites: Sequence[str]) -> Listing:
    rows: list[list[object]] = []
    for task in find_tasks(None, suites or "all"):
        truth = task.mi_bits if units == "bits" else task.mi_nats
        kinds = "/".join("label" if d else "number" for d in (task.discrete_x, task.discrete_y))
        rows.append([task.name, f"{task.dim_x}+{task.dim_y}", kinds, truth, task.source])
    return "Tasks", ["name", "dims", "x/y", f"MI in {units}", "source"], rows


def _suites() -> Listing:
    rows: list[list[object]] = []
    for name in list_suites():
        names = suite_names(name)
        rows.append([name, len(names), ", ".join(names[:MAX_TASK_NAMES]) + _more(names)])
    return "Suites, each with its first tasks", ["name", "tasks", "which"], rows


def _more(names: list[str]) -> str:
    """How many names are not shown; empty if all are."""
    return f", ... ({len(names) - MAX_TASK_NAMES} more)" if len(names) > MAX_TASK_NAMES else ""


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().split("\n")[0]
