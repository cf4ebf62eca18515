"""Earlier results of the same cells, to stand beside new ones."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .errors import InputError
from .recorded import read_records
from .runner import Cell
from .types import Record


def earlier_records(source: str | Path, cells: Sequence[Cell]) -> list[Record]:
    """The records of `source` that belong beside these cells: same task, its version, n and seed.

    An estimator that is run anew keeps its earlier results under a name that says so, `knn
    (reference)`. Raises InputError where `source` holds nothing for any of the cells.
    """
    every = read_records(source)
    wanted = {(c.task.name, c.task.version, c.n, c.seed) for c in cells}
    found = [r for r in every if (r.task, r.task_version, r.n, r.seed) in wanted]
    if not found:
        sizes = ", ".join(map(str, sorted({r.n for r in every}))) or "none"
        seeds = max((r.seed for r in every), default=-1) + 1
        raise InputError(
            f"{source} has nothing for these cells: it holds {len({r.task for r in every})} "
            f"task(s) with n = {sizes} and seeds below {seeds}"
        )
    new = {c.one.spec for c in cells}
    return [
        replace(r, estimator=beside(r.estimator, source)) if r.estimator in new else r
        for r in found
    ]


def beside(spec: str, source: str | Path) -> str:
    """The name under which an estimator's earlier results stand beside its new ones."""
    return f"{spec} ({Path(source).stem})"
