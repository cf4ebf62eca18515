"""How good the advice of `mibench recommend` is.

    python benchmarks/recommendation.py suites         # tasks of the suites; minutes
    python benchmarks/recommendation.py suites 5 10    # by 5 and by 10 similar tasks instead of 20
    python benchmarks/recommendation.py random 100     # random tasks of the stream `judge`; minutes

A task is never compared with tasks of its own family. The random tasks share no family with the
stream that tasks are drawn from for learning, and none is among the tasks of the advice.
"""

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

import mibench
from mibench.contract.sides import Side
from mibench.plugins import TASKS, entry_points_of, load
from mibench.recommendation import REFERENCE, SIMILAR, Recommendation, recommend_for
from mibench.summary.similar import ALIKE
from mibench.tasks.random import random_task
from mibench.types import Task

ROWS = 1000


def families() -> dict[str, str]:
    """The family of each task: the entry point that provides it."""
    points = entry_points_of(TASKS)
    return {task.name: point.name for point in points for task in load(point)()}


def advice(task: Task, reference: pd.DataFrame, similar: int = SIMILAR) -> Recommendation:
    x, y = task.sample(ROWS, 0)
    sides = Side(x, task.discrete_x), Side(y, task.discrete_y)
    return recommend_for(*sides, reference=reference, similar=similar)


def suites(similar: int) -> Iterator[tuple[Task, Recommendation]]:
    reference, family = mibench.results(REFERENCE), families()
    family_of_record = reference["task"].map(family)
    for name in reference["task"].unique():
        others = reference[family_of_record != family[name]]
        yield mibench.get_task(name), advice(mibench.get_task(name), others, similar)


def random(count: int) -> Iterator[tuple[Task, Recommendation]]:
    reference = mibench.results(REFERENCE)
    for seed in range(count):
        task = random_task(f"random-judge-{seed}")
        if ROWS * (task.dim_x + task.dim_y) <= 200_000:
            yield task, advice(task, reference)


def table(judged: Iterator[tuple[Task, Recommendation]]) -> pd.DataFrame:
    """One row a task: the errors here of each estimator, what was advised, and expected of it."""
    rows = []
    for task, found in judged:
        ranked = found.estimators.set_index("estimator")
        errors = (ranked["nats"] - task.mi_nats).abs()
        rows.append(
            {
                **errors.to_dict(), "advised": found.best,
                "expected": ranked.loc[found.best, "error_nats"],
                "error": errors[found.best], "smallest": errors.min(),
                "order": ranked["error_nats"].corr(errors, method="spearman"),
                "distance": found.tasks["distance"].iloc[0],
            }
        )  # fmt: skip
        print(task.name, found.best, file=sys.stderr)
    return pd.DataFrame(rows)


def report(judged: pd.DataFrame) -> None:
    names = [name for name in judged if name in mibench.list_estimators()]
    print(f"{len(judged)} tasks, {ROWS} rows\n")
    print("| choice | mean absolute error, nats | median |")
    print("|---|---|---|")
    for title, column in [("the advice", "error"), ("the best of each task", "smallest")] + [
        (f"always `{name}`", name) for name in names
    ]:
        print(f"| {title} | {judged[column].mean():.3f} | {judged[column].median():.3f} |")
    first = (judged["error"] <= judged["smallest"] + 1e-12).mean()
    print(f"\nthe advised estimator is the best one: {first:.0%}")
    print(f"rank correlation of expected and true errors: {judged['order'].mean():.2f}")
    alike = judged["distance"] <= ALIKE
    for title, part in (("with a task that is alike", judged[alike]), ("without", judged[~alike])):
        if len(part):
            print(
                f"{title}: {len(part) / len(judged):.0%}; error {part['error'].mean():.3f} nats, "
                f"expected {part['expected'].mean():.3f}"
            )


def main() -> None:
    command, *rest = sys.argv[1:] or ["suites"]
    if command not in ("suites", "random"):
        sys.exit(f"{command!r} is no command: suites [N ...], or random N")
    np.seterr(all="ignore")
    if command == "random":
        report(table(random(int(rest[0]) if rest else 100)))
        return
    for similar in [int(text) for text in rest] or [SIMILAR]:
        print(f"{similar} similar tasks, ", end="")
        report(table(suites(similar)))


if __name__ == "__main__":
    main()
