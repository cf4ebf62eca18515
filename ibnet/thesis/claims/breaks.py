"""Breaks of the data-processing inequality under uniform bins: claims 3 and 16."""

import numpy as np
from numpy.typing import NDArray

from .parts import TOLERANCE_BITS
from .statistics import excess_over_earlier
from .windows import Floats

# The thesis speaks of "some of the last hidden layers", which sometimes include the softmax.
DEEP_LAYERS = "T4 to T6"
BREAKING = (
    f"a run breaks the inequality if, in any window, I(T;Y) of any of the last layers "
    f"({DEEP_LAYERS}) is more than {TOLERANCE_BITS} bits above that of any layer closer to the "
    "input; "
)
MIN_BREAKING_SHARE = 0.5  # "breaks": in more than half of the runs
_DEEP = slice(2, None)  # of the layers from T2 on


def breaking_runs(i_ty: Floats) -> NDArray[np.bool_]:
    """The runs in which a deep layer is ever above an earlier one: (run, window, layer) -> (run,).

    The inputs are the whole population, so estimates have no sampling noise: each excess of a run
    is real, and no other run has to choose where to look. Tanh networks never have one.
    """
    return np.asarray(_excess(i_ty).max(axis=(1, 2)) > TOLERANCE_BITS)


def note_on_breaks(i_ty: Floats) -> str:
    """At the end, by deep layer: the share of runs above an earlier layer, and the mean excess."""
    ends = _excess(i_ty)[:, -1]
    layers = zip((ends > TOLERANCE_BITS).mean(axis=0), ends.mean(axis=0), strict=True)
    by_layer = (
        f"T{n} {share:.0%} of runs, {bits:+.2f} bits" for n, (share, bits) in enumerate(layers, 4)
    )
    any_layer = (ends > TOLERANCE_BITS).any(axis=1).mean()
    return (
        f"at the end {any_layer:.0%} of runs: {', '.join(by_layer)} above the lowest layer before "
        "on average"
    )


def _excess(i_ty: Floats) -> Floats:
    """Bits by which each deep layer is above the lowest layer before it: (run, window, 3)."""
    return excess_over_earlier(i_ty)[..., _DEEP]
