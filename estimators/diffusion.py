"""Diffusion models: what denoisers of Y gain by X, summed over all sizes of the noise."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from mibench.contract import flags
from mibench.types import Estimate

from .neural.base import NeuralEstimator
from .neural.sides import Columns, exchanged, without_ties
from .normal.canonical_correlations import is_large_and_compact

LOG_SNR = (-5.0, 9.0)  # noise of 12 standard deviations of a column, and of a hundredth


@dataclass(frozen=True)
class Diffusion(NeuralEstimator):
    """MI by diffusion models: what a denoiser of Y gains if it sees X.

    Y gets normal noise N, at signal-to-noise ratios s from exp(-5) to exp(9). Two networks, of
    which one sees X, estimate Y from Y sqrt(s) + N. Their errors give the MI (Guo, Shamai & Verdú
    2005; with networks: Franzese et al. 2024):

        I = 1/2 * integral over s of E |Y - E[Y | noisy Y]|^2 - E |Y - E[Y | noisy Y, X]|^2

    The errors are those on rows held out. The networks add to what is right for normal sides, whose
    canonical correlations are made smaller by what chance makes of them, and taken as 0 where the
    density ratio of the normal distribution does not fit, as for clusters. Y is the side of fewer
    columns, or the side of numbers if the other holds labels; two sides of labels get the estimate
    of `knn`. X is (n, dx), Y (n, dy).

    The columns of Y become normal scores of their ranks, which does not change the MI. So one
    column is a normal number, whose best denoiser without X is known. Values that repeat get ranks
    in random order.

    Bias: downwards as a rule, as what depends on X is harder to learn, and as the least noise hides
    what is finer. But no bound: where Y has several columns, the estimate is too high if the
    denoiser without X is learned less well. Near 0 for independent sides.

    Attributes:
        steps: the most steps of training; 400 by default. Rows held out may end it earlier.
        batch: rows of a step, each with a noise of its own; 1024 by default.
        hidden: the width of the two hidden layers; 64 by default.
        learning_rate: of Adam; 0.005 by default.
        folds: parts of the rows, each with networks of its own; 3 by default.
        transform: of X: "ranks" (default), normal scores of ranks, or "standardize".
        seed: of weights, batches, noises and parts; 0 by default.
        device: "cpu" (default), "cuda", or "auto": CUDA if it is there.
        time_limit: seconds after which training ends with the best weights so far (flag
            `not_converged`); none by default. With one, the machine decides the estimate.

    Raises:
        InputError: if torch is not installed, for fewer than 20 rows in a part, and for more than
            100 labels.

    References:
        Guo, Shamai & Verdú 2005, doi:10.1109/TIT.2005.844072 (information and errors).
        Franzese, Bounoua & Michiardi 2024, arXiv:2310.09031 (MINDE).

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> y = x + rng.normal(size=1000)  # the truth: 0.5 bits
        >>> abs(Diffusion(steps=100).estimate(x, y).bits - 0.5) < 0.15
        True
    """

    difference: ClassVar[bool] = True
    batch: Annotated[int, Field(ge=8)] = 1024
    rows_of_a_fold: ClassVar[int] = 20  # of fewer, chance decides which denoiser is better

    def _by_networks(self, columns: Columns) -> Estimate:
        from .neural.denoising import information_by_denoising

        columns = exchanged(columns)
        columns = columns._replace(b=without_ties(columns.b, self.seed, every=True))
        estimate = information_by_denoising(columns, LOG_SNR, self)
        sides = columns.a.astype(np.float64), columns.b.astype(np.float64)
        if columns.labels or not is_large_and_compact(*sides, estimate.nats):
            return estimate
        return replace(estimate, flags={**estimate.flags, **dict([flags.large_and_not_normal()])})
