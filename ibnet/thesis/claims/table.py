"""The claims table: every part with its value, interval and verdict; and one verdict per claim."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from .bootstrap import bootstrap, share_interval
from .claims_1_to_5 import claim_1, claim_2, claim_3, claim_4, claim_5
from .claims_6_to_10 import claim_6, claim_7, claim_8, claim_9, claim_10
from .claims_11_to_15 import claim_11, claim_12, claim_13, claim_14, claim_15
from .claims_16_to_21 import claim_16, claim_17, claim_18, claim_19, claim_20, claim_21
from .parts import FULL_EPOCHS, ClaimPart, Evidence
from .runs import CompleteRuns, TrajectoryReader
from .texts import CLAIMS

PARTS_OF_CLAIMS: tuple[Callable[[], list[ClaimPart]], ...] = (
    claim_1, claim_2, claim_3, claim_4, claim_5, claim_6, claim_7, claim_8, claim_9, claim_10,
    claim_11, claim_12, claim_13, claim_14, claim_15, claim_16, claim_17, claim_18, claim_19,
    claim_20, claim_21,
)  # fmt: skip

FEW_RUNS = 10  # with fewer runs, a percentile interval covers less than 90 %

COLUMNS = [
    "claim", "part", "text", "statistic", "value", "low", "high", "unit", "criterion", "runs",
    "verdict", "note",
]  # fmt: skip


def claims_table(trainings: Mapping[str, xr.Dataset], seed: int = 0) -> pd.DataFrame:
    """Judge the claims of the thesis: one row for each part of each claim, in the claims' order.

    Args:
        trainings: trajectories, as `mibench.ibnet.measure` returns them, by the name of the
            training ("tanh-full", "tanh-256", "relu-full", "relu-256", "elu-256", "relu6-256",
            "A", "B.1", "B.2"). Others are ignored. Parts of missing ones are undecided.
        seed: of the bootstrap; the same seed gives the same table.

    Returns:
        A table with the columns

        - claim: 1 to 21; part: its name; text: the claim
        - statistic: how to compute the value; `mibench.ibnet.thesis.claims.windows` explains the
          terms
        - value; low and high: the 95 % percentile bootstrap interval over runs, 2000 resamples;
          of a share of runs, Wilson's interval. Runs of the same number start from the same weights
          in all trainings of the same widths, so contrasts between trainings resample them together
        - unit: of value, low and high
        - criterion: the values that reproduce the part
        - runs: how many were used; of the smallest group, if there are several
        - verdict: "reproduced" if the whole interval meets the criterion, "not reproduced" if no
          value of it does, else "undecided"
        - note: further numbers, or why the part is undecided

    Raises:
        InputError: for data sets that are no trajectories.
    """
    reader = TrajectoryReader(trainings)
    parts = [part for parts_of_claim in PARTS_OF_CLAIMS for part in parts_of_claim()]
    rows = [_row(part, reader, [seed, i]) for i, part in enumerate(parts)]
    return pd.DataFrame(rows, columns=COLUMNS)


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Judge each claim by its parts.

    A claim is reproduced if all its parts are, not reproduced if any part is not, and undecided
    otherwise.

    Args:
        table: from `claims_table`.

    Returns:
        One row per claim: claim, text, verdict, number of parts, and the number of parts with each
        verdict.
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


def _row(part: ClaimPart, reader: TrajectoryReader, seed: Sequence[int]) -> dict[str, object]:
    row: dict[str, object] = {
        "claim": part.claim,
        "part": f"{part.name}: {part.quantity}",
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
    missing = reader.missing(part.sources)
    if missing:
        return row | {"note": missing}
    groups = reader.get(part.sources)
    row["runs"] = min(map(len, groups))
    notes = _limitations(part, groups)
    if min(map(len, groups)) < part.min_runs:
        return row | {"note": "; ".join(notes)}
    evidence = part.measure(*groups)
    if evidence is None:
        return row | {"note": "; ".join([*notes, "the training error never falls"])}
    value, low, high = _interval(part, evidence, seed)
    if min(runs.epochs[-1] for runs in groups) >= FULL_EPOCHS:
        row["verdict"] = part.criterion.verdict(low, high)
    if np.isnan(value):
        notes.append("not defined: its divisor is 0")
    notes = [*notes, evidence.note] if evidence.note else notes
    return row | {"value": value, "low": low, "high": high, "note": "; ".join(notes)}


def _interval(
    part: ClaimPart, evidence: Evidence, seed: Sequence[int]
) -> tuple[float, float, float]:
    """Value, and the ends of its bootstrap interval; or the smallest and the largest run."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = bootstrap(
            evidence.samples,
            evidence.value_of,
            seed=seed,
            reduce=evidence.reduce,
            paired=evidence.paired,
        )
        if evidence.share:
            low, high = share_interval(value, len(evidence.samples[0]))
        if part.per_run:
            values = [float(evidence.value_of(run[None])[0]) for run in evidence.samples[0]]
            low, high = min(values), max(values)
    return value, low, high


def _limitations(part: ClaimPart, groups: Sequence[CompleteRuns]) -> list[str]:
    """What limits the part: runs left out, too few of them, too short a training."""
    notes = []
    for runs in groups:
        if not runs.complete.all():
            out, total = np.sum(~runs.complete), len(runs.complete)
            notes.append(
                f"{out} of {total} runs of {runs.training} left out: some values are not finite"
            )
        if len(runs) < runs.complete.sum():
            notes.append(
                f"{runs.complete.sum() - len(runs)} runs of {runs.training} left out: the other "
                "training has no run of the same number"
            )
    fewest = min(map(len, groups))
    if fewest < part.min_runs:
        notes.append(f"{fewest} runs: at least {part.min_runs} are needed")
    elif part.per_run:
        notes.append(f"about each run: from the smallest to the largest of {fewest}")
    elif fewest < FEW_RUNS:
        notes.append(f"{fewest} runs: the interval is too narrow")
    last = min(runs.epochs[-1] for runs in groups)
    if last < FULL_EPOCHS:
        notes.append(
            f"{last} epochs, but the claim is about {FULL_EPOCHS}: `mibench ibnet reproduce`"
        )
    return list(dict.fromkeys(notes))
