"""A mixture of normal distributions fitted to the rows: its MI on rows that were held out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.blas import one_blas_thread
from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .cca.row_order import data_order
from .density.normal_mixture import NormalMixture, fit_mixture
from .neighbours.sorted_column import varying_side
from .normal.canonical_correlations import (
    excess_of_normal,
    is_large_and_compact,
    refuse_labels,
)
from .normal.scores import normal_scores_at_random
from .shared.mean_ratio import OTHER_ROWS, log_of_mean_ratio, other_rows

Float = NDArray[np.float64]

MIN_ROWS = 10
LEAST_VARIANCE = 1e-9  # of a component in any direction, in variances of the columns
# The same for scores: ranks show no difference that is narrower than some gaps, about 2.5 / n, and
# noise below that would look like none: without this, estimates are up to 2.5 nats too high.
LEAST_GAPS, MOST_OF_SCORES = 5.0, 0.01
DEGENERATE = 20.0  # times the least variance: a component as narrow is limited by it
WORSE_IN_A_ROW = 2  # numbers of components that end the search
LEAST_EXCESS = 0.1  # nats, of the log of the mean ratio over pairs of different rows
MOST_ROWS_OF_RATIO = 2000  # of a part


@dataclass(frozen=True)
class Fitted:
    """Mixtures of so many components, one for each part: what they say of the rows of that part.

    log_density: the mean of log p(x, y); ratios (n,): log p(x, y) / (p(x) p(y)).
    """

    mixtures: tuple[NormalMixture, ...]
    log_density: float
    ratios: Float


@dataclass(frozen=True)
class GMM(Estimator):
    """MI of a mixture of normal distributions that is fitted to the rows of X and Y together.

        p(x, y) = sum_k w_k N(m_k, S_k)
        I = mean over rows i held out of log p(x_i, y_i) / (p(x_i) p(y_i))

    p(x) and p(y) are the exact margins of the fitted mixture: the same weights, with the parts of
    m_k and S_k that belong to X and to Y. The rows are in `folds` parts. For each part, a mixture
    is fitted to the other parts by scikit-learn, and the log ratio is taken on that part. The
    number of components is the one of 1, 2, 4, 8 ... with the largest mean log density of rows
    held out; the search ends when two in a row are worse.

    Each column is first replaced by its normal scores, so that heavy tails and skewed columns do
    not matter; values that repeat are put in a random order, which leaves the MI as it is. Needs
    scikit-learn, the extra `sklearn`. Sides of labels are refused: they have no density.

    Bias: rows are held out, so more components do not add information by themselves. The mean is
    I less the divergence of p(x, y) from the truth, plus those of p(x) and of p(y): mostly too low,
    by what the mixture misses, since the joint distribution is harder to fit than its margins.
    For independent normals it is about -dx dy / n. At n = 1000 (`docs/estimators.md`) it is within
    0.03 nats for normals, heavy tails in 1+1 columns, and `1v1-X-0.9`. It is 0.1 to 0.25 too low
    for mixtures whose parts the scores bend (`3v1-concentric_gaussians-5`, `1v1-AI`), and 0.6 to
    1.5 for spirals and squares in several columns.

    Ceiling: no component is narrower than 5 / n, two gaps between scores (without scores, than 3e-5
    standard deviations). An estimate of a mixture with a component about as narrow is limited by
    that: it is too low, and has the flag `ceiling`. So about log(n / 5) nats can be found for a
    pair of columns.

    Too high where components do not fit, as for some clusters in many columns. The mean of the
    ratio over x of one row and y of another, which is 1 for the true densities, shows it: the flag
    `misfit`. Other clusters in many columns are too low. Where rows are too few to show it of many
    nats, and both sides have less kurtosis than normal ones, the flag is `not_normal`.

    Attributes:
        components: the number of components; None (default): chosen as above.
        scores: whether columns become normal scores; True by default. If not, they are divided by
            their standard deviations without far outliers: better where X and Y are a mixture of
            well separated normals, and far too low for heavy tails and values that repeat. A far
            outlier of both sides is then taken for dependence.
        max_components: the most that are tried; 16 by default.
        folds: the number of parts; 5 by default.
        seed: of the start of each fit; 0 by default.

    References:
        Fitting: Dempster, Laird & Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x.
        The MI of a fitted density, and its errors: Czyz, Grabowski, Vogt, Beerenwinkel & Marx 2023,
            arXiv:2310.10240.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> estimate = GMM().estimate(x, x + rng.normal(size=1000))  # the truth: 0.5 bits
        >>> abs(estimate.bits - 0.5) < 0.1
        True
        >>> estimate.info["components"]
        1
    """

    components: Annotated[int, Field(ge=1)] | None = None
    scores: bool = True
    max_components: Annotated[int, Field(ge=1)] = 16
    folds: Annotated[int, Field(ge=2)] = 5
    seed: Annotated[int, Field(ge=0)] = 0
    by_default: ClassVar[bool] = False

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        refuse_labels("gmm", x, y)
        sides = [varying_side(v).columns for v in (x, y)]
        least = self._rows_to_fit(x.n)
        if x.n < MIN_ROWS or least < (self.components or 1):
            raise InputError(
                f"gmm needs at least {MIN_ROWS} rows, and as many in {self.folds - 1} of "
                f"{self.folds} parts as components; got {x.n}: add rows, or use gaussian"
            )
        if self.folds > x.n // 2:
            raise InputError(
                f"gmm: folds={self.folds} parts of {x.n} rows hold fewer than 2 rows each: give "
                f"folds={x.n // 2} or less"
            )
        # The same for any order of rows, columns and sides, to the last bit.
        order = data_order(*sides)
        first, second = reversed(sides) if order.swapped else sides
        rows = np.concatenate([first[order.columns_x], second[order.columns_y]])[:, order.rows]
        rows = normal_scores_at_random(rows, self.seed) if self.scores else rows
        with one_blas_thread():
            fitted, excess = self._search(np.ascontiguousarray(rows.T), len(first))
            a, b = rows[: len(first)], rows[len(first) :]
            if len(fitted.mixtures[0].weights) == 1:  # groups of canonical variables show more
                excess = max(excess, excess_of_normal(a, b))
        info = {
            "method": "mixture of normals, rows held out",
            "components": len(fitted.mixtures[0].weights),
            "standard_error_nats": float(fitted.ratios.std(ddof=1)) / math.sqrt(x.n),
        }  # fmt: skip
        nats = float(fitted.ratios.mean())
        narrowest = self._least_variance(x.n)
        collapsed = any(m.least_variance < DEGENERATE * narrowest for m in fitted.mixtures)
        most = -0.5 * min(map(len, sides)) * math.log(narrowest)
        doubtful = min(excess, nats) > LEAST_EXCESS
        notes = dict([flags.misfit(excess)] if doubtful else [])
        if not doubtful and is_large_and_compact(a, b, nats):
            notes.update([flags.large_and_not_normal()])
        return Estimate(nats, notes, info, nats if collapsed else most)

    def _search(self, rows: Float, dx: int) -> tuple[Fitted, float]:
        """The mixtures that fit rows held out best, and the log of their mean ratio."""
        if self.components is None:
            best = self._best(rows, dx)
        else:
            best = self._fit(rows, dx, self.components)
        return best, self._excess(rows, dx, best.mixtures)

    def _best(self, rows: Float, dx: int) -> Fitted:
        """The mixtures of the number of components that fits rows held out best."""
        best = self._fit(rows, dx, 1)
        count, worse = 2, 0
        most = min(self.max_components, self._rows_to_fit(len(rows)))
        while count <= most and worse < WORSE_IN_A_ROW:
            fitted = self._fit(rows, dx, count)
            worse = 0 if fitted.log_density > best.log_density else worse + 1
            best = fitted if worse == 0 else best
            count *= 2
        return best

    def _least_variance(self, n: int) -> float:
        """The variance that a component has at least, in any direction."""
        return min(MOST_OF_SCORES, (LEAST_GAPS / n) ** 2) if self.scores else LEAST_VARIANCE

    def _rows_to_fit(self, n: int) -> int:
        """The rows that are left if the largest part of n rows is held out."""
        return n - -(-n // self.folds)

    def _fit(self, rows: Float, dx: int, components: int) -> Fitted:
        """Mixtures fitted to all parts of rows (n, d) but one, and what they say of that one."""
        densities, ratios = np.empty(len(rows)), np.empty(len(rows))
        part, least = np.arange(len(rows)) % self.folds, self._least_variance(len(rows))
        mixtures = []
        for fold in range(self.folds):
            mixture = fit_mixture(rows[part != fold], components, least, self.seed)
            held_out = rows[part == fold]
            joint = mixture.log_density(held_out)
            margins = (
                mixture.margin(places).log_density(held_out[:, places])
                for places in (range(dx), range(dx, rows.shape[1]))
            )
            densities[part == fold], ratios[part == fold] = joint, joint - sum(margins)
            mixtures.append(mixture)
        return Fitted(tuple(mixtures), float(densities.mean()), ratios)

    def _excess(self, rows: Float, dx: int, mixtures: Sequence[NormalMixture]) -> float:
        """The log of the mean density ratio over x of one row and y of another of the same part."""
        shifts = min(OTHER_ROWS, len(rows) // self.folds - 1)  # as many in each part
        logs, others, seen = [], [], 0
        for fold, mixture in enumerate(mixtures):
            held_out = rows[fold :: self.folds][:MOST_ROWS_OF_RATIO]
            of_y = other_rows(len(held_out), shifts)
            x, y = held_out[:, :dx], held_out[:, dx:]
            alone_x = mixture.margin(range(dx)).log_density(x)
            alone_y = mixture.margin(range(dx, rows.shape[1])).log_density(y)
            joint = [mixture.log_density(np.hstack([x, y[o]])) - alone_y[o] for o in of_y]
            logs.append(np.reshape(joint, of_y.shape) - alone_x)
            others.append(of_y + seen)
            seen += len(held_out)
        return log_of_mean_ratio(np.hstack(logs), np.hstack(others))
