"""Estimators as the thesis applies them to a layer: their parameters follow the network.

A parameter that a spec leaves out takes the network's value, wherever an estimator has one of that
name; one that is given stays as it is.

    range           the activation's own, shared by all layers and epochs of a run
    pooled          true: one set of edges for all neurons of a layer
    own_bin         the activation's lower bound, 0 for ReLU, -1 for tanh
    noise_variance  1e-3: without noise the MI of X and a continuous layer would be infinite; not
                    set beside `bandwidth` or `standardize`, other ways to smooth or scale
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from mibench.contract.parameters import parameter_fields, to_text
from mibench.contract.registry import ResolvedEstimator, resolve_estimators, split_specs
from mibench.types import EstimatorLike, SupportsEstimate

from ..settings import Setting

NOISE_VARIANCE = 1e-3
FOLLOWING = ("range", "pooled", "own_bin", "noise_variance")
INSTEAD_OF_NOISE = {"bandwidth", "standardize"}


def chosen(estimators: EstimatorLike | Iterable[EstimatorLike]) -> list[ResolvedEstimator]:
    """Estimators with their identities, as `resolve_estimators` in `mibench.contract.registry`.

    A spec keeps what it gives of the parameters that would follow the network, its defaults too:
    "adaptive:pooled=false" is another estimator of a layer than "adaptive".
    """
    if isinstance(estimators, str | SupportsEstimate):
        estimators = [estimators]
    if not isinstance(estimators, Iterable):
        return resolve_estimators(estimators)  # which says what is wrong with it
    found: dict[str, ResolvedEstimator] = {}
    for entry in estimators:
        for item in split_specs(entry) if isinstance(entry, str) else [entry]:
            [one] = resolve_estimators([item])
            if isinstance(item, str):
                one = replace(one, spec=_spec_with_all_given(one, _given(item)))
            found.setdefault(one.spec, one)
    return list(found.values()) or resolve_estimators([])


def _given(spec: str) -> set[str]:
    """The parameters that a spec string names."""
    return {part.partition("=")[0].strip() for part in spec.partition(":")[2].split(",")}


def _spec_with_all_given(one: ResolvedEstimator, given: set[str]) -> str:
    shown = _given(one.spec)
    more = [
        f"{f.name}={to_text(getattr(one.estimator, f.name))}"
        for f in parameter_fields(type(one.estimator))
        if f.name in given and f.name in FOLLOWING and f.name not in shown
    ]
    return one.spec + (("," if ":" in one.spec else ":") + ",".join(more) if more else "")


def bind(one: ResolvedEstimator, setting: Setting, low: float, high: float) -> SupportsEstimate:
    """The estimator for a run whose activations lie within [low, high]."""
    if not is_dataclass(one.estimator) or isinstance(one.estimator, type):
        return one.estimator
    values: dict[str, Any] = {
        "range": setting.binning_range(low, high),
        "pooled": True,
        "own_bin": setting.lower_bound,
        "noise_variance": NOISE_VARIANCE,
    }
    given = _given(one.spec)
    if given & INSTEAD_OF_NOISE:
        given.add("noise_variance")
    free = {
        f.name: values[f.name]
        for f in fields(one.estimator)
        if f.name in values and f.name not in given
    }
    return replace(one.estimator, **free)
