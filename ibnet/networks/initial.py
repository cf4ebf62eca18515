"""Each run of a setting before training: initial weights, train/test split, order of batches."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mibench.errors import InputError

from ..data.dataset import Data, stratified_split
from ..settings import LOWER_BOUNDS, UPPER_BOUNDS, Setting

Row: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RunStart:
    """The initial network of a run, its train/test split, its labels, and the key of its batches.

    parameters: (P,) float32; for each layer its weights (out, in) row by row, then its biases. If
    the networks are quantised, the ranges of the layers' activations follow, two numbers for each.
    train, test: ascending indices of the inputs. shuffle_key: decides the order of the batches.
    taught: (n,), the class that each input is taught: its label, if there is no label noise.
    unit_key: decides dropout and noise of hidden units.
    """

    parameters: Row
    train: NDArray[np.int64]
    test: NDArray[np.int64]
    shuffle_key: np.uint64
    taught: NDArray[np.int64]
    unit_key: np.uint64


def make_run_start(setting: Setting, data: Data, run: int) -> RunStart:
    """Return the start of run number `run`: the same for any number of runs, jobs and epochs."""
    seeds = np.random.SeedSequence([setting.seed, run]).spawn(5)
    weights, _, batches, noise, units = seeds
    train, test = split_of_run(setting, data, run)
    parameters = initial_parameters(setting, np.random.default_rng(weights))
    key = np.uint64(batches.generate_state(1, np.uint64)[0])
    taught = _with_noise(data, train, setting.label_noise, np.random.default_rng(noise))
    unit_key = np.uint64(units.generate_state(1, np.uint64)[0])
    return RunStart(parameters, train, test, key, taught, unit_key)


def split_of_run(
    setting: Setting, data: Data, run: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the train and of the test inputs of a run, ascending."""
    _, seed = np.random.SeedSequence([setting.seed, run]).spawn(2)
    return stratified_split(data.labels, setting.test_fraction, np.random.default_rng(seed))


def _with_noise(
    data: Data, train: NDArray[np.int64], share: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The labels, of which this share of the training inputs is replaced by other classes."""
    labels = data.labels.copy()
    chosen = rng.permutation(train)[: round(share * len(train))]
    labels[chosen] = (labels[chosen] + rng.integers(1, data.classes, len(chosen))) % data.classes
    return labels


def initial_parameters(setting: Setting, rng: np.random.Generator) -> Row:
    """Draw weights from the distribution `setting.init`, with biases 0: (P,) float32.

    The ends of ranges that the activation function leaves open are 0; epoch 0 sets them.
    """
    parts: list[NDArray[np.float64]] = []
    for fan_in, fan_out in pairwise(setting.layers):
        shape = fan_in * fan_out
        if setting.init == "truncated-normal":
            uniform = rng.uniform(ndtr(-2.0), ndtr(2.0), shape)
            weights = ndtri(uniform) / np.sqrt(fan_out)
        elif setting.init == "he":
            weights = rng.normal(0.0, np.sqrt(2 / fan_in), shape)
        else:
            limit = np.sqrt(6 / (fan_in + fan_out))
            weights = rng.uniform(-limit, limit, shape)
        parts += [weights, np.zeros(fan_out)]
    if setting.quantize:
        ends = [bounds.get(setting.activation, 0.0) for bounds in (LOWER_BOUNDS, UPPER_BOUNDS)]
        parts += [np.array(ends)] * (len(setting.layers) - 2) + [np.array([0.0, 1.0])]
    return np.concatenate(parts).astype(np.float32)


def check_layers_fit_data(setting: Setting, data: Data) -> None:
    """Raise InputError unless the layers begin with the data's inputs and end with its classes."""
    first, last = setting.layers[0], setting.layers[-1]
    if first != data.dims:
        raise InputError(
            f"layers={_dashed(setting)} begins with {first} inputs, but {data.name} has "
            f"{data.dims}: begin with {data.dims}"
        )
    if last != data.classes:
        raise InputError(
            f"layers={_dashed(setting)} ends with {last} classes, but {data.name} has "
            f"{data.classes}: end with {data.classes}"
        )


def _dashed(setting: Setting) -> str:
    return "-".join(map(str, setting.layers))
