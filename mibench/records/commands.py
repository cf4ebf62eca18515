"""Finds the commands that compute given records again. Pure functions of a table of records."""

import shlex
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from ..tasks.suites import SUITES

if TYPE_CHECKING:
    import pandas as pd

STORE = "results.jsonl"

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)


def commands(records: "pd.DataFrame") -> list[str]:
    """Shell commands that compute these records again; Python calls if the seeds are not 0, 1, ...

    One command for each full grid of estimators, tasks, sample sizes and seeds. Together they
    compute each record except `earlier` results, and no others. A suite is named if all of its
    tasks are in the records.
    """
    lines = []
    table = records.loc[
        ~records["estimator"].isin(earlier(records)), ["estimator", "task", "n", "seed"]
    ]
    evaluations = [
        (estimator, (task, (int(n), int(seed))))
        for estimator, task, n, seed in table.itertuples(index=False, name=None)
    ]
    for estimators, of_estimators in _group_by_values(evaluations):
        for tasks, of_tasks in _group_by_values(of_estimators):
            for sizes, seeds in _group_by_values(of_tasks):
                grid = (sorted(sizes), sorted(seeds))
                lines += [_command(estimators, part, *grid) for part in _suites_and_tasks(tasks)]
    return lines


def earlier(records: "pd.DataFrame") -> list[str]:
    """The names of earlier results, such as "knn (reference)" in a table that has "knn" as well."""
    names = list(dict.fromkeys(records["estimator"]))
    return [n for n in names if n.endswith(")") and n.rpartition(" (")[0] in names]


def _group_by_values(pairs: Iterable[tuple[K, V]]) -> Iterator[tuple[list[K], list[V]]]:
    """Groups of keys that have the same set of values, with these values.

    Keys, values and groups are in order of first appearance.
    """
    values: dict[K, dict[V, None]] = {}
    for key, value in pairs:
        values.setdefault(key, {})[value] = None
    groups: dict[frozenset[V], list[K]] = {}
    for key, of_key in values.items():
        groups.setdefault(frozenset(of_key), []).append(key)
    for keys in groups.values():
        yield keys, list(values[keys[0]])


def _suites_and_tasks(tasks: list[str]) -> Iterator[str | list[str]]:
    """The suites that lie within these tasks, largest first, and then the tasks that remain."""
    left = dict.fromkeys(tasks)
    for suite, names in sorted(SUITES.items(), key=lambda item: -len(item[1])):
        if set(names) <= set(tasks) and set(names) & set(left):
            yield suite
            left = {name: None for name in left if name not in names}
    if left:
        yield list(left)


def _command(
    estimators: list[str], tasks: str | list[str], sizes: list[int], seeds: list[int]
) -> str:
    """The command for one full grid. tasks: the name of a suite, or the names of tasks."""
    if seeds != list(range(len(seeds))):  # the option --seeds takes only the number of seeds
        argument = "suite" if isinstance(tasks, str) else "tasks"
        return (
            f"mibench.compare({estimators!r}, {argument}={tasks!r}, samples={sizes!r}, "
            f"seeds={seeds!r}, store={STORE!r})"
        )
    selection = ["--suite", tasks] if isinstance(tasks, str) else ["--tasks", ",".join(tasks)]
    return shlex.join(
        [
            *("mibench", "compare", "-e", ",".join(estimators), *selection),
            *("--samples", ",".join(map(str, sizes)), "--seeds", str(len(seeds))),
            *("--store", STORE),
        ]
    )
