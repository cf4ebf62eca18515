"""Autoregressive flows: densities of Y, with X and without."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pydantic import Field

from mibench.types import Estimate

from .neural.base import NeuralEstimator
from .neural.sides import Columns, exchanged, without_ties

NARROWEST = 1e-3  # standard deviations of a column: a limit where values repeat


@dataclass(frozen=True)
class Flow(NeuralEstimator):
    """MI by normalizing flows: the difference of two entropies of Y, with X and without.

    Networks give a density to each column Y_m of one side, from the columns before it, with X and
    without. It is a mixture of normal distributions, whose distribution functions make an
    autoregressive flow. On rows held out (McAllester & Stratos 2020),

        I = mean of sum_m log p(y_m | y_1 ... y_m-1, x) - log p(y_m | y_1 ... y_m-1)

    Y is the side of fewer columns, or the side of numbers if the other holds labels; two sides of
    labels get the estimate of `knn`. X is (n, dx), Y (n, dy).

    Bias: downwards as a rule, as what depends on X is harder to learn. But no bound: the estimate
    is too high where the density without X is learned less well, as where Y has many columns.
    Values of Y that repeat get ranks in random order, which changes the density, and not the MI.
    Near 0 for independent sides.

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

    components: Annotated[int, Field(ge=1, le=100)] = 8

    def _by_networks(self, columns: Columns) -> Estimate:
        import torch

        from .neural.entropies import Model, difference_of_entropies, log_density_of_mixture

        k = self.components
        start = torch.zeros(3, k, dtype=torch.float32)  # weights, means and log widths
        if k > 1:
            start[1] = torch.linspace(-1.5, 1.5, k, dtype=torch.float32)
            start[2] = -0.5
        density = partial(log_density_of_mixture, narrowest=NARROWEST)
        columns = exchanged(columns)
        columns = columns._replace(b=without_ties(columns.b, self.seed))
        model = Model(f"flow, {k} components", start.flatten().repeat(len(columns.b), 1), density)
        return difference_of_entropies(columns, None, model, self)
