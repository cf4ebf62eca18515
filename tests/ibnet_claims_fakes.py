"""Trajectories of known shape for which every claim holds, and changes that break a claim."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

H_Y = 0.99916
LAST = 8000
U30, U100, A30 = "uniform:bins=30", "uniform:bins=100", "adaptive:bins=30"

Stages = Sequence[Sequence[float]]  # values by layer at the start, in the middle and at the end


def log_epochs(last=LAST, count=200):
    return np.unique(np.concatenate([[0], np.geomspace(1, last, count).round()])).astype(int)


def path(stages: Stages, epochs) -> np.ndarray:
    """Linear in log-epoch between the stages, constant in the last window: (epoch, layer)."""
    time = np.minimum(np.log1p(epochs) / np.log1p(0.8 * LAST), 1)
    stage_times = np.linspace(0, 1, len(stages))
    return np.stack(
        [np.interp(time, stage_times, layer) for layer in np.transpose(stages)], axis=-1
    )


def trajectories(
    planes: Mapping[str, tuple[Stages, Stages]],
    *,
    runs=30,
    epochs=None,
    seed=0,
    spread=0.3,
    noise=0.05,
    lifted: Stages | None = None,
    maxima=None,
    errors=(0.03, 0.05),
    halfway=0.1,
    related=0.0,
) -> xr.Dataset:
    """Trajectories from estimator -> (stages of I(X;T), stages of I(T;Y)).

    spread: standard deviation between runs of I(X;T), in bits, common to all layers and epochs.
    noise: standard deviation of I(X;T) from epoch to epoch; I(T;Y) has a tenth of it. lifted:
    replaces I(T;Y) under 100 uniform bins in the runs with the larger half of the maxima. halfway:
    the part of the errors that is left in the middle of the time. related: the correlation of the
    test error with the level of I(X;T) under the last estimator.
    """
    rng = np.random.default_rng(seed)
    epochs = log_epochs() if epochs is None else np.asarray(epochs)
    maxima = np.geomspace(5, 20, runs) if maxima is None else np.asarray(maxima)
    i_xt, i_ty = [], []
    for name, (xt, ty) in planes.items():
        shape = (runs, len(epochs), len(xt[0]))
        level = spread * rng.normal(size=(runs, 1, 1))
        i_xt.append(path(xt, epochs) + level + noise * rng.normal(size=shape))
        by_run = np.repeat(path(ty, epochs)[None], runs, axis=0)
        if lifted is not None and name == U100:
            by_run[maxima > np.median(maxima)] = path(lifted, epochs)
        i_ty.append(by_run + 0.1 * noise * rng.normal(size=shape))
    fall = path([[1], [halfway], [0]], epochs)[:, 0]
    run_noise = rng.normal(size=(2, runs, 1))
    if related:
        run_noise[1] *= np.sqrt(1 - related**2)
        run_noise[1] += related * level[..., 0] / spread
    run_noise *= 0.005
    train, test = (0.48 * fall + e + o for e, o in zip(errors, run_noise, strict=True))
    layers = len(i_xt[0][0, 0])
    growth = np.linspace(0.1, 1, len(epochs))[:, None] * np.linspace(0.5, 1, layers)
    return _dataset(list(planes), epochs, i_xt, i_ty, train, test, maxima[:, None, None] * growth)


def _dataset(estimators, epochs, i_xt, i_ty, train, test, maxima):
    dims = ("estimator", "run", "epoch", "layer")
    runs, _, layers = maxima.shape
    return xr.Dataset(
        {
            "i_xt": (dims, np.array(i_xt, np.float32)),
            "i_ty": (dims, np.array(i_ty, np.float32)),
            "train_error": (dims[1:3], train.astype(np.float32)),
            "test_error": (dims[1:3], test.astype(np.float32)),
            "max_activation": (dims[1:], maxima.astype(np.float32)),
        },
        coords={
            "estimator": list(estimators),
            "run": np.arange(runs),
            "epoch": epochs,
            "layer": np.arange(1, layers + 1),
        },
        attrs={"h_x_bits": 12.0, "h_y_bits": H_Y},
    )


# I(X;T) and I(T;Y) of six layers, at the start, in the middle and at the end.
FIT = (
    [0.95, 0.9, 0.7, 0.5, 0.3, 0.2],
    [0.97, 0.95, 0.9, 0.85, 0.8, 0.75],
    [0.97, 0.96, 0.95, 0.94, 0.92, 0.9],
)
HUMP = ([12, 11, 9, 7, 5, 3], [12, 11.5, 10, 8.5, 7, 5], [11.5, 10.5, 8.5, 7, 5.5, 3.5])
HIGHER_HUMP = (HUMP[0], HUMP[1], [11.2, 10, 8, 6, 4.5, 2.5])
FALL = ([12, 11.8, 11, 9, 7, 5], [11.8, 11, 9.5, 7.5, 5.5, 4], [11.7, 10.9, 9.4, 7.4, 5.4, 3.9])
FLAT = ([11.8, 11, 10, 8, 6, 4],) * 3
CORNER = ([1, 1.5, 2, 2.5, 2, 1], [2, 3, 4, 5, 4, 3], [6.5, 7, 8, 8.5, 7, 5])  # rises only
LATE = (
    [0.1, 0.1, 0.05, 0.04, 0.03, 0.02],
    [0.2, 0.2, 0.18, 0.15, 0.12, 0.1],
    [0.8, 0.78, 0.76, 0.7, 0.65, 0.6],
)
BROKEN = (
    [0.1, 0.1, 0.2, 0.2, 0.2, 0.2],
    [0.2, 0.2, 0.4, 0.4, 0.4, 0.4],
    [0.6, 0.6, 0.9, 0.9, 0.9, 0.9],
)
DIP = ([12, 11.8, 11, 9.5, 8, 5], [11.5, 10.5, 9, 7, 5, 3.5], [12, 11.5, 10.2, 8.7, 6.1, 4.5])
LAST_TWO = ([12, 11.5, 10.5, 9, 7, 5], [12, 11.5, 10.5, 9, 6, 4.5], [12, 11.5, 10.5, 9, 5, 4])
RETURN = ([7, 6, 4, 3, 2, 1.5], [6.7, 5.6, 3.6, 2.6, 1.7, 1.3], [7, 6.1, 4.1, 3.1, 2, 1.5])
LOW = ([0.5, 0.5, 0.5, 0.5, 0.5, 0.3], [1, 1, 1, 1, 1, 0.6], [2, 2, 2, 2, 2, 1])  # rises only
DIP_TY = (
    [0.96, 0.9, 0.7, 0.6, 0.5, 0.4],
    [0.96, 0.88, 0.65, 0.5, 0.4, 0.3],
    [0.97, 0.95, 0.93, 0.9, 0.85, 0.8],
)
DEEP = {5: slice(1, 6), 6: slice(0, 6)}


def layers(stages, count):
    return tuple(np.asarray(stage)[DEEP[count]] for stage in stages)


TRAININGS = {
    "tanh-full": {"planes": {U30: (HIGHER_HUMP, FIT)}, "halfway": 0.4},
    "tanh-256": {"planes": {U30: (HUMP, FIT), A30: (FALL, FIT)}},
    "relu-full": {
        "planes": {U100: (CORNER, LATE)},
        "lifted": BROKEN,
        "errors": (0.04, 0.07),
        "halfway": 0.4,
    },
    "relu-256": {
        "planes": {U100: (CORNER, LATE), U30: (LOW, BROKEN), A30: (RETURN, FIT)},
        "lifted": BROKEN,
        "errors": (0.04, 0.07),
        "spread": 1.2,
    },
    "elu-256": {"planes": {U30: (CORNER, BROKEN), A30: (DIP, DIP_TY)}, "spread": 1.2},
    "relu6-256": {"planes": {U30: (CORNER, LATE), A30: (LAST_TWO, FIT)}},
    "A": {
        "planes": {
            U100: (layers(CORNER, 5), layers(LATE, 5)),
            A30: (layers(FALL, 5), layers(FIT, 5)),
        },
        "runs": 2,
    },
    "B.1": {"planes": {A30: (layers(FALL, 5), layers(FIT, 5))}},
    "B.2": {"planes": {A30: (FALL, FIT)}},
}


def training(name: str, **changes) -> xr.Dataset:
    """One training for which the claims hold, after changes to the arguments of `trajectories`.

    Changed planes replace only those of the named estimators.
    """
    planes = TRAININGS[name]["planes"] | changes.pop("planes", {})
    seed = list(TRAININGS).index(name)
    return trajectories(**{"seed": seed} | TRAININGS[name] | changes | {"planes": planes})


def all_trainings(**changes) -> dict[str, xr.Dataset]:
    """All nine trainings, each with these changes."""
    return {name: training(name, **changes) for name in TRAININGS}
