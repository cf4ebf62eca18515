"""The claims table: every part with its interval and verdict; then one verdict a claim."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from .adaptive_claims import adaptive_parts
from .bootstrap import bootstrap
from .contrast_claims import contrast_parts
from .parts import FULL_EPOCHS, Evidence, Part
from .runs import Runs, Trainings
from .uniform_claims import uniform_parts

CLAIMS = {
    1: "Tanh networks fit first and compress afterwards, at full batch and at 256, and most layers "
    "compress more at full batch.",
    2: "ReLU networks under uniform bins fit and do not compress.",
    3: "Under uniform bins ReLU breaks the data-processing inequality: a deeper layer has more "
    "I(T;Y) than one before it, in the half of the runs with the larger maximum activation.",
    4: "Early ReLU layers crowd the lower left corner of the plane under uniform bins.",
    5: "The maximum activation varies widely between runs.",
    6: "Under adaptive bins the data-processing inequality holds for all four activations.",
    7: "Tanh under adaptive bins compresses strongly in the first, fast phase.",
    8: "ReLU under adaptive bins ends near the I(X;T) at which it began.",
    9: "ELU under adaptive bins has the phases swapped: I(X;T) falls first, then it rises together "
    "with I(T;Y).",
    10: "ReLU6 under uniform bins looks like ReLU with 100 bins; under adaptive bins only its last "
    "two hidden layers compress.",
    11: "Single runs differ strongly from each other under adaptive bins.",
    12: "The 12-12-12-12-12-2 ReLU network looks entirely different under the two binnings.",
    13: "Some ReLU networks (B.1 and B.2) compress on average.",
    14: "Train and test error end low in every setting, and tanh generalises slightly better than "
    "ReLU.",
    15: "Uniform bins underestimate the entropy of unbounded activations.",
}

FEW_RUNS = 10  # with fewer, a percentile interval covers less than 90 %

COLUMNS = [
    "claim", "part", "text", "statistic", "value", "low", "high", "unit", "criterion", "runs",
    "verdict", "note",
]  # fmt: skip


def claims_table(trainings: Mapping[str, xr.Dataset], seed: int = 0) -> pd.DataFrame:
    """One row for each part of each claim, in the claims' order.

    Args:
        trainings: trajectories, as `mibench.ibnet.measuring` returns them, by the training's name
            ("tanh-full", "tanh-256", "relu-full", "relu-256", "elu-256", "relu6-256", "A", "B.1",
            "B.2"). Others are not looked at. Missing ones leave their parts undecided.
        seed: of the bootstrap; the same seed gives the same table.

    Returns:
        claim (1 to 15), part, text (the claim), statistic (how to recompute the value; its terms
        are those of `windows`), value, low and high (95 % percentile bootstrap interval over
        runs, 2000 resamples), unit, criterion (the values that reproduce the part), runs (how
        many were used: of the smallest group, if there are several), verdict: "reproduced" if
        the whole interval meets the criterion, "not reproduced" if none of it does, else
        "undecided"; note.

    Raises InputError for data sets that are no trajectories.
    """
    read = Trainings(trainings)
    parts = [*uniform_parts(), *adaptive_parts(), *contrast_parts()]
    parts.sort(key=lambda part: part.claim)
    rows = [_row(part, read, [seed, i]) for i, part in enumerate(parts)]
    return pd.DataFrame(rows, columns=COLUMNS)


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """One row a claim: claim, text, verdict, and how many of its parts have which verdict.

    A claim is reproduced if all its parts are, not reproduced if any of them is not.
    """
    rows = []
    for claim, parts in table.groupby("claim", sort=True):
        counts = {
            name: int((parts["verdict"] == name).sum())
            for name in ("reproduced", "not reproduced", "undecided")
        }
        if counts["not reproduced"]:
            verdict = "not reproduced"
        else:
            verdict = "undecided" if counts["undecided"] else "reproduced"
        text = parts["text"].iloc[0]
        rows.append(
            {"claim": claim, "text": text, "verdict": verdict, "parts": len(parts)} | counts
        )
    return pd.DataFrame(rows)


def _row(part: Part, read: Trainings, seed: Sequence[int]) -> dict[str, object]:
    row: dict[str, object] = {
        "claim": part.claim,
        "part": f"{part.name}: {part.what}",
        "text": CLAIMS[part.claim],
        "statistic": part.statistic,
        "value": np.nan,
        "low": np.nan,
        "high": np.nan,
        "unit": part.unit,
        "criterion": str(part.criterion),
        "runs": 0,
        "verdict": "undecided",
    }
    missing = read.missing(part.needs)
    if missing:
        return row | {"note": missing}
    runs = read.get(part.needs)
    row["runs"] = min(map(len, runs))
    notes = _doubts(part, runs)
    if min(map(len, runs)) < part.min_runs:
        return row | {"note": "; ".join(notes)}
    evidence = part.measure(*runs)
    if evidence is None:
        return row | {"note": "; ".join([*notes, "the training error never falls"])}
    value, low, high = _interval(part, evidence, seed)
    if min(one.epochs[-1] for one in runs) >= FULL_EPOCHS:
        row["verdict"] = part.criterion.verdict(low, high)
    if np.isnan(value):
        notes.append("not defined: what it is divided by is 0")
    notes = [*notes, evidence.note] if evidence.note else notes
    return row | {"value": value, "low": low, "high": high, "note": "; ".join(notes)}


def _interval(part: Part, evidence: Evidence, seed: Sequence[int]) -> tuple[float, float, float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = bootstrap(
            evidence.samples, evidence.of, seed=seed, reduce=evidence.reduce
        )
        if part.each:
            each = [float(evidence.of(run[None])[0]) for run in evidence.samples[0]]
            low, high = min(each), max(each)
    return value, low, high


def _doubts(part: Part, runs: Sequence[Runs]) -> list[str]:
    """What limits the part: runs left out, too few of them, too short a training."""
    found = []
    for one in runs:
        if not one.complete.all():
            out, total = np.sum(~one.complete), len(one.complete)
            found.append(f"{out} of {total} runs of {one.training} left out: not finite throughout")
    fewest = min(map(len, runs))
    if fewest < part.min_runs:
        found.append(f"{fewest} runs: at least {part.min_runs} are needed")
    elif part.each:
        found.append(f"about each run: from the least to the largest of {fewest}")
    elif fewest < FEW_RUNS:
        found.append(f"{fewest} runs: the interval is too narrow")
    last = min(one.epochs[-1] for one in runs)
    if last < FULL_EPOCHS:
        found.append(
            f"{last} epochs, but the claim is about {FULL_EPOCHS}: `mibench ibnet reproduce`"
        )
    return list(dict.fromkeys(found))
