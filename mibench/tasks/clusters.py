"""Clusters: both sides show one label, or two dependent labels, through many noisy columns.

All columns repeat the same label, so the MI is that of the labels, however many columns there are.
"""

from dataclasses import dataclass
from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Clusters:
    """The parameters of a task.

    Attributes:
        dim_x: columns of X.
        dim_y: columns of Y.
        weights: the probability of each label.
        distance: between neighbouring clusters in each column, in standard deviations of the noise.
        error: the probability that Y shows a label drawn anew instead of that of X.
    """

    dim_x: int
    dim_y: int
    weights: tuple[float, ...]
    distance: float
    error: float = 0.0

    @property
    def name(self) -> str:
        """`clusters-DX-DY-LABELS-DISTANCE`, with `-unequal` and the error where there are any."""
        name = f"clusters-{self.dim_x}-{self.dim_y}-{len(self.weights)}-{self.distance:g}"
        unequal = "-unequal" if len(set(self.weights)) > 1 else ""
        return name + unequal + (f"-error-{self.error}" if self.error else "")


def information(clusters: Clusters) -> float:
    """I(X;Y) in nats: that of the labels, since a row is next to the centre of its own label.

    p(a, b) = p(a) ((1 - error) [a = b] + error p(b)). In each column the centres are 10 standard
    deviations apart or more, so all columns together mistake a label with a probability below
    Phi(-5 sqrt(columns)): below 1e-28 for five columns.
    """
    p, error = np.array(clusters.weights), clusters.error
    if error == 0:
        return float(-(p * np.log(p)).sum())
    same = p * (1 - error + error * p)
    ratio = error + (1 - error) / p
    return float((same * np.log(ratio)).sum() + (1 - same.sum()) * log(error))


def centres(columns: int, labels: int, seed: int) -> Array:
    """The centres (labels, columns) in units of the distance: 0 .. labels - 1 in random orders."""
    random = np.random.RandomState(seed)  # its stream is frozen (NEP 19)
    return np.array([random.permutation(labels) for _ in range(columns)], float).T


def sample_clusters(n: int, rng: np.random.Generator, *, clusters: Clusters) -> Sample:
    """Draw x (n, dim_x) and y (n, dim_y): the centres of their labels, with standard noise."""
    count = len(clusters.weights)
    of_x, other = rng.choice(count, size=(2, n), p=clusters.weights)
    of_y = np.where(rng.random(n) < clusters.error, other, of_x)
    x, y = (
        clusters.distance * centres(columns, count, seed)[label] + rng.standard_normal((n, columns))
        for seed, (columns, label) in enumerate([(clusters.dim_x, of_x), (clusters.dim_y, of_y)])
    )
    return x, y


HALF, QUARTER = (0.5,) * 2, (0.25,) * 4
UNEQUAL = (0.6, 0.2, 0.1, 0.1)

CLUSTERS = (
    Clusters(30, 30, HALF, 10),
    Clusters(30, 30, HALF, 20),
    Clusters(5, 5, HALF, 10),
    Clusters(30, 30, QUARTER, 10),
    Clusters(5, 5, QUARTER, 10),
    Clusters(30, 30, UNEQUAL, 10),
    Clusters(5, 5, UNEQUAL, 10),
    Clusters(30, 30, HALF, 10, error=0.2),
    Clusters(5, 5, QUARTER, 10, error=0.25),
)


def tasks() -> list[Task]:
    """Two or four clusters in 5 or 30 columns on each side, some with a channel between labels."""
    return [
        Task(
            name=clusters.name,
            dim_x=clusters.dim_x,
            dim_y=clusters.dim_y,
            mi_nats=information(clusters),
            sampler=partial(sample_clusters, clusters=clusters),
            source="I of the labels: sum of p log p / (p_x p_y), since each row shows its label",
        )
        for clusters in CLUSTERS
    ]
