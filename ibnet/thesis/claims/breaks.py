"""Breaks of the data-processing inequality under uniform bins: claims 3 and 16."""

import numpy as np
from numpy.typing import NDArray

from .parts import TOLERANCE_BITS
from .statistics import excess_over_earlier
from .windows import Floats

# The thesis speaks of "some of the last hidden layers", which sometimes include the softmax.
DEEP_LAYERS = "T4 to T6"
BREAKING = (
    f"a run breaks the inequality if, at the end, I(T;Y) of any of the last layers ({DEEP_LAYERS}) "
    f"is more than {TOLERANCE_BITS} bits above that of any layer closer to the input; "
)
MIN_BREAKING_SHARE = 0.5  # "breaks": in more than half of the runs
_DEEP = slice(2, None)  # of the layers from T2 on


def breaking_runs(i_ty: Floats) -> NDArray[np.bool_]:
    """The runs that end with a deep layer above an earlier one: (run, window, layer) -> (run,).

    The inputs are the whole population, so estimates have no sampling noise: each excess of a run
    is real, and no other run has to choose where to look.
    """
    ends = excess_over_earlier(i_ty[:, -1])[:, _DEEP]
    return np.asarray(ends.max(axis=1) > TOLERANCE_BITS)


def note_on_breaks(i_ty: Floats) -> str:
    """By deep layer: the share of runs that end above an earlier layer, and the mean excess."""
    ends = excess_over_earlier(i_ty[:, -1])[:, _DEEP]
    broken = (ends > TOLERANCE_BITS).mean(axis=0)
    layers = zip(broken, ends.mean(axis=0), strict=True)
    return (
        ", ".join(
            f"T{n} {share:.0%} of runs, {bits:+.2f} bits"
            for n, (share, bits) in enumerate(layers, 4)
        )
        + " above the lowest layer before on average"
    )
