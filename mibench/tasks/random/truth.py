"""The MI of distributions without a closed form: exact density ratios, and noisy functions."""

from collections.abc import Callable
from math import sqrt
from typing import TypeAlias

import numpy as np

from .distribution import Array, Generator

DrawnRatio: TypeAlias = Callable[[int, Generator], Array]

RELATIVE_ERROR, ABSOLUTE_ERROR = 0.005, 0.005  # the larger of both is the standard error aimed at
FIRST_ROWS, MOST_ROWS = 2**15, 2**21
AT_ONCE = 2**15  # rows, so that the memory stays small
SEED = 8191

STEPS_OF_NOISE = 24  # cells of the grid in one standard deviation of the narrowest noise
FUNCTION_ROWS, BATCHES = 2**19, 8
REACH = 9.0  # standard deviations of normal noise that are kept


def mean_log_ratio(drawn: DrawnRatio) -> tuple[float, float]:
    """I(X;Y) = E log p(x, y) / (p(x) p(y)): the mean over drawn rows, and its standard error.

    Rows are added until the standard error is at most 0.005 nats, or 0.5% of the MI.

    Args:
        drawn: a function (n, generator) -> the log ratios (n,) of rows that it draws.
    """
    rng = np.random.default_rng(SEED)
    total = squares = 0.0
    rows, goal = 0, FIRST_ROWS
    while True:
        while rows < goal:
            values = drawn(AT_ONCE, rng)
            total, squares = total + values.sum(), squares + (values**2).sum()
            rows += AT_ONCE
        mean = total / rows
        error = sqrt(max(squares / rows - mean**2, 0.0) / rows)
        if error <= max(ABSOLUTE_ERROR, RELATIVE_ERROR * mean) or rows >= MOST_ROWS:
            return max(float(mean), 0.0), error
        goal = 2 * rows


def information_of_noisy_function(
    draw: Callable[[int, Generator], tuple[Array, Array]],
) -> tuple[float, float]:
    """I(X;Y) in nats of y = f(x) + s(x) e with standard normal noise e, and its standard error.

    I = h(Y) - E log s - h(e). The density of Y is that of f(x), counted on a fine grid, convolved
    with the noise. The scale s takes few values; each has a convolution of its own.

    Args:
        draw: a function (n, generator) -> f(x) (n,) and s(x) (n,) of drawn x.
    """
    rng = np.random.default_rng(SEED)
    values, scales = draw(FUNCTION_ROWS, rng)
    whole = _information(values, scales)
    parts = [
        _information(v, s)
        for v, s in zip(np.split(values, BATCHES), np.split(scales, BATCHES), strict=True)
    ]
    return max(whole, 0.0), float(np.std(parts, ddof=1) / sqrt(BATCHES))


def _information(values: Array, scales: Array) -> float:
    from scipy.signal import fftconvolve

    levels, which = np.unique(scales, return_inverse=True)
    step = levels[0] / STEPS_OF_NOISE
    margin = REACH * levels[-1]
    low = values.min() - margin
    cells = int((values.max() + margin - low) / step) + 2
    density = np.zeros(cells)
    for level, scale in enumerate(levels):
        counts = np.bincount(((values[which == level] - low) / step).astype(int), minlength=cells)
        half = int(REACH * scale / step)
        noise = np.exp(-0.5 * (np.arange(-half, half + 1) * step / scale) ** 2)
        density += np.maximum(fftconvolve(counts, noise / noise.sum(), mode="same"), 0.0)
    density /= density.sum() * step
    positive = density[density > 0]
    entropy = -float((positive * np.log(positive)).sum() * step)
    noise_entropy = 0.5 * np.log(2 * np.pi * np.e) + np.log(scales).mean()
    return entropy - float(noise_entropy)


def table_information(table: Array) -> float:
    """I(X;Y) in nats of a table of joint probabilities (symbols of x, symbols of y)."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    x, y = np.nonzero(table)
    cells = table[x, y]
    return float((cells * (np.log(cells) - np.log(rows[x]) - np.log(columns[y]))).sum())
