"""Finds the commands that compute given records again. Pure functions of a table of records."""

import shlex
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ..tasks.suites import ALL_SUITES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

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
    # A million records have few sets of pairs (n, seed): each is compared as one text of bytes.
    pair = table.groupby(["n", "seed"], sort=False).ngroup().to_numpy()
    pairs = list(table[["n", "seed"]].drop_duplicates().itertuples(index=False, name=None))
    evaluations = [
        (estimator, (task, np.unique(pair[rows]).tobytes()))
        for (estimator, task), rows in _rows_of_groups(table).items()
    ]
    for estimators, of_estimators in _group_by_values(evaluations):
        for pair_set in dict.fromkeys(pair_set for _, pair_set in of_estimators):
            tasks = [task for task, other in of_estimators if other == pair_set]
            of_tasks = [pairs[index] for index in np.frombuffer(pair_set, dtype=pair.dtype)]
            for sizes, seeds in _group_by_values([(int(n), int(seed)) for n, seed in of_tasks]):
                grid = (sorted(sizes), sorted(seeds))
                lines += [_command(estimators, part, *grid) for part in _suites_and_tasks(tasks)]
    return lines


def _rows_of_groups(table: "pd.DataFrame") -> dict[tuple[str, str], "NDArray[np.int64]"]:
    """Estimator and task -> the places of their rows, in order of first appearance."""
    number = table.groupby(["estimator", "task"], sort=False).ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
    first = table.iloc[[part[0] for part in parts if len(part)]]
    names = zip(first["estimator"], first["task"], strict=True)
    return dict(zip(names, parts, strict=False))


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
    for suite, names in sorted(ALL_SUITES.items(), key=lambda item: -len(item[1])):
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
