"""The parts that a canonical estimate is put together from, each as one value a row, in nats.

A part's mean is its estimate; the values tell how certain a difference of two parts is.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, ndtr, polygamma, stdtrit

from ..neighbours.ksg import kraskov_counts
from ..neighbours.sorted_column import IndexedSide
from .features import gaussianised
from .narrow_noise import Narrow, most_nats, narrow

Float = NDArray[np.float64]
Int = NDArray[np.int64]

NEIGHBOURS = (15, 7, 3)
FINEST = 1  # where 3 are taken, and this says still more
MOST_RISE = 2.0  # times what 3 say more than 7; log 3 / log (7 / 3) = 1.3 for smooth densities
CERTAIN_K = 4.0  # standard errors by which fewer neighbours must say more, to be taken
STEADY = 0.003  # nats of standard error below which fewer neighbours cost nothing that matters
STEADY_LINE = 0.012  # the same, for the line through several sizes
SIGNIFICANT = 3.5  # standard deviations from which a correlation or a Gaussian part counts
GAUSSIAN_TRIALS = 60  # permutations, for what chance is
MOST_CORRECTED = 4  # dimensions
NEW = 0.7  # share of a score's variance that polynomials of earlier scores must leave
DEGREE, ROWS_A_TERM = 8, 10
LEAST_LEFT, ROWS_FOR_SHARE = 2, 8  # rows a term, for what the terms leave to be judged
ROWS_IN_ALL = 60_000  # of samples of a law that tell what k-NN misses
LOOKED_THROUGH, MOST_BEFORE = 12, 3  # linear pairs
UNDECIDED = (2.0, 12.0)  # standard deviations between which permutations are worth their time
DECIMALS = 9  # of scores: beyond, they depend on how sums were ordered
CLOSEST = 1 - 1e-9  # to which correlations are cut; see `closest`


def gaussian_rows(x: Float, y: Float) -> Float:
    """Log p(x, y) / p(x) p(y) at each row of (dx, n), (dy, n), of the normal law fitted to them.

    In canonical coordinates a, b of correlation s: the sum over pairs of
    -log(1 - s^2) / 2 + (a^2 + b^2) / 2 - (a^2 - 2 s a b + b^2) / (2 (1 - s^2)).
    Pairs that are functions of stronger ones are left out: such as those of columns w and w^2,
    which know no more than w. A normal law has none.
    """
    return _normal_law(x, y).rows


@dataclass(frozen=True)
class _NormalLaw:
    """rows (n,): as of `gaussian_rows`; x, y: what they are made of; repeats: pairs left out."""

    rows: Float
    x: Float
    y: Float
    repeats: int


def _normal_law(x: Float, y: Float) -> _NormalLaw:
    n = x.shape[1]
    if len(x) == 0 or len(y) == 0:
        return _NormalLaw(np.zeros(n), x, y, 0)
    basis_x, basis_y = _basis(x), _basis(y)
    left, s, right = np.linalg.svd(basis_x @ basis_y.T, full_matrices=False)
    a, b = math.sqrt(n) * (left.T @ basis_x), math.sqrt(n) * (right @ basis_y)
    fresh = _fresh(a, b, s)
    repeats = len(s) - len(fresh)
    a, b, s = a[fresh], b[fresh], np.minimum(s[fresh], closest(n))[:, np.newaxis]
    rest = 1 - s**2
    rows = (a**2 + b**2) / 2 - (a**2 - 2 * s * a * b + b**2) / (2 * rest) - np.log(rest) / 2
    return _NormalLaw(rows.sum(axis=0), a if repeats else x, b if repeats else y, repeats)


def _fresh(a: Float, b: Float, s: Float) -> Int:
    """The pairs, of which the first and strongest are seen through for repeating each other."""
    kept = [0]
    matter = int((s[:LOOKED_THROUGH] > SIGNIFICANT / math.sqrt(a.shape[1])).sum())
    normal = [gaussianised(side[:matter].round(DECIMALS)) for side in (a, b)]  # with its ties
    for j in range(1, matter):
        before = kept[:MOST_BEFORE]
        if min(share_left(a[j], normal[0][before]), share_left(b[j], normal[1][before])) > NEW:
            kept.append(j)
    return np.array([*kept, *range(max(1, matter), len(s))])


def share_left(score: Float, earlier: Float) -> float:
    """The share of the variance of score (n,) that polynomials of normal scores (m, n) leave.

    1 for too few rows to tell: with eight a term, those of normal samples leave 0.88.
    """
    basis = _polynomials(earlier, mixed=3) if len(earlier) else earlier
    if len(earlier) == 0 or len(score) < ROWS_FOR_SHARE * len(basis):
        return 1.0
    centred = score - score.mean()
    return float((_rest(centred[np.newaxis], basis) ** 2).sum() / (centred**2).sum())


def unexplained(scores: Float, earlier: Float) -> Float:
    """What polynomials of normal scores earlier (e, n) leave of scores (m, n); 0 for few rows."""
    basis = _polynomials(earlier, mixed=2)
    if scores.shape[1] < LEAST_LEFT * len(basis):
        return np.zeros_like(scores)
    return _rest(scores, basis)


def _polynomials(scores: Float, mixed: int) -> Float:
    """Hermite polynomials (p, n) of normal scores (m, n), to degree 8 or as the rows allow.

    mixed: the degree of the products of two scores, which are many.
    """
    m, n = scores.shape
    terms = [np.ones_like(scores), scores]  # of unit variance
    for d in range(1, min(max(n // (ROWS_A_TERM * m), 3), DEGREE)):
        terms.append((scores * terms[-1] - math.sqrt(d) * terms[-2]) / math.sqrt(d + 1))
    products = [
        terms[p][i] * terms[degree - p][j]
        for i, j in combinations(range(m), 2)
        for degree in range(2, mixed + 1)
        for p in range(1, degree)
    ]
    return np.stack([terms[0][0], *(row for power in terms[1:] for row in power), *products])


def _rest(scores: Float, basis: Float) -> Float:
    found, *_ = np.linalg.lstsq(basis @ basis.T, basis @ scores.T, rcond=1e-12)
    return np.asarray(scores - found.T @ basis)


@dataclass(frozen=True)
class GaussianPart:
    """rows (n,): one value a row, in nats, whose mean is the estimate.

    chance: what the mean does not reach at independence; x, y (d, n): what the rows are made of,
    the columns, or without those that are functions of others; repeats: pairs left out for that;
    dims: of the smaller side, not counting columns that are linear in others.
    """

    rows: Float
    chance: float
    x: Float
    y: Float
    repeats: int
    dims: int


def gaussian_part(x: Float, y: Float) -> GaussianPart:
    """`gaussian_rows` less their bias, and what their mean does not reach at independence.

    x (dx, n), y (dy, n). The mean is [log det Sx + log det Sy - log det Sxy] / 2 less its bias.
    With n - 1 degrees of freedom, E log det of a Wishart matrix of d dimensions is a constant +
    sum_i psi((n - 1 - i) / 2), i = 0 ... d - 1, and its variance sum_i psi'((n - 1 - i) / 2),
    whatever the covariance (Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed.
    2003, ch. 7): for normal data the bias is exact at any dependence. Chance reaches 3.5 standard
    deviations; data whose rows have very unequal leverage scatter more, so that the limit is that
    of the same statistic in permuted rows where this is higher and may matter.
    """
    n = x.shape[1]
    basis_x, basis_y = _basis(x), _basis(y)
    dx, dy = len(basis_x), len(basis_y)
    if n - 1 <= dx + dy:
        return GaussianPart(np.zeros(n), math.inf, x, y, 0, min(dx, dy))
    halves = (n - 1 - np.arange(dx + dy)) / 2
    bias = (digamma(halves[:dx]).sum() + digamma(halves[:dy]).sum() - digamma(halves).sum()) / 2
    trigamma = polygamma(1, halves)
    sd = math.sqrt(trigamma.sum() - trigamma[:dx].sum() - trigamma[:dy].sum()) / 2
    law = _normal_law(x, y)
    rows, limit = law.rows - float(bias), SIGNIFICANT * sd
    if UNDECIDED[0] * sd < rows.mean() < UNDECIDED[1] * sd:
        rng = np.random.default_rng(n)
        chance = [
            _information(basis_x, basis_y[:, rng.permutation(n)]) for _ in range(GAUSSIAN_TRIALS)
        ]
        limit = max(limit, beyond_chance(chance) - float(bias))
    return GaussianPart(rows, limit, law.x, law.y, law.repeats, min(dx, dy))


def beyond_chance(chance: Sequence[float]) -> float:
    """What one more value like these exceeds as rarely as a normal one 3.5 standard deviations.

    The limit of a prediction interval: with few values it must be wider (Student's t).
    """
    m = len(chance)
    errors = stdtrit(m - 1, ndtr(SIGNIFICANT)) * math.sqrt(1 + 1 / m)
    return float(np.mean(chance) + errors * np.std(chance, ddof=1))


def _information(basis_x: Float, basis_y: Float) -> float:
    s = np.linalg.svd(basis_x @ basis_y.T, compute_uv=False)
    return float(-0.5 * np.log1p(-(np.minimum(s, closest(basis_x.shape[1])) ** 2)).sum())


def closest(n: int) -> float:
    """The correlation that n rows can show, to which one of 1 is cut: a finite MI of any pair."""
    return min(CLOSEST, math.sqrt(-math.expm1(-2 * most_nats(n))))


def _basis(columns: Float) -> Float:
    """An orthonormal basis (r, n) of the centred columns (d, n)."""
    centred = columns - columns.mean(axis=1, keepdims=True)
    _, s, right = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(right[s > 1e-6 * s[0]])


@dataclass(frozen=True)
class Part:
    """rows (n,): one value a row, in nats; steady: those of most neighbours, which scatter least.

    k: the neighbours taken; tied: rows with ties; unseen: nats that k-NN does not see at so few
    rows, and that follow from how few pairs are out of order; None where these tell nothing; rise:
    nats by which the last step to fewer neighbours surely said more.
    """

    rows: Float
    steady: Float
    k: int
    tied: int
    unseen: float | None = None
    rise: float = 0.0

    @property
    def nats(self) -> float:
        """The estimate, the mean over rows."""
        return float(self.rows.mean())


def knn_part(u: Float, v: Float, drawn: bool = True) -> Part | None:
    """Kraskov's estimate (variant 1) of I(U;V) from normal scores (du, n), (dv, n).

    k is 15, or 7 or 3 where these say more by more than chance, or where the scatter of so many
    rows is negligible, or 1 where it says still more than 3: a smaller neighbourhood is less biased
    downwards, a larger one scatters less. In 1+1 dimensions scores are made uniform. Where at most
    1 in 20 pairs of rows are out of order there, k is 3, and what it misses in samples of such
    noise is added; else the straight line through 15, 7 and 3 is followed to k = 0 where that says
    more or the scatter is small. In up to 4 dimensions, but for that line, what the same k misses
    on normal samples of the same correlations is added; not where linear pairs repeat each other,
    of which no normal law is a model. None for too few rows. drawn: rows lie as if at random.
    """
    n = u.shape[1]
    flat = len(u) == 1 and len(v) == 1
    sizes = [k for k in NEIGHBOURS if k < n - 1]
    if not sizes:
        return None
    close = narrow(u[0], v[0]) if flat else None
    if close is not None:
        return _tight_part(ndtr(u), ndtr(v), sizes[-1], close, drawn)
    shape = ndtr if flat else np.asarray
    each = [kraskov_rows(shape(u), shape(v), k) for k in sizes]
    steady = each[0][0]
    if flat and len(sizes) > 1:
        line = _line(sizes, [rows for rows, _ in each])
        if _differ_little(line, steady, STEADY_LINE) or surely_more(line, steady, CERTAIN_K):
            rise = line - each[-1][0]
            sure = surely_more(rise, np.zeros(n), CERTAIN_K)
            return Part(line, steady, sizes[-1], each[-1][1], rise=float(rise.mean()) * sure)
        return Part(steady + _missed(u, v, sizes[0], flat), steady, sizes[0], each[0][1])
    part = fewest(sizes, each, lambda k: kraskov_rows(u, v, k))
    return replace(part, rows=part.rows + _of_normal_samples(u, v, part.k))


def knn_rows(u: Float, v: Float, k: int) -> Float:
    """The rows of `knn_part` in more than 1+1 dimensions, for this k."""
    return kraskov_rows(u, v, k)[0] + _of_normal_samples(u, v, k)


def _of_normal_samples(u: Float, v: Float, k: int) -> float:
    few = len(u) + len(v) <= MOST_CORRECTED
    return _missed(u, v, k, flat=False) if few and not _normal_law(u, v).repeats else 0.0


def _tight_part(u: Float, v: Float, k: int, close: Narrow, drawn: bool) -> Part:
    """Kraskov's estimate, and what it misses, or finds too much, in samples of such noise.

    The scatter is that of Kraskov's estimate or that of the noise's, whichever is larger. Where
    rows do not lie as if drawn at random, nothing is added.
    """
    n = u.shape[1]
    rows, tied = kraskov_rows(u, v, k)
    if not drawn or close.shape is None:
        return Part(rows, rows, k, tied, 0.0)
    rng = np.random.default_rng(n)
    found = []
    for _ in range(min(max(ROWS_IN_ALL // n, 1), 20)):
        a, b = close.sample(rng)
        found.append(float(kraskov_rows(ndtr(a[None]), ndtr(b[None]), k)[0].mean()))
    unseen = close.nats - float(np.mean(found))
    shape = max(rows, close.rows, key=lambda each: float(each.std()))
    rows = shape - shape.mean() + rows.mean() + unseen
    return Part(rows, rows, k, tied, unseen)


def _line(sizes: list[int], each: list[Float]) -> Float:
    """The straight line through the values at several k, by least squares, at k = 0."""
    k = np.array(sizes, np.float64)
    away = k - k.mean()
    weights = 1 / len(k) - k.mean() * away / (away**2).sum()
    return np.asarray(weights @ np.stack(each))


def _differ_little(rows: Float, others: Float, error: float) -> bool:
    return float((rows - others).std()) / math.sqrt(len(rows)) < error


def fewest(
    sizes: Sequence[int], each: list[tuple[Float, int]], at: Callable[[int], tuple[Float, int]]
) -> Part:
    """The values at fewer and fewer neighbours, `at` k, as far as that costs nothing or says more.

    A single neighbour, which scatters most, must say more, but not by far more than the step before
    it: where most rows have a copy or nearly one, that is who it is.
    """
    chosen = 0
    for i in range(1, len(each)):
        rows, others = each[i][0], each[chosen][0]
        if _differ_little(rows, others, STEADY) or surely_more(rows, others, CERTAIN_K):
            chosen = i
    part = Part(each[chosen][0], each[0][0], sizes[chosen], each[chosen][1])
    if chosen == 0 or part.k != NEIGHBOURS[-1]:
        return part
    rows, tied = at(FINEST)
    rise, step = (float((a - b).mean()) for a, b in ((rows, part.rows), (part.rows, each[-2][0])))
    if rise > MOST_RISE * step or not surely_more(rows, part.rows, CERTAIN_K):
        return part
    return Part(rows, part.steady, FINEST, tied, rise=rise)


def surely_more(rows: Float, others: Float, errors: float) -> bool:
    """Whether the mean of rows exceeds that of others by so many standard errors."""
    difference = rows - others
    error = float(difference.std()) / math.sqrt(len(difference))
    return float(difference.mean()) > max(errors * error, 1e-12)


def kraskov_rows(u: Float, v: Float, k: int) -> tuple[Float, int]:
    """Kraskov's estimate (variant 1) of I(U;V), u (du, n), v (dv, n): one term per row, in nats.

    psi(k) + psi(n) - psi(n_x + 1) - psi(n_y + 1), and how many rows had ties.
    """
    n = u.shape[1]
    sides = IndexedSide(np.ascontiguousarray(u)), IndexedSide(np.ascontiguousarray(v))
    counts = kraskov_counts(*sides, k)
    rows = np.full(n, float(digamma(k) + digamma(n)))
    for others in (counts.n_x, counts.n_y):
        rows -= digamma_of(others + 1)
    return rows, counts.tied_rows


def digamma_of(counts: Int) -> Float:
    """Psi of each of counts (n,), integers of at least 1, looked up in a table."""
    table = digamma(np.arange(1, int(counts.max()) + 1))
    return np.asarray(table[counts - 1])


def _missed(u: Float, v: Float, k: int, flat: bool) -> float:
    """What k-NN misses on normal samples correlated as (u, v), nats >= 0; 0 where chance may be it.

    The Gaussian part of each sample itself is taken off, and with it most of the scatter.
    """
    n, du = u.shape[1], len(u)
    samples = 3 if n <= 20_000 else 1
    root = np.linalg.cholesky(np.corrcoef(np.concatenate([u, v])) + 1e-9 * np.eye(du + len(v)))
    rng = np.random.default_rng(n)
    gaps = []
    for _ in range(samples):
        normal = gaussianised(root @ rng.standard_normal((len(root), n)))
        a, b = normal[:du], normal[du:]
        x, y = (ndtr(a), ndtr(b)) if flat else (a, b)
        found = kraskov_rows(x, y, k)[0] - gaussian_rows(a, b)
        gaps.append((float(found.mean()), float(found.std()) / math.sqrt(n)))
    gap = float(np.mean([mean for mean, _ in gaps]))
    if samples > 1:
        error = float(np.std([mean for mean, _ in gaps], ddof=1)) / math.sqrt(samples)
    else:
        error = gaps[0][1]
    return -gap if gap < -2 * error else 0.0
