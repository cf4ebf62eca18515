"""k nearest neighbours: Kraskov's estimator, and Ross's where one side is discrete."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from scipy.special import digamma

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .binning.plug_in import plug_in, variable_symbols
from .neighbours.added_noise import kozachenko_leonenko_information, with_noise
from .neighbours.ksg import kraskov_counts, ross_counts
from .neighbours.search import Algorithm
from .neighbours.sorted_column import IndexedSide
from .shared.columns import standardized
from .shared.threads import share_rows

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_sides_of: WeakKeyDictionary[Variable, dict[bool, IndexedSide]] = WeakKeyDictionary()

WARM_UP_WITH: tuple[Algorithm, ...] = ("tree", "brute", "slabs")
SCALES = 10.0  # the ratio of mean absolute deviations from which a flag says so


@dataclass(frozen=True)
class KNN(Estimator):
    """MI from distances to the k-th nearest neighbour, in the maximum (Chebyshev) metric.

    Both sides continuous (Kraskov, Stoegbauer & Grassberger 2004, eqs. 8 and 9), psi the digamma
    function and e_i the distance from row i to its k-th neighbour in the joint space:

        variant 1: I = psi(k) + psi(n) - mean[psi(n_x + 1) + psi(n_y + 1)],
                   n_x the other rows with |x_j - x_i| < e_i
        variant 2: I = psi(k) - 1/k + psi(n) - mean[psi(n_x) + psi(n_y)],
                   n_x the other rows with |x_j - x_i| <= e_x, the k neighbours' own extent in x

    One side discrete (Ross 2014): the k-th neighbour (fewer in smaller classes) is sought among
    rows with the same label, I = psi(n) + mean[psi(k_i) - psi(n_label) - psi(m_i)], m_i the rows
    within that distance. Rows whose label occurs once are left out, with a flag. Two discrete
    sides: plug-in.

    Ties: where the k-th and the next neighbour of any row are equally far, or the k-th is a copy,
    the formulas do not hold. Then, and only then, noise of at most a thousandth of the smallest
    typical gap between values is added to all rows, and the result is flagged. The noise is fixed
    by the data (`estimators._ties`), so the same data give the same result in any order of rows.
    Counting tied rows on the boundary instead, without noise, invents information: up to 0.4 nats
    for independent normals rounded to a tenth of their standard deviation (`docs/ties.md`).

    k: neighbours. variant: 1 or 2. standardize: divide each dimension by its standard deviation
    first; the metric compares dimensions, so units matter unless this is set. algorithm: "tree",
    "brute", "strips" (in 1+1 dimensions), "slabs" (in two or more), or "auto" by n and dimension;
    the result is the same.

    noise_variance: s2 > 0 asks for I(C;T + Z) instead, C the labels of the discrete side, T the
        rows of the other, Z normal noise of that variance in every dimension, drawn once from
        `seed` and the data, the same in any order of rows. Labels that repeat: Ross on the noisy
        rows. Labels that all differ, as those of a network's inputs X: I(X;T + Z) = h(T + Z) - h(Z)
        by Kozachenko & Leonenko 1987, see `estimators._noise`; too large, even beyond log n, where
        the noise does not reach from a row to its neighbours.

    Bias: near 0 for independent sides; downwards for strong dependence (needs about exp(I)
    samples a neighbourhood) and severely so in more than some five dimensions a side.
    Source: doi:10.1103/PhysRevE.69.066138; doi:10.1371/journal.pone.0087357; entropy: Berrett,
    Samworth & Yuan 2019, doi:10.1214/18-AOS1688.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=1000)
    >>> estimate = KNN(k=5).estimate(x, x + rng.normal(size=1000))  # the truth: 0.5 bits
    >>> abs(estimate.bits - 0.5) < 0.1
    True
    """

    k: Annotated[int, Field(ge=1)] = 3
    variant: Literal[1, 2] = 1
    standardize: bool = False
    algorithm: Algorithm = "auto"
    noise_variance: Annotated[float, Field(gt=0)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    quadratic: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.noise_variance is not None and self.standardize:
            raise InputError(
                f"KNN: standardize=true would undo noise_variance={self.noise_variance:g}, the "
                "same in all dimensions: give one of them"
            )

    def warm_up(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> None:
        """Compile what "auto" may take, which depends on n."""
        self.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)
        for algorithm in WARM_UP_WITH if self.algorithm == "auto" else ():
            one = replace(self, algorithm=algorithm)
            with suppress(InputError):  # slabs of a single dimension
                one.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return plug_in(variable_symbols(x), variable_symbols(y))
        if x.discrete or y.discrete:
            labels, values = (x, y) if x.discrete else (y, x)
            if self.noise_variance is not None:
                return self._noisy(values, labels, self.noise_variance)
            return self._ross(self._side(values), labels)
        if self.noise_variance is not None:
            raise InputError(
                f"knn: noise_variance={self.noise_variance:g} needs one side of labels: declare it "
                "discrete, or leave noise_variance out for two continuous sides"
            )
        return self._kraskov(self._side(x), self._side(y))

    def estimate_pairs(self, pairs: Sequence[tuple[Variable, Variable]]) -> list[Estimate | str]:
        """As of every estimator; each thread takes pairs, which pays more than to share rows."""
        found: list[Estimate | str] = [""] * len(pairs)

        def some(start: int, stop: int) -> None:
            found[start:stop] = [self.attempt(x, y) for x, y in pairs[start:stop]]

        share_rows(some, len(pairs), 1)
        return found

    def _side(self, v: Variable) -> IndexedSide:
        """The columns that vary, for constant ones add nothing to a distance; made once."""
        sides = _sides_of.setdefault(v, {})
        if self.standardize not in sides:
            columns = v.float64[v.low < v.high]
            sides[self.standardize] = IndexedSide(
                standardized(columns) if self.standardize else columns
            )
        return sides[self.standardize]

    def _noisy(self, values: Variable, labels: Variable, variance: float) -> Estimate:
        """With noise on every dimension, the constant ones too: all are of one law for any data."""
        distinct = labels.cardinality == labels.n
        symbols = None if distinct else labels.symbols
        noisy = with_noise(values.float64, variance, self.seed, symbols)
        noise = {"noise_variance": variance, "seed": self.seed}
        if not distinct:
            found = self._ross(IndexedSide(noisy), labels)
            notes = {code: why for code, why in found.flags.items() if code != "scales"}
            return Estimate(found.nats, notes, {**found.info, **noise})
        nats = kozachenko_leonenko_information(noisy, variance, self.k, self.algorithm)
        few = math.log2(values.n / self.k) < values.dims
        notes = dict([flags.few_samples(values.n, values.dims)] if few else [])
        return Estimate(nats, notes, {"method": "Kozachenko-Leonenko", **noise})

    def _kraskov(self, x: IndexedSide, y: IndexedSide) -> Estimate:
        n = x.columns.shape[1]
        if n <= self.k:
            raise InputError(f"knn needs more than k={self.k} rows, got {n}: lower k or add rows")
        counts = kraskov_counts(x, y, self.k, self.variant, self.algorithm)
        if self.variant == 1:
            psi_k = digamma(self.k)
            margins = _sum_digamma(counts.n_x + 1) + _sum_digamma(counts.n_y + 1)
        else:
            psi_k = digamma(self.k) - 1 / self.k
            margins = _sum_digamma(counts.n_x) + _sum_digamma(counts.n_y)
        nats = float(digamma(n) + (n * psi_k - margins) / n)
        info = {"method": f"Kraskov {self.variant}", "neighbours": counts.algorithm}
        ceiling = float(digamma(n) - digamma(self.k)) - (self.variant - 1) / self.k
        spreads = np.r_[counts.x.spreads, counts.y.spreads]
        return Estimate(nats, _notes(n, spreads, self.k, counts.tied_rows), info, ceiling)

    def _ross(self, side: IndexedSide, labels: Variable) -> Estimate:
        symbols = labels.symbols
        repeated = np.flatnonzero(labels.counts[symbols] > 1)
        n = len(repeated)
        if n == 0:
            raise InputError(
                f"all {labels.n} labels differ, so no row has a neighbour with its own label: "
                "treat that side as continuous, or use binning"
            )
        if n < labels.n:
            symbols = symbols[repeated]
            side = IndexedSide(np.ascontiguousarray(side.columns[:, repeated]))
        counts = ross_counts(side, symbols, self.k, self.algorithm)
        total = _sum_digamma(counts.k) - _sum_digamma(counts.within)
        total -= _sum_digamma(counts.class_sizes)
        notes = _notes(n, counts.side.spreads, self.k, counts.tied_rows)
        if n < labels.n:
            notes.update([flags.rare_labels(labels.n - n, labels.n)])
        return Estimate(float(digamma(n) + total / n), notes, {"method": "Ross"})


def _sum_digamma(counts: Int) -> float:
    """Sum of psi over counts of at least 1, evaluated once for each count that occurs."""
    occurrences = np.bincount(counts)
    present = np.flatnonzero(occurrences)
    return float(np.dot(occurrences[present], digamma(present)))


def _notes(n: int, spreads: Float, k: int, ties: int) -> dict[str, str]:
    dims = len(spreads)
    notes: dict[str, str] = {}
    if spreads.min() * SCALES < spreads.max():
        with np.errstate(over="ignore", divide="ignore"):  # "inf times as far" is said as it is
            notes.update([flags.scales(float(spreads.max() / spreads.min()))])
    if ties:
        notes.update([flags.ties(ties, n)])
    if math.log2(n / k) < dims:
        notes.update([flags.few_samples(n, dims)])
    return notes
