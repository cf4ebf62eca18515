"""The k-NN terms: Kraskov's and Ross's estimates of MI, one value per row, in nats.

The mean over rows is the estimate; the values of rows give the standard error of a difference
between two terms. `choose_k` decides on the number of neighbours.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, ndtr

from ..neighbours.ksg import KraskovCounts, kraskov_counts, kraskov_counts_of_several, ross_counts
from ..neighbours.sorted_column import IndexedSide
from ..neighbours.ties import break_ties
from .features import normal_scores
from .gaussian import gaussian_rows
from .narrow_noise import NarrowNoise, Spacing, fit_narrow_noise
from .tuning import KnnTuning, Tuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]


class NormalBias:
    """What k-NN misses on normal samples correlated as u (du, n), v (dv, n).

    The Gaussian term of each sample is subtracted, and with it most of the scatter. Samples are
    made when they are needed.

    uniform: whether scores are made uniform before the search for neighbours.
    """

    def __init__(self, u: Float, v: Float, k: int, uniform: bool, tuning: Tuning) -> None:
        self.u, self.v, self.k, self.uniform, self.tuning = u, v, k, uniform, tuning
        self._rng = np.random.default_rng(u.shape[1])
        self._gaps: list[tuple[float, float]] = []

    def missed(self, needed: float = -math.inf) -> float:
        """The nats missed, 0 where they may be chance; or 0 if they are surely below `needed`."""
        limits, n = self.tuning.knn, self.u.shape[1]
        samples = limits.correction_samples if n <= limits.max_rows_of_many_samples else 1
        gap, error = self._gap(0)
        if -gap + limits.clear_errors * error < needed:
            return 0.0
        if samples > 1:
            gaps = [self._gap(i)[0] for i in range(samples)]
            gap, error = float(np.mean(gaps)), float(np.std(gaps, ddof=1)) / math.sqrt(samples)
        return -gap if gap < -limits.correction_errors * error else 0.0

    def _gap(self, i: int) -> tuple[float, float]:
        """Estimate less Gaussian term of sample i, and its standard error."""
        du, n = self.u.shape
        while len(self._gaps) <= i:
            z = self._root @ self._rng.standard_normal((du + len(self.v), n))
            normal = normal_scores(z)
            a, b = normal[:du], normal[du:]
            x, y = (ndtr(a), ndtr(b)) if self.uniform else (a, b)
            rows = _kraskov_rows(*_sides_of_scores(x, y), self.k)[0] - gaussian_rows(
                a, b, self.tuning
            )
            self._gaps.append((float(rows.mean()), float(rows.std()) / math.sqrt(n)))
        return self._gaps[i]

    @cached_property
    def _root(self) -> Float:
        correlations = np.corrcoef(np.concatenate([self.u, self.v]))
        return np.linalg.cholesky(correlations + 1e-9 * np.eye(len(correlations)))


@dataclass(frozen=True)
class KnnTerm:
    """A k-NN estimate of MI.

    Attributes:
        rows: one value per row, in nats, (n,). Their mean is the estimate, less what k-NN misses.
        steady_rows: the values for the largest k, which scatter least, (n,).
        k: the number of neighbours that was chosen.
        tied: the number of rows with ties.
        unseen: nats that k-NN does not see and that the model of narrow noise adds; None where
            noise is not narrow.
        rise: nats by which the last step to fewer neighbours significantly raised the estimate.
        bias: what the same k misses on normal samples; None where this is no guide.
        extrapolated: whether the rows are those of a straight line at k = 0.
    """

    rows: Float
    steady_rows: Float
    k: int
    tied: int
    unseen: float | None = None
    rise: float = 0.0
    bias: NormalBias | None = None
    extrapolated: bool = False

    @property
    def nats(self) -> float:
        """The mean over rows, and what k-NN misses."""
        return float(self.rows.mean()) + self.missed()

    def missed(self, needed: float = -math.inf) -> float:
        """Nats that k-NN misses; 0 without simulations where it is surely below `needed`."""
        return self.bias.missed(needed) if self.bias else 0.0


def knn_term(u: Float, v: Float, tuning: Tuning, spacing: Spacing = "random") -> KnnTerm | None:
    """Kraskov's estimate (variant 1) of I(U;V) from normal scores u (du, n), v (dv, n).

    - In 1+1 dimensions with narrow noise: k = 3, and what k-NN misses in simulated samples of such
      noise is added.
    - Otherwise in 1+1 dimensions: scores are made uniform, and k is 15, or 15, 7 and 3 are
      extrapolated to k = 0.
    - In more dimensions: `choose_k`.

    In up to 4 dimensions, `missed` is what the same k misses on normal samples of the same
    correlations, except after an extrapolation. Too few rows give None.

    spacing: how the values of both sides are spaced, as from `spacing_of`.
    """
    n = u.shape[1]
    sizes = [k for k in tuning.knn.neighbours if k < n - 1]
    if not sizes:
        return None
    if len(u) == 1 and len(v) == 1:
        return _one_dimensional_term(u, v, sizes, tuning, spacing)
    sides = _sides_of_scores(u, v)
    candidates = _kraskov_rows_of_several(*sides, sizes)
    term = choose_k(sizes, candidates, lambda k: _kraskov_rows(*sides, k), tuning.knn)
    if term.extrapolated:
        return term
    return replace(term, bias=_normal_bias(u, v, term.k, tuning))


def knn_rows(u: Float, v: Float, k: int, tuning: Tuning) -> Float:
    """The rows of `knn_term` in more than 1+1 dimensions, for this k, and what k-NN misses."""
    bias = _normal_bias(u, v, k, tuning)
    return _kraskov_rows(*_sides_of_scores(u, v), k)[0] + (bias.missed() if bias else 0.0)


def single_pair_nats(u: Float, v: Float, tuning: KnnTuning) -> float:
    """Kraskov's estimate of I(U;V) from normal scores u, v (1, n), made uniform; for `info`."""
    sizes = [k for k in tuning.neighbours if k < u.shape[1] - 1]
    if not sizes:
        return 0.0
    sides = _sides_of_scores(ndtr(u), ndtr(v))
    return float(_kraskov_rows(*sides, sizes[len(sizes) // 2])[0].mean())


def ross_term(u: Float, symbols: Int, tuning: KnnTuning) -> KnnTerm:
    """Ross's k-NN estimate of I(scores; labels) from u (d, n), symbols (n,), one value per row.

    Each label occurs at least twice. `choose_k` decides on k.
    """
    sizes = list(tuning.neighbours)
    candidates = [ross_rows(u, symbols, k) for k in sizes]
    return choose_k(sizes, candidates, lambda k: ross_rows(u, symbols, k), tuning)


def choose_k(
    sizes: list[int],
    candidates: list[tuple[Float, int]],
    rows_for: Callable[[int], tuple[Float, int]],
    tuning: KnnTuning,
) -> KnnTerm:
    """Choose the number of neighbours: fewer have less downward bias, more have less scatter.

    Start with the most neighbours. Accept fewer if their estimate is larger by 4 standard errors,
    or if the standard error of the difference is negligible. Finally try a single neighbour, which
    scatters most: its estimate must be larger by 4 standard errors, but not by far more than the
    step before it added. A very large rise means that most rows have a copy, or nearly one, as
    their neighbour. Where it is accepted, the straight line through the last two k is extrapolated
    to k = 0. The bias of smooth densities falls more slowly than k, so the line removes part of it.

    Args:
        sizes: numbers of neighbours, falling.
        candidates: for each of them, rows (n,) and the number of rows with ties.
        rows_for: the same for any k.
        tuning: the limits.
    """
    chosen = 0
    for i in range(1, len(candidates)):
        rows, current = candidates[i][0], candidates[chosen][0]
        negligible = _differ_little(rows, current, tuning.negligible_error)
        if negligible or exceeds(rows, current, tuning.fewer_errors):
            chosen = i
    rows, tied = candidates[chosen]
    term = KnnTerm(rows, candidates[0][0], sizes[chosen], tied)
    if not tuning.single_neighbour or chosen == 0 or term.k != tuning.neighbours[-1]:
        return term
    rows, tied = rows_for(1)
    rise = float((rows - term.rows).mean())
    step_before = float((term.rows - candidates[-2][0]).mean())
    if rise > tuning.max_rise_ratio * step_before:
        return term
    if not exceeds(rows, term.rows, tuning.fewer_errors):
        return term
    line = tuning.single_neighbour_line
    if line:
        rows = _extrapolated([term.k, 1], [term.rows, rows])
        rise = float((rows - term.rows).mean())
    return KnnTerm(rows, term.steady_rows, 1, tied, rise=rise, extrapolated=line)


def kraskov_rows(u: Float, v: Float, k: int) -> tuple[Float, int]:
    """Kraskov's estimate (variant 1) of I(U;V) from u (du, n), v (dv, n), one value per row.

    psi(k) + psi(n) - psi(n_x + 1) - psi(n_y + 1) of each row, in nats, (n,), and how many rows had
    ties.
    """
    return _kraskov_rows(_indexed(u), _indexed(v), k)


def _indexed(u: Float) -> IndexedSide:
    return IndexedSide(np.ascontiguousarray(u))


def _sides_of_scores(u: Float, v: Float) -> tuple[IndexedSide, IndexedSide]:
    """Sides of scores u (du, n), v (dv, n), without ties if no value of a column repeats.

    Scores are functions of ranks, which are evenly spaced, so that distances are often equal.
    """
    both = np.concatenate([u, v])
    ascending = np.sort(both, axis=1)
    if (ascending[:, 1:] > ascending[:, :-1]).all():
        both = break_ties(both)
    return _indexed(both[: len(u)]), _indexed(both[len(u) :])


def _kraskov_rows(x: IndexedSide, y: IndexedSide, k: int) -> tuple[Float, int]:
    """`kraskov_rows` of sides whose columns may have been sorted already."""
    return _rows_of_counts(kraskov_counts(x, y, k), k)


def _kraskov_rows_of_several(
    x: IndexedSide, y: IndexedSide, sizes: list[int]
) -> list[tuple[Float, int]]:
    """`kraskov_rows` for each of several falling k."""
    counts = kraskov_counts_of_several(x, y, sizes)
    return [_rows_of_counts(c, k) for c, k in zip(counts, sizes, strict=True)]


def _rows_of_counts(counts: KraskovCounts, k: int) -> tuple[Float, int]:
    n = len(counts.n_x)
    rows = np.full(n, float(digamma(k) + digamma(n)))
    for others in (counts.n_x, counts.n_y):
        rows -= _digamma_of(others + 1)
    return rows, counts.tied_rows


def ross_rows(u: Float, symbols: Int, k: int) -> tuple[Float, int]:
    """Ross's estimate of I(U;C) from u (d, n), symbols (n,), one value per row.

    psi(n) + psi(k_i) - psi(n_label) - psi(m_i) of each row, in nats, (n,), and how many rows had
    ties.
    """
    counts = ross_counts(IndexedSide(np.ascontiguousarray(u)), symbols, k)
    rows = digamma(u.shape[1]) + _digamma_of(counts.k)
    rows = rows - _digamma_of(counts.class_sizes) - _digamma_of(counts.within)
    return np.asarray(rows), counts.tied_rows


def _digamma_of(counts: Int) -> Float:
    """Psi of each of counts (n,), integers of at least 1, looked up in a table."""
    table = digamma(np.arange(1, int(counts.max()) + 1))
    return np.asarray(table[counts - 1])


def exceeds(rows: Float, other_rows: Float, standard_errors: float) -> bool:
    """Whether the mean of rows (n,) exceeds that of other_rows by so many standard errors."""
    difference = rows - other_rows
    error = float(difference.std()) / math.sqrt(len(difference))
    return float(difference.mean()) > max(standard_errors * error, 1e-12)


def _differ_little(rows: Float, other_rows: Float, error: float) -> bool:
    return float((rows - other_rows).std()) / math.sqrt(len(rows)) < error


def _one_dimensional_term(
    u: Float, v: Float, sizes: list[int], tuning: Tuning, spacing: Spacing
) -> KnnTerm:
    """`knn_term` for u, v (1, n)."""
    noise = fit_narrow_noise(u[0], v[0], tuning.narrow) if tuning.narrow.used else None
    if noise is not None:
        modelled = spacing != "even" and noise.shape is not None
        model = noise if modelled else None
        return _narrow_noise_term(ndtr(u), ndtr(v), sizes, model, tuning, spacing)
    limits = tuning.knn
    sides = _sides_of_scores(ndtr(u), ndtr(v))
    candidates = _kraskov_rows_of_several(*sides, sizes)
    steady, tied = candidates[0]
    if len(sizes) == 1:  # in ablations
        return KnnTerm(steady, steady, sizes[0], tied, bias=_normal_bias(u, v, sizes[0], tuning))
    line = _extrapolated(sizes, [rows for rows, _ in candidates])
    negligible = _differ_little(line, steady, limits.negligible_line_error)
    if negligible or exceeds(line, steady, limits.fewer_errors):
        rise = line - candidates[-1][0]
        significant = exceeds(rise, np.zeros(u.shape[1]), limits.fewer_errors)
        nats = float(rise.mean()) * significant
        return KnnTerm(line, steady, sizes[-1], candidates[-1][1], rise=nats)
    return KnnTerm(steady, steady, sizes[0], tied, bias=NormalBias(u, v, sizes[0], True, tuning))


def _narrow_noise_term(
    u: Float,
    v: Float,
    sizes: list[int],
    noise: NarrowNoise | None,
    tuning: Tuning,
    spacing: Spacing,
) -> KnnTerm:
    """Kraskov's estimate from uniform u, v (1, n), corrected by simulated samples of the noise.

    The error of the estimate in these samples is subtracted. The rows scatter as those of Kraskov's
    estimate or as those of the noise model, whichever scatter more. Without a noise model (None)
    nothing is corrected.

    Noise that takes few values, each with a narrow spread, is narrower than its model. Then a
    single neighbour sees more than the model explains, and stands alone. It is not trusted where
    it may be a copy: if values lie in narrow pairs, or if its estimate rises by far more than the
    step before it.
    """
    n, k = u.shape[1], sizes[-1]
    sides = _sides_of_scores(u, v)
    (rows, tied), (single, _) = _kraskov_rows_of_several(*sides, [k, 1])
    if noise is None:
        return KnnTerm(rows, rows, k, tied, 0.0)
    limits = tuning.narrow
    rng = np.random.default_rng(n)
    simulated = []
    for _ in range(min(max(limits.simulated_rows // n, 1), limits.max_samples)):
        a, b = (ndtr(side[np.newaxis]) for side in noise.sample(rng))
        of_sizes = _kraskov_rows_of_several(*_sides_of_scores(a, b), [k, 1])
        simulated.append([float(values.mean()) for values, _ in of_sizes])
    nats_of_k, nats_of_one = np.mean(simulated, axis=0).tolist()
    unseen = noise.nats - nats_of_k
    rise = single - rows
    finer = rise - max(nats_of_one - nats_of_k, unseen)
    is_finer = finer.mean() > limits.min_finer_nats
    if spacing == "random" and is_finer and exceeds(finer, np.zeros(n), limits.finer_errors):
        before = _kraskov_rows(*sides, sizes[-2])[0] if len(sizes) > 1 else rows
        if rise.mean() <= tuning.knn.max_rise_ratio * (rows - before).mean():
            return KnnTerm(single, rows, 1, tied, 0.0, rise=float(rise.mean()))
    widest = max(rows, noise.rows, key=lambda values: float(values.std()))
    rows = widest - widest.mean() + rows.mean() + unseen
    return KnnTerm(rows, rows, k, tied, unseen)


def _extrapolated(sizes: list[int], candidates: list[Float]) -> Float:
    """The least-squares line through the rows at several k, at k = 0; (n,)."""
    k = np.array(sizes, np.float64)
    deviations = k - k.mean()
    weights = 1 / len(k) - k.mean() * deviations / (deviations**2).sum()
    return np.asarray(weights @ np.stack(candidates))


def _normal_bias(u: Float, v: Float, k: int, tuning: Tuning) -> NormalBias | None:
    """What k-NN misses on normal samples, for few dimensions."""
    if len(u) + len(v) > tuning.knn.max_corrected_dims:
        return None
    return NormalBias(u, v, k, False, tuning)
