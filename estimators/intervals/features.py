"""The features of an interval model: numbers on scales that trees can split."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .description import COUNTED_FLAGS

Float = NDArray[np.float64]

MOST_NATS = 20.0  # larger ones say no more

# Features whose range on the training data says whether data are like them, and how far beyond it
# data still count as alike. The others follow. Twice as many rows change errors little.
RANGED = {
    "log_n": math.log(2), "log_dims_low": 0.0, "log_dims_high": 0.0, "canonical": 0.0, "knn": 0.0,
}  # fmt: skip


def features_of(described: Mapping[str, float]) -> dict[str, float]:
    """The features by name, of what `description.describe` returns."""
    d = described
    log_n, dims = math.log(d["n"]), d["dims_low"] + d["dims_high"]
    return {
        "canonical": d["canonical"],
        "knn": d["knn"],
        "knn_wide": d["knn_wide"],
        "canonical_beyond_halves": d["canonical"] - d["canonical_halves"],
        "knn_beyond_halves": d["knn"] - d["knn_halves"],
        "knn_beyond_wide": d["knn"] - d["knn_wide"],
        "canonical_beyond_knn": d["canonical"] - d["knn"],
        "knn_beyond_widest": d["knn"] - d["knn_widest"],
        "knn_halves_beyond_quarters": d["knn_halves"] - d["knn_quarters"],
        "canonical_halves_differ": d["canonical_halves_differ"],
        "knn_halves_differ": d["knn_halves_differ"],
        "log_n": log_n,
        "log_dims": math.log(dims),
        "log_dims_low": math.log(d["dims_low"]),
        "log_dims_high": math.log(d["dims_high"]),
        "below_ceiling": min(d["ceiling"], MOST_NATS) - d["canonical"],
        "below_log_n": log_n - d["canonical"],
        **{
            name: d[name]
            for name in (
                "gaussian", "beyond_gaussian", "not_normal", "unseen", "left_over",
                "pairs", "pairs_used", "pair_0", "pair_1", "pair_2",
            )
        },
        "chance": min(d["chance"], MOST_NATS),  # infinite with fewer rows than columns
        "log_labels_first": math.log1p(d["labels_first"]),
        "log_labels_second": math.log1p(d["labels_second"]),
        "distinct_first": d["distinct_first"],
        "distinct_second": d["distinct_second"],
        "dims_per_row": dims / d["n"],
        "straight_beyond_canonical": d["straight"] - d["canonical"],
        "curved_beyond_canonical": d["curved"] - d["canonical"],
        "log_straight_z": _log_of_both_signs(d["straight_z"]),
        "log_curved_z": _log_of_both_signs(d["curved_z"]),
        "local_low": d["local_low"],
        "local_high": d["local_high"],
        "local_both": d["local_both"],
        "local_shared": d["local_low"] + d["local_high"] - d["local_both"],
        **{f"flag_{code}": d[f"flag_{code}"] for code in COUNTED_FLAGS},
    }  # fmt: skip


def _log_of_both_signs(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)


def scale_of(described: Mapping[str, float]) -> float:
    """The unit of errors in nats, which grows with the MI and falls with the number of rows."""
    size = max(described["canonical"], described["knn"], 0.0)
    return 0.03 + 0.5 / math.sqrt(described["n"]) + 0.25 * size


def as_array(features: Mapping[str, float]) -> Float:
    """The features in their order, (features,)."""
    return np.array(list(features.values()), dtype=np.float64)
