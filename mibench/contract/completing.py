"""What every estimate has, whatever the estimator: the flags of its rows, and common info."""

import math
from dataclasses import replace
from typing import Any

from ..types import Estimate
from . import flags
from .rows import row_flags
from .variables import Variable

SHOWN_AS_ZERO = 5e-4  # nats; tables show an estimate down to minus this as 0.000


def with_row_flags(estimate: Estimate, x: Variable, y: Variable, near_copies: bool) -> Estimate:
    """The estimate with the flags that the rows of both sides raise.

    near_copies: whether rows that are nearly copies are looked for.
    """
    raised = {} if "constant" in estimate.flags else row_flags(x, y, near_copies)
    if not raised:
        return estimate
    # A risk was learned from independent rows.
    info = {key: value for key, value in estimate.info.items() if key != "risk"}
    return replace(estimate, flags={**estimate.flags, **raised}, info=info)


def estimate_of_constant(x: Variable, y: Variable) -> Estimate:
    """The estimate where a side is constant: exactly 0."""
    return Estimate(0.0, dict([flags.constant()]), {"method": "constant side", **shape_of(x, y)})


def shape_of(x: Variable, y: Variable) -> dict[str, Any]:
    """What the info of every estimate says of the sides."""
    reasons = {name: side.reason for name, side in (("x", x), ("y", y)) if side.reason}
    shown = ", ".join(f"{name} ({reason})" for name, reason in reasons.items())
    labels = {"labels": shown} if shown else {}
    return {"n": x.n, "dim_x": x.dims, "dim_y": y.dims, **labels}


def common_flags(estimate: Estimate, n: int) -> dict[str, str]:
    """Flags of an estimate near its ceiling, log n if it gives none, or below 0."""
    ceiling = math.log(n) if estimate.ceiling_nats is None else estimate.ceiling_nats
    raised: dict[str, str] = {}
    if flags.is_near(estimate.nats, ceiling):
        raised.update([flags.ceiling(estimate.nats, ceiling, n)])
    if estimate.nats < -SHOWN_AS_ZERO:
        raised.update([flags.negative()])
    return raised
