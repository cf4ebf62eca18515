"""Makes a large store of invented records, to time `results`, `report` and a resumed `compare`.

python benchmarks/large_store.py large.jsonl 1000000

The records are those of estimators that exist on tasks that exist, 5 sample sizes and as many seeds
as it takes. The estimates are the true MI with noise.
"""

import json
import sys
from pathlib import Path

import numpy as np

from mibench.contract.resolve import resolve_estimators
from mibench.records.store import Store
from mibench.running.evaluation import libraries
from mibench.running.machine import machine
from mibench.tasks.catalogue import find_tasks
from mibench.types import Record

ESTIMATORS = "uniform,adaptive,kde,knn,canonical,uniform:bins=5,knn:k=5,knn:k=10"
SIZES = (100, 500, 1000, 5000, 10000)


def main(path: str, count: int) -> None:
    """Write a store of about this many records."""
    estimators = resolve_estimators(ESTIMATORS)
    tasks = find_tasks(None, "beyond-normal")
    seeds = max(1, round(count / (len(tasks) * len(SIZES) * len(estimators))))
    rng = np.random.default_rng(0)
    with Store(Path(path)).adding() as add:
        for task in tasks:
            for n in SIZES:
                for seed in range(seeds):
                    for resolved in estimators:
                        nats = task.mi_nats + 0.3 * rng.normal() / n**0.5
                        info = {
                            "n": n,
                            "method": "invented",
                            "bins_x": [12],
                            "entropy_x_nats": nats,
                        }
                        record = Record(
                            task.name, task.version, task.dim_x, task.dim_y, task.mi_nats,
                            resolved.spec, resolved.parameters, n, seed, nats,
                            float(rng.exponential(1e-3)), "ties" if rng.random() < 0.1 else "", "",
                            resolved.version, machine(), 0,
                            json.dumps({**info, "entropy_y_nats": nats / 2, "ceiling_nats": 9.0}),
                            libraries(),
                        )  # fmt: skip
                        add(record)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
