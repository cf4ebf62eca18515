"""Claims 1 to 5: tanh and ReLU networks under uniform bins (settings 1.1 and 1.2)."""

from dataclasses import replace

import numpy as np

from ...settings import UNIFORM, UNIFORM_100
from .bootstrap import resampled_deciles
from .breaks import BREAKING, MIN_BREAKING_SHARE, breaking_runs, note_on_breaks
from .parts import (
    FITTED_BITS,
    VISIBLE_BITS,
    ClaimPart,
    Criterion,
    Evidence,
    by_layer,
    difference,
    epochs_at,
    extreme,
    hidden,
    hidden_average,
    movable,
    movable_average,
    share_of_runs,
)
from .runs import CompleteRuns, Source
from .statistics import compression, fitting, larger_half, net_change, starts_in_corner
from .windows import Floats, held_out_peak

BATCHES = ("full", "256")


def claim_1() -> list[ClaimPart]:
    """Tanh networks fit first and compress afterwards, most layers more at full batch."""
    parts = []
    for batch in BATCHES:
        parts += _tanh_fits_then_compresses(f"tanh-{batch}")
    return [*parts, _more_compression_at_full_batch()]


def _tanh_fits_then_compresses(training: str) -> list[ClaimPart]:
    sources = (Source(training, UNIFORM),)
    return [
        ClaimPart(
            1,
            training,
            "fitting before the peak of I(X;T)",
            "I(T;Y) at the peak of I(X;T) minus I(T;Y) at the start; mean over the layers that can "
            "compress (T3 to T6) and runs. Above 0 only if fitting comes first",
            "bits",
            Criterion(low=FITTED_BITS),
            sources,
            lambda runs: movable_average(fitting(runs.i_xt, runs.i_ty)),
        ),
        ClaimPart(
            1,
            training,
            "compression after the peak",
            "I(X;T) at its peak minus I(X;T) at the end; mean over the layers that can compress "
            "(T3 to T6) and runs",
            "bits",
            Criterion(low=VISIBLE_BITS),
            sources,
            lambda runs: movable_average(
                compression(runs.i_xt),
                f"peak at epoch {epochs_at(runs, held_out_peak(runs.i_xt))}",
            ),
        ),
    ]


def reached_by_most(differences: Floats) -> Floats:
    """The value that more than half of the layers reach: (resample, layer) -> (resample,)."""
    layers = differences.shape[1]
    return np.sort(differences, axis=1)[:, layers - (layers // 2 + 1)]


def _more_compression_at_full_batch() -> ClaimPart:
    def measure(full: CompleteRuns, small: CompleteRuns) -> Evidence:
        samples = [compression(full.i_xt), compression(small.i_xt)]
        gain = samples[0] - samples[1]  # the same runs in the same order
        return Evidence(
            samples,
            lambda full, small: reached_by_most(movable(full - small)),
            note=by_layer(gain),
            paired=True,
        )

    return ClaimPart(
        1,
        "tanh-full against tanh-256",
        "more compression in most layers at full batch",
        "compression at full batch minus compression at batch 256, mean over runs that start from "
        "the same weights, for each layer that can compress (T3 to T6); the value that most of "
        "them (3 of 4) reach or exceed",
        "bits",
        # The claim says "more", however little: most layers gain if they reach a value above 0.
        Criterion(low=0),
        (Source("tanh-full", UNIFORM), Source("tanh-256", UNIFORM)),
        measure,
    )


def claim_2() -> list[ClaimPart]:
    """ReLU networks under uniform bins fit and do not compress."""
    return [part for batch in BATCHES for part in _relu_only_fits(f"relu-{batch}")]


def _relu_only_fits(training: str) -> list[ClaimPart]:
    sources = (Source(training, UNIFORM_100),)
    return [
        ClaimPart(
            2,
            training,
            "fitting",
            "I(T;Y) at the end minus I(T;Y) at the start; mean over hidden layers and runs",
            "bits",
            Criterion(low=FITTED_BITS),
            sources,
            lambda runs: hidden_average(net_change(runs.i_ty)),
        ),
        ClaimPart(
            2,
            training,
            "no compression",
            "I(X;T) at its peak minus I(X;T) at the end, mean over runs; the largest value of the "
            "hidden layers",
            "bits",
            Criterion(high=VISIBLE_BITS),
            sources,
            lambda runs: extreme(
                hidden(compression(runs.i_xt)), "largest", by_layer(compression(runs.i_xt))
            ),
        ),
    ]


def claim_3() -> list[ClaimPart]:
    """Under uniform bins ReLU breaks the data-processing inequality."""
    return [part for batch in BATCHES for part in _inequality_breaks(f"relu-{batch}")]


def _inequality_breaks(training: str) -> list[ClaimPart]:
    def in_larger(runs: CompleteRuns) -> Evidence:
        halves = dict(zip(("larger", "smaller"), larger_half(runs.maximum), strict=True))
        broken = breaking_runs(runs.i_ty)
        notes = [f"{what} half, {note_on_breaks(runs.i_ty[half])}" for what, half in halves.items()]
        return share_of_runs(broken[halves["larger"]], "; ".join(notes))

    def between(runs: CompleteRuns) -> Evidence:
        broken = breaking_runs(runs.i_ty).astype(np.float64)
        larger, smaller = (broken[half] for half in larger_half(runs.maximum))
        note = f"larger half {larger.mean():.1%}, smaller half {smaller.mean():.1%}"
        return difference(larger, smaller, note)

    sources = (Source(training, UNIFORM_100),)
    half = "the runs whose maximum activation is above the median"
    return [
        ClaimPart(
            3, training, "breaking runs in the half with larger maxima",
            f"{BREAKING}share of {half}", "share", Criterion(low=MIN_BREAKING_SHARE), sources,
            in_larger, min_runs=6,
        ),
        ClaimPart(
            3, training, "breaking runs, larger half minus smaller half",
            f"{BREAKING}share of {half} minus share of the others", "share",
            Criterion(low=0), sources, between, min_runs=6,
        ),
    ]  # fmt: skip


# "Cluster": more than half of the layers are in the quarter of the plane at the corner.
MIN_CORNER_SHARE = 0.5


def claim_4() -> list[ClaimPart]:
    """ReLU layers start in the lower left corner of the plane under uniform bins."""
    return [
        _crowding("relu-full", UNIFORM_100),
        _crowding("relu-256", UNIFORM_100),
        _crowding("relu-256", UNIFORM),
    ]


def _crowding(training: str, estimator: str) -> ClaimPart:
    def measure(runs: CompleteRuns) -> Evidence:
        inside = starts_in_corner(runs.plane)
        shares = ", ".join(f"T{i} {share:.0%}" for i, share in enumerate(inside.mean(axis=0), 1))
        evidence = hidden_average(inside)
        return replace(evidence, note=f"share of runs: {shares}")

    return ClaimPart(
        4,
        f"{training}, {estimator}",
        "share of hidden layers that start in the lower left quarter",
        "share of hidden layers for which I(X;T) < H(X)/2 and I(T;Y) < H(Y)/2 in the initial "
        "network; mean over hidden layers and runs",
        "share",
        Criterion(low=MIN_CORNER_SHARE),
        (Source(training, estimator),),
        measure,
    )


# "Varies widely": the 90th percentile is 1.5 times the 10th. So the bins of a tenth of the runs are
# at least 1.5 times as wide as those of another tenth. For log-normal maxima, the largest of 40
# runs is then twice the smallest (one bit of every neuron). The criterion does not use the ratio of
# the largest to the smallest: it grows with the number of runs, and a bootstrap cannot exceed it.
MIN_DECILE_RATIO = 1.5


def claim_5() -> list[ClaimPart]:
    """The maximum activation varies widely between runs."""
    return [_maxima_vary(f"relu-{batch}") for batch in BATCHES]


def _maxima_vary(training: str) -> ClaimPart:
    def measure(runs: CompleteRuns) -> Evidence:
        least, median, largest = np.quantile(runs.maximum, [0, 0.5, 1])
        return Evidence(
            [runs.maximum[:, None]],
            lambda row: row[:, 1] / row[:, 0],
            resampled_deciles,
            f"median {median:.3g}, from {least:.3g} to {largest:.3g}: a factor of "
            f"{largest / least:.3g}",
        )

    return ClaimPart(
        5,
        training,
        "spread of the maximum activation",
        "largest activation of a run over layers and measured epochs; the 90th percentile of the "
        "runs divided by the 10th",
        "ratio",
        Criterion(low=MIN_DECILE_RATIO),
        (Source(training, UNIFORM_100),),
        measure,
    )
