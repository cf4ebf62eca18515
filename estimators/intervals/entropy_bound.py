"""The entropy of labels, which no mutual information with them exceeds."""

import math

import numpy as np

from mibench.contract.variables import Variable

MIN_ROWS_PER_LABEL = 10  # on average; with fewer, labels that were not seen may add much entropy
ERRORS = 3  # standard errors of the entropy


def most_nats(*sides: Variable) -> float:
    """The largest MI in nats that the labels of these sides allow; infinite without labels.

    I(X;Y) <= H(Y) <= log K for K labels. H(Y) is the plug-in entropy with the correction of Miller
    and Madow, and some standard errors more.
    """
    return min((_most_entropy(side) for side in sides if side.discrete), default=math.inf)


def _most_entropy(side: Variable) -> float:
    n, labels = side.n, side.cardinality
    if n < MIN_ROWS_PER_LABEL * labels:
        return math.inf
    shares = side.counts / n
    surprise = -np.log(shares)
    entropy = float(shares @ surprise)
    variance = max(float(shares @ surprise**2) - entropy**2, 0.0)
    entropy += (labels - 1) / (2 * n) + ERRORS * math.sqrt(variance / n)
    return min(entropy, math.log(labels))
