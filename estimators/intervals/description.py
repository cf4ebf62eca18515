"""What an interval is learned from: what estimators say of the rows and of parts of them."""

import numpy as np
from numpy.typing import NDArray

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from ..canonical import WithAllFlags
from ..cca.risk import FLAGS_OF_CANONICAL, numbers_of_canonical
from ..cca.row_order import data_order, labelled_data_order
from ..independence.correlations import estimates_by_correlations
from ..knn import KNN
from .entropy_bound import most_nats
from .local_dimension import local_dimension

Int = NDArray[np.int64]

MANY_NEIGHBOURS, MOST_NEIGHBOURS = 10, 30
ROWS_OF_DIMENSION = 1000  # at most so many are looked at for the local dimension
COUNTED_FLAGS = (*FLAGS_OF_CANONICAL, "copied_rows", "sparse_labels", "few_samples")

Described = dict[str, float]


def describe(
    x: Variable, y: Variable, *, some: bool = False
) -> tuple[Described, Estimate, Estimate]:
    """Numbers that describe the data, and the estimates of canonical and of k-NN from all rows.

    They do not depend on the order of rows, columns and sides, nor on the names of labels, but for
    the noise that separates tied rows in k-NN. some: the rows are some of those of the data.
    """
    canonical, knn = WithAllFlags(), KNN()
    estimate = _of_part if some else Estimator.estimate_variables
    whole, near = estimate(canonical, x, y), estimate(knn, x, y)
    wide, widest = (
        estimate(KNN(k=k), x, y) if x.n > k + 1 else near
        for k in (MANY_NEIGHBOURS, MOST_NEIGHBOURS)
    )
    order = _order(x, y)
    halves, quarters = (_parts(x, y, order, count) for count in (2, 4))
    half_whole, half_near = (
        [_of_part(estimator, *half).nats for half in halves] for estimator in (canonical, knn)
    )
    described: Described = {
        **numbers_of_canonical(whole, x, y),
        "most_nats": most_nats(x, y),
        "canonical_halves": float(np.mean(half_whole)),
        "canonical_halves_differ": abs(half_whole[0] - half_whole[1]),
        "knn": near.nats,
        "knn_halves": float(np.mean(half_near)),
        "knn_halves_differ": abs(half_near[0] - half_near[1]),
        "knn_wide": wide.nats,
        "knn_widest": widest.nats,
        "knn_quarters": float(np.mean([_of_part(knn, *part).nats for part in quarters])),
        **_by_correlations(x, y),
        **_local_dimensions(x, y, order),
        **{f"flag_{code}": float(code in whole.flags or code in near.flags)
           for code in COUNTED_FLAGS},
    }  # fmt: skip
    return described, whole, near


def _parts(x: Variable, y: Variable, order: Int, count: int) -> list[tuple[Variable, Variable]]:
    """Parts of the rows, chosen by what the rows hold and not by their order."""
    parts = [order[start::count] for start in range(count)]
    return [(x.selected(rows), y.selected(rows)) for rows in parts]


def _by_correlations(x: Variable, y: Variable) -> dict[str, float]:
    """What canonical correlations say, beyond what they say of independent sides."""
    straight = curved = (0.0, 0.0)
    if not (x.discrete and y.discrete):
        excesses = [
            (float(nats[0]) - deviation**2 * x.n, deviation)
            for nats, deviation in estimates_by_correlations(x, y, [np.arange(x.n)])
        ]
        straight, curved = [*excesses, straight, curved][:2]
    return {
        "straight": straight[0],
        "curved": curved[0],
        "straight_z": straight[0] / straight[1] if straight[1] else 0.0,
        "curved_z": curved[0] / curved[1] if curved[1] else 0.0,
    }


def _local_dimensions(x: Variable, y: Variable, order: Int) -> dict[str, float]:
    """The local dimensions of the sides of numbers, and of both together; 0 of labels."""
    rows = order[np.arange(min(x.n, ROWS_OF_DIMENSION)) * x.n // min(x.n, ROWS_OF_DIMENSION)]
    sides = [np.empty((x.n, 0)) if side.discrete else _varying(side).T[rows] for side in (x, y)]
    low, high = sorted(local_dimension(side) for side in sides)
    both = 0.0 if x.discrete or y.discrete else local_dimension(np.hstack(sides))
    return {"local_low": low, "local_high": high, "local_both": both}


def some_rows(x: Variable, y: Variable, most: int) -> tuple[Variable, Variable]:
    """Both sides with at most so many rows, chosen by what the rows hold and not by their order."""
    if x.n <= most:
        return x, y
    rows = _order(x, y)[np.arange(most) * x.n // most]
    return x.selected(rows), y.selected(rows)


def _order(x: Variable, y: Variable) -> Int:
    if x.discrete and y.discrete:
        # Rows of one pair of labels lie side by side, and so each half has half of them.
        pairs = x.symbols * y.cardinality + y.symbols
        counts = np.bincount(pairs)[pairs]
        sides = sorted((x.counts[x.symbols], y.counts[y.symbols]), key=lambda c: int((c**2).sum()))
        return np.lexsort((pairs, *sides, counts)).astype(np.int64)
    if x.discrete or y.discrete:
        labels, side = (x, y) if x.discrete else (y, x)
        return labelled_data_order(_varying(side), labels.symbols).rows
    return data_order(_varying(x), _varying(y)).rows


def _varying(side: Variable) -> NDArray[np.float64]:
    return side.float64[side.low < side.high]


def _of_part(estimator: Estimator, x: Variable, y: Variable) -> Estimate:
    """The estimate from some rows of the data; 0 if too few of a label are left for any."""
    try:
        return estimator.estimate_variables(x, y)
    except InputError:  # labels that occur once in these rows, and more often in all
        return Estimate(0.0, dict([flags.not_detected()]))
