"""Entropies of one side, and the mutual information as a share of them."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..api import DEFAULT, estimate
from ..contract import flags
from ..contract.sides import as_side
from ..contract.variables import Variable, as_variable
from ..errors import InputError, unknown
from ..estimators import entropy_of_counts_nats, knn_entropy_nats
from ..types import Estimate, EstimatorLike

Normalization = Literal["linfoot", "arithmetic", "geometric", "min", "max", "joint", "x", "y"]
SINGULAR = 1e-9  # smallest eigenvalue of the correlations of columns, below which one is redundant
OF_ENTROPIES = ("arithmetic", "geometric", "min", "max", "joint", "x", "y")


def entropy(
    x: Any, *, discrete: bool | None = None, correction: str | None = "grassberger", k: int = 3
) -> Estimate:
    """The entropy H(X) of labels, or the differential entropy h(X) of numbers.

    Labels: from how often each occurs, see `mibench.estimators.entropy_of_counts_nats`. Several
    columns of labels are one label. Numbers: by k nearest neighbours, see
    `mibench.estimators.knn_entropy_nats`, with each column divided by its standard deviation, whose
    logarithm is added. h(X) depends on the unit of X, and may be negative.

    Bias: downwards for labels of which many were not seen. Upwards for numbers in many dimensions.

    Args:
        x: (n,) or (n, d), as the x of `mibench.estimate`.
        discrete: whether x holds labels. None: text, booleans and categories do.
        correction: for labels: None for the plug-in, or the name of a correction.
        k: for numbers: how many neighbours.

    Raises:
        InputError: for bad data, and where the differential entropy is minus infinity: rows that
            occur more than k times, constant columns, columns that are linear in the others.

    References:
        Grassberger 2003, arXiv:physics/0307138.
        Kraskov, Stoegbauer & Grassberger 2004, doi:10.1103/PhysRevE.69.066138, eq. 20.

    Example:
        >>> entropy(["a", "b", "a", "b"], correction=None).bits
        1.0
    """
    side = _side(x, "sample x", discrete)  # no argument is named discrete_x
    info: dict[str, Any] = {"n": side.n, "dim_x": side.dims}
    if not side.discrete:
        info |= {"measure": "differential entropy", "k": k}
        return Estimate(_of_numbers(side, k), info=info)
    info |= {"measure": "entropy", "labels": side.cardinality, "correction": correction}
    of_counts: Any = entropy_of_counts_nats  # which refuses names that it does not know
    nats = 0.0 if side.constant else of_counts(side.counts, correction)
    most = math.log(side.n)
    raised = dict([flags.ceiling(nats, most, side.n)]) if flags.is_near(nats, most) else {}
    return Estimate(nats, raised, info, most)


def _side(x: Any, name: str, discrete: bool | None) -> Variable:
    """One side, checked and laid out."""
    side = as_side(x, name, discrete)
    return as_variable(side.values, name, side.discrete)


def _of_numbers(x: Variable, k: int) -> float:
    """h(X) of columns on one scale, and what the scale adds."""
    columns = x.float64
    flat = np.flatnonzero(x.low == x.high)
    if len(flat):
        raise InputError(
            f"column {flat[0]} of x is constant, so the differential entropy is minus infinity: "
            "leave it out, or give labels (discrete=True)"
        )
    widths = x.high / 2 - x.low / 2  # halves, since a difference may overflow
    columns = (columns / 2 - x.low[:, np.newaxis] / 2) / widths[:, np.newaxis]
    spread = columns.std(axis=1)
    columns = columns / spread[:, np.newaxis]
    if x.dims > 1 and np.linalg.eigvalsh(np.cov(columns))[0] < SINGULAR:
        raise InputError(
            "a column of x is a linear function of the others, so the differential entropy is "
            "minus infinity: leave it out"
        )
    logarithms = np.log(spread) + np.log(widths) + math.log(2)  # of what columns are divided by
    return knn_entropy_nats(columns.T, k) + float(logarithms.sum())


def conditional_entropy(
    x: Any,
    y: Any,
    estimator: EstimatorLike = DEFAULT,
    *,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
    correction: str | None = "grassberger",
    k: int = 3,
) -> Estimate:
    """H(X|Y) = H(X) - I(X;Y), or h(X|Y) for numbers: what is left of X when Y is known.

    Bias: that of the entropy, less that of the MI. H(X|Y) of labels may be slightly negative.

    Args:
        x: (n,) or (n, dx), as in `mibench.estimate`.
        y: (n,) or (n, dy).
        estimator: of I(X;Y), as in `mibench.estimate`.
        discrete_x: whether x holds labels. None: text, booleans and categories do.
        discrete_y: the same for y.
        correction: of H(X), as in `entropy`.
        k: of h(X), as in `entropy`.

    Raises:
        InputError: as `entropy` and `mibench.estimate`.

    References:
        Cover & Thomas 2006, Elements of Information Theory, ch. 2 and 8.

    Example:
        >>> day, weekend = ["sat", "sun", "mon", "tue"] * 5, [True, True, False, False] * 5
        >>> plain = "uniform:correction=none"
        >>> round(conditional_entropy(day, weekend, plain, correction=None).bits, 6)
        1.0
    """
    shared = estimate(x, y, estimator, discrete_x=discrete_x, discrete_y=discrete_y)
    h_x = entropy(x, discrete=discrete_x, correction=correction, k=k)
    return Estimate(
        h_x.nats - shared.nats,
        {**h_x.flags, **shared.flags},
        {
            "measure": "conditional entropy", "entropy_nats": h_x.nats, "mi_nats": shared.nats,
            **shared.info,
        },
    )  # fmt: skip


@dataclass(frozen=True)
class NormalizedMI:
    """The mutual information on a scale from 0 to 1.

    Attributes:
        value: the share, at most 1; slightly below 0 if the estimate is.
        normalization: which one.
        estimate: the MI itself.
    """

    value: float
    normalization: str
    estimate: Estimate

    def __float__(self) -> float:
        return self.value


def normalized_mi(
    x: Any,
    y: Any,
    estimator: EstimatorLike = DEFAULT,
    *,
    normalization: Normalization | None = None,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
) -> NormalizedMI:
    """The mutual information on a scale from 0 (independent) to 1.

    - "linfoot": sqrt(1 - exp(-2 I)), the informational coefficient of correlation, for any sides.
      For normal X and Y it is the size of their correlation.
    - "arithmetic", "geometric", "min", "max", "joint", "x", "y", for two sides of labels: I divided
      by the mean of H(X) and H(Y), their geometric mean, the smaller, the larger, H(X,Y), H(X), or
      H(Y). "y" is Theil's uncertainty coefficient: the share of Y that X tells. The entropies are
      plug-ins.

    Two sides of labels are adjusted for chance by default, so that independent labels have 0 on
    average. With "uniform:correction=none" the MI is the plug-in, and the result that of
    `normalized_mutual_info_score` in scikit-learn.

    Bias: that of the estimate of the MI.

    Args:
        x: (n,) or (n, dx), as in `mibench.estimate`.
        y: (n,) or (n, dy).
        estimator: of I(X;Y), as in `mibench.estimate`.
        normalization: one of the above. None: "arithmetic" for two sides of labels, else "linfoot".
        discrete_x: whether x holds labels. None: text, booleans and categories do.
        discrete_y: the same for y.

    Raises:
        InputError: as `mibench.estimate`, and for a normalization by entropies of numbers, which
            depend on units.

    References:
        Linfoot 1957, doi:10.1016/S0019-9958(57)90116-X.
        Vinh, Epps & Bailey 2010, https://jmlr.org/papers/v11/vinh10a.html.

    Example:
        >>> group = ["a", "b", "b", "c"] * 3
        >>> normalized_mi(group, group, "uniform", normalization="max").value
        1.0
    """
    mi = estimate(x, y, estimator, discrete_x=discrete_x, discrete_y=discrete_y)
    sides = _side(x, "x", discrete_x), _side(y, "y", discrete_y)
    labels = all(side.discrete for side in sides)
    name = normalization or ("arithmetic" if labels else "linfoot")
    if name == "linfoot":
        size = math.sqrt(-math.expm1(-2 * abs(mi.nats)))
        return NormalizedMI(math.copysign(size, mi.nats), name, mi)
    if name not in OF_ENTROPIES:
        raise InputError(unknown("normalization", str(name), ["linfoot", *OF_ENTROPIES]))
    if not labels:
        raise InputError(
            f"normalization={name!r} divides by entropies of labels, and the entropy of numbers "
            "depends on their units: use 'linfoot', or declare both sides labels"
        )
    whole = _whole(sides, name)
    return NormalizedMI(min(mi.nats / whole, 1.0) if whole > 0 else 0.0, name, mi)


def _whole(sides: tuple[Variable, Variable], name: str) -> float:
    """What the MI of two sides of labels is divided by."""
    h_x, h_y = (entropy_of_counts_nats(side.counts) for side in sides)
    if name == "joint":
        pairs = np.stack([side.symbols for side in sides])
        return entropy_of_counts_nats(np.unique(pairs, axis=1, return_counts=True)[1])
    return {
        "arithmetic": (h_x + h_y) / 2,
        "geometric": math.sqrt(h_x * h_y),
        "min": min(h_x, h_y),
        "max": max(h_x, h_y),
        "x": h_x,
        "y": h_y,
    }[name]
