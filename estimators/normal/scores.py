"""Normal scores of values that may repeat."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Float = NDArray[np.float64]


def uniform_scores(columns: Float, seed: int) -> Float:
    """(rank - 1/2) / n in each of the columns (d, n), where equal values are ranked at random.

    With equal values ranked at random, independently of everything else, a column has a continuous
    distribution and the same MI as before: its value follows from its score, and the place among
    equal values says nothing more (the distributional transform: Rueschendorf 2009,
    doi:10.1016/j.jspi.2009.05.030). The random order is that of the rows given, which should not
    depend on the data.
    """
    n = columns.shape[1]
    scores = np.empty(columns.shape)
    for place, (column, out) in enumerate(zip(columns, scores, strict=True)):
        among_equals = np.random.default_rng([seed, place]).permutation(n)
        out[np.lexsort((among_equals, column))] = (np.arange(n) + 0.5) / n
    return scores


def normal_scores_at_random(columns: Float, seed: int) -> Float:
    """Phi^-1 of `uniform_scores`: each column (d, n) is nearly normal."""
    return np.asarray(ndtri(uniform_scores(columns, seed)))
