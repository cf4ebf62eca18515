"""What no true value exceeds in an information plane."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ._style import SMALL

LOOK: dict[str, Any] = {"color": "0.35", "linewidth": 0.9, "linestyle": "--", "zorder": 1.5}


@dataclass(frozen=True)
class Limit:
    """The largest I(T;Y): H(Y) if the inputs determine the labels, and otherwise I(X;Y).

    Attributes:
        name: "H(Y)" or "I(X;Y)".
        bits: its value; NaN if unknown.
        curve: (points, 2) I(X;T) and the largest I(T;Y) for it, in bits; no points if that is
            min(I(X;T), bits), or not known any better.
    """

    name: str
    bits: float
    curve: NDArray[np.float64]

    def at(self, i_xt: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest I(T;Y) of a T with these I(X;T), in bits."""
        if len(self.curve):
            return np.asarray(np.interp(i_xt, *self.curve.T))
        return np.minimum(i_xt, self.bits)

    def mark(self, axes: Axes) -> None:
        """Draw the value as a dashed line with its name; nothing if it is unknown."""
        if not np.isfinite(self.bits):
            return
        axes.axhline(self.bits, **LOOK)
        axes.annotate(
            f"${self.name}$ = {self.bits:.3g} bit",
            (0.012, self.bits),
            (0, 2),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=SMALL - 0.5,
            color="0.35",
            va="bottom",
        )

    def mark_curve(self, axes: Axes) -> None:
        """Draw the curve as a dashed line; nothing if there is none."""
        if len(self.curve):
            axes.plot(*self.curve.T, **LOOK)


def limit_of(trajectories: xr.Dataset) -> Limit:
    """The limit that trajectories record."""
    attributes = trajectories.attrs
    points = [np.atleast_1d(attributes.get(f"curve_i_{v}_bits", [])) for v in ("xt", "ty")]
    curve = np.column_stack([np.asarray(values, dtype=np.float64) for values in points])
    if "i_xy_bits" in attributes:
        return Limit("I(X;Y)", float(attributes["i_xy_bits"]), curve)
    return Limit("H(Y)", float(attributes.get("h_y_bits", np.nan)), curve[:0])
