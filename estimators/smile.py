"""SMILE: Donsker-Varadhan with clipped density ratios."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from .neural.base import CriticEstimator

if TYPE_CHECKING:
    from .neural.bounds import Objective


@dataclass(frozen=True)
class Smile(CriticEstimator):
    """MI by SMILE: Donsker-Varadhan with clipped density ratios; no bound.

    A network f(x, y) is trained to tell pairs of the sample from pairs (x', y') of different rows,
    by the Jensen-Shannon bound. The estimate is (Song & Ermon 2020)

        I = E f(x, y) - log E min(max(exp f(x', y'), exp(-clip)), exp(clip))

    The estimate is the mean over `folds` networks, each on the part of the rows (n, dx) and (n, dy)
    that it was not trained on. The MI does not change with increasing maps of a column, so columns
    become normal scores first. A column of 0 and 1 stands for each label; two sides of labels get
    the estimate of `knn`.

    Bias: mostly downwards, as the network does not learn all. But it is no bound: clipping makes
    the second term, and its variance, smaller, and so the estimate larger. Above about `clip` nats
    it may be too high. The flag `bounds_disagree` is raised if InfoNCE of the same network gives
    something else. Far too low where the rows are too few for what the network must learn, as in
    many columns (flag `overfitted`). Near 0 for independent sides. Another seed gives a slightly
    different estimate.

    Attributes:
        steps: the most steps of training; 400 by default. Rows held out may end it earlier.
        batch: rows of a step; 256 by default.
        hidden: the width of the two hidden layers; 64 by default.
        learning_rate: of Adam; 0.005 by default.
        folds: parts of the rows, each with a network of its own; 3 by default.
        transform: "ranks" (default), normal scores of ranks, or "standardize".
        seed: of weights, batches and parts; 0 by default.
        device: "cpu" (default), "cuda", or "auto": CUDA if it is there.
        time_limit: seconds after which training ends with the best weights so far (flag
            `not_converged`); none by default. With one, the machine decides the estimate.
        negatives: other rows of Y for each row of X in a step; 3 by default.
        clip: the limit of f in the second term, in nats; 5 by default.

    Raises:
        InputError: if torch is not installed, for fewer than 4 rows in a part, and for more than
            100 labels.

    References:
        Song & Ermon 2020, arXiv:1910.06222.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> y = x + rng.normal(size=1000)  # the truth: 0.5 bits
        >>> abs(Smile(steps=100).estimate(x, y).bits - 0.5) < 0.15
        True
    """

    clip: Annotated[float, Field(gt=0)] = 5.0

    def _objective(self) -> "Objective":
        from .neural.bounds import Objective, clipped_donsker_varadhan, infonce, jensen_shannon

        estimate = partial(clipped_donsker_varadhan, clip=self.clip)
        method, other = f"SMILE, clip {self.clip:g}", ("InfoNCE", infonce)
        return Objective(method, jensen_shannon, jensen_shannon, estimate, other)
