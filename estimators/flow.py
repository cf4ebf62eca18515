"""Autoregressive flows: densities of Y, with X and without."""

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from mibench.types import Estimate

from .neural.base import NeuralEstimator
from .neural.sides import Columns, exchanged, without_ties

if TYPE_CHECKING:
    from torch import Tensor

NEAR = 1.0  # nats below the highest density of a column, where noise and ranks look alike
FARTHEST = 0.7  # mean of the mixture that training begins with, in standard deviations


@dataclass(frozen=True)
class Flow(NeuralEstimator):
    """MI by normalizing flows: the difference of two entropies of Y, with X and without.

    Networks give a density to each column Y_m of one side, from the columns before it, with X and
    without. It is a mixture of normal distributions, whose distribution functions make an
    autoregressive flow. It begins near the normal distribution of both sides, and the networks
    learn what differs from it; near that of Y alone where the density ratio of the former does not
    fit, as for clusters. On rows held out (McAllester & Stratos 2020),

        I = mean of sum_m log p(y_m | y_1 ... y_m-1, x) - log p(y_m | y_1 ... y_m-1)

    Y is the side of fewer columns, or the side of numbers if the other holds labels; two sides of
    labels get the estimate of `knn`. X is (n, dx), Y (n, dy).

    Bias: downwards as a rule, as what depends on X is harder to learn. But no bound: the estimate
    is too high where the density without X is learned less well, as where Y has many columns.
    Values of Y that repeat get ranks in random order, which changes the density, and not the MI.
    Near 0 for independent sides. At most about log(n) - 0.42 nats for each column of Y, of which no
    density is narrower than the least distance of two normal scores.

    Attributes:
        steps: the most steps of training; 400 by default. Rows held out may end it earlier.
        batch: rows of a step; 256 by default.
        hidden: the width of the two hidden layers; 64 by default.
        learning_rate: of Adam; 0.005 by default.
        folds: parts of the rows, each with networks of its own; 3 by default.
        transform: "ranks" (default), normal scores of ranks, or "standardize".
        seed: of weights, batches and parts; 0 by default.
        device: "cpu" (default), "cuda", or "auto": CUDA if it is there.
        time_limit: seconds after which training ends with the best weights so far (flag
            `not_converged`); none by default. With one, the machine decides the estimate.
        components: of the mixture for a column; 8 by default.

    Raises:
        InputError: if torch is not installed, for fewer than 4 rows in a part, and for more than
            100 labels.

    References:
        McAllester & Stratos 2020, arXiv:1811.04251 (difference of entropies).
        Huang, Krueger, Lacoste & Courville 2018, arXiv:1804.00779 (autoregressive flows).

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> y = x + rng.normal(size=1000)  # the truth: 0.5 bits
        >>> abs(Flow(steps=100).estimate(x, y).bits - 0.5) < 0.15
        True
    """

    difference: ClassVar[bool] = True
    components: Annotated[int, Field(ge=1, le=100)] = 8

    def _by_networks(self, columns: Columns) -> Estimate:
        from .neural.descriptions import by_mixtures
        from .neural.entropies import Model, difference_of_entropies

        columns = exchanged(columns)
        columns = columns._replace(b=without_ties(columns.b, self.seed))
        d, n = columns.b.shape
        # Normal scores are a grid. Narrower densities would count its points, which repeat.
        narrowest = math.sqrt(2 * math.pi) / n  # from one to the next, where they are nearest
        start = _like_normal(self.components).flatten().repeat(d, 1)
        model = Model(
            f"flow, {self.components} components", start, partial(by_mixtures, narrowest=narrowest),
            d * (math.log(n) - (math.log(2 * math.pi) - 1) / 2), math.log(n / (2 * math.pi)) - NEAR,
        )  # fmt: skip
        return difference_of_entropies(columns, model, self)


def _like_normal(components: int) -> "Tensor":
    """Outputs (3, components) of a mixture of variance 1 that is nearly normal.

    Its components differ, so that training can tell them apart.
    """
    import torch

    outputs = torch.zeros(3, components, dtype=torch.float32)  # logits, means, log widths
    if components > 1:
        outputs[1] = torch.linspace(-FARTHEST, FARTHEST, components, dtype=torch.float32)
        outputs[2] = math.log(1 - float(outputs[1].square().mean())) / 2
    return outputs
