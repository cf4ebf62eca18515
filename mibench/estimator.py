"""The base class of estimators: checks and lays out the data, adds what every estimate has."""

import math
from abc import ABC, abstractmethod
from typing import Any

from numpy.typing import ArrayLike

from . import flags
from .parameters import check_value, parameter_fields
from .types import Estimate
from .variables import Variable, as_pair


class Estimator(ABC):
    """A mutual-information estimator: a frozen dataclass whose fields are its parameters.

    A subclass writes `_estimate(x, y)`, which gets both sides checked and laid out; each field's
    annotation (`Annotated[int, Field(ge=1)]`, a `Literal`, ...) is enforced when the estimator is
    made. `examples/` has a complete plug-in.
    """

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
        a, b = as_pair(x, y, discrete_x, discrete_y)
        info = {"n": a.n, "dim_x": a.dims, "dim_y": b.dims}
        if a.constant or b.constant:
            return Estimate(0.0, dict([flags.constant()]), {"method": "constant side", **info})
        found = self._estimate(a, b)
        if not isinstance(found, Estimate):
            raise TypeError(
                f"{type(self).__name__}._estimate returned a {type(found).__name__}, no Estimate"
            )
        notes = {**found.flags, **_common_flags(found, a.n)}
        return Estimate(found.nats, notes, {**info, **found.info})

    def warm_up(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> None:
        """Compile or load whatever an estimate of such data needs, so that it is not timed."""
        self.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)

    @abstractmethod
    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        """The estimate for two sides of equal length, neither of them constant."""


def _common_flags(found: Estimate, n: int) -> dict[str, str]:
    limit: Any = found.info.get("ceiling_nats", math.log(n))
    notes: dict[str, str] = {}
    if found.nats > 0.95 * limit:
        notes.update([flags.ceiling(found.nats, limit, n)])
    if found.nats < -5e-4:  # what is shown as 0.000 needs no explanation
        notes.update([flags.negative()])
    return notes
