"""Estimates of pairs of columns in batches, which processes share."""

import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..contract.base import Estimator
from ..contract.functions import as_rows
from ..contract.variables import Variable
from ..errors import message_of
from ..foreign import contained
from ..running.backends import Workers
from ..types import Estimate, SupportsEstimate
from .gaps import SidesOfPairs
from .pair_tests import Tested

EstimateOrError: TypeAlias = Estimate | str  # a str is the message of the error
ColumnPair: TypeAlias = tuple[int, int]  # positions of two columns
Places: TypeAlias = NDArray[np.intp] | list[ColumnPair]  # (pairs, 2)
# Pairs of columns, and the sides of each; a str is the message of a pair that cannot be estimated.
PairBatch: TypeAlias = tuple[list[ColumnPair], list[tuple[Variable, Variable] | str]]

PAIRS_PER_CORE = 64  # at most in a batch; progress is reported, and kept, after each batch
QUICK, SLOW = 0.2, 1.0  # seconds of a batch, below which the next are larger, and above, smaller


class BatchSize:
    """How many pairs the next batch has: few where each takes long."""

    def __init__(self, most: int) -> None:
        self.pairs, self._most = 1, most

    def took(self, pairs: int, seconds: float) -> None:
        """Note how long a batch took."""
        if seconds < QUICK and pairs >= self.pairs:
            self.pairs = min(2 * self.pairs, self._most)
        elif seconds > SLOW:
            self.pairs = max(1, self.pairs // 2)


def estimate_places(
    sides: SidesOfPairs, places: Places, tested: Tested, workers: Workers
) -> Generator[dict[ColumnPair, EstimateOrError], None, None]:
    """The estimates of these pairs of columns, a batch at a time. Pairs of one batch may fail."""
    size = BatchSize(PAIRS_PER_CORE * (os.cpu_count() or 1 if workers.jobs == 1 else 1))
    again: list[ColumnPair] = []  # pairs of a batch whose process died: one may be the cause

    def died(batch: PairBatch, message: str) -> tuple[dict[ColumnPair, EstimateOrError], float]:
        pairs, of_pairs = batch
        known = {p: side for p, side in zip(pairs, of_pairs, strict=True) if isinstance(side, str)}
        if len(pairs) == 1:
            return {pairs[0]: known.get(pairs[0], message)}, 0.0
        again.extend(pair for pair in pairs if pair not in known)
        return {**known}, 0.0

    work = partial(_estimate_batch, tested)
    for todo, pairs_at_once in ((places, size), (again, BatchSize(1))):
        batches = _batches(sides, todo, pairs_at_once)
        with closing(workers.results(work, batches, died)) as results:
            for estimates, seconds in results:
                size.took(len(estimates), seconds)
                yield estimates


def _batches(sides: SidesOfPairs, places: Places, size: BatchSize) -> Iterator[PairBatch]:
    start = 0
    while start < len(places):
        pairs = [(int(i), int(j)) for i, j in places[start : start + size.pairs]]
        start += len(pairs)
        yield pairs, [sides.of(i, j) for i, j in pairs]


def _estimate_batch(
    tested: Tested, batch: PairBatch
) -> tuple[dict[ColumnPair, EstimateOrError], float]:
    """The estimates of a batch, and the seconds that they took."""
    began = time.monotonic()
    places, all_pairs = batch
    estimator = tested.estimator
    pairs = [pair for pair in all_pairs if not isinstance(pair, str)]
    if isinstance(estimator, Estimator):
        with contained():
            estimates = iter(estimator.estimate_pairs(pairs))
    else:
        estimates = iter([_estimate_or_error(estimator, x, y) for x, y in pairs])
    if tested.permutations is not None:
        estimates = iter([tested.test(*pair, next(estimates)) for pair in pairs])
    results = [pair if isinstance(pair, str) else next(estimates) for pair in all_pairs]
    return dict(zip(places, results, strict=True)), time.monotonic() - began


def _estimate_or_error(estimator: SupportsEstimate, x: Variable, y: Variable) -> EstimateOrError:
    """The estimate of an estimator that is not an `Estimator`, and so takes arrays only."""
    kinds = {"discrete_x": x.discrete, "discrete_y": y.discrete}
    try:
        with contained():
            estimate = estimator.estimate(as_rows(x), as_rows(y), **kinds)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plug-in may raise anything
        return message_of(error)
    if not isinstance(estimate, Estimate):
        kind = type(estimate).__name__
        return f"TypeError: estimate() returned a {kind}, not a mibench.Estimate"
    return estimate
