"""Claims 10, 12, 14 and 15: binnings and activations set against each other."""

import numpy as np

from ...settings import ADAPTIVE, UNIFORM, UNIFORM_100
from .parts import (
    VISIBLE,
    Criterion,
    Evidence,
    Part,
    average,
    by_layer,
    difference,
    extreme,
    hidden_average,
)
from .runs import Need, Runs
from .statistics import compression, distance
from .windows import Floats

# "Looks like": at least twice as near to ReLU's plane as to its own under the other binning.
ALIKE = 0.5

# "Entirely different": on average a quarter of the plane's side apart, 3 of the 12 bits of I(X;T).
ENTIRELY = 0.25

# "Low": a tenth; always guessing the commoner label errs in 48 %.
LOW_ERROR = 0.1

# "Slightly": better, by fewer than five inputs in a hundred.
SLIGHTLY = 0.05

# Setting of each training whose errors are asked for: any estimator of it will do.
ANY = {
    "tanh-full": UNIFORM, "tanh-256": UNIFORM, "relu-full": UNIFORM_100, "relu-256": UNIFORM_100,
    "elu-256": UNIFORM, "relu6-256": UNIFORM, "A": UNIFORM_100, "B.1": ADAPTIVE, "B.2": ADAPTIVE,
}  # fmt: skip


def contrast_parts() -> list[Part]:
    """The parts of claims 10, 12, 14 and 15."""
    return [
        _relu6_like_relu(),
        *_relu6_adaptive(),
        _binnings_differ(),
        *(_error_is_low(training) for training in ANY),
        *(_tanh_generalises(batch) for batch in ("full", "256")),
        *(_uniform_is_lower(training) for training in ("relu-256", "elu-256")),
    ]


def _relu6_like_relu() -> Part:
    def measure(uniform: Runs, adaptive: Runs, relu: Runs) -> Evidence:
        common = np.intersect1d(np.intersect1d(uniform.labels, adaptive.labels), relu.labels)
        planes = [runs.plane[:, np.isin(runs.labels, common)] for runs in (uniform, adaptive, relu)]
        shape = planes[0].shape[1:]
        flat = [plane.reshape(len(plane), -1) for plane in planes]
        both = np.hstack(flat[:2])  # of the same networks: drawn together

        def of(relu6_row: Floats, relu_row: Floats) -> Floats:
            u, a = (half.reshape(-1, *shape) for half in np.hsplit(relu6_row, 2))
            return distance(u, relu_row.reshape(-1, *shape)) / distance(u, a)

        return Evidence([both, flat[2]], of)

    return Part(
        10,
        "relu6-256, uniform:bins=30",
        "distance to relu-256 over that to its own adaptive plane",
        "between mean planes (x = I(X;T)/H(X), y = I(T;Y)/H(Y)): root mean square distance over "
        f"windows and layers to relu-256 under {UNIFORM_100}, over that to relu6-256 under "
        f"{ADAPTIVE}",
        "ratio",
        Criterion(high=ALIKE),
        (Need("relu6-256", UNIFORM), Need("relu6-256", ADAPTIVE), Need("relu-256", UNIFORM_100)),
        measure,
    )


def _relu6_adaptive() -> list[Part]:
    lost = "I(X;T) at its peak minus at the end, mean over runs; "
    needs = (Need("relu6-256", ADAPTIVE),)
    return [
        Part(
            10,
            "relu6-256, adaptive:bins=30",
            "the last two hidden layers compress",
            f"{lost}the smaller of the last two hidden layers",
            "bits",
            Criterion(low=VISIBLE),
            needs,
            lambda runs: extreme(
                compression(runs.i_xt)[:, -3:-1], "smallest", by_layer(compression(runs.i_xt))
            ),
        ),
        Part(
            10,
            "relu6-256, adaptive:bins=30",
            "the other hidden layers do not",
            f"{lost}the largest of the hidden layers but the last two",
            "bits",
            Criterion(high=VISIBLE),
            needs,
            lambda runs: extreme(compression(runs.i_xt)[:, :-3], "largest"),
        ),
    ]


def _binnings_differ() -> Part:
    def measure(uniform: Runs, adaptive: Runs) -> Evidence:
        common = np.intersect1d(uniform.labels, adaptive.labels)
        planes = [runs.plane[:, np.isin(runs.labels, common)] for runs in (uniform, adaptive)]
        return average(distance(*planes))

    return Part(
        12,
        "A",
        "distance between the planes of the two binnings",
        "root mean square distance, over windows and layers, of a run's paths under "
        f"{UNIFORM_100} and {ADAPTIVE} (x = I(X;T)/H(X), y = I(T;Y)/H(Y)); mean, least and "
        "largest run",
        "sides",
        Criterion(low=ENTIRELY),
        (Need("A", UNIFORM_100), Need("A", ADAPTIVE)),
        measure,
        each=True,
        min_runs=1,
    )


def _error_is_low(training: str) -> Part:
    def measure(runs: Runs) -> Evidence:
        ends = np.column_stack([runs.train_error[:, -1], runs.test_error[:, -1]])
        train, test = ends.mean(axis=0)
        return extreme(ends, "largest", f"train {train:.1%}, test {test:.1%}")

    two_runs = training == "A"
    return Part(
        14,
        training,
        "error at the end",
        "0-1 error in the last window, mean over runs; the larger of train and test"
        + ("; least and largest run" if two_runs else ""),
        "share",
        Criterion(high=LOW_ERROR),
        (Need(training, ANY[training]),),
        measure,
        each=two_runs,
        min_runs=1 if two_runs else 3,
    )


def _tanh_generalises(batch: str) -> Part:
    return Part(
        14,
        f"relu-{batch} minus tanh-{batch}",
        "ReLU's test error above tanh's",
        "test error in the last window, mean over ReLU runs minus mean over tanh runs",
        "share",
        Criterion(0, SLIGHTLY),
        (Need(f"relu-{batch}", UNIFORM_100), Need(f"tanh-{batch}", UNIFORM)),
        lambda relu, tanh: difference(relu.test_error[:, -1], tanh.test_error[:, -1]),
    )


def _uniform_is_lower(training: str) -> Part:
    def measure(uniform: Runs, adaptive: Runs) -> Evidence:
        uniform_mean, adaptive_mean = (runs.i_xt.mean(axis=1) for runs in (uniform, adaptive))
        gap = adaptive_mean - uniform_mean  # (run, layer): I(X;T) = H(T)
        return hidden_average(gap)

    return Part(
        15,
        training,
        "entropy that uniform bins miss",
        f"H(T) = I(X;T) under {ADAPTIVE} minus under {UNIFORM}; mean over windows, hidden layers "
        "and runs",
        "bits",
        Criterion(low=VISIBLE),
        (Need(training, UNIFORM), Need(training, ADAPTIVE)),
        measure,
    )
