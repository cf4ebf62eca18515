"""Fixed points of equations for log-probabilities, several at once, with leaps between steps."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .probabilities import Float

Places = NDArray[np.int64]
Step = Callable[[Float, Places], tuple[Float, Float, tuple[Float, ...]]]
Settled = Callable[[Float, tuple[Float, ...]], NDArray[np.bool_]]

LOWEST = -690.0  # of a log-probability, just above that of the smallest float
STEPS = 3  # of the equations in a cycle
LONGEST = 4.0  # leap of the first cycle; it grows fourfold where leaps of this length succeed
RISE = 1e-3  # of what is minimised, in nats, up to which a leap is kept: later steps fall again
CELLS = 2**16  # entries of arrays that are computed together


def search(
    step: Step, state: Float, settled: Settled, iterations: int
) -> list[tuple[tuple[Float, ...], int]]:
    """Apply the equations until they change little.

    Every two steps are followed by a leap in their direction (squared extrapolation), which is
    undone if what is minimised rises by more than `RISE`.

    Args:
        step: from states (b, ...) and their places among all states to the next states, what is
            minimised (b,), and results, arrays of b entries each.
        state: (places, ...) log-probabilities to start from, which sum to 1 at each place.
        settled: from the mean square change of a step (b,) and the results to (b,) booleans.
        iterations: the most steps of each state, rounded up to cycles of three.

    Returns:
        For each place, its entries of the results and how many steps it took.

    References:
        Varadhan & Roland 2008, doi:10.1111/j.1467-9469.2007.00585.x.
    """
    results_and_steps: list[tuple[tuple[Float, ...], int]] = [((), 0)] * len(state)
    places = np.arange(len(state))
    longest = np.full(len(state), LONGEST)
    inner = tuple(range(1, state.ndim))
    wide = (slice(None), *(np.newaxis for _ in inner))
    cycles = -(-iterations // STEPS)
    for cycle in range(cycles):
        once, _, _ = step(state, places)
        twice, value, results = step(once, places)
        share = np.exp(twice)
        first, second = once - state, twice - once
        bend = second - first
        done = settled((share * second * second).sum(axis=inner), results)
        if cycle == cycles - 1:
            done = np.ones_like(done)
        for i in np.flatnonzero(done):
            results_and_steps[places[i]] = tuple(result[i] for result in results), STEPS * cycle + 2
        if done.all():
            break
        curved = np.maximum((share * bend * bend).sum(axis=inner), np.finfo(float).tiny)
        length = np.sqrt((share * first * first).sum(axis=inner) / curved)
        length = np.clip(length, 1.0, longest)
        leap = length[wide]
        ahead, value_ahead, _ = step(_normal(state + leap * (2 * first + leap * bend)), places)
        better = value_ahead <= value + RISE
        state = np.where(better[wide], ahead, twice)
        longest = np.where(length < longest, longest, length * LONGEST)
        longest = np.where(better, longest, np.maximum(length / 2, 1.0))
        if done.any():
            places, longest, state = places[~done], longest[~done], state[~done]
    return results_and_steps


def _normal(state: Float) -> Float:
    """The states whose probabilities sum to 1, each at least the smallest one."""
    inner = tuple(range(1, state.ndim))
    highest = state.max(axis=inner, keepdims=True)
    total = np.exp(state - highest).sum(axis=inner, keepdims=True)
    return np.asarray(np.maximum(state - highest - np.log(total), LOWEST))
