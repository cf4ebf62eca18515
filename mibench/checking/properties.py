"""Properties of the MI, each as a check of what an estimator makes of samples.

A check gets the estimator as a function and a generator of random numbers, and returns one number
per sample, in nats. The estimator passes if their mean is within a limit, by `MAX_ERRORS` standard
errors over the samples.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..types import Estimate

Float = NDArray[np.float64]

R = 0.75  # the correlation of most samples
TRUE = -0.5 * math.log1p(-R * R)
NARROW = 1e-3  # the noise of a near copy, in standard deviations
LABELS = 5


class Measure(Protocol):
    """The estimator: sides, and whether they hold labels."""

    def __call__(self, x: Any, y: Any, labels_x: bool = False, labels_y: bool = False) -> Estimate:
        """The estimate of I(X;Y)."""
        ...


@dataclass(frozen=True)
class Check:
    """A property, and how far an estimator may be from it.

    Attributes:
        name: as in tables.
        compares: what the number is, in words.
        limit: of the mean, in nats.
        number: the number of one sample of n rows.
        one_sided: whether only a mean above the limit fails.
    """

    name: str
    compares: str
    limit: float
    number: Callable[[Measure, np.random.Generator, int], float]
    one_sided: bool = False


def pair(rng: np.random.Generator, n: int, d: int = 1, r: float = R) -> tuple[Float, Float]:
    """Normals (n, d) of which the columns correlate pairwise by r."""
    x, noise = rng.normal(size=(2, n, d))
    return x, r * x + math.sqrt(1 - r * r) * noise


def _independent(measure: Measure, rng: np.random.Generator, n: int) -> float:
    return measure(*pair(rng, n, 1, 0.0)).nats


def _independent_columns(measure: Measure, rng: np.random.Generator, n: int) -> float:
    return measure(*pair(rng, n, 3, 0.0)).nats


def _independent_labels(measure: Measure, rng: np.random.Generator, n: int) -> float:
    return measure(rng.normal(size=(n, 1)), rng.integers(0, LABELS, n), labels_y=True).nats


def _known(measure: Measure, rng: np.random.Generator, n: int) -> float:
    return measure(*pair(rng, n)).nats - TRUE


def _symmetry(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = pair(rng, n, 2)
    return abs(measure(x, y[:, :1]).nats - measure(y[:, :1], x).nats)


def _monotone(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = pair(rng, n)
    return measure(np.exp(x), y**3).nats - measure(x, y).nats


def _rotation(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = pair(rng, n, 2)
    angle = rng.uniform(0, 2 * math.pi)
    c, s = math.cos(angle), math.sin(angle)
    return measure(x @ np.array([[c, -s], [s, c]]), y).nats - measure(x, y).nats


def _processing(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = pair(rng, n)
    return measure(x, y + rng.normal(size=y.shape)).nats - measure(x, y).nats


def _rounding(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = pair(rng, n)
    return measure(x, np.rint(y)).nats - measure(x, y).nats


def _more_columns(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = pair(rng, n)
    return measure(x, y).nats - measure(np.c_[x, rng.normal(size=n)], y).nats


def _additivity(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = pair(rng, n, 2)
    apart = measure(x[:, :1], y[:, :1]).nats + measure(x[:, 1:], y[:, 1:]).nats
    return measure(x, y).nats - apart


def _itself(measure: Measure, rng: np.random.Generator, n: int) -> float:
    labels = np.r_[np.arange(LABELS), rng.integers(0, LABELS, n - LABELS)]
    shares = np.bincount(labels) / n
    entropy = -float((shares * np.log(shares)).sum())
    return measure(labels, labels, labels_x=True, labels_y=True).nats - entropy


def _near_copy(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x = rng.normal(size=(n, 1))
    estimate = measure(x, x + NARROW * rng.normal(size=(n, 1)))
    true = 0.5 * math.log1p(1 / NARROW**2)
    warned = bool(estimate.flags) and estimate.nats <= true
    return 0.0 if warned else abs(estimate.nats - true)


def _growth(measure: Measure, rng: np.random.Generator, n: int) -> float:
    few = abs(measure(*pair(rng, n // 4)).nats - TRUE)
    return abs(measure(*pair(rng, n)).nats - TRUE) - few


CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check("independence", "I of independent normals, 1+1 columns", 0.05, _independent),
        Check("independent columns", "I of independent normals, 3+3 columns", 0.1,
              _independent_columns),
        Check("independent labels", "I of a column and 5 independent labels", 0.05,
              _independent_labels),
        Check("known value", "I less 0.413 nats, normals of correlation 0.75", 0.05, _known),
        Check("symmetry", "|I(X;Y) - I(Y;X)|, 2+1 columns", 1e-6, _symmetry),
        Check("monotone maps", "I(exp X; Y^3) - I(X;Y)", 0.05, _monotone),
        Check("rotations", "I(QX;Y) - I(X;Y), Q a rotation, 2+2 columns", 0.1, _rotation),
        Check("noise", "I(X;Y + noise) - I(X;Y), which is below 0", 0.02, _processing, True),
        Check("rounding", "I(X;Y rounded) - I(X;Y), which is below 0", 0.05, _rounding, True),
        Check("more columns", "I(X;Y) - I(X,noise;Y), which is 0", 0.1, _more_columns),
        Check("additivity", "I of two independent pairs, less the sum of both", 0.1, _additivity),
        Check("itself", "I(X;X) - H(X) of 5 labels", 0.01, _itself),
        Check("near copy", "|I - 6.9 nats| of Y = X + 0.001 noise; 0 if flagged", 0.5, _near_copy),
        Check("growth", "the error with n rows, less that with n / 4", 0.01, _growth, True),
    )
}  # fmt: skip
