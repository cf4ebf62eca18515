"""Which epochs to measure."""

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

QUADRATIC_SCHEDULE = "log:50"  # for estimators whose cost grows with the pairs of inputs


def epochs_of(schedule: str, last: int) -> NDArray[np.int64]:
    """The epochs of a schedule, ascending, 0 and `last` among them (but for a list).

    "every"; "log:50", about 50 evenly spaced in their logarithm; or a list, "0,10,100".
    Raises InputError for anything else, and for epochs beyond `last`.

    >>> epochs_of("log:4", 1000)
    array([   0,    1,   10,  100, 1000])
    """
    if schedule == "every":
        return np.arange(last + 1)
    kind, _, text = schedule.partition(":")
    if kind == "log" and text.isdecimal() and int(text) > 0:
        if int(text) >= last:
            return np.arange(last + 1)
        spaced = np.geomspace(1, last, int(text))
        return np.unique(np.concatenate([[0, last], np.round(spaced)])).astype(np.int64)
    parts = [part.strip() for part in schedule.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"epochs {schedule!r}: give every, log:50, or a list such as 0,10,100")
    chosen = np.unique([int(part) for part in parts])
    if chosen[-1] > last:
        raise InputError(
            f"epochs {schedule!r}: trained are epochs 0 to {last}; train more, or choose among them"
        )
    return chosen
