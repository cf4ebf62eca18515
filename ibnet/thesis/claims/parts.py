"""What a part of a claim is: what it needs, how it is measured, and which values reproduce it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .bootstrap import Reduce, means
from .runs import Need, Runs
from .windows import Floats, Ints

Verdict = Literal["reproduced", "not reproduced", "undecided"]

# Thresholds that several claims share, fixed before any result was seen.
# Planes are drawn 12 bits wide, H(X): 2 % of that, 0.24 bits, is about the width of a drawn line.
VISIBLE = 0.25  # bits of I(X;T); a drop beyond it is a compression that a reader of a plane sees
FITTED = 0.05  # bits of I(T;Y), 5 % of H(Y) = 1: a rise beyond it is seen in a mean over layers
# 4096 inputs are all there are, so estimates carry no sampling noise and any excess is a true
# break of the inequality by the estimator; 2 % of H(Y) only leaves out those nobody would see.
TOLERANCE = 0.02  # bits

FULL_EPOCHS = 8000  # the claims are about trainings of this length
MIN_RUNS = 3  # fewer tell nothing of an average


@dataclass(frozen=True)
class Criterion:
    """The open interval of values that reproduce a part."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"> {self.low:g}"
        return f"< {self.high:g}" if math.isinf(self.low) else f"{self.low:g} to {self.high:g}"

    def verdict(self, low: float, high: float) -> Verdict:
        """Whether all, none or some of the interval from low to high meets it."""
        if self.low < low and high < self.high:
            return "reproduced"
        if high <= self.low or self.high <= low:
            return "not reproduced"
        return "undecided"  # NaN too


@dataclass(frozen=True)
class Evidence:
    """What the bootstrap draws from: one array (run, m) for each independent group of runs.

    of: makes the value from the groups' reduced rows, see `bootstrap`; note: worth telling beside.
    """

    samples: Sequence[Floats]
    of: Callable[..., Floats]
    reduce: Reduce = means
    note: str = ""


@dataclass(frozen=True)
class Part:
    """One row of the claims table.

    name: the training, or a short phrase; what: the quantity in a few words; statistic: how to
    recompute it. measure: from the runs of each need, in their order. each: the claim is about
    every run, not about an average: the interval is from the least to the largest run, and two
    networks can decide it. min_runs: fewer leave it undecided.
    """

    claim: int
    name: str
    what: str
    statistic: str
    unit: str
    criterion: Criterion
    needs: tuple[Need, ...]
    measure: Callable[..., Evidence | None]
    each: bool = False
    min_runs: int = MIN_RUNS


def average(values: Floats, note: str = "") -> Evidence:
    """The mean over the runs, and over layers where there are any: (run,) or (run, layer)."""
    per_run = values.reshape(len(values), -1).mean(axis=1, keepdims=True)
    return Evidence([per_run], lambda row: row[:, 0], note=note)


def hidden_average(values: Floats, note: str = "") -> Evidence:
    """The mean over the runs and the hidden layers of (run, layer); the note lists all layers."""
    return average(hidden(values), "; ".join(filter(None, [by_layer(values), note])))


def extreme(values: Floats, which: Literal["largest", "smallest"], note: str = "") -> Evidence:
    """The largest or smallest over layers of the means over runs: (run, layer).

    It is taken after the mean, so that noise between runs shifts it by about a standard error
    alone, and away from what a claim of "no layer" or "both layers" needs.
    """
    of = np.max if which == "largest" else np.min
    return Evidence([values], lambda row: of(row, axis=1), note=note)


def difference(first: Floats, second: Floats, note: str = "") -> Evidence:
    """Mean over the first group of runs less mean over the second, which is independent of it."""
    return Evidence(
        [first[:, None], second[:, None]], lambda one, other: (one - other)[:, 0], note=note
    )


def by_layer(values: Floats, unit: str = "bits", first: int = 1) -> str:
    """Means over runs of (run, layer) as text: "T1 +0.02, T2 -0.10 bits"."""
    layers = enumerate(values.mean(axis=0), start=first)
    return ", ".join(f"T{layer} {value:+.2f}" for layer, value in layers) + f" {unit}"


def hidden(values: Floats) -> Floats:
    """All layers but the last, a softmax in every network whatever its activation."""
    return values[..., :-1]


def epochs_at(runs: Runs, windows: Ints) -> str:
    """The median over runs of the last epochs of windows (run, layer): "T1 40, T2 113"."""
    epochs = np.median(runs.epochs[windows], axis=0)
    return ", ".join(f"T{layer} {epoch:.0f}" for layer, epoch in enumerate(epochs, start=1))
