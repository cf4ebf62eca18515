"""Earlier results of the same cells, to stand beside new ones."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..running.cells import Cell
from ..types import Record
from .files import read_records


def earlier_records(source: str | Path, cells: Sequence[Cell]) -> list[Record]:
    """The records of `source` that belong beside these cells: same task, n and seed.

    Same version and truth of the task, too; of several versions of an estimator the last counts. An
    estimator that is run anew keeps its earlier results under a name that says so, `knn
    (reference)`. Raises InputError where `source` holds nothing for any of the cells.
    """
    every = read_records(source)
    truth = {(c.task.name, c.task.version, c.n, c.seed): c.task.mi_nats for c in cells}
    last = {
        (r.task, r.n, r.seed, r.estimator): r
        for r in every
        if (of := truth.get((r.task, r.task_version, r.n, r.seed))) is not None
        and math.isclose(r.mi_nats, of, rel_tol=1e-9)
    }
    found = list(last.values())
    if not found:
        sizes = ", ".join(map(str, sorted({r.n for r in every}))) or "none"
        seeds = max((r.seed for r in every), default=-1) + 1
        raise InputError(
            f"{source} has nothing for these cells: it holds {len({r.task for r in every})} "
            f"task(s) with n = {sizes} and seeds below {seeds}"
        )
    new = {c.estimator.spec for c in cells}
    return [
        replace(r, estimator=baseline_name(r.estimator, source)) if r.estimator in new else r
        for r in found
    ]


def baseline_name(spec: str, source: str | Path) -> str:
    """The name under which an estimator's earlier results stand beside its new ones."""
    return f"{spec} ({Path(source).stem})"
