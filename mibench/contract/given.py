"""An estimator of I(X;Y|Z) for one Z, which everything that takes an estimator of I(X;Y) takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..types import Estimate, Interval
from .base import Estimator
from .conditions import TAKE_NUMBERS, Conditions
from .variables import Variable


def takes_numbers_as_given(estimator: object) -> bool:
    """Whether an estimator has an I(X;Y|Z) for numbers in Z, and not for labels alone."""
    return isinstance(estimator, Estimator) and (
        type(estimator)._estimate_given is not Estimator._estimate_given
    )


class GivenEstimator(Estimator):
    """`estimator` with Z fixed: its estimates are those of I(X;Y|Z).

    The rows of X and Y must be those of Z. `warm_up` may get the first rows alone.
    """

    def __init__(self, estimator: Any, conditions: Conditions) -> None:
        if not isinstance(estimator, Estimator):
            raise InputError(
                f"{type(estimator).__name__} has no conditional MI, since it is no "
                f"mibench.Estimator: use {TAKE_NUMBERS}"
            )
        self.estimator = estimator
        self.conditions = conditions

    def __repr__(self) -> str:
        return repr(self.estimator)

    def of_rows(self, rows: NDArray[np.int64]) -> "GivenEstimator":
        """The same for some rows of Z."""
        return GivenEstimator(self.estimator, self.conditions.selected(rows))

    def estimate_sides(self, x: Variable, y: Variable) -> Estimate:
        """I(X;Y|Z); see `Estimator.estimate_given`."""
        return self.estimator.estimate_given(x, y, self.conditions)

    def estimate_variables(self, x: Variable, y: Variable) -> Estimate:
        """The same as `estimate_sides`."""
        return self.estimate_sides(x, y)

    def estimate_permuted(
        self, x: Variable, y: Variable, orders: Sequence[NDArray[np.int64]]
    ) -> list[float]:
        """I(X;Y|Z) in nats for each order of the rows of Y; see `Estimator.estimate_permuted`."""
        return self.estimator.estimate_permuted_given(x, y, self.conditions, orders)

    def tested_by(self, tests: int = 1) -> Estimator:
        """The estimator that the estimator names, given the same Z."""
        tester = self.estimator.tested_by(tests)
        return self if tester is self.estimator else GivenEstimator(tester, self.conditions)

    def local_values(
        self, x: Variable, y: Variable, z: Conditions | None = None
    ) -> NDArray[np.float64]:
        """The estimate of each row in nats, given the Z of this estimator."""
        return self.estimator.local_values(x, y, self.conditions)

    def interval(self, x: Variable, y: Variable, level: float) -> Interval:
        """Raises InputError: intervals were learned for I(X;Y) alone."""
        raise InputError(
            "there is no interval for the true I(X;Y|Z): leave interval out, or give "
            'interval="sampling" for the sampling error alone, or permutations for a p-value'
        )

    def warm_up(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        discrete_x: bool = False,
        discrete_y: bool = False,
        rows: int | None = None,
    ) -> None:
        """Compile all that an estimate of such data needs; x and y may be their first rows."""
        first = np.arange(np.shape(x)[0])
        of_first = self.of_rows(first)
        of_first.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        return self.estimate_sides(x, y)
