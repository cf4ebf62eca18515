"""Dependence in 1+1 dimensions that is tighter than the rows are dense.

How broad the noise is about an increasing relation shows in the pairs of rows that it puts out of
order, even where it is far narrower than the gaps between ranks: the expected number of rows that
are out of order with a row is n p(u) E|D|, with D the difference of the noise of two rows. So n
rows tell noise apart down to some 1 / n^2, where distances to neighbours end at 1 / n. How far
apart these rows lie tells E D^2, and so whether the noise has tails.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gamma, ndtri

from ..kernels import discordance
from .features import gaussianised

Float = NDArray[np.float64]
Int = NDArray[np.int64]

TIGHT = 1 / 20  # share of pairs of rows out of order below which noise is narrow
PAIRS, ROWS = 20, 50  # pairs out of order, and rows, of a stretch in which noise has one breadth
SHAPE_PAIRS, SHAPE_ROWS = 500, 200  # the same, where the shape of noise is told
MIDDLE = 0.9  # share of the rows that tell it: at the ends noise has less room
JACKKNIFE = 20  # parts of the rows, each left out once
MOST_RATIO, SURE = (
    0.72,
    3.0,
)  # above 2 / 3, which is overrated by some hundredths where pairs are few
EVEN, EVEN_SD, EVEN_ERRORS, EVEN_LEAST = 2 * math.log(2) - 1, 0.32, 4.0, 0.05
NORMAL_ENTROPY = 0.5 * math.log(2 * math.pi * math.e)


def _logistic_to_uniform() -> tuple[Float, Float, Float, Float]:
    """Tukey's lambda in 0 to 1; and of its laws the entropy, E|D| and E|D|^2 / E D^2.

    Its quantile function is (p^l - (1 - p)^l) / l: logistic for 0, nearly normal for 0.135,
    uniform for 1. E|D| is 4 / ((l + 1) (l + 2)), E D^2 twice the variance, and the entropy the
    integral of the logarithm of the quantile density over p.
    """
    l = np.linspace(0, 1, 101)
    nodes, weights = np.polynomial.legendre.leggauss(64)
    p = (1 + nodes[:, np.newaxis]) / 2
    entropy = 2 * (1 - l) + weights / 2 @ np.log(p ** (1 - l) + (1 - p) ** (1 - l))
    mean = 4 / ((l + 1) * (l + 2))
    some = l[1:]
    squares = 4 / some**2 * (1 / (1 + 2 * some) - gamma(some + 1) ** 2 / gamma(2 * some + 2))
    return l, entropy, mean, mean**2 / np.array([2 * math.pi**2 / 3, *squares])


SHAPES, ENTROPIES, MEANS, RATIOS = _logistic_to_uniform()


@dataclass(frozen=True)
class Narrow:
    """Noise of one shape and local breadth about an increasing or decreasing relation of u and v.

    The shape is logistic, or between that and uniform. Of all laws with one E|D| the logistic has
    most entropy, 2 + log(E|D| / 2): with quantile density q(p) it is
    int log q dp <= log int q p (1 - p) dp + 2, by Jensen, and E|D| = 2 int q p (1 - p) dp. So the
    MI is at least what logistic noise would give.

    rows (n,): one value a row, in nats, whose mean is the MI; at (n,): where rows lie, ascending,
    as normal scores or, if not `normal`, as evenly spread in 0 to 1; spread (n,): E|D| there;
    shape: Tukey's lambda; None where the places of rows are not as if drawn at random.
    """

    rows: Float
    at: Float
    spread: Float
    shape: float | None
    normal: bool

    @property
    def nats(self) -> float:
        """The MI of such noise."""
        return float(self.rows.mean())

    def sample(self, rng: np.random.Generator) -> tuple[Float, Float]:
        """Normal scores u, v (n,) of as many rows of this law."""
        n = len(self.at)
        u = rng.standard_normal(n) if self.normal else rng.random(n)
        shape = self.shape or 0.0
        noise = _quantiles(rng.random(n), shape) / np.interp(shape, SHAPES, MEANS)
        scores = gaussianised(np.stack([u, u + noise * np.interp(u, self.at, self.spread)]))
        return scores[0], scores[1]


def narrow(u: Float, v: Float) -> Narrow | None:
    """The noise of v about u, (n,) each; None where it is too broad to be told in this way.

    Too broad: 1 of 20 pairs of rows are out of order, as with a correlation of 0.988.
    """
    order, counts, lags = _out_of_order(u, v)
    if 2 * counts.sum() > len(u) * (len(u) - 1):
        order, counts, lags = _out_of_order(u, -v)
    if counts.mean() >= TIGHT * (len(u) - 1):
        return None
    return narrow_noise(order, counts, lags)


def narrow_noise(order: Int, counts: Int, lags: Int) -> Narrow:
    """From the rows in order of u, and how many others, how far off, are out of order with each.

    Rows come in stretches, and in each the noise has one breadth: in normal scores, or where these
    explain the counts worse, in ranks. The logarithm of an expected count is psi(found + 1), which
    is exact for Poisson counts but for what vanishes exponentially (so for a single pair out of
    order, or for none at all). The second part of `rows` has mean 0: what a row more or less would
    change, a count being one of pairs.
    """
    n = len(counts)
    even = (np.arange(n) + 0.5) / n
    scores = ndtri(even)
    density = np.exp(-(scores**2) / 2) / math.sqrt(2 * math.pi)
    of = _stretches(counts, PAIRS, ROWS)
    normal = bool((counts * np.log(density / _means(density, of))).sum() >= 0)
    if not normal:
        density = np.ones(n)
    pairs = np.bincount(of, counts)[of] / 2
    expected = 2 * np.exp(digamma(pairs + 1)) / np.bincount(of)[of]
    spread = expected / ((n - 1) * _means(density, of))
    found = 2 * counts / ((n - 1) * density * spread)
    shape = _shape(counts, lags, density)
    entropy = np.interp(shape or 0.0, SHAPES, ENTROPIES)
    entropy -= math.log(np.interp(shape or 0.0, SHAPES, MEANS))
    rows = np.empty(n)
    rows[order] = -np.log(spread) - (found - found.mean())
    rows += (NORMAL_ENTROPY if normal else 0.0) - entropy
    return Narrow(rows, scores if normal else even, spread, shape, normal)


def most_nats(n: int) -> float:
    """What is said of n rows none of which are out of order: some 2 log n - 1.3."""
    none = np.zeros(n, np.int64)
    return narrow_noise(np.arange(n), none, none).nats


def evenly_spaced(values: Float) -> bool:
    """Whether values, distinct and ascending, lie more evenly than any that were drawn at random.

    Of two gaps side by side, in a smooth density, the smaller is 2 log 2 - 1 = 0.386 of the larger
    in the mean, which scatters by 0.32 / root n (measured). On a grid, a time axis, or among ranks
    the two are the same, and pairs of rows that noise puts out of order do not tell its breadth.
    """
    gaps = np.diff(values)
    if len(gaps) < 2:
        return True
    share = np.minimum(gaps[1:], gaps[:-1]) / np.maximum(gaps[1:], gaps[:-1])
    scatter = EVEN_ERRORS * EVEN_SD / math.sqrt(len(share))
    return float(share.mean()) > EVEN + max(scatter, EVEN_LEAST)


def _shape(counts: Int, lags: Int, density: Float) -> float | None:
    """Tukey's lambda in 0 to 1, by E|D|^2 / E D^2 less a standard error of it: 0 if rows are few.

    Between a row and one that D puts out of order with it lies a Poisson number of rows, in the
    mean as many as are out of order: so lags less counts have the expectation (n p)^2 E D^2 / 2,
    even where n p D is below 1. None where they are surely fewer than with any noise: uniform
    noise has the largest ratio, 2 / 3.
    """
    of = _stretches(counts, SHAPE_PAIRS, SHAPE_ROWS)
    n = len(counts)
    middle = np.abs(np.arange(n) + 0.5 - n / 2) < MIDDLE * n / 2
    if counts[middle].sum() < 2 * SHAPE_PAIRS:
        return 0.0
    expected = (np.bincount(of, counts) / np.bincount(of, density))[of] * density
    both = np.stack([counts / expected, 2 * (lags - counts) / expected**2])[:, middle]
    parts = np.stack([part.sum(axis=1) for part in np.array_split(both, JACKKNIFE, axis=1)])
    left_out = parts.sum(axis=0) - parts
    if left_out[:, 1].min() <= 0:
        return None
    rows = both.shape[1] * (1 - 1 / JACKKNIFE)
    each = left_out[:, 0] ** 2 / (left_out[:, 1] * rows)
    ratio, error = float(each.mean()), math.sqrt(JACKKNIFE - 1) * float(each.std())
    if ratio - SURE * error > MOST_RATIO:
        return None
    return float(np.interp(ratio - error, RATIOS, SHAPES))


def _quantiles(p: Float, shape: float) -> Float:
    if shape == 0:
        return np.asarray(np.log(p / (1 - p)))
    return np.asarray((p**shape - (1 - p) ** shape) / shape)


def _stretches(counts: Int, pairs: int, rows: int) -> Int:
    of = np.empty(len(counts), np.int64)
    discordance.stretches(counts, 2 * pairs, rows, of)
    return of


def _means(values: Float, of: Int) -> Float:
    return np.asarray((np.bincount(of, values) / np.bincount(of))[of])


def _out_of_order(u: Float, v: Float) -> tuple[Int, Int, Int]:
    """The rows in order of u, how many others are out of order with each, how far; ties by lot."""
    n = len(u)
    order = np.argsort(u, kind="stable")  # the rows lie as if drawn
    ranks = np.empty(n, np.int64)
    ranks[np.lexsort((np.random.default_rng(n).permutation(n), v))] = np.arange(n)
    counts, lags = np.empty(n, np.int64), np.empty(n, np.int64)
    discordance.discordant(ranks[order], counts, lags)
    return order, counts, lags
