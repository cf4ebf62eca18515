"""Tests whether columns are independent of one target: all of them with the same random orders."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..contract.base import Estimator
from ..contract.flags import no_p_value
from ..contract.rows import are_serial
from ..contract.variables import Variable
from ..errors import InputError, message_of
from ..foreign import contained
from ..running.permutations import (
    EQUAL,
    FEWEST,
    STOP_AFTER,
    estimates_of_orders,
    orders_of_rows,
)
from ..types import SupportsEstimate

ORDERS_AT_ONCE = 2**21  # rows of all orders that are kept at a time
FIRST_ORDERS = 64  # most columns that are independent need no more
MOST = 100_000  # orders, if the user gives no number


@dataclass(eq=False)
class TargetTest:
    """The test of one column.

    Attributes:
        x: The column, on the rows that the target has too.
        y: The target on these rows.
        made: How many estimates from permuted rows were made.
        as_large: How many of them were as large as that of the rows as they are.
        failure: Why there is no p-value.
    """

    x: Variable
    y: Variable
    threshold: float = 0.0
    made: int = 0
    as_large: int = 0
    most: int = 0
    failure: str = ""

    @property
    def p_value(self) -> float | None:
        """As `NullDistribution.p_value`; 1 for a constant side, which is independent of all."""
        if self.x.constant or self.y.constant:
            return 1.0
        if self.failure or not self.made:
            return None
        if self.as_large == STOP_AFTER and self.made < self.most:
            return self.as_large / self.made
        return (1 + self.as_large) / (1 + self.made)

    @property
    def flags(self) -> dict[str, str]:
        """The flag of a test that failed."""
        return dict([no_p_value(self.failure)]) if self.failure else {}

    def take(self, estimates: Sequence[float]) -> bool:
        """Count estimates from permuted rows. Returns whether more are needed."""
        for nats in estimates:
            self.made += 1
            self.as_large += nats >= self.threshold
            if self.as_large == STOP_AFTER:
                return False
        return self.made < self.most


def orders_for(columns: int) -> int:
    """How many orders let one column of so many reach a q-value of 0.05: at least 999."""
    return min(max(999, 20 * columns - 1), MOST)


def run_tests(
    tester: SupportsEstimate,
    tests: Sequence[TargetTest],
    permutations: int | None,
    seed: int = 0,
) -> Iterator[int]:
    """Fill in each test, by up to so many orders of the target's rows.

    The p-values are those of `mibench.estimate(x, y, tester, permutations=..., seed=...)`. Columns
    with the same number of rows share the orders.

    Args:
        tester: The estimator whose estimates are compared.
        tests: One for each column. They are changed.
        permutations: The most orders. None: `orders_for` these columns, or all shifts in time if a
            series has fewer.
        seed: Of the orders.

    Yields:
        The number of columns whose test has ended.
    """
    most = permutations or orders_for(len(tests))
    groups: dict[tuple[int, bool], list[TargetTest]] = defaultdict(list)
    for test in tests:
        if not (test.x.constant or test.y.constant):
            groups[test.x.n, are_serial(test.x, test.y)].append(test)
    left = sum(map(len, groups.values()))
    for (n, serial), group in groups.items():
        wanted = min(most, n - 1) if serial and permutations is None else most
        left -= len(group)
        for alive in _test_group(tester, group, n, wanted, seed, serial):
            yield len(tests) - left - alive
    yield len(tests)


def _test_group(
    tester: SupportsEstimate,
    group: list[TargetTest],
    n: int,
    wanted: int,
    seed: int,
    shifts: bool,
) -> Iterator[int]:
    """Test columns with the same number of rows; yields how many are not done yet."""
    orders = orders_of_rows(n, wanted, seed, shifts)
    alive = [test for test in group if _begun(tester, test, wanted)]
    size = FIRST_ORDERS
    while alive:
        yield len(alive)
        try:
            batch = list(islice(orders, size))
        except InputError as error:  # a series with too few shifts
            for test in alive:
                test.failure = str(error)
            return
        alive = [test for test in alive if _more_needed(tester, test, batch)]
        size = max(1, min(2 * size, ORDERS_AT_ONCE // n))


def _begun(tester: SupportsEstimate, test: TargetTest, wanted: int) -> bool:
    """Whether the rows as they are have an estimate, with which others can be compared."""
    if wanted < FEWEST:
        test.failure = f"{test.x.n} rows of a series have too few shifts in time for a test"
        return False
    try:
        with contained():
            if isinstance(tester, Estimator):
                nats = tester.estimate_variables(test.x, test.y).nats
            else:
                (nats,) = estimates_of_orders(tester, (test.x, test.y), [np.arange(test.x.n)])
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plug-in may raise anything
        test.failure = message_of(error)
        return False
    test.threshold, test.most = nats - EQUAL * (1 + abs(nats)), wanted
    return True


def _more_needed(
    tester: SupportsEstimate, test: TargetTest, batch: list[NDArray[np.int64]]
) -> bool:
    try:
        return test.take(estimates_of_orders(tester, (test.x, test.y), batch))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        test.failure = message_of(error)
        return False
