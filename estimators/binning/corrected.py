"""Entropies of labels from their counts, corrected for few rows.

The rare labels of a sample are too few, and each too frequent or unseen, so the plug-in entropy is
too low on average. Each function here takes the distinct counts and how often each occurs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln, polygamma, xlogy

from mibench.errors import InputError

Float = NDArray[np.float64]
Int = NDArray[np.int64]

Correction = Literal[
    "miller-madow", "grassberger", "grassberger-1988", "chao-shen", "chao-wang-jost", "shrinkage",
    "nsb", "jackknife",
]  # fmt: skip

LOG_STEP = 0.02  # of the grids of integrals; half of it changes no digit of twelve


@dataclass(frozen=True)
class Counts:
    """The counts of labels in n rows: distinct ones, values (m,), and how often, repeats (m,).

    kinds: the number of labels that could occur, at least those that do.
    """

    values: Int
    repeats: Int
    kinds: int

    @cached_property
    def n(self) -> int:
        """The number of rows."""
        return int(self.values @ self.repeats)

    @cached_property
    def seen(self) -> int:
        """The number of labels that occur."""
        return int(self.repeats.sum())

    def occurring(self, times: int) -> int:
        """How many labels occur so many times."""
        return int(self.repeats[self.values == times].sum())

    def total(self, terms: NDArray[np.floating[Any]]) -> float:
        """The sum of terms (m,) over labels, where terms[i] is that of one with count values[i]."""
        return float(self.repeats @ terms)


def entropy_of_counts_nats(
    counts: ArrayLike, correction: Correction | None = None, kinds: int | None = None
) -> float:
    """The entropy of labels in nats, from how often each of them occurs in n rows.

    With counts c, shares p = c / n, K labels that occur, and f1 and f2 of them once and twice:

    - None, the plug-in: -sum p log p. Downwards by about (K - 1) / 2n.
    - "miller-madow": the plug-in plus (K - 1) / 2n.
    - "grassberger": log n - (1/n) sum c G(c), with G(c) = psi(c) + (-1)^c / 2 [psi((c + 1) / 2)
      - psi(c / 2)] (Grassberger 2003); "grassberger-1988" has psi(c) + (-1)^c / (c + 1).
    - "chao-shen": -sum q log q / (1 - (1 - q)^n), with q = C p and the coverage C = 1 - f1 / n.
    - "chao-wang-jost": (1/n) sum c [psi(n) - psi(c)], and a term for labels unseen, from f1 and f2.
    - "shrinkage": the plug-in of (1 - w) p + w / kinds, with the weight of James and Stein, w =
      sum p (1 - p) / [(n - 1) sum (p - 1 / kinds)^2], 1 at most.
    - "nsb": the mean over symmetric Dirichlet priors, weighted so that the entropy that they expect
      is uniform on [0, log kinds].
    - "jackknife": n H - (n - 1) times the mean plug-in entropy H of all rows but one.

    Bias: upwards for few labels or shares that are nearly equal, in shrinkage and nsb, if `kinds`
    is too large; else downwards, where most labels are unseen. `docs/labels.md` measures what they
    do to the MI.

    Args:
        counts: whole numbers of at least 0. Counts of 0 change nothing.
        correction: its name, or None.
        kinds: the number of labels that could occur, for shrinkage and nsb; those that do by
            default.

    Returns:
        The entropy in nats.

    Raises:
        InputError: for counts that are no whole numbers of at least 0, or all 0; an unknown
            correction; and fewer kinds than occur.

    References:
        Miller 1955, Note on the bias of information estimates.
        Grassberger 2003, arXiv:physics/0307138; 1988, doi:10.1016/0375-9601(88)90193-4.
        Chao & Shen 2003, doi:10.1023/A:1026096204727.
        Chao, Wang & Jost 2013, doi:10.1111/2041-210X.12108.
        Hausser & Strimmer 2009, https://jmlr.org/papers/v10/hausser09a.html.
        Nemenman, Shafee & Bialek 2002, arXiv:physics/0108025.
        Zahl 1977, doi:10.2307/1936227.

    Example:
        >>> round(entropy_of_counts_nats([1, 1, 2]), 4)
        1.0397
        >>> round(entropy_of_counts_nats([1, 1, 2], "miller-madow"), 4)
        1.2897
    """
    array = np.asarray(counts)
    if array.ndim != 1 or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise InputError("counts must be a flat list of whole numbers of at least 0")
    whole = array.astype(np.int64)
    if (whole != array).any() or (whole < 0).any() or not whole.any():
        raise InputError("counts must be whole numbers of at least 0, and not all of them 0")
    if correction is not None and correction not in ENTROPIES:
        raise InputError(
            f"unknown correction {correction!r}: use {', '.join(ENTROPIES)}, or None for none"
        )
    summed = counts_of(whole[whole > 0], kinds)
    if summed.kinds < summed.seen:
        raise InputError(f"kinds={kinds}, but {summed.seen} labels occur: give at least that")
    return corrected_entropy(summed, correction)


def counts_of(counts: Int, kinds: int | None = None) -> Counts:
    """Sum up counts of at least 1. kinds: those that occur by default."""
    values, repeats = np.unique(counts, return_counts=True)
    return Counts(values, repeats, len(counts) if kinds is None else kinds)


def corrected_entropy(counts: Counts, correction: Correction | None) -> float:
    """The entropy in nats; see `entropy_of_counts_nats`."""
    return plain(counts) if correction is None else ENTROPIES[correction](counts)


def plain(c: Counts) -> float:
    """-sum p log p."""
    p = c.values / c.n
    return -c.total(xlogy(p, p))


def miller_madow(c: Counts) -> float:
    """The plug-in plus (K - 1) / 2n."""
    return plain(c) + (c.seen - 1) / (2 * c.n)


def grassberger(c: Counts) -> float:
    """Grassberger 2003, eq. 28."""
    v = c.values.astype(np.float64)
    sign = np.where(c.values % 2, -1.0, 1.0)
    g = digamma(v) + sign / 2 * (digamma((v + 1) / 2) - digamma(v / 2))
    return math.log(c.n) - c.total(v * g) / c.n


def grassberger_1988(c: Counts) -> float:
    """Grassberger 1988, doi:10.1016/0375-9601(88)90193-4."""
    g = digamma(c.values) + np.where(c.values % 2, -1.0, 1.0) / (c.values + 1)
    return math.log(c.n) - c.total(c.values * g) / c.n


def chao_shen(c: Counts) -> float:
    """Chao & Shen 2003; a coverage of 0 is taken as 1 / n."""
    coverage = 1 - min(c.occurring(1), c.n - 1) / c.n
    q = coverage * c.values / c.n
    unseen = -np.expm1(c.n * np.log1p(-np.minimum(q, 1 - 1e-16)))
    return -c.total(xlogy(q, q) / unseen)


def chao_wang_jost(c: Counts) -> float:
    """Chao, Wang & Jost 2013, eq. 4.

    The paper's term for labels unseen is (f1 / n) (1 - a)^(1 - n) [-log a - sum_{r<n} (1 - a)^r /
    r], which overflows for large n. It equals (f1 / n) (1 - a) times the integral of t^(n - 1) / (1
    - (1 - a) t) over [0, 1], here with t = exp(-e^w / n), on a grid of w.
    """
    n, once, twice = c.n, c.occurring(1), c.occurring(2)
    seen = c.total(c.values * (digamma(n) - digamma(c.values))) / n
    if once == 0 or n == 1:
        return seen
    a = 2 / ((n - 1) * (once - 1) + 2)
    if twice > 0:
        a = 2 * twice / ((n - 1) * once + 2 * twice)
    if a >= 1:
        return seen
    v = np.exp(np.arange(-50.0, 5.0, LOG_STEP))
    integrand = v * np.exp(-v) / (a - (1 - a) * np.expm1(-v / n))
    return seen + once / n * (1 - a) * LOG_STEP / n * float(integrand.sum())


def shrinkage_weight(c: Counts) -> float:
    """The weight of the uniform distribution over `kinds`, by James and Stein."""
    p = c.values / c.n
    unseen = c.kinds - c.seen
    distance = c.total((p - 1 / c.kinds) ** 2) + unseen / c.kinds**2
    spread = c.total(p * (1 - p))
    if c.n == 1 or spread >= (c.n - 1) * distance:
        return 1.0
    return spread / ((c.n - 1) * distance)


def shrunk_entropy(c: Counts, weight: float) -> float:
    """The plug-in entropy of (1 - weight) p + weight / kinds."""
    p = (1 - weight) * c.values / c.n + weight / c.kinds
    rest = weight / c.kinds
    return -c.total(xlogy(p, p)) - float((c.kinds - c.seen) * xlogy(rest, rest))


def shrinkage(c: Counts) -> float:
    """Hausser & Strimmer 2009, eqs. 5 and 6."""
    return shrunk_entropy(c, shrinkage_weight(c))


def nsb(c: Counts) -> float:
    """Nemenman, Shafee & Bialek 2002: the integral over the concentration beta > 0 on a grid.

    The weight of beta is the probability of the counts under a symmetric Dirichlet prior, times
    d xi / d beta, where xi = psi(kinds beta + 1) - psi(beta + 1) is the entropy that it expects.
    """
    if c.kinds == 1:
        return 0.0
    log_beta = np.arange(-35.0, 25.0, LOG_STEP)  # where the integrand is negligible at the ends
    beta = np.exp(log_beta)
    all_kinds = c.kinds * beta
    evidence = gammaln(all_kinds) - gammaln(c.n + all_kinds)
    inner = (c.kinds - c.seen) * beta * digamma(beta + 1)
    for value, repeat in zip(c.values.tolist(), c.repeats.tolist(), strict=True):
        evidence += repeat * (gammaln(value + beta) - gammaln(beta))
        inner += repeat * (value + beta) * digamma(value + beta + 1)
    slope = c.kinds * polygamma(1, all_kinds + 1) - polygamma(1, beta + 1)
    weight = np.exp(evidence - evidence.max()) * slope * beta
    entropy = digamma(c.n + all_kinds + 1) - inner / (c.n + all_kinds)
    return float((weight * entropy).sum() / weight.sum())


def jackknife(c: Counts) -> float:
    """Zahl 1977. A row of a label with count v leaves the plug-in of counts with v - 1 in place."""
    if c.n == 1:
        return 0.0
    n, v = c.n, c.values.astype(np.float64)
    total = c.total(xlogy(v, v))
    without = math.log(n - 1) - (total - xlogy(v, v) + xlogy(v - 1, v - 1)) / (n - 1)
    return n * plain(c) - (n - 1) / n * c.total(v * without)


ENTROPIES: dict[Correction, Callable[[Counts], float]] = {
    "miller-madow": miller_madow,
    "grassberger": grassberger,
    "grassberger-1988": grassberger_1988,
    "chao-shen": chao_shen,
    "chao-wang-jost": chao_wang_jost,
    "shrinkage": shrinkage,
    "nsb": nsb,
    "jackknife": jackknife,
}
