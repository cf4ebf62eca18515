"""Estimates of pairs of columns in batches, which processes share."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from ..contract.base import Estimator
from ..contract.functions import as_rows
from ..contract.variables import Variable
from ..errors import message_of
from ..foreign import contained
from ..running.processes import in_processes
from ..types import Estimate, SupportsEstimate
from .gaps import SidesOfPairs
from .pair_tests import Tested

EstimateOrError: TypeAlias = Estimate | str  # a str is the message of the error
ColumnPair: TypeAlias = tuple[int, int]  # positions of two columns
# The position of the batch's first pair in the list of all pairs, and the batch's pairs; a str is
# the message of a pair that cannot be estimated.
PairBatch: TypeAlias = tuple[int, list[tuple[Variable, Variable] | str]]

PAIRS_PER_CORE = 16  # in a batch; progress is reported after each batch


def estimate_places(
    sides: SidesOfPairs, places: list[ColumnPair], tested: Tested, jobs: int
) -> Iterator[dict[ColumnPair, EstimateOrError]]:
    """The estimates of these pairs of columns, a batch at a time. Pairs of one batch may fail."""
    size = PAIRS_PER_CORE * (os.cpu_count() or 1 if jobs == 1 else 1)
    alone: list[int] = []  # pairs of a batch whose process died: one of them may be the cause

    def died(batch: PairBatch, message: str) -> tuple[int, list[EstimateOrError]]:
        start, pairs = batch
        if len(pairs) > 1:
            alone.extend(range(start, start + len(pairs)))
        return start, [pair if isinstance(pair, str) else message for pair in pairs]

    work = partial(_estimate_batch, tested)
    for starts, count in ((range(0, len(places), size), size), (alone, 1)):
        batches = _batches(sides, places, starts, count)
        for start, results in in_processes(work, batches, jobs, failed=died):
            yield dict(zip(places[start : start + count], results, strict=True))


def estimate_batch(
    tested: Tested, sides: SidesOfPairs, places: Sequence[ColumnPair]
) -> dict[ColumnPair, EstimateOrError]:
    """The estimates of these pairs of columns."""
    _, found = _estimate_batch(tested, (0, [sides.of(i, j) for i, j in places]))
    return dict(zip(places, found, strict=True))


def _batches(
    sides: SidesOfPairs, places: list[ColumnPair], starts: Iterable[int], size: int
) -> Iterator[PairBatch]:
    for start in starts:
        yield start, [sides.of(i, j) for i, j in places[start : start + size]]


def _estimate_batch(tested: Tested, batch: PairBatch) -> tuple[int, list[EstimateOrError]]:
    start, all_pairs = batch
    estimator = tested.estimator
    pairs = [pair for pair in all_pairs if not isinstance(pair, str)]
    if isinstance(estimator, Estimator):
        with contained():
            estimates = iter(estimator.estimate_pairs(pairs))
    else:
        estimates = iter([_estimate_or_error(estimator, x, y) for x, y in pairs])
    if tested.permutations is not None:
        estimates = iter([tested.test(*pair, next(estimates)) for pair in pairs])
    return start, [pair if isinstance(pair, str) else next(estimates) for pair in all_pairs]


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
