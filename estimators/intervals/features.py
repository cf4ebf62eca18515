"""The features of an interval model: numbers on scales that trees can split."""

import math
from collections.abc import Mapping

from ..cca.risk import sizes_and_parts
from .description import COUNTED_FLAGS

# Features whose range on the training data says whether data are like them, and how far beyond it
# data still count as alike. The others follow. Twice as many rows change errors little.
RANGED = {
    "log_n": math.log(2), "log_dims_low": 0.0, "log_dims_high": 0.0, "canonical": 0.0, "knn": 0.0,
}  # fmt: skip


def features_of(described: Mapping[str, float]) -> dict[str, float]:
    """The features by name, of what `description.describe` returns."""
    d = described
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
        **sizes_and_parts(d),
        "straight_beyond_canonical": d["straight"] - d["canonical"],
        "curved_beyond_canonical": d["curved"] - d["canonical"],
        "log_straight_z": _log_of_both_signs(d["straight_z"]),
        "log_curved_z": _log_of_both_signs(d["curved_z"]),
        "local_low": d["local_low"],
        "local_high": d["local_high"],
        "local_both": d["local_both"],
        "local_shared": d["local_low"] + d["local_high"] - d["local_both"],
        **{f"flag_{code}": d[f"flag_{code}"] for code in COUNTED_FLAGS},
    }


def _log_of_both_signs(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)


def scale_of(described: Mapping[str, float]) -> float:
    """The unit of errors in nats, which grows with the MI and falls with the number of rows."""
    size = max(described["canonical"], described["knn"], 0.0)
    return 0.03 + 0.5 / math.sqrt(described["n"]) + 0.25 * size
