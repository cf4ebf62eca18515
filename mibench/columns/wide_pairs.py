"""The blocks of pairs of many columns, with an estimator that counts them together."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

import numpy as np

from ..contract.blocks import DEVICES, EstimatesBlocks, PairBlock
from ..contract.variables import Variable
from ..errors import InputError, unknown
from ..running.backends import Workers
from .gaps import Column
from .pair_keeping import Keeping
from .pair_tests import Tested

MIN_COLUMNS = 8  # of fewer, pairs one by one take no time either

_Item = tuple[int, int, int, int, Callable[[], PairBlock]]  # first, last, columns, rows, work


def check_device(device: str, tested: Tested) -> None:
    """Raise InputError for an unknown device, and for "cuda" where nothing would run on it."""
    if device not in DEVICES:
        raise InputError(unknown("device", device, DEVICES))
    blocks = isinstance(tested.estimator, EstimatesBlocks) and tested.permutations is None
    if device == "cuda" and not blocks:
        raise InputError(
            "device 'cuda' is for estimators that count pairs of columns by blocks, such as "
            "uniform and adaptive, without permutations: leave it out. Estimators by networks take "
            "a device as a parameter, such as smile:device=cuda"
        )


def whole_columns(
    tested: Tested, columns: Sequence[Column | str], device: str
) -> list[tuple[int, Variable]]:
    """The columns whose pairs are counted by blocks, with their places. Perhaps none."""
    if tested.permutations is not None or not isinstance(tested.estimator, EstimatesBlocks):
        return []
    whole = [
        (place, column.whole)
        for place, column in enumerate(columns)
        if isinstance(column, Column) and column.whole is not None
    ]
    return whole if len(whole) >= (2 if device == "cuda" else MIN_COLUMNS) else []


def blocks_of(
    estimator: EstimatesBlocks,
    variables: Sequence[Variable],
    device: str,
    workers: Workers,
    keeping: Keeping,
) -> Generator[PairBlock, None, None]:
    """The blocks of all pairs of columns: those that are kept, then the others as they finish.

    On this machine, threads of this process share a block; `workers` are for a cluster.
    """
    blocks = estimator.estimate_blocks(variables, device)
    d, n = len(variables), variables[0].n
    missing = []
    for first, last in blocks.bounds:
        kept = keeping.block(first, last)
        if kept is None or (kept.nats.shape, kept.rows) != ((last - first, d - first), n):
            missing.append((first, last))
        else:
            yield kept
    items = ((first, last, d, n, blocks.work(first, last)) for first, last in missing)
    where = Workers() if workers.scheduler is None else workers
    with closing(where.results(_estimated, items, _all_alone)) as results:
        for block, estimated in results:
            if estimated:
                keeping.keep_block(block)
            yield block


def _estimated(item: _Item) -> tuple[PairBlock, bool]:
    return item[-1](), True


def _all_alone(item: _Item, message: str) -> tuple[PairBlock, bool]:
    """A block that nothing is known of, since its worker died: its pairs are taken one by one."""
    first, last, d, n, _ = item
    shape = last - first, d - first
    later = np.arange(shape[0])[:, np.newaxis] < np.arange(shape[1])
    return PairBlock(first, last, n, np.zeros(shape), np.zeros(shape, np.uint8), [""], later), False
