"""Which epochs of a training keep their weights; the others have none, to save space."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..schedule import epochs_of

if TYPE_CHECKING:
    import zarr

KEPT = "kept"  # an attribute of the group: a list of epochs; without it, all are kept


def kept_epochs(group: "zarr.Group", length: int) -> NDArray[np.int64]:
    """The epochs below `length` that keep their weights, in ascending order."""
    stored = group.attrs.get(KEPT)
    if stored is None:
        return np.arange(length)
    numbers = np.asarray(stored, np.int64)
    return numbers[numbers < length]


def epochs_to_keep(keep: str, last: int) -> NDArray[np.int64]:
    """The epochs of a schedule, with 0 and the last. Raises InputError for an invalid schedule."""
    return np.unique([0, *epochs_of(keep, last).tolist(), last])


def plan_kept(group: "zarr.Group", keep: str, first: int, last: int) -> None:
    """Record which of the epochs from `first` to `last` will keep their weights."""
    if keep == "every" and KEPT not in group.attrs:
        return
    new = epochs_to_keep(keep, last)
    group.attrs[KEPT] = [*kept_epochs(group, first).tolist(), *new[new >= first].tolist()]


def is_list_of_epochs(values: object) -> bool:
    """Whether a stored attribute lists epochs in ascending order, epoch 0 first."""
    if not isinstance(values, list) or not all(type(v) is int and 0 <= v < 2**53 for v in values):
        return False
    return values[:1] == [0] and all(a < b for a, b in pairwise(values))
