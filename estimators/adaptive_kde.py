"""Kernel density with noise in proportion to the largest value of a layer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .binning.labels import LabelCorrection, information_of_labels
from .density.mixture_bounds import Variant, mixture_information
from .kde import KDE

MAX_BY_CHANCE = 0.12  # nats that labels at random may give before the estimate is flagged


@dataclass(frozen=True)
class AdaptiveKDE(Estimator):
    """`kde` for the layers of networks, with noise in proportion to the largest activation (aKDE).

        I(C;T + Z),    Z ~ N(0, s2),    s2 = relative_variance * max |t|

    C are the labels of one side, such as the inputs of a network or their classes, T the rows of
    the other side, and max |t| is the largest absolute value of T in all columns and rows: a layer
    whose activations grow during training gets more noise. T + Z is a mixture of n Gaussians, and
    its entropy is bounded by pairwise distances, as `kde` with `noise_variance` does it.

    The rule is that of Chelombiev, Houghton & O'Donnell 2019: the variance, and not the standard
    deviation, is proportional to the largest activation. So the estimate still depends on the units
    of T: activations c times as large have c^2 times the squared distances, and c times the noise.
    With power=2, s2 = relative_variance * max |t|^2, and no scale of T changes the estimate.

    Two sides of numbers are no layer and its labels: the estimate is then that of `kde`. If both
    sides are labels, it is the plug-in, adjusted for chance.

    Bias: noise takes information away, so I(C;T + Z) is at most I(C;T). Where all labels differ,
    the result is a bound on I(C;T + Z). If labels repeat, it is a difference of two bounds, which
    is no bound. It is too high for few rows in many columns, where most rows are near to none but
    themselves: at n = 1000, 5 independent labels of one column of normals give 0.10 nats, and of 3
    columns 1.55. The same labels are therefore measured in a random order, too: if they give more
    than 0.12 nats (`MAX_BY_CHANCE`), the estimate has the flag `by_chance`.

    Attributes:
        relative_variance: s2 / max |t|; 1e-3 by default, the noise variance of `kde` for layers
            whose largest activation is 1.
        power: 1 (default), as in the paper; or 2, for a noise that scales with T.
        variant: the bound on the entropies: "upper" (default, Kullback-Leibler) or "lower"
            (Bhattacharyya).
        correction: for two discrete sides only, as in `kde`.

    Raises:
        InputError: when estimating, if the noise is so small that distances in units of it
            overflow.

    References:
        Chelombiev, Houghton & O'Donnell, ICLR 2019, arXiv:1902.09037.
        The bounds: Kolchinsky & Tracey 2017, doi:10.3390/e19070361.

    Example:
        >>> import numpy as np
        >>> layer = np.random.default_rng(0).normal(size=(200, 2))
        >>> inputs = np.arange(200)
        >>> wide, narrow = AdaptiveKDE(relative_variance=0.1), AdaptiveKDE()
        >>> both = [e.estimate(inputs, layer, discrete_x=True).bits for e in (wide, narrow)]
        >>> both[0] < both[1] < 7.65  # log2(200)
        True
    """

    relative_variance: Annotated[float, Field(gt=0)] = 1e-3
    power: Literal[1, 2] = 1
    variant: Variant = "upper"
    correction: LabelCorrection | None = "auto"
    quadratic: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    def noise_variance(self, values: Variable) -> float:
        """s2 for the rows of a side of numbers."""
        largest = max(-float(values.low.min()), float(values.high.max()))
        with np.errstate(over="ignore"):
            return float(np.float64(largest) ** self.power * self.relative_variance)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return information_of_labels(x, y, self.correction)
        if not (x.discrete or y.discrete):
            return KDE().estimate_variables(x, y)
        labels, values = (x, y) if x.discrete else (y, x)
        return self._of_layer(values, [labels])[0]

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        if t.discrete or not all(other.discrete for other in others):
            return super()._estimate_each(t, others)
        return self._of_layer(t, others)

    def _of_layer(self, values: Variable, labels: Sequence[Variable]) -> list[Estimate]:
        """The estimate for each labelling of the same values."""
        variance = self.noise_variance(values)
        if not 0 < variance < math.inf:
            raise InputError(
                f"adaptive_kde: relative_variance={self.relative_variance:g} gives a noise "
                f"variance of {variance:g}: give another one, or rescale the numbers"
            )
        info = {
            "method": "mixture of Gaussians", "noise_variance": variance, "variant": self.variant
        }  # fmt: skip
        repeated = [side for side in labels if side.cardinality < values.n]
        at_random = [_in_random_order(values, side) for side in repeated]
        nats = mixture_information(values, [*labels, *at_random], variance, self.variant)
        by_chance = iter(nats[len(labels) :])
        estimates = []
        for side, estimate in zip(labels, nats[: len(labels)], strict=True):
            chance = next(by_chance) if side.cardinality < values.n else 0.0
            notes = dict([flags.by_chance(chance)] if chance > MAX_BY_CHANCE else [])
            estimates.append(Estimate(estimate, notes, info))
        return estimates


def _in_random_order(values: Variable, labels: Variable) -> Variable:
    """The labels in a random order, which depends on the values of the rows alone."""
    symbols = np.empty_like(labels.symbols)
    shuffled = np.random.default_rng(0).permutation(np.sort(labels.symbols))
    symbols[np.lexsort(values.columns)] = shuffled
    return replace(labels, symbols=symbols)
