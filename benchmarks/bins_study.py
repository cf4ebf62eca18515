"""Rules for the number of bins on tasks of known MI: the tables and the figure of `docs/bins.md`.

python benchmarks/bins_study.py docs/bins.png     # some minutes on two cores

The error of a rule on a task is the root mean square error over samples. Tables give its mean over
the tasks of a group, and the mean error, of which the sign says whether a rule is too high.
"""

import sys
from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd

import mibench
from mibench.tasks.suites import ALL_SUITES

SUITES = ("quick", "beyond-normal", "mixtures", "high-mi", "everyday")
SIZES, SEEDS = (200, 1000, 5000), 5
OF_VALUES = ("scott", "freedman-diaconis")  # of uniform alone: they depend on widths
RULES: dict[str, tuple[object, ...]] = {
    "uniform": ("auto", "sturges", "terrell-scott", *OF_VALUES, 10, 30, 100),
    "adaptive": ("auto", "sturges", "terrell-scott", 10, 30, 100),
}
GROUPS = ("1 column and labels", "1+1 columns", "3 to 6 columns", "more columns", "strong, 1+1")
STRONG = 2.0  # nats
COLORS = [f"C{i}" for i in range(10)]


def group_of(name: str) -> str:
    """The group of a task; empty where nothing is binned, as both sides are labels."""
    task = mibench.get_task(name)
    columns = sum(d for d, label in ((task.dim_x, task.discrete_x), (task.dim_y, task.discrete_y))
                  if not label)  # fmt: skip
    if not columns:
        return ""
    if columns == 1:
        return GROUPS[0]
    if columns == 2:
        strong = task.mi_nats > STRONG and not (task.discrete_x or task.discrete_y)
        return GROUPS[4] if strong else GROUPS[1]
    return GROUPS[2] if columns <= 6 else GROUPS[3]


def measured() -> pd.DataFrame:
    """One row for each rule, task and size: the RMSE and the mean error in nats."""
    names = {name for suite in SUITES for name in ALL_SUITES[suite]}
    groups = {name: group_of(name) for name in sorted(names)}
    tasks = [name for name, group in groups.items() if group]
    specs = [f"{kind}:bins={rule}" for kind, rules in RULES.items() for rule in rules]
    table = pd.DataFrame(mibench.compare(specs, tasks=tasks, samples=SIZES, seeds=SEEDS))
    table = table.assign(error=table["nats"] - table["mi_nats"], group=table["task"].map(groups))
    table["square"] = table["error"] ** 2
    by = ["estimator", "group", "n", "task"]
    means = table.groupby(by)[["error", "square"]].mean().reset_index()
    return means.assign(rmse=means["square"] ** 0.5)


def names_of(kind: str) -> Iterator[tuple[str, str]]:
    """Each rule of an estimator, and the estimator as `compare` names it."""
    for rule in RULES[kind]:
        yield str(rule), kind if rule == "auto" else f"{kind}:bins={rule}"


def write_tables(table: pd.DataFrame) -> None:
    counts = table.groupby("group")["task"].nunique()
    for kind in RULES:
        print(f"\n`{kind}`\n")
        print("| bins | n | " + " | ".join(f"{g} ({counts[g]} tasks)" for g in GROUPS) + " |")
        print("|---" * (len(GROUPS) + 2) + "|")
        for rule, spec in names_of(kind):
            for n in SIZES:
                rows = table[(table["estimator"] == spec) & (table["n"] == n)]
                means = rows.groupby("group")[["rmse", "error"]].mean()
                cells = (f"{means['rmse'][g]:.2f} ({means['error'][g]:+.2f})" for g in GROUPS)
                print(f"| `{rule}` | {n} | " + " | ".join(cells) + " |")


def draw(table: pd.DataFrame, path: str) -> None:
    colors = dict(zip([str(rule) for rule in RULES["uniform"]], ["black", *COLORS], strict=False))
    figure, panels = plt.subplots(
        2, len(GROUPS), figsize=(14, 6), sharex=True, sharey="col", layout="constrained"
    )
    for row, kind in zip(panels, RULES, strict=True):
        for axes, group in zip(row, GROUPS, strict=True):
            for rule, spec in names_of(kind):
                rows = table[(table["estimator"] == spec) & (table["group"] == group)]
                means = rows.groupby("n")["rmse"].mean()
                width = 2.5 if rule == "auto" else 1.2
                axes.plot(means.index, means, "o-", markersize=3, color=colors[rule],
                          linewidth=width, label=rule)  # fmt: skip
            axes.set(title=group if kind == "uniform" else None, xscale="log")
            axes.set_xticks(SIZES, map(str, SIZES))
            axes.minorticks_off()
            axes.set_xlabel("rows" if kind != "uniform" else "")
        row[0].set_ylabel(f"{kind}: mean RMSE in nats")
    for axes in panels[0]:
        axes.set_ylim(bottom=0)  # and of the panel below, which shares it
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), title="bins")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    results = measured()
    write_tables(results)
    draw(results, sys.argv[1])
