"""When the numbers of networks are flagged."""

import numpy as np

from mibench.contract import flags
from mibench.contract.flag_text import Flag
from mibench.contract.variables import Variable
from mibench.errors import InputError

from ..knn import KNN

LEAST, SHARE = 0.1, 0.25  # nats, and of the larger number: what differs by more than both
SHARE_OF_KNN = 0.15  # of what k-NN gives, and LEAST: what is missing then
MOST_ROWS = 5000  # for k-NN, whose time grows with the square of the rows where columns are many
# With these alone, k-NN is not too high.
HARMLESS = {"few_samples", "ceiling", "negative"}


def differ(a: float, b: float) -> bool:
    """Whether two numbers in nats differ by more than networks usually do."""
    return not abs(a - b) <= max(LEAST, SHARE * max(a, b))


def flags_of_training(
    nats: float, in_training: float, early: Flag | None, *, difference: bool
) -> dict[str, str]:
    """Flags of how training went.

    nats: on rows held out. in_training: on those that train. early: that training ended too early,
    or None. difference: of networks with X and without.
    """
    notes: dict[str, str] = {}
    if early is not None:
        notes.update([early])
    if in_training > nats and differ(in_training, nats):
        notes.update([flags.overfitted(nats, in_training, difference=difference)])
    return notes


def less_than_knn(nats: float, name: str, x: Variable, y: Variable) -> dict[str, str]:
    """The flag that k-NN gives more. As it is too low as a rule, networks have missed something.

    Fewer rows, of many, make it lower still.
    """
    if x.n > MOST_ROWS:
        numbers = y if x.discrete else x
        ordered = np.lexsort(numbers.columns)  # so that the order of the rows does not matter
        rows = ordered[np.random.default_rng(0).permutation(x.n)[:MOST_ROWS]]
        x, y = x.selected(rows), y.selected(rows)
    try:
        knn = KNN().estimate_variables(x, y)
    except InputError:  # such as labels that occur once each
        return {}
    more = knn.nats - nats > max(LEAST, SHARE_OF_KNN * knn.nats)
    said = more and knn.flags.keys() <= HARMLESS
    return dict([flags.knn_finds_more(knn.nats, nats, name)] if said else [])
