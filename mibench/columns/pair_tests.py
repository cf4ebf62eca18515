"""Tests of independence of many pairs: p-values, and q-values that allow for their number."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..contract import flags
from ..contract.variables import Variable
from ..errors import message_of
from ..foreign import contained
from ..running.permutations import check_permutations, null_of_sides, with_p_value
from ..types import Estimate, SupportsEstimate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Tested:
    """An estimator, and how many permutations test each of its estimates; None for no test."""

    estimator: SupportsEstimate
    permutations: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.permutations is not None:
            check_permutations(self.permutations)

    def test(self, x: Variable, y: Variable, estimate: Estimate | str) -> Estimate | str:
        """The estimate with its p-value; with a flag instead, if the test fails.

        A constant side is independent of all others: p = 1.
        """
        if self.permutations is None or isinstance(estimate, str):
            return estimate
        if x.constant or y.constant:
            return replace(estimate, p_value=1.0)
        try:
            with contained():
                null = null_of_sides(
                    self.estimator, x, y, estimate.nats, self.permutations, seed=self.seed
                )
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # of permuted rows; the estimate must not be lost
            raised = dict([flags.no_p_value(message_of(error))])
            return replace(estimate, flags={**estimate.flags, **raised})
        return with_p_value(estimate, null)


def with_q_values(table: "pd.DataFrame", tested: bool) -> "pd.DataFrame":
    """The table with a column of q-values beside its p-values; without both if none was tested."""
    if not tested or table.empty:  # empty, if the user interrupts at once
        return table.drop(columns="p_value", errors="ignore")
    place = list(table.columns).index("p_value") + 1
    table.insert(place, "q_value", q_values(table["p_value"]))
    return table


def q_values(p_values: "pd.Series[float]") -> "pd.Series[float]":
    """The q-values of p-values (Benjamini & Hochberg 1995), NaN where there is none."""
    from scipy.stats import false_discovery_control

    values = p_values * math.nan
    known = p_values.notna()
    if known.any():
        values[known] = false_discovery_control(p_values[known])
    return values
