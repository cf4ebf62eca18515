"""How often estimates of `canonical` are off on distributions that look like the data.

Boosted trees give this risk. They were learned from random tasks of the streams `train` and
`calibrate`; docs/intervals.md has the shares of right and wrong flags on the stream `judge`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contract import flags
from mibench.contract.variables import Variable
from mibench.types import Estimate

from ..shared.trees import Trees, as_array

FILE = "risk.npz"
OFF_NATS, OFF_SHARE = 0.1, 0.15  # an estimate that errs by more than both is off
MOST_NATS = 20.0  # larger ones say no more
PAIRS = 3  # whose MI are kept
# Flags that are features, by what raises them.
FLAGS_OF_CANONICAL = (
    "ties", "not_detected", "unseen", "fine_structure", "more_pairs", "lower_bound", "left_over",
)  # fmt: skip
# What says how the data were treated. On the stream `judge` it was raised for right estimates more
# often than for wrong ones, so it is left out where the risk is known.
NO_SIGNS = ("ties",)
# Features beyond whose range the risk is unknown. More rows than were learned from change little.
RANGED = {
    "log_n": math.inf, "log_dims_low": 0.0, "log_dims_high": 0.0, "canonical": 0.0,
}  # fmt: skip
MIN_ROWS = 60  # of the distributions that were learned from


@dataclass(frozen=True, eq=False)
class RiskModel(Trees):
    """The log odds that an estimate is off, and from which risk on it is flagged.

    Attributes:
        first: (1,) the log odds before any tree.
        root: (trees,) the first node of each tree.
        limit: (1,) the risk from which an estimate is flagged.
    """

    first: NDArray[np.float64]
    root: NDArray[np.int32]
    limit: NDArray[np.float64]

    def risk(self, numbers: Mapping[str, float]) -> float | None:
        """The share of such estimates that are off; None if the data are unlike all others.

        numbers: as from `numbers_of_canonical`.
        """
        features = features_of_canonical(numbers)
        if numbers["n"] < MIN_ROWS or self.beyond(features, RANGED):
            return None
        return share_of(float(self.first[0] + self.sums(self.root, as_array(features))))


def share_of(log_odds: float) -> float:
    """The probability with these log odds."""
    return 1 / (1 + math.exp(-log_odds))


@cache
def risk_model() -> RiskModel:
    """The model that mibench comes with."""
    with as_file(files(__package__) / FILE) as path:
        return RiskModel.read(path)


def judged(estimate: Estimate, x: Variable, y: Variable) -> Estimate:
    """The estimate of `canonical` with the risk that it is off, and the flags that fit it."""
    model = risk_model()
    risk = model.risk(numbers_of_canonical(estimate, x, y))
    ceiling = estimate.ceiling_nats
    at_ceiling = ceiling is not None and flags.is_near(estimate.nats, ceiling)
    if risk is None or at_ceiling:  # at its ceiling, the MI may be infinite
        return estimate
    raised = flags_at_risk(estimate.flags, risk, model)
    return replace(estimate, flags=raised, info={**estimate.info, "risk": round(risk, 3)})


def flags_at_risk(
    raised: Mapping[str, str], risk: float | None, model: RiskModel
) -> dict[str, str]:
    """The raised flags that tell something at this risk, and `likely_off` if it is high."""
    if risk is None:
        return dict(raised)
    kept = {code: text for code, text in raised.items() if code not in NO_SIGNS}
    if risk >= model.limit[0]:
        kept.update([flags.likely_off(risk, OFF_NATS, OFF_SHARE)])
    return kept


def numbers_of_canonical(estimate: Estimate, x: Variable, y: Variable) -> dict[str, float]:
    """Numbers that describe the data and what `canonical` says of them, with all of its flags.

    They do not depend on the order of rows, columns and sides, nor on the names of labels.
    """
    info = estimate.info
    (_, *of_first), (_, *of_second) = sorted(
        (side.discrete, _varying_dims(side), side.cardinality, _distinct_share(side))
        for side in (x, y)
    )
    dims_first, labels_first, distinct_first = of_first
    dims_second, labels_second, distinct_second = of_second
    pairs = [*info.get("pairs_nats", ()), *[0.0] * PAIRS][:PAIRS]
    ceiling = math.inf if estimate.ceiling_nats is None else estimate.ceiling_nats
    return {
        "n": x.n,
        "dims_low": min(dims_first, dims_second),
        "dims_high": max(dims_first, dims_second),
        "labels_first": labels_first,
        "labels_second": labels_second,
        "distinct_first": distinct_first,
        "distinct_second": distinct_second,
        "canonical": estimate.nats,
        "ceiling": min(ceiling, math.log(x.n)),
        "gaussian": _number(info, "gaussian_nats"),
        "beyond_gaussian": _number(info, "non_gaussian_nats"),
        "chance": _number(info, "gaussian_chance_nats"),
        "not_normal": _number(info, "not_normal_nats"),
        "unseen": _number(info, "unseen_nats"),
        "left_over": _number(info, "left_over_nats"),
        "pairs": _number(info, "pairs"),
        "pairs_used": _number(info, "pairs_used"),
        **{f"pair_{i}": float(nats) for i, nats in enumerate(pairs)},
        **{f"flag_{code}": float(code in estimate.flags) for code in FLAGS_OF_CANONICAL},
    }


def features_of_canonical(numbers: Mapping[str, float]) -> dict[str, float]:
    """The features of the risk: numbers on scales that trees can split."""
    return {
        "canonical": numbers["canonical"],
        **sizes_and_parts(numbers),
        **{f"flag_{code}": numbers[f"flag_{code}"] for code in FLAGS_OF_CANONICAL},
    }


def sizes_and_parts(numbers: Mapping[str, float]) -> dict[str, float]:
    """Features of the numbers of rows, columns and labels, and of the parts of an estimate."""
    log_n, dims = math.log(numbers["n"]), numbers["dims_low"] + numbers["dims_high"]
    return {
        "log_n": log_n,
        "log_dims": math.log(dims),
        "log_dims_low": math.log(numbers["dims_low"]),
        "log_dims_high": math.log(numbers["dims_high"]),
        "below_ceiling": min(numbers["ceiling"], MOST_NATS) - numbers["canonical"],
        "below_log_n": log_n - numbers["canonical"],
        **{
            name: numbers[name]
            for name in (
                "gaussian", "beyond_gaussian", "not_normal", "unseen", "left_over",
                "pairs", "pairs_used", "pair_0", "pair_1", "pair_2",
            )
        },
        "chance": min(numbers["chance"], MOST_NATS),  # infinite with fewer rows than columns
        "log_labels_first": math.log1p(numbers["labels_first"]),
        "log_labels_second": math.log1p(numbers["labels_second"]),
        "distinct_first": numbers["distinct_first"],
        "distinct_second": numbers["distinct_second"],
        "dims_per_row": dims / numbers["n"],
    }  # fmt: skip


def _varying_dims(side: Variable) -> int:
    """The number of columns that are not constant, at least 1."""
    return side.dims if side.discrete else max(int((side.low < side.high).sum()), 1)


def _distinct_share(side: Variable) -> float:
    """The distinct values of the varying column that has the fewest, as a share of the rows."""
    if side.discrete:
        return side.cardinality / side.n
    varying = side.columns[side.low < side.high]
    return min((len(np.unique(column)) for column in varying), default=1) / side.n


def _number(info: Mapping[str, Any], key: str) -> float:
    return float(info.get(key, 0.0))
