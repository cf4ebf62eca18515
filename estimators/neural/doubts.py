"""When the numbers of networks are flagged."""

from mibench.contract import flags

LEAST, SHARE = 0.1, 0.25  # nats, and of the larger number: what differs by more than both


def differ(a: float, b: float) -> bool:
    """Whether two numbers in nats differ by more than networks usually do."""
    return not abs(a - b) <= max(LEAST, SHARE * max(a, b))


def flags_of_training(nats: float, in_training: float, steps: int | None) -> dict[str, str]:
    """Flags of how training went.

    nats: on rows held out. in_training: on those that train. steps: the limit of steps if more
    would have helped, else None.
    """
    notes: dict[str, str] = {}
    if steps is not None:
        notes.update([flags.not_converged(steps)])
    if in_training > nats and differ(in_training, nats):
        notes.update([flags.overfitted(nats, in_training)])
    return notes
