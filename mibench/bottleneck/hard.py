"""Hard encoders, which are functions of X: what minimises H(T) - beta I(T;Y)."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from .agglomerative import agglomerative
from .probabilities import Float

Int = NDArray[np.int64]

CELLS = 2**16  # entries of the encoders that are computed together
LEAST_GAIN = 1e-12  # of a value of X that moves to another cluster, in nats
SMALL = 1e-300


def hard_labels(joint: Float, betas: Float, clusters: int, iterations: int) -> Int:
    """For each beta, the best clusters of the values of X that were found.

    Each stage of greedy merges is settled by the equations of Strouse & Schwab 2017, which move all
    values of X at once. In the best of the results, single values move while this lowers H(T) -
    beta I(T;Y). What is found for one weight is tried for the others too.

    Args:
        joint: (values of x, values of y) p(x, y), with p(x) above 0.
        betas: (b,) the weights.
        clusters: the most clusters.
        iterations: the most times that all values move at once.

    Returns:
        (b, values of x) the cluster of each value of X, from 0 to clusters - 1.
    """
    stages = agglomerative(joint).labels[-clusters:]
    size = max(CELLS // (len(joint) * clusters), 1)
    best_labels = []
    for beta in betas:
        best, lowest = stages[-1], np.inf
        for first in range(0, len(stages), size):
            some = stages[first : first + size]
            both = np.concatenate([some, _settled(joint, some, beta, clusters, iterations)])
            values = _values(joint, both, beta, clusters)
            place = int(values.argmin())
            if values[place] < lowest:
                best, lowest = both[place], values[place]
        best_labels.append(_moved(joint, best, beta, clusters))
    labels = np.array(best_labels)  # what was found for one weight may be better for another one
    best_of_all = [int(_values(joint, labels, beta, clusters).argmin()) for beta in betas]
    return np.asarray(labels[best_of_all])


def _tables(joint: Float, labels: Int, clusters: int) -> Float:
    """(s, clusters, values of y) p(t, y) for each row of labels."""
    return np.asarray(np.eye(clusters)[labels].transpose(0, 2, 1) @ joint)


def _worth(tables: Float, beta: float) -> Float:
    """What each cluster adds to H(T) - beta I(T;Y) + beta H(Y), for p(t, y) in the last axis."""
    return np.asarray((1 - beta) * entr(tables.sum(axis=-1)) + beta * entr(tables).sum(axis=-1))


def _values(joint: Float, labels: Int, beta: float, clusters: int) -> Float:
    return np.asarray(_worth(_tables(joint, labels, clusters), beta).sum(axis=-1))


def _settled(joint: Float, labels: Int, beta: float, clusters: int, iterations: int) -> Int:
    """The labels to which the equations lead from each of these."""
    weighted = beta * joint / joint.sum(axis=1, keepdims=True)
    labels = labels.copy()
    moving = np.arange(len(labels))
    for _ in range(iterations):
        tables = _tables(joint, labels[moving], clusters)
        p_t = tables.sum(axis=-1, keepdims=True)
        log_t = np.log(np.maximum(p_t, SMALL))
        scores = weighted @ (np.log(np.maximum(tables, SMALL)) - log_t).transpose(0, 2, 1)
        scores += np.where(p_t > 0, log_t, -np.inf).transpose(0, 2, 1)
        new = scores.argmax(axis=-1)
        changed = (new != labels[moving]).any(axis=-1)
        labels[moving] = new
        moving = moving[changed]
        if not len(moving):
            break
    return labels


def _moved(joint: Float, labels: Int, beta: float, clusters: int) -> Int:
    """The labels after moves of single values of X, each of which lowers what is minimised."""
    labels = labels.copy()
    table = _tables(joint, labels[np.newaxis], clusters)[0]
    worth = _worth(table, beta)
    still = 0
    while still < len(joint):
        for x, row in enumerate(joint):
            cluster = labels[x]
            without = np.maximum(table[cluster] - row, 0)
            change = _worth(table + row, beta) - worth
            change += _worth(without, beta) - worth[cluster]
            change[cluster] = 0
            to = int(change.argmin())
            if change[to] > -LEAST_GAIN:
                still += 1
                continue
            still = 0
            labels[x] = to
            table[to] += row
            table[cluster] = joint[labels == cluster].sum(axis=0)
            worth[[to, cluster]] = _worth(table[[to, cluster]], beta)
    return labels
