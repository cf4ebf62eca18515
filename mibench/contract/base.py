"""The base class of estimators: checks and lays out the data, adds what every estimate has."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from ..errors import InputError
from ..types import Estimate
from . import flags
from .parameters import check_value, parameter_fields
from .variables import Variable, as_pair


class Estimator(ABC):
    """A mutual-information estimator: a frozen dataclass whose fields are its parameters.

    A subclass writes `_estimate(x, y)`, which gets both sides checked and laid out; each field's
    annotation (`Annotated[int, Field(ge=1)]`, a `Literal`, ...) is enforced when the estimator is
    made. `examples/` has a complete plug-in.

    quadratic: whether it compares all pairs of rows, so that ten times as many take about a hundred
    times as long. warm_up_with: parameters that take other compiled code than the defaults do, for
    `mibench warmup` to compile too.
    """

    quadratic: ClassVar[bool] = False
    warm_up_with: ClassVar[tuple[dict[str, Any], ...]] = ()

    def __post_init__(self) -> None:
        kind = type(self)
        for f in parameter_fields(kind):
            checked = check_value(kind, f.name, getattr(self, f.name), label=kind.__name__)
            object.__setattr__(self, f.name, checked)

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> Estimate:
        """Estimate I(X;Y) from n paired rows.

        x: (n,) or (n, dx); y: (n,) or (n, dy). Numbers, all finite; with discrete_x or discrete_y
        that side is labels of any type, and a row of several is one symbol.
        Returns an `Estimate`; read `.nats` or `.bits`, and `.flags` before you trust it.
        Raises InputError for rows that do not match, NaN, infinity or too few rows.
        """
        return self.estimate_variables(*as_pair(x, y, discrete_x, discrete_y))

    def estimate_variables(self, x: Variable, y: Variable) -> Estimate:
        """Estimate I(X;Y) from sides that `mibench.contract.variables.as_variable` has laid out.

        For many estimates on few sides: each is checked and laid out once. Otherwise as `estimate`,
        to the last bit. Raises InputError for sides of different numbers of rows.
        """
        _same_rows(x, y)
        if x.constant or y.constant:
            return _of_constant_side(x, y)
        return self._complete(self._estimate(x, y), x, y)

    def estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        """Estimate I(O;T) for each O of `others`, as for a layer T with its input and its label.

        What `[estimator.estimate_variables(o, t) for o in others]` gives, to the last bit, and
        sooner: what depends on T alone (bins, distances) is worked out once.
        """
        for o in others:
            _same_rows(o, t)
        varying = [o for o in others if not o.constant]
        if t.constant or not varying:
            return [_of_constant_side(o, t) for o in others]
        found = iter(self._estimate_each(t, varying))
        return [
            _of_constant_side(o, t) if o.constant else self._complete(next(found), o, t)
            for o in others
        ]

    def estimate_pairs(self, pairs: Sequence[tuple[Variable, Variable]]) -> list[Estimate | str]:
        """Estimate I(X;Y) for each pair of sides, as for all columns of a table.

        What `estimate_variables(x, y)` gives, to the last bit, or the text of what it raised. What
        depends on one side alone may be worked out once; pairs of the same Y should come together.
        """
        found: list[Estimate | str] = []
        for _, group in groupby(pairs, key=lambda pair: id(pair[1])):
            same = list(group)
            try:
                found += self.estimate_each(same[0][1], [x for x, _ in same])
            except (Exception, SystemExit):  # one of them: which one is found out alone
                found += [self.attempt(x, y) for x, y in same]
        return found

    def attempt(self, x: Variable, y: Variable) -> Estimate | str:
        """`estimate_variables`, or the text of what it raised."""
        try:
            return self.estimate_variables(x, y)
        except (Exception, SystemExit) as error:
            return f"{type(error).__name__}: {error}"

    def warm_up(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> None:
        """Compile or load whatever an estimate of such data needs, so that it is not timed."""
        self.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)

    @abstractmethod
    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        """The estimate for two sides of equal length, neither of them constant."""

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        """`_estimate(o, t)` for each o; an estimator that can share work on t overrides this."""
        return [self._estimate(o, t) for o in others]

    def _complete(self, found: Estimate, x: Variable, y: Variable) -> Estimate:
        """An estimate with what every estimate says."""
        if not isinstance(found, Estimate):
            raise TypeError(
                f"{type(self).__name__}._estimate returned a {type(found).__name__}, no Estimate"
            )
        notes = {**found.flags, **_common_flags(found, x.n)}
        return replace(found, flags=notes, info={**_shape(x, y), **found.info})


def _same_rows(x: Variable, y: Variable) -> None:
    if x.n != y.n:
        raise InputError(f"one side has {x.n} rows and the other {y.n}: rows must belong together")


def _of_constant_side(x: Variable, y: Variable) -> Estimate:
    return Estimate(0.0, dict([flags.constant()]), {"method": "constant side", **_shape(x, y)})


def _shape(x: Variable, y: Variable) -> dict[str, Any]:
    return {"n": x.n, "dim_x": x.dims, "dim_y": y.dims}


def _common_flags(found: Estimate, n: int) -> dict[str, str]:
    limit = math.log(n) if found.ceiling_nats is None else found.ceiling_nats
    notes: dict[str, str] = {}
    if found.nats > 0.95 * limit:
        notes.update([flags.ceiling(found.nats, limit, n)])
    if found.nats < -5e-4:  # what is shown as 0.000 needs no explanation
        notes.update([flags.negative()])
    return notes
