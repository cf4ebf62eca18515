"""Sliced mutual information: the mean over random one-dimensional projections; not the MI."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable, as_variable
from mibench.types import Estimate

from .knn import KNN
from .neighbours.sorted_column import varying_side
from .shared.threads import share_rows

Float = NDArray[np.float64]

WHAT = "sliced MI, the mean over projections on random directions, which is at most the MI"


@dataclass(frozen=True)
class Sliced(Estimator):
    """Sliced MI: the mean MI of random one-dimensional projections of X and Y. Not the MI.

        SI(X;Y) = mean over directions a, b of I(a X; b Y)

    The directions a (dx,) and b (dy,) are uniform on the unit sphere, and independent; each I is
    estimated by `knn`. SI is 0 if and only if X and Y are independent, and at most I(X;Y), since a
    projection loses information. It can be estimated well in any dimension, because it is easier to
    estimate than the MI: with more columns that matter little, it becomes small. Linear maps of a
    side change it. The flag `not_mi` says so, unless no side has several columns: SI is then the
    MI.

    A side of labels is not projected. Dimensions are divided by their standard deviations without
    far outliers, so that units do not matter.

    Bias: nearly that of `knn` in 1+1 dimensions, so near 0. The mean over `slices` pairs of
    directions has a standard error, `info["standard_error_nats"]`.

    Attributes:
        slices: the number of pairs of directions; 50 by default.
        k: the number of neighbours of `knn`; 3 by default.
        seed: of the directions; 0 by default. They do not depend on the order of rows or columns.

    References:
        Goldfeld & Greenewald 2021, arXiv:2110.05279.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(1000, 10))
        >>> y = x + rng.normal(size=(1000, 10))  # the MI: 3.47 nats
        >>> estimate = Sliced().estimate(x, y)
        >>> 0 < estimate.nats < 0.1
        True
        >>> list(estimate.flags)
        ['not_mi']
    """

    slices: Annotated[int, Field(ge=2)] = 50
    k: Annotated[int, Field(ge=1)] = 3
    seed: Annotated[int, Field(ge=0)] = 0
    quadratic: ClassVar[bool] = True
    by_default: ClassVar[bool] = False
    not_claimed: ClassVar[tuple[str, ...]] = ("rotations", "more columns", "additivity")

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        sides = [None if v.discrete else _ordered(v) for v in (x, y)]
        several = [side for side in sides if side is not None and len(side) > 1]
        knn = KNN(k=self.k)
        if not several:  # nothing to project: the MI itself
            return knn.estimate_variables(x, y)
        projected = [self._projections(side, sides) for side in sides]
        nats = np.empty(self.slices)

        def measure(start: int, stop: int) -> None:
            for i in range(start, stop):
                a, b = (
                    v if columns is None else as_variable(columns[i], name, discrete=False)
                    for v, columns, name in zip((x, y), projected, "xy", strict=True)
                )
                nats[i] = knn.estimate_variables(a, b).nats

        share_rows(measure, self.slices, 1)
        error = float(nats.std(ddof=1)) / math.sqrt(self.slices)
        info = {"method": "sliced, knn", "slices": self.slices, "standard_error_nats": error}
        return Estimate(float(nats.mean()), dict([flags.not_mi("sliced", WHAT)]), info)

    def _projections(self, side: Float | None, sides: list[Float | None]) -> Float | None:
        """The projections (slices, n) of a side's columns (d, n); None for labels."""
        if side is None:
            return None
        # Of two sides, one is always first, whichever is called x: the estimate is symmetric.
        keys = sorted(_key(other) for other in sides if other is not None)
        rng = np.random.default_rng([self.seed, keys.index(_key(side))])
        directions = rng.standard_normal((self.slices, len(side)))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        if len(side) == 1:
            directions = np.ones_like(directions)
        # Column by column: a product of matrices would round differently for other orders of rows.
        result = np.zeros((self.slices, side.shape[1]))
        for weights, column in zip(directions.T, side, strict=True):
            result += weights[:, np.newaxis] * column
        return result


def _ordered(v: Variable) -> Float:
    """The columns (d, n) that vary, scaled, in an order that their values alone determine."""
    columns = varying_side(v).columns
    ranked = np.sort(columns, axis=1)
    return np.ascontiguousarray(columns[np.lexsort(ranked.T[::-1])])


def _key(side: Float) -> tuple[int, bytes]:
    """What tells two sides apart, in any order of their rows."""
    return len(side), np.sort(side, axis=1).tobytes()
