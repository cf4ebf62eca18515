"""The agglomerative information bottleneck: values of X are merged, two at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from .probabilities import Float, entropy, information, probabilities


@dataclass(frozen=True, eq=False)
class Merges:
    """Hard clusters of the values of X, from as many as there are values to a single one.

    Attributes:
        clusters: (k,) the numbers of clusters, falling from the number of values of X to 1.
        i_xt: (k,) I(X;T) = H(T), in nats.
        i_ty: (k,) I(T;Y), in nats.
        labels: (k, values) the cluster of each value of X, numbered from 0.
    """

    clusters: NDArray[np.int64]
    i_xt: Float
    i_ty: Float
    labels: NDArray[np.int64]


def agglomerative(p_xy: Any) -> Merges:
    """Merge the values of X greedily, each time the two that lose least I(T;Y).

    The loss of two clusters is (p_a + p_b) times the Jensen-Shannon divergence of their p(y|t),
    weighted by their shares. It takes n^2 memory and n^3 / 3 steps for n values. Greedy merges are
    not optimal in general.

    Args:
        p_xy: (values of x, values of y) the joint probabilities. A value of X with no probability
            is merged first.

    Returns:
        The `Merges`.

    Raises:
        InputError: if these are no probabilities.

    References:
        Slonim & Tishby 1999, NIPS 12, 617-623.

    Example:
        >>> merges = agglomerative([[0.3, 0.0], [0.2, 0.0], [0.0, 0.5]])
        >>> merges.labels[1].tolist()  # the two first values say the same of Y
        [0, 0, 1]
    """
    joint = probabilities(p_xy, "p_xy", 2)
    n = len(joint)
    labels = np.arange(n)
    clusters = joint.copy()
    active = np.ones(n, bool)
    losses = np.full((n, n), np.inf)
    for i in range(n - 1):
        losses[i, i + 1 :] = _losses(clusters[i], clusters[i + 1 :])
    steps = [labels.copy()]
    points = [(entropy(clusters.sum(axis=1)), information(clusters))]
    for _ in range(n - 1):
        first, second = np.unravel_index(np.argmin(losses), losses.shape)
        clusters[first] += clusters[second]
        clusters[second] = 0
        active[second] = False
        labels[labels == second] = first
        losses[second, :] = losses[:, second] = np.inf
        others = np.flatnonzero(active)
        others = others[others != first]
        again = _losses(clusters[first], clusters[others])
        losses[np.minimum(first, others), np.maximum(first, others)] = again
        steps.append(labels.copy())
        points.append((entropy(clusters.sum(axis=1)), information(clusters)))
    numbered = [np.unique(step, return_inverse=True)[1] for step in steps]
    return Merges(
        np.arange(n, 0, -1),
        np.array([point[0] for point in points]),
        np.array([point[1] for point in points]),
        np.array(numbered),
    )


def _losses(cluster: Float, others: Float) -> Float:
    """What I(T;Y) loses if a cluster is merged with each of the others, in nats."""
    merged = cluster + others
    p_one, p_others = cluster.sum(), others.sum(axis=1)
    total = p_one + p_others
    share = np.divide(merged, total[:, np.newaxis], out=np.zeros_like(merged),
                      where=total[:, np.newaxis] > 0)  # fmt: skip
    return np.asarray(
        rel_entr(cluster, p_one * share).sum(axis=1)
        + rel_entr(others, p_others[:, np.newaxis] * share).sum(axis=1)
    )
