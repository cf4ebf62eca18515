"""The tables of `docs/estimators.md`: checks, and errors on tasks, of every estimator.

Run it as `python benchmarks/estimators_page.py`; it takes some minutes on two cores.
"""

import math
from collections.abc import Iterable

import mibench
from mibench.checking.properties import CHECKS
from mibench.contract.parameters import required_parameters
from mibench.contract.registry import estimator_class

TASKS = (
    "1v1-normal-0.75", "1v1-bimodal-0.75", "student-identity-1-1-1",
    "multinormal-dense-5-5-0.5", "multinormal-sparse-5-5-2-2.0",
    "zero_inflated-5-5-0.8-independent", "censored-0.8-0.8", "label-uniform-5",
)  # fmt: skip
SLOW = ("auto", "canonical")
MARKS = {"passes": "", "fails": " **fails**", "not claimed": " open", "declines": ""}


def names() -> list[str]:
    """The estimators that need no parameters; last, the slow ones, which print a while later."""
    known = [n for n in mibench.list_estimators() if not required_parameters(estimator_class(n))]
    return sorted(known, key=lambda name: name in SLOW)


def line(cells: Iterable[object]) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def table_of_checks() -> None:
    line(["estimator", *CHECKS])
    line(["---"] * (len(CHECKS) + 1))
    for name in names():
        cells = []
        for result in mibench.check(name).results:
            number = "refused" if math.isnan(result.nats) else f"{result.nats:+.2f}"
            cells.append(number.replace("-0.00", "0.00").replace("+0.00", "0.00"))
            cells[-1] += MARKS[result.verdict]
        line([f"`{name}`", *cells])


def table_of_tasks() -> None:
    tasks = [name for name in TASKS if name in mibench.list_tasks()]
    truths = [mibench.get_task(name).mi_nats for name in tasks]
    line(["estimator", *tasks, "time"])
    line(["---"] * (len(tasks) + 2))
    line(["true MI", *(f"{t:.2f}" for t in truths), ""])
    for name in names():
        table = mibench.compare(name, tasks=tasks, samples=[1000], seeds=5)
        errors = table.assign(error=table["nats"] - table["mi_nats"]).groupby("task")["error"]
        means = errors.mean()
        cells = ["refused" if math.isnan(means[t]) else f"{means[t]:+.2f}" for t in tasks]
        milliseconds = 1000 * table.loc[table["task"] == tasks[0], "seconds"].median()
        line([f"`{name}`", *cells, f"{milliseconds:.{0 if milliseconds > 10 else 1}f} ms"])


if __name__ == "__main__":
    table_of_tasks()
    print(flush=True)
    table_of_checks()
