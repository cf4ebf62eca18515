"""The colour and the marker of an estimator, which belong to its name in every figure and page."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zlib import crc32

# The colours of Okabe & Ito, which readers with any colour vision can distinguish.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#000000")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
# The places of names that most figures have. Others take a place by a digest of their names.
OWN_PLACES = ("adaptive", "canonical", "kde", "knn", "uniform")


class Look(NamedTuple):
    """How figures draw an estimator."""

    colour: str
    marker: str


def looks(names: Iterable[str]) -> dict[str, Look]:
    """The look of each estimator of a figure. All of them differ, for up to 56 names.

    A look depends on the name alone, unless two names that occur together would have the same
    colour or marker: then the one that is later in the alphabet takes the next that is free.

    names: specs, such as "knn" and "knn:k=5". The order does not matter.
    """
    distinct = sorted(set(names))
    places = {name: (OWN_PLACES.index(name),) * 2 for name in distinct if name in OWN_PLACES}
    for name in distinct:
        if name not in places:
            digest = crc32(name.encode("utf-8", "backslashreplace"))
            colour = _least_used(digest, [colour for colour, _ in places.values()], len(COLOURS))
            alike = [m for c, m in places.values() if c == colour or len(places) < len(MARKERS)]
            places[name] = colour, _least_used(digest, alike, len(MARKERS))
    return {name: Look(COLOURS[c], MARKERS[m]) for name, (c, m) in places.items()}


def _least_used(digest: int, used: Sequence[int], count: int) -> int:
    """Of the places 0 to count - 1, the first that is used least.

    Those that no name owns come first, from that of the digest on.
    """
    owned, free = range(len(OWN_PLACES)), range(len(OWN_PLACES), count)
    start = digest % len(free)
    return int(min([*free[start:], *free[:start], *owned], key=used.count))
