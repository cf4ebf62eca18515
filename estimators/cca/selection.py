"""The candidates for an estimate, from nothing on: each is taken only if it surely says more."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from .features import MOST_LABELS
from .label_terms import ross_part
from .narrow_noise import most_nats
from .normal_surrogate import NormalTwin
from .pairs import Pairs, out_of_fold
from .terms import CLOSEST, GaussianPart, Part, gaussian_rows, knn_part, surely_more

Float = NDArray[np.float64]
Int = NDArray[np.int64]

CERTAIN = 3.5  # standard errors by which a part must say more than what stands, to be taken
DIRECT = 4  # dimensions in all up to which the normal scores themselves are given to k-NN
CARRIED = 0.02  # share of a score that must be linear, for its Gaussian part to be taken off
DECIMALS = 10  # of the estimate: beyond, it depends on how sums were ordered


@dataclass
class Taken:
    """What stands so far: a value a row, how it came about, and what it was made of.

    whole: no pair was left out; seen: what is as tight as this was left to k-NN alone.
    """

    rows: Float
    method: str
    gaussian: float = 0.0
    chance: float = 0.0
    repeats: int = 0
    pairs: int = 0
    k: int = 0
    tied: int = 0
    unseen: float = 0.0
    rise: float = 0.0
    whole: bool = False
    seen: bool = False

    def take(self, rows: Float, part: Part, method: str, pairs: int, whole: bool = False) -> None:
        """Let it stand. whole: no pair was left out."""
        self.rows, self.method, self.pairs, self.whole = rows, method, pairs, whole
        self.k, self.tied = part.k, part.tied
        self.unseen, self.rise = part.unseen or 0.0, part.rise

    def consider(
        self, rows: Float, part: Part, method: str, pairs: int, whole: bool = False
    ) -> None:
        """Take it if it surely says more; where nothing was found, by its steadiest rows too.

        Of several sizes of a neighbourhood, the one that says most does so by chance as well.
        """
        first = self.method == "none"
        if first and not surely_more(part.steady, self.rows, CERTAIN):
            return
        if surely_more(rows, self.rows, CERTAIN):
            self.take(rows, part, method, pairs, whole)


def together(
    za: Float,
    zb: Float,
    normal: GaussianPart,
    left: Float,
    right: Float,
    pairs: Pairs,
    twin: NormalTwin,
    drawn: bool,
) -> Taken:
    """The Gaussian part, then more and more pairs, then all columns if they are few.

    left, right (m, n): the linear parts of the pairs' scores, of unit variance each; twin: a normal
    law of the same columns; drawn: values lie as if drawn at random.
    """
    n = za.shape[1]
    linear = float(normal.rows.mean()) > normal.chance
    base = normal.rows if linear else np.zeros(n)
    taken = Taken(base, "Gaussian" if linear else "none")
    taken.gaussian, taken.chance = round(float(base.mean()), DECIMALS), normal.chance
    taken.repeats = normal.repeats if linear else 0
    few = len(za) + len(zb) <= DIRECT
    for m in range(1, 1 + (len(pairs.u) if len(za) + len(zb) > 2 else 0)):
        u, v = pairs.u[:m], pairs.v[:m]
        part = knn_part(u, v, drawn)
        if part is not None and linear:
            seen = gaussian_rows(_linear(left[:m], za), _linear(right[:m], zb))
            rows = base + part.rows - seen
            if surely_more(rows, taken.rows, CERTAIN):
                rows = rows - twin.counted_twice(m, part.k, float(seen.mean()))
            taken.consider(rows, part, f"Gaussian + {m} pair(s)", m)
        elif part is not None:
            taken.consider(part.rows, part, f"{m} pair(s)", m)
    direct = knn_part(za, zb, drawn) if few else None
    if direct is not None and direct.unseen is not None:  # G is of ranks, which lie too far apart
        noise = ", narrow noise" if direct.unseen else ""
        taken.take(direct.rows, direct, "k-NN on all columns" + noise, 0, True)
        taken.seen = not noise
    elif direct is not None:
        taken.consider(direct.rows, direct, "k-NN on all columns", 0, True)
    return taken


def by_label(z: Float, symbols: Int, pairs: Pairs) -> Taken:
    """More and more pairs, all that were told from chance, and all columns if few."""
    taken = Taken(np.zeros(len(symbols)), "none")
    for m in range(1, 1 + (len(pairs.u) if len(z) > 1 else 0)):
        part = ross_part(pairs.u[:m], symbols)
        taken.consider(part.rows, part, f"Ross on {m} pair(s)", m)
    if len(pairs.every) > len(pairs.u):
        part, m = ross_part(pairs.every, symbols), len(pairs.every)
        taken.consider(part.rows, part, f"Ross on {m} pair(s)", m, m < MOST_LABELS)
    if len(z) < DIRECT:
        part = ross_part(z, symbols)
        taken.consider(part.rows, part, "Ross on all columns", 0, True)
    return taken


def ceiling(taken: Taken, n: int, dims: int) -> float:
    """Nats that so many pairs of columns of n rows can be said to share."""
    if taken.seen:
        return float(digamma(n) - digamma(taken.k))
    if taken.unseen and taken.whole:
        return most_nats(n)
    return dims * min(most_nats(n), -0.5 * math.log1p(-(CLOSEST**2)))


def carried_by(z: Float, features: Float, learned: list[tuple[slice, Float]]) -> Float:
    """The linear parts (m, n), in z (d, n), of scores of unit variance.

    Each fold's scores are functions of their own, and so are their linear parts.
    """
    centred = z - z.mean(axis=1, keepdims=True)
    whole, _, _, _ = np.linalg.lstsq(centred @ centred.T, centred @ features.T, rcond=None)
    parts = [(whole @ directions).T @ centred[:, rows] for rows, directions in learned]
    spread = out_of_fold(features, learned).std(axis=1, keepdims=True)
    return np.concatenate(parts, axis=1) / np.where(spread > 0, spread, 1.0)


def _linear(carried: Float, z: Float) -> Float:
    return np.asarray(carried[carried.var(axis=1) > CARRIED + 2 * len(z) / z.shape[1]])
