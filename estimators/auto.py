"""The estimator `auto`: the middle of what the truth may be, and an interval that holds it."""

import math
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.conditions import conditions_of
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate, Interval

from .canonical import Canonical
from .independence import Combined
from .intervals.description import Described, describe, some_rows
from .intervals.model import HIGHEST_LEVEL, IntervalModel, interval_model
from .intervals.signs import NO_SIGNS, warnings
from .knn import KNN

MIN_ROWS = 60  # of the distributions that the model was learned on
# Of more rows, so many are described. They have the same true MI, so an interval from them holds
# it as often. The model was learned on half as many at most.
MOST_ROWS = 15_000
MIN_ROWS_OF_CANONICAL = 10

Found = tuple[Described, Estimate, Estimate]  # numbers, the estimates of canonical and of k-NN

_last: dict[bytes, Found] = {}  # the last description, since an interval follows an estimate


@dataclass(frozen=True)
class Auto(Estimator):
    """The likely MI, learned from how `canonical` and `knn` err on random distributions.

        I = C + c u m(features)

    C is the estimate of `canonical`, u a unit of error that grows with the estimate and falls with
    the number of rows, m the median of (truth - C) / u among distributions that look alike, and c
    the part of it that is corrected. The features are the estimates of `canonical` and `knn` from
    all rows and from parts of them, the parts and flags of `canonical`, canonical correlations,
    local dimensions, and the numbers of rows, columns and labels. The distributions are random
    tasks of the streams `train` and `calibrate`. `docs/intervals.md` has the errors on those of the
    stream `judge`, which shares no family with them.

    The interval for the true MI comes from other quantiles of the same kind, widened so that they
    hold for families that the trees did not see (Romano, Patterson & Candes 2019).

    Of more than 15,000 rows, the estimate is that of `canonical` from all of them, and the interval
    comes from 15,000 of them. It is as wide as that of 15,000 rows.

    With fewer than 60 rows, or data unlike those that the model was learned on, the estimate is
    that of `canonical` (with fewer than 10 rows, of `knn`), and flagged `uncalibrated`.

    Other trees tell how often an estimate is off by more than 0.1 nats and 15% on distributions
    that look alike: `info["risk"]`. Where it is high, the estimate is flagged `likely_off`, and the
    flags of `canonical`, `rising`, `halves_differ` and `knn_finds_more` say why.

    `info` has the estimates of `canonical` and `knn` in nats.

    Bias: near 0 on average over the distributions of the benchmark; for one distribution it may be
    up or down. Independent sides give about 0.

    References:
        Romano, Patterson & Candes 2019, arXiv:1905.03222.
        Quantile boosting: Friedman 2001, doi:10.1214/aos/1013203451.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=1000)
        >>> estimate = Auto().estimate(x, x + rng.normal(size=1000))  # the truth: 0.5 bits
        >>> abs(estimate.bits - 0.5) < 0.1
        True
    """

    by_default: ClassVar[bool] = False
    consults: ClassVar[tuple[str, ...]] = ("canonical", "knn")

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.n < MIN_ROWS:
            return _of_few_rows(x, y)
        if x.n > MOST_ROWS:
            return _of_many_rows(x, y)
        described, canonical, knn = _described_now(x, y)
        model = interval_model()
        unlike = _unlike(x, y, described, canonical, model)
        risk = None if unlike else model.risk(described)
        raised = warnings(canonical.flags, described, risk, float(model.risk_limit[0]))
        if unlike:
            raised.update([flags.uncalibrated(unlike)])
        nats = max(canonical.nats, 0.0) if unlike else model.corrected(described)
        if "not_detected" in raised:
            raised.update([flags.not_detected(nats)])
        info = {
            "method": "canonical" if unlike else "canonical, corrected by the model of its errors",
            "canonical_nats": canonical.nats,
            "knn_nats": knn.nats,
        }
        if risk is not None:
            info["risk"] = round(risk, 3)
        return Estimate(nats, raised, info, canonical.ceiling_nats)

    def _estimate_given(self, x: Variable, y: Variable, z: Variable) -> Estimate:
        chosen = Canonical() if x.n >= MIN_ROWS_OF_CANONICAL else KNN()
        estimate = chosen.estimate_given(x, y, conditions_of(z, None, z.dims))
        name = type(chosen).__name__.lower()
        info = {**estimate.info, "method": f"{name}, {estimate.info['method']}"}
        return replace(estimate, nats=max(estimate.nats, 0.0), info=info)

    def warm_up(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        discrete_x: bool = False,
        discrete_y: bool = False,
        rows: int | None = None,
    ) -> None:
        """Compile or load what `canonical`, `knn` and canonical correlations need, which is all."""
        for estimator in (Canonical(), KNN(), Combined()):
            estimator.warm_up(x, y, discrete_x=discrete_x, discrete_y=discrete_y, rows=rows)
        interval_model()

    def tested_by(self, tests: int = 1) -> Estimator:
        """A quick one that finds many kinds of dependence; `auto` would take too long."""
        return Combined.for_tests(tests)

    def interval(self, x: Variable, y: Variable, level: float) -> Interval:
        """The interval for the true MI; see `Estimator.interval`."""
        if not 0 < level <= HIGHEST_LEVEL:
            raise InputError(
                f"interval={level!r}: give the probability with which it shall hold the true MI, "
                f"above 0 and at most {HIGHEST_LEVEL}, such as 0.95"
            )
        if x.n < MIN_ROWS:
            raise InputError(
                f"{x.n} rows are too few for an interval: it was learned from {MIN_ROWS} rows and "
                'more. Add rows, or use interval="sampling"'
            )
        if x.constant or y.constant:
            return Interval(0.0, 0.0, level, {"method": "constant side"}, {})
        described, canonical, _ = _description(x, y)
        model = interval_model()
        low, high = model.interval(described, level)
        raised: dict[str, str] = {}
        if unlike := _unlike(x, y, described, canonical, model):
            high = described["most_nats"]
            raised.update([flags.uncalibrated(unlike)])
        if "not_detected" in canonical.flags:
            low = 0.0
        info = {
            "method": "quantiles of the truth, given what canonical and knn find",
            "rows": min(x.n, MOST_ROWS),
            "distributions": int(model.rows[0]),
            "families": int(model.rows[1]),
        }
        return Interval(low, high, level, info, raised)


def _described_now(x: Variable, y: Variable) -> Found:
    """The description, which is kept for the interval that may be asked for next."""
    description = describe(*some_rows(x, y, MOST_ROWS), some=x.n > MOST_ROWS)
    _last.clear()
    _last[_digest(x, y)] = description
    return description


def _description(x: Variable, y: Variable) -> Found:
    return _last.get(_digest(x, y)) or _described_now(x, y)


def _digest(x: Variable, y: Variable) -> bytes:
    """What both sides hold, since equal rows may come as other arrays."""
    digest = blake2b(digest_size=16)
    for side in (x, y):
        values = side.symbols if side.discrete else side.columns
        digest.update(f"{values.shape} {values.dtype};".encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.digest()


def _of_many_rows(x: Variable, y: Variable) -> Estimate:
    estimate = Canonical().estimate_variables(x, y)
    raised = {code: text for code, text in estimate.flags.items() if code not in NO_SIGNS}
    info = {"method": "canonical", "canonical_nats": estimate.nats}
    return Estimate(max(estimate.nats, 0.0), raised, info, estimate.ceiling_nats)


def _of_few_rows(x: Variable, y: Variable) -> Estimate:
    estimator = Canonical() if x.n >= MIN_ROWS_OF_CANONICAL else KNN()
    estimate = estimator.estimate_variables(x, y)
    name = type(estimator).__name__.lower()
    reason = f"{x.n} rows, fewer than {MIN_ROWS}"
    raised = {**estimate.flags, **dict([flags.uncalibrated([reason])])}
    raised.pop("negative", None)
    return Estimate(max(estimate.nats, 0.0), raised, {"method": name}, estimate.ceiling_nats)


def _unlike(
    x: Variable, y: Variable, described: Described, canonical: Estimate, model: IntervalModel
) -> list[str]:
    """What is unlike the data that the model was learned on, in words; empty if they are like it.

    Numbers at the ceiling of `canonical` may have an infinite MI, as those of x and a function of
    x. The MI of labels is at most their entropy. Where `canonical` is flagged `not_normal`, no
    model should add to an estimate that may be too high.
    """
    unlike = _reasons(model.unlike(described), described, model)
    if "ceiling" in canonical.flags and not x.discrete and not y.discrete and not unlike:
        unlike.append(f"an estimate of {canonical.nats:.2f} nats by canonical, at its ceiling")
    if "not_normal" in canonical.flags:
        unlike.append(f"an estimate of {canonical.nats:.2f} nats by canonical, flagged not_normal")
    return unlike


def _reasons(unlike: list[str], described: Described, model: IntervalModel) -> list[str]:
    """The features outside of the range that the model was learned on, in words."""
    low, high = (
        dict(zip(model.names.tolist(), ends, strict=True)) for ends in (model.low, model.high)
    )
    rows = partial(_range, math.exp(low["log_n"]), math.exp(high["log_n"]))
    words = {
        "log_n": f"{described['n']:.0f} rows ({rows()})",
        "log_dims_low": f"at least {described['dims_low']:.0f} columns on each side "
        f"({_range(1, math.exp(high['log_dims_low']))})",
        "log_dims_high": f"{described['dims_high']:.0f} columns "
        f"({_range(1, math.exp(high['log_dims_high']))})",
        "canonical": f"an estimate of {described['canonical']:.2f} nats by canonical "
        f"({_range(low['canonical'], high['canonical'])})",
        "knn": f"an estimate of {described['knn']:.2f} nats by k-NN "
        f"({_range(low['knn'], high['knn'])})",
    }
    return [words[name] for name in unlike]


def _range(low: float, high: float) -> str:
    return f"learned from {low:.3g} to {high:.3g}"
