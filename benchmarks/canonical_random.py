"""`canonical` with and without two steps on random tasks: `python benchmarks/canonical_random.py`.

Tasks of the stream `train` of three columns or more, with continuous x and dependent sides, 1500
rows of each. Errors are in units of the MI, or of 0.5 nats where the MI is less. An argument is
the number of tasks.
"""

import sys
from itertools import count

import numpy as np
from canonical import ABLATIONS, JOBS, varied_nats
from joblib import Parallel, delayed

from mibench.estimators.cca.tuning import Tuning
from mibench.tasks.random import random_task

ROWS, SEED, FIRST, TASKS = 1500, 1, 200, 150
VARIANTS = ("all steps", "without waves of the radius", "without a line to a single neighbour")


def error(tuning: Tuning, name: str) -> float:
    """Estimate less true MI of a task."""
    task = random_task(name)
    x, y = task.sample(ROWS, SEED)
    nats = varied_nats(x, y, tuning, task.discrete_y)
    return (nats - task.mi_nats) / max(task.mi_nats, 0.5)


def task_names(tasks: int) -> list[str]:
    names: list[str] = []
    for seed in count(FIRST):
        if len(names) == tasks:
            break
        task = random_task(f"random-train-{seed}")
        if task.dim_x + task.dim_y > 2 and task.mi_nats > 0.02 and not task.discrete_x:
            names.append(task.name)
    return names


def main(tasks: str = str(TASKS)) -> None:
    names = task_names(int(tasks))
    print("| | MAE | bias | too high by a tenth |\n|---|---|---|---|")
    for variant in VARIANTS:
        tuning = ABLATIONS[variant]
        errors = np.array(Parallel(n_jobs=JOBS)(delayed(error)(tuning, name) for name in names))
        print(
            f"| {variant} | {abs(errors).mean():.4f} | {errors.mean():+.4f} | "
            f"{(errors > 0.1).sum()} |",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
