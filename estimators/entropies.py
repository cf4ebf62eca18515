"""Differential entropies of continuous columns, in nats, as functions of their own."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln

from mibench.contract.variables import as_variable
from mibench.errors import InputError

from .neighbours.cautions import NEIGHBOURS_PER_DIMENSION
from .neighbours.ellipsoids import ellipsoid_entropy_nats
from .neighbours.search import nearest

Float = NDArray[np.float64]


def knn_entropy_nats(x: ArrayLike, k: int = 3) -> float:
    """The differential entropy h(X) by k nearest neighbours in the maximum metric, in nats.

        h = psi(n) - psi(k) + d log 2 + (d / n) sum_i log e_i

    psi is the digamma function, and e_i the distance from row i to its k-th neighbour.

    Bias: none where the density is constant around each row; else mostly upwards, the more the more
    dimensions there are. Values are taken in the units that they have, and h depends on these.

    Args:
        x: (n,) or (n, d), finite numbers; no row has k copies.
        k: the number of neighbours, less than n.

    Returns:
        h in nats; it may be negative.

    Raises:
        InputError: for too few rows, and for rows with k copies, whose entropy is minus infinity.

    References:
        Kraskov, Stoegbauer & Grassberger 2004, doi:10.1103/PhysRevE.69.066138, eq. 20.
        Singh, Misra, Hnizdo, Fedorowicz & Demchuk 2003, doi:10.1080/01966324.2003.10737616.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=2000)
        >>> bool(abs(knn_entropy_nats(x) - 0.5 * np.log(2 * np.pi * np.e)) < 0.1)
        True
    """
    columns = _columns(x, k)
    dims, n = columns.shape
    radius = _positive(nearest(columns, k, dims, "auto").radius, k)
    mean = float(np.sort(np.log(radius)).mean())
    return float(digamma(n) - digamma(k) + dims * (math.log(2) + mean))


def kozachenko_leonenko_nats(x: ArrayLike) -> float:
    """The differential entropy h(X) of Kozachenko & Leonenko 1987, in nats.

        h = log(n - 1) + gamma + log V_d + (d / n) sum_i log e_i

    gamma is Euler's constant, V_d the volume of the unit ball, and e_i the Euclidean distance from
    row i to its nearest neighbour.

    Bias: as that of `knn_entropy_nats`; it varies more, since it uses one neighbour.

    Args:
        x: (n,) or (n, d), finite numbers; no row has a copy.

    Returns:
        h in nats; it may be negative.

    Raises:
        InputError: for rows that are copies of others, whose entropy is minus infinity.

    References:
        Kozachenko & Leonenko 1987, Problems of Information Transmission 23 (2), 95-101.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).random(2000)
        >>> abs(kozachenko_leonenko_nats(x)) < 0.1  # uniform on [0, 1]: 0
        True
    """
    from scipy.spatial import cKDTree

    columns = _columns(x, 1)
    dims, n = columns.shape
    rows = np.ascontiguousarray(columns.T)
    neighbours: Any = cKDTree(rows).query(rows, 2)
    distances = _positive(neighbours[0][:, 1], 1)
    unit_ball = dims / 2 * math.log(math.pi) - float(gammaln(1 + dims / 2))
    mean = float(np.sort(np.log(distances)).mean())
    return float(math.log(n - 1) + np.euler_gamma + unit_ball + dims * mean)


def geometric_entropy_nats(x: ArrayLike, k: int = 20) -> float:
    """The differential entropy h(X) from ellipsoids shaped like each neighbourhood, in nats.

    `Geometric` has the formula and its bias: less upwards than `knn_entropy_nats` for rows close to
    a curve or surface.

    Args:
        x: (n,) or (n, d), finite numbers; no row has k copies.
        k: the number of neighbours, at least 3 d, and less than n.

    Returns:
        h in nats; it may be negative.

    Raises:
        InputError: for too few rows or neighbours, and for rows with k copies.

    References:
        Lord, Sun & Bollt 2018, doi:10.1063/1.5011683.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=2000)
        >>> bool(abs(geometric_entropy_nats(x) - 0.5 * np.log(2 * np.pi * np.e)) < 0.1)
        True
    """
    columns = _columns(x, k)
    dims = len(columns)
    if k < NEIGHBOURS_PER_DIMENSION * dims:
        raise InputError(
            f"k={k} neighbours do not show a shape in {dims} dimensions: give "
            f"k={NEIGHBOURS_PER_DIMENSION * dims} or more"
        )
    _positive(nearest(columns, k, dims, "auto").radius, k)
    return ellipsoid_entropy_nats(columns, k)


def _columns(x: ArrayLike, k: int) -> Float:
    """The columns (d, n) of x, checked."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"k={k!r} is no number of neighbours: give a whole number of at least 1")
    side: Any = as_variable(x, "x", discrete=False)
    if side.n <= k:
        raise InputError(f"x has {side.n} rows: k={k} neighbours need more, so lower k or add rows")
    return np.ascontiguousarray(side.float64)


def _positive(distances: Float, k: int) -> Float:
    if not distances.all():
        raise InputError(
            f"rows of x have {k} or more copies, so the differential entropy is minus infinity: "
            "remove the copies, raise k, or count the values as labels"
        )
    return distances
