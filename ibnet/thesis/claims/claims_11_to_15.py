"""Claims 11 to 15: differences between runs, and comparisons of binnings and of activations."""

import numpy as np

from ...settings import ADAPTIVE, UNIFORM, UNIFORM_100
from .bootstrap import resampled_medians
from .parts import (
    VISIBLE_BITS,
    ClaimPart,
    Criterion,
    Evidence,
    average,
    by_layer,
    hidden,
    hidden_average,
)
from .planes import common_windows
from .runs import CompleteRuns, Source
from .statistics import compression, distance, drops, spread
from .windows import Floats, held_out_largest

# "Differ strongly": two runs at one epoch are at least half as far apart as two (log) times on the
# mean path. So a single run cannot stand for the mean.
MIN_SPREAD_RATIO = 0.5


def claim_11() -> list[ClaimPart]:
    """Single runs differ strongly from each other under adaptive bins."""
    return [_runs_differ(training) for training in ("relu-256", "elu-256")]


def _runs_differ(training: str) -> ClaimPart:
    def measure(runs: CompleteRuns) -> Evidence:
        plane = runs.plane[:, :, :-1]  # hidden layers
        mean_square = np.square(plane).mean(axis=(1, 2, 3))
        sample = np.column_stack([plane.reshape(len(runs), -1), mean_square])

        def value_of(row: Floats) -> Floats:
            path = row[:, :-1].reshape(-1, *plane.shape[1:])
            return spread(path, row[:, -1], len(runs))

        return Evidence([sample], value_of)

    return ClaimPart(
        11,
        training,
        "spread between runs, relative to that along the mean path",
        "standard deviation over runs divided by the standard deviation over windows of the mean "
        "path, each as root mean square over hidden layers and both axes, I(X;T)/H(X) and "
        "I(T;Y)/H(Y)",
        "ratio",
        Criterion(low=MIN_SPREAD_RATIO),
        (Source(training, ADAPTIVE),),
        measure,
    )


# "Entirely different": on average a quarter of the plane's side apart, 3 of the 12 bits of I(X;T).
MIN_PLANE_DISTANCE = 0.25


def claim_12() -> list[ClaimPart]:
    """The 12-12-12-12-12-2 ReLU network looks entirely different under the two binnings."""

    def measure(uniform: CompleteRuns, adaptive: CompleteRuns) -> Evidence:
        return average(distance(*common_windows(uniform, adaptive)))

    return [
        ClaimPart(
            12,
            "A",
            "distance between the planes of the two binnings",
            "root mean square distance, over windows and layers, between a run's paths under "
            f"{UNIFORM_100} and {ADAPTIVE} (x = I(X;T)/H(X), y = I(T;Y)/H(Y)); mean over runs, "
            "with the smallest and the largest run",
            "sides",
            Criterion(low=MIN_PLANE_DISTANCE),
            (Source("A", UNIFORM_100), Source("A", ADAPTIVE)),
            measure,
            per_run=True,
            min_runs=1,
        )
    ]


def claim_13() -> list[ClaimPart]:
    """Some ReLU networks (B.1 and B.2) compress on average."""
    return [_compresses_somewhere(training) for training in ("B.1", "B.2")]


def _compresses_somewhere(training: str) -> ClaimPart:
    return ClaimPart(
        13,
        training,
        "compression in some hidden layer",
        "I(X;T) minus I(X;T) at the end, in the window and hidden layer in which the mean of the "
        "other half of the runs is largest; mean over runs",
        "bits",
        Criterion(low=VISIBLE_BITS),
        (Source(training, ADAPTIVE),),
        lambda runs: average(
            held_out_largest(drops(hidden(runs.i_xt))), by_layer(compression(runs.i_xt))
        ),
    )


# "Low": 10 %. Always answering the more frequent label would err in 48 %.
MAX_ERROR = 0.1

# "Slightly better": by fewer than five inputs in a hundred.
MAX_TEST_ERROR_GAIN = 0.05

# Beyond it, a network has learned next to nothing.
DEAD_ERROR = 0.25


def claim_14() -> list[ClaimPart]:
    """Errors end low in settings 1.1 and 1.2, and tanh generalises slightly better than ReLU."""
    low = [_error_is_low(source) for batch in BATCHES for source in _sources(batch)]
    return [*low, *(_tanh_generalises_better(batch) for batch in BATCHES)]


BATCHES = ("full", "256")


def _sources(batch: str) -> tuple[Source, Source]:
    return Source(f"relu-{batch}", UNIFORM_100), Source(f"tanh-{batch}", UNIFORM)


# Medians, because a few ReLU networks die: their error stays at 48 %, and a mean would be about
# their number.
def _error_is_low(source: Source) -> ClaimPart:
    def measure(runs: CompleteRuns) -> Evidence:
        ends = np.column_stack([runs.train_error[:, -1], runs.test_error[:, -1]])
        train, test = np.median(ends, axis=0)
        dead = (runs.train_error[:, -1] > DEAD_ERROR).sum()
        return Evidence(
            [ends],
            lambda row: row.max(axis=1),
            resampled_medians,
            f"train {train:.1%}, test {test:.1%}; {dead} of {len(runs)} runs end with a training "
            f"error above {DEAD_ERROR:.0%}",
        )

    return ClaimPart(
        14,
        source.training,
        "error at the end",
        "0-1 error in the last window, median over runs; the larger of train and test",
        "share",
        Criterion(high=MAX_ERROR),
        (source,),
        measure,
    )


def _tanh_generalises_better(batch: str) -> ClaimPart:
    def measure(relu: CompleteRuns, tanh: CompleteRuns) -> Evidence:
        samples = [runs.test_error[:, -1:] for runs in (relu, tanh)]
        means = [sample.mean() for sample in samples]
        return Evidence(
            samples,
            lambda relu, tanh: (relu - tanh)[:, 0],
            resampled_medians,
            f"means: ReLU {means[0]:.1%}, tanh {means[1]:.1%}",
            paired=True,
        )

    return ClaimPart(
        14,
        f"relu-{batch} minus tanh-{batch}",
        "ReLU's test error above tanh's",
        "test error in the last window, median over ReLU runs minus median over the tanh runs that "
        "start from the same weights",
        "share",
        Criterion(0, MAX_TEST_ERROR_GAIN),
        _sources(batch),
        measure,
    )


def claim_15() -> list[ClaimPart]:
    """Uniform bins underestimate the entropy of unbounded activations."""
    return [_uniform_is_lower(training) for training in ("relu-256", "elu-256")]


def _uniform_is_lower(training: str) -> ClaimPart:
    def measure(uniform: CompleteRuns, adaptive: CompleteRuns) -> Evidence:
        uniform_mean, adaptive_mean = (runs.i_xt.mean(axis=1) for runs in (uniform, adaptive))
        gap = adaptive_mean - uniform_mean  # (run, layer): I(X;T) = H(T)
        return hidden_average(gap)

    return ClaimPart(
        15,
        training,
        "entropy that uniform bins miss",
        f"H(T) = I(X;T) under {ADAPTIVE} minus that under {UNIFORM}; mean over windows, hidden "
        "layers and runs",
        "bits",
        Criterion(low=VISIBLE_BITS),
        (Source(training, UNIFORM), Source(training, ADAPTIVE)),
        measure,
    )
