"""The estimates of one pair of sides as rows, for files and for csv and json on standard output."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.resolve import ResolvedEstimator
from ..errors import message_of
from ..foreign import contained
from ..types import Estimate, Sample
from .console import say
from .show import prepare_figures

if TYPE_CHECKING:
    from numpy.typing import NDArray

Result = tuple[str, Estimate | str, float]  # spec, estimate or error, seconds


@dataclass(frozen=True)
class Sides:
    """What was estimated from: the names of the columns of both sides, and the number of rows.

    notes: what the user was told of how the file was read, and of rows that were left out.
    given: the names of the columns of Z.
    """

    x: list[str]
    y: list[str]
    rows: int
    discrete_x: bool
    discrete_y: bool
    notes: Sequence[str] = ()
    given: Sequence[str] = ()


def as_document(
    results: Sequence[Result], resolved: Sequence[ResolvedEstimator], sides: Sides, units: str
) -> dict[str, Any]:
    """All that is known, for JSON: the columns, n, and for each estimator one entry."""
    versions = {estimator.spec: estimator.version for estimator in resolved}
    return {
        "x": sides.x,
        "y": sides.y,
        "given": list(sides.given),
        "discrete_x": sides.discrete_x,
        "discrete_y": sides.discrete_y,
        "n": sides.rows,
        "notes": list(sides.notes),
        "estimates": [
            {
                "estimator": spec,
                units: None if isinstance(estimate, str) else getattr(estimate, units),
                f"ceiling_{units}": _ceiling(estimate, units),
                f"interval_{units}": _interval(estimate, units),
                "interval_info": {} if isinstance(estimate, str) else dict(estimate.interval_info),
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
        **({"given": ",".join(document["given"])} if document["given"] else {}),
        "n": document["n"],
    }
    return [
        {**common, **_flat(row), "flags": ";".join(row["flags"])} for row in document["estimates"]
    ]


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """The entry of an estimator without what does not fit a cell; the interval as two numbers."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name.startswith("interval_") and name != "interval_info":
            low, high = value or (None, None)
            flat[f"{name}_low"], flat[f"{name}_high"] = low, high
        elif name not in ("info", "interval_info"):
            flat[name] = value
    return flat


def draw_sides(
    estimators: Sequence[ResolvedEstimator],
    sample: Sample,
    sides: Sides,
    title: str,
    plot: Path,
) -> None:
    """Draw the data, and the pairs of functions of each estimator that has a method `fit`."""
    prepare_figures()
    from ..output.figures import save
    from ..output.files import whole_file
    from ..output.scatter import data_panels, figure_of, pair_panels

    x, y = sample
    names = (_names_of_columns(n, v) for n, v in ((sides.x, x), (sides.y, y)))
    panels = data_panels(x, y, *names)
    for resolved in estimators:
        fit: Callable[..., Any] | None = getattr(resolved.estimator, "fit", None)
        if fit is None or (sides.discrete_x and sides.discrete_y):
            continue
        try:
            with contained():
                fitted = fit(x, y, discrete_x=sides.discrete_x, discrete_y=sides.discrete_y)
                panels += pair_panels(resolved.spec, fitted.scores_x(x), fitted.scores_y(y))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # of a plug-in; the estimate is shown all the same
            say(f"the pairs of {resolved.spec} are not drawn: {message_of(error)}")
    with whole_file(plot) as part:
        save(figure_of(panels, title), part)
    say(f"wrote the figure to {plot}")


def _names_of_columns(names: list[str], values: "NDArray[Any]") -> list[str]:
    """A name for each column: an array of a .npz file has one name for all of its columns."""
    if len(names) == values.shape[1]:
        return names
    return [f"{', '.join(names)} {i + 1}" for i in range(values.shape[1])]


def _interval(estimate: Estimate | str, units: str) -> list[float | None] | None:
    """The ends of the interval; None for an end that nothing bounds, since JSON has no infinity."""
    if isinstance(estimate, str) or estimate.interval is None:
        return None
    ends = estimate.interval_bits if units == "bits" else estimate.interval
    return [end if isfinite(end) else None for end in ends or ()]


def _ceiling(estimate: Estimate | str, units: str) -> float | None:
    if isinstance(estimate, str) or estimate.ceiling_nats is None:
        return None
    ceiling = Estimate(estimate.ceiling_nats)
    return ceiling.bits if units == "bits" else ceiling.nats
