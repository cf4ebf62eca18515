"""Claims 6 to 10: networks of all activations under adaptive bins (settings 2.1 to 2.4)."""

import numpy as np

from ...settings import ADAPTIVE, UNIFORM, UNIFORM_100
from .parts import (
    FITTED_BITS,
    TOLERANCE_BITS,
    VISIBLE_BITS,
    ClaimPart,
    Criterion,
    Evidence,
    average,
    by_layer,
    epochs_at,
    extreme,
    hidden,
    hidden_average,
)
from .planes import between_planes, common_windows
from .runs import CompleteRuns, Source
from .statistics import (
    compression,
    dip,
    dipping_layer,
    distance,
    excess,
    fast_phase,
    net_change,
    violations,
)
from .windows import Floats, held_out_largest, values_at

# "Holds": with exceptions in fewer than one window of twenty.
MAX_BREAK_SHARE = 0.05


def claim_6() -> list[ClaimPart]:
    """Under adaptive bins the data-processing inequality holds for all four activations."""
    return [_inequality_holds(f"{name}-256") for name in ("tanh", "relu", "elu", "relu6")]


def _inequality_holds(training: str) -> ClaimPart:
    def measure(runs: CompleteRuns) -> Evidence:
        shares = violations(runs.i_xt, runs.i_ty, TOLERANCE_BITS)
        worst_xt, worst_ty = (
            held_out_largest(excess(information)).mean() for information in (runs.i_xt, runs.i_ty)
        )
        pairs = ", ".join(f"T{i} {share:.1%}" for i, share in enumerate(shares.mean(axis=0), 2))
        return average(
            shares,
            f"by deeper layer {pairs}; worst mean excess I(X;T) {worst_xt:+.3f}, I(T;Y) "
            f"{worst_ty:+.3f} bits",
        )

    return ClaimPart(
        6,
        training,
        "pairs that break the inequality",
        f"share of windows in which a layer exceeds the one before it by more than "
        f"{TOLERANCE_BITS} bits in I(X;T) or I(T;Y); mean over neighbouring pairs (including the "
        "output layer) and runs",
        "share",
        Criterion(high=MAX_BREAK_SHARE),
        (Source(training, ADAPTIVE),),
        measure,
    )


# "Strongly": twice what is visible. The first layers, of 10 and 7 neurons with 30 bins each, can
# hardly lose any of their 12 bits. So an average of 0.5 bits over five hidden layers is almost a
# bit in each of the others: they distinguish only half as many inputs.
STRONG_BITS = 2 * VISIBLE_BITS


def claim_7() -> list[ClaimPart]:
    """Tanh under adaptive bins compresses strongly in the first, fast phase."""

    def measure(runs: CompleteRuns) -> Evidence | None:
        phase = fast_phase(runs.train_error)
        if phase is None:
            return None
        early = compression(runs.i_xt[:, : phase + 1])
        return hidden_average(early, f"fast phase until epoch {runs.epochs[phase]}")

    return [
        ClaimPart(
            7,
            "tanh-256",
            "compression in the fast phase",
            "the fast phase lasts from the start to the window in which the training error, "
            "averaged over runs, has completed 90 % of its fall; I(X;T) at its peak within the "
            "phase minus I(X;T) at the end of the phase; mean over hidden layers and runs",
            "bits",
            Criterion(low=STRONG_BITS),
            (Source("tanh-256", ADAPTIVE),),
            measure,
        )
    ]


# "Near where it began": 0.5 bits, 4 % of the axis. Twice what is visible: "near" is not "at".
NEAR_BITS = 2 * VISIBLE_BITS


def claim_8() -> list[ClaimPart]:
    """ReLU under adaptive bins ends near the I(X;T) at which it began."""

    def measure(runs: CompleteRuns) -> Evidence:
        change = net_change(runs.i_xt)
        # Noise raises |mean| by less than a standard error, and only against the claim.
        return Evidence(
            [hidden(change)], lambda row: np.abs(row).mean(axis=1), note=by_layer(change)
        )

    return [
        ClaimPart(
            8,
            "relu-256",
            "distance of the end from the start",
            "I(X;T) at the end minus I(X;T) at the start, mean over runs; mean over hidden layers "
            "of the absolute value",
            "bits",
            Criterion(high=NEAR_BITS),
            (Source("relu-256", ADAPTIVE),),
            measure,
        )
    ]


def claim_9() -> list[ClaimPart]:
    """ELU under adaptive bins: I(X;T) falls first; then it rises at first, with I(T;Y)."""

    def of_dipping_layer(values: Floats, runs: CompleteRuns) -> Floats:
        layers = dipping_layer(hidden(runs.i_xt))
        return values[np.arange(len(runs)), layers]

    def fall(runs: CompleteRuns) -> Evidence:
        troughs, _ = dip(runs.i_xt)
        values = runs.i_xt[:, 0] - values_at(runs.i_xt, troughs)
        note = f"{by_layer(values)}; trough at epoch {epochs_at(runs, troughs)}"
        return average(of_dipping_layer(values, runs), note)

    def rise_xt(runs: CompleteRuns) -> Evidence:
        troughs, peaks = dip(runs.i_xt)
        at_peak = values_at(runs.i_xt, peaks)
        values = at_peak - values_at(runs.i_xt, troughs)
        note = (
            f"{by_layer(values)}; peak at epoch {epochs_at(runs, peaks)}; from there to the end "
            f"{by_layer(runs.i_xt[:, -1] - at_peak)}"
        )
        return average(of_dipping_layer(values, runs), note)

    def rise_ty(runs: CompleteRuns) -> Evidence:
        troughs, peaks = dip(runs.i_xt)
        values = values_at(runs.i_ty, peaks) - values_at(runs.i_ty, troughs)
        return average(of_dipping_layer(values, runs), by_layer(values))

    sources = (Source("elu-256", ADAPTIVE),)
    where = (
        "trough and later peak of I(X;T) are the windows between which it rises most; of the "
        "hidden layer that rises most, mean over runs; "
    )
    return [
        ClaimPart(
            9, "elu-256", "I(X;T) falls first", f"{where}I(X;T) at the start minus at the trough",
            "bits", Criterion(low=VISIBLE_BITS), sources, fall,
        ),
        ClaimPart(
            9, "elu-256", "then I(X;T) rises at first",
            f"{where}I(X;T) at the peak minus at the trough",
            "bits", Criterion(low=VISIBLE_BITS), sources, rise_xt,
        ),
        ClaimPart(
            9, "elu-256", "and I(T;Y) rises with it",
            f"{where}I(T;Y) at the peak minus at the trough",
            "bits", Criterion(low=FITTED_BITS), sources, rise_ty,
        ),
    ]  # fmt: skip


# "Looks like": at most half as far from ReLU's plane as from its own under the other binning.
MAX_DISTANCE_RATIO = 0.5


def claim_10() -> list[ClaimPart]:
    """ReLU6: like ReLU under uniform bins; only the last two compress under adaptive bins."""
    return [_relu6_like_relu(), *_relu6_last_two_compress()]


def _relu6_like_relu() -> ClaimPart:
    def measure(uniform: CompleteRuns, adaptive: CompleteRuns, relu: CompleteRuns) -> Evidence:
        return between_planes(
            common_windows(uniform, adaptive, relu),
            lambda uniform, adaptive, relu: distance(uniform, relu) / distance(uniform, adaptive),
        )

    return ClaimPart(
        10,
        "relu6-256, uniform:bins=30",
        "distance to relu-256, relative to that to its own adaptive plane",
        "root mean square distance over windows and layers between mean planes (x = I(X;T)/H(X), "
        f"y = I(T;Y)/H(Y)): from relu6-256 to relu-256 under {UNIFORM_100}, divided by that to "
        f"relu6-256 under {ADAPTIVE}",
        "ratio",
        Criterion(high=MAX_DISTANCE_RATIO),
        (
            Source("relu6-256", UNIFORM),
            Source("relu6-256", ADAPTIVE),
            Source("relu-256", UNIFORM_100),
        ),
        measure,
    )


def _relu6_last_two_compress() -> list[ClaimPart]:
    drop = "I(X;T) at its peak minus I(X;T) at the end, mean over runs; "
    sources = (Source("relu6-256", ADAPTIVE),)
    return [
        ClaimPart(
            10,
            "relu6-256, adaptive:bins=30",
            "the last two layers compress",
            f"{drop}the smaller value of the last two layers, of which one is the softmax",
            "bits",
            Criterion(low=VISIBLE_BITS),
            sources,
            lambda runs: extreme(
                compression(runs.i_xt)[:, -2:], "smallest", by_layer(compression(runs.i_xt))
            ),
        ),
        ClaimPart(
            10,
            "relu6-256, adaptive:bins=30",
            "the other layers do not compress",
            f"{drop}the largest value of all layers except the last two",
            "bits",
            Criterion(high=VISIBLE_BITS),
            sources,
            lambda runs: extreme(compression(runs.i_xt)[:, :-2], "largest"),
        ),
    ]
