"""NWJ: the bound of Nguyen, Wainwright and Jordan with a network."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .neural.base import CriticEstimator

if TYPE_CHECKING:
    from .neural.bounds import Objective


@dataclass(frozen=True)
class NWJ(CriticEstimator):
    """MI by the bound of Nguyen, Wainwright & Jordan with a network.

    A network f(x, y) is trained to increase the bound, in which x' and y' belong to different rows
    (Nguyen, Wainwright & Jordan 2010; named f-GAN-KL or NWJ):

        I >= E f(x, y) - E exp(f(x', y') - 1)

    The estimate is the mean over `folds` networks, each on the part of the rows (n, dx) and (n, dy)
    that it was not trained on. The MI does not change with increasing maps of a column, so columns
    become normal scores first. A column of 0 and 1 stands for each label; two sides of labels get
    the estimate of `knn`.

    Bias: downwards, since it is a lower bound in expectation on rows that did not train it. Its
    variance grows as exp(I), so that for a large MI a few pairs of rows decide; then the flag
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
        Nguyen, Wainwright & Jordan 2010, doi:10.1109/TIT.2010.2068870.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> y = x + rng.normal(size=1000)  # the truth: 0.5 bits
        >>> abs(NWJ(steps=100).estimate(x, y).bits - 0.5) < 0.15
        True
    """

    def _objective(self) -> "Objective":
        from .neural.bounds import Objective, infonce, nguyen_wainwright_jordan

        bound = nguyen_wainwright_jordan
        return Objective("NWJ", bound, bound, bound, ("InfoNCE", infonce))
