"""I(X;Y|Z) where Z holds labels: the estimates within each of its values, weighted by their rows.

    I(X;Y|Z) = sum over z of n_z / n * I(X;Y | Z = z)

This is exact, for any estimator of I(X;Y).
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..types import Estimate
from . import flags
from .conditions import Conditions
from .variables import Variable

Within = Callable[[Variable, Variable, Variable | None], Estimate]

LEAST_SHARE = 0.1  # of the rows, in values of Z that raise a flag: with fewer it is not shown
# Flags that say something of one value of Z and nothing of the whole.
OF_ONE_VALUE = ("constant", "negative", "not_detected", "ceiling")


def estimate_in_strata(within: Within, x: Variable, y: Variable, z: Conditions) -> Estimate:
    """I(X;Y|Z), where `within(x, y, numbers of z)` estimates among rows of one label of Z.

    Rows of a label that is too rare for the estimator count as 0, and the estimate is flagged.

    Raises:
        InputError: if there is an estimate for no label. It says what the estimator wants.
    """
    if z.labels is None:
        return within(x, y, z.numbers)
    made: list[tuple[int, Estimate]] = []
    too_rare, same = 0, 0  # rows; and those without variation
    most, why = 0, ""  # rows of the most frequent label that failed, and what the estimator says
    for rows in _rows_by_label(z.labels):
        part_x, part_y = x.selected(rows), y.selected(rows)
        if len(rows) == 1:
            too_rare += 1
        elif part_x.constant or part_y.constant:
            same += len(rows)
        else:
            try:
                made.append((len(rows), within(part_x, part_y, z.selected(rows).numbers)))
            except InputError as error:
                too_rare += len(rows)
                if len(rows) > most:
                    most, why = len(rows), str(error)
    if not made and not same:
        said = f"of the {most} rows of the most frequent one, {why}" if why else "each occurs once"
        raise InputError(
            f"z: there is no estimate for any of its {z.labels.cardinality} labels: {said}. If "
            "labels are too rare, give z fewer of them, or numbers as numbers"
        )
    return _weighted(made, z, same, too_rare)


def local_in_strata(
    local: Callable[[Variable, Variable, Variable | None], NDArray[np.float64]],
    x: Variable,
    y: Variable,
    z: Conditions,
) -> NDArray[np.float64]:
    """The estimate of each row, (n,): that among the rows of its label; 0 if it is too rare."""
    if z.labels is None:
        return local(x, y, z.numbers)
    values = np.zeros(z.n)
    for rows in _rows_by_label(z.labels):
        part_x, part_y = x.selected(rows), y.selected(rows)
        if not (part_x.constant or part_y.constant):
            with suppress(InputError):
                values[rows] = local(part_x, part_y, z.selected(rows).numbers)
    return values


def permuted_in_strata(
    permuted: Callable[[Variable, Variable, list[NDArray[np.int64]]], list[float]],
    x: Variable,
    y: Variable,
    labels: Variable,
    orders: Sequence[NDArray[np.int64]],
) -> list[float]:
    """I(X;Y|Z) in nats for each order of the rows of Y, each of which permutes the rows of a label.

    `permuted` is an `Estimator.estimate_permuted`, which gets the rows of one label at a time.
    """
    totals = np.zeros(len(orders))
    place = np.empty(x.n, np.int64)  # of a row among those of its label
    for rows in _rows_by_label(labels):
        part_x, part_y = x.selected(rows), y.selected(rows)
        if len(rows) == 1 or part_x.constant or part_y.constant:
            continue
        place[rows] = np.arange(len(rows))
        with suppress(InputError):  # too few rows
            nats = permuted(part_x, part_y, [place[order[rows]] for order in orders])
            totals += len(rows) * np.array(nats)
    return [float(total) for total in totals / x.n]


def _rows_by_label(labels: Variable) -> list[NDArray[np.int64]]:
    by_label = np.argsort(labels.symbols, kind="stable")
    return np.split(by_label, np.cumsum(labels.counts)[:-1])


def _weighted(
    made: list[tuple[int, Estimate]], z: Conditions, same: int, too_rare: int
) -> Estimate:
    n = z.n
    labels = z.labels.cardinality if z.labels is not None else 1
    info: dict[str, Any] = {"labels_of_z": labels, "rows_of_too_rare_labels": too_rare}
    if made:
        info = {
            "method": f"{made[0][1].info.get('method', 'estimate')}, for each label of z",
            **info,
        }
    raised: dict[str, str] = {}
    for code in dict.fromkeys(code for _, estimate in made for code in estimate.flags):
        with_flag = [(rows, of_label) for rows, of_label in made if code in of_label.flags]
        share = sum(rows for rows, _ in with_flag) / n
        if code not in OF_ONE_VALUE and share >= LEAST_SHARE:
            rows, largest = max(with_flag, key=lambda pair: pair[0])
            raised[code] = f"Among the {rows} rows of a label of Z: {largest.flags[code]}"
    if made and all("not_detected" in of_label.flags for _, of_label in made):
        raised["not_detected"] = made[0][1].flags["not_detected"]
    if too_rare:
        raised.update([flags.rare_conditions(too_rare, n)])
    if same == n:
        raised.update([flags.determined()])
    nats = sum(rows * of_label.nats for rows, of_label in made) / n
    ceilings = [(rows, _ceiling(rows, of_label)) for rows, of_label in made]
    ceiling = sum(rows * value for rows, value in ceilings) / n
    return replace(Estimate(nats), flags=raised, info=info, ceiling_nats=ceiling)


def _ceiling(rows: int, estimate: Estimate) -> float:
    return float(np.log(rows)) if estimate.ceiling_nats is None else estimate.ceiling_nats
