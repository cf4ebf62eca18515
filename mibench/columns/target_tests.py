"""Tests whether columns are independent of one target: all of them with the same random orders."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..contract.base import Estimator
from ..contract.flags import no_p_value
from ..contract.rows import need_shifts
from ..contract.variables import Variable
from ..errors import InputError, message_of
from ..foreign import contained
from ..running.permutations import FEWEST, Comparison, estimates_of_orders, orders_of_rows
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
        comparison: With estimates from permuted rows; None before the test begins.
        failure: Why there is no p-value.
    """

    x: Variable
    y: Variable
    comparison: Comparison | None = None
    failure: str = ""

    @property
    def constant(self) -> bool:
        """Whether a side is constant, and so independent of all others."""
        return self.x.constant or self.y.constant

    @property
    def p_value(self) -> float | None:
        """As `Comparison.p_value`; 1 for a constant side."""
        if self.constant:
            return 1.0
        if self.failure or self.comparison is None or not self.comparison.made:
            return None
        return self.comparison.p_value

    @property
    def flags(self) -> dict[str, str]:
        """The flag of a test that failed."""
        return dict([no_p_value(self.failure)]) if self.failure else {}


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
        if not test.constant:
            groups[test.x.n, need_shifts(test.x, test.y)].append(test)
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
    test.comparison = Comparison.with_estimate(nats, wanted)
    return True


def _more_needed(
    tester: SupportsEstimate, test: TargetTest, batch: list[NDArray[np.int64]]
) -> bool:
    try:
        estimates = estimates_of_orders(tester, (test.x, test.y), batch)
        return test.comparison is not None and test.comparison.take(estimates)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        test.failure = message_of(error)
        return False
