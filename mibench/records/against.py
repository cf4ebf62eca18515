"""Earlier results on the same samples, to show next to new ones."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..running.evaluation import Evaluation
from ..types import Record
from .files import read_records


def earlier_records(source: str | Path, evaluations: Sequence[Evaluation]) -> list[Record]:
    """The records of `source` on the same samples as these evaluations: same task, n and seed.

    The version and the true MI of the task must agree, too. Of several versions of an estimator
    the last record counts. If an estimator is among the evaluations, its earlier results get a name
    such as `knn (reference)`. Raises InputError if `source` holds nothing on any of the samples.
    """
    records = read_records(source)
    truth = {(e.task.name, e.task.version, e.n, e.seed): e.task.mi_nats for e in evaluations}
    last = {
        (r.task, r.n, r.seed, r.estimator): r
        for r in records
        if (mi_nats := truth.get((r.task, r.task_version, r.n, r.seed))) is not None
        and math.isclose(r.mi_nats, mi_nats, rel_tol=1e-9)
    }
    if not last:
        sizes = ", ".join(map(str, sorted({r.n for r in records}))) or "none"
        seeds = max((r.seed for r in records), default=-1) + 1
        raise InputError(
            f"{source} has no result on these samples: it holds {len({r.task for r in records})} "
            f"task(s) with n = {sizes} and seeds below {seeds}"
        )
    new = {e.estimator.spec for e in evaluations}
    return [
        replace(r, estimator=baseline_name(r.estimator, source)) if r.estimator in new else r
        for r in last.values()
    ]


def baseline_name(spec: str, source: str | Path) -> str:
    """The name of an estimator's earlier results in a table that holds new ones as well."""
    return f"{spec} ({Path(source).stem})"
