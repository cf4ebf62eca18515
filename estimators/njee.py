"""NJEE: classifiers of the bins of Y, with X and without."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from mibench.types import Estimate

from .neural.base import NeuralEstimator
from .neural.sides import Columns, equal_bins, exchanged


@dataclass(frozen=True)
class NJEE(NeuralEstimator):
    """MI by neural joint entropy estimation: classifiers of the bins of Y, with X and without.

    Each column Y_m of one side becomes a class B_m, one of `bins` with about as many rows. Networks
    give probabilities of B_m from the columns before it, with X and without. The cross entropies of
    rows held out estimate the entropies (Shalev, Painsky & Ben-Gal 2022):

        I = sum_m H(B_m | Y_1 ... Y_m-1) - H(B_m | Y_1 ... Y_m-1, X)

    Y is the side of fewer columns, or the side of labels, whose classes are the labels themselves;
    two sides of labels get the estimate of `knn`. In the paper the columns before are binned as
    well; numbers tell more. X is (n, dx), Y (n, dy).

    Bias: downwards as a rule. Bins lose what is narrower than they are, and a column has at most
    log(bins) nats, which is the ceiling. But no bound: the first cross entropy is too large where
    the network without X has not learned how the columns of Y depend on each other, which makes the
    estimate too high. Near 0 for independent sides.

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
        bins: of a column of numbers; 12 by default.

    Raises:
        InputError: if torch is not installed, for fewer than 4 rows in a part, and for more than
            100 labels.

    References:
        Shalev, Painsky & Ben-Gal 2022, doi:10.1109/TNNLS.2022.3204919, arXiv:2012.11197.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> y = x + rng.normal(size=1000)  # the truth: 0.5 bits
        >>> abs(NJEE(steps=100).estimate(x, y).bits - 0.5) < 0.15
        True
    """

    difference: ClassVar[bool] = True
    bins: Annotated[int, Field(ge=2, le=1000)] = 12

    def _by_networks(self, columns: Columns) -> Estimate:
        import torch

        from .neural.descriptions import by_bins
        from .neural.entropies import Model, difference_of_entropies

        if columns.labels:
            targets, classes = columns.b.argmax(axis=0)[np.newaxis], len(columns.b)
        else:
            columns = exchanged(columns)  # Y is the one with fewer columns
            targets, classes = equal_bins(columns.b, self.bins), self.bins

        # The networks begin at the frequencies, one row added to each, and so at equal entropies.
        counts = np.stack([np.bincount(column, minlength=classes) for column in targets])
        start = torch.from_numpy(np.log((counts + 1) / (counts + 1).sum(axis=1, keepdims=True)))
        described = partial(by_bins, bins=torch.from_numpy(targets))
        model = Model("NJEE", start, described, len(targets) * math.log(classes))
        return difference_of_entropies(columns, model, self)
