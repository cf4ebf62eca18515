"""Schedules: which epochs to measure, or to keep."""

from collections.abc import Iterable
from operator import index

import numpy as np
from numpy.typing import NDArray

from mibench.digits import whole_number
from mibench.errors import InputError, some

# The default for estimators whose cost grows with the number of pairs of inputs.
QUADRATIC_SCHEDULE = "log:50"


def epochs_of(schedule: str, last: int) -> NDArray[np.int64]:
    """The epochs of a schedule, in ascending order.

    "every"; "log:50", about 50 epochs that are evenly spaced in their logarithm; or a list such as
    "0,10,100". Except for a list, epochs 0 and `last` are included.
    Raises InputError for anything else, and for epochs beyond `last`.

    >>> epochs_of("log:4", 1000)
    array([   0,    1,   10,  100, 1000])
    """
    if schedule == "every":
        return np.arange(last + 1)
    kind, _, text = schedule.partition(":")
    count = whole_number(text)
    if kind == "log" and count:
        if count >= last:
            return np.arange(last + 1)
        spaced = np.geomspace(1, last, count)
        return np.unique(np.concatenate([[0, last], np.round(spaced)])).astype(np.int64)
    listed = [whole_number(number.strip()) for number in schedule.split(",")]
    if None in listed:
        raise InputError(f"epochs {schedule!r}: give every, log:50, or a list such as 0,10,100")
    epochs = np.unique(np.array(listed, np.int64))
    if epochs[-1] > last:
        raise InputError(
            f"epochs {schedule!r}: trained are epochs 0 to {last}; train more, or choose among them"
        )
    return epochs


def as_schedule(epochs: str | int | Iterable[int]) -> str:
    """The schedule of a list of epochs; a schedule stays as it is. Raises InputError for others.

    >>> as_schedule([0, 10]), as_schedule("log:50")
    ('0,10', 'log:50')
    """
    if isinstance(epochs, str):
        return epochs
    try:
        numbers = [index(epoch) for epoch in np.atleast_1d(np.asarray(epochs)).tolist()]
    except (TypeError, ValueError):
        numbers = []
    if not numbers:
        raise InputError(f"epochs {epochs!r}: give every, log:50, or a list such as 0,10,100")
    return ",".join(map(str, numbers))


def positions_of(schedule: str, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions of the epochs of a schedule among those that there are, in ascending order.

    numbers: the epochs that there are, ascending. Of "log:50", the nearest ones are chosen.

    >>> positions_of("log:3", np.array([0, 5, 12, 40, 50, 100])), positions_of("5, 40", [0, 5, 40])
    (array([0, 2, 5]), array([1, 2]))
    """
    numbers = np.asarray(numbers)
    last = int(numbers[-1])
    if schedule == "every" or len(numbers) == last + 1:  # all of them
        return epochs_of(schedule, last) if schedule != "every" else np.arange(len(numbers))
    epochs = epochs_of(schedule, last)
    if not schedule.startswith("log:"):
        missing = np.setdiff1d(epochs, numbers)
        if len(missing):
            raise InputError(
                f"epochs {schedule!r}: epoch {missing[0]} is not among those that were kept or "
                f"logged: {some(map(str, numbers.tolist()))}"
            )
        return np.searchsorted(numbers, epochs)
    distances = np.abs(numbers[:, np.newaxis] - epochs)
    return np.unique(distances.argmin(axis=0))
