"""MINE: the Donsker-Varadhan bound with a network."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .neural.base import CriticEstimator

if TYPE_CHECKING:
    from .neural.bounds import Objective


@dataclass(frozen=True)
class Mine(CriticEstimator):
    """MI by MINE: the Donsker-Varadhan bound with a network.

    A network f(x, y) is trained to increase the bound, in which x' and y' belong to different rows
    (Belghazi et al. 2018):

        I >= E f(x, y) - log E exp f(x', y')

    The gradient of the second term is divided by a moving average over batches, as in the paper,
    since its own is biased in a batch.

    The estimate is the mean over `folds` networks, each on the part of the rows (n, dx) and (n, dy)
    that it was not trained on. The MI does not change with increasing maps of a column, so columns
    become normal scores first. A column of 0 and 1 stands for each label; two sides of labels get
    the estimate of `knn`.

    Bias: downwards, since it is a lower bound on rows that did not train it, but for the logarithm
    of a mean of exp f, which few pairs of rows decide if the MI is large. Then the flag
    `bounds_disagree` is raised. No estimate exceeds the logarithm of the number of pairs, 10.7
    nats for 2000 rows. It is far too low where the rows are too few for what the network
    must learn, as in many columns (flag `overfitted`). Near 0 for independent sides. Another seed
    gives a slightly different estimate.

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

    Raises:
        InputError: if torch is not installed, for fewer than 4 rows in a part, and for more than
            100 labels.

    References:
        Belghazi et al. 2018, arXiv:1801.04062.
        Donsker & Varadhan 1983, doi:10.1002/cpa.3160360204.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> y = x + rng.normal(size=1000)  # the truth: 0.5 bits
        >>> abs(Mine(steps=100).estimate(x, y).bits - 0.5) < 0.15
        True
    """

    def _objective(self) -> "Objective":
        from .neural.bounds import CorrectedGain, Objective, donsker_varadhan, infonce

        bound, other = donsker_varadhan, ("InfoNCE", infonce)
        return Objective("Donsker-Varadhan", CorrectedGain(), bound, bound, other)
