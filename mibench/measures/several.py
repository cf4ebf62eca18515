"""Total correlation, dual total correlation and O-information of a set of columns.

All are sums of the MI of one column with others, so any estimator of MI gives them. With X_-i the
columns beside X_i:

    TC = sum_i I(X_i; X_1 ... X_i-1)
    DTC = sum_i I(X_i; X_-i) - TC
    O = TC - DTC
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..columns.gaps import complete_arrays, side_by_side
from ..columns.given_table import columns_of_table, label_columns
from ..contract.base import Estimator
from ..contract.conditions import conditions_of
from ..contract.resolve import resolved_subclass
from ..contract.variables import Variable, as_variable
from ..errors import InputError, unknown
from ..types import Estimate, EstimatorLike

DEFAULT = "canonical"  # of the estimators, the one with the smallest bias at any MI


def total_correlation(
    table: Any,
    columns: Iterable[Hashable] | None = None,
    estimator: EstimatorLike = DEFAULT,
    *,
    discrete: bool | str | Iterable[Hashable] | None = None,
) -> Estimate:
    """The total correlation of columns: how far they are from independent of each other.

    TC = sum_i H(X_i) - H(X_1 ... X_d), which is 0 only for independent columns, and the MI for two.
    It is the sum of the MI of each column with those before it (see the module).

    Bias: the sum of those of the estimates. `info["terms_nats"]` has the estimates.

    Args:
        table: as in `mibench.pairwise`. Rows that miss a value are left out.
        columns: their names, two or more. None: all.
        estimator: of each MI, as in `mibench.estimate`. Numbers and labels may be mixed if it
            takes numbers and labels on its two sides.
        discrete: which columns hold labels, as in `mibench.pairwise`.

    Raises:
        InputError: for fewer than two columns, an unknown column, and bad data.

    References:
        Watanabe 1960, doi:10.1147/rd.41.0066.

    Example:
        >>> bit, other = [0, 0, 1, 1] * 25, [0, 1, 0, 1] * 25
        >>> table = {"a": bit, "b": other, "a xor b": [i ^ j for i, j in zip(bit, other)]}
        >>> round(total_correlation(table, None, "uniform:correction=none", discrete=True).bits, 2)
        1.0
    """
    return _combined(table, columns, estimator, discrete, "total correlation", 1, 0)


def dual_total_correlation(
    table: Any,
    columns: Iterable[Hashable] | None = None,
    estimator: EstimatorLike = DEFAULT,
    *,
    discrete: bool | str | Iterable[Hashable] | None = None,
) -> Estimate:
    """The dual total correlation of columns: what they share with each other.

    DTC = H(X_1 ... X_d) - sum_i H(X_i | X_-i), the part of their joint entropy that no column has
    for itself. It is the MI for two columns.

    Bias, arguments and errors: as `total_correlation`.

    References:
        Han 1978, doi:10.1016/S0019-9958(78)90275-9.

    Example:
        >>> bit, other = [0, 0, 1, 1] * 25, [0, 1, 0, 1] * 25
        >>> table = {"a": bit, "b": other, "a xor b": [i ^ j for i, j in zip(bit, other)]}
        >>> estimator = "uniform:correction=none"
        >>> round(dual_total_correlation(table, None, estimator, discrete=True).bits, 2)
        2.0
    """
    return _combined(table, columns, estimator, discrete, "dual total correlation", -1, 1)


def o_information(
    table: Any,
    columns: Iterable[Hashable] | None = None,
    estimator: EstimatorLike = DEFAULT,
    *,
    discrete: bool | str | Iterable[Hashable] | None = None,
) -> Estimate:
    """The O-information of columns: above 0 if they are redundant, below 0 if they are synergistic.

    O = TC - DTC. For three columns it is I(X;Y) - I(X;Y|Z). It is 0 for two columns.

    Bias, arguments and errors: as `total_correlation`. The sum has twice as many terms, and
    `info["terms_nats"]` shows their sizes, which an estimate near 0 should be compared with.

    References:
        Rosas, Mediano, Gastpar & Jensen 2019, doi:10.1103/PhysRevE.100.032305.

    Example:
        >>> bit, other = [0, 0, 1, 1] * 25, [0, 1, 0, 1] * 25
        >>> table = {"a": bit, "b": other, "a xor b": [i ^ j for i, j in zip(bit, other)]}
        >>> round(o_information(table, None, "uniform:correction=none", discrete=True).bits, 2)
        -1.0
    """
    return _combined(table, columns, estimator, discrete, "O-information", 2, -1)


def _combined(
    table: Any,
    columns: Iterable[Hashable] | None,
    estimator: EstimatorLike,
    discrete: bool | str | Iterable[Hashable] | None,
    measure: str,
    of_total: int,
    of_rest: int,
) -> Estimate:
    """of_total * TC + of_rest * sum_i I(X_i; X_-i)."""
    work = _Columns.of(table, columns, estimator, discrete)
    every = range(len(work.names))
    factors = [((place, tuple(range(place))), of_total) for place in every if place > 0]
    if of_rest:
        factors += [((i, tuple(j for j in every if j != i)), of_rest) for i in every]
    estimates = {term: work.information(*term) for term, _ in factors}  # the last ones are the same
    names = {term: work.name_of(*term) for term in estimates}
    raised = {
        code: f"In {names[term]}: {text}"
        for term, estimate in estimates.items()
        for code, text in estimate.flags.items()
    }
    info = {
        "measure": measure,
        "n": len(work.values[0]),
        "columns": list(work.names),
        "estimator": repr(work.estimator),
        "terms_nats": {names[term]: estimate.nats for term, estimate in estimates.items()},
    }
    return Estimate(sum(factor * estimates[term].nats for term, factor in factors), raised, info)


@dataclass(frozen=True)
class _Columns:
    """The columns of a table on the rows that all have, and the estimator."""

    names: Sequence[Hashable]
    values: Sequence[Any]
    labels: set[Hashable]
    estimator: Estimator

    @classmethod
    def of(
        cls,
        table: Any,
        chosen: Iterable[Hashable] | None,
        estimator: EstimatorLike,
        discrete: bool | str | Iterable[Hashable] | None,
    ) -> "_Columns":
        names, arrays, by_type = columns_of_table(table, "such measures", 2)
        labels = label_columns(discrete, names) | (set() if discrete is False else by_type)
        values = dict(zip(names, arrays, strict=True))
        wanted = list(names if chosen is None else chosen)
        for name in wanted:
            if name not in values:
                raise InputError(f"columns: {unknown('column', str(name), map(str, names))}")
        if len(set(wanted)) < max(2, len(wanted)):
            raise InputError(f"columns: give two or more different ones, not {wanted!r}")
        whole = complete_arrays([values[name] for name in wanted], "leave out a column")
        for name, column in zip(wanted, whole, strict=True):
            as_variable(column, f"column {name!r}", name in labels)  # refuses bad values by name
        return cls(wanted, whole, labels, resolved_subclass(estimator))

    def name_of(self, place: int, others: Sequence[int]) -> str:
        """The name of a term."""
        return f"I({self.names[place]}; {', '.join(str(self.names[j]) for j in others)})"

    def information(self, place: int, others: Sequence[int]) -> Estimate:
        """I(X_i; others), which is I(X_i; labels) + I(X_i; numbers | labels)."""
        side = self._side([place])
        labels = [j for j in others if self.names[j] in self.labels]
        numbers = [j for j in others if self.names[j] not in self.labels]
        if not labels or not numbers:
            return self.estimator.estimate_variables(side, self._side(others))
        of_labels = self._side(labels)
        first = self.estimator.estimate_variables(side, of_labels)
        given = conditions_of(None, of_labels, len(labels))
        more = self.estimator.estimate_given(side, self._side(numbers), given)
        return Estimate(first.nats + more.nats, {**first.flags, **more.flags})

    def _side(self, places: Sequence[int]) -> Variable:
        """Columns of one kind as a side."""
        label = self.names[places[0]] in self.labels
        name = ", ".join(f"column {self.names[j]!r}" for j in places)
        return as_variable(side_by_side([self.values[j] for j in places], label), name, label)
