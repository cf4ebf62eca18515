"""Criteria that weigh what a column tells of the target against what chosen columns tell already.

Brown, Pocock, Zhao & Lujan 2012 compare them: https://jmlr.org/papers/v13/brown12a.html.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .information import Float, Information

Method = Literal["mim", "mrmr", "jmi", "jmim", "cmim"]
METHODS: tuple[Method, ...] = get_args(Method)
JOINT: tuple[Method, ...] = ("jmi", "jmim", "cmim")  # which ask what two columns tell together
Start = Literal["column", "pair"]


@dataclass(frozen=True)
class Selection:
    """Columns chosen one after another.

    Attributes:
        order: (d,), the places of all columns: first those chosen, in this order, then the others,
            those with the largest score first.
        scores: (d,), the score of each column when it was chosen; of the others the last one. In
            nats.
        relevance: (d,), I(X;Y) of each column alone, in nats.
    """

    order: NDArray[np.int64]
    scores: Float
    relevance: Float


def select(
    information: Information,
    count: int,
    method: Method,
    start: Start = "column",
    constant: Sequence[bool] = (),
) -> Selection:
    """Choose `count` columns, each time the one with the largest score.

    With S the columns chosen so far, the score of a column X is

        mim    I(X;Y)
        mrmr   I(X;Y) - mean over Z in S of I(X;Z)
        jmi    mean over Z in S of I(X,Z;Y)
        jmim   min over Z in S of I(X,Z;Y)
        cmim   min over Z in S of I(X;Y|Z)

    and I(X;Y) for the first one. jmi divides the sum of its authors by the size of S, which changes
    no choice. Of columns with equal scores, the first one is chosen.

    start: "pair" compares all pairs of columns, and begins with one of the pair with the largest
    I(X,Z;Y), which the other one follows. It finds two columns that tell something only together,
    such as those of an exclusive or, where "column" finds neither.

    Columns that are constant, if that is said, come after all others: the estimates of others may
    be negative.
    """
    relevance = information.relevance()
    scores = relevance.copy()
    first = _pair(information, relevance) if start == "pair" and len(relevance) > 1 else []
    last = np.array(constant, np.bool_) if len(constant) else np.zeros(len(relevance), np.bool_)
    left = np.ones(len(relevance), np.bool_)
    chosen: list[int] = []
    total = np.zeros(len(relevance))
    least = np.full(len(relevance), np.inf)
    while True:
        places = np.flatnonzero(left & ~last if (left & ~last).any() else left)
        best = first.pop() if first else int(places[np.argmax(scores[places])])
        chosen.append(best)
        left[best] = False
        if len(chosen) == count:
            break
        if method == "mim":
            continue
        if method == "mrmr":
            total += information.shared(best)
            now = relevance - total / len(chosen)
        else:
            given = information.given(best)
            joined = given + (0.0 if method == "cmim" else relevance[best])
            if method == "jmi":
                total += joined
                now = total / len(chosen)
            else:
                least = np.minimum(least, joined)
                now = least
        scores[left] = now[left]
    rest = np.flatnonzero(left)
    rest = rest[np.lexsort((-scores[rest], last[rest]))]
    return Selection(np.array([*chosen, *rest], np.int64), scores, relevance)


def _pair(information: Information, relevance: Float) -> list[int]:
    """The places of the two columns that tell most together, the less relevant one first."""
    most, pair = -np.inf, [0, 1]
    for place in range(len(relevance)):
        joined = relevance[place] + information.given(place)
        joined[place] = -np.inf
        best = int(np.argmax(joined))
        if joined[best] > most:
            most, pair = float(joined[best]), [place, best]
    return sorted(pair, key=lambda place: relevance[place])
