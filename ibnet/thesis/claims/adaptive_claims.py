"""Claims 6 to 9, 11 and 13: networks under adaptive bins (settings 2.x and B)."""

import numpy as np

from ...settings import ADAPTIVE
from .parts import (
    FITTED,
    TOLERANCE,
    VISIBLE,
    Criterion,
    Evidence,
    Part,
    average,
    by_layer,
    epochs_at,
    hidden,
    hidden_average,
)
from .runs import Need, Runs
from .statistics import (
    compression,
    drops,
    excess,
    fall_first,
    fast_phase,
    net_change,
    rise_from,
    spread,
    trough,
    violations,
)
from .windows import Floats, held_out_largest

# "Keep": a rule with exceptions in fewer than one of twenty cases.
EXCEPTIONS = 0.05

# "Strongly": twice what is visible at all. The first layers, of 10 and 7 neurons with 30 bins
# each, can hardly lose any of their 12 bits, so 0.5 bits on average over five hidden layers is
# most of a bit, a halving of the inputs told apart, in each of the others.
STRONG = 2 * VISIBLE

# "Near where it began": 0.5 bits, 4 % of the axis. Twice what is visible, as "near" is not "at".
NEAR = 2 * VISIBLE

# "Differ strongly": two runs at one epoch are at least half as far apart as two (log) times on
# the mean path, so a single run cannot stand for the mean.
APART = 0.5


def adaptive_parts() -> list[Part]:
    """The parts of claims 6 to 9, 11 and 13."""
    activations = ("tanh", "relu", "elu", "relu6")
    return [
        *(_inequality_holds(f"{activation}-256") for activation in activations),
        _tanh_compresses_early(),
        _relu_returns(),
        *_elu_swaps(),
        *(_runs_differ(training) for training in ("relu-256", "elu-256")),
        *(_compresses_somewhere(training) for training in ("B.1", "B.2")),
    ]


def _inequality_holds(training: str) -> Part:
    def measure(runs: Runs) -> Evidence:
        shares = violations(runs.i_xt, runs.i_ty, TOLERANCE)
        worst_xt, worst_ty = (
            held_out_largest(excess(information)).mean() for information in (runs.i_xt, runs.i_ty)
        )
        pairs = ", ".join(f"T{i} {share:.1%}" for i, share in enumerate(shares.mean(axis=0), 2))
        return average(
            shares,
            f"by deeper layer {pairs}; worst mean excess I(X;T) {worst_xt:+.3f}, I(T;Y) "
            f"{worst_ty:+.3f} bits",
        )

    return Part(
        6,
        training,
        "pairs that break the inequality",
        f"share of windows in which a layer exceeds the one before it by more than {TOLERANCE} "
        "bits in I(X;T) or I(T;Y); mean over neighbouring pairs (the output's too) and runs",
        "share",
        Criterion(high=EXCEPTIONS),
        (Need(training, ADAPTIVE),),
        measure,
    )


def _tanh_compresses_early() -> Part:
    def measure(runs: Runs) -> Evidence | None:
        phase = fast_phase(runs.train_error)
        if phase is None:
            return None
        early = compression(runs.i_xt[:, : phase + 1])
        return hidden_average(early, f"phase to epoch {runs.epochs[phase]}")

    return Part(
        7,
        "tanh-256",
        "compression in the fast phase",
        "the fast phase lasts from the start to the window in which the training error, averaged "
        "over runs, has made 90 % of its fall; I(X;T) at its peak within the phase minus at the "
        "phase's end; mean over hidden layers and runs",
        "bits",
        Criterion(low=STRONG),
        (Need("tanh-256", ADAPTIVE),),
        measure,
    )


def _relu_returns() -> Part:
    def measure(runs: Runs) -> Evidence:
        change = net_change(runs.i_xt)
        # |mean| is lifted by noise, by less than a standard error: against the claim, if at all
        return Evidence(
            [hidden(change)], lambda row: np.abs(row).mean(axis=1), note=by_layer(change)
        )

    return Part(
        8,
        "relu-256",
        "distance of the end from the start",
        "I(X;T) at the end minus at the start, mean over runs; mean over hidden layers of its size",
        "bits",
        Criterion(high=NEAR),
        (Need("relu-256", ADAPTIVE),),
        measure,
    )


def _elu_swaps() -> list[Part]:
    def fall(runs: Runs) -> Evidence:
        note = f"trough at epoch {epochs_at(runs, trough(runs.i_xt))}"
        return hidden_average(fall_first(runs.i_xt), note)

    def rise_xt(runs: Runs) -> Evidence:
        return hidden_average(rise_from(runs.i_xt, trough(runs.i_xt)))

    def rise_ty(runs: Runs) -> Evidence:
        return hidden_average(rise_from(runs.i_ty, trough(runs.i_xt)))

    needs = (Need("elu-256", ADAPTIVE),)
    return [
        Part(
            9,
            "elu-256",
            "I(X;T) falls first",
            "fall of I(X;T) from the start to its trough, minus its rise from the start to the "
            "highest point before the trough; mean over hidden layers and runs",
            "bits",
            Criterion(low=VISIBLE),
            needs,
            fall,
        ),
        Part(
            9,
            "elu-256",
            "then I(X;T) rises",
            "I(X;T) at the end minus at its trough; mean over hidden layers and runs",
            "bits",
            Criterion(low=VISIBLE),
            needs,
            rise_xt,
        ),
        Part(
            9,
            "elu-256",
            "and I(T;Y) with it",
            "I(T;Y) at the end minus at the trough of I(X;T); mean over hidden layers and runs",
            "bits",
            Criterion(low=FITTED),
            needs,
            rise_ty,
        ),
    ]


def _runs_differ(training: str) -> Part:
    def measure(runs: Runs) -> Evidence:
        plane = runs.plane[:, :, :-1]  # hidden layers
        mean_square = np.square(plane).mean(axis=(1, 2, 3))
        sample = np.column_stack([plane.reshape(len(runs), -1), mean_square])

        def of(row: Floats) -> Floats:
            path = row[:, :-1].reshape(-1, *plane.shape[1:])
            return spread(path, row[:, -1], len(runs))

        return Evidence([sample], of)

    return Part(
        11,
        training,
        "spread between runs over that along the mean path",
        "standard deviation over runs, over standard deviation over windows of the mean path, both "
        "in root mean square over hidden layers and the axes I(X;T)/H(X) and I(T;Y)/H(Y)",
        "ratio",
        Criterion(low=APART),
        (Need(training, ADAPTIVE),),
        measure,
    )


def _compresses_somewhere(training: str) -> Part:
    return Part(
        13,
        training,
        "compression in some hidden layer",
        "I(X;T) minus I(X;T) at the end, in the window and hidden layer in which the mean of the "
        "other half of the runs is largest; mean over runs",
        "bits",
        Criterion(low=VISIBLE),
        (Need(training, ADAPTIVE),),
        lambda runs: average(
            held_out_largest(drops(hidden(runs.i_xt))), by_layer(compression(runs.i_xt))
        ),
    )
