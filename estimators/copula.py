"""A vine of pair copulas fitted to the ranks: its MI on rows that were held out."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .cca.row_order import data_order
from .density.vines import Vine, fit_vine
from .neighbours.sorted_column import varying_side
from .normal.canonical_correlations import refuse_labels
from .normal.scores import uniform_scores

Float = NDArray[np.float64]

MIN_ROWS = 20
MOST_OF_A_PAIR = 4.26  # nats of a normal copula with a correlation of 0.9999, the most it may have
NEAR_CEILING = 0.5  # of that for each pair of columns, from where errors exceed 0.1 nats


@dataclass(frozen=True)
class Copula(Estimator):
    """MI of a vine copula that is fitted to the ranks of X and Y together.

        I = mean over rows i held out of log c(u_i, v_i) / (c_X(u_i) c_Y(v_i))

    u and v are the ranks of the columns of X and of Y, divided by n. c is the density of a D-vine,
    a product of pair copulas: of neighbours in a chain of all columns, of columns two apart given
    the one between them, and so on. In the chain, the columns of X come before those of Y. So c_X
    and c_Y are exact margins of the fitted vine, and the ratio is the product of the pair copulas
    that join a column of X with one of Y. Fits of their own for X and Y would add their errors to
    the estimate.

    The most correlated columns of X and Y are neighbours in the chain, and each other column
    follows the one that it is most correlated with. The rows are in `folds` parts: for each part,
    the vine is fitted to the other parts by pyvinecopulib, which chooses the family of each pair
    by its AIC. Values that repeat are ranked in a random order, which leaves the MI as it is. Needs
    the extra `copula`. Sides of labels are refused: they have no ranks.

    Bias: too low, since pair copulas are smoothed and rows are held out: at n = 1000 by at most
    0.06 nats for smooth relations of 1+1 columns, and by 0.2 to 0.5 for narrow bands and sharp
    edges (`1v1-additive-0.1`, `1v1-AI`), which less smoothing does not find either. No flag tells.
    Of a pair of columns it finds 4.3 nats at most; from half of that the flag `ceiling` is raised.
    A vine assumes that the copula of a pair does not depend on the columns between the two, apart
    from these columns' effect on each of them. What only such changes show is missed: 0.2 nats of
    `student-identity-3-3-2`.

    Attributes:
        families: of the pair copulas: "quick" (default): independent, normal, or nonparametric
            (local likelihood); "nonparametric": the same without the normal; "parametric": 12
            families; "all": all of these. The last two take some ten times as long.
        smoothing: of the nonparametric family; 1 by default, and smaller values for less.
        folds: the number of parts; 5 by default.

    References:
        Vines: Aas, Czado, Frigessi & Bakken 2009, doi:10.1016/j.insmatheco.2007.02.001.
        The nonparametric family: Geenens, Charpentier & Paindaveine 2017, doi:10.3150/15-BEJ798.
        MI as the entropy of a copula: Ma & Sun 2011, doi:10.1016/S1007-0214(11)70008-6.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> y = np.exp(3 * (x + rng.normal(size=1000)))
        >>> abs(Copula().estimate(x, y).bits - 0.5) < 0.1  # the truth: 0.5 bits
        True
    """

    families: Literal["quick", "nonparametric", "parametric", "all"] = "quick"
    smoothing: Annotated[float, Field(gt=0)] = 1.0
    folds: Annotated[int, Field(ge=2)] = 5
    by_default: ClassVar[bool] = False

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        refuse_labels("copula", x, y)
        if x.n < MIN_ROWS:
            raise InputError(
                f"copula needs at least {MIN_ROWS} rows, got {x.n}: add rows, or use "
                "gaussian_copula"
            )
        sides = [varying_side(v).columns for v in (x, y)]
        # The same for any order of rows, columns and sides, to the last bit.
        order = data_order(*sides)
        first, second = reversed(sides) if order.swapped else sides
        columns = np.concatenate([first[order.columns_x], second[order.columns_y]])
        scores = uniform_scores(columns[:, order.rows], 0)
        rows = np.ascontiguousarray(scores[chain(scores, len(first))].T)
        ratios, vine = self._held_out(rows, len(first))
        info = {
            "method": "D-vine of pair copulas, rows held out", "families": vine.families,
            "standard_error_nats": float(ratios.std(ddof=1)) / math.sqrt(x.n),
        }  # fmt: skip
        nats = float(ratios.mean())
        most = min(map(len, sides)) * min(MOST_OF_A_PAIR, math.log(x.n))
        near = flags.is_near(nats, most, NEAR_CEILING)
        notes = dict([flags.ceiling(nats, most, x.n)] if near else [])
        return Estimate(nats, notes, info, most)

    def _held_out(self, rows: Float, dx: int) -> tuple[Float, Vine]:
        """The log ratio of each row (n, d) from a vine of the other parts; the last such vine."""
        ratios, part = np.empty(len(rows)), np.arange(len(rows)) % self.folds
        for fold in range(self.folds):
            vine = fit_vine(rows[part != fold], self.families, self.smoothing)
            held_out = rows[part == fold]
            ratio = vine.log_density(held_out)
            for first, last in ((0, dx), (dx, rows.shape[1])):
                margin = vine.part(first, last)
                if margin is not None:
                    ratio = ratio - margin.log_density(held_out[:, first:last])
            ratios[part == fold] = ratio
        return ratios, vine


def chain(scores: Float, dx: int) -> list[int]:
    """The order of the columns (d, n): those of X, which are the first dx, and then those of Y."""
    strength = np.abs(np.corrcoef(scores))
    across = strength[:dx, dx:]
    last_x, first_y = np.unravel_index(int(across.argmax()), across.shape)
    order_x = _greedy(strength[:dx, :dx], int(last_x))
    order_y = _greedy(strength[dx:, dx:], int(first_y))
    return [*reversed(order_x), *(dx + place for place in order_y)]


def _greedy(strength: Float, start: int) -> list[int]:
    """All places, from `start` on, each followed by the one left that is strongest beside it."""
    order, left = [start], set(range(len(strength))) - {start}
    while left:
        order.append(max(left, key=lambda place: (strength[order[-1], place], -place)))
        left.remove(order[-1])
    return order
