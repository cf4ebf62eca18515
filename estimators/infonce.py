"""InfoNCE: a critic that picks the row of Y that belongs to a row of X among others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from .neural.base import CriticEstimator

if TYPE_CHECKING:
    from .neural.bounds import Objective


@dataclass(frozen=True)
class InfoNCE(CriticEstimator):
    """MI by InfoNCE: how well a network picks the row of Y that belongs to a row of X.

    A network f(x, y) is trained to increase the bound, in which y_1 ... y_s are other rows
    (van den Oord, Li & Vinyals 2018):

        I >= E log [exp f(x, y) / ((exp f(x, y) + sum_j exp f(x, y_j)) / (s + 1))]

    The estimate is the mean over `folds` networks, each on the part of the rows (n, dx) and (n, dy)
    that it was not trained on, with s = 255 other rows, fewer if a part has fewer. The MI does not
    change with increasing maps of a column, so columns become normal scores first. A column of 0
    and 1 stands for each label; two sides of labels get the estimate of `knn`.

    Bias: downwards, since it is a lower bound in expectation on rows that did not train it. It is
    far too low where the rows are too few for what the network must learn, as in many columns
    (flag `overfitted`), and cannot exceed log(s + 1), its ceiling: 5.5 nats. Near 0 for independent
    sides. Another seed gives a slightly different estimate.

    Attributes:
        steps: the most steps of training; 400 by default. Rows held out may end it earlier.
        batch: rows of a step; 128 by default.
        hidden: the width of the two hidden layers; 64 by default.
        learning_rate: of Adam; 0.005 by default.
        folds: parts of the rows, each with a network of its own; 3 by default.
        transform: "ranks" (default), normal scores of ranks, or "standardize".
        seed: of weights, batches and parts; 0 by default.
        device: "cpu" (default), "cuda", or "auto": CUDA if it is there.
        time_limit: seconds after which training ends with the best weights so far (flag
            `not_converged`); none by default. With one, the machine decides the estimate.
        negatives: other rows of Y for each row of X in a step; 12 by default.

    Raises:
        InputError: if torch is not installed, for fewer than 4 rows in a part, and for more than
            100 labels.

    References:
        van den Oord, Li & Vinyals 2018, arXiv:1807.03748.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> y = x + rng.normal(size=1000)  # the truth: 0.5 bits
        >>> abs(InfoNCE(steps=100).estimate(x, y).bits - 0.5) < 0.15
        True
    """

    batch: Annotated[int, Field(ge=8)] = 128
    negatives: Annotated[int, Field(ge=1)] = 12

    def _objective(self) -> "Objective":
        from .neural.bounds import Objective, infonce, leave_one_out

        other = "InfoNCE without the row itself among the others", leave_one_out
        return Objective("InfoNCE", infonce, infonce, infonce, other, shifts=255)
