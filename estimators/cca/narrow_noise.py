"""Noise that is narrower than the gaps between points, in 1+1 dimensions.

Noise about an increasing relation puts pairs of rows out of order ("discordant" pairs), even where
it is far narrower than the gaps between ranks. With D the difference of the noise of two rows and p
the density, the expected number of rows discordant with a row is n p E|D|. So n rows show noise
down to about 1 / n^2, whereas distances to neighbours are not below about 1 / n. The distances
between discordant rows show E D^2, and so whether the noise has tails.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gamma, ndtri

from ..kernels import discordance
from .features import normal_scores
from .tuning import NarrowNoiseTuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Spacing = Literal["random", "even", "clumped"]

NORMAL_ENTROPY = 0.5 * math.log(2 * math.pi * math.e)
# The mean ratio of the smaller to the larger of two neighbouring gaps of random points.
RANDOM_GAP_RATIO = 2 * math.log(2) - 1


def _tukey_tables() -> tuple[Float, Float, Float, Float]:
    """Tukey's lambda from 0 to 1, and the entropy, E|D| and E|D|^2 / E D^2 of these distributions.

    The quantile function is (p^l - (1 - p)^l) / l: logistic for l = 0, nearly normal for 0.135,
    uniform for 1. E|D| is 4 / ((l + 1) (l + 2)), E D^2 is twice the variance, and the entropy is
    the integral over p of the logarithm of the quantile density.
    """
    l = np.linspace(0, 1, 101)
    nodes, weights = np.polynomial.legendre.leggauss(64)
    p = (1 + nodes[:, np.newaxis]) / 2
    entropy = 2 * (1 - l) + weights / 2 @ np.log(p ** (1 - l) + (1 - p) ** (1 - l))
    mean = 4 / ((l + 1) * (l + 2))
    m = l[1:]
    squares = 4 / m**2 * (1 / (1 + 2 * m) - gamma(m + 1) ** 2 / gamma(2 * m + 2))
    return l, entropy, mean, mean**2 / np.array([2 * math.pi**2 / 3, *squares])


SHAPES, ENTROPIES, MEAN_DIFFERENCES, RATIOS = _tukey_tables()


@dataclass(frozen=True)
class NarrowNoise:
    """Noise of one shape, and of varying width, about a monotonic relation of u and v.

    The shape is logistic, or between that and uniform. Of all distributions with the same E|D| the
    logistic has the largest entropy, 2 + log(E|D| / 2). Proof: with quantile density q(p), Jensen's
    inequality gives int log q dp <= log int q p (1 - p) dp + 2, and E|D| = 2 int q p (1 - p) dp.
    So the MI is at least the one that logistic noise would give.

    Attributes:
        rows: one value per row, in nats, (n,). Their mean is the MI.
        positions: the places of rows, ascending, (n,): normal scores if `normal`, else evenly
            spaced between 0 and 1.
        widths: E|D| at these places, (n,).
        shape: Tukey's lambda; None where the rows do not lie at random.
        normal: whether positions are normal scores.
    """

    rows: Float
    positions: Float
    widths: Float
    shape: float | None
    normal: bool

    @property
    def nats(self) -> float:
        """The MI of such noise."""
        return float(self.rows.mean())

    def sample(self, rng: np.random.Generator) -> tuple[Float, Float]:
        """Normal scores u, v (n,) of as many rows with such noise."""
        n = len(self.positions)
        u = rng.standard_normal(n) if self.normal else rng.random(n)
        shape = self.shape or 0.0
        noise = _quantiles(rng.random(n), shape) / np.interp(shape, SHAPES, MEAN_DIFFERENCES)
        v = u + noise * np.interp(u, self.positions, self.widths)
        scores = normal_scores(np.stack([u, v]))
        return scores[0], scores[1]


def fit_narrow_noise(u: Float, v: Float, tuning: NarrowNoiseTuning) -> NarrowNoise | None:
    """The noise of v about u, (n,) each; None where it is not narrow.

    Noise is narrow where at most 1 in 20 pairs of rows are discordant, as at a correlation of
    0.988, after reversing v if most pairs are discordant.
    """
    order, counts, lags = _discordant(u, v)
    if 2 * counts.sum() > len(u) * (len(u) - 1):
        order, counts, lags = _discordant(u, -v)
    if counts.mean() >= tuning.max_discordant_share * (len(u) - 1):
        return None
    return noise_of_discordance(order, counts, lags, tuning)


def noise_of_discordance(
    order: Int, counts: Int, lags: Int, tuning: NarrowNoiseTuning
) -> NarrowNoise:
    """The noise that follows from the discordant pairs.

    order (n,): the rows in order of u; counts (n,): with how many others each of them is
    discordant; lags (n,): the sum of the distances in rank to these.

    Rows are divided into stretches, and in each the noise has one width: in normal scores, or in
    ranks where these explain the counts better. The logarithm of an expected count is estimated by
    psi(count + 1). This is exact for Poisson counts but for a term that vanishes exponentially; it
    gives a finite value for no discordant pairs at all. `rows` are these logarithms and
    the influence of each row, which has mean 0: a discordant pair counts for both of its rows.
    """
    n = len(counts)
    even = (np.arange(n) + 0.5) / n
    scores = ndtri(even)
    density = np.exp(-(scores**2) / 2) / math.sqrt(2 * math.pi)
    stretch = _stretches(counts, tuning.width_pairs, tuning.width_rows)
    log_likelihood_ratio = (counts * np.log(density / _stretch_means(density, stretch))).sum()
    normal = bool(log_likelihood_ratio >= 0)
    if not normal:
        density = np.ones(n)
    pairs = np.bincount(stretch, counts)[stretch] / 2
    expected = 2 * np.exp(digamma(pairs + 1)) / np.bincount(stretch)[stretch]
    widths = expected / ((n - 1) * _stretch_means(density, stretch))
    relative_counts = 2 * counts / ((n - 1) * density * widths)
    shape = _shape(counts, lags, density, tuning)
    entropy = np.interp(shape or 0.0, SHAPES, ENTROPIES)
    entropy -= math.log(np.interp(shape or 0.0, SHAPES, MEAN_DIFFERENCES))
    rows = np.empty(n)
    rows[order] = -np.log(widths) - (relative_counts - relative_counts.mean())
    rows += (NORMAL_ENTROPY if normal else 0.0) - entropy
    return NarrowNoise(rows, scores if normal else even, widths, shape, normal)


def max_nats(n: int, tuning: NarrowNoiseTuning) -> float:
    """The estimate for n rows without discordant pairs: about 2 log n - 1.3 nats."""
    none = np.zeros(n, np.int64)
    return noise_of_discordance(np.arange(n), none, none, tuning).nats


def spacing_of(sides: Iterable[Float], tuning: NarrowNoiseTuning) -> Spacing:
    """How the distinct, ascending values of columns are spaced, compared with random ones.

    In a smooth density, the smaller of two neighbouring gaps is on average 2 log 2 - 1 = 0.386 of
    the larger; the mean over n gaps scatters by 0.32 / sqrt(n). On a grid, along a time axis, and
    among ranks, both gaps are equal ("even"). There, discordant pairs do not show the width of the
    noise. Of copies that differ by little noise, one gap is far smaller ("clumped"). There, the
    nearest neighbour shows that noise.
    """
    found = {_spacing_of_column(values, tuning) for values in sides}
    return "even" if "even" in found else "clumped" if "clumped" in found else "random"


def _spacing_of_column(values: Float, tuning: NarrowNoiseTuning) -> Spacing:
    gaps = np.diff(values)
    if len(gaps) < 2:
        return "even"
    ratios = np.minimum(gaps[1:], gaps[:-1]) / np.maximum(gaps[1:], gaps[:-1])
    scatter = tuning.spacing_errors * tuning.gap_ratio_sd / math.sqrt(len(ratios))
    excess = float(ratios.mean()) - RANDOM_GAP_RATIO
    if abs(excess) <= max(scatter, tuning.min_excess):
        return "random"
    return "even" if excess > 0 else "clumped"


def _shape(counts: Int, lags: Int, density: Float, tuning: NarrowNoiseTuning) -> float | None:
    """Tukey's lambda from 0 to 1, from E|D|^2 / E D^2 less one standard error; 0 if rows are few.

    Between a row and one that D makes discordant with it lies a Poisson number of rows, on average
    as many as are discordant with it. So lags less counts have the expectation (n p)^2 E D^2 / 2,
    even where n p D is below 1. The result is None where the lags are significantly smaller than
    with any noise: uniform noise has the largest ratio, 2 / 3.
    """
    stretch = _stretches(counts, tuning.shape_pairs, tuning.shape_rows)
    n = len(counts)
    middle = np.abs(np.arange(n) + 0.5 - n / 2) < tuning.middle_share * n / 2
    if counts[middle].sum() < 2 * tuning.shape_pairs:
        return 0.0
    expected = (np.bincount(stretch, counts) / np.bincount(stretch, density))[stretch] * density
    moments = np.stack([counts / expected, 2 * (lags - counts) / expected**2])[:, middle]
    parts = tuning.jackknife_parts
    sums = np.stack([part.sum(axis=1) for part in np.array_split(moments, parts, axis=1)])
    left_out = sums.sum(axis=0) - sums
    if left_out[:, 1].min() <= 0:
        return None
    rows = moments.shape[1] * (1 - 1 / parts)
    ratios = left_out[:, 0] ** 2 / (left_out[:, 1] * rows)
    ratio, error = float(ratios.mean()), math.sqrt(parts - 1) * float(ratios.std())
    if ratio - tuning.max_ratio_errors * error > tuning.max_ratio:
        return None
    return float(np.interp(ratio - error, RATIOS, SHAPES))


def _quantiles(p: Float, shape: float) -> Float:
    """The quantiles p (n,) of Tukey's lambda distribution."""
    if shape == 0:
        return np.asarray(np.log(p / (1 - p)))
    return np.asarray((p**shape - (1 - p) ** shape) / shape)


def _stretches(counts: Int, pairs: int, rows: int) -> Int:
    """The number of the stretch of each row, (n,): each has at least so many pairs and rows."""
    stretch = np.empty(len(counts), np.int64)
    discordance.stretches(counts, 2 * pairs, rows, stretch)
    return stretch


def _stretch_means(values: Float, stretch: Int) -> Float:
    return np.asarray((np.bincount(stretch, values) / np.bincount(stretch))[stretch])


def _discordant(u: Float, v: Float) -> tuple[Int, Int, Int]:
    """order, counts, lags of `noise_of_discordance`; ties are ranked at random."""
    n = len(u)
    order = np.argsort(u, kind="stable")  # the rows are in random order
    ranks = np.empty(n, np.int64)
    ranks[np.lexsort((np.random.default_rng(n).permutation(n), v))] = np.arange(n)
    counts, lags = np.empty(n, np.int64), np.empty(n, np.int64)
    discordance.discordant(ranks[order], counts, lags)
    return order, counts, lags
