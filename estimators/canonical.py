"""The estimator `canonical`: the MI of a normal distribution, plus k-NN in learned directions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from mibench.contract.base import Estimator
from mibench.contract.variables import Variable, as_pair
from mibench.errors import InputError
from mibench.types import Estimate

from .binning.labels import LabelCorrection, information_of_labels
from .binning.nearest_in_z import with_fast_changes
from .cca.estimation import FittedSide, estimate_canonical
from .cca.features import ContinuousFeatures, LabelFeatures
from .cca.risk import judged
from .cca.tuning import Tuning
from .cca.unmixing import Unmixing
from .shared.chain_rule import information_by_chain_rule

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SideScores:
    """The canonical scores of one side, a function of its values: (n,) or (n, d) -> (n, m).

    Attributes:
        columns: the columns that vary, in the order of `features`.
        unmixing: maps these columns to independent components; None if the columns are used.
        features: the non-linear features, a function of these columns.
        directions: coefficients of the features, one column for each pair, (p, m).
        codes: the symbol of each label, for a discrete side.
    """

    columns: Int
    features: ContinuousFeatures | LabelFeatures
    directions: Float
    codes: Mapping[Any, int]
    unmixing: Unmixing | None = None

    def __call__(self, values: ArrayLike) -> Float:
        """The scores (n, m) of rows of the same data or of new rows.

        For a label that the data do not have, all indicators are 0.
        """
        array = np.asarray(values)
        array = array[:, np.newaxis] if array.ndim == 1 else array
        if isinstance(self.features, LabelFeatures):
            symbols = [self.codes.get(tuple(row), -1) for row in array.tolist()]
            features = self.features(np.array(symbols, np.int64))
        else:
            columns = array.T[self.columns].astype(np.float64)
            features = self.features(self.unmixing(columns) if self.unmixing else columns)
        return np.asarray((self.directions.T @ features).T)


@dataclass(frozen=True, eq=False)
class CanonicalFit:
    """What `Canonical.fit` returns: the estimate, and the m canonical pairs as functions.

    The functions are learned on all rows. Use them for plots, not for another estimate.

    Attributes:
        estimate: the same as that of `Canonical.estimate`.
        scores_x: the scores of x, a function of x or of new rows: (n, m), one column for each pair.
        scores_y: the same for y.
    """

    estimate: Estimate
    scores_x: SideScores
    scores_y: SideScores


@dataclass(frozen=True)
class Canonical(Estimator):
    """The MI of a normal distribution fitted to ranks, plus what k-NN finds beyond it.

        I = G + [K(u_1..u_m; v_1..v_m) - g]

    Two continuous sides are estimated in these steps:

    1. The ranks of each column are mapped to normal scores. G is the MI of a normal distribution of
       these scores, from the log determinants of their covariances, less its exact bias. G is used
       only if it exceeds 3.5 times its standard deviation under independence. If rows held out show
       that G is too high, a lower bound replaces it, and the estimate is flagged `lower_bound`. A
       large G or bound of sides that are not normal is flagged `not_normal`, if rows are too few.
    2. Canonical pairs u_j(x), v_j(y) of non-linear features (Hermite polynomials, products, radii,
       columns times functions of a radius) are found by ridge CCA. The scores of each row come from
       directions learned on other rows.
    3. K is Kraskov's k-NN estimate on the first m <= 3 pairs. g is the part of G that these pairs
       contain as well.
    4. The candidates are m = 0, 1, ... pairs and, in up to 4 dimensions in all, k-NN on the scores
       of the columns themselves. A candidate is accepted only if it exceeds the current estimate by
       3.5 standard errors. So independent sides give 0.
    5. A second learner (waves, order statistics, sums of squares, products) predicts the residuals
       of linear regression. G plus the k-NN estimate of the MI of its predictions and these
       residuals is one more candidate. If the learner finds more than the estimate contains, the
       estimate is flagged `left_over`.
    6. In 1+1 dimensions, where at most 1 in 20 pairs of rows are discordant, the number of these
       pairs and their distances show noise that is narrower than the gaps between points.

    If one side is discrete, G = 0, the features of that side are indicators of its labels, K is
    Ross's estimate, and all significant pairs together are one more candidate. If both sides are
    discrete, the estimate is the plug-in estimate, adjusted for chance. `docs/canonical.md` has the
    details, all errors, and the limits; `tuning` has every constant.

    `info` of an estimate has, in nats, the Gaussian part (`gaussian_nats`), the part beyond it
    (`non_gaussian_nats`), the part that only the model of narrow noise gives (`unseen_nats`), the
    least that the estimate misses (`left_over_nats`), and the MI of each pair alone
    (`pairs_nats`).

    Trees tell how often estimates with the default parameters are off by more than 0.1 nats and 15%
    on random distributions that look like the data: `risk` in `info`. Where it is high, the
    estimate is flagged `likely_off`. Where it is known, `ties` is not raised. It is unknown where
    the data are unlike those that the trees were learned from.

    `fit` also returns the pairs as functions, so that they can be plotted.

    Bias: downwards, since functions of x and y share no more information than x and y do (Cover &
    Thomas, Elements of Information Theory, 2nd ed. 2006, ch. 2). Upwards where
    something is counted twice, or by the selection among candidates; see `docs/canonical.md`.

    Attributes:
        folds: the number of parts of the rows. The scores of each part come from directions learned
            on the others. Half as many are used where a side has more than 200 features.
        pairs: the most canonical pairs that k-NN is given.
        correction: for two discrete sides only. "auto" (default): adjusted for chance, see
            `docs/labels.md`; None, the plug-in; "miller-madow" or another of its corrections.

    References:
        Kernel CCA: Bach & Jordan 2002, https://jmlr.org/papers/v3/bach02a.html.
        Optimal transformations: Breiman & Friedman 1985, doi:10.1080/01621459.1985.10478157.
        k-NN: Kraskov, Stoegbauer & Grassberger 2004, doi:10.1103/PhysRevE.69.066138; Ross 2014,
        doi:10.1371/journal.pone.0087357.
        Labels: Vinh, Epps & Bailey 2010, https://jmlr.org/papers/v11/vinh10a.html; Grassberger
        2003, arXiv:physics/0307138.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(1000, 10))
        >>> y = x[:, ::-1] + rng.normal(size=(1000, 10))  # the true MI is 5 bits
        >>> abs(Canonical().estimate(x, y).bits - 5) < 0.3
        True
    """

    folds: Annotated[int, Field(ge=2)] = 10
    pairs: Annotated[int, Field(ge=1, le=3)] = 3
    correction: LabelCorrection | None = "auto"

    # Not a parameter: a variant for an ablation is a subclass with another tuning, or a call of
    # `estimate_canonical`.
    tuning: ClassVar[Tuning] = Tuning()

    def interval_source(self) -> str:
        """Intervals are those of `auto`."""
        return "auto"

    def fit(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> CanonicalFit:
        """Estimate I(X;Y), and return the canonical pairs as functions as well.

        Args:
            x: n rows of numbers, (n,) or (n, dx), or of labels.
            y: n rows, as x.
            discrete_x: whether x consists of labels.
            discrete_y: whether y consists of labels.

        Returns:
            The estimate, the same as that of `estimate`, and the scores of both sides.

        Raises:
            InputError: if a side is constant or both are discrete, since there are no directions
                then, and for all that `estimate` raises it for.
        """
        a, b = as_pair(x, y, discrete_x, discrete_y)
        for name, side in (("x", a), ("y", b)):
            if side.constant:
                raise InputError(f"canonical: {name} is constant, so there is nothing to fit")
        if a.discrete and b.discrete:
            raise InputError("canonical: two discrete sides have no directions: use estimate")
        estimate, fitted_x, fitted_y = self._fitted(a, b)
        return CanonicalFit(
            self._complete(self._judged(estimate, a, b), a, b),
            _side_scores(fitted_x, x, a),
            _side_scores(fitted_y, y, b),
        )

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            estimate = information_of_labels(x, y, self.correction)
        else:
            estimate = self._fitted(x, y)[0]
        return self._judged(estimate, x, y)

    def _judged(self, estimate: Estimate, x: Variable, y: Variable) -> Estimate:
        """The estimate with its risk, which is known for the default parameters alone."""
        return judged(estimate, x, y) if self == Canonical() else estimate

    def _estimate_given(self, x: Variable, y: Variable, z: Variable) -> Estimate:
        # The risk of a term is not that of the difference.
        terms = WithAllFlags(self.folds, self.pairs, self.correction)
        return information_by_chain_rule(terms.estimate_variables, x, y, z)

    def _check_given(self, estimate: Estimate, x: Variable, y: Variable, z: Variable) -> Estimate:
        return with_fast_changes(estimate, x, y, z, estimate.info["terms_nats"])

    def _fitted(self, x: Variable, y: Variable) -> tuple[Estimate, FittedSide, FittedSide]:
        return estimate_canonical(x, y, self.folds, self.pairs, self.tuning)


class WithAllFlags(Canonical):
    """`canonical` with the flags that its steps raise, and no risk that it is off."""

    def _judged(self, estimate: Estimate, x: Variable, y: Variable) -> Estimate:
        return estimate


def _side_scores(fitted: FittedSide, values: ArrayLike, side: Variable) -> SideScores:
    """The scores as a function; values: what the user gave for that side."""
    codes = _codes(values, side)
    return SideScores(fitted.columns, fitted.features, fitted.directions, codes, fitted.unmixing)


def _codes(values: ArrayLike, side: Variable) -> dict[Any, int]:
    """The symbol of each label of a discrete side; nothing for a continuous one."""
    if not side.discrete:
        return {}
    array = np.asarray(values)
    array = array[:, np.newaxis] if array.ndim == 1 else array
    rows = map(tuple, array.tolist())
    return dict(zip(rows, side.symbols.tolist(), strict=True))
