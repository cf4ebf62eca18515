"""Averages trajectories over windows of log-epoch, and finds peaks without bias from noise.

A window spans a quarter of an octave of epochs, counted back from the last epoch E. The last window
holds the epochs in (E / 2^(1/4), E], of 8000 epochs the last 1273; the window before it holds those
in (E / 2^(2/4), E / 2^(1/4)], and so on. The initial network, epoch 0, is its own window. In a
window, the measured epochs are averaged. "Start" means epoch 0 and "end" means the last window.

The maximum of a noisy series lies above the underlying curve. So a peak that is taken from a run's
own values would make a flat series look like compression. Here the other half of the runs decides
where the peak is (the argmax of their mean; the two halves are every second run), and the run is
read at that window. If the runs are independent, a flat series then has an expected drop of exactly
0, whatever its noise. The peak could also be taken from all other runs, which has no bias either.
But if no window stands out, that choice then depends on the runs that are read, and intervals cover
67 % in place of 91 % (simulated, 40 runs of white noise).
"""

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

WINDOWS_PER_OCTAVE = 4


def window_labels(epochs: NDArray[np.integer]) -> Ints:
    """The window of each epoch (sorted, (epoch,)): 0 for the last one, -1 before it, and so on.

    The labels of two schedules with the same last epoch mean the same windows.
    """
    last = max(int(epochs[-1]), 1)
    first_trained = -int(WINDOWS_PER_OCTAVE * np.log2(last))
    back = np.floor(WINDOWS_PER_OCTAVE * np.log2(last / np.maximum(epochs, 1)))
    return np.where(epochs == 0, first_trained - 1, -back).astype(np.intp)


def window_means(values: NDArray[np.floating], labels: Ints) -> Floats:
    """The mean over the epochs of each window: (run, epoch, ...) -> (run, window, ...)."""
    starts = np.flatnonzero(np.diff(labels, prepend=labels[0] - 1))
    counts = np.diff(starts, append=len(labels))
    sums: Floats = np.add.reduceat(values, starts, axis=1, dtype=np.float64)
    return sums / counts.reshape(1, -1, *[1] * (values.ndim - 2))


def mean_of_other_half(values: Floats) -> Floats:
    """For each run the mean over the half of the runs that it is not in: (run, ...), same shape.

    The halves are the runs at even and at odd positions. Raises InputError for a single run.
    """
    if len(values) < 2:
        raise InputError(f"{len(values)} run(s): at least 2 are needed, as others choose the peak")
    means = np.empty_like(values)
    means[::2], means[1::2] = values[1::2].mean(axis=0), values[::2].mean(axis=0)
    return means


def held_out_peak(means: Floats) -> Ints:
    """The window of the peak of the other half's mean: (run, window, layer) -> (run, layer)."""
    peaks: Ints = np.argmax(mean_of_other_half(means), axis=1)
    return peaks


def held_out_largest(values: Floats) -> Floats:
    """Each run's value at the position of the largest mean of the other half: -> (run,)."""
    flat = values.reshape(len(values), -1)
    positions = np.argmax(mean_of_other_half(flat), axis=1)
    largest: Floats = flat[np.arange(len(flat)), positions]
    return largest


def values_at(means: Floats, windows: Ints) -> Floats:
    """The values (run, window, layer) at the windows (run, layer): -> (run, layer)."""
    values: Floats = np.take_along_axis(means, windows[:, None], axis=1)
    return values[:, 0]
