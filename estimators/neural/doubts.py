"""When the numbers of networks are flagged."""

from mibench.contract import flags
from mibench.contract.flag_text import Flag

LEAST, SHARE = 0.1, 0.25  # nats, and of the larger number: what differs by more than both


def differ(a: float, b: float) -> bool:
    """Whether two numbers in nats differ by more than networks usually do."""
    return not abs(a - b) <= max(LEAST, SHARE * max(a, b))


def flags_of_training(nats: float, in_training: float, early: Flag | None) -> dict[str, str]:
    """Flags of how training went.

    nats: on rows held out. in_training: on those that train. early: that training ended too early,
    or None.
    """
    notes: dict[str, str] = {}
    if early is not None:
        notes.update([early])
    if in_training > nats and differ(in_training, nats):
        notes.update([flags.overfitted(nats, in_training)])
    return notes
