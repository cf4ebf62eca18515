"""The estimates of one pair of sides as rows, for files and for csv and json on standard output."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..contract.resolve import ResolvedEstimator
from ..types import Estimate

Result = tuple[str, Estimate | str, float]  # spec, estimate or error, seconds


@dataclass(frozen=True)
class Sides:
    """What was estimated from: the names of the columns of both sides, and the number of rows."""

    x: list[str]
    y: list[str]
    rows: int
    discrete_x: bool
    discrete_y: bool


def as_document(
    results: Sequence[Result], resolved: Sequence[ResolvedEstimator], sides: Sides, units: str
) -> dict[str, Any]:
    """All that is known, for JSON: the columns, n, and for each estimator one entry."""
    versions = {estimator.spec: estimator.version for estimator in resolved}
    return {
        "x": sides.x,
        "y": sides.y,
        "discrete_x": sides.discrete_x,
        "discrete_y": sides.discrete_y,
        "n": sides.rows,
        "estimates": [
            {
                "estimator": spec,
                units: None if isinstance(estimate, str) else getattr(estimate, units),
                f"ceiling_{units}": _ceiling(estimate, units),
                "p_value": None if isinstance(estimate, str) else estimate.p_value,
                "seconds": seconds,
                "flags": {} if isinstance(estimate, str) else dict(estimate.flags),
                "info": {} if isinstance(estimate, str) else dict(estimate.info),
                "error": estimate if isinstance(estimate, str) else "",
                "version": versions.get(spec, ""),
            }
            for spec, estimate, seconds in results
        ],
    }


def as_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """One flat row per estimator; flags are codes, joined by ";"."""
    common = {
        "x": ",".join(document["x"]),
        "y": ",".join(document["y"]),
        "n": document["n"],
    }
    return [
        {**common, **{k: v for k, v in row.items() if k != "info"}, "flags": ";".join(row["flags"])}
        for row in document["estimates"]
    ]


def _ceiling(estimate: Estimate | str, units: str) -> float | None:
    if isinstance(estimate, str) or estimate.ceiling_nats is None:
        return None
    ceiling = Estimate(estimate.ceiling_nats)
    return ceiling.bits if units == "bits" else ceiling.nats
