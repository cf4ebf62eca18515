"""Learn the interval model, and measure how often its intervals hold the truth.

    python benchmarks/intervals.py draw 500       # 1000 of train, 500 of calibrate, 500 of judge
    python benchmarks/intervals.py judge 600      # more of judge, which is not learned from
    python benchmarks/intervals.py suites         # the tasks of all suites, 1000 rows each
    python benchmarks/intervals.py fit            # writes both models, MODEL and RISK below
    python benchmarks/intervals.py coverage       # prints the tables of docs/intervals.md
    python benchmarks/intervals.py apart          # the same by models without like families
    python benchmarks/intervals.py fewer          # the same by models of fewer samples
    python benchmarks/intervals.py flags          # prints how often each flag is right

`draw`, `judge` and `suites` add to benchmarks/intervals.parquet what is missing there, and take
about a second and a half a sample on one core. The other commands read that file: `fit` takes two
minutes on two cores, `apart` fits once for each suite, `fewer` four times, and the tables take
under a minute.

Two sides of the same kind and with as many columns stand in an order that their values decide
(`numbers_of_canonical`); the samples that the models were learned from have them as drawn. For
eleven of these 2368, the estimate of `canonical` is one without the test in groups of pairs
(`held_out.py`), which would change it by up to 1.7 nats.
"""

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from interval_trees import fit, fit_risk, is_off, records_of_canonical

from mibench.contract.variables import as_pair
from mibench.estimators.cca.risk import RiskModel, flags_at_risk
from mibench.estimators.intervals.description import describe
from mibench.estimators.intervals.model import IntervalModel
from mibench.estimators.intervals.signs import warnings
from mibench.tasks.catalogue import suite_tasks
from mibench.tasks.random import STREAMS, family_of, random_task
from mibench.tasks.suites import SUITES
from mibench.types import Task

HERE = Path(__file__).parent
DRAWN = HERE / "intervals.parquet"
MODEL = HERE.parent / "estimators" / "intervals" / "model.npz"
RISK = HERE.parent / "estimators" / "cca" / "risk.npz"

ROWS = {"train": (60, 8000), "calibrate": (60, 8000), "judge": (200, 10_000)}
MOST_VALUES = 200_000  # rows times columns of a sample
SUITE_ROWS = 1000
SEED = 1

LEVELS = (0.5, 0.8, 0.9, 0.95)
ROW_BINS = (200, 500, 1000, 2000, 5000, 10_001)
DEPENDENT = ("ar1-", "random_walks-", "rows_doubled-", "bootstrap-", "oversampled-")  # tasks
# The families of `train` and `calibrate` that are of the kind of some task of a suite.
ALIKE = {
    "beyond-normal": (
        "normal", "independent_normal", "normal_mixture", "student", "common_scale", "curve",
        "band",
    ),
    "mixtures": ("normal", "independent_normal", "normal_mixture", "clusters", "normal_classes"),
    "high-mi": ("normal", "independent_normal", "student", "common_scale", "curve", "band"),
    "discrete": (
        "channel", "confusion", "normal_classes", "laplace_classes", "censored", "shared_zeros",
    ),
    "everyday": (
        "clusters", "angles", "censored", "shared_zeros", "channel", "confusion", "poisson_sum",
        "thinned", "normal", "independent_normal", "independent_tails",
    ),
    "hard": (
        "wave", "products", "gates", "friedman", "modulo", "uneven_noise", "curve",
        "normal_mixture", "normal_classes",
    ),
    "network": ("curve", "normal_classes", "laplace_classes"),
    "shared-labels": ("channel", "confusion", "clusters", "normal_classes", "laplace_classes"),
}  # fmt: skip


# --- samples -----------------------------------------------------------------------------------


def sample_of(task: Task, stream: str, seed: int, rows: int) -> dict[str, Any]:
    """The truth of a task, and what `describe` says of one sample of it."""
    x, y = task.sample(rows, SEED)
    described, canonical, _ = describe(*as_pair(x, y, task.discrete_x, task.discrete_y))
    return {
        **described, "stream": stream, "seed": seed, "task": task.name, "version": task.version,
        "truth": task.mi_nats, "truth_error": task.mi_error_nats,
        "flags": ";".join(canonical.flags),
    }  # fmt: skip


def drawn_rows(stream: str, seed: int, columns: int) -> int:
    """The number of rows of a sample, log-uniform between the limits of its stream."""
    low, high = np.log(ROWS[stream])
    rows = round(math.exp(np.random.default_rng([7, seed]).uniform(low, high)))
    return max(ROWS[stream][0], min(rows, MOST_VALUES // columns))


def draw(count: int, streams: Sequence[str] = tuple(STREAMS)) -> Iterator[dict[str, Any]]:
    have = known_tasks()
    seeds = [
        pair
        for i in range(count)
        for pair in (("train", 2 * i), ("train", 2 * i + 1), ("calibrate", i), ("judge", i))
        if pair[0] in streams
    ]
    for stream, seed in seeds:
        name = f"random-{stream}-{seed}"
        if name not in have:
            task = random_task(name)
            rows = drawn_rows(stream, seed, task.dim_x + task.dim_y)
            yield {**sample_of(task, stream, seed, rows), "family": family_of(name)}


def suites() -> Iterator[dict[str, Any]]:
    """All tasks but those that need a package of images."""
    have = known_tasks()
    for task in suite_tasks("all"):
        if task.name not in have and task.name not in SUITES["shared-labels-mnist"]:
            yield {**sample_of(task, "suites", 0, SUITE_ROWS), "family": "suites"}


def known_tasks() -> set[str]:
    """The tasks of the file. Samples of former versions of random tasks are left out of it."""
    if not DRAWN.exists():
        return set()
    samples = pd.read_parquet(DRAWN)
    versions = samples["stream"].map({name: stream.version for name, stream in STREAMS.items()})
    current = versions.isna() | (versions == samples["version"])
    if not current.all():
        samples = samples[current]
        samples.to_parquet(DRAWN)
    return set(samples["task"])


def add(samples: Iterable[dict[str, Any]]) -> None:
    """Add samples to the file, fifty at a time, so that an interrupted run loses little."""
    batch: list[dict[str, Any]] = []
    try:
        for sample in samples:
            batch.append(sample)
            print(sample["task"], int(sample["n"]), file=sys.stderr)
            if len(batch) == 50:
                save(batch)
                batch = []
    finally:
        save(batch)


def save(batch: list[dict[str, Any]]) -> None:
    frames = [pd.read_parquet(DRAWN)] if DRAWN.exists() else []
    pd.concat([*frames, pd.DataFrame(batch)], ignore_index=True).to_parquet(DRAWN)


# --- tables ------------------------------------------------------------------------------------


def held(samples: pd.DataFrame, model: IntervalModel) -> pd.DataFrame:
    """Each sample with its intervals: `low_0.9`, `high_0.9`, and the estimate of `auto`."""
    records = samples.to_dict("records")
    table = samples.copy()
    unlike = unlike_learned(samples, model)
    table["auto"] = estimates_of_auto(samples, model, unlike)
    for level in LEVELS:
        ends = np.array([model.interval(r, level) for r in records]).reshape(-1, 2)
        ends[samples["flag_not_detected"].to_numpy(bool), 0] = 0.0
        ends[unlike, 1] = samples["most_nats"][unlike]
        table[f"low_{level}"], table[f"high_{level}"] = ends.T
        # The truth of a task is known to a standard error, which may decide at an end.
        slack = 2 * table["truth_error"] + 1e-6
        table[f"held_{level}"] = (table["truth"] >= ends[:, 0] - slack) & (
            table["truth"] <= ends[:, 1] + slack
        )
    return table


def unlike_learned(samples: pd.DataFrame, model: IntervalModel) -> "np.ndarray[Any, Any]":
    """Whether a sample has the flag `uncalibrated`."""
    outside = [bool(model.unlike(record)) for record in samples.to_dict("records")]
    return np.array(outside) | samples["flags"].str.contains("not_normal").to_numpy(bool)


def estimates_of_auto(
    samples: pd.DataFrame, model: IntervalModel, unlike: "np.ndarray[Any, Any]"
) -> "np.ndarray[Any, Any]":
    corrected = [model.corrected(record) for record in samples.to_dict("records")]
    return np.where(unlike, samples["canonical"].clip(lower=0), corrected)


def coverage(samples: pd.DataFrame, model: IntervalModel) -> None:
    judged = held(samples[samples["stream"] == "judge"], model)
    suites = held(samples[samples["stream"] == "suites"], model)
    print(f"`random-judge`, {len(judged)} samples; {len(suites)} tasks of the suites\n")
    groups = [("random-judge", judged), ("all suites", suites)]
    groups += [(f"family {name}", part) for name, part in judged.groupby("family")]
    groups += [
        (f"{a} to {b - 1} rows", judged[(judged["n"] >= a) & (judged["n"] < b)])
        for a, b in pairwise(ROW_BINS)
    ]
    columns = judged["dims_low"] + judged["dims_high"]
    for low, high in ((2, 2), (3, 6), (7, 20), (21, 600)):
        groups.append((f"{low} to {high} columns", judged[(columns >= low) & (columns <= high)]))
    groups.append(("truth of 0 nats", judged[judged["truth"] == 0]))
    for low, high in pairwise((0, 0.3, 1, 2, 20)):
        part = judged[(judged["truth"] > low) & (judged["truth"] <= high)]
        groups.append((f"truth above {low:g}, up to {high:g} nats", part))
    print("| | samples | 50% | 80% | 90% | 95% | median width of 90%, nats |")
    print("|---|---|---|---|---|---|---|")
    for name, part in groups:
        if len(part):
            shares = " | ".join(f"{part[f'held_{level}'].mean():.0%}" for level in LEVELS)
            width = (part["high_0.9"] - part["low_0.9"]).median()
            print(f"| {name} | {len(part)} | {shares} | {width:.2f} |")
    near = judged[(judged["n"] > 1200) & (judged["n"] < 3300)]
    print(f"\nwidth at about 2000 rows: {(near['high_0.9'] - near['low_0.9']).median():.2f} nats")
    independent = judged[judged["truth"] == 0]
    print(f"open above: {np.isinf(judged['high_0.9']).mean():.0%}")
    print(f"low end 0 at independence: {(independent['low_0.9'] <= 1e-9).mean():.0%}")
    for name in ("auto", "canonical", "knn"):
        errors = [(part[name] - part["truth"]).abs().mean() for part in (judged, suites)]
        print(f"mean absolute error of {name}: {errors[0]:.4f}, on all suites {errors[1]:.4f}")


def apart(samples: pd.DataFrame, suites: Sequence[str]) -> None:
    """Coverage of each suite by a model that was learned without families like its tasks.

    Tasks whose rows depend on each other are left out: their intervals begin at 0.
    """
    shares = " | ".join(f"{level:.0%}" for level in LEVELS)
    print(f"| suite | tasks | families left out | {shares} | median width of 90%, nats |")
    print("|---|---|---|---|---|---|---|---|")
    independent = ~samples["task"].str.contains("|".join(DEPENDENT))
    learned = samples["stream"].isin(["train", "calibrate"])
    for suite in suites or ALIKE:
        model = fit(samples[learned & ~samples["family"].isin(ALIKE[suite])])
        of_suite = (samples["stream"] == "suites") & samples["task"].isin(SUITES[suite])
        part = held(samples[of_suite & independent], model)
        shares = " | ".join(f"{part[f'held_{level}'].mean():.0%}" for level in LEVELS)
        width = (part["high_0.9"] - part["low_0.9"]).median()
        said = "none: open above" if math.isinf(width) else f"{width:.2f}"
        cells = f"| `{suite}` | {len(part)} | {len(ALIKE[suite])} | {shares} | {said} |"
        print(cells, flush=True)


def fewer(samples: pd.DataFrame) -> None:
    """Coverage of `judge` by models that were learned from a part of the samples."""
    print("| learned from | 90% hold | least of a family | median width of 90%, nats |")
    print("|---|---|---|---|")
    learned = samples[samples["stream"].isin(["train", "calibrate"])]
    for share in (0.25, 0.5):
        for draw in range(2):
            part = learned.sample(frac=share, random_state=draw)
            judged = held(samples[samples["stream"] == "judge"], fit(part))
            families = judged.groupby("family")["held_0.9"].mean()
            width = (judged["high_0.9"] - judged["low_0.9"]).median()
            shares = f"{judged['held_0.9'].mean():.0%} | {families.min():.0%}"
            print(f"| {len(part)} samples | {shares} | {width:.2f} |", flush=True)


def flags(samples: pd.DataFrame, model: IntervalModel) -> None:
    """How often an estimate is wrong with each flag, and with none."""
    for stream in ("judge", "suites"):
        part = samples[samples["stream"] == stream]
        records = part.to_dict("records")
        codes = part["flags"].str.split(";").map(lambda row: set(filter(None, row)))
        unlike = unlike_learned(part, model)
        risks = [None if no else model.risk(r) for no, r in zip(unlike, records, strict=True)]
        of_auto = [
            set(warnings(dict.fromkeys(row, ""), record, risk, model.risk_limit[0]))
            | ({"uncalibrated"} if risk is None else set())
            for row, record, risk in zip(codes, records, risks, strict=True)
        ]
        corrected = pd.Series(estimates_of_auto(part, model, unlike), part.index)
        risk_model = RiskModel.read(RISK)
        of_canonical = [
            set(flags_at_risk(dict.fromkeys(row, ""), risk_model.risk(record), risk_model))
            for row, record in zip(codes, records_of_canonical(part), strict=True)
        ]
        print(f"\n{stream}")
        table_of_flags(
            "canonical", part["canonical"], part["truth"], pd.Series(of_canonical, part.index)
        )
        print()
        table_of_flags("auto", corrected, part["truth"], pd.Series(of_auto, part.index))
        if stream == "judge":
            marked = {
                name: (
                    is_off(estimates, part["truth"]),
                    pd.Series(["likely_off" in row for row in raised], part.index),
                )
                for name, estimates, raised in (
                    ("canonical", part["canonical"], of_canonical), ("auto", corrected, of_auto),
                )
            }  # fmt: skip
            print()
            table_of_marks(marked, part)


def table_of_marks(
    marked: Mapping[str, tuple["pd.Series[bool]", "pd.Series[bool]"]], samples: pd.DataFrame
) -> None:
    """By family and number of rows: of how many wrong and right estimates `likely_off` marks.

    marked: for each estimator, whether each estimate is wrong, and whether it is marked.
    """
    groups = [(name, samples["family"] == name) for name in sorted(set(samples["family"]))]
    groups += [
        (f"{a} to {b - 1} rows", (samples["n"] >= a) & (samples["n"] < b))
        for a, b in pairwise(ROW_BINS)
    ]
    print("| | " + " | ".join(f"`{name}`: wrong | right" for name in marked) + " |")
    print("|---" * (1 + 2 * len(marked)) + "|")
    for title, inside in groups:
        cells = [
            f"{(has & some).sum()} of {some.sum()}"
            for wrong, has in marked.values()
            for some in (inside & wrong, inside & ~wrong)
        ]
        print(f"| {title} | " + " | ".join(cells) + " |")


def table_of_flags(
    estimator: str,
    estimates: "pd.Series[float]",
    truth: "pd.Series[float]",
    codes: "pd.Series[Any]",
) -> None:
    wrong = is_off(estimates, truth)
    codes = codes.map(lambda row: row - {"beyond_evidence"})
    print(
        f"{len(wrong)} estimates of {estimator}, {wrong.sum()} off by more than 0.1 nats and 15%\n"
    )
    shares = ["share wrong, if raised", "share of the wrong that have it"]
    heading = ["flag", "raised", *shares, "share of the right that have it"]
    print(f"| {' | '.join(heading)} |")
    print("|---|---|---|---|---|")
    kinds = [(f"`{code}`", {code}) for code in sorted(set().union(*codes))]
    for title, some in [*kinds, ("any", set().union(*codes))]:
        has = codes.map(lambda row, some=some: bool(row & some))
        print(
            f"| {title} | {has.sum()} | {wrong[has].mean():.0%} | {has[wrong].mean():.0%} | "
            f"{has[~wrong].mean():.0%} |"
        )


def main() -> None:
    command, *rest = sys.argv[1:] or ["coverage"]
    if command == "draw":
        add(draw(int(rest[0])))
    elif command == "judge":
        add(draw(int(rest[0]), ["judge"]))
    elif command == "suites":
        add(suites())
    elif command == "fit":
        samples = pd.read_parquet(DRAWN)
        fit_risk(samples).write(RISK)
        fit(samples).write(MODEL)
        print(json.dumps({path.name: path.stat().st_size for path in (MODEL, RISK)}))
    elif command == "apart":
        apart(pd.read_parquet(DRAWN), rest)
    elif command == "fewer":
        fewer(pd.read_parquet(DRAWN))
    elif command in ("coverage", "flags"):
        table = {"coverage": coverage, "flags": flags}[command]
        table(pd.read_parquet(DRAWN), IntervalModel.read(MODEL))
    else:
        sys.exit(
            f"{command!r} is no command: draw N, judge N, suites, fit, coverage, apart, fewer or "
            "flags"
        )


if __name__ == "__main__":
    main()
