"""Estimates and tests of pairs of columns given further columns, on the rows that all have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..contract.base import Estimator
from ..contract.conditions import TAKE_NUMBERS, Conditions, conditions_of
from ..contract.given import GivenEstimator, takes_numbers_as_given
from ..contract.variables import Variable, as_variable
from ..errors import InputError, message_of
from ..running.processes import in_processes
from ..types import SupportsEstimate
from .gaps import Column, SidesOfPairs, side_by_side
from .pair_batches import ColumnPair, EstimateOrError
from .pair_tests import Tested

# The pair, its two sides, and the Z of the same rows; or why it cannot be estimated.
SidesGiven = tuple[ColumnPair, tuple[Variable, Variable, Conditions] | str]


@dataclass
class GivenColumns:
    """Z: the columns that are given.

    Attributes:
        columns: at least one.
        present: (n,), where all of them have a value.
    """

    columns: Sequence[Column]
    present: NDArray[np.bool_]
    _made: dict[bytes, Conditions] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: Sequence[Column]) -> "GivenColumns":
        """The columns, and where all are present. Raises InputError for fewer than two rows."""
        present = np.logical_and.reduce([column.present for column in columns])
        if present.sum() < 2:
            names = ", ".join(repr(column.name) for column in columns)
            raise InputError(
                f"given: {int(present.sum())} rows have a value in each of {names}: give columns "
                "with fewer missing values"
            )
        return cls(columns, present)

    def check(self, *estimators: SupportsEstimate) -> None:
        """Raise InputError if an estimator has no MI given such columns."""
        for estimator in estimators:
            if not isinstance(estimator, Estimator):
                GivenEstimator(estimator, self.on(self.present))  # raises
            numbers = [column.name for column in self.columns if not column.label]
            if numbers and not takes_numbers_as_given(estimator):
                raise InputError(
                    f"{estimator!r} has no MI given numbers, and column {numbers[0]!r} holds them: "
                    f"use {TAKE_NUMBERS}, or declare the column labels"
                )

    def on(self, used: NDArray[np.bool_]) -> Conditions:
        """Z on some rows, where all columns are present."""
        key = np.packbits(used).tobytes()
        if key not in self._made:
            kinds: list[Variable | None] = []
            for label in (False, True):
                values = [c.values[used] for c in self.columns if c.label == label]
                kinds.append(
                    as_variable(side_by_side(values, label), "given", label) if values else None
                )
            self._made = {key: conditions_of(kinds[0], kinds[1], len(self.columns))}
        return self._made[key]


@dataclass(frozen=True)
class TestedGiven:
    """An estimator of I(X;Y|Z), the one whose estimates test it, and how many permutations."""

    estimator: SupportsEstimate
    tester: SupportsEstimate
    permutations: int | None
    seed: int


def estimate_places_given(
    sides: SidesOfPairs, given: GivenColumns, places: Sequence[ColumnPair], tested: TestedGiven,
    jobs: int,
) -> Iterator[dict[ColumnPair, EstimateOrError]]:  # fmt: skip
    """The estimates of these pairs of columns given Z, with p-values if they are tested."""

    def died(item: SidesGiven, message: str) -> tuple[ColumnPair, EstimateOrError]:
        return item[0], message

    items = ((place, _sides_given(sides, given, place)) for place in places)
    for place, estimate_or_error in in_processes(
        partial(_estimate, tested), items, jobs, failed=died
    ):
        yield {place: estimate_or_error}


def _sides_given(
    sides: SidesOfPairs, given: GivenColumns, place: ColumnPair
) -> tuple[Variable, Variable, Conditions] | str:
    x, y = sides.columns[place[0]], sides.columns[place[1]]
    sides.rows[place] = 0
    if isinstance(x, str):
        return x
    if isinstance(y, str):
        return y
    used = x.present & y.present & given.present
    sides.rows[place] = int(used.sum())
    try:
        return x.on(used), y.on(used), given.on(used)
    except InputError as error:
        return str(error)


def _estimate(tested: TestedGiven, item: SidesGiven) -> tuple[ColumnPair, EstimateOrError]:
    place, sides_or_error = item
    if isinstance(sides_or_error, str):
        return place, sides_or_error
    x, y, z = sides_or_error
    try:
        estimate = GivenEstimator(tested.estimator, z).estimate_variables(x, y)
        judged = estimate
        if tested.permutations is not None and tested.tester is not tested.estimator:
            judged = GivenEstimator(tested.tester, z).estimate_variables(x, y)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plug-in may raise anything
        return place, message_of(error)
    test = Tested(GivenEstimator(tested.tester, z), tested.permutations, tested.seed)
    result = test.test(x, y, judged)
    if isinstance(result, str):
        return place, result
    told = {code: text for code, text in result.flags.items() if code not in judged.flags}
    return place, replace(estimate, p_value=result.p_value, flags={**estimate.flags, **told})
