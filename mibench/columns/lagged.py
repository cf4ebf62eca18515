"""MI of two series by lag, and what the past of one tells of the other beyond that one's own past.

References:
    Transfer entropy: Schreiber 2000, doi:10.1103/PhysRevLett.85.461.
    Shifts as surrogates: Quian Quiroga et al. 2002, doi:10.1103/PhysRevE.65.041903.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..contract.base import Estimator
from ..contract.conditions import Conditions, conditions_of
from ..contract.frames import both_sides
from ..contract.resolve import resolved_estimator
from ..contract.sides import Side, as_side, gaps_of
from ..contract.variables import Variable, as_variable
from ..errors import InputError, message_of
from ..running.permutations import check_permutations, null_given_shifts, null_of_sides
from ..types import Estimate, EstimatorLike
from .pair_tests import q_values

if TYPE_CHECKING:
    import pandas as pd

DEFAULT = "knn"
FEWEST_ROWS = 10  # that a lag must leave


@dataclass(frozen=True)
class LagSettings:
    """How series are compared: the estimator, the columns of the past, permutations and seed."""

    estimator: Estimator
    past: int
    permutations: int | None
    seed: int


def lags(
    *data: Any,
    a: Any = None,
    b: Any = None,
    lags: Iterable[int] = range(25),
    past: int = 1,
    estimator: EstimatorLike | None = None,
    discrete_a: bool | None = None,
    discrete_b: bool | None = None,
    permutations: int | None = None,
    seed: int = 0,
    on_progress: Callable[[int, int, str], object] | None = None,
) -> "pd.DataFrame":
    """Estimate I(a[t - lag]; b[t]) for each lag, and the same given the past of b.

    Rows are equally spaced in time. Given b[t - 1], ..., b[t - past], and with a lag of 1 or more,
    the conditional MI is what a tells of b beyond b's own past: the transfer entropy from a to b.

    Call it as `lags(a, b)`, or with a table as `lags(table, a="rain", b="flow")`.

    Args:
        a: (n,) or (n, d), one row for each time. NaN where a value is missing.
        b: (n,) or (n, d), as a.
        data: a and b; or a table, with a and b as names of its columns.
        lags: whole numbers. With a negative lag, b comes before a.
        past: how many values of b are given, at least 1.
        estimator: one that takes numbers as given: "knn" (default), "auto", "canonical", ...
        discrete_a: whether a holds labels. None: text, booleans and categories do.
        discrete_b: the same for b.
        permutations: how many shifts in time of a to estimate from, for p-values: 199, for
            example. Shifts keep what is serial in both series.
        seed: of the choice of shifts.
        on_progress: called as on_progress(done, total, "lag 3").

    Returns:
        A row for each lag: `lag`, `rows` (times at which no value is missing), `nats` and `bits`;
        `given_past_nats` and `given_past_bits` (NaN for a lag of 0 or less); with permutations
        `p_value` and `given_past_p_value`, and `q_value` and `given_past_q_value`, which allow for
        the number of lags; `flags` and `error`. A lag that fails is a row with its error.

    Raises:
        InputError: for series of different lengths, if all lags leave fewer than 10 rows, and for
            bad settings.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> rain = rng.normal(size=500)
        >>> flow = np.roll(rain, 2) + 0.5 * rng.normal(size=500)
        >>> table = lags(rain, flow, lags=range(5))
        >>> int(table["lag"][table["nats"].idxmax()])
        2
    """
    import pandas as pd

    first, second, *more = both_sides(data, a, b)
    if more:
        raise InputError("three arguments: name the estimator, estimator=...")
    sides = as_side(first, "a", discrete_a), as_side(second, "b", discrete_b)
    chosen = check_lags(lags, *(len(side.values) for side in sides))
    settings = check_settings(estimator, past, permutations, seed)
    series = [_Series.of(side, name) for side, name in zip(sides, "ab", strict=True)]
    rows = []
    for place, lag in enumerate(chosen):
        if on_progress is not None:
            on_progress(place, len(chosen), f"lag {lag}")
        rows.append(_row(series[0], series[1], lag, settings))
    table = pd.DataFrame(rows)
    return with_q_values(table) if permutations is not None else table


def check_lags(lags: Iterable[int], length_a: int, length_b: int) -> list[int]:
    """The lags, each once. Raises InputError for what is no lag of such series."""
    if length_a != length_b:
        raise InputError(
            f"a has {length_a} rows and b has {length_b}: both must have one row for each time"
        )
    chosen: list[Any] = [lags] if isinstance(lags, Integral) else list(lags)
    for lag in chosen:
        if not isinstance(lag, Integral) or isinstance(lag, bool):
            raise InputError(f"lags holds {lag!r}: give whole numbers, such as range(25)")
    distinct = [int(lag) for lag in dict.fromkeys(chosen)]
    if not distinct:
        raise InputError("lags is empty: give whole numbers, such as range(25)")
    nearest = min(distinct, key=abs)
    if length_a - abs(nearest) < FEWEST_ROWS:  # of several lags, those farther away have an error
        raise InputError(_too_far(nearest, length_a))
    return distinct


def _too_far(lag: int, rows: int) -> str:
    left, most = max(rows - abs(lag), 0), max(rows - FEWEST_ROWS, 0)
    return f"a lag of {lag} leaves {left} of {rows} rows: give lags of at most {most}"


def check_settings(
    estimator: EstimatorLike | None, past: int, permutations: int | None, seed: int
) -> LagSettings:
    """The settings, checked. Raises InputError for bad ones."""
    chosen = DEFAULT if estimator is None else estimator
    resolved = resolved_estimator(chosen)
    if not isinstance(resolved, Estimator):
        raise InputError(f"{resolved!r} is no mibench.Estimator: use knn, auto or canonical")
    if not isinstance(past, Integral) or isinstance(past, bool) or past < 1:
        raise InputError(f"past is {past!r}: give how many values of b are given, 1 or more")
    if permutations is not None:
        check_permutations(permutations)
    return LagSettings(resolved, int(past), permutations, seed)


@dataclass(frozen=True)
class _Series:
    """The values of a series (n, d), where they are missing (n,), and whether they are labels."""

    name: str
    values: NDArray[Any]
    missing: NDArray[np.bool_]
    discrete: bool

    @classmethod
    def of(cls, side: Side, name: str) -> "_Series":
        values = np.asarray(side.values)
        values = values[:, np.newaxis] if values.ndim == 1 else values
        return cls(name, values, np.asarray(gaps_of(side.values).any(axis=1)), side.discrete)

    def at(self, times: NDArray[np.int64]) -> Variable:
        return as_variable(self.values[times], self.name, self.discrete)


def _row(a: _Series, b: _Series, lag: int, settings: LagSettings) -> dict[str, Any]:
    past = settings.past if lag >= 1 else 0
    times = np.arange(max(lag, past, 0), len(b.values) + min(lag, 0))
    there = ~(a.missing[times - lag] | b.missing[times])
    for back in range(1, past + 1):
        there &= ~b.missing[times - back]
    times = times[there]
    row: dict[str, Any] = {"lag": lag, "rows": len(times)}
    names = ("nats", "bits", "given_past_nats", "given_past_bits")
    row |= dict.fromkeys(names, math.nan)
    if settings.permutations is not None:
        row |= {"p_value": math.nan, "given_past_p_value": math.nan}
    row |= {"flags": "", "error": ""}
    try:
        if len(times) < FEWEST_ROWS:
            if len(b.values) - abs(lag) < FEWEST_ROWS:
                raise InputError(_too_far(lag, len(b.values)))
            raise InputError(
                f"{len(times)} rows without missing values, fewer than {FEWEST_ROWS}: use smaller "
                "lags, or fewer past values"
            )
        x, y = a.at(times - lag), b.at(times)
        estimate = _tested(settings, x, y, None)
        row |= _numbers("", estimate)
        codes = list(estimate.flags)
        if past:
            z = [b.at(times - back) for back in range(1, past + 1)]
            found_given = _tested(settings, x, y, _joined(z))
            row |= _numbers("given_past_", found_given)
            codes += [f"given_past_{code}" for code in found_given.flags]
        row["flags"] = ";".join(codes)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # of a plug-in; the other lags must not be lost
        row["error"] = message_of(error)
    return row


def _joined(parts: list[Variable]) -> Conditions:
    """The past values of b as one condition."""
    if parts[0].discrete:
        symbols = parts[0].symbols
        for part in parts[1:]:
            symbols = symbols * part.cardinality + part.symbols
        return conditions_of(None, as_variable(symbols, "b", True), len(parts))
    columns = np.concatenate([part.columns for part in parts])
    return conditions_of(as_variable(columns.T, "b", False), None, len(columns))


def _tested(settings: LagSettings, x: Variable, y: Variable, z: Conditions | None) -> Estimate:
    estimator, count = settings.estimator, settings.permutations
    estimate = estimator.estimate_sides(x, y) if z is None else estimator.estimate_given(x, y, z)
    if count is None:
        return estimate
    if x.constant or y.constant:
        p_value = 1.0
    elif z is None:
        p_value = null_of_sides(
            estimator, x, y, estimate.nats, count, seed=settings.seed, shifts=True
        ).p_value
    else:
        p_value = null_given_shifts(estimator, x, y, z, estimate.nats, count, settings.seed).p_value
    return Estimate(estimate.nats, estimate.flags, p_value=p_value)


def _numbers(prefix: str, estimate: Estimate) -> dict[str, float]:
    numbers = {f"{prefix}nats": estimate.nats, f"{prefix}bits": estimate.bits}
    if estimate.p_value is not None:
        numbers[f"{prefix}p_value"] = estimate.p_value
    return numbers


def with_q_values(table: "pd.DataFrame") -> "pd.DataFrame":
    """The table with a column of q-values beside each column of p-values."""
    for prefix in ("", "given_past_"):
        name = f"{prefix}p_value"
        place = list(table.columns).index(name) + 1
        table.insert(place, f"{prefix}q_value", q_values(table[name]))
    return table
