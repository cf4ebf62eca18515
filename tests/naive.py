"""Naive, slow implementations of all estimators and kernels, to compare the fast ones with.

They follow the docstrings and the papers, not the kernels: full distance matrices, loops over rows,
and library functions. The parameters have the names of the estimators' fields, so that
`naive.knn(x, y, **asdict(KNN()))` equals `KNN().estimate(x, y)`. All results are in nats.
"""

import itertools
import math
from collections import Counter
from dataclasses import asdict
from fractions import Fraction

import numpy as np
from scipy.special import digamma, logsumexp
from scipy.stats import hypergeom

from mibench.estimators import adaptive as adaptive_module
from mibench.estimators import uniform as uniform_module
from mibench.estimators.neighbours.added_noise import with_noise
from mibench.estimators.neighbours.ties import break_ties


def estimate(estimator, x, y, *, discrete_x=False, discrete_y=False):
    """The naive estimate in nats; 0 if one side is constant, as for all estimators."""
    sides = [
        labels(v) if discrete else rows(v) for v, discrete in ((x, discrete_x), (y, discrete_y))
    ]
    if any((side == side[0]).all() for side in sides):
        return 0.0
    return ESTIMATORS[type(estimator).__name__](
        *sides, discrete_x=discrete_x, discrete_y=discrete_y, **asdict(estimator)
    )


def rows(values):
    """(n, d) float64."""
    array = np.asarray(values)
    return array.reshape(len(array), -1).astype(np.float64)


def labels(values):
    """(n,) codes: rows of labels that are equal have equal codes."""
    array = np.asarray(values)
    codes = {}
    return np.array(
        [codes.setdefault(tuple(row), len(codes)) for row in array.reshape(len(array), -1).tolist()]
    )


# -- counting ----------------------------------------------------------------------------------


def entropy(symbols, correction=None):
    """Plug-in entropy of a sequence of hashable symbols; Miller-Madow adds (K - 1) / 2n."""
    counts = Counter(symbols)
    n = sum(counts.values())
    plain = -math.fsum(c / n * math.log(c / n) for c in counts.values())
    return plain + ((len(counts) - 1) / (2 * n) if correction == "miller-madow" else 0.0)


def plug_in(a, b, correction=None):
    """I = H(A) + H(B) - H(AB) of two sequences of symbols."""
    a, b = np.asarray(a).tolist(), np.asarray(b).tolist()
    together = entropy(zip(a, b, strict=True), correction)
    return entropy(a, correction) + entropy(b, correction) - together


def grassberger(symbols):
    """Entropy with G(c) in place of log c, Grassberger 2003, arXiv:physics/0307138, eq. 28."""
    counts = np.array(list(Counter(symbols).values()))
    return math.log(counts.sum()) - float(counts @ grassberger_g(counts)) / counts.sum()


def grassberger_g(c):
    return digamma(c) + (-1.0) ** c / 2 * (digamma((c + 1) / 2) - digamma(c / 2))


def labels_mi(a, b, correction):
    """The MI of two sides of labels; "auto": (J - E) / (M - E) of the smaller plug-in entropy."""
    a, b = np.asarray(a).tolist(), np.asarray(b).tolist()
    if correction != "auto":
        return plug_in(a, b, correction)
    n, of_a, of_b = len(a), grassberger(a), grassberger(b)
    if n in (len(set(a)), len(set(b))):
        return 0.0
    c = np.arange(1, n + 1)
    columns = np.array(list(Counter(b).values()))[:, np.newaxis]
    expected = sum(
        float((hypergeom.pmf(c, n, row, columns) @ (c * grassberger_g(c))).sum())
        for row in Counter(a).values()
    )
    by_chance = of_a + of_b - (math.log(n) - expected / n)
    observed = of_a + of_b - grassberger(zip(a, b, strict=True))
    share = (observed - by_chance) / (min(of_a, of_b) - by_chance)
    return share * min(entropy(a), entropy(b))


def of_bins(correction):
    """The correction where a side is binned: "auto" is none."""
    return None if correction == "auto" else correction


def row_symbols(indices):
    """One symbol per row of bin indices (n, d)."""
    return np.unique(indices, axis=0, return_inverse=True)[1].ravel()


def dense_symbols(keys):
    """Symbols in order of first appearance, and how often each occurs."""
    order = list(dict.fromkeys(np.asarray(keys).tolist()))
    counts = Counter(np.asarray(keys).tolist())
    return [order.index(key) for key in np.asarray(keys).tolist()], [counts[key] for key in order]


# -- numbers of bins ---------------------------------------------------------------------------


def balanced_bins(x, y, discrete_x, discrete_y, scale):
    """(scale * n / labels)^(1 / (D + 2)) rounded, at least 2; D counts the columns that vary."""
    share, dims = float(len(x)), 0
    for side, discrete in ((x, discrete_x), (y, discrete_y)):
        if discrete:
            share /= len(set(side.tolist()))
        else:
            dims += int((side.min(axis=0) < side.max(axis=0)).sum())
    return max(2, round((scale * share) ** (1 / (dims + 2))))


def sturges(n):
    """The smallest m with 2^(m - 1) >= n."""
    return next(m for m in range(1, 100) if 2 ** (m - 1) >= n)


def terrell_scott(n):
    """The smallest m with m^3 >= 2n."""
    return next(m for m in range(1, 10_000) if m**3 >= 2 * n)


def bins_of_width(values, width):
    """The number of bins of that width that cover the values, at most the number of values."""
    if width == 0:
        return sturges(len(values))
    return min(math.ceil((values.max() - values.min()) / width), len(values))


def scott(values):
    """Width 3.49 sd n^(-1/3)."""
    unit = np.abs(values).max()  # since the square of a value may exceed 1e308
    deviation = unit * (values / unit).std(ddof=1) if unit > 0 else 0.0
    return bins_of_width(values, 3.49 * deviation * len(values) ** (-1 / 3))


def freedman_diaconis(values):
    """Width 2 IQR n^(-1/3)."""
    low, high = np.percentile(values, [25, 75])
    return bins_of_width(values, 2 * (high - low) * len(values) ** (-1 / 3))


RULES = {
    "sturges": lambda values: sturges(len(values)),
    "terrell-scott": lambda values: terrell_scott(len(values)),
    "scott": scott,
    "freedman-diaconis": freedman_diaconis,
}


# -- uniform -----------------------------------------------------------------------------------


def uniform_bins(values, low, high, bins):
    """Indices of bins of equal width, the last one closed; values outside in the outermost bins."""
    if low == high:
        return np.zeros(len(values), int)
    edges = np.linspace(low, high, bins + 1)
    return np.clip(np.digitize(values, edges) - 1, 0, bins - 1)


def uniform(x, y, bins, range, pooled, correction, discrete_x=False, discrete_y=False):  # noqa: A002
    def symbols(side, discrete):
        if discrete:
            return side
        indices = []
        for column in side.T:
            reference = side.ravel() if pooled else column
            low, high = range if range is not None else (reference.min(), reference.max())
            if bins == "auto":
                scale = uniform_module.AUTO_SCALE
                number = balanced_bins(x, y, discrete_x, discrete_y, scale)
            else:
                number = bins if isinstance(bins, int) else RULES[bins](reference)
            indices.append(uniform_bins(column, low, high, number))
        return row_symbols(np.stack(indices, axis=1))

    if discrete_x and discrete_y:
        return labels_mi(x, y, correction)
    return plug_in(symbols(x, discrete_x), symbols(y, discrete_y), of_bins(correction))


# -- adaptive ----------------------------------------------------------------------------------


def quantile_edges(values, bins):
    """Inner edges at the quantiles j / bins of the unique values, as exact fractions."""
    unique = np.unique(np.asarray(values, np.float64)).tolist()
    edges = []
    for j in np.arange(1, bins).tolist():
        position = Fraction(j * (len(unique) - 1), bins)
        below = math.floor(position)
        above = min(below + 1, len(unique) - 1)
        low, high = Fraction(unique[below]), Fraction(unique[above])
        edges.append(low + (high - low) * (position - below))
    return edges


def adaptive_bins(values, reference, bins):
    """The number of `quantile_edges` of the reference that are at most each value.

    The quantile function of the U unique values increases strictly from each value to the next. So
    the edge at rank position j (U - 1) / M is at most the value of rank r (from 0) if and only if
    r >= j (U - 1) / M: a comparison of whole numbers, without rounding.
    """
    unique = np.unique(reference)
    last = len(unique) - 1
    if last == 0:
        return np.zeros(len(values), int)
    return np.minimum(np.searchsorted(unique, values) * bins // last, bins - 1)


def own_bins(values, reference, bins, own_value):
    """The last bin for `own_value`, and bins - 1 bins by the ranks of all other values."""
    others = reference[reference != own_value]
    if own_value is None or len(others) == len(reference):
        return adaptive_bins(values, reference, bins)
    if len(others) == 0:
        return np.zeros(len(values), int)
    return np.where(values == own_value, bins - 1, adaptive_bins(values, others, bins - 1))


def bins_on_values(values, reference, bins, own_value):
    """Edges on values at even steps of their ranks, as the published code of the thesis has them.

    Numbers of M bins, of one more for values at the lower bound, and of one for the largest value.
    """
    unique = sorted(set(reference.tolist()))
    top = math.floor((bins - 1) * len(unique) / bins)
    edges = [unique[int(rank)] for rank in np.linspace(0, top, bins)]
    return [
        "lowest" if v == own_value
        else "largest" if v == unique[-1]
        else max(j for j in range(bins) if v >= edges[j])
        for v in values.tolist()
    ]  # fmt: skip


def bins_of_equally_many_values(values, reference, bins, own_value):
    """Edges on values whose ranks are k / M of all, as the code of Chelombiev et al. has them.

    `own_value` is no value that is counted; it and the largest value have bins of their own.
    """
    unique = sorted(set(reference.tolist()) - {own_value})
    edges = [unique[math.floor(Fraction(k * len(unique), bins))] for k in range(bins)]
    return [
        "own" if v == own_value
        else "largest" if v == unique[-1]
        else max(edge for edge in edges if v >= edge)
        for v in values.tolist()
    ]  # fmt: skip


CUTS = {"quantiles": own_bins, "ibbsc": bins_on_values, "ebab": bins_of_equally_many_values}


def adaptive(x, y, bins, pooled, correction, own_bin, rule, discrete_x=False, discrete_y=False):
    def symbols(side, discrete):
        if discrete:
            return side
        indices = []
        for column in side.T:
            reference = side.ravel() if pooled else column
            if bins == "auto":
                scale = adaptive_module.AUTO_SCALE
                number = balanced_bins(x, y, discrete_x, discrete_y, scale)
            else:
                number = bins if isinstance(bins, int) else RULES[bins](reference)
            indices.append(labels(CUTS[rule](column, reference, number, own_bin)))
        return row_symbols(np.stack(indices, axis=1))

    if discrete_x and discrete_y:
        return labels_mi(x, y, correction)
    return plug_in(symbols(x, discrete_x), symbols(y, discrete_y), of_bins(correction))


# -- kernel density ----------------------------------------------------------------------------


def log_densities(columns, among):
    """(n,) log of the mean kernel at row i over the rows j with among[i, j], not normalized."""
    exponents = np.zeros(among.shape)
    for column in columns:
        exponents -= 0.5 * (column[:, np.newaxis] - column[np.newaxis, :]) ** 2
    total = logsumexp(np.where(among, exponents, -np.inf), axis=1)
    return total - np.log(among.sum(axis=1))


def scaled(side, factor):
    """The columns that vary, in units of factor standard deviations.

    Their minimum is subtracted first: in a column of values near 1e12, the rounding of the mean
    alone would change the ninth digit of the standard deviation.
    """
    columns = [column - column.min() for column in side.T if column.min() < column.max()]
    columns = [column / column.max() for column in columns]
    return [column / (factor * column.std(ddof=1)) for column in columns]


def mixture_bound(values, noise_variance, variant):
    """Pairwise bound on the entropy of rows (n, d) plus N(0, s2 I) noise (Kolchinsky & Tracey)."""
    n, dims = values.shape
    squared = sum((column[:, np.newaxis] - column) ** 2 for column in values.T)
    distance = squared / (2 * noise_variance) / {"upper": 1, "lower": 4}[variant]
    of_noise = dims / 2 * math.log(2 * math.pi * math.e * noise_variance)
    sums = np.exp(-distance).sum(axis=1)  # at least 1, since the distance to itself is 0
    return of_noise - (np.log(sums) - math.log(n)).mean()


def mixture(values, codes, noise_variance, variant):
    """H(mixture) - sum_c p(c) H(mixture of the rows with label c)."""
    within = sum(
        (codes == code).mean() * mixture_bound(values[codes == code], noise_variance, variant)
        for code in set(codes.tolist())
    )
    return mixture_bound(values, noise_variance, variant) - within


def kde(x, y, bandwidth, noise_variance, variant, correction, discrete_x=False, discrete_y=False):
    if discrete_x and discrete_y:
        return labels_mi(x, y, correction)
    if noise_variance is not None:
        codes, values = (x, y) if discrete_x else (y, x)
        return mixture(values - values.min(axis=0), codes, noise_variance, variant)
    n = len(x)
    dims = sum(
        int((side.min(axis=0) < side.max(axis=0)).sum())
        for side, discrete in ((x, discrete_x), (y, discrete_y))
        if not discrete
    )
    factor = {
        "scott": n ** (-1 / (dims + 4)),
        "silverman": (n * (dims + 2) / 4) ** (-1 / (dims + 4)),
    }.get(bandwidth, bandwidth)
    others = ~np.eye(n, dtype=bool)
    if discrete_x or discrete_y:
        codes, values = (x, scaled(y, factor)) if discrete_x else (y, scaled(x, factor))
        same = others & (codes[:, np.newaxis] == codes)
        repeated = same.any(axis=1)
        within = log_densities([v[repeated] for v in values], same[np.ix_(repeated, repeated)])
        terms = within - log_densities(values, others)[repeated]
    else:
        a, b = scaled(x, factor), scaled(y, factor)
        terms = log_densities(a + b, others) - log_densities(a, others) - log_densities(b, others)
    return math.fsum(terms) / len(terms)


def kernel_sums(columns, codes):
    """(n,) leave-one-out sums of kernels over the rows with the same code, by a double loop."""
    n = len(codes)
    return [
        math.fsum(
            math.exp(-0.5 * sum((column[i] - column[j]) ** 2 for column in columns))
            for j in range(n)
            if j != i and codes[j] == codes[i]
        )
        for i in range(n)
    ]


# -- nearest neighbours ------------------------------------------------------------------------


def distances(side, units=1.0):
    """(n, n) Chebyshev distances between the rows of (n, d), each dimension in its own unit."""
    gaps = [
        np.abs(column[:, np.newaxis] - column) / unit
        for column, unit in zip(side.T, np.broadcast_to(units, side.shape[1]), strict=True)
    ]
    return np.maximum.reduce(gaps)


def deviations(side):
    """(d,) standard deviations; 1 for constant columns."""
    columns = side - side.min(axis=0)
    spread = np.where(columns.max(axis=0) > 0, columns.max(axis=0), 1.0)
    return spread * np.where(columns.any(axis=0), (columns / spread).std(axis=0), 1.0)


def neighbours(columns, k, split):
    """radius, extent in x, extent in y, tied: for each row, from the full distance matrix."""
    matrix = distances(columns.T)
    n = len(matrix)
    results = []
    for i in range(n):
        others = sorted((matrix[i, j], j) for j in range(n) if j != i)
        radius = others[k - 1][0]
        tied = radius == 0 or (len(others) > k and others[k][0] == radius)
        gaps = [np.abs(columns[:, j] - columns[:, i]) for _, j in others[:k]]
        results.append((
            radius,
            max(gap[:split].max(initial=0.0) for gap in gaps),
            max(gap[split:].max(initial=0.0) for gap in gaps),
            tied,
        ))  # fmt: skip
    return tuple(np.array(part) for part in zip(*results, strict=True))


def count_within(columns, reach):
    """How many rows, the row itself included, lie nearer than reach to each row."""
    return (distances(columns.T) < np.asarray(reach)[:, np.newaxis]).sum(axis=1)


def tied(matrix, k):
    """(n,) whether the k-th nearest other row is a copy, or the next one is equally far."""
    others = np.where(np.eye(len(matrix)), np.inf, matrix)  # the row itself last
    others = np.partition(others, (k - 1, k), axis=1)
    return (others[:, k - 1] == 0) | ((others[:, k] == others[:, k - 1]) & (others[:, k] < np.inf))


def kraskov(in_x, in_y, k, variant):
    """Kraskov, Stoegbauer & Grassberger 2004, eqs. 8 and 9, from distances (n, n) in x and y."""
    n = len(in_x)
    joint = np.maximum(in_x, in_y)
    others = ~np.eye(n, dtype=bool)
    in_order = np.argsort(np.where(others, joint, np.nan), axis=1, kind="stable")  # nan: last
    nearest = in_order[:, :k]
    radii = np.take_along_axis(joint, nearest[:, -1:], axis=1)
    if variant == 1:
        n_x, n_y = (((part < radii) & others).sum(axis=1) for part in (in_x, in_y))
        terms = digamma(k) - digamma(n_x + 1) - digamma(n_y + 1)
    else:
        # Where ties are left: rounding next to a far larger value makes the k nearest ambiguous.
        still_tied = tied(joint, k)[:, np.newaxis]
        extents = (
            np.take_along_axis(part, nearest, axis=1).max(axis=1, keepdims=True)
            for part in (in_x, in_y)
        )
        n_x, n_y = (
            ((part <= np.where(still_tied, radii, extent)) & others).sum(axis=1)
            for part, extent in zip((in_x, in_y), extents, strict=True)
        )
        terms = digamma(k) - 1 / k - digamma(n_x) - digamma(n_y)
    return digamma(n) + math.fsum(terms) / n


def ross(matrix, codes, k):
    """Ross 2014, counted as by scikit-learn: m are the row and the rows nearer than its k-th."""
    n = len(codes)
    same = (codes[:, np.newaxis] == codes) & ~np.eye(n, dtype=bool)
    sizes = same.sum(axis=1)
    ks = np.minimum(k, sizes)
    in_order = np.sort(np.where(same, matrix, np.inf), axis=1)
    radii = np.take_along_axis(in_order, ks[:, np.newaxis] - 1, axis=1)
    around = (matrix < radii).sum(axis=1)
    terms = digamma(ks) - digamma(sizes + 1) - digamma(around)
    return digamma(n) + math.fsum(terms) / n


def ties_within(matrix, codes, k):
    """Whether any row has ties among the rows of the same code."""
    sizes = Counter(codes.tolist())
    return any(
        tied(matrix[np.ix_(codes == code, codes == code)], min(k, size - 1)).any()
        for code, size in sizes.items()
    )


def kozachenko_leonenko(matrix, dims, k):
    """Entropy from distances (n, n) in the maximum norm; a ball of radius e has volume (2 e)^d."""
    n = len(matrix)
    others = np.where(np.eye(n), np.nan, matrix)  # nan: last
    radii = np.sort(others, axis=1)[:, k - 1]
    return digamma(n) - digamma(k) + math.fsum(math.log((2 * r) ** dims) for r in radii) / n


def units(side, standardize):
    """What each column of a side is divided by. Without outliers: those far from the quartiles."""
    if not standardize:
        return np.ones(side.shape[1])
    near = np.array(side, float)
    for column in near.T if standardize == "auto" else ():
        low, high = sorted(column.tolist())[len(column) // 4], sorted((-column).tolist())
        high = -high[len(column) // 4]
        limits = low - 10 * (high - low), high + 10 * (high - low)
        outside = [not limits[0] <= value <= limits[1] for value in column]
        if low < high and sum(outside) <= 0.05 * len(column):
            column[:] = [min(max(value, limits[0]), limits[1]) for value in column]
    return deviations(near)


def without_rounding(values):
    """Columns (n, d) in which values that differ by rounding alone are equal, one by one."""
    values = np.array(values, float)
    tiny = 2.0**-44
    for j, column in enumerate(values.T.tolist()):
        rank, n = sorted(column), len(column)
        spread = tiny * rank[n - 1 - n // 10] - tiny * rank[n // 10]
        if spread <= tiny * abs(tiny * rank[n // 2]):
            spread = tiny * rank[-1] - tiny * rank[0]
        groups = [[rank[0]]]
        for a, b in itertools.pairwise(rank):
            if b - a <= min(tiny * max(abs(a), abs(b)) + spread, 256 * spread):
                groups[-1].append(b)
            else:
                groups.append([b])
        if sum(len(g) for g in groups if g[0] < g[-1]) >= 0.01 * n:
            smallest = {value: group[0] for group in groups for value in group}
            values[:, j] = [smallest[value] for value in column]
    return values


def knn(
    x, y, k, variant, standardize, algorithm="auto", noise_variance=None, seed=0, correction="auto",
    discrete_x=False, discrete_y=False,
):  # fmt: skip
    """Kraskov or Ross, or entropies.

    The noise comes from `break_ties` and `with_noise`, which other tests check by their properties.
    """
    if discrete_x and discrete_y:
        return labels_mi(x, y, correction)
    x, y = (
        side if discrete else without_rounding(side)
        for side, discrete in ((x, discrete_x), (y, discrete_y))
    )
    if discrete_x or discrete_y:
        values, codes = (y, x) if discrete_x else (x, y)
        if noise_variance is not None:
            distinct = len(set(codes.tolist())) == len(codes)
            values = with_noise(values.T, noise_variance, seed, None if distinct else codes).T
            if distinct:
                dims = values.shape[1]
                of_noise = dims / 2 * math.log(2 * math.pi * math.e * noise_variance)
                return kozachenko_leonenko(distances(values), dims, k) - of_noise
        varying = int((values.min(axis=0) < values.max(axis=0)).sum())
        unscaled = standardize == "auto" and (varying == 1 or noise_variance is not None)
        unit = units(values, not unscaled and standardize)
        sizes = Counter(codes.tolist())
        repeated = np.array([sizes[code] > 1 for code in codes.tolist()])
        values, codes = values[repeated], codes[repeated]
        matrix = distances(values, unit)
        if ties_within(matrix, codes, k):
            matrix = distances(break_ties((values / unit).T, codes).T)
        return ross(matrix, codes, k)
    unit_x, unit_y = units(x, standardize), units(y, standardize)
    in_x, in_y = distances(x, unit_x), distances(y, unit_y)
    if tied(np.maximum(in_x, in_y), k).any():
        broken = break_ties(np.concatenate([x / unit_x, y / unit_y], axis=1).T).T
        in_x, in_y = distances(broken[:, : x.shape[1]]), distances(broken[:, x.shape[1] :])
    return kraskov(in_x, in_y, k, variant)


ESTIMATORS = {"Uniform": uniform, "Adaptive": adaptive, "KDE": kde, "KNN": knn}
