"""Earlier results on the same samples, to show next to new ones."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..running.evaluation import Evaluation
from ..types import Record
from .files import read_table
from .table import records_of


def earlier_records(source: str | Path, evaluations: Sequence[Evaluation]) -> list[Record]:
    """The records of `source` on the same samples as these evaluations: same task, n and seed.

    They are in the order of the evaluations. The version and the true MI of the task must agree,
    too. Of several versions of an estimator the last record counts. If an estimator is among the
    evaluations, its earlier results get a name such as `knn (reference)`. Raises InputError if
    `source` holds nothing on any of the samples.
    """
    records = read_table(source)
    truth = {(e.task.name, e.task.version, e.n, e.seed): e.task.mi_nats for e in evaluations}
    keys = zip(*(records[c].tolist() for c in ("task", "task_version", "n", "seed")), strict=True)
    chosen = [
        (known := truth.get(key)) is not None and math.isclose(mi_nats, known, rel_tol=1e-9)
        for key, mi_nats in zip(keys, records["mi_nats"].tolist(), strict=True)
    ]
    last = {(r.task, r.n, r.seed, r.estimator): r for r in records_of(records[chosen])}
    if not last:
        sizes = ", ".join(map(str, sorted(records["n"].unique()))) or "none"
        seeds = max(records["seed"], default=-1) + 1
        raise InputError(
            f"{source} has no result on these samples: it holds {records['task'].nunique()} "
            f"task(s) with n = {sizes} and seeds below {seeds}"
        )
    new = {e.estimator.spec for e in evaluations}
    places = {key: place for place, key in enumerate(truth)}
    ordered = sorted(last.values(), key=lambda r: places[r.task, r.task_version, r.n, r.seed])
    return [
        replace(r, estimator=baseline_name(r.estimator, source)) if r.estimator in new else r
        for r in ordered
    ]


def baseline_name(spec: str, source: str | Path) -> str:
    """The name of an estimator's earlier results in a table that holds new ones as well."""
    return f"{spec} ({Path(source).stem})"
