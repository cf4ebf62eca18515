"""k nearest neighbours: Kraskov's estimator, and Ross's estimator if one side is discrete."""

from collections.abc import Callable, Sequence
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
from mibench.contract.conditions import Conditions
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .binning.labels import LabelCorrection, information_of_labels
from .binning.nearest_in_z import with_fast_changes
from .neighbours import frenzel_pompe
from .neighbours.added_noise import kozachenko_leonenko_information, with_noise
from .neighbours.cautions import flags_near_ceiling, neighbour_flags
from .neighbours.conditional import ConditionalSide, by_all_pairs, conditional_counts
from .neighbours.ksg import (
    RossCounts,
    kraskov_counts,
    kraskov_sums,
    of_rows,
    ross_counts,
    sum_digamma,
)
from .neighbours.search import Algorithm, searches_to_compile
from .neighbours.sorted_column import IndexedSide, side_on_common_scale
from .shared.columns import standardized, without_rounding
from .shared.threads import share_orders, share_rows

Float = NDArray[np.float64]
Int = NDArray[np.int64]

Standardize = bool | Literal["auto"]

_sides_of: WeakKeyDictionary[Variable, dict[Standardize, IndexedSide]] = WeakKeyDictionary()

MAX_SPREAD_RATIO = 10.0  # of mean absolute deviations; larger ratios are flagged


@dataclass(frozen=True)
class KNN(Estimator):
    """MI from distances to the k-th nearest neighbour, in the maximum (Chebyshev) metric.

    Both sides continuous (Kraskov, Stoegbauer & Grassberger 2004, eqs. 8 and 9): psi is the digamma
    function, and e_i the distance from row i to its k-th neighbour in the joint space.

        variant 1: I = psi(k) + psi(n) - mean[psi(n_x + 1) + psi(n_y + 1)],
                   n_x the other rows with |x_j - x_i| < e_i
        variant 2: I = psi(k) - 1/k + psi(n) - mean[psi(n_x) + psi(n_y)],
                   n_x the other rows with |x_j - x_i| <= e_x, the extent of the k neighbours in x

    One side discrete (Ross 2014): the k-th neighbour is searched among rows of the same label (in
    smaller classes, the farthest one):

        I = psi(n) + mean[psi(k_i) - psi(n_label) - psi(m_i)],
            m_i the rows of any label nearer than that neighbour, row i included.

    Rows whose label occurs once are left out, and the estimate is flagged. If both sides are
    discrete, the estimate is the plug-in, adjusted for chance.

    I(X;Y|Z) given numbers (Frenzel & Pompe 2007): see `neighbours.frenzel_pompe`.

    Ties: the formulas do not hold where the k-th and the next neighbour of a row are equally far,
    or the k-th is a copy of the row. Only in this case, uniform noise is added to all rows, and
    the estimate is flagged. The noise is at most a thousandth of the median gap between
    neighbouring distinct values, in the dimension where this gap is smallest. The data
    determine the noise (see `neighbours.ties`), so the same data give the same estimate in any
    order of rows. Counting tied rows on the boundary instead, without noise, creates spurious
    information: up to 0.4 nats for independent normals rounded to a tenth of their standard
    deviation (`docs/ties.md`).

    Bias: near 0 for independent sides. Downwards for strong dependence, since k-NN needs about
    exp(I) rows, I in nats, per neighbourhood, with the flag `ceiling` from about 0.25 nats on; and
    severely so in more than about five dimensions per side. With noise_variance and labels that all
    differ: upwards, even beyond log n nats, if the noise is smaller than the distances between
    neighbouring rows.

    Attributes:
        k: the number of neighbours; 3 by default.
        variant: 1 (default) or 2, the formula for two continuous sides.
        standardize: how to make dimensions comparable, since the metric compares distances in all
            of them. "auto" (default): divide each dimension by its standard deviation, computed
            without far outliers (see `shared.columns.on_common_scale`), so that units do not
            matter. Nothing is divided if noise_variance is given, or if the other side is labels
            and only one dimension of this side varies. True: divide by the standard deviation in
            any case, although far outliers enlarge it. False: compare the dimensions in the units
            that they have.
        algorithm: the search for neighbours: "tree", "brute" (all pairs), "strips" (in 1+1
            dimensions), "slabs" (in two or more), or "auto" (default), which chooses by n and
            dimension. The result is the same.
        noise_variance: None (default); or s2 > 0 for I(C;T + Z) instead, where C are the labels of
            the discrete side, T the rows of the other side, and Z normal noise of variance s2 in
            every dimension, sampled once from `seed` and the data, and the same in any order of
            rows. If labels repeat: Ross's estimate from the noisy rows. If all labels differ, like
            the inputs X of a network: I(X;T + Z) = h(T + Z) - h(Z) by Kozachenko & Leonenko 1987,
            see `neighbours.added_noise`.
        seed: of the noise that `noise_variance` asks for; 0 by default.
        correction: for two discrete sides only. "auto" (default): adjusted for chance, see
            `docs/labels.md`; None, the plug-in; "miller-madow" or another of its corrections.

    Raises:
        InputError: for `standardize=True` with `noise_variance`.

    References:
        Kraskov, Stoegbauer & Grassberger 2004, doi:10.1103/PhysRevE.69.066138.
        Ross 2014, doi:10.1371/journal.pone.0087357.
        Given Z: Frenzel & Pompe 2007, doi:10.1103/PhysRevLett.99.204101.
        Entropy: Berrett, Samworth & Yuan 2019, doi:10.1214/18-AOS1688.
        Labels: Vinh, Epps & Bailey 2010, https://jmlr.org/papers/v11/vinh10a.html;
            Grassberger 2003, arXiv:physics/0307138.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> estimate = KNN(k=5).estimate(x, x + rng.normal(size=1000))  # the truth: 0.5 bits
        >>> abs(estimate.bits - 0.5) < 0.1
        True
    """

    k: Annotated[int, Field(ge=1)] = 3
    variant: Literal[1, 2] = 1
    standardize: Standardize = "auto"
    algorithm: Algorithm = "auto"
    noise_variance: Annotated[float, Field(gt=0)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    correction: LabelCorrection | None = "auto"
    quadratic: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.noise_variance is not None and self.standardize is True:
            raise InputError(
                "KNN: standardize=true would rescale dimensions, but "
                f"noise_variance={self.noise_variance:g} is the same in all: set only one of them"
            )

    def interval_source(self) -> str:
        """Intervals are those of `auto`, and none if `noise_variance` changes what is estimated."""
        return "" if self.noise_variance else "auto"

    def warm_up(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        discrete_x: bool = False,
        discrete_y: bool = False,
        rows: int | None = None,
    ) -> None:
        """Compile every search that "auto" may choose, which depends on the number of rows."""
        self.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)
        sides = [np.shape(side) for side, known in ((x, discrete_x), (y, discrete_y)) if not known]
        dims = sum(shape[1] if len(shape) > 1 else 1 for shape in sides)
        if len(sides) == 1 and dims > 1:  # the rows of one label may be few, or nearly all
            dims += 1
        for algorithm in searches_to_compile(dims, rows) if self.algorithm == "auto" else ():
            estimator = replace(self, algorithm=algorithm)
            with suppress(InputError):  # slabs need two dimensions
                estimator.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return information_of_labels(x, y, self.correction)
        if x.discrete or y.discrete:
            labels, values = (x, y) if x.discrete else (y, x)
            if self.noise_variance is not None:
                return self._noisy(values, labels, self.noise_variance)
            return self._ross(self._side(values, alone=True), labels)
        if self.noise_variance is not None:
            raise InputError(
                f"knn: noise_variance={self.noise_variance:g} needs one side of labels: declare "
                "that side discrete, or leave noise_variance out for two continuous sides"
            )
        return self._kraskov(self._side(x), self._side(y))

    def estimate_pairs(self, pairs: Sequence[tuple[Variable, Variable]]) -> list[Estimate | str]:
        """Estimate I(X;Y) for each pair of sides, as `Estimator.estimate_pairs` describes.

        Threads share the pairs, which is faster than sharing the rows of each pair.

        Args:
            pairs: the pairs of sides (X, Y), laid out.

        Returns:
            For each pair the estimate, or the text of the error that it raised.
        """
        results: list[Estimate | str] = [""] * len(pairs)

        def estimate(start: int, stop: int) -> None:
            results[start:stop] = [self.attempt(x, y) for x, y in pairs[start:stop]]

        share_rows(estimate, len(pairs), 1)
        return results

    def estimate_permuted(
        self, x: Variable, y: Variable, orders: Sequence[NDArray[np.int64]]
    ) -> list[float]:
        """Estimate for each order of the rows of Y, as `Estimator.estimate_permuted` describes.

        Args:
            x: the side X, laid out.
            y: the side Y, laid out.
            orders: permutations of the row numbers, each (n,).
        """
        if (x.discrete and y.discrete) or self.noise_variance is not None:
            return super().estimate_permuted(x, y, orders)
        if not (x.discrete or y.discrete) and self.variant == 1:
            sides = self._side(x), self._side(y)
            nats = frenzel_pompe.information_of_orders_by_pairs(*sides, self.k, orders)
            if nats is not None:
                return nats
        estimate_one = self._permuted_labels if x.discrete or y.discrete else self._permuted_columns
        estimate_order = estimate_one(x, y)
        return share_orders(lambda order: estimate_order(order).nats, orders)

    def _permuted_columns(self, x: Variable, y: Variable) -> Callable[[Int], Estimate]:
        side_x, side_y = self._side(x), self._side(y)
        for side in (side_x, side_y):
            if len(side.columns) == 1:
                _ = side.sorted_column  # now, since several threads will ask for it
        return lambda order: self._kraskov(side_x, side_y.reordered(order))

    def _permuted_labels(self, x: Variable, y: Variable) -> Callable[[Int], Estimate]:
        if y.discrete:
            side = self._side(x, alone=True)
            return lambda order: self._ross(side, y.reordered(order))
        side = self._side(y, alone=True)  # the labels of X in the inverse order are the same pairs
        return lambda order: self._ross(side, x.reordered(np.argsort(order)))

    def _side(self, v: Variable, alone: bool = False) -> IndexedSide:
        """The columns that vary: constant ones add nothing to a distance. Cached for each side.

        alone: whether distances are those of this side, so that the unit of one column is theirs.
        """
        varying = v.low < v.high
        one_unit = alone and self.standardize == "auto" and varying.sum() == 1
        scaling: Standardize = False if one_unit else self.standardize
        sides = _sides_of.setdefault(v, {})
        if scaling not in sides:
            columns = v.float64[varying]
            if scaling == "auto":
                sides[scaling] = side_on_common_scale(columns)
            else:
                columns, _ = without_rounding(columns, np.sort(columns, axis=1))
                sides[scaling] = IndexedSide(standardized(columns) if scaling else columns)
        return sides[scaling]

    def _noisy(self, values: Variable, labels: Variable, variance: float) -> Estimate:
        """The estimate with noise, which is added to all dimensions, constant ones too."""
        distinct = labels.cardinality == labels.n
        symbols = None if distinct else labels.symbols
        noisy = with_noise(values.float64, variance, self.seed, symbols)
        noise = {"noise_variance": variance, "seed": self.seed}
        if not distinct:
            estimate = self._ross(IndexedSide(noisy), labels)
            return replace(estimate, info={**estimate.info, **noise})
        nats = kozachenko_leonenko_information(noisy, variance, self.k, self.algorithm)
        notes = neighbour_flags(values.n, self.k, values.dims)
        return Estimate(nats, notes, {"method": "Kozachenko-Leonenko", **noise})

    def _local(self, x: Variable, y: Variable, z: Variable | None) -> Float:
        if self.noise_variance is not None or self.variant != 1 or (x.discrete and y.discrete):
            raise InputError(
                "knn has local values without noise_variance, for variant=1, and if x or y holds "
                "numbers"
            )
        self._check_rows(x.n)
        if z is not None:
            sides = self._given_side(x), self._given_side(y)
            given = conditional_counts(*sides, self._side(z), self.k, self.algorithm)
            values = digamma(given.k) + digamma(given.in_z)
            return of_rows(given.rows, values - digamma(given.in_xz) - digamma(given.in_yz), x.n)
        if x.discrete or y.discrete:
            labels, numbers = (x, y) if x.discrete else (y, x)
            rows, ross = self._ross_counts(self._side(numbers, alone=True), labels)
            values = digamma(len(rows)) + digamma(ross.k)
            return of_rows(rows, values - digamma(ross.class_sizes) - digamma(ross.within), x.n)
        counts = kraskov_counts(self._side(x), self._side(y), self.k, 1, self.algorithm)
        psi = digamma(self.k) + digamma(x.n)
        return np.asarray(psi - digamma(counts.n_x + 1) - digamma(counts.n_y + 1))

    def _check_parameters_given(self, n: int) -> None:
        if self.noise_variance is not None or self.variant != 1:
            raise InputError("knn: given numbers, noise_variance and variant=2 are not available")
        self._check_rows(n)

    def _check_rows(self, n: int) -> None:
        if n <= self.k:
            raise InputError(f"knn needs more than k={self.k} rows, got {n}: lower k or add rows")

    def _kraskov(self, x: IndexedSide, y: IndexedSide) -> Estimate:
        n = x.columns.shape[1]
        self._check_rows(n)
        sums = kraskov_sums(x, y, self.k, self.variant, self.algorithm)
        psi_k = digamma(self.k) - (0.0 if self.variant == 1 else 1 / self.k)
        nats = float(digamma(n) + (n * psi_k - sums.psi) / n)
        info = {"method": f"Kraskov {self.variant}", "neighbours": sums.algorithm}
        ceiling = float(digamma(n) - digamma(self.k)) - (self.variant - 1) / self.k
        notes = self._flags((sums.x, sums.y), sums.tied_rows)
        dims = min(len(x.columns), len(y.columns))
        notes |= flags_near_ceiling(nats, ceiling, self.k, self.variant, n, dims)
        return Estimate(nats, notes, info, ceiling)

    def _ross(self, side: IndexedSide, labels: Variable) -> Estimate:
        rows, counts = self._ross_counts(side, labels)
        n = len(rows)
        total = sum_digamma(counts.k) - sum_digamma(counts.within)
        total -= sum_digamma(counts.class_sizes)
        notes = self._flags((counts.side,), counts.tied_rows)
        if n < labels.n:
            notes.update([flags.rare_labels(labels.n - n, labels.n)])
        return Estimate(float(digamma(n) + total / n), notes, {"method": "Ross"})

    def _ross_counts(self, side: IndexedSide, labels: Variable) -> tuple[Int, RossCounts]:
        """The rows whose label occurs more than once, and what is counted for them."""
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
        return repeated, ross_counts(side, symbols, self.k, self.algorithm)

    def _estimate_given(self, x: Variable, y: Variable, z: Variable) -> Estimate:
        self._check_parameters_given(x.n)
        sides = self._given_side(x), self._given_side(y), self._side(z)
        return frenzel_pompe.information_given(*sides, self.k, self.algorithm)

    def _check_given(self, estimate: Estimate, x: Variable, y: Variable, z: Variable) -> Estimate:
        sides = self._given_side(x), self._given_side(y), self._side(z)
        estimate = frenzel_pompe.with_wide_neighbourhoods(estimate, *sides, self.k, self.algorithm)
        terms = {"I(X;Z)": self._estimate(x, z).nats, "I(Y;Z)": self._estimate(y, z).nats}
        return with_fast_changes(estimate, x, y, z, terms)

    def estimate_permuted_given(
        self, x: Variable, y: Variable, z: Conditions, orders: Sequence[NDArray[np.int64]]
    ) -> list[float]:
        """Estimate for each order, as `Estimator.estimate_permuted_given` describes.

        Args:
            x: the side X, laid out.
            y: the side Y, laid out.
            z: what is given.
            orders: of the row numbers, each (n,).
        """
        numbers = z.numbers
        if numbers is None:
            return super().estimate_permuted_given(x, y, z, orders)
        self._check_parameters_given(x.n)
        if z.labels is not None or x.discrete or y.discrete:
            return share_orders(lambda order: self._nats_given(x, y.selected(order), z), orders)
        sides = self._given_side(x), self._given_side(y), self._side(numbers)
        dims = sum(len(side.columns) for side in sides)
        if by_all_pairs(x.n, self.k, dims):
            return frenzel_pompe.information_of_orders(*sides, self.k, orders)
        side_x, side_y, side_z = sides
        return share_orders(
            lambda order: (
                frenzel_pompe.information_given(
                    side_x, side_y.selected(order), side_z, self.k, self.algorithm
                ).nats
            ),
            orders,
        )

    def _given_side(self, v: Variable) -> ConditionalSide:
        if v.discrete:
            return ConditionalSide(np.empty((0, v.n)), v.symbols)
        side = self._side(v)
        return ConditionalSide(side.columns, None, side.rounding)

    def _flags(self, sides: Sequence[IndexedSide], ties: int) -> dict[str, str]:
        """The flags for the sides in which distances were compared; `ties` rows had ties."""
        n = sides[0].columns.shape[1]
        dims = sum(len(side.columns) for side in sides)
        notes: dict[str, str] = {}
        # Those of "auto" are common; noise of one variance for all dimensions takes them as given.
        if self.standardize != "auto" and self.noise_variance is None:
            spreads = np.concatenate([side.spreads for side in sides])
            if spreads.min() * MAX_SPREAD_RATIO < spreads.max():
                with np.errstate(over="ignore", divide="ignore"):  # it may name a ratio of inf
                    ratio = float(spreads.max() / spreads.min())
                notes.update([flags.scales(ratio, self.standardize)])
        return notes | neighbour_flags(n, self.k, dims, ties)
