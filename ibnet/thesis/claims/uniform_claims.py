"""Claims 1 to 5: tanh and ReLU under uniform bins (settings 1.1 and 1.2)."""

import numpy as np

from ...settings import UNIFORM, UNIFORM_100
from .bootstrap import deciles
from .parts import (
    FITTED,
    TOLERANCE,
    VISIBLE,
    Criterion,
    Evidence,
    Part,
    average,
    by_layer,
    difference,
    epochs_at,
    extreme,
    hidden,
    hidden_average,
)
from .runs import Need, Runs
from .statistics import compression, crowding, excess, fitting, larger_half, net_change
from .windows import Floats, held_out_largest, held_out_peak

BATCHES = ("full", "256")

# A factor of 1.5 between the 90th and the 10th percentile: bins of a tenth of the runs are at
# least 1.5 times as wide as those of another tenth. For log-normal maxima that makes a factor of 2
# (one bit of every neuron) between the largest and the smallest of 40 runs. The ratio of those two
# itself is not used: it grows with the number of runs, and a bootstrap never reaches beyond it.
WIDELY = 1.5

EARLY = 2  # the first two of five hidden layers

# "Crowd": more than half of the (log) time within the quarter of the plane at the corner.
CROWDED = 0.5


def uniform_parts() -> list[Part]:
    """The parts of claims 1 to 5."""
    parts = []
    for batch in BATCHES:
        parts += _tanh(f"tanh-{batch}")
    parts.append(_more_at_full_batch())
    for batch in BATCHES:
        parts += _relu_fits_only(f"relu-{batch}")
    for batch in BATCHES:
        parts += _inequality_breaks(f"relu-{batch}")
    for training, estimator in (
        ("relu-full", UNIFORM_100),
        ("relu-256", UNIFORM_100),
        ("relu-256", UNIFORM),
    ):
        parts.append(_crowding(training, estimator))
    for batch in BATCHES:
        parts.append(_maxima(f"relu-{batch}"))
    return parts


def _tanh(training: str) -> list[Part]:
    needs = (Need(training, UNIFORM),)
    return [
        Part(
            1,
            training,
            "fitting before the peak of I(X;T)",
            "I(T;Y) at the peak of I(X;T) minus I(T;Y) at the start; mean over hidden layers and "
            "runs. Above 0 only if fitting comes first",
            "bits",
            Criterion(low=FITTED),
            needs,
            lambda runs: hidden_average(fitting(runs.i_xt, runs.i_ty)),
        ),
        Part(
            1,
            training,
            "compression after the peak",
            "I(X;T) at its peak minus I(X;T) at the end; mean over hidden layers and runs",
            "bits",
            Criterion(low=VISIBLE),
            needs,
            lambda runs: hidden_average(
                compression(runs.i_xt),
                f"peak at epoch {epochs_at(runs, held_out_peak(runs.i_xt))}",
            ),
        ),
    ]


def most(differences: Floats) -> Floats:
    """The value that more than half of the layers reach: (resample, layer) -> (resample,)."""
    layers = differences.shape[1]
    return np.sort(differences, axis=1)[:, layers - (layers // 2 + 1)]


def _more_at_full_batch() -> Part:
    def measure(full: Runs, small: Runs) -> Evidence:
        samples = [compression(full.i_xt), compression(small.i_xt)]
        gain = (samples[0].mean(axis=0) - samples[1].mean(axis=0))[None]
        return Evidence(samples, lambda one, other: most(one - other), note=by_layer(gain))

    return Part(
        1,
        "tanh-full against tanh-256",
        "more compression in most layers at full batch",
        "compression at full batch minus at batch 256, of means over runs, for each layer; the "
        "value that most layers (4 of 6) reach",
        "bits",
        # "more", by however little: most layers gain if the value that most of them reach is > 0
        Criterion(low=0),
        (Need("tanh-full", UNIFORM), Need("tanh-256", UNIFORM)),
        measure,
    )


def _relu_fits_only(training: str) -> list[Part]:
    needs = (Need(training, UNIFORM_100),)
    return [
        Part(
            2,
            training,
            "fitting",
            "I(T;Y) at the end minus at the start; mean over hidden layers and runs",
            "bits",
            Criterion(low=FITTED),
            needs,
            lambda runs: hidden_average(net_change(runs.i_ty)),
        ),
        Part(
            2,
            training,
            "no compression",
            "I(X;T) at its peak minus at the end, mean over runs; the largest of the hidden layers",
            "bits",
            Criterion(high=VISIBLE),
            needs,
            lambda runs: extreme(
                hidden(compression(runs.i_xt)), "largest", by_layer(compression(runs.i_xt))
            ),
        ),
    ]


def worst_excess(i_ty: Floats) -> Floats:
    """Bits of I(T;Y) beyond the layer before, in the window and pair that others choose."""
    return held_out_largest(excess(i_ty))


def _inequality_breaks(training: str) -> list[Part]:
    where = (
        "I(T;Y) of a layer minus that of the layer before it, in the window and pair of layers "
        "in which the mean of the other half of the runs is largest; "
    )

    def end_of(runs: Runs) -> str:
        return f"at the end {by_layer(excess(runs.i_ty)[:, -1], first=2)} over the layer before"

    def in_larger(runs: Runs) -> Evidence:
        larger = runs.i_ty[larger_half(runs.maximum)[0]]
        return average(worst_excess(larger))

    def between(runs: Runs) -> Evidence:
        larger, smaller = (worst_excess(runs.i_ty[half]) for half in larger_half(runs.maximum))
        note = f"larger half {larger.mean():+.3f}, smaller half {smaller.mean():+.3f} bits"
        return difference(larger, smaller, note)

    needs = (Need(training, UNIFORM_100),)
    breaks = Criterion(low=TOLERANCE)
    half = "the runs whose maximum activation is above the median"
    return [
        Part(
            3, training, "excess of a deeper layer's I(T;Y)", f"{where}mean over runs", "bits",
            breaks, needs, lambda runs: average(worst_excess(runs.i_ty), end_of(runs)),
        ),
        Part(
            3, training, "excess in the half with larger maxima", f"{where}mean over {half}",
            "bits", breaks, needs, in_larger, min_runs=6,
        ),
        Part(
            3, training, "larger half minus smaller half",
            f"{where}mean over {half} minus mean over the others", "bits",
            Criterion(low=0), needs, between, min_runs=6,
        ),
    ]  # fmt: skip


def _crowding(training: str, estimator: str) -> Part:
    def measure(runs: Runs) -> Evidence:
        centre = runs.plane.mean(axis=(0, 1))  # (layer, 2)
        places = ", ".join(f"T{i} ({x:.2f}, {y:.2f})" for i, (x, y) in enumerate(centre, 1))
        return average(crowding(runs.plane, EARLY), f"mean place, in sides of the plane: {places}")

    return Part(
        4,
        f"{training}, {estimator}",
        "time of early layers in the lower left quarter",
        f"share of windows in which I(X;T) < H(X)/2 and I(T;Y) < H(Y)/2; mean over the first "
        f"{EARLY} layers and runs",
        "share",
        Criterion(low=CROWDED),
        (Need(training, estimator),),
        measure,
    )


def _maxima(training: str) -> Part:
    def measure(runs: Runs) -> Evidence:
        least, median, largest = np.quantile(runs.maximum, [0, 0.5, 1])
        return Evidence(
            [runs.maximum[:, None]],
            lambda row: row[:, 1] / row[:, 0],
            deciles,
            f"median {median:.3g}, from {least:.3g} to {largest:.3g}: a factor of "
            f"{largest / least:.3g}",
        )

    return Part(
        5,
        training,
        "spread of the maximum activation",
        "largest activation of a run over layers and epochs; its 90th over its 10th percentile "
        "over the runs",
        "ratio",
        Criterion(low=WIDELY),
        (Need(training, UNIFORM_100),),
        measure,
    )
