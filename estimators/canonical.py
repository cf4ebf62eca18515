"""Canonical pairs: the MI of a normal law, and what k-NN finds beyond it in learned directions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from mibench.blas import one_blas_thread
from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable, as_pair
from mibench.errors import InputError
from mibench.types import Estimate

from .binning.plug_in import plug_in, variable_symbols
from .cca.features import Continuous, Labels, continuous_features, label_features
from .cca.label_terms import ross_part
from .cca.narrow_noise import evenly_spaced
from .cca.normal_surrogate import NormalTwin
from .cca.pairs import Pairs, Search
from .cca.row_order import labelled_layout, layout
from .cca.selection import DECIMALS, Taken, by_label, carried_by, ceiling, together
from .cca.terms import Part, gaussian_part, knn_part

Float = NDArray[np.float64]
Int = NDArray[np.int64]

LEAST_ROWS = 10
ROWS_A_COLUMN = 3  # for which the Gaussian part is of all columns, not of principal components
UNSEEN = 0.1  # nats that k-NN does not see from which this is said
RISE = 0.1  # nats by which the estimate still rises with fewer neighbours, the same
TRIED_ROWS, TRIED_DIMS = 500, 50


@dataclass(frozen=True, eq=False)
class SideScores:
    """The canonical scores of one side as a function of its values: (n,) or (n, d) -> (n, m).

    columns: those of d that vary, in the order of `features`; directions (p, m): coefficients of
    the features, one column a pair; codes: the symbol of each label, for a discrete side.
    """

    columns: Int
    features: Continuous | Labels
    directions: Float
    codes: Mapping[Any, int]

    def __call__(self, values: ArrayLike) -> Float:
        """The scores of rows of these data, or of new ones; an unknown label is like no label."""
        array = np.asarray(values)
        array = array[:, np.newaxis] if array.ndim == 1 else array
        if isinstance(self.features, Labels):
            symbols = [self.codes.get(tuple(row), -1) for row in array.tolist()]
            found = self.features(np.array(symbols, np.int64))
        else:
            found = self.features(array.T[self.columns].astype(np.float64))
        return np.asarray((self.directions.T @ found).T)


@dataclass(frozen=True, eq=False)
class CanonicalFit:
    """What `Canonical.fit` returns: the estimate and the m canonical pairs as functions.

    estimate: as of `Canonical.estimate`; scores_x(x), scores_y(y): (n, m), pair by pair, of the
    data or of new rows. They are learned on all rows: for plots, not for another estimate.
    """

    estimate: Estimate
    scores_x: SideScores
    scores_y: SideScores


@dataclass(frozen=True)
class Canonical(Estimator):
    """MI of a normal law fitted to ranks, plus what k-NN finds beyond it in learned directions.

        I = G + [K(u_1..u_m; v_1..v_m) - g]

    Each column becomes normal by its ranks. G is the MI of a normal law of these scores, from the
    log determinants of their covariances, less its exact bias; it counts from 3.5 standard
    deviations at independence. u_j(x), v_j(y) are canonical pairs of non-linear features (Hermite
    polynomials, products, radii, and columns times functions of a radius), by ridge CCA; each
    row's scores come from directions that other rows taught. K is Kraskov's k-NN estimate on the
    first m <= 3 pairs, and g the part of G that these see as well. m = 0, 1, ... and, in up to 4
    dimensions in all, k-NN on the columns' scores themselves: each is taken only if it says more
    by 3.5 standard errors, so that independent sides give 0. In 1+1 dimensions, where at most 1 in
    20 pairs of rows are out of order, their number and distance tell noise narrower than the rows
    are dense. Everything is chosen from the data by such criteria, see `docs/canonical.md`.

    One side discrete: G = 0, its features are its labels, K is Ross's estimate, and all pairs that
    are told from chance are tried as well. Two: plug-in.

    folds: parts of the rows, each seen through directions learned on the others; half as many
    where a side has more than 200 features. pairs: the most that k-NN is given.

    `info` has the Gaussian part and the part beyond it, what k-NN did not see but noise tells, and
    the MI of each pair alone; `fit` also returns the pairs as functions, so that what depends on
    what can be plotted.

    Bias: downwards, since functions of x and y know no more of each other than x and y (Cover &
    Thomas, Elements of Information Theory, 2nd ed. 2006, ch. 2); for finite n see the page.
    Source: kernel CCA, Bach & Jordan 2002, https://jmlr.org/papers/v3/bach02a.html; optimal
    transformations, Breiman & Friedman 1985, doi:10.1080/01621459.1985.10478157; k-NN,
    doi:10.1103/PhysRevE.69.066138 and doi:10.1371/journal.pone.0087357.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(1000, 10))
    >>> y = x[:, ::-1] + rng.normal(size=(1000, 10))  # the truth: 5 bits
    >>> abs(Canonical().estimate(x, y).bits - 5) < 0.3
    True
    """

    folds: Annotated[int, Field(ge=2)] = 10
    pairs: Annotated[int, Field(ge=1, le=3)] = 3

    def fit(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> CanonicalFit:
        """The estimate, and the canonical pairs as functions. Arguments as of `estimate`.

        Raises InputError for a constant side, or two discrete ones, which have no directions.
        """
        a, b = as_pair(x, y, discrete_x, discrete_y)
        for name, side in (("x", a), ("y", b)):
            if side.constant:
                raise InputError(f"canonical: {name} is constant, so there is nothing to fit")
        if a.discrete and b.discrete:
            raise InputError("canonical: two discrete sides have no directions: use estimate")
        found, left, right = self._fitted(a, b)
        sides = [
            SideScores(s.columns, s.features, s.directions, _codes(raw, v))
            for s, raw, v in ((left, x, a), (right, y, b))
        ]
        return CanonicalFit(self._complete(found, a, b), *sides)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return plug_in(variable_symbols(x), variable_symbols(y))
        return self._fitted(x, y)[0]

    def _fitted(self, x: Variable, y: Variable) -> tuple[Estimate, "_Side", "_Side"]:
        if x.n < LEAST_ROWS:
            raise InputError(
                f"canonical needs at least {LEAST_ROWS} rows, got {x.n}: add rows, or use knn"
            )
        with one_blas_thread():  # folds share the threads
            return self._of_kind(x, y)

    def _of_kind(self, x: Variable, y: Variable) -> tuple[Estimate, "_Side", "_Side"]:
        if x.discrete:
            found, labels, values = self._labelled(y, x)
            return found, labels, values
        if y.discrete:
            found, labels, values = self._labelled(x, y)
            return found, values, labels
        return self._continuous(x, y)

    def _continuous(self, x: Variable, y: Variable) -> tuple[Estimate, "_Side", "_Side"]:
        varying = np.flatnonzero(x.low < x.high), np.flatnonzero(y.low < y.high)
        order = layout(x.float64[varying[0]], y.float64[varying[1]])
        if order.swapped:
            found, second, first = self._continuous(y, x)
            return found, first, second
        columns = varying[0][order.first], varying[1][order.second]
        a = np.ascontiguousarray(x.float64[columns[0]][:, order.rows])
        b = np.ascontiguousarray(y.float64[columns[1]][:, order.rows])
        (map_a, za, f), (map_b, zb, g) = continuous_features(a), continuous_features(b)
        copies = max(order.entropies) < math.inf
        pairs = Search(f, g, map_a, map_b, self.folds, copies).pairs(self.pairs)
        drawn = not any(evenly_spaced(v) for m in (map_a, map_b) for v in m.margins.values)
        twin = NormalTwin(np.concatenate([za, zb]), len(za), map_a, map_b, pairs.learned, drawn)
        if x.n > ROWS_A_COLUMN * (len(a) + len(b)):
            za, zb = map_a.margins(a), map_b.margins(b)
        normal = gaussian_part(za, zb)
        linear_x = carried_by(normal.x, f, [(one.rows, one.x) for one in pairs.learned])
        linear_y = carried_by(normal.y, g, [(one.rows, one.y) for one in pairs.learned])
        taken = together(za, zb, normal, linear_x, linear_y, pairs, twin, drawn)
        nats = round(min(float(taken.rows.mean()), *order.entropies), DECIMALS)
        info = {
            "method": taken.method,
            "gaussian_nats": taken.gaussian,
            "non_gaussian_nats": round(nats - taken.gaussian, DECIMALS),
            "gaussian_chance_nats": round(taken.chance, DECIMALS),
            "unseen_nats": round(taken.unseen, DECIMALS),
            **_about(pairs, taken, [knn_part(u[None], v[None], drawn) for u, v in _each(pairs)]),
        }
        notes = _notes(x, y, taken, pairs, _repeats(map_a) or _repeats(map_b))
        if copies:
            notes.update([flags.ties(taken.tied or x.n, x.n)])
            notes.pop("fine_structure", None)  # a neighbour is a copy
        left = _Side(columns[0], map_a, pairs.directions.x)
        right = _Side(columns[1], map_b, pairs.directions.y)
        limit = round(ceiling(taken, x.n, normal.dims), DECIMALS)
        return Estimate(nats, notes, info, limit), left, right

    def _labelled(self, x: Variable, labels: Variable) -> tuple[Estimate, "_Side", "_Side"]:
        """The estimate for continuous x, the side of the labels, and that of x."""
        kept = np.flatnonzero(labels.counts[labels.symbols] > 1)
        if len(kept) < LEAST_ROWS:
            raise InputError(
                f"{x.n - len(kept)} of {x.n} labels occur only once, and so no row with them has a "
                "neighbour with its own label: treat that side as continuous, or use binning"
            )
        values = x.float64[:, kept]
        varying = np.flatnonzero(values.min(axis=1) < values.max(axis=1))
        symbols = labels.symbols[kept]
        if len(varying) == 0 or symbols.min() == symbols.max():
            raise InputError(
                f"without the {x.n - len(kept)} labels that occur only once, one side is constant: "
                "treat the labels as continuous, or use binning"
            )
        first, rows, places = labelled_layout(values[varying], symbols)
        columns, symbols = varying[first], symbols[rows]
        a = np.ascontiguousarray(values[columns][:, rows])
        map_a, z, f = continuous_features(a)
        map_b, g = label_features(symbols, places)
        pairs = Search(f, g, map_a, map_b, self.folds).pairs(self.pairs)
        taken = by_label(z, symbols, pairs)
        info = {
            "method": taken.method,
            **_about(pairs, taken, [ross_part(u[None], symbols) for u, _ in _each(pairs)]),
        }
        notes = _notes(x, labels, taken, pairs, _repeats(map_a))
        if len(kept) < x.n:
            notes.update([flags.rare_labels(x.n - len(kept), x.n)])
        entropy = math.log(len(np.unique(symbols)))  # at most; Ross's estimate scatters about it
        nats = min(round(float(taken.rows.mean()), DECIMALS), entropy)
        right = _Side(columns, map_a, pairs.directions.x)
        left = _Side(np.empty(0, np.int64), map_b, pairs.directions.y)
        return Estimate(nats, notes, info), left, right


@dataclass(frozen=True)
class _Side:
    columns: Int
    features: Continuous | Labels
    directions: Float


def _each(pairs: Pairs) -> list[tuple[Float, Float]]:
    return list(zip(pairs.u, pairs.v, strict=True))


def _about(pairs: Pairs, taken: Taken, alone: list[Part | None]) -> dict[str, Any]:
    return {
        "pairs": len(pairs.u),
        "pairs_used": taken.pairs,
        "pairs_nats": [round(part.nats, DECIMALS) for part in alone if part is not None],
        "pairs_correlation": [round(float(c), 6) for c in pairs.directions.correlations],
        "k": taken.k,
        "features_x": len(pairs.directions.x),
        "features_y": len(pairs.directions.y),
        "penalty": pairs.penalty,
        "refinements": pairs.refinements,
        "folds": pairs.folds,
    }


def _repeats(features: Continuous) -> bool:
    """Whether a column has equal values; scores may be equally far from each other without that."""
    n = features.margins.rows
    return any(len(values) < n for values in features.margins.values)


def _notes(x: Variable, y: Variable, taken: Taken, pairs: Pairs, repeats: bool) -> dict[str, str]:
    notes: dict[str, str] = {}
    if x.n < TRIED_ROWS or max(x.dims, y.dims) > TRIED_DIMS:
        notes.update([flags.beyond_evidence(x.n, max(x.dims, y.dims), TRIED_ROWS, TRIED_DIMS)])
    if taken.method == "none":
        notes.update([flags.not_detected()])
    if taken.tied and repeats:
        notes.update([flags.ties(taken.tied, x.n)])
    if taken.unseen > UNSEEN:
        notes.update([flags.unseen(taken.unseen)])
    if taken.rise > RISE:
        notes.update([flags.fine_structure(taken.rise)])
    if taken.repeats:
        notes.update([flags.repeated_pairs(taken.repeats)])
    if pairs.more and not taken.whole:
        notes.update([flags.more_pairs(len(pairs.u), pairs.more)])
    return notes


def _codes(raw: ArrayLike, side: Variable) -> dict[Any, int]:
    """The symbol of each label of a discrete side; nothing for a continuous one."""
    if not side.discrete:
        return {}
    array = np.asarray(raw)
    array = array[:, np.newaxis] if array.ndim == 1 else array
    rows = map(tuple, array.tolist())
    return dict(zip(rows, side.symbols.tolist(), strict=True))
