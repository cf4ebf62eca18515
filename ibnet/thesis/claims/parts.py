"""The parts of a claim: the data that a part uses, its statistic, and the values that reproduce it.

`average`, `hidden_average`, `extreme` and `difference` make the evidence of the common statistics.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Reduce, resampled_means
from .runs import CompleteRuns, Source
from .windows import Floats, Ints

Verdict = Literal["reproduced", "not reproduced", "undecided"]

# Thresholds that several claims share. They were fixed before any result was seen.
# Planes are drawn 12 bits wide, H(X). 2 % of that, 0.24 bits, is about the width of a drawn line.
VISIBLE_BITS = 0.25  # of I(X;T): a larger drop is a compression that a reader of a plane can see
FITTED_BITS = 0.05  # of I(T;Y), 5 % of H(Y) = 1: a larger rise is visible in a mean over layers
# The 4096 inputs are the whole population, so estimates have no sampling noise, and any excess of a
# deeper layer is a real break of the data-processing inequality by the estimator. This tolerance,
# 2 % of H(Y), only ignores breaks that are too small to see.
TOLERANCE_BITS = 0.02

FULL_EPOCHS = 8000  # the claims are about trainings of this length
MIN_RUNS = 3  # the average of fewer runs is not judged


@dataclass(frozen=True)
class Criterion:
    """The open interval (low, high) of values that reproduce a part."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"> {self.low:g}"
        if math.isinf(self.low):
            return f"< {self.high:g}"
        # In a table, a text that starts with a minus would be taken for a formula.
        return f"{'from ' if self.low < 0 else ''}{self.low:g} to {self.high:g}"

    def verdict(self, low: float, high: float) -> Verdict:
        """Whether all, none or some values of the interval from low to high meet the criterion."""
        if self.low < low and high < self.high:
            return "reproduced"
        if high <= self.low or self.high <= low:
            return "not reproduced"
        return "undecided"  # also for NaN


@dataclass(frozen=True)
class Evidence:
    """The input of the bootstrap: one array (run, m) for each group of runs.

    value_of: computes the value from the groups' reduced rows, see `bootstrap`. note: further
    numbers to show in the table. paired: the groups are the runs of different trainings with the
    same numbers, hence the same initial weights, and are resampled together. share: the value is
    the share of runs of which the only sample (run, 1) is 1; the others are 0.
    """

    samples: Sequence[Floats]
    value_of: Callable[..., Floats]
    reduce: Reduce = resampled_means
    note: str = ""
    paired: bool = False
    share: bool = False


@dataclass(frozen=True)
class ClaimPart:
    """One row of the claims table.

    name: the training, or a short phrase. quantity: what is measured, in a few words. statistic:
    how to compute it. measure: computes the evidence from the runs of each source, in their order.
    per_run: the claim is about every run, not about their average: the interval extends from the
    smallest to the largest run, and two networks can decide it. min_runs: with fewer runs the part
    is undecided.
    """

    claim: int
    name: str
    quantity: str
    statistic: str
    unit: str
    criterion: Criterion
    sources: tuple[Source, ...]
    measure: Callable[..., Evidence | None]
    per_run: bool = False
    min_runs: int = MIN_RUNS


def average(values: Floats, note: str = "") -> Evidence:
    """The mean over the runs, and over layers if there are any: (run,) or (run, layer)."""
    per_run = values.reshape(len(values), -1).mean(axis=1, keepdims=True)
    return Evidence([per_run], lambda row: row[:, 0], note=note)


def share_of_runs(is_counted: NDArray[np.bool_], note: str = "") -> Evidence:
    """The share of the runs that are True: (run,)."""
    counted = is_counted[:, None].astype(np.float64)
    return Evidence([counted], lambda row: row[:, 0], note=note, share=True)


def hidden_average(values: Floats, note: str = "") -> Evidence:
    """The mean over runs and hidden layers of (run, layer); the note lists all layers."""
    return average(hidden(values), "; ".join(filter(None, [by_layer(values), note])))


def movable_average(values: Floats, note: str = "") -> Evidence:
    """The mean over runs and the layers that can compress of (run, layer); the note lists all."""
    return average(movable(values), "; ".join(filter(None, [by_layer(values), note])))


def extreme(values: Floats, which: Literal["largest", "smallest"], note: str = "") -> Evidence:
    """The largest or smallest, over layers, of the means over runs: (run, layer).

    The extreme is taken after the mean. So noise between runs shifts it by about one standard error
    only, and in the direction that makes a claim of "no layer" or "both layers" harder to meet.
    """
    of_layers = np.max if which == "largest" else np.min
    return Evidence([values], lambda row: of_layers(row, axis=1), note=note)


def difference(first: Floats, second: Floats, note: str = "") -> Evidence:
    """The mean over the first group of runs minus that over the second, independent group.

    For two halves of the runs of one training.
    """
    return Evidence(
        [first[:, None], second[:, None]], lambda first, second: (first - second)[:, 0], note=note
    )


def by_layer(values: Floats, unit: str = "bits", first: int = 1) -> str:
    """Means over runs of (run, layer) as text: "T1 +0.02, T2 -0.10 bits"."""
    layers = enumerate(values.mean(axis=0), start=first)
    return ", ".join(f"T{layer} {value:+.2f}" for layer, value in layers) + f" {unit}"


def hidden(values: Floats) -> Floats:
    """All layers but the last, which is a softmax in every network."""
    return values[..., :-1]


# T1 and T2 of 10 and 7 tanh neurons tell all 4096 inputs apart from the start to the end: they sit
# at H(X) = 12 bits, and cannot compress.
FIRST_MOVABLE = 2


def movable(values: Floats) -> Floats:
    """The layers of tanh networks that can compress: T3, T4, T5 and the softmax, T6."""
    return values[..., FIRST_MOVABLE:]


def epochs_at(runs: CompleteRuns, windows: Ints) -> str:
    """The median over runs of the last epochs of windows (run, layer): "T1 40, T2 113"."""
    epochs = np.median(runs.epochs[windows], axis=0)
    return ", ".join(f"T{layer} {epoch:.0f}" for layer, epoch in enumerate(epochs, start=1))
