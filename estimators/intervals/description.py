"""What an interval is learned from: what estimators say of the rows and of halves of them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from ..canonical import Canonical
from ..cca.row_order import data_order, labelled_data_order
from ..knn import KNN

Int = NDArray[np.int64]

MANY_NEIGHBOURS = 10
PAIRS = 3  # of canonical, whose MI are kept
COUNTED_FLAGS = (
    "ties", "not_detected", "unseen", "fine_structure", "more_pairs", "lower_bound", "left_over",
    "copied_rows", "sparse_labels", "few_samples",
)  # fmt: skip

Described = dict[str, float]


def describe(
    x: Variable, y: Variable, *, some: bool = False
) -> tuple[Described, Estimate, Estimate]:
    """Numbers that describe the data, and the estimates of canonical and of k-NN from all rows.

    They do not depend on the order of rows, columns and sides, nor on the names of labels, but for
    the noise that separates tied rows in k-NN. some: the rows are some of those of the data.
    """
    canonical, knn = Canonical(), KNN()
    estimate = _of_part if some else Estimator.estimate_variables
    whole, near = estimate(canonical, x, y), estimate(knn, x, y)
    wide = estimate(KNN(k=MANY_NEIGHBOURS), x, y) if x.n > MANY_NEIGHBOURS + 1 else near
    halves = _halves(x, y)
    half_whole, half_near = (
        [_of_part(estimator, *half).nats for half in halves] for estimator in (canonical, knn)
    )
    first, second = sorted((x, y), key=lambda side: (side.discrete, side.dims))
    pairs = [*whole.info.get("pairs_nats", ()), *[0.0] * PAIRS][:PAIRS]
    described: Described = {
        "n": x.n,
        "dims_low": min(x.dims, y.dims),
        "dims_high": max(x.dims, y.dims),
        "labels_first": first.cardinality,
        "labels_second": second.cardinality,
        "distinct_first": _distinct_share(first),
        "distinct_second": _distinct_share(second),
        "canonical": whole.nats,
        "canonical_halves": float(np.mean(half_whole)),
        "canonical_halves_differ": abs(half_whole[0] - half_whole[1]),
        "knn": near.nats,
        "knn_halves": float(np.mean(half_near)),
        "knn_halves_differ": abs(half_near[0] - half_near[1]),
        "knn_wide": wide.nats,
        "ceiling": min(_ceiling(whole), math.log(x.n)),
        "gaussian": _number(whole.info, "gaussian_nats"),
        "beyond_gaussian": _number(whole.info, "non_gaussian_nats"),
        "chance": _number(whole.info, "gaussian_chance_nats"),
        "not_normal": _number(whole.info, "not_normal_nats"),
        "unseen": _number(whole.info, "unseen_nats"),
        "left_over": _number(whole.info, "left_over_nats"),
        "pairs": _number(whole.info, "pairs"),
        "pairs_used": _number(whole.info, "pairs_used"),
        **{f"pair_{i}": float(nats) for i, nats in enumerate(pairs)},
        **{f"flag_{code}": float(code in whole.flags or code in near.flags)
           for code in COUNTED_FLAGS},
    }  # fmt: skip
    return described, whole, near


def _halves(x: Variable, y: Variable) -> tuple[tuple[Variable, Variable], ...]:
    """Two halves of the rows, chosen by what the rows hold and not by their order."""
    order = _order(x, y)
    return tuple((x.selected(rows), y.selected(rows)) for rows in (order[0::2], order[1::2]))


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


def _distinct_share(side: Variable) -> float:
    """The number of distinct values of the column that has the fewest, for each row."""
    if side.discrete:
        return side.cardinality / side.n
    return min(len(np.unique(column)) for column in side.columns) / side.n


def _ceiling(estimate: Estimate) -> float:
    return math.inf if estimate.ceiling_nats is None else estimate.ceiling_nats


def _number(info: Mapping[str, Any], key: str) -> float:
    return float(info.get(key, 0.0))
