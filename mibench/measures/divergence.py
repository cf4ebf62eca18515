"""The Kullback-Leibler divergence of two samples."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import flags
from ..contract.sides import as_side
from ..contract.variables import Variable, as_variable
from ..errors import InputError
from ..types import Estimate

Float = NDArray[np.float64]

# Rows of x beyond all rows of y, from which the divergence is flagged: a share, and a number.
MOST_OUTSIDE, FEWEST_OUTSIDE = 0.01, 5
MOST_COPIES = 0.02  # of the rows, which are those of others of the same sample; more are flagged


def kl_divergence(x: Any, y: Any, *, discrete: bool | None = None, k: int = 5) -> Estimate:
    """D(P||Q) of the distributions of two samples, of x (n rows) and of y (m rows).

    Numbers: from the distances rho to the k-th neighbour among the other rows of x, and nu to the
    k-th among those of y, in the maximum metric (Wang, Kulkarni & Verdu 2009):

        D = (d / n) sum_i log(nu_i / rho_i) + log(m / (n - 1))

    Labels: the plug-in sum p log(p / q), less its bias to first order, (K - 1) / 2n + (sum p / q -
    1) / 2m, with K labels in x.

    The rows of x and y do not belong together, and there may be different numbers of them. All
    columns are divided by the standard deviations of both samples together, which D does not
    depend on.

    Bias: near 0 for similar distributions. Downwards for a large D, since hardly any row of y lies
    where x is: by about 10% in one column and 30% in five at log(m) / 4 nats, from where the flag
    `far_apart` is raised, and by 40% at log m.

    Args:
        x: (n,) or (n, d), as the x of `mibench.estimate`.
        y: (m,) or (m, d), as many columns as x.
        discrete: whether both hold labels. None: text, booleans and categories do.
        k: for numbers: how many neighbours.

    Raises:
        InputError: for bad data; for numbers of which some occur more than k times; for labels of x
            that y lacks, with which D is infinite.

    References:
        Wang, Kulkarni & Verdu 2009, doi:10.1109/TIT.2009.2016060.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=2000), rng.normal(1, 1, size=3000)
        >>> bool(abs(kl_divergence(x, y).nats - 0.5) < 0.1)
        True
    """
    a, b = as_side(x, "sample x", discrete), as_side(y, "sample y", discrete)
    if a.discrete != b.discrete:
        raise InputError("x and y are of different kinds: give numbers in both, or labels in both")
    if len(a.titles) > 1 and a.titles != b.titles and b.titles:
        raise InputError(
            f"x has the columns {', '.join(map(str, a.titles))} and y has "
            f"{', '.join(map(str, b.titles))}: give the same ones in the same order"
        )
    if a.discrete:
        return _of_labels(a.values, b.values)
    return _of_numbers(
        as_variable(a.values, "sample x", False), as_variable(b.values, "sample y", False), k
    )


def _of_numbers(x: Variable, y: Variable, k: int) -> Estimate:
    if x.dims != y.dims:
        raise InputError(f"x has {x.dims} column(s) and y has {y.dims}: give the same columns")
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k is {k!r}: give a whole number from 1 on")
    if min(x.n - 1, y.n) < k:
        raise InputError(f"k={k} needs more rows than {x.n} of x and {y.n} of y: lower k")
    both = np.concatenate([x.float64, y.float64], axis=1)
    both /= np.maximum(np.abs(both).max(axis=1, keepdims=True), np.finfo(float).tiny)
    spread = both.std(axis=1, keepdims=True)
    rows = np.ascontiguousarray((both / np.where(spread > 0, spread, 1.0)).T)
    of_x, of_y = rows[: x.n], rows[x.n :]
    copies = 0
    for name, part in (("x", of_x), ("y", of_y)):
        counts = np.unique(part, axis=0, return_counts=True)[1]
        copies += int(counts[counts > 1].sum())
        if int(counts.max()) > k:
            raise InputError(
                f"some rows of {name} occur more than {k} times, where its density is infinite: "
                "give a larger k, or declare labels with discrete=True"
            )
    distances_to_x = _distances(of_x, of_x, k + 1)
    other = _distances(of_y, of_x, k)
    if not (other > 0).all():
        raise InputError(
            f"some rows of x occur {k} times in y, where the density of y is infinite: give a "
            "larger k, or declare labels with discrete=True"
        )
    nats = float(x.dims * np.mean(np.log(other / distances_to_x)) + math.log(y.n / (x.n - 1)))
    info = {"measure": "Kullback-Leibler divergence", "k": k, "n": x.n, "m": y.n, "dims": x.dims}
    # Rows of x that are farther from y than any row of y is: there, the density of y is unknown.
    outside = float(np.mean(other > _distances(of_y, of_y, k + 1).max()))
    raised: dict[str, str] = {}
    if nats > math.log(y.n) / 4:
        raised.update([flags.far_apart(nats, y.n)])
    elif outside > MOST_OUTSIDE and outside * x.n > FEWEST_OUTSIDE:
        raised.update([flags.outside(nats, outside)])
    if copies > MOST_COPIES * (x.n + y.n):
        raised.update([flags.repeated_rows(copies, x.n + y.n)])
    if math.log2(min(x.n, y.n) / k) < x.dims:
        raised.update([flags.few_samples(min(x.n, y.n), x.dims)])
    return Estimate(nats, raised, info)


def _distances(among: Float, rows: Float, k: int) -> Float:
    """The distance of each row to the k-th nearest one among others (or itself, as the first)."""
    from scipy.spatial import cKDTree

    neighbours: Any = cKDTree(among).query(rows, [k], p=np.inf)
    return np.asarray(neighbours[0][:, 0])


def _of_labels(x: Any, y: Any) -> Estimate:
    both = as_variable(np.concatenate([np.asarray(x), np.asarray(y)]), "x and y", True)
    n = len(np.asarray(x))
    m = both.n - n
    of_x, of_y = (
        np.bincount(part, minlength=both.cardinality)
        for part in (both.symbols[:n], both.symbols[n:])
    )
    lacking = np.flatnonzero((of_x > 0) & (of_y == 0))
    if len(lacking):
        row = int(np.flatnonzero(both.symbols[:n] == lacking[0])[0])
        raise InputError(
            f"y lacks {len(lacking)} label(s) of x, such as {np.asarray(x)[row]}, with which the "
            "divergence is infinite: merge rare labels, or add rows to y"
        )
    p, q = of_x[of_x > 0] / n, of_y[of_x > 0] / m
    bias = (len(p) - 1) / (2 * n) + (float((p / q).sum()) - 1) / (2 * m)
    nats = float((p * np.log(p / q)).sum())
    info = {"measure": "Kullback-Leibler divergence", "labels": len(p), "n": n, "m": m,
            "plug_in_nats": nats}  # fmt: skip
    raised = dict([flags.far_apart(nats, m)]) if nats > math.log(m) / 4 else {}
    return Estimate(nats - bias, raised, info)
