"""Intervals of an estimate: for the true MI, or for the sampling error of the estimate alone."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Integral
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ..contract.base import Estimator
from ..contract.given import GivenEstimator
from ..contract.registry import get_estimator
from ..contract.rows import are_serial
from ..contract.variables import Variable, as_variable
from ..errors import InputError
from ..types import Estimate, Interval, SupportsEstimate

Int = NDArray[np.int64]

SAMPLING = "sampling"
USUAL_LEVEL = 0.95
HALVES = 40  # random halves of the rows
BLOCKS = 20  # of a series, of which each half takes ten
FEWEST_ROWS = 40
FEWEST_ROWS_OF_SERIES = 10 * BLOCKS


@dataclass(frozen=True)
class Wanted:
    """An interval that is asked for: for the true MI, or of the sampling error, and its level."""

    sampling: bool
    level: float


def wanted(interval: float | str) -> Wanted:
    """Read what a user asks for: 0.95, "sampling" or "sampling:0.9".

    Raises InputError for anything else.
    """
    text = str(interval).strip()
    kind, _, level = text.partition(":") if text.startswith(SAMPLING) else ("", "", text)
    try:
        number = float(level) if level or not kind else USUAL_LEVEL
    except ValueError:
        number = math.nan
    if kind not in ("", SAMPLING) or isinstance(interval, bool) or not 0 < number < 1:
        raise InputError(
            f"interval={interval!r}: give the probability with which it shall hold the true MI, "
            'such as 0.95; or "sampling" or "sampling:0.9" for the sampling error alone'
        )
    return Wanted(kind == SAMPLING, number)


def with_interval(
    estimate: Estimate,
    estimator: SupportsEstimate,
    x: Variable,
    y: Variable,
    interval: float | str,
    *,
    dependent: bool | int | None = None,
    seed: int = 0,
) -> Estimate:
    """The estimate with the interval that is asked for, and with the flags of the interval.

    Args:
        estimate: what the estimator says of x and y.
        estimator: the estimator.
        x: as from `as_variable`.
        y: the same.
        interval: 0.95, "sampling" or "sampling:0.9".
        dependent: for a sampling error: whether rows are a series, or the number of blocks. None:
            if consecutive rows of both sides resemble each other.
        seed: of the random halves.

    Raises:
        InputError: for a bad level, too few rows, and an estimator without such an interval.
    """
    asked = wanted(interval)
    if asked.sampling:
        bounds = sampling_interval(
            estimator, x, y, estimate.nats, asked.level, dependent=dependent, seed=seed
        )
    else:
        bounds = interval_of_truth(estimator, x, y, asked.level)
        if {"dependent_rows", "copied_rows", "near_copies"} & estimate.flags.keys():
            # Neither series nor copies are among the data that intervals were learned on.
            bounds = replace(bounds, low=0.0)
    about = {
        "level": asked.level, "of": "sampling error" if asked.sampling else "true MI", **bounds.info
    }  # fmt: skip
    return replace(
        estimate,
        interval=(bounds.low, bounds.high),
        interval_info=about,
        flags={**estimate.flags, **bounds.flags},
    )


def interval_of_truth(
    estimator: SupportsEstimate, x: Variable, y: Variable, level: float
) -> Interval:
    """The interval for the true MI, of the estimator itself or of the one that it names."""
    if isinstance(estimator, Estimator):
        source = estimator.interval_source()
        chosen = get_estimator(source) if source else estimator
        if isinstance(chosen, Estimator):
            return chosen.interval(x, y, level)
    raise InputError(
        f"{type(estimator).__name__} has no interval for the true MI: use auto, canonical or knn, "
        'or interval="sampling" for the sampling error alone'
    )


def sampling_interval(
    estimator: SupportsEstimate,
    x: Variable,
    y: Variable,
    nats: float,
    level: float,
    *,
    dependent: bool | int | None = None,
    seed: int = 0,
) -> Interval:
    """The estimate plus and minus a multiple of its standard error. Its bias is not part of it.

    The standard error is that of the delete-half jackknife: the root mean square deviation of
    estimates from random halves of the rows, drawn without replacement (Shao & Wu 1989). No row
    occurs twice, as in a bootstrap, where neighbours would be copies. Rows of a series are taken
    in blocks of consecutive rows (Kuensch 1989).

    Args:
        estimator: any estimator.
        x: as from `as_variable`.
        y: the same.
        nats: the estimate from all rows.
        level: the probability, such as 0.95.
        dependent: True for a series; a number of blocks; False for independent rows; None: if
            consecutive rows of both sides resemble each other.
        seed: of the random halves.

    Raises:
        InputError: for fewer than 40 rows, or 200 of a series.

    References:
        Shao & Wu 1989, doi:10.1214/aos/1176347263. Kuensch 1989, doi:10.1214/aos/1176347265.
    """
    if not isinstance(dependent, bool | Integral | None):
        raise InputError(f"dependent is {dependent!r}: give True, False, or a number of blocks")
    serial = are_serial(x, y) if dependent is None else dependent is not False
    blocks = int(dependent) if serial and not isinstance(dependent, bool | None) else BLOCKS
    if serial and not 4 <= blocks <= x.n // 10:
        raise InputError(
            f"{blocks} blocks of {x.n} rows: give at least 4 blocks, of at least 10 rows each"
        )
    if x.n < FEWEST_ROWS:
        raise InputError(
            f"{x.n} rows are too few for a sampling error: give {FEWEST_ROWS} or more, or "
            f"{FEWEST_ROWS_OF_SERIES} of a series"
        )
    rng = np.random.default_rng(seed)
    estimates = [
        _nats(estimator, x, y, rows) for rows in _halves(x.n, blocks if serial else None, rng)
    ]
    error = float(np.std(estimates, ddof=1))
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    info = {
        "method": "jackknife of random halves" + (f" of {blocks} blocks" if serial else ""),
        "standard_error_nats": error,
        "halves": HALVES,
    }
    return Interval(nats - reach, nats + reach, level, info)


def _halves(n: int, blocks: int | None, rng: np.random.Generator) -> Iterator[Int]:
    """Row numbers of random halves, each followed by its complement."""
    for _ in range(HALVES // 2):
        if blocks is None:
            order = rng.permutation(n)
            yield np.sort(order[: n // 2])
            yield np.sort(order[n // 2 :])
        else:
            parts = np.array_split(np.arange(n), blocks)
            order = rng.permutation(blocks)
            yield np.concatenate([parts[i] for i in np.sort(order[: blocks // 2])])
            yield np.concatenate([parts[i] for i in np.sort(order[blocks // 2 :])])


def _nats(estimator: SupportsEstimate, x: Variable, y: Variable, rows: Int) -> float:
    sides = [side.symbols if side.discrete else side.columns.T for side in (x, y)]
    a, b = (
        as_variable(values[rows], name, side.discrete)
        for values, name, side in zip(sides, "xy", (x, y), strict=True)
    )
    if isinstance(estimator, GivenEstimator):
        estimator = estimator.of_rows(rows)
    if isinstance(estimator, Estimator):
        return estimator.estimate_variables(a, b).nats
    return estimator.estimate(
        sides[0][rows], sides[1][rows], discrete_x=x.discrete, discrete_y=y.discrete
    ).nats
