"""What happens to a side before it is seen: injective maps, and columns that say nothing.

None of it changes the MI.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from .distribution import Array, Generator, draw_dims, random_rotation

Map: TypeAlias = Callable[[Array, Generator], Array]  # values (n, d), generator of the sample
Margin: TypeAlias = Callable[[Array], Array]

MOST_ADDED = 40  # columns


def draw_map(
    rng: Generator, dims: int, free: bool, margins: tuple[Margin, ...], more_maps: bool
) -> Map:
    """A map of a side: columns are added, mixed, transformed, shuffled and rescaled by chance.

    Args:
        rng: the generator of the distribution.
        dims: the number of columns.
        free: whether the columns may be mixed and transformed. Else their order and their scale
            change at most, and columns are added.
        margins: the increasing functions that columns may be transformed by.
        more_maps: whether a random invertible network and a spiral may be among the maps, and
            columns may be doubled.
    """
    steps: list[Map] = []
    added = draw_dims(rng, MOST_ADDED) if rng.random() < 0.25 else 0
    if added:
        steps.append(lambda v, rng: np.hstack([v, rng.standard_normal((len(v), added))]))
    total = dims + added
    if free and total > 1 and rng.random() < 0.35:
        steps.append(_mixing(rng, total))
    if free and more_maps and total > 1 and rng.random() < 0.25:
        steps.append(_bending(rng, total))
    if free and more_maps and total > 1 and rng.random() < 0.15:
        steps.append(_winding(rng, total))
    if free and rng.random() < 0.5:
        margin = margins[rng.integers(len(margins))]
        steps.append(lambda v, rng: margin(v))
    if more_maps and rng.random() < 0.1:
        count = int(rng.integers(1, min(total, MOST_ADDED) + 1))
        doubled = rng.choice(total, size=count, replace=False)
        steps.append(lambda v, rng: np.hstack([v, v[:, doubled]]))
        total += count
    if total > 1 and rng.random() < 0.5:
        order = rng.permutation(total)
        steps.append(lambda v, rng: v[:, order])
    if rng.random() < 0.3:
        scales = 10.0 ** rng.uniform(-3, 3, size=total)
        steps.append(lambda v, rng: v * scales)
    if free and rng.random() < 0.1:
        steps.append(lambda v, rng: v.astype(np.float32).astype(np.float64))

    def apply(values: Array, rng: Generator) -> Array:
        for step in steps:
            values = step(values, rng)
        return values

    return apply


def added_columns(mapped: Map, dims: int) -> int:
    """The number of columns after a map of `dims` columns."""
    return int(mapped(np.zeros((1, dims)), np.random.default_rng(0)).shape[1])


def _mixing(rng: Generator, dims: int) -> Map:
    """A rotation, or a matrix whose singular values differ by a factor of up to 10."""
    matrix = random_rotation(rng, dims)
    if rng.random() < 0.5:
        matrix = (matrix * 10 ** rng.uniform(-0.5, 0.5, size=dims)) @ random_rotation(rng, dims)
    return lambda values, rng: np.asarray(values @ matrix)


def _bending(rng: Generator, dims: int) -> Map:
    """A random invertible network of one layer: half the columns shift the other half.

    (a, b) -> (a, b + tanh(a W)): a is kept, and so b can be had back.
    """
    half = dims // 2
    weights = rng.standard_normal((half, dims - half)) / np.sqrt(half)

    def bend(values: Array, rng: Generator) -> Array:
        kept, shifted = values[:, :half], values[:, half:]
        return np.hstack([kept, shifted + np.tanh(kept @ weights)])

    return bend


def _winding(rng: Generator, dims: int) -> Map:
    """A spiral: two columns are turned by an angle that is proportional to the length of the row.

    A turn keeps the length, so the angle is known afterwards, and the turn can be undone.
    """
    first, second = rng.choice(dims, size=2, replace=False)
    speed = rng.uniform(0.3, 1.5) / np.sqrt(dims)  # radians for each unit of length

    def wind(values: Array, rng: Generator) -> Array:
        angles = speed * np.sqrt((values**2).sum(axis=1))
        cosines, sines = np.cos(angles), np.sin(angles)
        wound = values.copy()
        wound[:, first] = cosines * values[:, first] - sines * values[:, second]
        wound[:, second] = sines * values[:, first] + cosines * values[:, second]
        return wound

    return wind


def arcsinh(values: Array) -> Array:
    """Shortens heavy tails."""
    return np.asarray(np.arcsinh(values))


def softsign(values: Array) -> Array:
    """To the interval (-1, 1): v / (1 + |v|)."""
    return np.asarray(values / (1 + np.abs(values)))


def exponential(values: Array) -> Array:
    """Lengthens one tail: exp(v / 2); a line above 20, and a hyperbola below -20."""
    middle = np.exp(np.clip(values, -20, 20) / 2)
    above = np.exp(10) * (np.maximum(values, 20) - 20)
    below = 1 + np.maximum(-20 - values, 0)
    return np.asarray((middle + above) / below)


def signed_power(values: Array) -> Array:
    """Lengthens both tails: v sqrt(|v|)."""
    return values * np.sqrt(np.abs(values))


def cube(values: Array) -> Array:
    """Lengthens both tails much, and has slope 0 in the middle: v^3."""
    return values**3


def steps(values: Array) -> Array:
    """Steep and flat by turns: v + 0.9 sin(v)."""
    return values + 0.9 * np.sin(values)
