"""Records -> the commands that measure them again. Pure functions over a table."""

import shlex
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from ..tasks.suites import SUITES

if TYPE_CHECKING:
    import pandas as pd

STORE = "results.db"

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)


def commands(records: "pd.DataFrame") -> list[str]:
    """What runs these cells again: shell commands, or Python where the seeds are not 0, 1, 2, ...

    One for each full grid of estimators, tasks, sizes and seeds; together they run every cell of
    the records and no other, but for `earlier` results. Suites are named where all of their tasks
    are there.
    """
    lines = []
    table = records.loc[
        ~records["estimator"].isin(earlier(records)), ["estimator", "task", "n", "seed"]
    ]
    cells = [(e, (t, (int(n), int(s)))) for e, t, n, s in table.itertuples(index=False, name=None)]
    for estimators, of_tasks in _alike(cells):
        for tasks, of_sizes in _alike(of_tasks):
            for sizes, seeds in _alike(of_sizes):
                rest = (sorted(sizes), sorted(seeds))
                lines += [_line(estimators, chosen, *rest) for chosen in _cover(tasks)]
    return lines


def earlier(records: "pd.DataFrame") -> list[str]:
    """The names of earlier results that stand beside new ones: "knn (reference)" beside "knn"."""
    names = list(dict.fromkeys(records["estimator"]))
    return [n for n in names if n.endswith(")") and n.rpartition(" (")[0] in names]


def _alike(pairs: Iterable[tuple[K, V]]) -> Iterator[tuple[list[K], list[V]]]:
    """Keys that have the same values, together with these, in order of first appearance."""
    values: dict[K, dict[V, None]] = {}
    for key, value in pairs:
        values.setdefault(key, {})[value] = None
    groups: dict[frozenset[V], list[K]] = {}
    for key, own in values.items():
        groups.setdefault(frozenset(own), []).append(key)
    for keys in groups.values():
        yield keys, list(values[keys[0]])


def _cover(tasks: list[str]) -> Iterator[str | list[str]]:
    """Suites that hold none but these tasks, largest first, and the tasks that are left."""
    left = dict.fromkeys(tasks)
    for suite, names in sorted(SUITES.items(), key=lambda item: -len(item[1])):
        if set(names) <= set(tasks) and set(names) & set(left):
            yield suite
            left = {name: None for name in left if name not in names}
    if left:
        yield list(left)


def _line(
    estimators: list[str], chosen: str | list[str], sizes: list[int], seeds: list[int]
) -> str:
    if seeds != list(range(len(seeds))):  # the command line knows only the first so many
        argument = "suite" if isinstance(chosen, str) else "tasks"
        return (
            f"mibench.compare({estimators!r}, {argument}={chosen!r}, samples={sizes!r}, "
            f"seeds={seeds!r}, "
            f"store={STORE!r})"
        )
    which = ["--suite", chosen] if isinstance(chosen, str) else ["--tasks", ",".join(chosen)]
    return shlex.join(
        [
            *("mibench", "compare", "-e", ",".join(estimators), *which),
            *("--samples", ",".join(map(str, sizes)), "--seeds", str(len(seeds))),
            *("--store", STORE),
        ]
    )
