"""Claims 16 to 21: numbers of bins, likeness of activations, and compression and generalisation."""

import numpy as np

from ...settings import ADAPTIVE, UNIFORM, UNIFORM_100
from .bootstrap import resampled_medians, resampled_rank_correlations
from .breaks import BREAKING, MIN_BREAKING_SHARE, breaking_runs, note_on_breaks
from .parts import (
    VISIBLE_BITS,
    ClaimPart,
    Criterion,
    Evidence,
    by_layer,
    extreme,
    hidden,
    share_of_runs,
)
from .planes import between_planes, common_windows
from .runs import CompleteRuns, Source
from .statistics import compression, distance, first_below


def claim_16() -> list[ClaimPart]:
    """Under 30 uniform bins, ReLU and ELU break the data-processing inequality."""
    return [_breaks_under_30_bins(training) for training in ("relu-256", "elu-256")]


def _breaks_under_30_bins(training: str) -> ClaimPart:
    return ClaimPart(
        16,
        training,
        "breaking runs",
        f"{BREAKING}share of runs",
        "share",
        Criterion(low=MIN_BREAKING_SHARE),
        (Source(training, UNIFORM),),
        lambda runs: share_of_runs(breaking_runs(runs.i_ty), note_on_breaks(runs.i_ty)),
    )


# "Significantly different": half of what is "entirely different" in claim 12.
MIN_PLANE_DISTANCE = 0.125


def claim_17() -> list[ClaimPart]:
    """30 and 100 uniform bins give different planes of the same ReLU networks."""

    def measure(few: CompleteRuns, many: CompleteRuns) -> Evidence:
        few_plane, many_plane = common_windows(few, many)
        layers = np.sqrt(np.square(few_plane - many_plane).sum(axis=-1).mean(axis=(0, 1)))
        places = ", ".join(f"T{n} {d:.2f}" for n, d in enumerate(layers, 1))
        return between_planes(
            [few_plane, many_plane],
            distance,
            f"of single runs, by layer: {places} sides",
        )

    return [
        ClaimPart(
            17,
            "relu-256",
            "distance between the planes of 30 and of 100 bins",
            "root mean square distance over windows and layers between mean planes (x = "
            f"I(X;T)/H(X), y = I(T;Y)/H(Y)) of the same networks under {UNIFORM} and {UNIFORM_100}",
            "sides",
            Criterion(low=MIN_PLANE_DISTANCE),
            (Source("relu-256", UNIFORM), Source("relu-256", UNIFORM_100)),
            measure,
        )
    ]


# "Resembles": as "looks like" in claim 10, at most half as far away as the plane of ReLU is.
MAX_DISTANCE_RATIO = 0.5


def claim_18() -> list[ClaimPart]:
    """ELU's plane resembles that of tanh."""

    def measure(elu: CompleteRuns, tanh: CompleteRuns, relu: CompleteRuns) -> Evidence:
        planes = common_windows(elu, tanh, relu)
        near, far = (
            distance(plane.mean(axis=0), planes[1].mean(axis=0)) for plane in (planes[0], planes[2])
        )
        return between_planes(
            planes,
            lambda elu, tanh, relu: distance(elu, tanh) / distance(relu, tanh),
            f"ELU {near:.3f}, ReLU {far:.3f} sides from tanh",
        )

    return [
        ClaimPart(
            18,
            f"elu-256, {ADAPTIVE}",
            "distance to tanh-256, relative to that of relu-256",
            "root mean square distance over windows and layers between mean planes (x = "
            f"I(X;T)/H(X), y = I(T;Y)/H(Y)) under {ADAPTIVE}: from elu-256 to tanh-256, divided by "
            "that from relu-256 to tanh-256",
            "ratio",
            Criterion(high=MAX_DISTANCE_RATIO),
            tuple(Source(f"{name}-256", ADAPTIVE) for name in ("elu", "tanh", "relu")),
            measure,
        )
    ]


def claim_19() -> list[ClaimPart]:
    """ReLU6 under uniform bins shows no observable compression."""
    return [
        ClaimPart(
            19,
            f"relu6-256, {UNIFORM}",
            "no compression",
            "I(X;T) at its peak minus I(X;T) at the end, mean over runs; the largest value of the "
            "hidden layers",
            "bits",
            Criterion(high=VISIBLE_BITS),
            (Source("relu6-256", UNIFORM),),
            lambda runs: extreme(
                hidden(compression(runs.i_xt)), "largest", by_layer(compression(runs.i_xt))
            ),
        )
    ]


# "Unrelated": a rank correlation below 0.3, which explains less than a tenth of the variance.
MAX_CORRELATION = 0.3


def claim_20() -> list[ClaimPart]:
    """Compression is in general unrelated to generalisation."""
    return [_unrelated(f"{name}-256") for name in ("tanh", "relu", "elu", "relu6")]


def _unrelated(training: str) -> ClaimPart:
    def measure(runs: CompleteRuns) -> Evidence:
        totals = hidden(runs.i_xt).sum(axis=2)  # (run, window)
        lost = hidden(compression(runs.i_xt)).sum(axis=1)
        columns = [totals[:, -1], runs.test_error[:, -1], totals[:, 0], lost]
        sample = np.column_stack(columns)
        every_run = np.arange(len(runs))[None]
        rho = resampled_rank_correlations(sample, every_run)[0].reshape(4, 4)[1]
        return Evidence(
            [sample[:, :2]],
            lambda row: row[:, 1],
            resampled_rank_correlations,
            f"of I(X;T) at epoch 0 {rho[2]:+.2f}; of its fall from the peak {rho[3]:+.2f}",
        )

    return ClaimPart(
        20,
        f"{training}, {ADAPTIVE}",
        "rank correlation of I(X;T) with the test error",
        "Spearman's rank correlation, over runs, of the sum of I(X;T) over hidden layers at the "
        "end with the test error at the end: above 0 if networks that have compressed more "
        "generalise better",
        "rho",
        Criterion(-MAX_CORRELATION, MAX_CORRELATION),
        (Source(training, ADAPTIVE),),
        measure,
    )


# A training error that all networks which learn reach: 48 % is that of the more frequent label.
REACHED_ERROR = 0.1


def claim_21() -> list[ClaimPart]:
    """Error falls faster with mini-batches."""
    return [_faster(name, spec) for name, spec in (("tanh", UNIFORM), ("relu", UNIFORM_100))]


def _faster(activation: str, estimator: str) -> ClaimPart:
    def measure(full: CompleteRuns, small: CompleteRuns) -> Evidence:
        epochs = [first_below(r.train_error, REACHED_ERROR, r.epochs) for r in (full, small)]
        note = f"epochs: full {np.median(epochs[0]):.0f}, 256 {np.median(epochs[1]):.0f}"
        return Evidence(
            [reached[:, None] for reached in epochs],
            lambda full, small: (full / small)[:, 0],
            resampled_medians,
            note,
            paired=True,
        )

    return ClaimPart(
        21,
        f"{activation}-full against {activation}-256",
        "epochs that full batch takes, relative to batches of 256",
        f"the epoch at which the training error first is {REACHED_ERROR:.0%} or less; median over "
        "runs at full batch divided by the median over runs with batches of 256",
        "ratio",
        Criterion(low=1),
        (Source(f"{activation}-full", estimator), Source(f"{activation}-256", estimator)),
        measure,
    )
