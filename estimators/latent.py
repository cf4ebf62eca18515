"""Latent MI: autoencoders that predict the other side too, then k nearest neighbours."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from mibench.types import Estimate

from .neural.base import NeuralEstimator
from .neural.sides import Columns


@dataclass(frozen=True)
class Latent(NeuralEstimator):
    """MI of learned summaries of each side: autoencoders, then `knn` (latent MI).

    Each side (n, d) is encoded into `dims` numbers, fewer if it has fewer columns. From the code of
    either side, networks predict both sides, and all are trained to make the mean squared errors
    small (Gowri, Lun, Klein & Yin 2024). On rows held out, with codes a(x) and b(y),

        I = I_knn(a(x); b(y)) <= I(X;Y)

    up to the error of `knn`. A side of labels is predicted, and is its own code; two sides of
    labels get the estimate of `knn`.

    Bias: downwards, since codes lose information, most of all what is hard to predict. So it is
    for many columns with few shared causes, as images or genes, and not for few columns, where
    `knn` alone is better. Near 0 for independent sides.

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
        dims: numbers in a code; 8 by default.
        k: the number of neighbours of `knn`; 3 by default.

    Raises:
        InputError: if torch is not installed, for fewer than 4 rows in a part, and for more than
            100 labels.

    References:
        Gowri, Lun, Klein & Yin 2024, arXiv:2409.02732.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> shared = rng.normal(size=1000)
        >>> x = shared[:, np.newaxis] + rng.normal(size=(1000, 20))
        >>> y = shared + rng.normal(size=1000)  # the truth: 0.47 bits
        >>> abs(Latent(steps=100).estimate(x, y).bits - 0.47) < 0.15
        True
    """

    dims: Annotated[int, Field(ge=1)] = 8
    k: Annotated[int, Field(ge=1)] = 3

    def _by_networks(self, columns: Columns) -> Estimate:
        from .neural.autoencoders import estimate_of_codes

        return estimate_of_codes(columns, self, self.dims, self.k)
