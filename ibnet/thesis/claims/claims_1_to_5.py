"""Claims 1 to 5: tanh and ReLU networks under uniform bins (settings 1.1 and 1.2)."""

import numpy as np

from ...settings import UNIFORM, UNIFORM_100
from .bootstrap import resampled_deciles
from .parts import (
    FITTED_BITS,
    TOLERANCE_BITS,
    VISIBLE_BITS,
    ClaimPart,
    Criterion,
    Evidence,
    average,
    by_layer,
    difference,
    epochs_at,
    extreme,
    hidden,
    hidden_average,
)
from .runs import CompleteRuns, Source
from .statistics import compression, excess, fitting, larger_half, net_change, share_in_corner
from .windows import Floats, held_out_largest, held_out_peak

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
            "I(T;Y) at the peak of I(X;T) minus I(T;Y) at the start; mean over hidden layers and "
            "runs. Above 0 only if fitting comes first",
            "bits",
            Criterion(low=FITTED_BITS),
            sources,
            lambda runs: hidden_average(fitting(runs.i_xt, runs.i_ty)),
        ),
        ClaimPart(
            1,
            training,
            "compression after the peak",
            "I(X;T) at its peak minus I(X;T) at the end; mean over hidden layers and runs",
            "bits",
            Criterion(low=VISIBLE_BITS),
            sources,
            lambda runs: hidden_average(
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
        gain = (samples[0].mean(axis=0) - samples[1].mean(axis=0))[None]
        return Evidence(
            samples, lambda full, small: reached_by_most(full - small), note=by_layer(gain)
        )

    return ClaimPart(
        1,
        "tanh-full against tanh-256",
        "more compression in most layers at full batch",
        "compression at full batch minus compression at batch 256, mean over runs, for each layer; "
        "the value that most layers (4 of 6) reach or exceed",
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


def worst_excess(i_ty: Floats) -> Floats:
    """Bits of I(T;Y) beyond the layer before, at the window and pair that other runs choose."""
    return held_out_largest(excess(i_ty))


def _inequality_breaks(training: str) -> list[ClaimPart]:
    where = (
        "I(T;Y) of a layer minus that of the layer before it, in the window and pair of layers "
        "in which the mean of the other half of the runs is largest; "
    )

    def end_of(runs: CompleteRuns) -> str:
        return f"at the end {by_layer(excess(runs.i_ty)[:, -1], first=2)} above the layer before"

    def in_larger(runs: CompleteRuns) -> Evidence:
        larger = runs.i_ty[larger_half(runs.maximum)[0]]
        return average(worst_excess(larger))

    def between(runs: CompleteRuns) -> Evidence:
        larger, smaller = (worst_excess(runs.i_ty[half]) for half in larger_half(runs.maximum))
        note = f"larger half {larger.mean():+.3f}, smaller half {smaller.mean():+.3f} bits"
        return difference(larger, smaller, note)

    sources = (Source(training, UNIFORM_100),)
    breaks = Criterion(low=TOLERANCE_BITS)
    half = "the runs whose maximum activation is above the median"
    return [
        ClaimPart(
            3, training, "excess of a deeper layer's I(T;Y)", f"{where}mean over runs", "bits",
            breaks, sources, lambda runs: average(worst_excess(runs.i_ty), end_of(runs)),
        ),
        ClaimPart(
            3, training, "excess in the half with larger maxima", f"{where}mean over {half}",
            "bits", breaks, sources, in_larger, min_runs=6,
        ),
        ClaimPart(
            3, training, "larger half minus smaller half",
            f"{where}mean over {half} minus mean over the others", "bits",
            Criterion(low=0), sources, between, min_runs=6,
        ),
    ]  # fmt: skip


EARLY_LAYERS = 2  # the first two of five hidden layers

# "Crowd": more than half of the (log) time in the quarter of the plane at the corner.
MIN_CORNER_SHARE = 0.5


def claim_4() -> list[ClaimPart]:
    """Early ReLU layers crowd the lower left corner of the plane under uniform bins."""
    return [
        _crowding("relu-full", UNIFORM_100),
        _crowding("relu-256", UNIFORM_100),
        _crowding("relu-256", UNIFORM),
    ]


def _crowding(training: str, estimator: str) -> ClaimPart:
    def measure(runs: CompleteRuns) -> Evidence:
        centre = runs.plane.mean(axis=(0, 1))  # (layer, 2)
        places = ", ".join(f"T{i} ({x:.2f}, {y:.2f})" for i, (x, y) in enumerate(centre, 1))
        return average(
            share_in_corner(runs.plane, EARLY_LAYERS),
            f"mean position, in sides of the plane: {places}",
        )

    return ClaimPart(
        4,
        f"{training}, {estimator}",
        "share of time of early layers in the lower left quarter",
        f"share of windows in which I(X;T) < H(X)/2 and I(T;Y) < H(Y)/2; mean over the first "
        f"{EARLY_LAYERS} layers and runs",
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
        "largest activation of a run over layers and epochs; the 90th percentile of the runs "
        "divided by the 10th",
        "ratio",
        Criterion(low=MIN_DECILE_RATIO),
        (Source(training, UNIFORM_100),),
        measure,
    )
